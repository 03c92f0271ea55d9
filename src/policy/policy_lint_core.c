/*
 * policy_lint_core.c
 *		What looks wrong in a policy, or is worth to know.
 *
 * A warning is given only where it is certain: a rule that cannot refuse
 * anything whatever the history, or refuses everything it binds.  A rule that
 * a later layer makes idle is no mistake of the earlier one (a later layer is
 * there to say more), so only rules of the same or an earlier layer count
 * against a rule.
 */
#include "policy/policy_lint.h"

#include <stdlib.h>

/* See policy_lint.h. */
LintFinding *
LintAdd(LintReport *report, int statement, int clause, const char *code)
{
	LintFinding *finding;

	if (report->nfindings == report->space)
	{
		report->space = report->space == 0 ? 16 : 2 * report->space;
		report->findings = CoreRealloc(report->findings,
									   sizeof(LintFinding) *
									   (size_t) report->space);
	}
	finding = &report->findings[report->nfindings];
	memset(finding, 0, sizeof(*finding));
	finding->statement = statement;
	finding->clause = clause;
	finding->order = report->nfindings++;
	finding->code = code;
	CoreTextInit(&finding->message);
	CoreTextInit(&finding->hint);
	return finding;
}

/* See policy_lint.h. */
LintFinding *
LintClause(LintReport *report, const Ground *ground, int clause,
		   const char *code)
{
	return LintAdd(report, ground->statement_of[clause], clause, code);
}

/* See policy_lint.h. */
void
LintName(const Ground *ground, int clause, int beside, CoreText *out)
{
	const Policy *policy = ground->policy;
	int			layer = StatementOf(ground, clause)->layer;
	const char *name = PolicyText(policy, policy->layers[layer]);

	CoreTextPrintf(out, "\"");
	PolicyWriteRule(policy, ground->statement_of[clause], clause, out);
	CoreTextPrintf(out, "\"");
	if (layer == StatementOf(ground, beside)->layer)
		return;
	if (name[0] != '\0')
		CoreTextPrintf(out, " of layer %s", name);
	else
		CoreTextPrintf(out, " of the first layer");
}

/* Names with ", " between them; *n counts. */
static void
LintNameNext(const Ground *ground, int clause, int beside, int *n,
			 CoreText *out)
{
	if ((*n)++ > 0)
		CoreTextPrintf(out, ", ");
	LintName(ground, clause, beside, out);
}

/* The clause of a kind in a statement, or NO_CLAUSE. */
static int
ClauseOfKind(const Policy *policy, int statement, ClauseKind kind)
{
	int			first = policy->statements[statement].first_clause;

	for (int i = 0; i < policy->statements[statement].nclauses; i++)
		if (policy->clauses[first + i].kind == kind)
			return first + i;
	return NO_CLAUSE;
}

/* The kind of a clause, as overrides know it. */
static RuleKind
KindOf(const Ground *ground, int clause)
{
	return ClauseRuleKind((ClauseKind) ground->policy->clauses[clause].kind);
}

/* --- rules that never bind */

/*
 * Would an exempt or transactional statement of another clause lift a rule
 * that matches contact with this rank?  Returns that clause, or NO_CLAUSE.
 */
static int
ExemptedBy(const Ground *ground, int clause, int contact, int not_by)
{
	const Policy *policy = ground->policy;
	int			statement = ground->statement_of[clause];
	int			rank = StatementRankAt(ground, statement, contact);

	for (int i = 0; i < policy->data->nstatements; i++)
	{
		int			other = StatementRankAt(ground, i, contact);
		int			by;

		if (policy->statements[i].layer > policy->statements[statement].layer)
			break;
		if (other == NO_MATCH)
			continue;
		by = ClauseOfKind(policy, i, CLAUSE_TRANSACTIONAL);
		if (by != NO_CLAUSE && by != not_by &&
			(rank < other || KindOf(ground, clause) == RULE_CONSENT))
			return by;
		by = ClauseOfKind(policy, i, CLAUSE_EXEMPT);
		if (by != NO_CLAUSE && by != not_by && rank < other)
			return by;
	}
	return NO_CLAUSE;
}

