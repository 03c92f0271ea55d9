/*
 * policy_build.c
 *		Gathers a policy's records: layers, statements, scopes, patterns.
 *
 * One function for each production that has something to check.  They take
 * tokens by their index, so that an error can say where it is.  What is in a
 * clause is in policy_clause.c.
 */
#include "policy/policy_build.h"

#include "policy/policy_gram.h"

/* --- records */

/* Start with nothing. */
void
BuildBegin(PolicyBuilder *builder, CoreError *err)
{
	memset(builder, 0, sizeof(*builder));
	builder->err = err;
	builder->string_space = 64;
	builder->strings = CoreAllocZero(builder->string_space *
									 sizeof(PolicyString));
	CoreTextInit(&builder->pool);
	CoreTextAppend(&builder->pool, "", 1);
}

/* Release everything. */
void
BuildEnd(PolicyBuilder *builder)
{
	CoreFree(builder->tokens);
	CoreFree(builder->statements);
	CoreFree(builder->scopes);
	CoreFree(builder->patterns);
	CoreFree(builder->pattern_tokens);
	CoreFree(builder->clauses);
	CoreFree(builder->strings);
	CoreFree(builder->pool.data);
}

/* An array with room for one record more. */
static void *
Room(void *records, int n, int *space, size_t size)
{
	if (n < *space)
		return records;
	*space = *space * 2 + 16;
	return CoreRealloc(records, (size_t) *space * size);
}

/* Where a string is in the hash table, or where it would be. */
static PolicyString *
FindString(PolicyBuilder *builder, const char *text, size_t length)
{
	uint32_t	hash = UINT32_C(2166136261);	/* FNV-1a */
	PolicyString *slot;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char) text[i]) * UINT32_C(16777619);
	for (;; hash++)
	{
		const char *there;

		slot = &builder->strings[hash & (builder->string_space - 1)];
		there = builder->pool.data + *slot;
		if (*slot == 0 ||
			(strncmp(there, text, length) == 0 && there[length] == '\0'))
			return slot;
	}
}

/* Double the hash table. */
static void
GrowStrings(PolicyBuilder *builder)
{
	const char *text = builder->pool.data + 1;
	const char *end = builder->pool.data + builder->pool.length;

	CoreFree(builder->strings);
	builder->string_space *= 2;
	builder->strings = CoreAllocZero(builder->string_space *
									 sizeof(PolicyString));
	for (; text < end; text += strlen(text) + 1)
		*FindString(builder, text, strlen(text)) =
			(PolicyString) (text - builder->pool.data);
}

/* A string's place in the pool; see policy_build.h. */
bool
BuildString(PolicyBuilder *builder, const char *text, size_t length,
			PolicyString *string)
{
	PolicyString *slot;

	*string = 0;
	if (length == 0)
		return true;
	if (builder->nstrings * 2 >= builder->string_space)
		GrowStrings(builder);
	slot = FindString(builder, text, length);
	if (*slot == 0)
	{
		if (builder->pool.length + length + 1 > POLICY_MAX_TEXT)
			return PolicyTooMany(builder, "bytes of names", POLICY_MAX_TEXT);
		*slot = (PolicyString) builder->pool.length;
		CoreTextAppend(&builder->pool, text, length);
		CoreTextAppend(&builder->pool, "", 1);
		builder->nstrings++;
	}
	*string = *slot;
	return true;
}

/* Append a layer. */
bool
BuildAddLayer(PolicyBuilder *builder, const char *name)
{
	if (builder->nlayers == POLICY_MAX_LAYERS)
		return PolicyTooMany(builder, "layers", POLICY_MAX_LAYERS);
	return BuildString(builder, name, strlen(name),
					   &builder->layers[builder->nlayers++]);
}

/* Append a statement to the last layer; NULL when there are too many. */
PolicyStatement *
BuildAddStatement(PolicyBuilder *builder, StatementKind kind)
{
	PolicyStatement *statement;

	if (builder->nlayers == 0)
		BuildAddLayer(builder, "");
	if (builder->nstatements == POLICY_MAX_RECORDS)
	{
		PolicyTooMany(builder, "statements", POLICY_MAX_RECORDS);
		return NULL;
	}
	builder->statements = Room(builder->statements, builder->nstatements,
							   &builder->statement_space,
							   sizeof(PolicyStatement));
	statement = &builder->statements[builder->nstatements++];
	memset(statement, 0, sizeof(*statement));
	statement->kind = (uint8_t) kind;
	statement->layer = (uint16_t) (builder->nlayers - 1);
	statement->first_clause = (uint16_t) builder->nclauses;
	return statement;
}

