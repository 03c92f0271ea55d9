/*
 * policy_match.c
 *		Which channel and purpose a pattern matches, how specific the match is,
 *		and what the declarations of a layer say of it.
 *
 * More specific means: longer purpose first, then a named channel.  A rank is
 * twice the number of purpose parts, plus one for a named channel.
 */
#include "policy/policy.h"

#include <stdio.h>

/* Does "promo" cover this purpose: promo itself, or promo.summer? */
static bool
PurposeCovers(const char *pattern, const char *purpose)
{
	size_t		length = strlen(pattern);

	return strncmp(pattern, purpose, length) == 0 &&
		(purpose[length] == '\0' || purpose[length] == '.');
}

/*
 * Does a pattern with these names match?  Empty names match all.  special:
 * the purpose "marketing" stands for all that is not transactional, as it
 * does everywhere but in a transactional scope.
 */
static bool
NamesMatch(const PolicyPattern *pattern, const char *pattern_channel,
		   const char *pattern_purpose, const char *channel,
		   const char *purpose, bool special, bool transactional)
{
	if (pattern_channel[0] != '\0' && strcmp(pattern_channel, channel) != 0)
		return false;
	if (pattern->marketing && special)
		return !transactional;
	return pattern_purpose[0] == '\0' ||
		PurposeCovers(pattern_purpose, purpose);
}

/* How specific the pattern is. */
int
PatternRank(const PolicyPattern *pattern, bool named_channel)
{
	return pattern->parts * 2 + (named_channel ? 1 : 0);
}

/* What a scope is matched against. */
typedef struct Match
{
	const char *channel;
	const char *purpose;
	const char *proposed_channel;	/* for "each"; NULL: each acts as any */
	const char *proposed_purpose;
	bool		transactional;
	bool		special;		/* see NamesMatch */
} Match;

/* The rank of one pattern, NO_MATCH when it does not match. */
static int
MatchPattern(const Policy *policy, const PolicyPattern *pattern,
			 const Match *match)
{
	const char *channel = PolicyText(policy, pattern->channel);
	const char *purpose = PolicyText(policy, pattern->purpose);

	if (!NamesMatch(pattern, channel, purpose, match->channel, match->purpose,
					match->special, match->transactional))
		return NO_MATCH;
	if (match->proposed_channel != NULL)
	{
		if (pattern->each_channel &&
			strcmp(match->channel, match->proposed_channel) != 0)
			return NO_MATCH;
		if (pattern->each_purpose &&
			strcmp(match->purpose, match->proposed_purpose) != 0)
			return NO_MATCH;
	}
	if (pattern->marketing && !match->special)
		return PatternRank(pattern, channel[0] != '\0') + 2;
	return PatternRank(pattern, channel[0] != '\0');
}

/* The rank of the most specific pattern of a scope that matches. */
static int
MatchScope(const Policy *policy, int scope_index, const Match *match)
{
	const PolicyScope *scope = &policy->scopes[scope_index];
	const PolicyPattern *pattern = &policy->patterns[scope->first];
	int			best = NO_MATCH;

	for (int i = 0; i < scope->included; i++, pattern++)
	{
		int			rank = MatchPattern(policy, pattern, match);

		if (rank > best)
			best = rank;
	}
	if (best == NO_MATCH)
		return NO_MATCH;
	for (int i = 0; i < scope->excepted; i++, pattern++)
		if (MatchPattern(policy, pattern, match) != NO_MATCH)
			return NO_MATCH;
	return best;
}

/* See policy.h. */
int
ScopeRank(const Policy *policy, int scope, const char *channel,
		  const char *purpose, bool transactional)
{
	Match		match = {
		.channel = channel,
		.purpose = purpose,
		.transactional = transactional,
		.special = true
	};

	return MatchScope(policy, scope, &match);
}

/* Does the statement have a clause of this kind? */
bool
StatementHas(const Policy *policy, const PolicyStatement *statement,
			 ClauseKind kind)
{
	for (int i = 0; i < statement->nclauses; i++)
		if (policy->clauses[statement->first_clause + i].kind == kind)
			return true;
	return false;
}

