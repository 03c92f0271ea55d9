/*
 * policy_words.c
 *		What a rule means, in English.
 *
 * The sentences are written for somebody who has to run a campaign and for
 * somebody who has to sign it: each says whom the rule binds, what it looks
 * at, and on which side of its limit the limit itself lies.  Scopes become
 * noun phrases ("email contacts for promo purposes") that fit any sentence;
 * "promo purposes" are promo and all below it, as the meaning of a "purposes"
 * statement says.
 */
#include "policy/rules.h"

#include <stdio.h>

/* The words of one noun phrase. */
typedef struct Noun
{
	bool		plural;
	bool		looking;		/* "each" means: the same as the new contact */
	bool		plain_marketing;	/* "marketing" is a purpose like any other */
	const char *conjunction;	/* "or", "and" */
} Noun;

static const Noun bound_nouns = {true, false, false, "or"};
static const Noun looked_nouns = {true, true, false, "or"};
static const Noun looked_noun = {false, true, false, "or"};

const char *const WeekdayWords[7] = {
	"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
	"Sunday"
};

static const char *const month_names[13] = {
	"", "January", "February", "March", "April", "May", "June", "July",
	"August", "September", "October", "November", "December"
};

static const char *const unit_names[] = {
	"", "day", "week", "month", "quarter", "year"
};

/* Append a string. */
static void
Say(CoreText *out, const char *words)
{
	CoreTextAppend(out, words, strlen(words));
}

/* What goes between the items of "a, b or c" before item i of n. */
static const char *
Separator(int i, int n, const char *conjunction, char buf[16])
{
	if (i == 0)
		return "";
	if (i < n - 1)
		return ", ";
	snprintf(buf, 16, " %s ", conjunction);
	return buf;
}

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

/* "contact", "email contacts"; what arrives by "event" are events */
static void
SayContact(const char *channel, bool plural, CoreText *out)
{
	bool		event = strcmp(channel, "event") == 0;

	CoreTextPrintf(out, "%s%s%s%s", event ? "" : channel,
				   event || channel[0] == '\0' ? "" : " ",
				   event ? "event" : "contact", plural ? "s" : "");
}

/* What of a pattern comes behind the noun. */
static void
SayPurpose(const Policy *policy, const PolicyPattern *pattern,
		   const Noun *noun, CoreText *out)
{
	const char *purpose = PolicyText(policy, pattern->purpose);

	if (pattern->each_channel && noun->looking)
		Say(out, " by the same channel");
	if (pattern->each_purpose && noun->looking)
		CoreTextPrintf(out, " for the same%s%s purpose",
					   purpose[0] == '\0' ? "" : " ", purpose);
	else if (pattern->marketing && !noun->plain_marketing)
		Say(out, noun->plural ? " that are not transactional" :
			" that is not transactional");
	else if (purpose[0] != '\0')
		CoreTextPrintf(out, " for %s purposes", purpose);
}

/* May the channels of these patterns be listed in front of one noun? */
static bool
OnlyChannelsDiffer(const Policy *policy, const PolicyPattern *patterns, int n)
{
	for (int i = 0; i < n; i++)
	{
		const PolicyPattern *pattern = &patterns[i];
		const char *channel = PolicyText(policy, pattern->channel);

		if (channel[0] == '\0' || strcmp(channel, "event") == 0 ||
			pattern->marketing != patterns[0].marketing ||
			pattern->each_purpose != patterns[0].each_purpose ||
			strcmp(PolicyText(policy, pattern->purpose),
				   PolicyText(policy, patterns[0].purpose)) != 0)
			return false;
	}
	return true;
}