/* The override that replaces a rule for a contact, or NO_CLAUSE. */
static int
OverriddenBy(const Ground *ground, int clause, int contact)
{
	const Policy *policy = ground->policy;
	const PolicyStatement *own = StatementOf(ground, clause);
	int			rank = StatementRankAt(ground, ground->statement_of[clause],
									   contact);

	for (int i = 0; i < policy->data->nstatements; i++)
	{
		const PolicyStatement *other = &policy->statements[i];
		int			by = ClauseOfKind(policy, i, CLAUSE_OVERRIDE);

		if (by != NO_CLAUSE && other->layer == own->layer &&
			rank < StatementRankAt(ground, i, contact) &&
			(StatementKinds(policy, other) & KindOf(ground, clause)) != 0)
			return by;
	}
	return NO_CLAUSE;
}

/* Does a statement's scope match any contact at all? */
static bool
ScopeIsEmpty(const Ground *ground, int statement)
{
	for (int c = 0; c < ground->ncontacts; c++)
		if (StatementRankAt(ground, statement, c) != NO_MATCH)
			return false;
	return true;
}

/* A rule that binds nothing that can be proposed: say what takes it away. */
static void
LintUnbound(const Ground *ground, int clause, LintReport *report)
{
	int			statement = ground->statement_of[clause];
	LintFinding *finding = LintClause(report, ground, clause, "never_binds");
	CoreText   *message = &finding->message;
	int			lifters[3];
	int			nlifters = 0;
	int			n = 0;
	bool		more = false;

	for (int p = 0; p < ground->nproposed; p++)
	{
		int			contact = ground->proposed[p];
		int			by;
		int			i = 0;

		if (StatementRankAt(ground, statement, contact) == NO_MATCH)
			continue;
		by = ExemptedBy(ground, clause, contact, NO_CLAUSE);
		if (by == NO_CLAUSE)
			by = OverriddenBy(ground, clause, contact);
		while (i < nlifters && lifters[i] != by)
			i++;
		if (i < nlifters || by == NO_CLAUSE)
			continue;
		if (nlifters < (int) (sizeof(lifters) / sizeof(lifters[0])))
			lifters[nlifters++] = by;
		else
			more = true;
	}
	if (nlifters == 0)
	{
		CoreTextPrintf(message, "this rule never binds: no contact of its "
					   "scope has a channel and a purpose that are declared "
					   "in the end");
		CoreTextPrintf(&finding->hint, "A later \"channels\" or \"purposes\" "
					   "line replaces the one before it.");
		return;
	}
	CoreTextPrintf(message, "this rule never binds: whatever it matches is "
				   "lifted by ");
	for (int i = 0; i < nlifters; i++)
		LintNameNext(ground, lifters[i], clause, &n, message);
	if (more)
		CoreTextPrintf(message, " and others");
	CoreTextPrintf(&finding->hint, "Remove it, or give it a scope as specific "
				   "as what lifts it.");
}

/* A rule that looks at nothing that it could see. */
static void
LintBlind(const Ground *ground, int clause_index, LintReport *report)
{
	const PolicyClause *clause = &ground->policy->clauses[clause_index];
	bool		within = clause->kind == CLAUSE_ONLY_WITHIN;
	LintFinding *finding;

	if (ground->looks[clause_index] == NULL || RefusesAll(clause))
		return;
	for (int p = 0; p < ground->nproposed; p++)
		if (SetHas(ground->binds[clause_index], p) &&
			!SetIsEmpty(LookAt(ground, clause_index, p), ground->words))
			return;
	finding = LintClause(report, ground, clause_index,
						 within ? "contradiction" : "never_binds");
	CoreTextPrintf(&finding->message, "this rule looks at no contact: %s",
				   within ? "it always refuses" : "it never refuses");
	CoreTextPrintf(&finding->hint, "All of the scope it looks at is excepted, "
				   "or uncounted by a more specific statement.");
}

