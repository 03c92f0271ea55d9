/*
 * calendar_core.c
 *		Durations and calendar windows in a time zone.
 *
 * "c + span" is PostgreSQL's timestamptz + interval: months, then days, on the
 * local clock, then exact time.  Seen backwards from an instant e it is almost
 * always one threshold: c + span > e when c is late enough.  Around a clock
 * change, and at the end of a month, it is not (31 January and 28 January are
 * both one month before 28 February), so SpanReach() then leaves a stretch in
 * which each contact has to be asked, and SpanEdges() lists every instant at
 * which the answer may flip.
 */
#include "history/calendar.h"

#include <stdlib.h>

/* Zones move their clocks by less than this, day-skipping Apia included. */
#define CLOCK_MARGIN	(3 * MICROS_PER_DAY)

/* A month's end moves a date by at most three days (31 to 28). */
#define MONTH_MARGIN	(4 * MICROS_PER_DAY)

/* The first day of a month that is missing in some other month is the 29th;
 * up to the day before the shortest month's last one, months add evenly. */
#define LAST_EVEN_DAY	27

/* 0 = Monday ... 6 = Sunday; 2000-01-01 was a Saturday. */
int
DateWeekday(int32_t date)
{
	int			weekday = (date % 7 + 5) % 7;

	return weekday < 0 ? weekday + 7 : weekday;
}

/* Local time, in microseconds since 2000-01-01 00:00 local. */
int64_t
ZoneLocal(Zone *zone, Instant t)
{
	return t + ZoneSegmentAt(zone, t).offset;
}

/* The local date of an instant. */
int32_t
ZoneDate(Zone *zone, Instant t)
{
	return LocalDate(ZoneLocal(zone, t));
}

/* Is the duration positive and of a sane length? */
bool
SpanCheck(const Span *span, CoreError *err)
{
	if (span->months < 0 || span->days < 0 || span->micros < 0 ||
		(span->months == 0 && span->days == 0 && span->micros == 0))
	{
		CoreFail(err, CORE_INVALID, "duration must be positive");
		CoreHint(err, "Write for example 7 days or 24 hours.");
		return false;
	}
	if (span->months > SPAN_MAX_MONTHS || span->days > SPAN_MAX_DAYS ||
		span->micros > SPAN_MAX_MICROS)
	{
		CoreFail(err, CORE_INVALID, "duration is too long");
		CoreDetail(err, "The longest duration is 1000 years.");
		return false;
	}
	return true;
}

/* Add months to a local time; a day past the month's end becomes its last. */
static int64_t
LocalAddMonths(int64_t local, int32_t months)
{
	int32_t		date = LocalDate(local);
	int64_t		time = local - date * MICROS_PER_DAY;
	int			year,
				month,
				day,
				last;

	DateToCivil(date, &year, &month, &day);
	month += months - 1;
	year += month / 12;
	month %= 12;
	if (month < 0)
	{
		month += 12;
		year--;
	}
	last = DateFromCivil(month == 11 ? year + 1 : year,
						 month == 11 ? 1 : month + 2, 1) -
		DateFromCivil(year, month + 1, 1);
	if (day > last)
		day = last;
	return DateFromCivil(year, month + 1, day) * MICROS_PER_DAY + time;
}

/* t + span, as timestamptz + interval does it in that zone. */
Instant
SpanAdd(Zone *zone, Instant t, const Span *span)
{
	if (span->months != 0)
		t = ZoneInstant(zone, LocalAddMonths(ZoneLocal(zone, t),
											 span->months));
	if (span->days != 0)
		t = ZoneInstant(zone, ZoneLocal(zone, t) +
						span->days * MICROS_PER_DAY);
	return t + span->micros;
}

/* Does the zone keep its offset around t, as far as a clock change reaches? */
static bool
ZoneIsSteady(Zone *zone, Instant t)
{
	ZoneSegment segment = ZoneSegmentAt(zone, t);

	return t - CLOCK_MARGIN >= segment.start && t + CLOCK_MARGIN < segment.end;
}

/* See calendar.h. */
Reach
SpanReach(Zone *zone, Instant e, const Span *span)
{
	Reach		reach;
	Instant		target = e - span->micros;
	Instant		between;
	Instant		source;
	int64_t		local;
	int64_t		margin = CLOCK_MARGIN;
	bool		steady = true;

	if (span->months == 0 && span->days == 0)
	{
		reach.lo = reach.hi = target + 1;
		return reach;
	}
	local = ZoneLocal(zone, target);
	between = source = ZoneInstant(zone, local - span->days * MICROS_PER_DAY);
	if (span->months != 0)
	{
		int			year,
					month,
					day;

		local = ZoneLocal(zone, between);
		DateToCivil(LocalDate(local), &year, &month, &day);
		source = ZoneInstant(zone, LocalAddMonths(local, -span->months));
		margin += MONTH_MARGIN;
		steady = day <= LAST_EVEN_DAY && ZoneIsSteady(zone, between);
	}
	if (steady && ZoneIsSteady(zone, target) && ZoneIsSteady(zone, source))
		reach.lo = reach.hi = source + 1;
	else
	{
		reach.lo = source - margin;
		reach.hi = source + margin;
	}
	return reach;
}

