/*
 * policy_core.c
 *		The compiled policy: made from text, joined, checked when opened.
 */
#include "policy/policy_build.h"

#include <stdio.h>

/* What a clause can print at most; see TextFits(). */
#define LAYER_TEXT_MAX		(8 + LABEL_NAME_MAX)
#define STATEMENT_TEXT_MAX	80
#define PATTERN_TEXT_MAX	(3 + LABEL_NAME_MAX + 1 + LABEL_PURPOSE_MAX + 5)
#define CLAUSE_TEXT_MAX		400

/* The rule kind of a clause; RULE_NONE for what is no rule. */
RuleKind
ClauseRuleKind(ClauseKind kind)
{
	switch (kind)
	{
		case CLAUSE_MAX:
			return RULE_MAX;
		case CLAUSE_GAP:
			return RULE_GAP;
		case CLAUSE_ONLY_WITHIN:
			return RULE_ONLY_WITHIN;
		case CLAUSE_QUIET:
		case CLAUSE_ONLY_TIME:
			return RULE_CLOCK;
		case CLAUSE_ONLY_ON:
		case CLAUSE_NOT_ON:
			return RULE_DAY;
		case CLAUSE_PAUSE_UNANSWERED:
		case CLAUSE_PAUSE_NEVER_ANSWERED:
		case CLAUSE_PAUSE_OUTCOME:
			return RULE_PAUSE;
		case CLAUSE_NEVER:
			return RULE_NEVER;
		case CLAUSE_CONSENT:
			return RULE_CONSENT;
		case CLAUSE_TRANSACTIONAL:
		case CLAUSE_EXEMPT:
		case CLAUSE_UNCOUNTED:
		case CLAUSE_OVERRIDE:
		case CLAUSE_WEIGHT:
		case CLAUSE_ANSWER:
			break;
	}
	return RULE_NONE;
}

/* How many of a unit are a thousand years. */
int32_t
CalendarUnitLimit(CalendarUnit unit)
{
	switch (unit)
	{
		case UNIT_DAY:
			return SPAN_MAX_DAYS;
		case UNIT_WEEK:
			return SPAN_MAX_DAYS / 7;
		case UNIT_MONTH:
			return SPAN_MAX_MONTHS;
		case UNIT_QUARTER:
			return SPAN_MAX_MONTHS / 3;
		case UNIT_YEAR:
			return SPAN_MAX_MONTHS / 12;
		case UNIT_NONE:
			break;
	}
	return 0;
}

/* --- the layout of the block */

/* Layer names are padded, so that the records behind them are aligned. */
static size_t
LayersSize(int nlayers)
{
	return ((size_t) nlayers * sizeof(PolicyString) + 7) & ~(size_t) 7;
}

/* What the counts of a block say its size is. */
static size_t
BlockSize(const PolicyData *data)
{
	return sizeof(PolicyData) + LayersSize(data->nlayers) +
		data->nstatements * sizeof(PolicyStatement) +
		data->nscopes * sizeof(PolicyScope) +
		data->npatterns * sizeof(PolicyPattern) +
		data->nclauses * sizeof(PolicyClause) +
		data->pool_length;
}

/* Point into a block whose size is right. */
static void
PointInto(const PolicyData *data, Policy *policy)
{
	policy->data = data;
	policy->layers = (const PolicyString *) (data + 1);
	policy->statements = (const PolicyStatement *)
		((const char *) (data + 1) + LayersSize(data->nlayers));
	policy->scopes = (const PolicyScope *)
		(policy->statements + data->nstatements);
	policy->patterns = (const PolicyPattern *)
		(policy->scopes + data->nscopes);
	policy->clauses = (const PolicyClause *)
		(policy->patterns + data->npatterns);
	policy->pool = (const char *) (policy->clauses + data->nclauses);
}

/* --- opening: nothing in a stored block is taken on trust */

/* The names: printable, NUL-terminated. */
static bool
CheckPool(const Policy *policy)
{
	uint32_t	length = policy->data->pool_length;

	if (length == 0 || policy->pool[0] != '\0' ||
		policy->pool[length - 1] != '\0')
		return false;
	for (uint32_t i = 1; i < length; i++)
	{
		char		c = policy->pool[i];

		if (c != '\0' && (c < 0x21 || c > 0x7e))
			return false;
	}
	return true;
}

