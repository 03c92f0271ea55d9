/*
 * policy_text.c
 *		Canonical text: one statement a line, single blanks, no comments.
 *
 * What is written here reads back to the same bytes.  A name that is also a
 * word of the grammar needs no quoting: it only stands where the parser takes
 * it for a name (see PolicyNextToken()).
 */
#include "policy/policy.h"

#define MINUTES_PER_HOUR	60

static const char *const weekday_names[] = {
	"monday", "tuesday", "wednesday", "thursday", "friday", "saturday",
	"sunday"
};

static const char *const unit_names[] = {
	"", "day", "week", "month", "quarter", "year"
};

/* Append a NUL-terminated string. */
static void
Put(CoreText *out, const char *string)
{
	CoreTextAppend(out, string, strlen(string));
}

/* --- durations and numbers */

/* Append "7 days", with a blank before all but the first part. */
static void
PutCounted(CoreText *out, size_t start, int64_t count, const char *unit)
{
	if (count == 0)
		return;
	CoreTextPrintf(out, "%s%lld %s%s", out->length > start ? " " : "",
				   (long long) count, unit, count == 1 ? "" : "s");
}

/* A duration in as few units as say it exactly; 24 hours are no day. */
void
SpanWrite(const Span *span, CoreText *out)
{
	size_t		start = out->length;
	int64_t		micros = span->micros;

	PutCounted(out, start, span->months / 12, "year");
	PutCounted(out, start, span->months % 12, "month");
	PutCounted(out, start, span->days, "day");
	PutCounted(out, start, micros / MICROS_PER_HOUR, "hour");
	PutCounted(out, start, micros / MICROS_PER_MINUTE % 60, "minute");
	PutCounted(out, start, micros / MICROS_PER_SECOND % 60, "second");
	PutCounted(out, start, micros / 1000 % 1000, "millisecond");
	if (out->length == start)
		Put(out, "0 days");
}

/* A number in millionths, without zeros at its end. */
void
NumberWrite(int64_t number, CoreText *out)
{
	int64_t		fraction = number % WEIGHT_ONE;

	CoreTextPrintf(out, "%lld", (long long) (number / WEIGHT_ONE));
	if (fraction == 0)
		return;
	CoreTextPrintf(out, ".%06d", (int) fraction);
	while (out->data[out->length - 1] == '0')
		out->data[--out->length] = '\0';
}

/* Is there a duration at all? */
static bool
SpanGiven(const Span *span)
{
	return span->months != 0 || span->days != 0 || span->micros != 0;
}

/* --- dates, days, times */

/* 2026-11-23, or 11-23 for every year. */
static void
PutDate(CoreText *out, int32_t date, bool yearly)
{
	int			year,
				month,
				day;

	if (yearly)
	{
		CoreTextPrintf(out, "%02d-%02d", (int) (date / 100),
					   (int) (date % 100));
		return;
	}
	DateToCivil(date, &year, &month, &day);
	CoreTextPrintf(out, "%04d-%02d-%02d", year, month, day);
}

/* DATE "to" DATE, or the one date where that may stand alone. */
static void
PutDates(CoreText *out, const PolicyDates *dates, bool may_be_one)
{
	PutDate(out, dates->from, dates->yearly);
	if (may_be_one && dates->from == dates->to)
		return;
	Put(out, " to ");
	PutDate(out, dates->to, dates->yearly);
}

/* Weekdays: three or more in a row as a stretch. */
static void
PutDays(CoreText *out, uint8_t days)
{
	const char *separator = "";

	for (int day = 0; day < 7; day++)
	{
		int			last = day;

		if ((days & (1 << day)) == 0)
			continue;
		while (last < 6 && (days & (1 << (last + 1))) != 0)
			last++;
		CoreTextPrintf(out, "%s%.3s", separator, weekday_names[day]);
		separator = "+";
		if (last - day >= 2)
		{
			CoreTextPrintf(out, "-%.3s", weekday_names[last]);
			day = last;
		}
	}
}

/* TIME "-" TIME ["on" days] */
static void
PutClock(CoreText *out, const PolicyClause *clause)
{
	CoreTextPrintf(out, "%02d:%02d-%02d:%02d",
				   clause->from_minute / MINUTES_PER_HOUR,
				   clause->from_minute % MINUTES_PER_HOUR,
				   clause->to_minute / MINUTES_PER_HOUR,
				   clause->to_minute % MINUTES_PER_HOUR);
	if (clause->days != 0)
	{
		Put(out, " on ");
		PutDays(out, clause->days);
	}
}

