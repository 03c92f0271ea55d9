/*
 * standalone.c
 *		What the pure cores need outside the server: malloc, and time zones
 *		that change their clocks often, so that a fuzzer meets the changes.
 *
 * A zone's name picks its habits: UTC never changes; the others move their
 * clocks by an hour, half an hour or a whole day, every 90 days.
 */
#include "standalone.h"

#include "history/calendar.h"

#include <stdlib.h>

#define PERIOD		(90 * MICROS_PER_DAY)

struct Zone
{
	char		name[64];
	int64_t		standard;
	int64_t		summer;
};

/*
 * What is allocated hangs in a ring, as in a memory context: cores leave it
 * to the caller's context to be released, and a target calls
 * StandaloneReset() when it is done with an input.
 */
typedef struct Chunk
{
	struct Chunk *next;
	struct Chunk *previous;
} Chunk;

static Chunk ring = {&ring, &ring};

static void *
Hang(Chunk *chunk)
{
	if (chunk == NULL)
		abort();
	chunk->next = ring.next;
	chunk->previous = &ring;
	ring.next->previous = chunk;
	ring.next = chunk;
	return chunk + 1;
}

static Chunk *
Unhang(void *pointer)
{
	Chunk	   *chunk = (Chunk *) pointer - 1;

	chunk->previous->next = chunk->next;
	chunk->next->previous = chunk->previous;
	return chunk;
}

void *
CoreAlloc(size_t size)
{
	return Hang(malloc(sizeof(Chunk) + size));
}

void *
CoreAllocZero(size_t size)
{
	return Hang(calloc(1, sizeof(Chunk) + size));
}

void *
CoreRealloc(void *pointer, size_t size)
{
	return Hang(realloc(pointer == NULL ? NULL : Unhang(pointer),
						sizeof(Chunk) + size));
}

void
CoreFree(void *pointer)
{
	if (pointer != NULL)
		free(Unhang(pointer));
}

void
StandaloneReset(void)
{
	while (ring.next != &ring)
		CoreFree(ring.next + 1);
}

void
CoreCheckInterrupts(void)
{
}

Zone *
ZoneOpen(const char *name, size_t length, CoreError *err)
{
	static const int64_t shifts[] = {0, MICROS_PER_HOUR, MICROS_PER_HOUR / 2,
	MICROS_PER_DAY};
	Zone	   *zone;
	char		quoted[CORE_QUOTE_SIZE];

	if (name == NULL)
	{
		name = "UTC";
		length = 3;
	}
	if (length == 0 || length >= sizeof(zone->name) ||
		!((name[0] >= 'A' && name[0] <= 'Z') ||
		  (name[0] >= 'a' && name[0] <= 'z')))
	{
		CoreFail(err, CORE_INVALID, "time zone \"%s\" not recognized",
				 CoreQuote(quoted, name, length));
		return NULL;
	}
	zone = CoreAllocZero(sizeof(Zone));
	memcpy(zone->name, name, length);
	if (strcmp(zone->name, "UTC") != 0)
	{
		zone->standard = (name[length - 1] % 24 - 12) * MICROS_PER_HOUR;
		zone->summer = zone->standard + shifts[length % 4];
	}
	return zone;
}

const char *
ZoneName(const Zone *zone)
{
	return zone->name;
}

ZoneSegment
ZoneSegmentAt(Zone *zone, Instant t)
{
	ZoneSegment segment = {INSTANT_NONE, INSTANT_NEVER, zone->standard};
	int64_t		period = t / PERIOD - (t % PERIOD < 0 ? 1 : 0);

	if (zone->standard == zone->summer)
		return segment;
	segment.start = period * PERIOD;
	segment.end = segment.start + PERIOD;
	if (period % 2 != 0)
		segment.offset = zone->summer;
	return segment;
}

/* PostgreSQL's DetermineTimeZoneOffset(), on these zones. */
Instant
ZoneInstant(Zone *zone, int64_t local)
{
	ZoneSegment before = ZoneSegmentAt(zone, local - MICROS_PER_DAY);
	ZoneSegment after;
	Instant		by_before = local - before.offset;
	Instant		by_after;

	if (before.end == INSTANT_NEVER)
		return by_before;
	after = ZoneSegmentAt(zone, before.end);
	by_after = local - after.offset;
	if (by_before < before.end && by_after < before.end)
		return by_before;
	if (by_before > before.end && by_after >= before.end)
		return by_after;
	return by_before > by_after ? by_before : by_after;
}

/* Days from the civil calendar, by eras of 400 years. */
int32_t
DateFromCivil(int year, int month, int day)
{
	int			y = month <= 2 ? year - 1 : year;
	int			era = (y >= 0 ? y : y - 399) / 400;
	int			of_era = y - era * 400;
	int			of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 +
		day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year -
		730425;
}

void
DateToCivil(int32_t date, int *year, int *month, int *day)
{
	int			z = date + 730425;
	int			era = (z >= 0 ? z : z - 146096) / 146097;
	int			of_era = z - era * 146097;
	int			y = (of_era - of_era / 1460 + of_era / 36524 -
					 of_era / 146096) / 365;
	int			of_year = of_era - (365 * y + y / 4 - y / 100);
	int			m = (5 * of_year + 2) / 153;

	*day = of_year - (153 * m + 2) / 5 + 1;
	*month = m + (m < 10 ? 3 : -9);
	*year = y + era * 400 + (*month <= 2 ? 1 : 0);
}
