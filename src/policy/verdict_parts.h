/*
 * verdict_parts.h
 *		What the files of the verdict share, and nobody else needs.
 */
#ifndef CONTACT_PRESSURE_VERDICT_PARTS_H
#define CONTACT_PRESSURE_VERDICT_PARTS_H

#include "policy/verdict.h"

/* Has a clause this duration?  A pause without one lasts forever. */
static inline bool
SpanIsGiven(const Span *span)
{
	return span->months != 0 || span->days != 0 || span->micros != 0;
}

/* One rule's way of looking at one person's history. */
typedef struct Look
{
	const Person *person;
	const BoundRule *rule;
	Zone	   *zone;
	const uint8_t *seen;		/* by kind */
	const int64_t *amount;		/* by kind */
	struct RuleIndex *index;	/* NULL: none was made */
	uint8_t		mask;			/* what has to be seen */
} Look;

extern Look LookOf(const Person *person, int rule);

/* The number of contacts up to t; mostly all of them are. */
static inline uint32_t
ContactsUpTo(const HistoryView *history, Instant t)
{
	uint32_t	n = history->contacts;

	if (n == 0 || HistoryAt(history, n - 1) <= t)
		return n;
	return HistoryUpTo(history, t);
}

/* The contacts in a rule's window as seen from e. */
extern Reach WindowReach(const BoundRule *rule, Zone *zone, Instant e,
						 int32_t *window_date);

/*
 * What the window holds at e, e included; stops early above limit.  contacts
 * (or NULL) collects the instants.
 */
extern int64_t WindowAmount(const Look *look, Instant e, Reach reach,
							int32_t window_date, int64_t limit,
							InstantList *contacts);

/* Is a contact between lo and hi in the rule's window as seen from e? */
extern bool IsInWindow(const Look *look, Instant at, Instant e,
					   int32_t window_date);

/* What may be in a window besides the proposed contact; below 0: nothing. */
extern int64_t MaxLimit(const BoundRule *rule);

/* Say that a rule would need contacts that were trimmed. */
extern Passes FailHorizon(const Person *person, const BoundRule *rule,
						  CoreError *err);

/* Does the rule look at what a group sums up? */
extern bool LooksAtGroup(const Look *look, const TrimmedGroup *group);

/* --- verdict_index.c: a history prepared to be asked at many instants */

typedef struct RuleAnswer
{
	Instant		given_at;
	Instant		contact_at;		/* once sorted: the latest up to here */
} RuleAnswer;

/* Instants, ascending, and the first dates of their calendar windows. */
typedef struct RuleInstants
{
	InstantList instants;
	int32_t    *dates;
} RuleInstants;

typedef struct RuleIndex
{
	Instant		from;			/* nothing before it will be asked */
	uint32_t	n;
	Instant    *at;				/* of the contacts seen, ascending */
	int64_t    *sum;			/* of the amounts before each; n + 1 */
	uint32_t	nanswers;
	RuleAnswer *answers;
	bool		sorted;			/* by given_at */
	bool		judged;			/* the lists that follow are known */
	RuleInstants verdicts[2];	/* windows that are too full; unknown ones */
} RuleIndex;

/* Gather the contacts up to until (INSTANT_NEVER: for many instants). */
extern RuleIndex *RuleIndexMake(const Look *look, Instant from,
								Instant until);
extern void RuleIndexFree(RuleIndex *index);

/* WindowAmount() by look's index. */
extern int64_t RuleIndexAmount(const Look *look, Instant e, Reach reach,
							   int32_t window_date, int64_t limit);

/* The latest answer given up to t, the latest contact answered by then. */
extern void RuleIndexAnswers(const RuleIndex *index, Instant t,
							 Instant *given_at, Instant *contact_at);

/* Note how the window of e was judged; instants come in order. */
extern void RuleIndexJudged(RuleIndex *index, Passes passes, Instant e,
							int32_t window_date);
extern void RuleIndexJudgedAll(RuleIndex *index);

extern uint32_t InstantsBefore(const Instant *list, uint32_t n, Instant t);

/* --- verdict_pause.c */

extern Passes UnansweredPasses(const Person *person, int rule,
							   const Moments *moments,
							   RuleFindings *findings, CoreError *err);
extern Passes OutcomePasses(const Person *person, int rule,
							const Moments *moments, RuleFindings *findings,
							CoreError *err);

#endif							/* CONTACT_PRESSURE_VERDICT_PARTS_H */
