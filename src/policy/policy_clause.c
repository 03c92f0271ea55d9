/*
 * policy_clause.c
 *		What is in a clause: numbers, durations, windows, dates, days, times.
 *
 * Each function checks what the grammar cannot and fills builder->clause.
 */
#include "policy/policy_build.h"

#include <stdio.h>

#include "policy/policy_gram.h"

#define MILLIONTHS			INT64_C(1000000)
#define NUMBER_MAX			INT64_C(1000000000000)	/* fits in millionths */
#define EVERY_DAY			0x7f
#define MIDNIGHT			(24 * 60)

/* --- numbers */

/* A number in millionths, at most limit. */
static bool
TokenNumber(PolicyBuilder *builder, int token, int64_t limit,
			int64_t *millionths)
{
	const char *text = TokenText(builder, token);
	const char *end = text + TokenLength(builder, token);
	int64_t		value = 0;
	int64_t		digit = MILLIONTHS;

	for (; text < end && *text != '.'; text++)
		if (value <= limit)
			value = value * 10 + (*text - '0');
	value = (value <= limit ? value : limit + 1) * MILLIONTHS;
	for (text++; text < end; text++)
	{
		digit /= 10;
		if (digit == 0 && *text != '0')
		{
			PolicyFail(builder, token, "%.*s is finer than a millionth",
					   SHOWN(builder, token));
			CoreHint(builder->err, "Write at most six decimals.");
			return false;
		}
		value += (*text - '0') * digit;
	}
	if (value > limit * MILLIONTHS)
	{
		PolicyFail(builder, token, "%.*s is too large",
				   SHOWN(builder, token));
		CoreHint(builder->err, "The largest number that can stand here is "
				 "%lld.", (long long) limit);
		return false;
	}
	*millionths = value;
	return true;
}

/* A whole number from least to limit. */
static bool
TokenCount(PolicyBuilder *builder, int token, int least, int64_t limit,
		   const char *fraction_hint, int64_t *count)
{
	int64_t		millionths;

	if (!TokenNumber(builder, token, limit, &millionths))
		return false;
	if (millionths % MILLIONTHS != 0)
	{
		PolicyFail(builder, token, "%.*s is not a whole number",
				   SHOWN(builder, token));
		CoreHint(builder->err, "%s", fraction_hint);
		return false;
	}
	*count = millionths / MILLIONTHS;
	if (*count >= least)
		return true;
	PolicyFail(builder, token, "the number must be at least %d", least);
	CoreHint(builder->err, "Write a number from %d on, or leave this out.",
			 least);
	return false;
}

/* --- durations and windows */

/* Add NUMBER UNIT to a span. */
bool
BuildDuration(PolicyBuilder *builder, int number, int unit, Span *span)
{
	static const struct
	{
		int			kind;
		Span		span;
	}			units[] = {
		{WORD_MILLISECOND, {0, 0, 1000}},
		{WORD_SECOND, {0, 0, MICROS_PER_SECOND}},
		{WORD_MINUTE, {0, 0, MICROS_PER_MINUTE}},
		{WORD_HOUR, {0, 0, MICROS_PER_HOUR}},
		{WORD_DAY, {0, 1, 0}},
		{WORD_WEEK, {0, 7, 0}},
		{WORD_MONTH, {1, 0, 0}},
		{WORD_YEAR, {12, 0, 0}}
	};
	const Span *one;
	int			i = 0;
	int64_t		limit;
	int64_t		count;
	CoreError	why;

	while (units[i].kind != builder->tokens[unit].kind)
		i++;
	one = &units[i].span;
	/* so that neither the product nor the sum overflows */
	if (one->months > 0)
		limit = SPAN_MAX_MONTHS / one->months;
	else if (one->days > 0)
		limit = SPAN_MAX_DAYS / one->days;
	else
		limit = SPAN_MAX_MICROS / one->micros;
	if (limit > NUMBER_MAX)
		limit = NUMBER_MAX;
	if (!TokenCount(builder, number, 0, limit,
					"Use smaller units, as in \"1 hour 30 minutes\".",
					&count))
		return false;
	if (count == 0)
	{
		PolicyFail(builder, number, "a duration must be positive");
		CoreHint(builder->err, "Write for example \"7 days\", or leave the "
				 "part that is 0 out.");
		return false;
	}
	span->months += (int32_t) count * one->months;
	span->days += (int32_t) count * one->days;
	span->micros += count * one->micros;
	return SpanCheck(span, &why) ||
		PolicyFailBecause(builder, number, &why, "Write a shorter duration.");
}

