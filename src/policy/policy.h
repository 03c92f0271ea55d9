/*
 * policy.h
 *		contact_policy: the compiled form of the policy language.
 *
 * A policy is one flat, position-independent block of fixed-size records and
 * a string pool, used in place: a verdict needs no decoding.  The parser
 * (policy_gram.y) builds it through policy_core.c, which does all checks;
 * policy_text.c writes it back as canonical text.  The wire format is a
 * version byte and that text, so recv goes through the parser as well.
 *
 * Statements and clauses keep the order of the text.  Statement n of the
 * text form owns clauses [first_clause, first_clause + nclauses).
 */
#ifndef CONTACT_PRESSURE_POLICY_H
#define CONTACT_PRESSURE_POLICY_H

#include "core.h"
#include "history/calendar.h"
#include "history/label.h"

#define POLICY_VERSION			1

/* Limits, each well beyond any real policy. */
#define POLICY_MAX_TEXT			65536	/* bytes of input; string offsets fit */
#define POLICY_MAX_RECORDS		4096	/* statements, clauses, patterns */
#define POLICY_MAX_LAYERS		64
#define POLICY_MAX_COUNT		1000000000	/* N of max and pause */

/* The only layer whose rules come from the person. */
#define PREFERENCES		"preferences"

/* Offset of a NUL-terminated string in the pool; 0 is the empty string. */
typedef uint16_t PolicyString;

typedef struct PolicyPattern
{
	PolicyString channel;		/* empty: any (or each) */
	PolicyString purpose;		/* empty: every purpose; without ".each" */
	uint8_t		each_channel;	/* "each" in place of "any" */
	uint8_t		each_purpose;	/* last part is "each" */
	uint8_t		parts;			/* of purpose; 0 for none and for marketing */
	uint8_t		marketing;		/* the purpose is exactly "marketing" */
} PolicyPattern;

typedef struct PolicyScope
{
	uint16_t	first;			/* pattern; the included, then the excepted */
	uint16_t	included;
	uint16_t	excepted;
	uint16_t	unused;			/* zero */
} PolicyScope;

typedef enum StatementKind
{
	STATEMENT_ZONE = 1,			/* zone name in string */
	STATEMENT_WEEK,				/* week_start */
	STATEMENT_CHANNELS,			/* names: channel of npatterns patterns */
	STATEMENT_PURPOSES,			/* names: purpose of npatterns patterns */
	STATEMENT_SCOPE				/* scope and clauses */
} StatementKind;

typedef struct PolicyStatement
{
	uint8_t		kind;
	uint8_t		week_start;		/* 0 = Monday */
	uint16_t	layer;
	uint16_t	scope;			/* index of a PolicyScope */
	uint16_t	first_clause;
	uint16_t	nclauses;
	uint16_t	first_pattern;
	uint16_t	npatterns;
	PolicyString string;
} PolicyStatement;

typedef enum ClauseKind
{
	CLAUSE_MAX = 1,				/* rules: what can refuse */
	CLAUSE_GAP,
	CLAUSE_ONLY_WITHIN,
	CLAUSE_QUIET,
	CLAUSE_ONLY_TIME,
	CLAUSE_ONLY_ON,
	CLAUSE_NOT_ON,
	CLAUSE_PAUSE_UNANSWERED,
	CLAUSE_PAUSE_NEVER_ANSWERED,
	CLAUSE_PAUSE_OUTCOME,
	CLAUSE_NEVER,
	CLAUSE_CONSENT,				/* "needs consent" */
	CLAUSE_TRANSACTIONAL,		/* what changes who is bound by what */
	CLAUSE_EXEMPT,
	CLAUSE_UNCOUNTED,
	CLAUSE_OVERRIDE,
	CLAUSE_WEIGHT,
	CLAUSE_ANSWER
} ClauseKind;

/* Kinds as "override" sees them: one bit each. */
typedef enum RuleKind
{
	RULE_NONE = 0,
	RULE_MAX = 1,
	RULE_GAP = 2,
	RULE_ONLY_WITHIN = 4,
	RULE_CLOCK = 8,
	RULE_DAY = 16,
	RULE_PAUSE = 32,
	RULE_NEVER = 64,
	RULE_CONSENT = 128			/* no kind an override can state */
} RuleKind;