/* The rank at which a statement's own scope matches a contact. */
int
StatementRank(const Policy *policy, const PolicyStatement *statement,
			  const char *channel, const char *purpose, bool transactional)
{
	Match		match = {
		.channel = channel,
		.purpose = purpose,
		.transactional = transactional,
		.special = !StatementHas(policy, statement, CLAUSE_TRANSACTIONAL)
	};

	return MatchScope(policy, statement->scope, &match);
}

/* See policy.h: equal strings have equal offsets in the pool. */
bool
PolicySameScope(const Policy *policy, int a, int b)
{
	const PolicyScope *x = &policy->scopes[a];
	const PolicyScope *y = &policy->scopes[b];

	return x->included == y->included && x->excepted == y->excepted &&
		memcmp(&policy->patterns[x->first], &policy->patterns[y->first],
			   (size_t) (x->included + x->excepted) *
			   sizeof(PolicyPattern)) == 0;
}

/* See policy.h. */
int
ClauseLookRank(const Policy *policy, const PolicyStatement *statement,
			   const PolicyClause *clause, const char *channel,
			   const char *purpose, bool transactional,
			   const char *proposed_channel, const char *proposed_purpose)
{
	bool		own = clause->look == LOOK_OWN;
	Match		match = {
		.channel = channel,
		.purpose = purpose,
		.proposed_channel = proposed_channel,
		.proposed_purpose = proposed_purpose,
		.transactional = transactional,
		.special = !own || !StatementHas(policy, statement, CLAUSE_TRANSACTIONAL)
	};

	return MatchScope(policy, own ? statement->scope : clause->look_scope,
					  &match);
}

/* See policy.h. */
bool
PolicyTransactional(const Policy *policy, int layer, const char *channel,
					const char *purpose)
{
	for (int i = 0; i < policy->data->nstatements; i++)
	{
		const PolicyStatement *statement = &policy->statements[i];

		if (statement->layer > layer)
			break;
		if (statement->kind == STATEMENT_SCOPE &&
			StatementHas(policy, statement, CLAUSE_TRANSACTIONAL) &&
			StatementRank(policy, statement, channel, purpose,
						  false) != NO_MATCH)
			return true;
	}
	return false;
}

/* The zone named last in the layers up to this one, or NULL. */
const char *
PolicyZone(const Policy *policy, int layer)
{
	const char *zone = NULL;

	for (int i = 0; i < policy->data->nstatements; i++)
		if (policy->statements[i].kind == STATEMENT_ZONE &&
			policy->statements[i].layer <= layer)
			zone = PolicyText(policy, policy->statements[i].string);
	return zone;
}

/* The day on which weeks start for the rules of a layer. */
int
PolicyWeekStart(const Policy *policy, int layer)
{
	int			week_start = 0;

	for (int i = 0; i < policy->data->nstatements; i++)
		if (policy->statements[i].kind == STATEMENT_WEEK &&
			policy->statements[i].layer <= layer)
			week_start = policy->statements[i].week_start;
	return week_start;
}

/*
 * The most specific clause of a kind (weight or answer) that matches, of the
 * layers up to this one; the last in the text among equals.
 */
const PolicyClause *
PolicyProperty(const Policy *policy, int layer, ClauseKind kind,
			   const char *channel, const char *purpose)
{
	bool		transactional = PolicyTransactional(policy, layer, channel,
													purpose);
	const PolicyClause *found = NULL;
	int			best = NO_MATCH;

	for (int i = 0; i < policy->data->nstatements; i++)
	{
		const PolicyStatement *statement = &policy->statements[i];
		int			rank;

		if (statement->layer > layer)
			break;
		if (statement->kind != STATEMENT_SCOPE ||
			!StatementHas(policy, statement, kind))
			continue;
		rank = StatementRank(policy, statement, channel, purpose,
							 transactional);
		if (rank == NO_MATCH || rank < best)
			continue;
		best = rank;
		for (int j = 0; j < statement->nclauses; j++)
			if (policy->clauses[statement->first_clause + j].kind == kind)
				found = &policy->clauses[statement->first_clause + j];
	}
	return found;
}