/* The unit a token names. */
static CalendarUnit
TokenUnit(const PolicyBuilder *builder, int token)
{
	switch (builder->tokens[token].kind)
	{
		case WORD_DAY:
			return UNIT_DAY;
		case WORD_WEEK:
			return UNIT_WEEK;
		case WORD_MONTH:
			return UNIT_MONTH;
		case WORD_QUARTER:
			return UNIT_QUARTER;
		default:
			return UNIT_YEAR;
	}
}

/* [NUMBER] "calendar" UNIT ["by" UNIT] */
bool
BuildCalendarWindow(PolicyBuilder *builder, int number, int unit, int by)
{
	PolicyClause *clause = &builder->clause;
	int64_t		count = 1;

	clause->window_kind = WINDOW_CALENDAR;
	clause->unit = (uint8_t) TokenUnit(builder, unit);
	if (number != NO_TOKEN &&
		!TokenCount(builder, number, 1,
					CalendarUnitLimit((CalendarUnit) clause->unit),
					"Calendar units are counted whole.", &count))
		return false;
	clause->units = (int32_t) count;
	if (by == NO_TOKEN)
		return true;
	clause->by = (uint8_t) TokenUnit(builder, by);
	if (clause->by > clause->unit)
		return true;
	PolicyFail(builder, by, "\"%.*s\" is no larger unit than \"%.*s\"",
			   SHOWN(builder, by), SHOWN(builder, unit));
	CoreHint(builder->err, clause->unit == UNIT_YEAR ?
			 "Leave \"by\" out: no unit is larger than a year." :
			 "Name a larger unit after \"by\", as in \"calendar day by "
			 "month\", or leave it out.");
	return false;
}

/* --- times, days and dates */

/* Read digits up to a separator or the end. */
static int
ReadDigits(const char **text, const char *end, int *ndigits)
{
	int			value = 0;

	for (*ndigits = 0; *text < end && **text >= '0' && **text <= '9';
		 (*text)++)
	{
		if (*ndigits < 6)
			value = value * 10 + (**text - '0');
		(*ndigits)++;
	}
	(*text)++;
	return value;
}

/* Read HH:MM as minutes. */
static bool
ReadTime(PolicyBuilder *builder, int token, int *minute)
{
	const char *text = TokenText(builder, token);
	const char *end = text + TokenLength(builder, token);
	int			hour_digits,
				minute_digits;
	int			hour = ReadDigits(&text, end, &hour_digits);

	*minute = ReadDigits(&text, end, &minute_digits);
	if (hour_digits == 2 && minute_digits == 2 && text > end &&
		*minute < 60 && (hour < 24 || (hour == 24 && *minute == 0)))
	{
		*minute += hour * 60;
		return true;
	}
	PolicyFail(builder, token, "%.*s is not a time of day",
			   SHOWN(builder, token));
	if (hour < 24 && *minute < 60 && minute_digits == 2)
		CoreHint(builder->err, "Write it as HH:MM: %02d:%02d.",
				 hour, *minute);
	else
		CoreHint(builder->err, "Write HH:MM on the 24-hour clock, from 00:00 "
				 "to 24:00.");
	return false;
}

/* TIME "-" TIME */
bool
BuildClock(PolicyBuilder *builder, ClauseKind kind, int from, int to)
{
	int			from_minute,
				to_minute;

	if (!ReadTime(builder, from, &from_minute) ||
		!ReadTime(builder, to, &to_minute))
		return false;
	/* 24:00 and 00:00 are one time on the wall */
	if (from_minute == to_minute ||
		(from_minute == MIDNIGHT && to_minute == 0))
	{
		PolicyFail(builder, from,
				   "the span begins and ends at the same time");
		CoreHint(builder->err, kind == CLAUSE_QUIET ?
				 "For whole days write \"not on sat+sun\", or \"never\"." :
				 "For whole days write \"only on mon-fri\".");
		return false;
	}
	builder->clause.from_minute = (uint16_t) from_minute;
	builder->clause.to_minute = (uint16_t) to_minute;
	return true;
}

/* The weekdays from one to another, round the week. */
static uint8_t
DayRange(int from, int to)
{
	uint8_t		days = 0;

	for (int day = from;; day = (day + 1) % 7)
	{
		days |= (uint8_t) (1 << day);
		if (day == to)
			return days;
	}
}