/* --- scopes */

/* CHANNEL ["/" PURPOSE] */
void
PolicyWritePattern(const Policy *policy, int index, CoreText *out)
{
	const PolicyPattern *pattern = &policy->patterns[index];
	const char *separator = "/";

	if (pattern->channel != 0)
		Put(out, PolicyText(policy, pattern->channel));
	else
		Put(out, pattern->each_channel ? "each" : "any");
	if (pattern->purpose != 0)
	{
		CoreTextPrintf(out, "/%s", PolicyText(policy, pattern->purpose));
		separator = ".";
	}
	if (pattern->each_purpose)
		CoreTextPrintf(out, "%seach", separator);
}

/* Patterns, "|" between them. */
static void
PutPatterns(const Policy *policy, int first, int n, CoreText *out)
{
	for (int i = 0; i < n; i++)
	{
		if (i > 0)
			Put(out, " | ");
		PolicyWritePattern(policy, first + i, out);
	}
}

/* Patterns, and what is excepted. */
void
PolicyWriteScope(const Policy *policy, int index, CoreText *out)
{
	const PolicyScope *scope = &policy->scopes[index];

	PutPatterns(policy, scope->first, scope->included, out);
	if (scope->excepted > 0)
	{
		Put(out, " except ");
		PutPatterns(policy, scope->first + scope->included, scope->excepted,
					out);
	}
}

/* --- clauses */

/* " per WINDOW", or what stands for ever. */
static void
PutWindow(CoreText *out, const PolicyClause *clause, const char *ever)
{
	if (clause->window_kind == WINDOW_ROLLING)
	{
		Put(out, " per ");
		SpanWrite(&clause->window, out);
	}
	else if (clause->window_kind == WINDOW_CALENDAR)
	{
		bool		one = clause->units == 1;

		Put(out, " per ");
		if (!one)
			CoreTextPrintf(out, "%d ", (int) clause->units);
		CoreTextPrintf(out, "calendar %s%s", unit_names[clause->unit],
					   one ? "" : "s");
		if (clause->by != UNIT_NONE)
			CoreTextPrintf(out, " by %s", unit_names[clause->by]);
	}
	else
		Put(out, ever);
}

/* "max" N ["weight"] and its window */
static void
PutMax(CoreText *out, const PolicyClause *clause)
{
	Put(out, "max ");
	if (clause->weighed)
	{
		NumberWrite(clause->amount, out);
		Put(out, " weight");
	}
	else
		CoreTextPrintf(out, "%lld", (long long) clause->amount);
	PutWindow(out, clause, " ever");
}

/* "pause" DURATION "after" N and what of */
static void
PutPause(CoreText *out, const PolicyClause *clause)
{
	Put(out, "pause ");
	if (SpanGiven(&clause->span))
		SpanWrite(&clause->span, out);
	else
		Put(out, "forever");
	CoreTextPrintf(out, " after %lld ", (long long) clause->amount);
	if (clause->kind == CLAUSE_PAUSE_OUTCOME)
	{
		Put(out, OutcomeNames[clause->outcome]);
		PutWindow(out, clause, "");
		return;
	}
	Put(out, clause->kind == CLAUSE_PAUSE_UNANSWERED ? "unanswered" :
		"never answered");
	if (SpanGiven(&clause->age))
	{
		Put(out, " for ");
		SpanWrite(&clause->age, out);
	}
}