/* What a contact without a weight of its own weighs, in millionths. */
int64_t
PolicyWeight(const Policy *policy, int layer, const char *channel,
			 const char *purpose)
{
	const PolicyClause *clause = PolicyProperty(policy, layer, CLAUSE_WEIGHT,
												channel, purpose);

	return clause == NULL ? WEIGHT_ONE : clause->amount;
}

/* The outcome from which on a contact counts as answered. */
Outcome
PolicyAnswer(const Policy *policy, int layer, const char *channel,
			 const char *purpose)
{
	const PolicyClause *clause = PolicyProperty(policy, layer, CLAUSE_ANSWER,
												channel, purpose);

	return clause == NULL ? OUTCOME_OPENED : (Outcome) clause->outcome;
}

/* List what was declared, for an error. */
static void
NameDeclared(const Policy *policy, const PolicyStatement *statement,
			 CoreError *err)
{
	bool		channels = statement->kind == STATEMENT_CHANNELS;
	char		names[sizeof(err->detail) - 40];
	size_t		length = 0;

	names[0] = '\0';
	for (int i = 0; i < statement->npatterns; i++)
	{
		const PolicyPattern *pattern =
			&policy->patterns[statement->first_pattern + i];
		const char *name = PolicyText(policy, channels ? pattern->channel :
									  pattern->purpose);

		if (length + strlen(name) + 8 >= sizeof(names))
		{
			strcpy(names + length, ", ...");
			break;
		}
		length += (size_t) sprintf(names + length, "%s%s",
								   i == 0 ? "" : ", ", name);
	}
	CoreDetail(err, "Declared %s: %s.", channels ? "channels" : "purposes",
			   names);
}

/* Is the name, up to its first dot, one of a declaration's? */
static bool
Declares(const Policy *policy, const PolicyStatement *statement,
		 const char *name)
{
	size_t		length = strcspn(name, ".");

	for (int i = 0; i < statement->npatterns; i++)
	{
		const PolicyPattern *pattern =
			&policy->patterns[statement->first_pattern + i];
		const char *declared = PolicyText(policy,
										  statement->kind == STATEMENT_CHANNELS ?
										  pattern->channel : pattern->purpose);

		if (strlen(declared) == length &&
			strncmp(declared, name, length) == 0)
			return true;
	}
	return false;
}

/* The last declaration of a kind in the layers up to this one, or NULL. */
const PolicyStatement *
PolicyDeclaration(const Policy *policy, int layer, StatementKind kind)
{
	const PolicyStatement *found = NULL;

	for (int i = 0; i < policy->data->nstatements; i++)
		if (policy->statements[i].kind == kind &&
			policy->statements[i].layer <= layer)
			found = &policy->statements[i];
	return found;
}

/* Is the channel (the purpose) one of those in force at a layer? */
bool
PolicyKnowsName(const Policy *policy, int layer, StatementKind kind,
				const char *name, CoreError *err)
{
	const PolicyStatement *declaration = PolicyDeclaration(policy, layer,
														   kind);
	bool		channels = kind == STATEMENT_CHANNELS;

	if (declaration == NULL || Declares(policy, declaration, name) ||
		(!channels && strcmp(name, LABEL_DEFAULT_PURPOSE) == 0))
		return true;
	CoreFail(err, CORE_INVALID, "unknown %s \"%s\"",
			 channels ? "channel" : "purpose", name);
	NameDeclared(policy, declaration, err);
	CoreHint(err, "Use a declared name, or add it to the \"%s\" line of the "
			 "policy.", channels ? "channels" : "purposes");
	return false;
}

/* See policy.h. */
bool
PolicyKnows(const Policy *policy, const char *channel, const char *purpose,
			CoreError *err)
{
	int			last = policy->data->nlayers - 1;

	return PolicyKnowsName(policy, last, STATEMENT_CHANNELS, channel, err) &&
		PolicyKnowsName(policy, last, STATEMENT_PURPOSES, purpose, err);
}