/* Append a pattern that stands at a token. */
bool
BuildAddPattern(PolicyBuilder *builder, const PolicyPattern *pattern,
				int token)
{
	int			space = builder->pattern_space;

	if (builder->npatterns == POLICY_MAX_RECORDS)
		return PolicyTooMany(builder, "patterns", POLICY_MAX_RECORDS);
	builder->pattern_tokens = Room(builder->pattern_tokens,
								   builder->npatterns, &space, sizeof(int));
	builder->patterns = Room(builder->patterns, builder->npatterns,
							 &builder->pattern_space, sizeof(PolicyPattern));
	builder->pattern_tokens[builder->npatterns] = token;
	builder->patterns[builder->npatterns++] = *pattern;
	return true;
}

/* Append the scope made of the patterns from first on. */
bool
BuildScope(PolicyBuilder *builder, int first, int excepted, int *scope)
{
	PolicyScope *added;

	if (builder->nscopes == POLICY_MAX_RECORDS)
		return PolicyTooMany(builder, "scopes", POLICY_MAX_RECORDS);
	builder->scopes = Room(builder->scopes, builder->nscopes,
						   &builder->scope_space, sizeof(PolicyScope));
	*scope = builder->nscopes++;
	added = &builder->scopes[*scope];
	memset(added, 0, sizeof(*added));
	added->first = (uint16_t) first;
	added->included = (uint16_t) (excepted - first);
	added->excepted = (uint16_t) (builder->npatterns - excepted);
	return true;
}

/* Append a clause to the last statement. */
bool
BuildAddClause(PolicyBuilder *builder, const PolicyClause *clause)
{
	if (builder->nclauses == POLICY_MAX_RECORDS)
		return PolicyTooMany(builder, "clauses", POLICY_MAX_RECORDS);
	builder->clauses = Room(builder->clauses, builder->nclauses,
							&builder->clause_space, sizeof(PolicyClause));
	builder->clauses[builder->nclauses++] = *clause;
	builder->statements[builder->nstatements - 1].nclauses++;
	return true;
}

/* --- names */

/* The name a token spells, folded. */
static bool
TokenName(PolicyBuilder *builder, int token, char name[LABEL_NAME_MAX + 1])
{
	CoreError	why;

	if (TokenLength(builder, token) > LABEL_NAME_MAX)
	{
		PolicyFail(builder, token, "the name has %zu characters",
				   TokenLength(builder, token));
		CoreHint(builder->err, "Shorten it to %d characters or less.",
				 LABEL_NAME_MAX);
		return false;
	}
	return LabelChannel(TokenText(builder, token),
						TokenLength(builder, token), name, &why) ||
		PolicyFailBecause(builder, token, &why, "Choose another name.");
}

/* --- statements */

/* Are we in the layer of the person's own preferences? */
bool
BuildInPreferences(const PolicyBuilder *builder)
{
	return builder->nlayers > 0 &&
		strcmp(builder->pool.data + builder->layers[builder->nlayers - 1],
			   PREFERENCES) == 0;
}

/* Refuse a statement that is not for the person to make. */
static bool
CheckPreferences(PolicyBuilder *builder, int token)
{
	return !BuildInPreferences(builder) ||
		PolicyFailInPreferences(builder, token);
}

/* layer NAME */
bool
BuildLayer(PolicyBuilder *builder, int name)
{
	char		folded[LABEL_NAME_MAX + 1];

	return TokenName(builder, name, folded) && BuildAddLayer(builder, folded);
}

/* zone NAME, kept in its canonical spelling */
bool
BuildZone(PolicyBuilder *builder, int token)
{
	const char *name = TokenText(builder, token);
	size_t		length = TokenLength(builder, token);
	PolicyStatement *statement;
	Zone	   *zone;
	CoreError	why;
	bool		done;

	if (!CheckPreferences(builder, token))
		return false;
	if (name[0] == '"' || name[0] == '\'')
	{
		name++;
		length -= 2;
	}
	zone = ZoneOpen(name, length, &why);
	if (zone == NULL)
		return PolicyFailBecause(builder, token, &why,
						   "Use an IANA name such as Europe/Amsterdam.");
	statement = BuildAddStatement(builder, STATEMENT_ZONE);
	done = statement != NULL &&
		BuildString(builder, ZoneName(zone), strlen(ZoneName(zone)),
					&statement->string);
	CoreFree(zone);
	return done;
}

