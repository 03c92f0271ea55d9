/*
 * policy_meaning.c
 *		What a rule means: one exact sentence, or two, for each kind of clause.
 *
 * The sentences are written for somebody who has to run a campaign and for
 * somebody who has to sign it: each says whom the rule binds, what it looks
 * at, and on which side of its limit the limit itself lies.
 */
#include "policy/policy_words.h"

#include <stdio.h>

/* Does a statement of this layer or an earlier one make any transactional? */
static bool
HasTransactional(const Policy *policy, int layer)
{
	for (int i = 0; i < policy->data->nstatements; i++)
		if (policy->statements[i].kind == STATEMENT_SCOPE &&
			policy->statements[i].layer <= layer &&
			StatementHas(policy, &policy->statements[i],
						 CLAUSE_TRANSACTIONAL))
			return true;
	return false;
}

/* Does the rule itself say in which zone it reads its clock or calendar? */
static bool
SaysZone(const PolicyClause *clause)
{
	return clause->window_kind == WINDOW_CALENDAR ||
		(ClauseRuleKind((ClauseKind) clause->kind) &
		 (RULE_CLOCK | RULE_DAY)) != 0;
}

/* The sentence about "during" or "outside". */
static void
SayDuring(const Policy *policy, int layer, const PolicyClause *clause,
		  CoreText *out)
{
	if (!clause->during.given)
		return;
	Say(out, clause->during.outside ? " This does not hold for contacts " :
		" This holds only for contacts ");
	SayDates(&clause->during, out);
	if (!SaysZone(clause))
		SayZone(policy, layer, "date", out);
	Say(out, ".");
}

/* max N per window [of scope] */
static void
SayMax(const Policy *policy, const PolicyStatement *statement,
	   const PolicyClause *clause, CoreText *out)
{
	int			scope = statement->scope;
	bool		other = clause->look != LOOK_OWN;
	bool		joint = !other ||
		ScopesMeet(policy, scope, clause->look_scope);

	if (clause->amount == 0)
	{
		Say(out, "No ");
		SayScope(policy, scope, &BoundNouns, out);
		Say(out, " at all: a limit of 0 refuses each of them.");
		return;
	}
	if (other)
	{
		Say(out, "No ");
		SayScope(policy, scope, &BoundNouns, out);
		Say(out, joint ? " that would bring " : " while ");
		SayScope(policy, clause->look_scope, &LookedNouns, out);
		if (clause->weighed)
			Say(out, joint ? " to a total weight of more than " :
				" together weigh more than ");
		else
			Say(out, joint ? " to more than " : " number more than ");
	}
	else if (clause->weighed)
		Say(out, "A total weight of at most ");
	else
		Say(out, "At most ");

	if (clause->weighed)
		NumberWrite(clause->amount, out);
	else
		CoreTextPrintf(out, "%lld", (long long) clause->amount);

	if (!other)
	{
		Say(out, clause->weighed ? " for " : " ");
		SayScope(policy, scope, clause->amount == 1 && !clause->weighed ?
				 &LookedNoun : &LookedNouns, out);
	}
	SayWindow(policy, statement->layer, clause, !joint, out);
	if (joint)
		Say(out, ", planned ones included");
	if (other && joint)
		Say(out, "; the new contact counts if it is one of them");
	Say(out, ".");
}

/* gap D [of | after scope] */
static void
SayGap(const Policy *policy, const PolicyStatement *statement,
	   const PolicyClause *clause, CoreText *out)
{
	if (clause->look == LOOK_AFTER)
	{
		Say(out, "No ");
		SayScope(policy, statement->scope, &BoundNouns, out);
		Say(out, " within ");
		SpanWrite(&clause->span, out);
		Say(out, " after any ");
		SayScope(policy, clause->look_scope, &LookedNoun, out);
		SayEvents(policy, clause->look_scope, out);
		Say(out, " (after exactly ");
		SpanWrite(&clause->span, out);
		Say(out, " they are allowed again).");
		return;
	}
	Say(out, "At least ");
	SpanWrite(&clause->span, out);
	if (clause->look == LOOK_OWN)
	{
		Say(out, " between any two ");
		SayScope(policy, statement->scope, &LookedNouns, out);
	}
	else
	{
		Say(out, " between ");
		SayScope(policy, statement->scope, &BoundNouns, out);
		Say(out, " on one side and ");
		SayScope(policy, clause->look_scope, &LookedNouns, out);
		Say(out, " on the other, whichever comes first");
	}
	Say(out, ", planned ones included (exactly ");
	SpanWrite(&clause->span, out);
	Say(out, " is enough).");
}