/* WEEKDAY {("-" | "+") WEEKDAY}, where a token may be "mon-fri" as well. */
bool
BuildDays(PolicyBuilder *builder, int first)
{
	bool		range = false;
	int			last = 0;

	for (int token = first;; token += 2)
	{
		const char *text = TokenText(builder, token);
		const char *end = text + TokenLength(builder, token);

		while (text < end)
		{
			const char *dash = memchr(text, '-', (size_t) (end - text));
			size_t		length = (size_t) ((dash ? dash : end) - text);
			int			day = PolicyWeekday(text, length);

			builder->clause.days |= DayRange(range ? last : day, day);
			last = day;
			range = true;
			text += length + 1;
		}
		if (builder->tokens[token + 1].kind != WORD_DASH &&
			builder->tokens[token + 1].kind != WORD_PLUS)
			return true;
		range = builder->tokens[token + 1].kind == WORD_DASH;
	}
}

static int
DaysInMonth(int year, int month)
{
	static const uint8_t days[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
	};

	if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
		return 29;
	return days[month - 1];
}

/* A date as its token spells it. */
typedef struct WrittenDate
{
	int			year;			/* 0: every year */
	int			month;
	int			day;
} WrittenDate;

/* The value PolicyDates has for it. */
static int32_t
DateValue(const WrittenDate *date)
{
	return date->year == 0 ? date->month * 100 + date->day :
		DateFromCivil(date->year, date->month, date->day);
}

/* Read MM-DD or YYYY-MM-DD. */
static bool
ReadDate(PolicyBuilder *builder, int token, WrittenDate *date)
{
	const char *text = TokenText(builder, token);
	const char *end = text + TokenLength(builder, token);
	int			numbers[3];
	int			digits[3];
	int			n = 0;
	bool		formed;

	for (; text <= end && n < 3; n++)
		numbers[n] = ReadDigits(&text, end, &digits[n]);
	date->year = n == 3 ? numbers[0] : 0;
	date->month = numbers[n - 2];
	date->day = numbers[n - 1];
	formed = text > end && digits[n - 2] == 2 && digits[n - 1] == 2 &&
		(n == 2 || (digits[0] == 4 && date->year > 0));
	/* 02-29 is a date of every year, though most of them have none */
	if (formed && date->month >= 1 && date->month <= 12 && date->day >= 1 &&
		date->day <= DaysInMonth(date->year == 0 ? 2000 : date->year,
								 date->month))
		return true;
	PolicyFail(builder, token, "%.*s is not a date", SHOWN(builder, token));
	if (text <= end)
		CoreHint(builder->err, "Write \"to\" between two dates: \"11-23 to "
				 "11-30\".");
	else if (!formed)
		CoreHint(builder->err, "Write MM-DD for a day of every year, or "
				 "YYYY-MM-DD: 12-25 or 2026-12-25.");
	else
		CoreHint(builder->err, "The month comes first: MM-DD or YYYY-MM-DD; "
				 "the month has to have that day.");
	return false;
}

/* The day before or after a day of every year. */
static WrittenDate
NextDay(WrittenDate date, int step)
{
	date.day += step;
	if (date.day < 1)
	{
		date.month = date.month == 1 ? 12 : date.month - 1;
		date.day = DaysInMonth(2000, date.month);
	}
	else if (date.day > DaysInMonth(2000, date.month))
	{
		date.month = date.month % 12 + 1;
		date.day = 1;
	}
	return date;
}

/*
 * Complain about dates in reverse.  MM-DD dates that mean a stretch over New
 * Year can be said in another way: the rule in two halves, or, where two
 * halves would not be the whole, by the rest of the year.
 */
static bool
FailReversed(PolicyBuilder *builder, int from_token, const WrittenDate *from,
			 const WrittenDate *to)
{
	int			before = builder->tokens[from_token - 1].kind;
	bool		only = before == WORD_ON &&
		builder->tokens[from_token - 2].kind == WORD_ONLY;
	WrittenDate first = NextDay(*to, 1);
	WrittenDate last = NextDay(*from, -1);

	PolicyFail(builder, from_token, "the dates are in reverse");
	if (from->year != 0)
		CoreHint(builder->err, "Write the earlier date first.");
	else if (before == WORD_OUTSIDE || only)
		CoreHint(builder->err, "For dates over New Year say the opposite: "
				 "\"%s %02d-%02d to %02d-%02d\".",
				 only ? "not on" : "during",
				 first.month, first.day, last.month, last.day);
	else
		CoreHint(builder->err, "Write the earlier date first; for dates over "
				 "New Year write two rules, one for %02d-%02d to 12-31 and "
				 "one for 01-01 to %02d-%02d.",
				 from->month, from->day, to->month, to->day);
	return false;
}