/* May the purposes of these patterns be listed behind one noun? */
static bool
OnlyPurposesDiffer(const Policy *policy, const PolicyPattern *patterns, int n,
				   const Noun *noun)
{
	for (int i = 0; i < n; i++)
	{
		const PolicyPattern *pattern = &patterns[i];

		if (PolicyText(policy, pattern->purpose)[0] == '\0' ||
			(pattern->marketing && !noun->plain_marketing) ||
			pattern->each_purpose ||
			pattern->each_channel != patterns[0].each_channel ||
			strcmp(PolicyText(policy, pattern->channel),
				   PolicyText(policy, patterns[0].channel)) != 0)
			return false;
	}
	return true;
}

/* "email, sms or call contacts for promo purposes" */
static void
SayPatterns(const Policy *policy, int first, int n, const Noun *noun,
			CoreText *out)
{
	const PolicyPattern *patterns = &policy->patterns[first];
	char		buf[16];

	if (n > 1 && OnlyChannelsDiffer(policy, patterns, n))
	{
		for (int i = 0; i < n; i++)
			CoreTextPrintf(out, "%s%s",
						   Separator(i, n, noun->conjunction, buf),
						   PolicyText(policy, patterns[i].channel));
		Say(out, noun->plural ? " contacts" : " contact");
		SayPurpose(policy, &patterns[0], noun, out);
		return;
	}
	if (n > 1 && OnlyPurposesDiffer(policy, patterns, n, noun))
	{
		SayContact(PolicyText(policy, patterns[0].channel), noun->plural,
				   out);
		if (patterns[0].each_channel && noun->looking)
			Say(out, " by the same channel");
		Say(out, " for ");
		for (int i = 0; i < n; i++)
			CoreTextPrintf(out, "%s%s",
						   Separator(i, n, noun->conjunction, buf),
						   PolicyText(policy, patterns[i].purpose));
		Say(out, " purposes");
		return;
	}
	for (int i = 0; i < n; i++)
	{
		Say(out, Separator(i, n, noun->conjunction, buf));
		SayContact(PolicyText(policy, patterns[i].channel), noun->plural,
				   out);
		SayPurpose(policy, &patterns[i], noun, out);
	}
}

/* A scope as a noun phrase. */
static void
SayScope(const Policy *policy, int index, const Noun *noun, CoreText *out)
{
	const PolicyScope *scope = &policy->scopes[index];
	Noun		left_out = *noun;

	SayPatterns(policy, scope->first, scope->included, noun, out);
	if (scope->excepted == 0)
		return;
	left_out.plural = true;
	left_out.looking = false;
	left_out.conjunction = "and";
	Say(out, " (");
	SayPatterns(policy, scope->first + scope->included, scope->excepted,
				&left_out, out);
	Say(out, " excepted)");
}

/* See rules.h. */
void
ScopeWords(const Policy *policy, int scope, CoreText *out)
{
	SayScope(policy, scope, &bound_nouns, out);
}

/* Millionths as a decimal number. */
static void
SayMillionths(int64_t amount, CoreText *out)
{
	char		fraction[8];
	int			length = 6;

	CoreTextPrintf(out, "%lld", (long long) (amount / WEIGHT_ONE));
	if (amount % WEIGHT_ONE == 0)
		return;
	snprintf(fraction, sizeof(fraction), "%06d", (int) (amount % WEIGHT_ONE));
	while (fraction[length - 1] == '0')
		length--;
	CoreTextPrintf(out, ".%.*s", length, fraction);
}

/* Whose clock and calendar it is. */
static void
SayZone(const Policy *policy, int layer, const char *what, CoreText *out)
{
	const char *zone = PolicyZone(policy, layer);

	CoreTextPrintf(out, ", by the %s in the person's zone, else in %s", what,
				   zone == NULL ? "UTC" : zone);
}