/* only within D after scope */
static void
SayOnlyWithin(const Policy *policy, const PolicyStatement *statement,
			  const PolicyClause *clause, CoreText *out)
{
	Say(out, "No ");
	SayScope(policy, statement->scope, &BoundNouns, out);
	Say(out, " except within ");
	SpanWrite(&clause->span, out);
	Say(out, " after any ");
	SayScope(policy, clause->look_scope, &LookedNoun, out);
	SayEvents(policy, clause->look_scope, out);
	Say(out, " (exactly ");
	SpanWrite(&clause->span, out);
	Say(out, " after it is still in time).");
}

/* quiet TIME - TIME */
static void
SayQuiet(const Policy *policy, const PolicyStatement *statement,
		 const PolicyClause *clause, CoreText *out)
{
	Say(out, "No ");
	SayScope(policy, statement->scope, &BoundNouns, out);
	if (clause->from_minute == 0 && clause->to_minute == 1440)
	{
		if (clause->days != 0)
		{
			Say(out, " on ");
			SayDays(clause->days, out);
		}
		Say(out, ", from 00:00 to 24:00");
	}
	else
	{
		Say(out, " from ");
		SayTimes(clause, out);
		CoreTextPrintf(out, " (at %02d:%02d they are allowed again)",
					   clause->to_minute / 60, clause->to_minute % 60);
	}
	SayZone(policy, statement->layer, "clock", out);
	Say(out, ".");
}

/* only TIME - TIME, and the other times that will do instead */
static void
SayOnlyTime(const Policy *policy, int index, int clause_index, CoreText *out)
{
	const PolicyStatement *statement = &policy->statements[index];
	const PolicyClause *clause = &policy->clauses[clause_index];

	Say(out, "No ");
	SayScope(policy, statement->scope, &BoundNouns, out);
	Say(out, " except from ");
	SayTimes(clause, out);
	CoreTextPrintf(out, " (%02d:%02d itself is too late)",
				   clause->to_minute / 60, clause->to_minute % 60);
	for (int i = 0; i < policy->data->nstatements; i++)
	{
		const PolicyStatement *other = &policy->statements[i];

		if (other->kind != STATEMENT_SCOPE ||
			other->layer != statement->layer ||
			!PolicySameScope(policy, other->scope, statement->scope))
			continue;
		for (int j = other->first_clause;
			 j < other->first_clause + other->nclauses; j++)
		{
			if (j == clause_index ||
				policy->clauses[j].kind != CLAUSE_ONLY_TIME)
				continue;
			Say(out, ", or from ");
			SayTimes(&policy->clauses[j], out);
			if (policy->clauses[j].during.given)
			{
				Say(out, policy->clauses[j].during.outside ? " (but not " :
					" (only ");
				SayDates(&policy->clauses[j].during, out);
				Say(out, ")");
			}
		}
	}
	SayZone(policy, statement->layer, "clock", out);
	Say(out, ".");
}

/* only on, not on */
static void
SayOn(const Policy *policy, const PolicyStatement *statement,
	  const PolicyClause *clause, CoreText *out)
{
	Say(out, "No ");
	SayScope(policy, statement->scope, &BoundNouns, out);
	Say(out, clause->kind == CLAUSE_ONLY_ON ? " except " : " ");
	if (clause->on.given)
		SayDates(&clause->on, out);
	else
	{
		Say(out, "on ");
		SayDays(clause->days, out);
	}
	SayZone(policy, statement->layer, "date", out);
	Say(out, ".");
}

