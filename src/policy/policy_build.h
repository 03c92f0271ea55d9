/*
 * policy_build.h
 *		What scanner, parser and checks of the policy language share.
 *
 * The scanner cuts the whole text into tokens first, because a word's role is
 * decided by its neighbours (policy_scan.l); the parser's actions name tokens
 * by their index and call Build...(), which check, and append to the records
 * of the policy to be.  A join appends to the same records without a text.
 */
#ifndef CONTACT_PRESSURE_POLICY_BUILD_H
#define CONTACT_PRESSURE_POLICY_BUILD_H

#include "policy/policy.h"

/* A word of the text; kind is a token code of policy_gram.h, 0 the end. */
typedef struct PolicyToken
{
	uint32_t	offset;
	uint32_t	length;
	int			kind;
} PolicyToken;

#define NO_TOKEN	(-1)

typedef struct PolicyBuilder
{
	CoreError  *err;

	const char *text;			/* NULL: a join */
	size_t		length;
	size_t		scanned;		/* how far the scanner is */
	PolicyToken *tokens;
	uint32_t	ntokens;
	uint32_t	token_space;
	uint32_t	next;			/* the token the parser reads next */
	int			previous;		/* the kind it took the last one for */

	PolicyString layers[POLICY_MAX_LAYERS];
	int			nlayers;
	PolicyStatement *statements;
	PolicyScope *scopes;
	PolicyPattern *patterns;
	int		   *pattern_tokens; /* where each pattern stands */
	PolicyClause *clauses;
	int			nstatements;
	int			nscopes;
	int			npatterns;
	int			nclauses;
	int			statement_space;
	int			scope_space;
	int			pattern_space;
	int			clause_space;

	CoreText	pool;
	PolicyString *strings;		/* hash table of pool offsets, 0 is free */
	uint32_t	nstrings;
	uint32_t	string_space;	/* a power of two */

	PolicyClause clause;		/* the one being read */
	int			clause_token;	/* where it begins */
} PolicyBuilder;

static inline const char *
TokenText(const PolicyBuilder *builder, int token)
{
	return builder->text + builder->tokens[token].offset;
}

static inline size_t
TokenLength(const PolicyBuilder *builder, int token)
{
	return builder->tokens[token].length;
}

/* A token as it stands, for "%.*s" in a message: only ASCII gets that far. */
#define SHOWN(builder, token) \
	(int) (TokenLength(builder, token) > 64 ? 64 : \
		   TokenLength(builder, token)), TokenText(builder, token)

/* --- policy_scan.l */

/* Cut builder->text into tokens; the last one has kind 0. */
extern void PolicyScan(PolicyBuilder *builder);

/* The kind of the next token in its place, and its index. */
extern int	PolicyNextToken(PolicyBuilder *builder, int *token);

/*
 * The weekday an English name or its first three letters stand for, 0 =
 * Monday, or -1.
 */
extern int	PolicyWeekday(const char *text, size_t length);

/* --- policy_error.c */

/*
 * Fill builder->err with what is wrong at a token; returns false.  During a
 * join there is no text to point into.  A hint is to follow.
 */
extern bool PolicyFail(PolicyBuilder *builder, int token,
					   const char *format,...)
			__attribute__((format(printf, 3, 4)));

/* Fail at a token with what another part of the core has to say. */
extern bool PolicyFailBecause(PolicyBuilder *builder, int token,
							  const CoreError *why, const char *hint);

/* This cannot stand in a layer "preferences". */
extern bool PolicyFailInPreferences(PolicyBuilder *builder, int token);

/* The token read last is none of those that could stand there. */
extern bool PolicySyntaxError(PolicyBuilder *builder,
							  const char *const *expected, int nexpected);

/* Too much of something. */
extern bool PolicyTooMany(PolicyBuilder *builder, const char *what,
						  int limit);

/* --- policy_hint.c */

/* What to do about the syntax error at the token read last. */
extern void PolicyHint(PolicyBuilder *builder, const char *const *expected,
					   int nexpected);

/* --- policy_build.c: records, and what is not in a clause */

extern void BuildBegin(PolicyBuilder *builder, CoreError *err);
extern void BuildEnd(PolicyBuilder *builder);	/* releases everything */

/* A string's place in the pool; false when the pool is full. */
extern bool BuildString(PolicyBuilder *builder, const char *text,
						size_t length, PolicyString *string);
extern bool BuildAddLayer(PolicyBuilder *builder, const char *name);
extern PolicyStatement *BuildAddStatement(PolicyBuilder *builder,
										  StatementKind kind);
extern bool BuildAddPattern(PolicyBuilder *builder,
							const PolicyPattern *pattern, int token);
extern bool BuildAddClause(PolicyBuilder *builder,
						   const PolicyClause *clause);

/* The scope made of the patterns from first on; excepted is the first of the
 * excepted ones, or the number of patterns. */
extern bool BuildScope(PolicyBuilder *builder, int first, int excepted,
					   int *scope);

/* Are we in a layer "preferences"? */
extern bool BuildInPreferences(const PolicyBuilder *builder);

extern bool BuildLayer(PolicyBuilder *builder, int name);
extern bool BuildZone(PolicyBuilder *builder, int token);
extern bool BuildWeekStart(PolicyBuilder *builder, int token);
extern bool BuildDeclaration(PolicyBuilder *builder, StatementKind kind,
							 int keyword);
extern bool BuildDeclaredName(PolicyBuilder *builder, int token);
extern bool BuildStatement(PolicyBuilder *builder, int scope);
/* purpose: its first token, or NO_TOKEN; *index is the pattern's */
extern bool BuildPattern(PolicyBuilder *builder, int channel, int purpose,
						 int *index);

/* --- policy_clause.c: what is in a clause; fills builder->clause */

extern bool BuildDuration(PolicyBuilder *builder, int number, int unit,
						  Span *span);	/* adds to *span */
extern bool BuildCalendarWindow(PolicyBuilder *builder, int number, int unit,
								int by);
extern bool BuildDates(PolicyBuilder *builder, int from, int to,
					   PolicyDates *dates);
extern bool BuildDays(PolicyBuilder *builder, int first);
extern bool BuildMax(PolicyBuilder *builder, int number);
extern bool BuildClock(PolicyBuilder *builder, ClauseKind kind, int from,
					   int to);
extern bool BuildPause(PolicyBuilder *builder, int number, int outcome);
extern bool BuildWeight(PolicyBuilder *builder, int number);
extern bool BuildAnswer(PolicyBuilder *builder, int outcome);

/* Append builder->clause, of this kind, and start the next one. */
extern bool BuildClause(PolicyBuilder *builder, ClauseKind kind);

/* --- policy_core.c */

/* How many of a unit are a thousand years. */
extern int32_t CalendarUnitLimit(CalendarUnit unit);

/* --- policy_gram.y */

extern bool PolicyParseTokens(PolicyBuilder *builder);

#endif							/* CONTACT_PRESSURE_POLICY_BUILD_H */