/* Rules that cannot bind: an empty scope, lifted, blind. */
static void
LintNeverBinds(const Ground *ground, LintReport *report)
{
	const Policy *policy = ground->policy;

	for (int i = 0; i < policy->data->nstatements; i++)
	{
		const PolicyStatement *statement = &policy->statements[i];

		CoreCheckInterrupts();
		if (statement->kind != STATEMENT_SCOPE || statement->nclauses == 0)
			continue;
		if (ScopeIsEmpty(ground, i))
		{
			LintFinding *finding = LintClause(report, ground,
											  statement->first_clause,
											  "never_binds");

			CoreTextPrintf(&finding->message, "the statement matches no "
						   "contact: \"except\" takes away all of its scope");
			CoreTextPrintf(&finding->hint, "Except less, or remove the "
						   "statement.");
			continue;
		}
		for (int j = 0; j < statement->nclauses; j++)
		{
			int			clause = statement->first_clause + j;

			if (KindOf(ground, clause) == RULE_NONE)
				continue;
			if (SetIsEmpty(ground->binds[clause], ground->proposed_words))
				LintUnbound(ground, clause, report);
			else
				LintBlind(ground, clause, report);
		}
	}
}

/* --- rules that others make idle */

/* Would an override replace fewer kinds of rule without this one? */
static bool
ServesOverride(const Ground *ground, int clause)
{
	const PolicyStatement *statement = StatementOf(ground, clause);

	if (!StatementHas(ground->policy, statement, CLAUSE_OVERRIDE))
		return false;
	for (int i = 0; i < statement->nclauses; i++)
		if (statement->first_clause + i != clause &&
			KindOf(ground, statement->first_clause + i) ==
			KindOf(ground, clause))
			return false;
	return true;
}

/* Is the clause the first of several "only TIME" that are alternatives? */
static bool
HasAlternatives(const Ground *ground, int clause)
{
	for (int i = clause + 1; i < ground->policy->data->nclauses; i++)
		if (ground->heads[i] == clause)
			return true;
	return false;
}

/* What can be done about an idle rule. */
static const char *
IdleHint(const Ground *ground, int clause, bool equal)
{
	if (HasAlternatives(ground, clause))
		return "Remove all of them, or make them stricter than the other "
			"one.";
	if (ServesOverride(ground, clause))
		return "It only serves the override beside it, which replaces rules "
			"of its kind.";
	return equal ? "Remove one of them." :
		"Remove it, or make it stricter than the other one.";
}

/*
 * Of two rules that imply each other, the first in the text stays; of a rule
 * and a stricter one, the stricter.
 */
static void
LintShadowed(const Ground *ground, int weak, LintReport *report)
{
	const Policy *policy = ground->policy;

	for (int strong = 0; strong < policy->data->nclauses; strong++)
	{
		LintFinding *finding;
		bool		several = HasAlternatives(ground, weak);
		bool		equal;

		if (strong == weak || StatementOf(ground, strong)->layer >
			StatementOf(ground, weak)->layer ||
			!RuleImplies(ground, strong, weak))
			continue;
		equal = RuleImplies(ground, weak, strong);
		if (equal && strong > weak)
			continue;
		finding = LintClause(report, ground, weak,
							 equal ? "duplicate" : "shadowed");
		CoreTextPrintf(&finding->message, several ?
					   "this rule and its alternatives " : "this rule ");
		if (equal)
			CoreTextPrintf(&finding->message, several ?
						   "say again what is said by " :
						   "says again what is said by ");
		else
			CoreTextPrintf(&finding->message, several ?
						   "never refuse what is not refused by " :
						   "never refuses what is not refused by ");
		LintName(ground, strong, weak, &finding->message);
		if (HasAlternatives(ground, strong))
			CoreTextPrintf(&finding->message, " and its alternatives");
		CoreTextPrintf(&finding->hint, "%s", IdleHint(ground, weak, equal));
		return;
	}
}

/* --- rules that contradict one another */

/* "only within D after" what a gap keeps apart for longer than D. */
static void
LintWithinGap(const Ground *ground, int within, LintReport *report)
{
	const PolicyClause *clauses = ground->policy->clauses;

	if (clauses[within].kind != CLAUSE_ONLY_WITHIN ||
		clauses[within].during.given)
		return;
	for (int gap = 0; gap < ground->policy->data->nclauses; gap++)
	{
		if (clauses[gap].kind != CLAUSE_GAP || clauses[gap].during.given ||
			clauses[gap].look != LOOK_AFTER ||
			!SpanShorter(&clauses[within].span, &clauses[gap].span))
			continue;
		for (int p = 0; p < ground->nproposed; p++)
		{
			LintFinding *finding;

			if (!SetHas(ground->binds[within], p) ||
				!SetHas(ground->binds[gap], p) ||
				!SetWithin(LookAt(ground, within, p), LookAt(ground, gap, p),
						   ground->words))
				continue;
			finding = LintClause(report, ground, within > gap ? within : gap,
								 "contradiction");
			CoreTextPrintf(&finding->message, "this rule refuses all that is "
						   "let through by ");
			LintName(ground, within > gap ? gap : within,
					 within > gap ? within : gap, &finding->message);
			CoreTextPrintf(&finding->hint, "The gap has to be shorter than "
						   "the time in which the contact has to follow.");
			return;
		}
	}
}