/* Append an instant. */
void
InstantListAdd(InstantList *list, Instant t)
{
	if (list->count == list->space)
	{
		list->space = list->space == 0 ? 64 : list->space * 2;
		list->items = CoreRealloc(list->items,
								  list->space * sizeof(Instant));
	}
	list->items[list->count++] = t;
}

static int
CompareInstants(const void *a, const void *b)
{
	Instant		x = *(const Instant *) a;
	Instant		y = *(const Instant *) b;

	return x < y ? -1 : x > y;
}

/* Sort ascending and drop repetitions. */
void
InstantListSort(InstantList *list)
{
	size_t		kept = 0;

	if (list->count < 2)
		return;
	qsort(list->items, list->count, sizeof(Instant), CompareInstants);
	for (size_t i = 0; i < list->count; i++)
		if (kept == 0 || list->items[i] != list->items[kept - 1])
			list->items[kept++] = list->items[i];
	list->count = kept;
}

/*
 * Local times near t at which PostgreSQL's reading of a local time changes
 * its offset, or at which the offset in force gives t itself.
 */
static void
LocalTurns(Zone *zone, Instant t, int64_t margin, InstantList *turns)
{
	ZoneSegment segment = ZoneSegmentAt(zone, t - margin);

	for (;;)
	{
		InstantListAdd(turns, t + segment.offset);
		if (segment.end > t + margin)
			break;
		InstantListAdd(turns, segment.end + segment.offset);
		segment = ZoneSegmentAt(zone, segment.end);
		InstantListAdd(turns, segment.start + segment.offset);
	}
}

/*
 * Around a source instant: for each stretch of constant offset and each local
 * date, the instants that reach one of the turns when moved on by the span's
 * days and months.  "shift" also covers what a skipped hour half way, between
 * months and days, adds.
 */
static void
SourceEdges(Zone *zone, const Reach *reach, const Span *span,
			const InstantList *turns, const InstantList *shifts,
			InstantList *edges)
{
	static const int64_t midnight = 0;
	Instant		x = reach->lo;

	while (x <= reach->hi)
	{
		ZoneSegment segment = ZoneSegmentAt(zone, x);
		int64_t		local = x + segment.offset;
		int64_t		moved = span->months == 0 ? local :
			LocalAddMonths(local, span->months);
		int64_t		way = moved - local + span->days * MICROS_PER_DAY;

		InstantListAdd(edges, x);
		for (size_t i = 0; i < turns->count; i++)
			for (size_t j = 0; j < shifts->count; j++)
			{
				Instant		edge = turns->items[i] - way - segment.offset +
					shifts->items[j];

				InstantListAdd(edges, edge);
				InstantListAdd(edges, edge + 1);
			}
		x = ZoneNextEdge(zone, x, &midnight, 1);
	}
}

/* See calendar.h. */
void
SpanEdges(Zone *zone, Instant e, const Span *span, InstantList *edges)
{
	Reach		reach = SpanReach(zone, e, span);
	Instant		target = e - span->micros;
	InstantList turns = {0};
	InstantList shifts = {0};

	if (reach.lo == reach.hi)
	{
		InstantListAdd(edges, reach.lo);
		return;
	}
	LocalTurns(zone, target, CLOCK_MARGIN, &turns);
	InstantListAdd(&shifts, 0);
	if (span->months != 0 && span->days != 0)
	{
		/* the stop half way: its own turns, and what its clock change adds */
		Instant		between = target - span->days * MICROS_PER_DAY;
		ZoneSegment segment = ZoneSegmentAt(zone, between - CLOCK_MARGIN);

		while (segment.end <= between + CLOCK_MARGIN)
		{
			ZoneSegment next = ZoneSegmentAt(zone, segment.end);
			int64_t		jump = next.offset - segment.offset;

			InstantListAdd(&turns, segment.end + segment.offset +
						   span->days * MICROS_PER_DAY);
			InstantListAdd(&turns, segment.end + next.offset +
						   span->days * MICROS_PER_DAY);
			InstantListAdd(&shifts, jump);
			InstantListAdd(&shifts, -jump);
			segment = next;
		}
	}
	InstantListSort(&turns);
	SourceEdges(zone, &reach, span, &turns, &shifts, edges);
	CoreFree(turns.items);
	CoreFree(shifts.items);
}

