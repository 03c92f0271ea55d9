/*
 * policy_lint_ground.c
 *		The contacts on which policy_lint() judges a policy, and who of them is
 *		bound and seen by which rule.
 */
#include "policy/policy_lint.h"

#include <stdio.h>

/*
 * Steps (pattern matches, roughly) that building the ground and comparing on
 * it may take.  Policies written by people need a hundredth of it.
 */
#define GROUND_MAX_WORK		INT64_C(100000000)

/* Names that no policy and no history can hold. */
static const char *const unheard[2] = {"?", "??"};

typedef struct Names
{
	const char **names;
	int			n;
} Names;

/* Is the set empty? */
bool
SetIsEmpty(const uint64_t *set, int words)
{
	for (int i = 0; i < words; i++)
		if (set[i] != 0)
			return false;
	return true;
}

/* Is all of set in other? */
bool
SetWithin(const uint64_t *set, const uint64_t *other, int words)
{
	for (int i = 0; i < words; i++)
		if ((set[i] & ~other[i]) != 0)
			return false;
	return true;
}

/* Add a name that is not there yet; equal strings have equal addresses. */
static bool
AddName(Names *names, const char *name)
{
	for (int i = 0; i < names->n; i++)
		if (names->names[i] == name || strcmp(names->names[i], name) == 0)
			return false;
	names->names[names->n++] = name;
	return true;
}

/*
 * Add declared names that no pattern mentions: so many of them, and the
 * channel that has rules of its own.
 */
static void
AddDeclared(const Policy *policy, StatementKind kind, int count, Names *names)
{
	const PolicyStatement *declaration;

	declaration = PolicyDeclaration(policy, policy->data->nlayers - 1, kind);
	if (declaration == NULL)
		return;
	for (int i = 0; i < declaration->npatterns; i++)
	{
		const PolicyPattern *pattern =
			&policy->patterns[declaration->first_pattern + i];
		const char *name = PolicyText(policy, kind == STATEMENT_CHANNELS ?
									  pattern->channel : pattern->purpose);

		if (count > 0 || strcmp(name, CHANNEL_POST) == 0)
			count -= AddName(names, name);
	}
}

/* A purpose below another one, which no pattern mentions. */
static const char *
PurposeBelow(const char *purpose)
{
	size_t		length = strlen(purpose);
	char	   *below = CoreAlloc(length + 3);

	memcpy(below, purpose, length);
	strcpy(below + length, ".?");
	return below;
}

/* The channels and the purposes to judge by. */
static void
CollectNames(const Policy *policy, Names *channels, Names *purposes)
{
	bool		each_channel = false;
	bool		each_purpose = false;
	int			named;

	for (int i = 0; i < policy->data->nscopes; i++)
	{
		const PolicyScope *scope = &policy->scopes[i];

		for (int j = 0; j < scope->included + scope->excepted; j++)
		{
			const PolicyPattern *pattern = &policy->patterns[scope->first + j];

			if (pattern->channel != 0)
				AddName(channels, PolicyText(policy, pattern->channel));
			if (pattern->purpose != 0)
				AddName(purposes, PolicyText(policy, pattern->purpose));
			each_channel |= pattern->each_channel;
			each_purpose |= pattern->each_purpose;
		}
	}
	AddName(purposes, LABEL_DEFAULT_PURPOSE);
	AddDeclared(policy, STATEMENT_CHANNELS, each_channel ? 2 : 1, channels);
	AddDeclared(policy, STATEMENT_PURPOSES, each_purpose ? 2 : 1, purposes);
	named = purposes->n;
	for (int i = 0; each_purpose && i < named; i++)
		AddName(purposes, PurposeBelow(purposes->names[i]));
	for (int i = 0; i < (each_channel ? 2 : 1); i++)
		AddName(channels, unheard[i]);
	for (int i = 0; i < (each_purpose ? 2 : 1); i++)
		AddName(purposes, unheard[i]);
}

/* How specifically each statement's scope matches each contact. */
static void
RankStatements(Ground *ground)
{
	const Policy *policy = ground->policy;
	int			n = ground->ncontacts;
	bool	   *transactional = CoreAllocZero((size_t) n);
	int			layer = -1;

	ground->ranks = CoreAlloc(sizeof(int16_t) * (size_t) n *
							  (policy->data->nstatements + 1));
	for (int i = 0; i < policy->data->nstatements; i++)
	{
		const PolicyStatement *statement = &policy->statements[i];

		CoreCheckInterrupts();
		for (int c = 0; statement->layer != layer && c < n; c++)
			transactional[c] = PolicyTransactional(policy, statement->layer,
												   ground->channels[c],
												   ground->purposes[c]);
		layer = statement->layer;
		for (int c = 0; c < n; c++)
			ground->ranks[(size_t) i * n + c] = (int16_t)
				(statement->kind != STATEMENT_SCOPE ? NO_MATCH :
				 StatementRank(policy, statement, ground->channels[c],
							   ground->purposes[c], transactional[c]));
	}
	CoreFree(transactional);
}

