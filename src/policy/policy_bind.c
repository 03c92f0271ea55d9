/*
 * policy_bind.c
 *		Which rules of a policy bind a proposed contact, and what they see.
 *
 * A rule binds when its own scope matches, no more specific "exempt" of its
 * own or an earlier layer lifts it, and no more specific "override" of its
 * layer replaces its kind.  It looks at its "of" or "after" scope, else at its
 * own, less what a more specific "uncounted" hides.
 */
#include "policy/verdict.h"

/* See policy.h. */
int
StatementKinds(const Policy *policy, const PolicyStatement *statement)
{
	int			kinds = 0;

	for (int i = 0; i < statement->nclauses; i++)
		kinds |= ClauseRuleKind(policy->clauses[statement->first_clause + i].kind);
	return kinds & ~RULE_CONSENT;
}

/*
 * Is a rule of this layer and rank lifted by an exempt, transactional or
 * override statement?
 */
static bool
RuleIsLifted(const Policy *policy, int layer, int rank, RuleKind kind,
			 const char *channel, const char *purpose, bool transactional)
{
	for (int i = 0; i < policy->data->nstatements; i++)
	{
		const PolicyStatement *statement = &policy->statements[i];
		bool		frees;
		bool		exempts;
		bool		overrides;
		int			other;

		if (statement->layer > layer)
			break;
		if (statement->kind != STATEMENT_SCOPE)
			continue;
		frees = StatementHas(policy, statement, CLAUSE_TRANSACTIONAL);
		exempts = frees || StatementHas(policy, statement, CLAUSE_EXEMPT);
		overrides = statement->layer == layer &&
			StatementHas(policy, statement, CLAUSE_OVERRIDE) &&
			(StatementKinds(policy, statement) & kind) != 0;
		if (!exempts && !overrides)
			continue;
		other = StatementRank(policy, statement, channel, purpose,
							  transactional);
		/* a transactional message needs no consent, whoever asks for it */
		if (other != NO_MATCH &&
			(rank < other || (frees && kind == RULE_CONSENT)))
			return true;
	}
	return false;
}

/* Does an uncounted scope, more specific than rank, hide a contact? */
static bool
ContactIsHidden(const Policy *policy, int layer, int rank,
				const char *channel, const char *purpose, bool transactional)
{
	for (int i = 0; i < policy->data->nstatements; i++)
	{
		const PolicyStatement *statement = &policy->statements[i];

		if (statement->layer > layer)
			break;
		if (statement->kind == STATEMENT_SCOPE &&
			(StatementHas(policy, statement, CLAUSE_UNCOUNTED) ||
			 StatementHas(policy, statement, CLAUSE_TRANSACTIONAL)) &&
			rank < StatementRank(policy, statement, channel, purpose,
								 transactional))
			return true;
	}
	return false;
}

/* See verdict.h. */
bool
RuleLooksAt(const PolicyBinding *binding, const BoundRule *rule,
			const char *channel, const char *purpose)
{
	const Policy *policy = &binding->policy;
	bool		transactional = PolicyTransactional(policy, rule->layer,
													channel, purpose);
	int			rank = ClauseLookRank(policy,
									  &policy->statements[rule->statement],
									  rule->clause, channel, purpose,
									  transactional, binding->channel,
									  binding->purpose);

	return rank != NO_MATCH &&
		!ContactIsHidden(policy, rule->layer, rank, channel, purpose,
						 transactional);
}

/* The index of a zone among the binding's own, added when it is new. */
static int
BindZone(PolicyBinding *binding, const char *name)
{
	for (int i = 0; i < binding->nzones; i++)
		if (binding->zone_names[i] == name ||
			(binding->zone_names[i] != NULL && name != NULL &&
			 strcmp(binding->zone_names[i], name) == 0))
			return i;
	binding->zone_names[binding->nzones] = name;
	return binding->nzones++;
}