/* Does the string begin where a string of the pool does? */
static bool
CheckString(const Policy *policy, PolicyString string)
{
	return string == 0 ||
		(string < policy->data->pool_length &&
		 policy->pool[string - 1] == '\0' && policy->pool[string] != '\0');
}

/* Layers and statements, which own the clauses one after the other. */
static bool
CheckStatements(const Policy *policy)
{
	const PolicyData *data = policy->data;
	int			layer = 0;
	int			clause = 0;

	for (int i = 0; i < data->nlayers; i++)
		if (!CheckString(policy, policy->layers[i]) ||
			(policy->layers[i] == 0 && i > 0))
			return false;
	for (int i = 0; i < data->nstatements; i++)
	{
		const PolicyStatement *statement = &policy->statements[i];
		bool		is_scope = statement->kind == STATEMENT_SCOPE;

		if (statement->kind < STATEMENT_ZONE ||
			statement->kind > STATEMENT_SCOPE || statement->week_start > 6 ||
			statement->layer < layer || statement->layer >= data->nlayers ||
			(is_scope ? statement->scope >= data->nscopes :
			 statement->scope != 0) ||
			statement->first_clause != clause ||
			statement->nclauses > data->nclauses - clause ||
			(statement->nclauses > 0) != is_scope ||
			statement->first_pattern > data->npatterns ||
			statement->npatterns >
			data->npatterns - statement->first_pattern ||
			!CheckString(policy, statement->string))
			return false;
		layer = statement->layer;
		clause += statement->nclauses;
	}
	return clause == data->nclauses;
}

/* Scopes and their patterns. */
static bool
CheckScopes(const Policy *policy)
{
	const PolicyData *data = policy->data;

	for (int i = 0; i < data->nscopes; i++)
	{
		const PolicyScope *scope = &policy->scopes[i];

		if (scope->included == 0 ||
			scope->first + scope->included + scope->excepted >
			data->npatterns || scope->unused != 0)
			return false;
	}
	for (int i = 0; i < data->npatterns; i++)
	{
		const PolicyPattern *pattern = &policy->patterns[i];

		if (!CheckString(policy, pattern->channel) ||
			!CheckString(policy, pattern->purpose) ||
			pattern->each_channel > 1 || pattern->each_purpose > 1 ||
			pattern->marketing > 1 ||
			pattern->parts > LABEL_PURPOSE_MAX / 2 + 1)
			return false;
	}
	return true;
}

/* A duration, or none at all. */
static bool
CheckSpan(const Span *span)
{
	return span->months >= 0 && span->months <= SPAN_MAX_MONTHS &&
		span->days >= 0 && span->days <= SPAN_MAX_DAYS &&
		span->micros >= 0 && span->micros <= SPAN_MAX_MICROS &&
		span->micros % 1000 == 0;
}

/* Dates, or none at all. */
static bool
CheckDates(const PolicyDates *dates)
{
	int32_t		least = dates->yearly ? 101 : DateFromCivil(1, 1, 1);
	int32_t		most = dates->yearly ? 1231 : DateFromCivil(9999, 12, 31);

	if (dates->given > 1 || dates->yearly > 1 || dates->outside > 1 ||
		dates->unused != 0)
		return false;
	if (!dates->given)
		return dates->from == 0 && dates->to == 0;
	return dates->from >= least && dates->from <= dates->to &&
		dates->to <= most;
}

/* What every clause has, whatever its kind. */
static bool
CheckClause(const Policy *policy, const PolicyClause *clause)
{
	static const PolicyClause zero;

	return clause->kind >= CLAUSE_MAX && clause->kind <= CLAUSE_ANSWER &&
		clause->amount >= 0 &&
		clause->amount <= POLICY_MAX_COUNT * WEIGHT_ONE &&
		CheckSpan(&clause->window) && CheckSpan(&clause->span) &&
		CheckSpan(&clause->age) &&
		CheckDates(&clause->on) && CheckDates(&clause->during) &&
		clause->window_kind <= WINDOW_EVER &&
		clause->unit <= UNIT_YEAR && clause->by <= UNIT_YEAR &&
		(clause->window_kind == WINDOW_CALENDAR) == (clause->unit != 0) &&
		(clause->by == 0 || clause->by > clause->unit) &&
		clause->units >= (clause->unit != 0) &&
		clause->units <= CalendarUnitLimit((CalendarUnit) clause->unit) &&
		clause->look <= LOOK_AFTER &&
		(clause->look == LOOK_OWN ? clause->look_scope == 0 :
		 clause->look_scope < policy->data->nscopes) &&
		clause->from_minute <= 1440 && clause->to_minute <= 1440 &&
		clause->weighed <= 1 && clause->days <= 0x7f &&
		clause->outcome < OUTCOME_COUNT &&
		(clause->kind != CLAUSE_ANSWER ||
		 (clause->outcome >= OUTCOME_SENT &&
		  clause->outcome <= OUTCOME_CONVERTED)) &&
		memcmp(clause->unused, zero.unused, sizeof(zero.unused)) == 0;
}