/* Which rules bind each contact that can be proposed. */
static void
BindProposed(Ground *ground)
{
	const Policy *policy = ground->policy;
	int			nclauses = policy->data->nclauses;
	size_t		n;

	ground->proposed = CoreAlloc(sizeof(int) * (size_t) ground->ncontacts);
	ground->bindings = CoreAlloc(sizeof(PolicyBinding *) *
								 (size_t) ground->ncontacts);
	for (int c = 0; c < ground->ncontacts; c++)
	{
		CoreError	ignored;
		PolicyBinding *binding;

		CoreCheckInterrupts();
		binding = PolicyBind(policy, ground->channels[c], ground->purposes[c],
							 WEIGHT_NONE, &ignored);
		if (binding == NULL)
			continue;			/* no declared channel or purpose */
		ground->proposed[ground->nproposed] = c;
		ground->bindings[ground->nproposed++] = binding;
	}

	n = (size_t) ground->nproposed;
	ground->proposed_words = ground->nproposed / 64 + 1;
	ground->binds = CoreAllocZero(sizeof(uint64_t *) *
								  (size_t) (nclauses + 1));
	ground->bound = CoreAlloc(sizeof(int) * (n + 1) * (size_t) (nclauses + 1));
	for (int i = 0; i < nclauses; i++)
	{
		ground->binds[i] = CoreAllocZero(sizeof(uint64_t) *
										 (size_t) ground->proposed_words);
		for (size_t p = 0; p < n; p++)
			ground->bound[(size_t) i * n + p] = NOT_BOUND;
	}
	for (size_t p = 0; p < n; p++)
		for (int r = 0; r < ground->bindings[p]->nrules; r++)
		{
			int			clause = ground->bindings[p]->rules[r].clause_index;

			ground->bound[(size_t) clause * n + p] = r;
			SetAdd(ground->binds[clause], (int) p);
		}
}

/* Does the scope that a clause looks at compare contacts by "each"? */
static bool
LookVaries(const Ground *ground, int clause)
{
	const Policy *policy = ground->policy;
	const PolicyScope *scope;
	bool		varies = false;

	scope = &policy->scopes[policy->clauses[clause].look == LOOK_OWN ?
							StatementOf(ground, clause)->scope :
							policy->clauses[clause].look_scope];
	for (int i = 0; i < scope->included; i++)
		varies |= policy->patterns[scope->first + i].each_channel ||
			policy->patterns[scope->first + i].each_purpose;
	return varies;
}

/* Which contacts a clause looks at. */
static void
LookAround(Ground *ground, int clause)
{
	int			nsets;
	uint64_t   *sets;

	ground->look_varies[clause] = LookVaries(ground, clause);
	nsets = ground->look_varies[clause] ? ground->nproposed : 1;
	for (int p = 0; p < ground->nproposed; p++)
	{
		const BoundRule *rule = BoundAt(ground, clause, p);

		if (rule == NULL)
			continue;
		if (!rule->looks)
			return;
		if (ground->looks[clause] == NULL)
			ground->looks[clause] = CoreAllocZero(sizeof(uint64_t) *
												  (size_t) ground->words *
												  (size_t) nsets);
		sets = ground->looks[clause];
		if (ground->look_varies[clause])
			sets += (size_t) p * ground->words;
		for (int c = 0; c < ground->ncontacts; c++)
			if (RuleLooksAt(ground->bindings[p], rule, ground->channels[c],
							ground->purposes[c]))
				SetAdd(sets, c);
		if (!ground->look_varies[clause])
			return;
	}
}

/*
 * What an "only TIME" rule and its alternatives close together, when none of
 * them has dates of its own.
 */
static WeekSet *
GroupWeek(const PolicyBinding *binding, int group)
{
	WeekSet    *closed;

	for (int r = group; r < binding->nrules; r++)
		if (binding->rules[r].group == group &&
			binding->rules[r].clause->during.given)
			return NULL;
	closed = CoreAllocZero(sizeof(WeekSet));
	RuleClosedWeek(binding, group, closed);
	return closed;
}

