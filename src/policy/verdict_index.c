/*
 * verdict_index.c
 *		What one rule sees of one history, prepared for many instants.
 *
 * At a single instant a rule looks at few contacts, from the end backwards.
 * A search for the first instant that passes asks at as many instants as
 * there are contacts: then the contacts seen are gathered once, with running
 * sums, and every question is a binary search.
 */
#include "policy/verdict_parts.h"

#include <stdlib.h>

/* How often contacts are gathered before an interrupt is let through. */
#define INTERRUPT_EVERY		4096

/* The number of instants in an ascending list that are before t. */
uint32_t
InstantsBefore(const Instant *list, uint32_t n, Instant t)
{
	uint32_t	low = 0;
	uint32_t	high = n;

	while (low < high)
	{
		uint32_t	middle = low + (high - low) / 2;

		if (list[middle] < t)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int
CompareAnswers(const void *a, const void *b)
{
	Instant		x = ((const RuleAnswer *) a)->given_at;
	Instant		y = ((const RuleAnswer *) b)->given_at;

	return x < y ? -1 : x > y;
}

/* Bring answers into the order in which they were given. */
static void
SortAnswers(RuleIndex *index)
{
	if (index->nanswers > 1)
		qsort(index->answers, index->nanswers, sizeof(RuleAnswer),
			  CompareAnswers);
	for (uint32_t i = 1; i < index->nanswers; i++)
		if (index->answers[i].contact_at < index->answers[i - 1].contact_at)
			index->answers[i].contact_at = index->answers[i - 1].contact_at;
	index->sorted = true;
}

/* Note the answer to a contact; when it was given, if that is known. */
static void
AddAnswer(RuleIndex *index, Instant at, Instant given_at)
{
	RuleAnswer *answer = &index->answers[index->nanswers++];

	answer->given_at = given_at != INSTANT_NONE ? given_at : at;
	answer->contact_at = at;
}

/* See verdict_parts.h. */
RuleIndex *
RuleIndexMake(const Look *look, Instant from, Instant until)
{
	const HistoryView *history = &look->person->history;
	bool		answered = (look->mask & SEEN_SENT) != 0;
	uint32_t	n = ContactsUpTo(history, until);
	RuleIndex  *index = CoreAllocZero(sizeof(RuleIndex));
	Instant    *answers = NULL;

	index->from = from;
	index->at = CoreAlloc((n + 1) * sizeof(Instant));
	if (answered)
		index->answers = CoreAlloc((n + 1) * sizeof(RuleAnswer));
	else
	{
		index->sum = CoreAlloc((n + 1) * sizeof(int64_t));
		index->sum[0] = 0;
	}
	if (answered && history->answer_width > 0)
	{
		answers = CoreAlloc(history->contacts * sizeof(Instant));
		HistoryAnswers(history, look->person->kinds->dictionary, answers);
	}
	for (uint32_t i = 0; i < n; i++)
	{
		uint32_t	kind = HistoryKindIndex(history, i);

		if (i % INTERRUPT_EVERY == 0)
			CoreCheckInterrupts();
		if ((look->seen[kind] & look->mask) == 0)
			continue;
		index->at[index->n] = HistoryAt(history, i);
		if (!answered)
			index->sum[index->n + 1] = index->sum[index->n] +
				look->amount[kind];
		else if ((look->seen[kind] & SEEN_ANSWERED) != 0)
			AddAnswer(index, index->at[index->n],
					  answers == NULL ? INSTANT_NONE : answers[i]);
		index->n++;
	}
	CoreFree(answers);
	/* for a single instant they are looked through as they are */
	if (until == INSTANT_NEVER)
		SortAnswers(index);
	return index;
}

/* Release an index; NULL is none. */
void
RuleIndexFree(RuleIndex *index)
{
	if (index == NULL)
		return;
	CoreFree(index->at);
	CoreFree(index->sum);
	CoreFree(index->answers);
	for (int i = 0; i < 2; i++)
	{
		CoreFree(index->verdicts[i].instants.items);
		CoreFree(index->verdicts[i].dates);
	}
	CoreFree(index);
}

/* See verdict_parts.h. */
int64_t
RuleIndexAmount(const Look *look, Instant e, Reach reach,
				int32_t window_date, int64_t limit)
{
	const RuleIndex *index = look->index;
	uint32_t	end = InstantsBefore(index->at, index->n, e + 1);
	uint32_t	first = InstantsBefore(index->at, end, reach.hi);
	int64_t		total = index->sum[end] - index->sum[first];

	while (total <= limit && first-- > 0 && index->at[first] >= reach.lo)
		if (IsInWindow(look, index->at[first], e, window_date))
			total += index->sum[first + 1] - index->sum[first];
	return total;
}

/* See verdict_parts.h. */
void
RuleIndexAnswers(const RuleIndex *index, Instant t, Instant *given_at,
				 Instant *contact_at)
{
	uint32_t	low = 0;
	uint32_t	high = index->nanswers;

	*given_at = *contact_at = INSTANT_NONE;
	for (uint32_t i = 0; i < index->nanswers && !index->sorted; i++)
	{
		const RuleAnswer *answer = &index->answers[i];

		if (answer->given_at > t)
			continue;
		if (answer->given_at > *given_at)
			*given_at = answer->given_at;
		if (answer->contact_at > *contact_at)
			*contact_at = answer->contact_at;
	}
	if (!index->sorted)
		return;
	while (low < high)
	{
		uint32_t	middle = low + (high - low) / 2;

		if (index->answers[middle].given_at <= t)
			low = middle + 1;
		else
			high = middle;
	}
	if (low > 0)
	{
		*given_at = index->answers[low - 1].given_at;
		*contact_at = index->answers[low - 1].contact_at;
	}
}

/* --- instants at which a rule does not pass */

/* See verdict_parts.h. */
void
RuleIndexJudged(RuleIndex *index, Passes passes, Instant e,
				int32_t window_date)
{
	RuleInstants *list;
	size_t		space;

	if (passes == PASSES_YES)
		return;
	list = &index->verdicts[passes == PASSES_UNKNOWN];
	space = list->instants.space;
	InstantListAdd(&list->instants, e);
	if (list->instants.space != space)
		list->dates = CoreRealloc(list->dates,
								  list->instants.space * sizeof(int32_t));
	list->dates[list->instants.count - 1] = window_date;
}

/* See verdict_parts.h. */
void
RuleIndexJudgedAll(RuleIndex *index)
{
	index->judged = true;
	for (int i = 0; i < 2; i++)
	{
		int32_t    *dates = index->verdicts[i].dates;

		/* the earliest first date of all windows from each instant on */
		for (size_t j = index->verdicts[i].instants.count; j-- > 1;)
			if (dates[j] < dates[j - 1])
				dates[j - 1] = dates[j];
	}
}