extern RuleKind ClauseRuleKind(ClauseKind kind);

typedef enum WindowKind
{
	WINDOW_NONE = 0,
	WINDOW_ROLLING,				/* span */
	WINDOW_CALENDAR,			/* units, unit, by */
	WINDOW_EVER
} WindowKind;

typedef enum LookKind			/* whose scope a rule looks at */
{
	LOOK_OWN = 0,
	LOOK_OF,
	LOOK_AFTER
} LookKind;

/*
 * A range of dates.  Absolute: days since 2000-01-01.  Every year: month *
 * 100 + day.  Both ends are included.  A single date has from = to.
 */
typedef struct PolicyDates
{
	int32_t		from;
	int32_t		to;
	uint8_t		given;			/* 0: no dates */
	uint8_t		yearly;			/* MM-DD */
	uint8_t		outside;		/* "outside" rather than "during" */
	uint8_t		unused;			/* zero */
} PolicyDates;

typedef struct PolicyClause
{
	int64_t		amount;			/* max: N, in millionths when weighed; pause:
								 * N; weight: millionths */
	Span		window;			/* rolling window of max and of pause */
	Span		span;			/* gap, only within, pause (all 0: forever) */
	Span		age;			/* unanswered "for" (all 0: none) */
	PolicyDates on;				/* only on / not on DATE */
	PolicyDates during;			/* during / outside */
	int32_t		units;			/* calendar window: how many */
	uint16_t	look_scope;		/* PolicyScope of "of" or "after" */
	uint16_t	from_minute;	/* quiet, only TIME: 0..1440, never equal; a */
	uint16_t	to_minute;		/* span that ends earlier is overnight */
	uint8_t		kind;			/* ClauseKind */
	uint8_t		look;			/* LookKind */
	uint8_t		window_kind;	/* max, pause after N OUTCOME (no "per": EVER) */
	uint8_t		unit;			/* CalendarUnit */
	uint8_t		by;
	uint8_t		weighed;		/* max N weight */
	uint8_t		days;			/* bit 0 = Monday; 0: every day, or dates */
	uint8_t		outcome;		/* pause after N OUTCOME; answer OUTCOME */
	uint8_t		unused[6];		/* zero; the size is a multiple of 8 */
} PolicyClause;

/*
 * The block.  length_word is the varlena header's; records follow in the
 * order layers (PolicyString each, padded to 8 bytes), statements, scopes,
 * patterns, clauses (8-aligned), pool.
 */
typedef struct PolicyData
{
	uint32_t	length_word;
	uint8_t		version;
	uint8_t		flags;			/* zero */
	uint16_t	nlayers;		/* at least 1 unless the policy is empty */
	uint16_t	nstatements;
	uint16_t	nscopes;
	uint16_t	npatterns;
	uint16_t	nclauses;
	uint32_t	pool_length;
	uint32_t	unused;			/* zero */
} PolicyData;

/* Pointers into a checked block. */
typedef struct Policy
{
	const PolicyData *data;
	const PolicyString *layers; /* names; empty: unnamed (only layer 0) */
	const PolicyStatement *statements;
	const PolicyScope *scopes;
	const PolicyPattern *patterns;
	const PolicyClause *clauses;
	const char *pool;
} Policy;

#define PolicyText(policy, string)	((policy)->pool + (string))

/*
 * Check that the block's size is what its counts imply and that every index
 * in it is in range (stored bytes are not trusted), and fill policy.
 */
extern bool PolicyOpen(const void *data, size_t size, Policy *policy,
					   CoreError *err);

/* Parse; the block (size in *size, length_word 0), or NULL with err filled. */
extern PolicyData *PolicyParse(const char *text, size_t length, size_t *size,
							   CoreError *err);

/* a || b: the layers of b after those of a, checked as a whole */
extern PolicyData *PolicyJoin(const Policy *a, const Policy *b, size_t *size,
							  CoreError *err);

/* --- policy_text.c: canonical text */

extern void PolicyWrite(const Policy *policy, CoreText *out);
extern void PolicyWriteStatement(const Policy *policy, int statement,
								 CoreText *out);
extern void PolicyWriteScope(const Policy *policy, int scope, CoreText *out);
extern void PolicyWritePattern(const Policy *policy, int pattern,
							   CoreText *out);