/* Check a stored block and point into it; see policy.h. */
bool
PolicyOpen(const void *block, size_t size, Policy *policy, CoreError *err)
{
	const PolicyData *data = block;
	bool		sound;

	if (size >= sizeof(PolicyData) && data->version != POLICY_VERSION)
	{
		CoreFail(err, CORE_CORRUPTED,
				 "contact_policy has version %d, which is not known here",
				 data->version);
		CoreHint(err, "It was written by another version of "
				 "contact_pressure; update the extension.");
		return false;
	}
	sound = size >= sizeof(PolicyData) &&
		data->flags == 0 && data->unused == 0 &&
		data->nlayers <= POLICY_MAX_LAYERS &&
		data->nstatements <= POLICY_MAX_RECORDS &&
		data->nscopes <= POLICY_MAX_RECORDS &&
		data->npatterns <= POLICY_MAX_RECORDS &&
		data->nclauses <= POLICY_MAX_RECORDS &&
		data->pool_length <= POLICY_MAX_TEXT &&
		size == BlockSize(data);
	if (sound)
	{
		PointInto(data, policy);
		sound = CheckPool(policy) && CheckStatements(policy) &&
			CheckScopes(policy);
		for (int i = 0; sound && i < data->nclauses; i++)
			sound = CheckClause(policy, &policy->clauses[i]);
	}
	if (!sound)
		CoreFail(err, CORE_CORRUPTED, "contact_policy is damaged");
	return sound;
}

/* --- making one */

/* Copy records behind those already in the block. */
static char *
Append(char *place, const void *records, size_t size)
{
	if (size > 0)
		memcpy(place, records, size);
	return place + size;
}

/* Put what was gathered into one block. */
static PolicyData *
MakeBlock(const PolicyBuilder *builder, size_t *size)
{
	PolicyData	counts = {0};
	PolicyData *data;
	char	   *place;

	counts.version = POLICY_VERSION;
	counts.nlayers = (uint16_t) builder->nlayers;
	counts.nstatements = (uint16_t) builder->nstatements;
	counts.nscopes = (uint16_t) builder->nscopes;
	counts.npatterns = (uint16_t) builder->npatterns;
	counts.nclauses = (uint16_t) builder->nclauses;
	counts.pool_length = (uint32_t) builder->pool.length;
	*size = BlockSize(&counts);
	data = CoreAllocZero(*size);
	*data = counts;
	place = (char *) (data + 1);
	Append(place, builder->layers,
		   (size_t) builder->nlayers * sizeof(PolicyString));
	place += LayersSize(builder->nlayers);
	place = Append(place, builder->statements,
				   (size_t) builder->nstatements * sizeof(PolicyStatement));
	place = Append(place, builder->scopes,
				   (size_t) builder->nscopes * sizeof(PolicyScope));
	place = Append(place, builder->patterns,
				   (size_t) builder->npatterns * sizeof(PolicyPattern));
	place = Append(place, builder->clauses,
				   (size_t) builder->nclauses * sizeof(PolicyClause));
	Append(place, builder->pool.data, builder->pool.length);
	return data;
}

/*
 * Does the canonical text fit into what can be read back?  It may be longer
 * than the text that was given ("a|b" is written "a | b").
 */