/* A clause without its dates and the scope it looks at. */
static void
PutClause(CoreText *out, const PolicyClause *clause)
{
	switch ((ClauseKind) clause->kind)
	{
		case CLAUSE_MAX:
			PutMax(out, clause);
			break;
		case CLAUSE_GAP:
			Put(out, "gap ");
			SpanWrite(&clause->span, out);
			break;
		case CLAUSE_ONLY_WITHIN:
			Put(out, "only within ");
			SpanWrite(&clause->span, out);
			break;
		case CLAUSE_QUIET:
			Put(out, "quiet ");
			PutClock(out, clause);
			break;
		case CLAUSE_ONLY_TIME:
			Put(out, "only ");
			PutClock(out, clause);
			break;
		case CLAUSE_ONLY_ON:
		case CLAUSE_NOT_ON:
			Put(out, clause->kind == CLAUSE_ONLY_ON ? "only on " : "not on ");
			if (clause->on.given)
				PutDates(out, &clause->on, true);
			else
				PutDays(out, clause->days);
			break;
		case CLAUSE_PAUSE_UNANSWERED:
		case CLAUSE_PAUSE_NEVER_ANSWERED:
		case CLAUSE_PAUSE_OUTCOME:
			PutPause(out, clause);
			break;
		case CLAUSE_NEVER:
			Put(out, "never");
			break;
		case CLAUSE_CONSENT:
			Put(out, "needs consent");
			break;
		case CLAUSE_TRANSACTIONAL:
			Put(out, "transactional");
			break;
		case CLAUSE_EXEMPT:
			Put(out, "exempt");
			break;
		case CLAUSE_UNCOUNTED:
			Put(out, "uncounted");
			break;
		case CLAUSE_OVERRIDE:
			Put(out, "override");
			break;
		case CLAUSE_WEIGHT:
			Put(out, "weight ");
			NumberWrite(clause->amount, out);
			break;
		case CLAUSE_ANSWER:
			Put(out, "answer ");
			Put(out, OutcomeNames[clause->outcome]);
			break;
	}
}

/* A clause as it stands behind ":" or ",". */
void
PolicyWriteClause(const Policy *policy, int index, CoreText *out)
{
	const PolicyClause *clause = &policy->clauses[index];

	PutClause(out, clause);
	if (clause->look != LOOK_OWN)
	{
		Put(out, clause->look == LOOK_OF ? " of " : " after ");
		PolicyWriteScope(policy, clause->look_scope, out);
	}
	if (clause->during.given)
	{
		Put(out, clause->during.outside ? " outside " : " during ");
		PutDates(out, &clause->during, false);
	}
}

/* "scope: clause", as verdicts and rules name it. */
void
PolicyWriteRule(const Policy *policy, int statement, int clause,
				CoreText *out)
{
	PolicyWriteScope(policy, policy->statements[statement].scope, out);
	Put(out, ": ");
	PolicyWriteClause(policy, clause, out);
}

/* --- statements */

/* A statement, all its clauses included. */
void
PolicyWriteStatement(const Policy *policy, int index, CoreText *out)
{
	const PolicyStatement *statement = &policy->statements[index];

	switch ((StatementKind) statement->kind)
	{
		case STATEMENT_ZONE:
			CoreTextPrintf(out, "zone %s",
						   PolicyText(policy, statement->string));
			break;
		case STATEMENT_WEEK:
			CoreTextPrintf(out, "week starts %s",
						   weekday_names[statement->week_start]);
			break;
		case STATEMENT_CHANNELS:
		case STATEMENT_PURPOSES:
			for (int i = 0; i < statement->npatterns; i++)
			{
				const PolicyPattern *pattern =
					&policy->patterns[statement->first_pattern + i];
				bool		channels = statement->kind == STATEMENT_CHANNELS;

				if (i > 0)
					Put(out, " | ");
				else
					Put(out, channels ? "channels " : "purposes ");
				Put(out, PolicyText(policy, channels ? pattern->channel :
									pattern->purpose));
			}
			break;
		case STATEMENT_SCOPE:
			PolicyWriteScope(policy, statement->scope, out);
			for (int i = 0; i < statement->nclauses; i++)
			{
				Put(out, i > 0 ? ", " : ": ");
				PolicyWriteClause(policy, statement->first_clause + i, out);
			}
			break;
	}
}

/* The whole policy, lines separated by newlines. */
void
PolicyWrite(const Policy *policy, CoreText *out)
{
	size_t		start = out->length;
	int			next = 0;

	for (int layer = 0; layer < policy->data->nlayers; layer++)
	{
		const char *name = PolicyText(policy, policy->layers[layer]);

		if (name[0] != '\0')
			CoreTextPrintf(out, "%slayer %s",
						   out->length > start ? "\n" : "", name);
		for (; next < policy->data->nstatements &&
			 policy->statements[next].layer == layer; next++)
		{
			if (out->length > start)
				Put(out, "\n");
			PolicyWriteStatement(policy, next, out);
		}
	}
}