extern void PolicyWriteClause(const Policy *policy, int clause, CoreText *out);
/* "scope: clause", as verdicts and rules name it */
extern void PolicyWriteRule(const Policy *policy, int statement, int clause,
							CoreText *out);
extern void SpanWrite(const Span *span, CoreText *out); /* "7 days" */
extern void NumberWrite(int64_t millionths, CoreText *out); /* "2.5" */

/* --- who is matched by what (policy_match.c) */

/*
 * How specific a match is: purpose parts * 2 + named channel, any < email <
 * any/promo < email/promo; NO_MATCH when the scope does not match.
 */
#define NO_MATCH	(-1)

extern int	PatternRank(const PolicyPattern *pattern, bool named_channel);

/*
 * The rank of the most specific pattern of the scope that matches.
 * transactional: is channel/purpose matched by a transactional scope of the
 * layers in force (then the purpose "marketing" does not match it); "each"
 * acts as "any" here.
 */
extern int	ScopeRank(const Policy *policy, int scope, const char *channel,
					  const char *purpose, bool transactional);

/*
 * The rank of a statement's own scope: in a transactional one "marketing" is
 * a plain name.
 */
extern int	StatementRank(const Policy *policy,
						  const PolicyStatement *statement,
						  const char *channel, const char *purpose,
						  bool transactional);
extern bool StatementHas(const Policy *policy,
						 const PolicyStatement *statement, ClauseKind kind);

/*
 * The rank at which a clause looks at a contact: at its "of" or "after"
 * scope, else at its statement's own.  "each" asks for the channel (or the
 * full purpose) of the proposed contact.
 */
extern int	ClauseLookRank(const Policy *policy,
						   const PolicyStatement *statement,
						   const PolicyClause *clause, const char *channel,
						   const char *purpose, bool transactional,
						   const char *proposed_channel,
						   const char *proposed_purpose);

/* The kinds of rule in a statement, or-ed, as an override of it sees them. */
extern int	StatementKinds(const Policy *policy,
						   const PolicyStatement *statement);

/* Do two scopes read the same? */
extern bool PolicySameScope(const Policy *policy, int a, int b);

/* Is channel/purpose matched by a transactional scope of layers <= layer? */
extern bool PolicyTransactional(const Policy *policy, int layer,
								const char *channel, const char *purpose);

/* What the statements of layers <= layer say to the rules of that layer. */
extern const char *PolicyZone(const Policy *policy, int layer); /* or NULL */
extern int	PolicyWeekStart(const Policy *policy, int layer);
/* The weight or answer clause that decides for a contact, or NULL. */
extern const PolicyClause *PolicyProperty(const Policy *policy, int layer,
										  ClauseKind kind,
										  const char *channel,
										  const char *purpose);
extern int64_t PolicyWeight(const Policy *policy, int layer,
							const char *channel, const char *purpose);
extern Outcome PolicyAnswer(const Policy *policy, int layer,
							const char *channel, const char *purpose);

extern const PolicyStatement *PolicyDeclaration(const Policy *policy,
												int layer,
												StatementKind kind);
/* A channel or purpose (its first part) against the declaration in force. */
extern bool PolicyKnowsName(const Policy *policy, int layer,
							StatementKind kind, const char *name,
							CoreError *err);

/* False, with err naming the declaration, when channel or purpose is none
 * of the declared ones as the last layer has them. */
extern bool PolicyKnows(const Policy *policy, const char *channel,
						const char *purpose, CoreError *err);

/* Parse one pattern of an opt-out or opt-in list ("email/promo"). */
typedef struct ListPattern
{
	PolicyPattern pattern;		/* string fields unused */
	char		channel[LABEL_NAME_MAX + 1];
	char		purpose[LABEL_PURPOSE_MAX + 1];
} ListPattern;

extern bool ListPatternParse(const char *text, size_t length,
							 ListPattern *pattern, CoreError *err);
extern int	ListPatternRank(const ListPattern *pattern, const char *channel,
							const char *purpose, bool transactional);
extern void ListPatternWrite(const ListPattern *pattern, CoreText *out);

#endif							/* CONTACT_PRESSURE_POLICY_H */
