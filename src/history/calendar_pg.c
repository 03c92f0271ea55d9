/*
 * calendar_pg.c
 *		Time zones and dates as the server knows them.
 */
#include "postgres.h"

#include <ctype.h>

#include "datatype/timestamp.h"
#include "pgtime.h"
#include "utils/datetime.h"

#include "history/calendar.h"

#define UNIX_SECONDS_AT_2000	INT64_C(946684800)

/*
 * How far before a wanted instant a stretch is looked for.  A year of history
 * then needs two or three stretches, found once.
 */
#define SEGMENT_LOOK_BACK		(400 * MICROS_PER_DAY)
#define SEGMENT_SLOTS			8

/* No UTC offset is larger, not even a local mean time. */
#define OFFSET_MARGIN			(2 * MICROS_PER_DAY)

struct Zone
{
	pg_tz	   *tz;
	int			used;			/* slots filled */
	int			next;			/* slot to overwrite next */
	ZoneSegment segments[SEGMENT_SLOTS];
};

/*
 * Is a name with digits one of the IANA data base?  pg_tzset() also takes
 * POSIX rules ("FOO5BAR"), and all of those have a digit; few IANA names do.
 */
static bool
ZoneNameWithDigitsIsIana(const char *name)
{
	static const char *const known[] = {
		"CST6CDT", "EST5EDT", "MST7MDT", "PST8PDT",
		"GMT0", "GMT+0", "GMT-0", "Etc/GMT0"
	};
	const char *p = name;

	for (size_t i = 0; i < lengthof(known); i++)
		if (pg_strcasecmp(name, known[i]) == 0)
			return true;
	if (pg_strncasecmp(p, "Etc/GMT", 7) != 0)
		return false;
	p += 7;
	if ((*p != '+' && *p != '-') || !isdigit((unsigned char) p[1]))
		return false;
	/* as far as the data base goes, from -14 to +12; beyond it is POSIX */
	if (p[2] == '\0')
		return true;
	return p[1] == '1' && p[2] >= '0' && p[2] <= (*p == '-' ? '4' : '2') &&
		p[3] == '\0';
}

/*
 * Does the name lead outside the IANA names proper?  "localtime" means
 * another zone on each machine, posix/ and right/ are copies of the tree.
 */
static bool
ZoneNameIsForeign(const char *name)
{
	return pg_strcasecmp(name, "localtime") == 0 ||
		pg_strcasecmp(name, "posixrules") == 0 ||
		pg_strcasecmp(name, "Factory") == 0 ||
		pg_strncasecmp(name, "posix/", 6) == 0 ||
		pg_strncasecmp(name, "right/", 6) == 0 ||
		strchr(name, '<') != NULL || strchr(name, ',') != NULL;
}

/* Find a zone by its IANA name; see calendar.h. */
Zone *
ZoneOpen(const char *name, size_t length, CoreError *err)
{
	char		buf[TZ_STRLEN_MAX + 1];
	char		quoted[CORE_QUOTE_SIZE];
	pg_tz	   *tz = NULL;
	Zone	   *zone;

	if (name == NULL)
	{
		name = "UTC";
		length = 3;
	}
	if (length > 0 && length <= TZ_STRLEN_MAX && memchr(name, '\0', length) == NULL)
	{
		memcpy(buf, name, length);
		buf[length] = '\0';
		if (!ZoneNameIsForeign(buf) &&
			(strpbrk(buf, "0123456789") == NULL ||
			 ZoneNameWithDigitsIsIana(buf)))
			tz = pg_tzset(buf);
	}
	if (tz == NULL || !pg_tz_acceptable(tz))
	{
		CoreFail(err, CORE_INVALID, "time zone \"%s\" not recognized",
				 CoreQuote(quoted, name, length));
		CoreHint(err, "Use an IANA name such as Europe/Amsterdam; "
				 "SELECT name FROM pg_timezone_names lists them.");
		return NULL;
	}
	zone = CoreAllocZero(sizeof(Zone));
	zone->tz = tz;
	return zone;
}