/* --- weights and answers */

/* A weighed cap that a single contact goes beyond. */
static void
LintTooHeavy(const Ground *ground, int clause_index, LintReport *report)
{
	const Policy *policy = ground->policy;
	const PolicyClause *clause = &policy->clauses[clause_index];

	if (clause->kind != CLAUSE_MAX || !clause->weighed || clause->amount == 0)
		return;
	for (int p = 0; p < ground->nproposed; p++)
	{
		const BoundRule *rule = BoundAt(ground, clause_index, p);
		const PolicyClause *weight;
		LintFinding *finding;

		if (rule == NULL || !rule->sees_proposed ||
			rule->proposed_amount <= clause->amount)
			continue;
		weight = PolicyProperty(policy, rule->layer, CLAUSE_WEIGHT,
								ground->channels[ground->proposed[p]],
								ground->purposes[ground->proposed[p]]);
		finding = LintClause(report, ground, clause_index, "too_heavy");
		CoreTextPrintf(&finding->message, "one contact alone is more than "
					   "this cap allows");
		if (weight != NULL)
		{
			CoreTextPrintf(&finding->message, ", by ");
			LintName(ground, (int) (weight - policy->clauses), clause_index,
					 &finding->message);
		}
		CoreTextPrintf(&finding->hint, "It is always refused unless it is "
					   "given a lower weight of its own.");
		return;
	}
}

/* Does a rule ask for the property a clause states? */
static bool
UsesProperty(const PolicyClause *rule, ClauseKind property)
{
	if (property == CLAUSE_WEIGHT)
		return rule->kind == CLAUSE_MAX && rule->weighed;
	return rule->kind == CLAUSE_PAUSE_UNANSWERED ||
		rule->kind == CLAUSE_PAUSE_NEVER_ANSWERED;
}

/* Is a contact looked at by a clause, whoever is proposed? */
static bool
IsLookedAt(const Ground *ground, int clause, int contact)
{
	if (ground->looks[clause] == NULL)
		return false;
	for (int p = 0; p < ground->nproposed; p++)
		if (SetHas(ground->binds[clause], p) &&
			SetHas(LookAt(ground, clause, p), contact))
			return true;
	return false;
}

/* The weight and answer clauses that decide for what some rule looks at. */
static bool *
DecidingProperties(const Ground *ground)
{
	const Policy *policy = ground->policy;
	bool	   *decides = CoreAllocZero((size_t) policy->data->nclauses + 1);

	for (int i = 0; i < policy->data->nclauses; i++)
	{
		ClauseKind	kind;

		CoreCheckInterrupts();
		if (UsesProperty(&policy->clauses[i], CLAUSE_WEIGHT))
			kind = CLAUSE_WEIGHT;
		else if (UsesProperty(&policy->clauses[i], CLAUSE_ANSWER))
			kind = CLAUSE_ANSWER;
		else
			continue;
		for (int c = 0; c < ground->ncontacts; c++)
		{
			const PolicyClause *property;

			if (!IsLookedAt(ground, i, c))
				continue;
			property = PolicyProperty(policy, StatementOf(ground, i)->layer,
									  kind, ground->channels[c],
									  ground->purposes[c]);
			if (property != NULL)
				decides[property - policy->clauses] = true;
		}
	}
	return decides;
}