/* What is an answer to the contacts of a scope. */
static void
SayAnswers(const Policy *policy, const PolicyStatement *statement,
		   CoreText *out)
{
	int			found = 0;
	bool		covered = false;	/* is there one for each of them? */

	Say(out, " (an answer is ");
	for (int i = 0; i < policy->data->nstatements; i++)
	{
		const PolicyStatement *other = &policy->statements[i];

		if (other->kind != STATEMENT_SCOPE ||
			other->layer > statement->layer ||
			!ScopesMeet(policy, statement->scope, other->scope))
			continue;
		for (int j = other->first_clause;
			 j < other->first_clause + other->nclauses; j++)
		{
			if (policy->clauses[j].kind != CLAUSE_ANSWER)
				continue;
			if (found > 0)
				Say(out, ", ");
			SayOutcome((Outcome) policy->clauses[j].outcome, out);
			if (other != statement)
			{
				Say(out, " for ");
				SayAll(policy, other->scope, &BoundNouns, out);
			}
			found++;
			covered = covered || other == statement ||
				ScopeIsAny(policy, other->scope);
		}
	}
	if (!covered)
	{
		if (found > 0)
			Say(out, ", else ");
		SayOutcome(OUTCOME_OPENED, out);
	}
	if (found > 1)
		Say(out, "; the most specific decides");
	Say(out, ")");
}

/* "no email contacts until 60 days after the last of them" */
static void
SayPauseEnd(const Policy *policy, const PolicyStatement *statement,
			const PolicyClause *clause, CoreText *out)
{
	Say(out, ", no ");
	SayScope(policy, statement->scope, &BoundNouns, out);
	if (clause->span.months == 0 && clause->span.days == 0 &&
		clause->span.micros == 0)
	{
		Say(out, " any more");
		return;
	}
	Say(out, " until ");
	SpanWrite(&clause->span, out);
	Say(out, clause->amount == 1 ? " after it" : " after the last of them");
}

/* pause D after N unanswered, after N never answered */
static void
SayPauseUnanswered(const Policy *policy, const PolicyStatement *statement,
				   const PolicyClause *clause, CoreText *out)
{
	bool		single = clause->amount == 1;

	CoreTextPrintf(out, "After %lld ", (long long) clause->amount);
	SayScope(policy, statement->scope, single ? &LookedNoun : &LookedNouns,
			 out);
	if (!single)
		Say(out, " in a row");
	Say(out, " without an answer");
	SayAnswers(policy, statement, out);
	if (clause->kind == CLAUSE_PAUSE_NEVER_ANSWERED)
		Say(out, single ? ", when none before it was ever answered either" :
			", when none before them was ever answered either");
	SayPauseEnd(policy, statement, clause, out);
	Say(out, "; an answer ends it.");
	if (clause->age.months != 0 || clause->age.days != 0 ||
		clause->age.micros != 0)
	{
		Say(out, " Only contacts that are at least ");
		SpanWrite(&clause->age, out);
		Say(out, " old or already answered are judged.");
	}
	Say(out, " Planned contacts are not judged.");
}

/* pause D after N OUTCOME [per window] */
static void
SayPauseOutcome(const Policy *policy, const PolicyStatement *statement,
				const PolicyClause *clause, CoreText *out)
{
	bool		single = clause->amount == 1;

	CoreTextPrintf(out, "After %lld ", (long long) clause->amount);
	SayScope(policy, statement->scope, single ? &LookedNoun : &LookedNouns,
			 out);
	Say(out, " with the outcome ");
	SayOutcome((Outcome) clause->outcome, out);
	if (clause->window_kind == WINDOW_ROLLING ||
		clause->window_kind == WINDOW_CALENDAR)
		SayWindow(policy, statement->layer, clause, false, out);
	else if (!single)
		Say(out, ", however far apart");
	SayPauseEnd(policy, statement, clause, out);
	Say(out, ".");
}