/* week starts WEEKDAY */
bool
BuildWeekStart(PolicyBuilder *builder, int token)
{
	int			weekday = PolicyWeekday(TokenText(builder, token),
										TokenLength(builder, token));
	PolicyStatement *statement;

	if (!CheckPreferences(builder, token))
		return false;
	if (weekday < 0)
	{
		PolicyFail(builder, token, "\"%.*s\" is more than one day",
				   SHOWN(builder, token));
		CoreHint(builder->err, "Name the day on which weeks start: "
				 "\"week starts monday\".");
		return false;
	}
	statement = BuildAddStatement(builder, STATEMENT_WEEK);
	if (statement == NULL)
		return false;
	statement->week_start = (uint8_t) weekday;
	return true;
}

/* channels ..., purposes ...: the names follow */
bool
BuildDeclaration(PolicyBuilder *builder, StatementKind kind, int keyword)
{
	PolicyStatement *statement;

	if (!CheckPreferences(builder, keyword))
		return false;
	statement = BuildAddStatement(builder, kind);
	if (statement == NULL)
		return false;
	statement->first_pattern = (uint16_t) builder->npatterns;
	return true;
}

/* Give a pattern a purpose. */
static bool
SetPurpose(PolicyBuilder *builder, PolicyPattern *pattern,
		   const char *purpose)
{
	if (strcmp(purpose, LABEL_DEFAULT_PURPOSE) == 0)
		pattern->marketing = 1;
	else if (purpose[0] != '\0')
		pattern->parts = 1;
	for (const char *p = purpose; *p != '\0'; p++)
		if (*p == '.')
			pattern->parts++;
	return BuildString(builder, purpose, strlen(purpose), &pattern->purpose);
}

/* A name of the declaration begun last; a second time it adds nothing. */
bool
BuildDeclaredName(PolicyBuilder *builder, int token)
{
	PolicyStatement *statement =
		&builder->statements[builder->nstatements - 1];
	char		name[LABEL_NAME_MAX + 1];
	PolicyPattern pattern = {0};

	if (!TokenName(builder, token, name))
		return false;
	if (statement->kind == STATEMENT_PURPOSES)
	{
		if (!SetPurpose(builder, &pattern, name))
			return false;
	}
	else if (!BuildString(builder, name, strlen(name), &pattern.channel))
		return false;
	for (int i = 0; i < statement->npatterns; i++)
		if (memcmp(&builder->patterns[statement->first_pattern + i],
				   &pattern, sizeof(pattern)) == 0)
			return true;
	statement->npatterns++;
	return BuildAddPattern(builder, &pattern, token);
}

/* SCOPE ":", the clauses follow */
bool
BuildStatement(PolicyBuilder *builder, int scope)
{
	PolicyStatement *statement = BuildAddStatement(builder, STATEMENT_SCOPE);

	if (statement == NULL)
		return false;
	statement->scope = (uint16_t) scope;
	return true;
}

/* --- patterns */

/* Read NAME {"." NAME} ["." "each"], or "each", from a token on. */
static bool
ReadPurpose(PolicyBuilder *builder, int token, PolicyPattern *pattern)
{
	char		purpose[LABEL_PURPOSE_MAX + 1];
	size_t		length = 0;
	CoreError	why;

	for (int part = token;; part += 2)
	{
		char		name[LABEL_NAME_MAX + 1];

		if (builder->tokens[part].kind == WORD_EACH)
		{
			pattern->each_purpose = 1;
			break;
		}
		if (!TokenName(builder, part, name))
			return false;
		if (length + 1 + strlen(name) > LABEL_PURPOSE_MAX)
		{
			PolicyFail(builder, token, "the purpose is too long");
			CoreHint(builder->err, "Shorten it to %d characters or less.",
					 LABEL_PURPOSE_MAX);
			return false;
		}
		if (length > 0)
			purpose[length++] = '.';
		memcpy(purpose + length, name, strlen(name));
		length += strlen(name);
		if (builder->tokens[part + 1].kind != WORD_DOT)
			break;
	}
	purpose[length] = '\0';
	if (length > 0 && !LabelPurpose(purpose, length, purpose, &why))
		return PolicyFailBecause(builder, token, &why,
								 "Choose another name.");
	return SetPurpose(builder, pattern, purpose);
}

/* CHANNEL ["/" PURPOSE] */
bool
BuildPattern(PolicyBuilder *builder, int channel, int purpose, int *index)
{
	PolicyPattern pattern = {0};
	char		name[LABEL_NAME_MAX + 1];

	if (builder->tokens[channel].kind == WORD_EACH)
		pattern.each_channel = 1;
	else if (builder->tokens[channel].kind != WORD_ANY)
	{
		if (!TokenName(builder, channel, name) ||
			!BuildString(builder, name, strlen(name), &pattern.channel))
			return false;
	}
	if (purpose != NO_TOKEN && !ReadPurpose(builder, purpose, &pattern))
		return false;
	*index = builder->npatterns;
	return BuildAddPattern(builder, &pattern, channel);
}