/* The first "only TIME" rule that this one is an alternative to. */
static int
AlternativeOf(const PolicyBinding *binding, int rule)
{
	const BoundRule *mine = &binding->rules[rule];
	const Policy *policy = &binding->policy;

	for (int i = 0; i < rule; i++)
	{
		const BoundRule *other = &binding->rules[i];

		if (other->clause->kind == CLAUSE_ONLY_TIME &&
			other->layer == mine->layer &&
			PolicySameScope(policy,
							policy->statements[other->statement].scope,
							policy->statements[mine->statement].scope))
			return i;
	}
	return rule;
}

/* Fill in what a rule that binds needs to know. */
static void
BindRule(PolicyBinding *binding, int statement, int clause_index, int rank,
		 int64_t weight)
{
	const Policy *policy = &binding->policy;
	int			number = binding->nrules++;
	BoundRule  *rule = &binding->rules[number];
	const PolicyClause *clause = &policy->clauses[clause_index];

	rule->clause = clause;
	rule->statement = statement;
	rule->clause_index = clause_index;
	rule->layer = policy->statements[statement].layer;
	rule->rank = rank;
	rule->kind = ClauseRuleKind(clause->kind);
	rule->looks = (rule->kind & (RULE_MAX | RULE_GAP | RULE_ONLY_WITHIN |
								 RULE_PAUSE)) != 0;
	rule->zone = BindZone(binding, PolicyZone(policy, rule->layer));
	rule->group = clause->kind == CLAUSE_ONLY_TIME ?
		AlternativeOf(binding, number) : number;
	rule->window.count = clause->units;
	rule->window.unit = clause->unit;
	rule->window.by = clause->by;
	rule->window.week_start = (uint8_t) PolicyWeekStart(policy, rule->layer);
	if (rule->kind != RULE_MAX)
		return;
	rule->sees_proposed = RuleLooksAt(binding, rule, binding->channel,
									  binding->purpose);
	if (!clause->weighed)
		rule->proposed_amount = 1;
	else if (weight != WEIGHT_NONE)
		rule->proposed_amount = weight;
	else
		rule->proposed_amount = PolicyWeight(policy, rule->layer,
											 binding->channel,
											 binding->purpose);
}

/* Bind the rules of one statement. */
static void
BindStatement(PolicyBinding *binding, int index, int64_t weight)
{
	const Policy *policy = &binding->policy;
	const PolicyStatement *statement = &policy->statements[index];
	bool		transactional;
	int			rank;

	if (statement->kind != STATEMENT_SCOPE)
		return;
	transactional = PolicyTransactional(policy, statement->layer,
										binding->channel, binding->purpose);
	rank = StatementRank(policy, statement, binding->channel,
						 binding->purpose, transactional);
	if (rank == NO_MATCH)
		return;
	for (int i = 0; i < statement->nclauses; i++)
	{
		int			clause = statement->first_clause + i;
		RuleKind	kind = ClauseRuleKind(policy->clauses[clause].kind);

		if (kind != RULE_NONE &&
			!RuleIsLifted(policy, statement->layer, rank, kind,
						  binding->channel, binding->purpose, transactional))
			BindRule(binding, index, clause, rank, weight);
	}
}

/* See verdict.h. */
PolicyBinding *
PolicyBind(const Policy *policy, const char *channel, const char *purpose,
		   int64_t weight, CoreError *err)
{
	const PolicyData *data = policy->data;
	PolicyBinding *binding;

	if (!PolicyKnows(policy, channel, purpose, err))
		return NULL;
	binding = CoreAllocZero(sizeof(PolicyBinding));
	binding->policy = *policy;
	binding->channel = channel;
	binding->purpose = purpose;
	binding->transactional = PolicyTransactional(policy, data->nlayers - 1,
												 channel, purpose);
	binding->rules = CoreAllocZero((size_t) (data->nclauses + 1) *
								   sizeof(BoundRule));
	binding->zone_names = CoreAllocZero((size_t) (data->nlayers + 1) *
										sizeof(char *));
	for (int i = 0; i < data->nstatements; i++)
	{
		CoreCheckInterrupts();
		BindStatement(binding, i, weight);
	}
	return binding;
}

/* A label of a history as a rule sees it. */
typedef struct LabelView
{
	bool		looks;
	Outcome		answer;			/* pauses: what is an answer */
	int64_t		amount;			/* of a contact without a weight of its own */
} LabelView;