/* "Monday to Friday and Sunday" */
static void
SayDays(int days, CoreText *out)
{
	int			starts[7];
	int			lengths[7];
	int			items = 0;
	char		buf[16];

	if (days == 0)
		Say(out, "any day");
	for (int day = 0; day < 7; day++)
	{
		int			length = 0;

		while (day + length < 7 && (days & (1 << (day + length))) != 0)
			length++;
		/* two days in a row are two days, three are a range */
		for (int i = 0; i < (length == 2 ? 2 : length > 0); i++)
		{
			starts[items] = day + i;
			lengths[items++] = length == 2 ? 1 : length;
		}
		day += length;
	}
	for (int i = 0; i < items; i++)
	{
		CoreTextPrintf(out, "%s%s", Separator(i, items, "and", buf),
					   WeekdayWords[starts[i]]);
		if (lengths[i] > 1)
			CoreTextPrintf(out, " to %s",
						   WeekdayWords[starts[i] + lengths[i] - 1]);
	}
}

/* "25 December", "25 December 2026" */
static void
SayDate(int32_t date, bool yearly, CoreText *out)
{
	int			year;
	int			month;
	int			day;

	if (yearly)
	{
		CoreTextPrintf(out, "%d %s", (int) date % 100,
					   month_names[date / 100]);
		return;
	}
	DateToCivil(date, &year, &month, &day);
	CoreTextPrintf(out, "%d %s %d", day, month_names[month], year);
}

/* "on 25 December of every year", "from ... to ..., both included" */
static void
SayDates(const PolicyDates *dates, CoreText *out)
{
	bool		single = dates->from == dates->to;

	Say(out, single ? "on " : "from ");
	SayDate(dates->from, dates->yearly, out);
	if (!single)
	{
		Say(out, " to ");
		SayDate(dates->to, dates->yearly, out);
	}
	if (dates->yearly)
		Say(out, " of every year");
	if (!single)
		Say(out, ", both included");
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

/* "21:00 to 08:00 of the next day, starting on Monday" */
static void
SayTimes(const PolicyClause *clause, CoreText *out)
{
	bool		overnight = clause->from_minute > clause->to_minute;

	CoreTextPrintf(out, "%02d:%02d to %02d:%02d", clause->from_minute / 60,
				   clause->from_minute % 60, clause->to_minute / 60,
				   clause->to_minute % 60);
	if (overnight)
		Say(out, " of the next day");
	if (clause->days == 0)
		return;
	Say(out, overnight ? ", starting on " : " on ");
	SayDays(clause->days, out);
}

/* "in any 7 days (...)", "in one calendar day": the window of a cap */
static void
SayWindow(const Policy *policy, int layer, const PolicyClause *clause,
		  CoreText *out)
{
	const char *unit = unit_names[clause->unit];

	switch (clause->window_kind)
	{
		case WINDOW_ROLLING:
			Say(out, " in any ");
			SpanWrite(&clause->window, out);
			Say(out, " (a contact sent exactly ");
			SpanWrite(&clause->window, out);
			Say(out, " ago no longer counts)");
			return;
		case WINDOW_EVER:
			Say(out, " ever");
			return;
		default:
			break;
	}
	if (clause->units > 1)
		CoreTextPrintf(out, " in the current calendar %s and the %d before it",
					   unit, (int) clause->units - 1);
	else
		CoreTextPrintf(out, " in one calendar %s", unit);
	if (clause->by != UNIT_NONE)
		CoreTextPrintf(out, ", reaching back to the start of the calendar %s "
					   "in which %s", unit_names[clause->by],
					   clause->units > 1 ? "these begin" : "it begins");
	if (clause->unit == UNIT_WEEK || clause->by == UNIT_WEEK)
		CoreTextPrintf(out, " (weeks start on %s)",
					   WeekdayWords[PolicyWeekStart(policy, layer)]);
	SayZone(policy, layer, "date", out);
}

/* Can a contact be matched by both patterns? */
static bool
PatternsMeet(const Policy *policy, const PolicyPattern *a,
			 const PolicyPattern *b)
{
	const char *a_channel = PolicyText(policy, a->channel);
	const char *b_channel = PolicyText(policy, b->channel);
	const char *a_purpose = PolicyText(policy, a->purpose);
	const char *b_purpose = PolicyText(policy, b->purpose);
	size_t		a_length = strlen(a_purpose);
	size_t		b_length = strlen(b_purpose);
	size_t		shorter = a_length < b_length ? a_length : b_length;
	const char *longer = a_length < b_length ? b_purpose : a_purpose;

	if (a_channel[0] != '\0' && b_channel[0] != '\0' &&
		strcmp(a_channel, b_channel) != 0)
		return false;
	if (shorter == 0 || a->marketing || b->marketing)
		return true;
	return strncmp(a_purpose, b_purpose, shorter) == 0 &&
		(longer[shorter] == '\0' || longer[shorter] == '.');
}

/* Might a contact of scope a be one of scope b? */
static bool
ScopesMeet(const Policy *policy, int a, int b)
{
	const PolicyScope *x = &policy->scopes[a];
	const PolicyScope *y = &policy->scopes[b];

	for (int i = 0; i < x->included; i++)
		for (int j = 0; j < y->included; j++)
			if (PatternsMeet(policy, &policy->patterns[x->first + i],
							 &policy->patterns[y->first + j]))
				return true;
	return false;
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
		SayScope(policy, scope, &bound_nouns, out);
		Say(out, " at all: a limit of 0 refuses each of them.");
		return;
	}
	if (other)
	{
		Say(out, "No ");
		SayScope(policy, scope, &bound_nouns, out);
		Say(out, joint ? " that would bring " : " while ");
		SayScope(policy, clause->look_scope, &looked_nouns, out);
		Say(out, clause->weighed ? (joint ? " to a total weight of more than " :
									" together weigh more than ") :
			joint ? " to more than " : " number more than ");
	}
	else if (clause->weighed)
		Say(out, "A total weight of at most ");
	else
		Say(out, "At most ");

	if (clause->weighed)
		SayMillionths(clause->amount, out);
	else
		CoreTextPrintf(out, "%lld", (long long) clause->amount);

	if (!other)
	{
		Say(out, clause->weighed ? " for " : " ");
		SayScope(policy, scope, clause->amount == 1 && !clause->weighed ?
				 &looked_noun : &looked_nouns, out);
	}
	SayWindow(policy, statement->layer, clause, out);
	if (joint)
		Say(out, ", planned ones included");
	if (other && joint)
		Say(out, "; the new contact counts if it is one of them");
	Say(out, ".");
}