/* A weight or an answer that no rule asks for. */
static void
LintProperty(const Ground *ground, int clause_index, const bool *decides,
			 LintReport *report)
{
	const Policy *policy = ground->policy;
	bool		weight = policy->clauses[clause_index].kind == CLAUSE_WEIGHT;
	bool		asked = false;
	LintFinding *finding;

	if (decides[clause_index] ||
		(!weight && policy->clauses[clause_index].kind != CLAUSE_ANSWER))
		return;
	for (int i = 0; i < policy->data->nclauses; i++)
		asked |= UsesProperty(&policy->clauses[i],
							  (ClauseKind) policy->clauses[clause_index].kind);
	finding = LintClause(report, ground, clause_index,
						 weight ? "weight_unused" : "answer_unused");
	if (asked)
		CoreTextPrintf(&finding->message, "no %s ever asks for this %s",
					   weight ? "cap" : "pause", weight ? "weight" : "answer");
	else
		CoreTextPrintf(&finding->message, "the policy has no %s",
					   weight ? "cap on weight" :
					   "pause after unanswered contacts");
	CoreTextPrintf(&finding->hint, weight ?
				   "A weight counts in rules such as \"max 25 weight per 30 "
				   "days\"." :
				   "An answer counts in rules such as \"pause 60 days after 8 "
				   "unanswered\".");
}

/* A pause for want of answers, where being sent is one. */
static void
LintPause(const Ground *ground, int clause_index, LintReport *report)
{
	const Policy *policy = ground->policy;
	bool		any = false;
	LintFinding *finding;

	if (!UsesProperty(&policy->clauses[clause_index], CLAUSE_ANSWER))
		return;
	for (int c = 0; c < ground->ncontacts; c++)
	{
		if (!IsLookedAt(ground, clause_index, c))
			continue;
		if (PolicyAnswer(policy, StatementOf(ground, clause_index)->layer,
						 ground->channels[c],
						 ground->purposes[c]) > OUTCOME_SENT)
			return;
		any = true;
	}
	if (!any)
		return;
	finding = LintClause(report, ground, clause_index, "pause_never");
	CoreTextPrintf(&finding->message, "every contact that was sent is already "
				   "answered, so this pause waits for declined, unsubscribed "
				   "or complained ones only");
	CoreTextPrintf(&finding->hint, "Choose a stronger answer, such as "
				   "\"answer opened\".");
}

/* --- override, exempt, uncounted */

/* What an override switches off; a warning when that is nothing. */
static void
LintOverride(const Ground *ground, int statement, int clause,
			 LintReport *report)
{
	const Policy *policy = ground->policy;
	int			kinds = StatementKinds(policy,
									   &policy->statements[statement]);
	LintFinding *finding = LintClause(report, ground, clause, "override");
	int			off = 0;

	CoreTextPrintf(&finding->message, "for ");
	ScopeWords(policy, policy->statements[statement].scope,
			   &finding->message);
	CoreTextPrintf(&finding->message, " this switches off ");
	for (int i = 0; i < policy->data->nclauses; i++)
	{
		if ((KindOf(ground, i) & kinds) == 0 ||
			StatementOf(ground, i)->layer !=
			policy->statements[statement].layer)
			continue;
		for (int p = 0; p < ground->nproposed; p++)
		{
			int			contact = ground->proposed[p];
			int			rank = StatementRankAt(ground,
											   ground->statement_of[i],
											   contact);

			if (rank == NO_MATCH ||
				rank >= StatementRankAt(ground, statement, contact) ||
				ExemptedBy(ground, i, contact, NO_CLAUSE) != NO_CLAUSE)
				continue;
			LintNameNext(ground, i, clause, &off, &finding->message);
			break;
		}
	}
	finding->note = off > 0;
	if (off > 0)
		return;
	finding->code = "override_idle";
	finding->message.length = 0;
	CoreTextPrintf(&finding->message, kinds == 0 ?
				   "the statement states no rule that could replace another" :
				   "this override switches nothing off");
	CoreTextPrintf(&finding->hint, kinds == 0 ?
				   "Add the rules that are to hold instead, or write "
				   "\"exempt\"." :
				   "It replaces rules of the kinds stated beside it, for a "
				   "less specific scope, in its own layer.");
}