/* Complain about an entry of an opt-out or opt-in list. */
static bool
ListPatternFail(const char *text, size_t length, const CoreError *why,
				CoreError *err)
{
	char		quoted[CORE_QUOTE_SIZE];
	char		reason[sizeof(why->message)];

	strcpy(reason, why->message);
	CoreFail(err, CORE_INVALID, "invalid opt-out or opt-in pattern \"%s\"",
			 CoreQuote(quoted, text, length));
	CoreDetail(err, "%s", reason);
	CoreHint(err, "Write CHANNEL, CHANNEL/PURPOSE, any or any/PURPOSE, for "
			 "example email/marketing.");
	return false;
}

/* Is text, blanks around it aside, this lower-case word in any case? */
static bool
IsWord(const char *text, size_t length, const char *word)
{
	while (length > 0 && (*text == ' ' || *text == '\t'))
	{
		text++;
		length--;
	}
	while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
		length--;
	if (length != strlen(word))
		return false;
	for (size_t i = 0; i < length; i++)
		if ((text[i] | 0x20) != word[i])
			return false;
	return true;
}

/* Cut a last part "each" off a purpose; false when nothing is left. */
static bool
CutEach(char *purpose)
{
	size_t		length = strlen(purpose);

	if (strcmp(purpose, "each") == 0)
	{
		purpose[0] = '\0';
		return true;
	}
	if (length > 5 && strcmp(purpose + length - 5, ".each") == 0)
	{
		purpose[length - 5] = '\0';
		return true;
	}
	return false;
}

/* See policy.h. */
bool
ListPatternParse(const char *text, size_t length, ListPattern *pattern,
				 CoreError *err)
{
	const char *slash = memchr(text, '/', length);
	size_t		channel_length = slash == NULL ? length :
		(size_t) (slash - text);
	CoreError	why;

	memset(pattern, 0, sizeof(*pattern));
	if (IsWord(text, channel_length, "each"))
		pattern->pattern.each_channel = true;
	else if (!IsWord(text, channel_length, "any") &&
			 !LabelChannel(text, channel_length, pattern->channel, &why))
		return ListPatternFail(text, length, &why, err);
	if (slash == NULL)
		return true;
	if (!LabelPurpose(slash + 1, length - channel_length - 1,
					  pattern->purpose, &why))
		return ListPatternFail(text, length, &why, err);
	pattern->pattern.each_purpose = CutEach(pattern->purpose);
	pattern->pattern.marketing =
		strcmp(pattern->purpose, LABEL_DEFAULT_PURPOSE) == 0;
	if (pattern->purpose[0] != '\0' && !pattern->pattern.marketing)
	{
		pattern->pattern.parts = 1;
		for (const char *p = pattern->purpose; *p != '\0'; p++)
			if (*p == '.')
				pattern->pattern.parts++;
	}
	return true;
}

/* The rank at which a list's pattern matches, or NO_MATCH. */
int
ListPatternRank(const ListPattern *pattern, const char *channel,
				const char *purpose, bool transactional)
{
	if (!NamesMatch(&pattern->pattern, pattern->channel, pattern->purpose,
					channel, purpose, true, transactional))
		return NO_MATCH;
	return PatternRank(&pattern->pattern, pattern->channel[0] != '\0');
}

/* A list's pattern as canonical text. */
void
ListPatternWrite(const ListPattern *pattern, CoreText *out)
{
	CoreTextPrintf(out, "%s", pattern->pattern.each_channel ? "each" :
				   pattern->channel[0] != '\0' ? pattern->channel : "any");
	if (pattern->purpose[0] == '\0' && !pattern->pattern.each_purpose)
		return;
	CoreTextPrintf(out, "/%s%s%s", pattern->purpose,
				   pattern->purpose[0] != '\0' &&
				   pattern->pattern.each_purpose ? "." : "",
				   pattern->pattern.each_purpose ? "each" : "");
}
