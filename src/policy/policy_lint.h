/*
 * policy_lint.h
 *		What the parts of policy_lint() share: the ground on which rules are
 *		compared, the comparisons, and the findings.
 *
 * Patterns tell contacts apart only by the names they mention.  So a policy
 * is judged on a finite set of contacts: every channel and purpose it names,
 * and one that it does not (two, where "each" compares contacts with one
 * another).  What holds for all of these holds for all contacts there can be,
 * and who is bound and seen by what is asked of PolicyBind(), not guessed.
 */
#ifndef CONTACT_PRESSURE_POLICY_LINT_H
#define CONTACT_PRESSURE_POLICY_LINT_H

#include "policy/rules.h"

/* The channel that is no matter of hours. */
#define CHANNEL_POST	"post"

/* --- sets of contacts */

static inline bool
SetHas(const uint64_t *set, int i)
{
	return (set[i / 64] >> (i % 64) & 1) != 0;
}

static inline void
SetAdd(uint64_t *set, int i)
{
	set[i / 64] |= UINT64_C(1) << (i % 64);
}

extern bool SetIsEmpty(const uint64_t *set, int words);
extern bool SetWithin(const uint64_t *set, const uint64_t *other, int words);

/* --- policy_lint_ground.c */

typedef struct Ground
{
	const Policy *policy;
	int		   *statement_of;	/* [clause] */

	int			ncontacts;		/* what a history can hold */
	const char **channels;		/* [contact] */
	const char **purposes;
	int			words;			/* of a set of contacts */
	int16_t    *ranks;			/* [statement][contact], in its layer's view */

	int			nproposed;		/* what can be asked about */
	int		   *proposed;		/* [proposed]: the contact */
	int			proposed_words;
	PolicyBinding **bindings;	/* [proposed] */
	int		   *bound;			/* [clause][proposed]: rule, or NOT_BOUND */
	uint64_t  **binds;			/* [clause]: the proposed it binds */

	/*
	 * [clause]: the contacts it looks at, a set for each proposed where
	 * "each" makes them differ; NULL: at none, or it never binds
	 */
	uint64_t  **looks;
	bool	   *look_varies;

	/*
	 * [clause]: the first of its group of alternatives ("only TIME"); other
	 * clauses, and those that never bind, are their own
	 */
	int		   *heads;

	/*
	 * [clause]: what the rule, or the group of this head, closes on the dates
	 * on which it holds; NULL: about no week, or a group whose dates differ
	 */
	WeekSet   **weeks;
} Ground;

#define NOT_BOUND		(-1)

/* NULL when the policy is too large to be judged in a second. */
extern Ground *GroundFor(const Policy *policy);

static inline const PolicyStatement *
StatementOf(const Ground *ground, int clause)
{
	return &ground->policy->statements[ground->statement_of[clause]];
}

static inline int
StatementRankAt(const Ground *ground, int statement, int contact)
{
	return ground->ranks[(size_t) statement * ground->ncontacts + contact];
}

/* The rule that a clause is for the proposed contact p, or NULL. */
extern const BoundRule *BoundAt(const Ground *ground, int clause, int p);

/* The set of contacts it then looks at. */
extern const uint64_t *LookAt(const Ground *ground, int clause, int p);

/* --- policy_lint_compare.c */

/* Is a always as short as b, or shorter? */
extern bool SpanWithin(const Span *a, const Span *b);

/* Is a always shorter than b? */
extern bool SpanShorter(const Span *a, const Span *b);

/* date has the form of the dates: days, or month * 100 + day */
extern bool DatesHave(const PolicyDates *dates, int32_t date);
/* Is every date of a also one of b?  False where the forms differ. */
extern bool DatesWithin(const PolicyDates *a, const PolicyDates *b);
/* Is there a date in both?  True where the forms differ. */
extern bool DatesMeet(const PolicyDates *a, const PolicyDates *b);

/* Does the rule refuse whatever it binds, on every date? */
extern bool RefusesAll(const PolicyClause *clause);

/* Whenever weak refuses, does strong as well? */
extern bool RuleImplies(const Ground *ground, int strong, int weak);

/* --- findings */

/* A new finding about a clause; its message and hint are to be filled. */
extern LintFinding *LintAdd(LintReport *report, int statement, int clause,
							const char *code);
extern LintFinding *LintClause(LintReport *report, const Ground *ground,
							   int clause, const char *code);

/* Append "scope: clause" in quotes, with its layer when that is another. */
extern void LintName(const Ground *ground, int clause, int beside,
					 CoreText *out);

/* policy_lint_open.c: clocks, days and dates */
extern void LintZone(const Policy *policy, LintReport *report);
extern void LintOpenHours(const Ground *ground, LintReport *report);

#endif							/* CONTACT_PRESSURE_POLICY_LINT_H */