static bool
TextFits(PolicyBuilder *builder, const Policy *policy)
{
	const PolicyData *data = policy->data;
	CoreText	text;
	bool		fits;

	if (data->nlayers * LAYER_TEXT_MAX +
		data->nstatements * STATEMENT_TEXT_MAX +
		data->npatterns * PATTERN_TEXT_MAX +
		data->nclauses * CLAUSE_TEXT_MAX <= POLICY_MAX_TEXT)
		return true;
	CoreTextInit(&text);
	PolicyWrite(policy, &text);
	fits = text.length <= POLICY_MAX_TEXT;
	CoreFree(text.data);
	return fits ||
		PolicyTooMany(builder, "bytes of text", POLICY_MAX_TEXT);
}

/* Are the patterns from first on of declared channels and purposes? */
static bool
CheckDeclared(PolicyBuilder *builder, const Policy *policy, int layer,
			  int first, int n)
{
	for (int i = first; i < first + n; i++)
	{
		const PolicyPattern *pattern = &policy->patterns[i];
		int			token = builder->pattern_tokens[i];
		CoreError	why;

		if (pattern->channel != 0 &&
			!PolicyKnowsName(policy, layer, STATEMENT_CHANNELS,
							 PolicyText(policy, pattern->channel), &why))
			return PolicyFailBecause(builder, token, &why,
									 "Use a declared channel.");
		/* a purpose stands two tokens on, behind the "/" */
		if (pattern->purpose != 0 &&
			!PolicyKnowsName(policy, layer, STATEMENT_PURPOSES,
							 PolicyText(policy, pattern->purpose), &why))
			return PolicyFailBecause(builder, token + 2, &why,
									 "Use a declared purpose.");
	}
	return true;
}

/* The same for a scope. */
static bool
CheckScopeDeclared(PolicyBuilder *builder, const Policy *policy, int layer,
				   int index)
{
	const PolicyScope *scope = &policy->scopes[index];

	return CheckDeclared(builder, policy, layer, scope->first,
						 scope->included + scope->excepted);
}

/* The same for all of them, each in its layer. */
static bool
CheckAllDeclared(PolicyBuilder *builder, const Policy *policy)
{
	for (int i = 0; i < policy->data->nstatements; i++)
	{
		const PolicyStatement *statement = &policy->statements[i];

		if (statement->kind != STATEMENT_SCOPE)
			continue;
		if (!CheckScopeDeclared(builder, policy, statement->layer,
								statement->scope))
			return false;
		for (int j = 0; j < statement->nclauses; j++)
		{
			const PolicyClause *clause =
				&policy->clauses[statement->first_clause + j];

			if (clause->look != LOOK_OWN &&
				!CheckScopeDeclared(builder, policy, statement->layer,
									clause->look_scope))
				return false;
		}
	}
	return true;
}

/* The checks that need the whole; the block, or NULL. */
static PolicyData *
Finish(PolicyBuilder *builder, size_t *size)
{
	PolicyData *data = MakeBlock(builder, size);
	Policy		policy;

	PointInto(data, &policy);
	if (CheckAllDeclared(builder, &policy) && TextFits(builder, &policy))
		return data;
	CoreFree(data);
	return NULL;
}

/* Compile a text; see policy.h. */
PolicyData *
PolicyParse(const char *text, size_t length, size_t *size, CoreError *err)
{
	PolicyBuilder builder;
	PolicyData *data = NULL;

	BuildBegin(&builder, err);
	builder.text = text;
	builder.length = length;
	if (length > POLICY_MAX_TEXT)
		PolicyTooMany(&builder, "bytes of text", POLICY_MAX_TEXT);
	else
	{
		PolicyScan(&builder);
		if (PolicyParseTokens(&builder))
			data = Finish(&builder, size);
	}
	BuildEnd(&builder);
	return data;
}

/* --- joining two */

/* Is there a layer of this name in a policy? */
static bool
HasLayer(const Policy *policy, const char *name)
{
	for (int i = 0; i < policy->data->nlayers; i++)
		if (strcmp(PolicyText(policy, policy->layers[i]), name) == 0)
			return true;
	return false;
}

/* The name of the n-th layer when it has none of its own. */
static void
OrdinalName(char name[LABEL_NAME_MAX + 1], int n)
{
	snprintf(name, LABEL_NAME_MAX + 1, "layer-%d", n);
}

/*
 * The name that a layer of b has behind those of a.  An unnamed one is named
 * by its place, layer-2; one that has such a name from an earlier join gets
 * that of its new place, so that (a || b) || c equals a || (b || c).
 */
