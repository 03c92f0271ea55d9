/*
 * instant.c
 *		Instants as text: a strict reader and writer of ISO 8601.
 *
 * Both know nothing of any setting: what one server writes, every other
 * reads alike.
 */
#include "history/calendar.h"
#include "history/history.h"

/* As far from UTC as PostgreSQL takes an offset to be. */
#define OFFSET_HOURS_MAX	15

/* Write a number with leading zeros. */
static char *
PutDigits(char *p, int value, int digits)
{
	for (int i = digits - 1; i >= 0; i--, value /= 10)
		p[i] = (char) ('0' + value % 10);
	return p + digits;
}

/* An instant as text; see history.h. */
size_t
InstantWrite(Instant t, char out[INSTANT_TEXT_SIZE])
{
	int32_t		date = LocalDate(t);
	int64_t		time = t - date * MICROS_PER_DAY;
	int			fraction = (int) (time % MICROS_PER_SECOND);
	int			year;
	int			month;
	int			day;
	char	   *p = out;

	DateToCivil(date, &year, &month, &day);
	p = PutDigits(p, year, 4);
	*p++ = '-';
	p = PutDigits(p, month, 2);
	*p++ = '-';
	p = PutDigits(p, day, 2);
	*p++ = 'T';
	p = PutDigits(p, (int) (time / MICROS_PER_HOUR), 2);
	*p++ = ':';
	p = PutDigits(p, (int) (time / MICROS_PER_MINUTE % 60), 2);
	*p++ = ':';
	p = PutDigits(p, (int) (time / MICROS_PER_SECOND % 60), 2);
	if (fraction != 0)
	{
		*p++ = '.';
		p = PutDigits(p, fraction, 6);
		while (p[-1] == '0')
			p--;
	}
	*p++ = 'Z';
	*p = '\0';
	return (size_t) (p - out);
}

/* What is left to be read. */
typedef struct InstantText
{
	const char *p;
	const char *end;
} InstantText;

/* A number of exactly so many digits. */
static bool
GetDigits(InstantText *text, int digits, int *value)
{
	*value = 0;
	for (int i = 0; i < digits; i++)
	{
		if (text->p >= text->end || *text->p < '0' || *text->p > '9')
			return false;
		*value = *value * 10 + (*text->p++ - '0');
	}
	return true;
}

/* One of the characters. */
static bool
GetOneOf(InstantText *text, const char *characters)
{
	if (text->p >= text->end || *text->p == '\0' ||
		strchr(characters, *text->p) == NULL)
		return false;
	text->p++;
	return true;
}

static int
DaysOfMonth(int year, int month)
{
	if (month == 2)
		return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ?
			29 : 28;
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/* The date; NULL, or what is wrong with it. */
static const char *
GetDate(InstantText *text, int32_t *date)
{
	int			year;
	int			month;
	int			day;

	if (!GetDigits(text, 4, &year) || !GetOneOf(text, "-") ||
		!GetDigits(text, 2, &month) || !GetOneOf(text, "-") ||
		!GetDigits(text, 2, &day))
		return "It does not begin with a date, YYYY-MM-DD";
	if (year < 1 || month < 1 || month > 12 || day < 1 ||
		day > DaysOfMonth(year, month))
		return "There is no such date";
	*date = DateFromCivil(year, month, day);
	return NULL;
}

/* The time of day; NULL, or what is wrong with it. */
static const char *
GetTime(InstantText *text, int64_t *time)
{
	int			hour;
	int			minute;
	int			second = 0;
	int64_t		scale = MICROS_PER_SECOND;
	bool		seconds = false;

	if (!GetDigits(text, 2, &hour) || !GetOneOf(text, ":") ||
		!GetDigits(text, 2, &minute) ||
		((seconds = GetOneOf(text, ":")) && !GetDigits(text, 2, &second)))
		return "The date is not followed by a time, HH:MM:SS";
	if (hour > 23 || minute > 59 || second > 59)
		return "There is no such time of day";
	*time = hour * MICROS_PER_HOUR + minute * MICROS_PER_MINUTE +
		second * MICROS_PER_SECOND;
	if (!seconds || !GetOneOf(text, "."))
		return NULL;
	while (text->p < text->end && *text->p >= '0' && *text->p <= '9')
	{
		scale /= 10;
		if (scale == 0)
			return "Seconds have more than six decimal places";
		*time += (*text->p++ - '0') * scale;
	}
	return scale < MICROS_PER_SECOND ? NULL :
		"The decimal places are missing";
}

/* The offset from UTC; NULL, or what is wrong with it. */
static const char *
GetOffset(InstantText *text, int64_t *offset)
{
	int			sign = text->p < text->end && *text->p == '-' ? -1 : 1;
	int			hours;
	int			minutes = 0;

	*offset = 0;
	if (text->p == text->end)
		return "It has no offset from UTC";
	if (GetOneOf(text, "Zz"))
		return NULL;
	if (!GetOneOf(text, "+-") || !GetDigits(text, 2, &hours))
		return "The time is not followed by an offset from UTC";
	if (text->p < text->end &&
		((void) GetOneOf(text, ":"), !GetDigits(text, 2, &minutes)))
		return "The offset from UTC is not of the form +HH:MM";
	if (hours > OFFSET_HOURS_MAX || minutes > 59)
		return "There is no such offset from UTC";
	*offset = sign * (hours * MICROS_PER_HOUR + minutes * MICROS_PER_MINUTE);
	return NULL;
}

/* Read an instant; see history.h. */
bool
InstantParse(const char *string, size_t length, Instant *t, CoreError *err)
{
	InstantText text = {string, string + length};
	char		quoted[CORE_QUOTE_SIZE];
	const char *wrong;
	int32_t		date = 0;
	int64_t		time = 0;
	int64_t		offset = 0;

	wrong = GetDate(&text, &date);
	if (wrong == NULL && !GetOneOf(&text, "Tt "))
		wrong = "The date is not followed by a time, HH:MM:SS";
	if (wrong == NULL)
		wrong = GetTime(&text, &time);
	if (wrong == NULL)
		wrong = GetOffset(&text, &offset);
	if (wrong == NULL && text.p != text.end)
		wrong = "Something follows the offset from UTC";
	if (wrong != NULL)
	{
		CoreFail(err, CORE_DATETIME, "invalid time: \"%s\"",
				 CoreQuote(quoted, string, length));
		CoreDetail(err, "%s.", wrong);
		CoreHint(err, "Write it as \"2026-11-01T09:00:00Z\" or with an "
				 "offset, \"2026-11-01T10:00:00.5+01:00\".");
		return false;
	}
	*t = date * MICROS_PER_DAY + time - offset;
	return true;
}