/* The zone's canonical spelling. */
const char *
ZoneName(const Zone *zone)
{
	return pg_get_timezone_name(zone->tz);
}

/* Whole seconds since 2000, rounded down. */
static int64_t
InstantSeconds(Instant t)
{
	int64_t		seconds = t / MICROS_PER_SECOND;

	return t % MICROS_PER_SECOND < 0 ? seconds - 1 : seconds;
}

/*
 * The stretch that begins at t, up to the next change of the clock.
 */
static ZoneSegment
SegmentFrom(pg_tz *tz, Instant t)
{
	ZoneSegment segment;
	pg_time_t	seconds = InstantSeconds(t) + UNIX_SECONDS_AT_2000;
	pg_time_t	boundary;
	long int	before,
				after;
	int			before_dst,
				after_dst;
	int			found;

	found = pg_next_dst_boundary(&seconds, &before, &before_dst,
								 &boundary, &after, &after_dst, tz);
	if (found < 0)
		elog(ERROR, "could not determine the offset of time zone \"%s\"",
			 pg_get_timezone_name(tz));
	segment.start = t;
	segment.offset = before * MICROS_PER_SECOND;
	segment.end = INSTANT_NEVER;
	if (found > 0 &&
		boundary - UNIX_SECONDS_AT_2000 < INSTANT_NEVER / MICROS_PER_SECOND)
		segment.end = (boundary - UNIX_SECONDS_AT_2000) * MICROS_PER_SECOND;
	return segment;
}

/* The known part of the constant-offset stretch around t. */
ZoneSegment
ZoneSegmentAt(Zone *zone, Instant t)
{
	ZoneSegment segment;

	for (int i = 0; i < zone->used; i++)
		if (t >= zone->segments[i].start && t < zone->segments[i].end)
			return zone->segments[i];

	segment = SegmentFrom(zone->tz, t - SEGMENT_LOOK_BACK);
	while (segment.end <= t && segment.end != INSTANT_NEVER)
		segment = SegmentFrom(zone->tz, segment.end);
	zone->segments[zone->next] = segment;
	zone->next = (zone->next + 1) % SEGMENT_SLOTS;
	if (zone->used < SEGMENT_SLOTS)
		zone->used++;
	return segment;
}

/* The instant of a local time, as PostgreSQL's own arithmetic has it. */
Instant
ZoneInstant(Zone *zone, int64_t local)
{
	ZoneSegment segment = ZoneSegmentAt(zone, local);
	struct pg_tm tm = {0};
	int32_t		date;
	int64_t		seconds;

	/* no clock change within reach: nothing to decide */
	if (local - OFFSET_MARGIN >= segment.start &&
		local + OFFSET_MARGIN < segment.end)
		return local - segment.offset;

	date = LocalDate(local);
	seconds = (local - date * MICROS_PER_DAY) / MICROS_PER_SECOND;
	j2date(date + POSTGRES_EPOCH_JDATE, &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
	tm.tm_hour = (int) (seconds / SECS_PER_HOUR);
	tm.tm_min = (int) (seconds / SECS_PER_MINUTE % MINS_PER_HOUR);
	tm.tm_sec = (int) (seconds % SECS_PER_MINUTE);
	/* the offset comes back in seconds west of UTC */
	return local + DetermineTimeZoneOffset(&tm, zone->tz) * MICROS_PER_SECOND;
}

/* Year, month and day of a date. */
void
DateToCivil(int32_t date, int *year, int *month, int *day)
{
	j2date(date + POSTGRES_EPOCH_JDATE, year, month, day);
}

/* The date of year, month and day. */
int32_t
DateFromCivil(int year, int month, int day)
{
	return date2j(year, month, day) - POSTGRES_EPOCH_JDATE;
}