/* DATE ["to" DATE]; to may be NO_TOKEN */
bool
BuildDates(PolicyBuilder *builder, int from, int to, PolicyDates *dates)
{
	WrittenDate first;
	WrittenDate last;

	if (!ReadDate(builder, from, &first))
		return false;
	if (to == NO_TOKEN)
		last = first;
	else if (!ReadDate(builder, to, &last))
		return false;
	if ((first.year == 0) != (last.year == 0))
	{
		PolicyFail(builder, from,
				   "one date has a year and the other has none");
		CoreHint(builder->err, "Write both as MM-DD (every year), or both as "
				 "YYYY-MM-DD.");
		return false;
	}
	dates->given = 1;
	dates->yearly = first.year == 0;
	dates->from = DateValue(&first);
	dates->to = DateValue(&last);
	return dates->from <= dates->to ||
		FailReversed(builder, from, &first, &last);
}

/* --- rules and clauses */

/* "max" NUMBER, weighed or not */
bool
BuildMax(PolicyBuilder *builder, int number)
{
	if (builder->clause.weighed)
		return TokenNumber(builder, number, POLICY_MAX_COUNT,
						   &builder->clause.amount);
	return TokenCount(builder, number, 0, POLICY_MAX_COUNT,
					  "Contacts are counted whole; to add up weights write "
					  "\"max 2.5 weight per 7 days\".",
					  &builder->clause.amount);
}

/* "pause" ... "after" NUMBER, of an outcome unless that is NO_TOKEN */
bool
BuildPause(PolicyBuilder *builder, int number, int outcome)
{
	Outcome		parsed;
	CoreError	why;

	if (!TokenCount(builder, number, 1, POLICY_MAX_COUNT,
					"Contacts are counted whole.", &builder->clause.amount))
		return false;
	if (outcome == NO_TOKEN)
		return true;
	if (!OutcomeParse(TokenText(builder, outcome),
					  TokenLength(builder, outcome), &parsed, &why))
	{
		PolicyFail(builder, outcome, "%s", why.message);
		CoreHint(builder->err, "Write \"%.*s unanswered\", \"%.*s never "
				 "answered\" or an outcome such as \"%.*s bounced\".",
				 SHOWN(builder, number), SHOWN(builder, number),
				 SHOWN(builder, number));
		return false;
	}
	builder->clause.outcome = (uint8_t) parsed;
	return true;
}

/* "weight" NUMBER */
bool
BuildWeight(PolicyBuilder *builder, int number)
{
	return TokenNumber(builder, number, WEIGHT_MAX / WEIGHT_ONE,
					   &builder->clause.amount);
}

/* "answer" OUTCOME: one that a person gives, in the rising order */
bool
BuildAnswer(PolicyBuilder *builder, int outcome)
{
	Outcome		parsed;
	CoreError	why;

	if (!OutcomeParse(TokenText(builder, outcome),
					  TokenLength(builder, outcome), &parsed, &why))
		PolicyFail(builder, outcome, "%s", why.message);
	else if (parsed >= OUTCOME_SENT && OutcomeIsRising(parsed))
	{
		builder->clause.outcome = (uint8_t) parsed;
		return true;
	}
	else
		PolicyFail(builder, outcome, "\"%.*s\" is no answer",
				   SHOWN(builder, outcome));
	CoreHint(builder->err, "An answer is sent, delivered, opened, clicked, "
			 "replied or converted, or better.");
	return false;
}

/* Can the person's own preferences say this? */
static bool
IsPreference(ClauseKind kind)
{
	switch (kind)
	{
		case CLAUSE_ONLY_WITHIN:
			return false;
		default:
			return kind <= CLAUSE_NEVER;
	}
}

/* Has the statement being read a clause of this kind already? */
static bool
IsRepeated(const PolicyBuilder *builder, ClauseKind kind)
{
	const PolicyStatement *statement =
		&builder->statements[builder->nstatements - 1];

	for (int i = 0; i < statement->nclauses; i++)
		if (builder->clauses[statement->first_clause + i].kind == kind)
			return true;
	return false;
}

/* Append the clause read last; see policy_build.h. */
bool
BuildClause(PolicyBuilder *builder, ClauseKind kind)
{
	PolicyClause *clause = &builder->clause;
	bool		is_word = kind >= CLAUSE_CONSENT && kind <= CLAUSE_OVERRIDE;
	bool		done = true;

	if (BuildInPreferences(builder) && !IsPreference(kind))
		return PolicyFailInPreferences(builder, builder->clause_token);
	clause->kind = (uint8_t) kind;
	/* "on mon-sun" is what a clock rule means without it */
	if ((kind == CLAUSE_QUIET || kind == CLAUSE_ONLY_TIME) &&
		clause->days == EVERY_DAY)
		clause->days = 0;
	/* a word that is there says nothing new the second time */
	if (!is_word || !IsRepeated(builder, kind))
		done = BuildAddClause(builder, clause);
	memset(clause, 0, sizeof(*clause));
	return done;
}