/* needs consent */
static void
SayConsent(const Policy *policy, const PolicyStatement *statement,
		   CoreText *out)
{
	Say(out, "No ");
	SayScope(policy, statement->scope, &BoundNouns, out);
	Say(out, " without the person's opt-in; where nothing is known the answer "
		"is no.");
	if (HasTransactional(policy, statement->layer))
		Say(out, " Transactional contacts need none.");
}

/* transactional, exempt, uncounted: who is bound and seen by what */
static void
SayStanding(const Policy *policy, const PolicyStatement *statement,
			ClauseKind kind, CoreText *out)
{
	Noun		noun = {true, false, false, "and"};

	noun.plain_marketing = StatementHas(policy, statement,
										CLAUSE_TRANSACTIONAL);
	if (kind == CLAUSE_UNCOUNTED)
		Say(out, "Rules that look at a less specific scope do not see ");
	else
		Say(out, "Rules for a less specific scope do not bind ");
	SayScope(policy, statement->scope, &noun, out);
	if (kind == CLAUSE_UNCOUNTED)
		Say(out, ", events included");
	if (kind == CLAUSE_TRANSACTIONAL)
		Say(out, ", rules that look at a less specific scope do not see them, "
			"events included, and they need no consent");
	Say(out, ".");
	if (policy->data->nlayers > 1)
		Say(out, " This holds for the rules of its own layer and of the "
			"layers after it.");
}

/* override */
static void
SayOverride(const Policy *policy, const PolicyStatement *statement,
			CoreText *out)
{
	Say(out, "For ");
	SayScope(policy, statement->scope, &BoundNouns, out);
	Say(out, ", the ");
	RuleKindsWords(StatementKinds(policy, statement), out);
	Say(out, " rules stated here replace those that its layer states for a "
		"less specific scope, on every date; rules of other kinds still "
		"bind.");
}

/* weight N, answer OUTCOME */
static void
SayProperty(const Policy *policy, const PolicyStatement *statement,
			const PolicyClause *clause, CoreText *out)
{
	Noun		noun = BoundNouns;

	noun.plain_marketing = StatementHas(policy, statement,
										CLAUSE_TRANSACTIONAL);
	if (clause->kind == CLAUSE_WEIGHT)
	{
		Say(out, "A weight of ");
		NumberWrite(clause->amount, out);
		Say(out, " each for ");
		SayAll(policy, statement->scope, &noun, out);
		Say(out, " that have no weight of their own");
	}
	else
	{
		Say(out, "For ");
		SayAll(policy, statement->scope, &noun, out);
		Say(out, " an answer is ");
		SayOutcome((Outcome) clause->outcome, out);
	}
	Say(out, ", unless a more specific statement says otherwise.");
}

/* channels, purposes */
static void
SayNames(const Policy *policy, const PolicyStatement *statement,
		 CoreText *out)
{
	bool		channels = statement->kind == STATEMENT_CHANNELS;
	char		buf[16];

	Say(out, channels ? "The channels are " : "The purposes are ");
	for (int i = 0; i < statement->npatterns; i++)
	{
		const PolicyPattern *pattern =
			&policy->patterns[statement->first_pattern + i];

		CoreTextPrintf(out, "%s%s",
					   Separator(i, statement->npatterns, "and", buf),
					   PolicyText(policy, channels ? pattern->channel :
								  pattern->purpose));
	}
	Say(out, channels ?
		"; a question about another channel is an error." :
		", each with all below it, and marketing; a question about another "
		"purpose is an error.");
}

/* A statement without clauses. */
static void
SayStatement(const Policy *policy, const PolicyStatement *statement,
			 CoreText *out)
{
	switch ((StatementKind) statement->kind)
	{
		case STATEMENT_ZONE:
			CoreTextPrintf(out, "Clocks and dates are those of %s for a "
						   "person whose own zone is not known.",
						   PolicyText(policy, statement->string));
			break;
		case STATEMENT_WEEK:
			CoreTextPrintf(out, "Calendar weeks start on %s.",
						   WeekdayWords[statement->week_start]);
			break;
		case STATEMENT_CHANNELS:
		case STATEMENT_PURPOSES:
			SayNames(policy, statement, out);
			break;
		case STATEMENT_SCOPE:
			break;
	}
}

