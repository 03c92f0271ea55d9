/*
 * fuzz_calendar.c
 *		SpanReach() and SpanEdges() against SpanAdd(), which is the meaning.
 */
#include "history/calendar.h"
#include "standalone.h"

#include <stdlib.h>

/* What the fuzzer chooses. */
typedef struct Choice
{
	uint32_t	minutes;		/* the instant, from 2019 on */
	uint32_t	micros;
	uint8_t		zone;
	uint8_t		months;
	uint16_t	days;
	uint32_t	seconds;		/* of the span */
	uint32_t	at;				/* the instants tried */
} Choice;

static void
Require(bool condition)
{
	if (!condition)
		abort();
}

/* "x + span > e" keeps its value between two edges. */
static void
CheckEdges(Zone *zone, Instant e, const Span *span, Instant x,
		   const InstantList *edges)
{
	bool		reaches = SpanAdd(zone, x, span) > e;
	Instant		from = x;
	Instant		to = x;

	for (size_t i = 0; i < edges->count; i++)
	{
		if (edges->items[i] <= x)
			from = edges->items[i];
		else
		{
			to = edges->items[i] - 1;
			break;
		}
	}
	Require((SpanAdd(zone, from, span) > e) == reaches);
	Require((SpanAdd(zone, to, span) > e) == reaches);
}

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"UTC", "abcz", "abz", "abcdq",
	"abcdez", "m", "hellow"};
	Choice		choice;
	CoreError	err;
	Zone	   *zone;
	Span		span;
	Reach		reach;
	InstantList edges = {0};
	Instant		e;
	Instant		x;

	if (size < sizeof(choice))
		return 0;
	memcpy(&choice, data, sizeof(choice));
	zone = ZoneOpen(names[choice.zone % 7], strlen(names[choice.zone % 7]),
					&err);
	span.months = choice.months % 30;
	span.days = choice.days % 400;
	span.micros = choice.seconds * MICROS_PER_SECOND / 7;
	e = 7000 * MICROS_PER_DAY + choice.minutes % 1000000 * MICROS_PER_MINUTE +
		choice.micros % MICROS_PER_MINUTE;
	if (SpanCheck(&span, &err))
	{
		reach = SpanReach(zone, e, &span);
		SpanEdges(zone, e, &span, &edges);
		InstantListSort(&edges);
		Require(SpanAdd(zone, reach.lo - 1, &span) <= e);
		Require(SpanAdd(zone, reach.hi, &span) > e);
		x = reach.lo - MICROS_PER_DAY + (Instant)
			(choice.at * UINT64_C(999983) %
			 (uint64_t) (reach.hi - reach.lo + 2 * MICROS_PER_DAY));
		Require(x >= reach.lo || SpanAdd(zone, x, &span) <= e);
		Require(x < reach.hi || SpanAdd(zone, x, &span) > e);
		CheckEdges(zone, e, &span, x, &edges);
	}
	StandaloneReset();
	return 0;
}
