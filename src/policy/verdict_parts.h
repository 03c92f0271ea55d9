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
	uint8_t		mask;			/* what has to be seen */
} Look;

extern Look LookOf(const Person *person, int rule, uint8_t mask);

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

/* Say that a rule would need contacts that were trimmed. */
extern Passes FailHorizon(const Person *person, const BoundRule *rule,
						  CoreError *err);

/* Does the rule look at what a group sums up? */
extern bool LooksAtGroup(const Look *look, const TrimmedGroup *group);

/* --- verdict_pause.c */

extern Passes UnansweredPasses(const Person *person, int rule,
							   const Moments *moments,
							   RuleFindings *findings, CoreError *err);
extern Passes OutcomePasses(const Person *person, int rule,
							const Moments *moments, RuleFindings *findings,
							CoreError *err);

#endif							/* CONTACT_PRESSURE_VERDICT_PARTS_H */