/* See rules.h. */
void
PolicyMeaning(const Policy *policy, int index, int clause_index,
			  CoreText *out)
{
	const PolicyStatement *statement = &policy->statements[index];
	const PolicyClause *clause;

	if (clause_index == NO_CLAUSE)
	{
		SayStatement(policy, statement, out);
		return;
	}
	clause = &policy->clauses[clause_index];
	switch ((ClauseKind) clause->kind)
	{
		case CLAUSE_MAX:
			SayMax(policy, statement, clause, out);
			break;
		case CLAUSE_GAP:
			SayGap(policy, statement, clause, out);
			break;
		case CLAUSE_ONLY_WITHIN:
			SayOnlyWithin(policy, statement, clause, out);
			break;
		case CLAUSE_QUIET:
			SayQuiet(policy, statement, clause, out);
			break;
		case CLAUSE_ONLY_TIME:
			SayOnlyTime(policy, index, clause_index, out);
			break;
		case CLAUSE_ONLY_ON:
		case CLAUSE_NOT_ON:
			SayOn(policy, statement, clause, out);
			break;
		case CLAUSE_PAUSE_UNANSWERED:
		case CLAUSE_PAUSE_NEVER_ANSWERED:
			SayPauseUnanswered(policy, statement, clause, out);
			break;
		case CLAUSE_PAUSE_OUTCOME:
			SayPauseOutcome(policy, statement, clause, out);
			break;
		case CLAUSE_NEVER:
			Say(out, "No ");
			SayScope(policy, statement->scope, &BoundNouns, out);
			Say(out, " at all.");
			break;
		case CLAUSE_CONSENT:
			SayConsent(policy, statement, out);
			break;
		case CLAUSE_TRANSACTIONAL:
		case CLAUSE_EXEMPT:
		case CLAUSE_UNCOUNTED:
			SayStanding(policy, statement, (ClauseKind) clause->kind, out);
			break;
		case CLAUSE_OVERRIDE:
			SayOverride(policy, statement, out);
			break;
		case CLAUSE_WEIGHT:
		case CLAUSE_ANSWER:
			SayProperty(policy, statement, clause, out);
			break;
	}
	SayDuring(policy, statement->layer, clause, out);
}

/* See rules.h. */
void
PolicyRuleText(const Policy *policy, int statement, int clause,
			   CoreText *out)
{
	if (clause == NO_CLAUSE)
		PolicyWriteStatement(policy, statement, out);
	else
		PolicyWriteRule(policy, statement, clause, out);
}

/* See rules.h. */
const char *
RuleKindWord(const Policy *policy, int statement, int clause)
{
	static const char *const statement_words[] = {
		"", "zone", "week", "channels", "purposes", ""
	};
	static const char *const clause_words[] = {
		[CLAUSE_MAX] = "max",
		[CLAUSE_GAP] = "gap",
		[CLAUSE_ONLY_WITHIN] = "only within",
		[CLAUSE_QUIET] = "clock",
		[CLAUSE_ONLY_TIME] = "clock",
		[CLAUSE_ONLY_ON] = "day",
		[CLAUSE_NOT_ON] = "day",
		[CLAUSE_PAUSE_UNANSWERED] = "pause",
		[CLAUSE_PAUSE_NEVER_ANSWERED] = "pause",
		[CLAUSE_PAUSE_OUTCOME] = "pause",
		[CLAUSE_NEVER] = "never",
		[CLAUSE_CONSENT] = "consent",
		[CLAUSE_TRANSACTIONAL] = "transactional",
		[CLAUSE_EXEMPT] = "exempt",
		[CLAUSE_UNCOUNTED] = "uncounted",
		[CLAUSE_OVERRIDE] = "override",
		[CLAUSE_WEIGHT] = "weight",
		[CLAUSE_ANSWER] = "answer"
	};

	return clause == NO_CLAUSE ?
		statement_words[policy->statements[statement].kind] :
		clause_words[policy->clauses[clause].kind];
}
