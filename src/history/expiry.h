/*
 * expiry.h
 *		Contacts in a rolling window, by the instant at which they leave it.
 *
 * Contacts come in order of time, but do not leave in that order: one of the
 * 30th, at noon, and one of the 31st, at nine, both leave a window of a month
 * on 28 February, the later one first.  So this is a heap, the next to leave
 * on top; a contact that leaves last, as nearly all do, costs one step.
 */
#ifndef CONTACT_PRESSURE_EXPIRY_H
#define CONTACT_PRESSURE_EXPIRY_H

#include "history/calendar.h"

/* A contact comes in that leaves at that instant. */
static inline void
ExpiryPush(InstantList *heap, Instant leaves_at)
{
	size_t		i = heap->count;

	InstantListAdd(heap, leaves_at);
	for (; i > 0 && heap->items[(i - 1) / 2] > leaves_at; i = (i - 1) / 2)
		heap->items[i] = heap->items[(i - 1) / 2];
	heap->items[i] = leaves_at;
}

/* All that leave up to that instant, go. */
static inline void
ExpiryDropUpTo(InstantList *heap, Instant t)
{
	while (heap->count > 0 && heap->items[0] <= t)
	{
		Instant		last = heap->items[--heap->count];
		size_t		i = 0;

		for (size_t child; (child = 2 * i + 1) < heap->count; i = child)
		{
			if (child + 1 < heap->count &&
				heap->items[child + 1] < heap->items[child])
				child++;
			if (heap->items[child] >= last)
				break;
			heap->items[i] = heap->items[child];
		}
		if (heap->count > 0)
			heap->items[i] = last;
	}
}

#endif							/* CONTACT_PRESSURE_EXPIRY_H */