/* The first date of the unit that holds date. */
int32_t
UnitStart(int32_t date, CalendarUnit unit, int week_start)
{
	int			year,
				month,
				day;

	if (unit == UNIT_DAY || unit == UNIT_NONE)
		return date;
	if (unit == UNIT_WEEK)
		return date - (DateWeekday(date) - week_start + 7) % 7;
	DateToCivil(date, &year, &month, &day);
	if (unit == UNIT_QUARTER)
		month -= (month - 1) % 3;
	else if (unit == UNIT_YEAR)
		month = 1;
	return DateFromCivil(year, month, 1);
}

/* Move the first date of a unit by whole units. */
static int32_t
UnitMove(int32_t start, CalendarUnit unit, int32_t count)
{
	int32_t		months;

	switch (unit)
	{
		case UNIT_DAY:
			return start + count;
		case UNIT_WEEK:
			return start + 7 * count;
		case UNIT_QUARTER:
			months = 3 * count;
			break;
		case UNIT_YEAR:
			months = 12 * count;
			break;
		default:
			months = count;
	}
	return LocalDate(LocalAddMonths(start * MICROS_PER_DAY, months));
}

/* The first date after the unit that holds date. */
int32_t
UnitNext(int32_t date, CalendarUnit unit, int week_start)
{
	return UnitMove(UnitStart(date, unit, week_start), unit, 1);
}

/* The first local date in the window of an instant on that date. */
int32_t
CalendarWindowStart(int32_t date, const CalendarWindow *window)
{
	int32_t		start = UnitStart(date, window->unit, window->week_start);

	if (window->count > 1)
		start = UnitMove(start, window->unit, 1 - window->count);
	return UnitStart(start, window->by, window->week_start);
}

/* The instants whose local date is >= date; see calendar.h. */
Reach
DateReach(Zone *zone, int32_t date)
{
	Reach		reach;
	Instant		midnight = ZoneInstant(zone, date * MICROS_PER_DAY);

	if (ZoneIsSteady(zone, midnight))
		reach.lo = reach.hi = midnight;
	else
	{
		reach.lo = midnight - CLOCK_MARGIN;
		reach.hi = midnight + CLOCK_MARGIN;
	}
	return reach;
}

/*
 * The first instant after t with a local date below from.  Only a clock that
 * is set back takes it there, not long after t, and at once.
 */
static Instant
DateGoesBack(Zone *zone, Instant t, int32_t from)
{
	Instant		change = ZoneSegmentAt(zone, t).end;

	while (change <= t + CLOCK_MARGIN)
	{
		ZoneSegment segment = ZoneSegmentAt(zone, change);

		if (LocalDate(change + segment.offset) < from)
			return change;
		change = segment.end;
	}
	return INSTANT_NEVER;
}

/* The first instant after t with a local date of at least date, later than
 * that of t. */
static Instant
DateComes(Zone *zone, Instant t, int32_t date)
{
	int64_t		midnight = date * MICROS_PER_DAY;
	Reach		reach = DateReach(zone, date);
	Instant		x = t > reach.lo ? t : reach.lo;

	for (;;)
	{
		ZoneSegment segment = ZoneSegmentAt(zone, x);

		/* a midnight that the clock skips is the instant of the change */
		if (midnight - segment.offset > x)
			x = midnight - segment.offset;
		if (x < segment.end)
			return x;
		x = segment.end;
	}
}

/* See calendar.h. */
Instant
ZoneDateLeaves(Zone *zone, Instant t, int32_t from, int32_t to)
{
	Instant		back = DateGoesBack(zone, t, from);
	Instant		on = INSTANT_NEVER;
	Instant		leaves;

	/* a local date may be one more than that of UTC */
	if (to <= LocalDate(INSTANT_END))
		on = DateComes(zone, t, to + 1);
	leaves = back < on ? back : on;
	return leaves < INSTANT_END ? leaves : INSTANT_NEVER;
}

/* The next instant > t at which the local clock shows one of the times, or
 * at which the zone changes its offset. */
Instant
ZoneNextEdge(Zone *zone, Instant t, const int64_t *times, int ntimes)
{
	ZoneSegment segment = ZoneSegmentAt(zone, t);
	int64_t		local = t + segment.offset;
	int64_t		midnight = LocalDate(local) * MICROS_PER_DAY;
	Instant		edge = INSTANT_NEVER;

	for (int i = 0; i < ntimes && edge == INSTANT_NEVER; i++)
		if (midnight + times[i] > local)
			edge = midnight + times[i] - segment.offset;
	if (edge == INSTANT_NEVER && ntimes > 0)
		edge = midnight + MICROS_PER_DAY + times[0] - segment.offset;
	return edge < segment.end ? edge : segment.end;
}
