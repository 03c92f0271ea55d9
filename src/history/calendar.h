/*
 * calendar.h
 *		Durations and windows in a time zone.
 *
 * calendar_core.c holds the arithmetic, built on two questions to a Zone:
 * the stretch of constant UTC offset around an instant, and PostgreSQL's
 * reading of a local time.  calendar_pg.c answers them from the server's
 * time zone library, test/fuzz/standalone.c from a made-up zone.
 */
#ifndef CONTACT_PRESSURE_CALENDAR_H
#define CONTACT_PRESSURE_CALENDAR_H

#include "core.h"

typedef struct Zone Zone;

/* [start, end): local time is UTC + offset (microseconds) all through. */
typedef struct ZoneSegment
{
	Instant		start;
	Instant		end;
	int64_t		offset;
} ZoneSegment;

/* --- the port: implemented by calendar_pg.c and by the stand-alone tests */

/* NULL with err filled when name is no IANA zone; NULL name means UTC. */
extern Zone *ZoneOpen(const char *name, size_t length, CoreError *err);
extern const char *ZoneName(const Zone *zone);	/* canonical spelling */

/* The known part of the constant-offset stretch around t. */
extern ZoneSegment ZoneSegmentAt(Zone *zone, Instant t);

/* The instant of a local time, read as PostgreSQL reads it. */
extern Instant ZoneInstant(Zone *zone, int64_t local);

/* Local dates are days since 2000-01-01, a Saturday. */
extern void DateToCivil(int32_t date, int *year, int *month, int *day);
extern int32_t DateFromCivil(int year, int month, int day);

/* --- local time */

extern int	DateWeekday(int32_t date);	/* 0 = Monday ... 6 = Sunday */

extern int64_t ZoneLocal(Zone *zone, Instant t);	/* local microseconds */
extern int32_t ZoneDate(Zone *zone, Instant t);

static inline int32_t
LocalDate(int64_t local)
{
	int64_t		day = local / MICROS_PER_DAY;

	return (int32_t) (local % MICROS_PER_DAY < 0 ? day - 1 : day);
}

/* --- durations: all parts >= 0, at least one of them positive */

typedef struct Span
{
	int32_t		months;
	int32_t		days;
	int64_t		micros;
} Span;

/* The longest duration a policy or a question may name: 1000 years. */
#define SPAN_MAX_MONTHS		12000
#define SPAN_MAX_DAYS		365250
#define SPAN_MAX_MICROS		(SPAN_MAX_DAYS * MICROS_PER_DAY)

extern bool SpanCheck(const Span *span, CoreError *err);

/* t + span as timestamptz + interval does it in that zone */
extern Instant SpanAdd(Zone *zone, Instant t, const Span *span);

/*
 * The contacts c with c + span > e, seen from e: none of them is below lo,
 * all are from hi on; between the two SpanAdd() has to be asked for each.
 * lo equals hi unless a clock change or a month's end is near.
 */
typedef struct Reach
{
	Instant		lo;
	Instant		hi;
} Reach;

extern Reach SpanReach(Zone *zone, Instant e, const Span *span);

/* A growing list of instants. */
typedef struct InstantList
{
	Instant    *items;
	size_t		count;
	size_t		space;
} InstantList;

extern void InstantListAdd(InstantList *list, Instant t);
extern void InstantListSort(InstantList *list);

/*
 * Add all instants x at which "x + span > e" may change from false to true or
 * back, in no order, perhaps with some at which it does not.
 */
extern void SpanEdges(Zone *zone, Instant e, const Span *span,
					  InstantList *edges);

/* --- calendar windows */

typedef enum CalendarUnit
{
	UNIT_NONE = 0,
	UNIT_DAY,
	UNIT_WEEK,
	UNIT_MONTH,
	UNIT_QUARTER,
	UNIT_YEAR
} CalendarUnit;

typedef struct CalendarWindow
{
	int32_t		count;			/* whole units, the current one included */
	uint8_t		unit;
	uint8_t		by;				/* UNIT_NONE, or a larger unit */
	uint8_t		week_start;		/* 0 = Monday ... 6 = Sunday */
} CalendarWindow;

/* The first date of the unit that holds date; the first date of the next. */
extern int32_t UnitStart(int32_t date, CalendarUnit unit, int week_start);
extern int32_t UnitNext(int32_t date, CalendarUnit unit, int week_start);

/* The first local date that is in the window of an instant on that date. */
extern int32_t CalendarWindowStart(int32_t date, const CalendarWindow *window);

/*
 * The instants whose local date is >= date, in the manner of Reach: between
 * lo and hi the date has to be looked at.
 */
extern Reach DateReach(Zone *zone, int32_t date);

/*
 * The first instant after t at which the local date is not in [from, to], in
 * which it is at t; INSTANT_NEVER when that is not before INSTANT_END.
 */
extern Instant ZoneDateLeaves(Zone *zone, Instant t, int32_t from,
							  int32_t to);

/*
 * The next instant > t at which the local clock shows one of the given
 * times of day (microseconds after midnight, ascending, midnight included or
 * not), or at which the zone changes its offset: a superset of the instants
 * at which a clock or date rule can change its mind.
 */
extern Instant ZoneNextEdge(Zone *zone, Instant t,
							const int64_t *times, int ntimes);

#endif							/* CONTACT_PRESSURE_CALENDAR_H */