/* Does an exempt statement lift anything that nothing before it lifts? */
static bool
ExemptChanges(const Ground *ground, int statement, int clause)
{
	const Policy *policy = ground->policy;
	int			layer = policy->statements[statement].layer;

	for (int i = 0; i < policy->data->nclauses; i++)
	{
		int			own = ground->statement_of[i];

		CoreCheckInterrupts();
		if (KindOf(ground, i) == RULE_NONE ||
			policy->statements[own].layer < layer)
			continue;
		for (int p = 0; p < ground->nproposed; p++)
		{
			int			contact = ground->proposed[p];
			int			rank = StatementRankAt(ground, own, contact);
			int			by;

			if (rank == NO_MATCH ||
				rank >= StatementRankAt(ground, statement, contact))
				continue;
			by = ExemptedBy(ground, i, contact, clause);
			if (by == NO_CLAUSE || by > clause)
				return true;
		}
	}
	return false;
}

/* The uncounted statement before this one that hides a contact as well. */
static bool
HiddenBefore(const Ground *ground, int statement, int contact, int rank)
{
	const Policy *policy = ground->policy;

	for (int i = 0; i < statement; i++)
		if (rank < StatementRankAt(ground, i, contact) &&
			(ClauseOfKind(policy, i, CLAUSE_UNCOUNTED) != NO_CLAUSE ||
			 ClauseOfKind(policy, i, CLAUSE_TRANSACTIONAL) != NO_CLAUSE))
			return true;
	return false;
}

/* Does an uncounted statement hide anything from a rule? */
static bool
UncountedChanges(const Ground *ground, int statement)
{
	const Policy *policy = ground->policy;

	for (int i = 0; i < policy->data->nclauses; i++)
	{
		const PolicyClause *clause = &policy->clauses[i];
		int			scope = clause->look == LOOK_OWN ?
			StatementOf(ground, i)->scope : clause->look_scope;
		int			layer = StatementOf(ground, i)->layer;

		CoreCheckInterrupts();
		if (ground->looks[i] == NULL ||
			layer < policy->statements[statement].layer)
			continue;
		for (int c = 0; c < ground->ncontacts; c++)
		{
			int			rank;

			if (StatementRankAt(ground, statement, c) == NO_MATCH)
				continue;
			rank = ScopeRank(policy, scope, ground->channels[c],
							 ground->purposes[c],
							 PolicyTransactional(policy, layer,
												 ground->channels[c],
												 ground->purposes[c]));
			if (rank != NO_MATCH &&
				rank < StatementRankAt(ground, statement, c) &&
				!HiddenBefore(ground, statement, c, rank))
				return true;
		}
	}
	return false;
}

/* Statements about other rules that change nothing. */
static void
LintStanding(const Ground *ground, int statement, LintReport *report)
{
	const Policy *policy = ground->policy;
	int			override = ClauseOfKind(policy, statement, CLAUSE_OVERRIDE);
	int			exempt = ClauseOfKind(policy, statement, CLAUSE_EXEMPT);
	int			uncounted = ClauseOfKind(policy, statement, CLAUSE_UNCOUNTED);
	LintFinding *finding;

	if (ScopeIsEmpty(ground, statement))
		return;
	if (override != NO_CLAUSE)
		LintOverride(ground, statement, override, report);
	if (exempt != NO_CLAUSE && !ExemptChanges(ground, statement, exempt))
	{
		finding = LintClause(report, ground, exempt, "exempt_idle");
		CoreTextPrintf(&finding->message, "this lifts no rule: none for a "
					   "less specific scope stands in its layer or after it");
		CoreTextPrintf(&finding->hint, "Rules as specific as an exempt scope, "
					   "or more, and those of earlier layers still bind.");
	}
	if (uncounted != NO_CLAUSE && !UncountedChanges(ground, statement))
	{
		finding = LintClause(report, ground, uncounted, "uncounted_idle");
		CoreTextPrintf(&finding->message, "this hides no contact: no rule of "
					   "its layer or after it looks at a less specific scope");
		CoreTextPrintf(&finding->hint, "Rules that look at a scope as "
					   "specific as an uncounted one, or more, still count "
					   "it.");
	}
}

/* --- each */

/* Has a scope patterns with "each", or named channels beside them? */
static void
ScopeEach(const Policy *policy, int index, bool *each, bool *mixed)
{
	const PolicyScope *scope = &policy->scopes[index];
	bool		each_channel = false;
	bool		named = false;

	*each = false;
	for (int i = 0; i < scope->included; i++)
	{
		const PolicyPattern *pattern = &policy->patterns[scope->first + i];

		*each |= pattern->each_channel || pattern->each_purpose;
		each_channel |= pattern->each_channel;
		named |= pattern->channel != 0;
	}
	*mixed = each_channel && named;
}