/* What a clause closes in a week. */
static void
CloseWeek(Ground *ground, int clause_index)
{
	const PolicyClause *clause = &ground->policy->clauses[clause_index];
	const BoundRule *rule = NULL;
	WeekSet		named;

	ground->heads[clause_index] = clause_index;
	if ((ClauseRuleKind((ClauseKind) clause->kind) &
		 (RULE_CLOCK | RULE_DAY)) == 0 || clause->on.given)
		return;
	if (clause->kind != CLAUSE_ONLY_TIME)
	{
		ground->weeks[clause_index] = CoreAllocZero(sizeof(WeekSet));
		ClauseWeek(clause, &named);
		if (clause->kind == CLAUSE_ONLY_ON)
			WeekAddOthers(ground->weeks[clause_index], &named);
		else
			*ground->weeks[clause_index] = named;
		return;
	}
	/* a group has one scope and layer: all of it binds, or none */
	for (int p = 0; rule == NULL && p < ground->nproposed; p++)
	{
		rule = BoundAt(ground, clause_index, p);
		if (rule == NULL)
			continue;
		ground->heads[clause_index] =
			ground->bindings[p]->rules[rule->group].clause_index;
		if (ground->heads[clause_index] == clause_index)
			ground->weeks[clause_index] = GroupWeek(ground->bindings[p],
													rule->group);
	}
}

/*
 * The work that building this ground and comparing on it takes, about; it
 * bounds the memory as well.
 */
static int64_t
GroundWork(const Ground *ground)
{
	const PolicyData *data = ground->policy->data;
	int64_t		contacts = ground->ncontacts;
	int64_t		clauses = data->nclauses;
	int64_t		each = data->nstatements + 32;
	int64_t		work = contacts * clauses * each;

	for (int i = 0; i < data->nclauses; i++)
		if (LookVaries(ground, i))
			work += contacts * contacts * each;
	return work + clauses * clauses * (contacts / 8 + 1);
}

/* See policy_lint.h. */
Ground *
GroundFor(const Policy *policy)
{
	const PolicyData *data = policy->data;
	Ground	   *ground = CoreAllocZero(sizeof(Ground));
	size_t		most = 2 * (size_t) data->npatterns + 8;
	Names		channels = {CoreAlloc(sizeof(char *) * most), 0};
	Names		purposes = {CoreAlloc(sizeof(char *) * most), 0};

	ground->policy = policy;
	ground->statement_of = CoreAllocZero(sizeof(int) *
										 (size_t) (data->nclauses + 1));
	for (int i = 0; i < data->nstatements; i++)
		for (int j = 0; j < policy->statements[i].nclauses; j++)
			ground->statement_of[policy->statements[i].first_clause + j] = i;

	CollectNames(policy, &channels, &purposes);
	ground->ncontacts = channels.n * purposes.n;
	if (GroundWork(ground) > GROUND_MAX_WORK)
		return NULL;
	ground->words = ground->ncontacts / 64 + 1;
	ground->channels = CoreAlloc(sizeof(char *) * (size_t) ground->ncontacts);
	ground->purposes = CoreAlloc(sizeof(char *) * (size_t) ground->ncontacts);
	for (int c = 0; c < ground->ncontacts; c++)
	{
		ground->channels[c] = channels.names[c / purposes.n];
		ground->purposes[c] = purposes.names[c % purposes.n];
	}
	RankStatements(ground);
	BindProposed(ground);
	ground->looks = CoreAllocZero(sizeof(uint64_t *) *
								  (size_t) (data->nclauses + 1));
	ground->look_varies = CoreAllocZero((size_t) data->nclauses + 1);
	ground->heads = CoreAllocZero(sizeof(int) * (size_t) (data->nclauses + 1));
	ground->weeks = CoreAllocZero(sizeof(WeekSet *) *
								  (size_t) (data->nclauses + 1));
	for (int i = 0; i < data->nclauses; i++)
	{
		CoreCheckInterrupts();
		LookAround(ground, i);
		CloseWeek(ground, i);
	}
	return ground;
}

/* See policy_lint.h. */
const BoundRule *
BoundAt(const Ground *ground, int clause, int p)
{
	int			rule = ground->bound[(size_t) clause * ground->nproposed + p];

	return rule == NOT_BOUND ? NULL : &ground->bindings[p]->rules[rule];
}

/* See policy_lint.h. */
const uint64_t *
LookAt(const Ground *ground, int clause, int p)
{
	const uint64_t *sets = ground->looks[clause];

	return ground->look_varies[clause] ? sets + (size_t) p * ground->words :
		sets;
}