static bool
JoinLayer(PolicyBuilder *builder, const Policy *a, const Policy *b,
		  int layer)
{
	const char *own = PolicyText(b, b->layers[layer]);
	int			place = a->data->nlayers + layer + 1;
	char		name[LABEL_NAME_MAX + 1];

	OrdinalName(name, layer + 1);
	if (own[0] != '\0' && (layer == 0 || strcmp(own, name) != 0))
		return BuildAddLayer(builder, own);
	OrdinalName(name, place);
	while (HasLayer(a, name))
		OrdinalName(name, ++place);
	return BuildAddLayer(builder, name);
}

/* Append patterns of another policy; their strings move to this pool. */
static bool
JoinPatterns(PolicyBuilder *builder, const Policy *from, int first, int n)
{
	for (int i = first; i < first + n; i++)
	{
		PolicyPattern pattern = from->patterns[i];
		const char *channel = PolicyText(from, pattern.channel);
		const char *purpose = PolicyText(from, pattern.purpose);

		if (!BuildString(builder, channel, strlen(channel),
						 &pattern.channel) ||
			!BuildString(builder, purpose, strlen(purpose),
						 &pattern.purpose) ||
			!BuildAddPattern(builder, &pattern, NO_TOKEN))
			return false;
	}
	return true;
}

/* Append a scope of another policy. */
static bool
JoinScope(PolicyBuilder *builder, const Policy *from, int index, int *scope)
{
	const PolicyScope *old = &from->scopes[index];
	int			first = builder->npatterns;

	return JoinPatterns(builder, from, old->first,
						old->included + old->excepted) &&
		BuildScope(builder, first, first + old->included, scope);
}

/*
 * Append a statement of another policy, everything in the order in which the
 * parser would have it: equal text has equal bytes.
 */
static bool
JoinStatement(PolicyBuilder *builder, const Policy *from,
			  const PolicyStatement *old)
{
	const char *string = PolicyText(from, old->string);
	int			first_pattern = builder->npatterns;
	int			scope = 0;
	PolicyStatement *statement;

	if (old->kind == STATEMENT_SCOPE &&
		!JoinScope(builder, from, old->scope, &scope))
		return false;
	statement = BuildAddStatement(builder, (StatementKind) old->kind);
	if (statement == NULL)
		return false;
	statement->scope = (uint16_t) scope;
	statement->week_start = old->week_start;
	statement->npatterns = old->npatterns;
	if (old->npatterns > 0)
		statement->first_pattern = (uint16_t) first_pattern;
	if (!BuildString(builder, string, strlen(string), &statement->string) ||
		!JoinPatterns(builder, from, old->first_pattern, old->npatterns))
		return false;
	for (int i = 0; i < old->nclauses; i++)
	{
		PolicyClause clause = from->clauses[old->first_clause + i];

		if (clause.look != LOOK_OWN)
		{
			if (!JoinScope(builder, from, clause.look_scope, &scope))
				return false;
			clause.look_scope = (uint16_t) scope;
		}
		if (!BuildAddClause(builder, &clause))
			return false;
	}
	return true;
}

/* Append the layers of b to those of a that are there already. */
static bool
JoinLayers(PolicyBuilder *builder, const Policy *a, const Policy *b)
{
	int			next = 0;

	for (int layer = 0; layer < b->data->nlayers; layer++)
	{
		bool		added = a == NULL ?
			BuildAddLayer(builder, PolicyText(b, b->layers[layer])) :
			JoinLayer(builder, a, b, layer);

		if (!added)
			return false;
		for (; next < b->data->nstatements &&
			 b->statements[next].layer == layer; next++)
			if (!JoinStatement(builder, b, &b->statements[next]))
				return false;
	}
	return true;
}

/* a || b; see policy.h. */
PolicyData *
PolicyJoin(const Policy *a, const Policy *b, size_t *size, CoreError *err)
{
	PolicyBuilder builder;
	PolicyData *data = NULL;

	BuildBegin(&builder, err);
	if (a->data->nlayers == 0)
	{
		a = b;
		b = NULL;
	}
	if (JoinLayers(&builder, NULL, a) &&
		(b == NULL || JoinLayers(&builder, a, b)))
		data = Finish(&builder, size);
	BuildEnd(&builder);
	return data;
}