/*
 * "each" beside a named channel makes that channel count for all of them;
 * "each" in a scope that no rule looks at is no more than "any".
 */
static void
LintEach(const Policy *policy, LintReport *report)
{
	for (int i = 0; i < policy->data->nstatements; i++)
	{
		const PolicyStatement *statement = &policy->statements[i];
		int			elsewhere = NO_CLAUSE;
		bool		looked_at = false;
		bool		each = false;
		bool		ignored;

		for (int j = 0; j < statement->nclauses; j++)
		{
			int			clause = statement->first_clause + j;
			const PolicyClause *rule = &policy->clauses[clause];
			bool		own = rule->look == LOOK_OWN;
			bool		looks = (ClauseRuleKind((ClauseKind) rule->kind) &
								 (RULE_MAX | RULE_GAP | RULE_ONLY_WITHIN |
								  RULE_PAUSE)) != 0;
			bool		mixed;
			LintFinding *finding;

			looked_at |= looks && own;
			if (looks && !own && elsewhere == NO_CLAUSE)
				elsewhere = clause;
			ScopeEach(policy, own ? statement->scope : rule->look_scope,
					  &each, &mixed);
			if (!looks || !mixed)
				continue;
			finding = LintAdd(report, i, clause, "each_named");
			CoreTextPrintf(&finding->message, "the channel named beside "
						   "\"each\" is looked at for every channel");
			CoreTextPrintf(&finding->hint, "\"each\" stands for that channel "
						   "as well: leave the name out, or write two "
						   "statements.");
		}
		if (looked_at || elsewhere == NO_CLAUSE)
			continue;
		ScopeEach(policy, statement->scope, &each, &ignored);
		if (each)
		{
			LintFinding *finding = LintAdd(report, i, elsewhere, "each_idle");

			CoreTextPrintf(&finding->message, "\"each\" is no more than "
						   "\"any\" here: it acts in the scope that is looked "
						   "at");
			CoreTextPrintf(&finding->hint, "Write it behind \"of\" or "
						   "\"after\".");
		}
	}
}

/* --- the whole */

/* Findings in the order of the text, then of being found. */
static int
CompareFindings(const void *a, const void *b)
{
	const LintFinding *x = a;
	const LintFinding *y = b;

	if (x->statement != y->statement)
		return x->statement < y->statement ? -1 : 1;
	if (x->clause != y->clause)
		return x->clause < y->clause ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

/* All that is judged on contacts. */
static void
LintOnGround(const Ground *ground, LintReport *report)
{
	const PolicyData *data = ground->policy->data;
	bool	   *decides = DecidingProperties(ground);

	LintNeverBinds(ground, report);
	for (int i = 0; i < data->nclauses; i++)
	{
		CoreCheckInterrupts();
		LintShadowed(ground, i, report);
		LintWithinGap(ground, i, report);
		LintTooHeavy(ground, i, report);
		LintProperty(ground, i, decides, report);
		LintPause(ground, i, report);
	}
	for (int i = 0; i < data->nstatements; i++)
	{
		CoreCheckInterrupts();
		LintStanding(ground, i, report);
	}
	LintOpenHours(ground, report);
}

/* See rules.h. */
LintReport *
PolicyLint(const Policy *policy)
{
	LintReport *report = CoreAllocZero(sizeof(LintReport));
	Ground	   *ground;

	if (policy->data->nclauses == 0)
		return report;
	LintZone(policy, report);
	LintEach(policy, report);
	ground = GroundFor(policy);
	if (ground == NULL)
	{
		LintFinding *finding = LintAdd(report, 0, NO_CLAUSE, "too_large");

		finding->note = true;
		CoreTextPrintf(&finding->message, "the policy is too large to compare "
					   "its rules with one another");
	}
	else
		LintOnGround(ground, report);
	if (report->nfindings > 1)
		qsort(report->findings, (size_t) report->nfindings,
			  sizeof(LintFinding), CompareFindings);
	return report;
}