static LabelView
ViewLabel(const PolicyBinding *binding, const BoundRule *rule,
		  const HistoryLabel *label)
{
	LabelView	view = {false, OUTCOME_OPENED, 1};

	view.looks = rule->looks &&
		RuleLooksAt(binding, rule, label->channel, label->purpose);
	if (!view.looks)
		return view;
	if (rule->kind == RULE_PAUSE)
		view.answer = PolicyAnswer(&binding->policy, rule->layer,
								   label->channel, label->purpose);
	if (rule->kind == RULE_MAX && rule->clause->weighed)
		view.amount = PolicyWeight(&binding->policy, rule->layer,
								   label->channel, label->purpose);
	return view;
}

/* What a rule sees in contacts of a kind. */
static uint8_t
KindSeen(const BoundRule *rule, const HistoryKind *kind,
		 const LabelView *label)
{
	uint8_t		seen = 0;

	if (!label->looks)
		return 0;
	if (OutcomeIsCounted(kind->outcome))
	{
		seen |= SEEN_COUNTED;
		if (kind->outcome != OUTCOME_PLANNED)
			seen |= SEEN_SENT;
	}
	if (kind->outcome == OUTCOME_EVENT)
		seen |= SEEN_EVENT;
	if (rule->clause->kind == CLAUSE_PAUSE_OUTCOME &&
		OutcomeReaches(kind->outcome, rule->clause->outcome))
		seen |= SEEN_OUTCOME;
	if ((rule->clause->kind == CLAUSE_PAUSE_UNANSWERED ||
		 rule->clause->kind == CLAUSE_PAUSE_NEVER_ANSWERED) &&
		OutcomeReaches(kind->outcome, label->answer))
		seen |= SEEN_ANSWERED;
	return seen;
}

/*
 * Fill the row of one rule; views has room for all labels.  A history may
 * have as many kinds as contacts: what follows from the label is worked out
 * once for each label.
 */
static void
FillKindRow(const PolicyBinding *binding, const BoundRule *rule,
			const HistoryDictionary *dictionary, LabelView *views,
			uint8_t *seen, int64_t *amount)
{
	bool		weighed = rule->kind == RULE_MAX && rule->clause->weighed;

	for (uint32_t l = 0; l < dictionary->nlabels; l++)
	{
		if (l % 256 == 0)
			CoreCheckInterrupts();
		views[l] = ViewLabel(binding, rule, &dictionary->labels[l]);
	}
	for (uint32_t k = 0; k < dictionary->nkinds; k++)
	{
		const HistoryKind *kind = &dictionary->kinds[k];
		const LabelView *view = &views[kind->label];

		seen[k] = KindSeen(rule, kind, view);
		amount[k] = weighed && kind->weight != WEIGHT_NONE ?
			kind->weight : view->amount;
	}
}

/* See verdict.h. */
KindTable *
KindTableFor(const PolicyBinding *binding, HistoryDictionary *dictionary)
{
	uint32_t	nkinds = dictionary->nkinds;
	size_t		nrules = (size_t) binding->nrules;
	KindTable  *table = CoreAllocZero(sizeof(KindTable) +
									  nrules * (sizeof(uint8_t *) +
												sizeof(int64_t *)) +
									  nrules * nkinds * sizeof(int64_t) +
									  nrules * nkinds);
	LabelView  *views = CoreAlloc((dictionary->nlabels + 1) *
								  sizeof(LabelView));
	int64_t    *amounts;
	uint8_t    *seens;

	table->nkinds = nkinds;
	table->dictionary = dictionary;
	table->amount = (int64_t **) (table + 1);
	table->seen = (uint8_t **) (table->amount + nrules);
	amounts = (int64_t *) (table->seen + nrules);
	seens = (uint8_t *) (amounts + nrules * nkinds);
	for (size_t r = 0; r < nrules; r++)
	{
		table->amount[r] = amounts + r * nkinds;
		table->seen[r] = seens + r * nkinds;
		FillKindRow(binding, &binding->rules[r], dictionary, views,
					table->seen[r], table->amount[r]);
	}
	CoreFree(views);
	return table;
}