/* That a rule sees events, where its scope names other channels. */
static void
SayEvents(const Policy *policy, int index, CoreText *out)
{
	const PolicyScope *scope = &policy->scopes[index];

	for (int i = 0; i < scope->included; i++)
		if (strcmp(PolicyText(policy,
							  policy->patterns[scope->first + i].channel),
				   "event") != 0)
		{
			Say(out, ", events included");
			return;
		}
}

/* gap D [of | after scope] */
static void
SayGap(const Policy *policy, const PolicyStatement *statement,
	   const PolicyClause *clause, CoreText *out)
{
	if (clause->look == LOOK_AFTER)
	{
		Say(out, "No ");
		SayScope(policy, statement->scope, &bound_nouns, out);
		Say(out, " within ");
		SpanWrite(&clause->span, out);
		Say(out, " after any ");
		SayScope(policy, clause->look_scope, &looked_noun, out);
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
		SayScope(policy, statement->scope, &looked_nouns, out);
	}
	else
	{
		Say(out, " between ");
		SayScope(policy, statement->scope, &bound_nouns, out);
		Say(out, " on one side and ");
		SayScope(policy, clause->look_scope, &looked_nouns, out);
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
	SayScope(policy, statement->scope, &bound_nouns, out);
	Say(out, " except within ");
	SpanWrite(&clause->span, out);
	Say(out, " after any ");
	SayScope(policy, clause->look_scope, &looked_noun, out);
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
	SayScope(policy, statement->scope, &bound_nouns, out);
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
	SayScope(policy, statement->scope, &bound_nouns, out);
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
	SayScope(policy, statement->scope, &bound_nouns, out);
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

/* Does the scope match every contact? */
static bool
ScopeIsAny(const Policy *policy, int index)
{
	const PolicyScope *scope = &policy->scopes[index];
	const PolicyPattern *pattern = &policy->patterns[scope->first];

	return scope->included == 1 && scope->excepted == 0 &&
		PolicyText(policy, pattern->channel)[0] == '\0' &&
		PolicyText(policy, pattern->purpose)[0] == '\0';
}

/* "clicked or better" */
static void
SayOutcome(Outcome outcome, CoreText *out)
{
	Say(out, OutcomeNames[outcome]);
	if (OutcomeIsRising(outcome) && outcome != OUTCOME_CONVERTED)
		Say(out, " or better");
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
				SayScope(policy, other->scope, &bound_nouns, out);
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
	SayScope(policy, statement->scope, &bound_nouns, out);
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
	SayScope(policy, statement->scope, single ? &looked_noun : &looked_nouns,
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
	SayScope(policy, statement->scope, single ? &looked_noun : &looked_nouns,
			 out);
	Say(out, " with the outcome ");
	SayOutcome((Outcome) clause->outcome, out);
	if (clause->window_kind == WINDOW_ROLLING ||
		clause->window_kind == WINDOW_CALENDAR)
		SayWindow(policy, statement->layer, clause, out);
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
	SayScope(policy, statement->scope, &bound_nouns, out);
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

/* See rules.h. */
void
RuleKindsWords(int kinds, CoreText *out)
{
	static const struct
	{
		RuleKind	kind;
		const char *word;
	}			words[] = {
		{RULE_MAX, "max"},
		{RULE_GAP, "gap"},
		{RULE_ONLY_WITHIN, "only within"},
		{RULE_CLOCK, "clock"},
		{RULE_DAY, "day"},
		{RULE_PAUSE, "pause"},
		{RULE_NEVER, "never"}
	};
	const char *stated[sizeof(words) / sizeof(words[0])];
	int			n = 0;
	char		buf[16];

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if ((kinds & words[i].kind) != 0)
			stated[n++] = words[i].word;
	for (int i = 0; i < n; i++)
		CoreTextPrintf(out, "%s%s", Separator(i, n, "and", buf), stated[i]);
}

/* override */
static void
SayOverride(const Policy *policy, const PolicyStatement *statement,
			CoreText *out)
{
	int			kinds = 0;

	for (int i = 0; i < statement->nclauses; i++)
		kinds |= ClauseRuleKind(policy->clauses[statement->first_clause +
												i].kind);
	Say(out, "For ");
	SayScope(policy, statement->scope, &bound_nouns, out);
	Say(out, ", the ");
	RuleKindsWords(kinds, out);
	Say(out, " rules stated here replace those that its layer states for a "
		"less specific scope, on every date; rules of other kinds still "
		"bind.");
}

/* weight N, answer OUTCOME */
static void
SayProperty(const Policy *policy, const PolicyStatement *statement,
			const PolicyClause *clause, CoreText *out)
{
	Noun		noun = bound_nouns;

	noun.plain_marketing = StatementHas(policy, statement,
										CLAUSE_TRANSACTIONAL);
	if (clause->kind == CLAUSE_WEIGHT)
	{
		Say(out, "A weight of ");
		SayMillionths(clause->amount, out);
		Say(out, " each for ");
		SayScope(policy, statement->scope, &noun, out);
		Say(out, " that have no weight of their own");
	}
	else
	{
		Say(out, "For ");
		SayScope(policy, statement->scope, &noun, out);
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
			SayScope(policy, statement->scope, &bound_nouns, out);
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
