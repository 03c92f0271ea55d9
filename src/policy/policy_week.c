/*
 * policy_week.c
 *		The open hours of an ordinary week.
 *
 * Clock and weekday rules read the clock on the wall, so a week of them is a
 * set of 10080 minutes, the same in every zone.  Rules about dates are not a
 * matter of weeks: "on DATE" is left out, and an ordinary date is one outside
 * the dates of every "during" and "outside".
 */
#include "policy/rules.h"

/* Is the minute in the set? */
bool
WeekHas(const WeekSet *set, int minute)
{
	return (set->bits[minute / 64] >> (minute % 64) & 1) != 0;
}

/* Add one minute; those past Sunday 24:00 are Monday's. */
static void
WeekAddMinute(WeekSet *set, int minute)
{
	minute %= MINUTES_A_WEEK;
	set->bits[minute / 64] |= UINT64_C(1) << (minute % 64);
}

/* Add the minutes of another set. */
void
WeekAdd(WeekSet *set, const WeekSet *more)
{
	for (size_t i = 0; i < sizeof(set->bits) / sizeof(set->bits[0]); i++)
		set->bits[i] |= more->bits[i];
}

/* Add all minutes that are not in the other set. */
void
WeekAddOthers(WeekSet *set, const WeekSet *not_these)
{
	for (int minute = 0; minute < MINUTES_A_WEEK; minute++)
		if (!WeekHas(not_these, minute))
			WeekAddMinute(set, minute);
}

/* Is every minute of part in the set? */
bool
WeekCovers(const WeekSet *set, const WeekSet *part)
{
	for (size_t i = 0; i < sizeof(set->bits) / sizeof(set->bits[0]); i++)
		if ((part->bits[i] & ~set->bits[i]) != 0)
			return false;
	return true;
}

/* Is no minute in the set? */
bool
WeekIsEmpty(const WeekSet *set)
{
	WeekSet		none;

	memset(&none, 0, sizeof(none));
	return WeekCovers(&none, set);
}

/* Is the whole day in the set? */
bool
WeekHasDay(const WeekSet *set, int day)
{
	for (int minute = 0; minute < MINUTES_A_DAY; minute++)
		if (!WeekHas(set, day * MINUTES_A_DAY + minute))
			return false;
	return true;
}

/* See rules.h. */
void
ClauseWeek(const PolicyClause *clause, WeekSet *named)
{
	bool		clock = clause->kind == CLAUSE_QUIET ||
		clause->kind == CLAUSE_ONLY_TIME;
	int			from = clock ? clause->from_minute : 0;
	int			to = clock ? clause->to_minute : MINUTES_A_DAY;

	memset(named, 0, sizeof(*named));
	if (from > to)				/* overnight: of the day on which it starts */
		to += MINUTES_A_DAY;
	for (int day = 0; day < 7; day++)
		if (clause->days == 0 || (clause->days & (1 << day)) != 0)
			for (int minute = from; minute < to; minute++)
				WeekAddMinute(named, day * MINUTES_A_DAY + minute);
}

/* What a group of alternatives leaves closed: all that none of them names. */
static void
GroupClosedWeek(const PolicyBinding *binding, int first, WeekSet *closed)
{
	WeekSet		open;
	bool		any = false;

	memset(&open, 0, sizeof(open));
	for (int i = first; i < binding->nrules; i++)
	{
		const BoundRule *rule = &binding->rules[i];
		WeekSet		named;

		if (rule->group != first || (rule->clause->during.given &&
									 !rule->clause->during.outside))
			continue;
		ClauseWeek(rule->clause, &named);
		WeekAdd(&open, &named);
		any = true;
	}
	if (any)					/* none in force is no restriction */
		WeekAddOthers(closed, &open);
}

/* See rules.h. */
void
RuleClosedWeek(const PolicyBinding *binding, int rule, WeekSet *closed)
{
	const PolicyClause *clause = binding->rules[rule].clause;
	WeekSet		named;

	if (clause->kind == CLAUSE_ONLY_TIME)
	{
		if (binding->rules[rule].group == rule)
			GroupClosedWeek(binding, rule, closed);
		return;
	}
	if (clause->on.given || (clause->during.given && !clause->during.outside))
		return;
	switch ((ClauseKind) clause->kind)
	{
		case CLAUSE_QUIET:
		case CLAUSE_NOT_ON:
			ClauseWeek(clause, &named);
			WeekAdd(closed, &named);
			break;
		case CLAUSE_ONLY_ON:
			ClauseWeek(clause, &named);
			WeekAddOthers(closed, &named);
			break;
		default:
			break;
	}
}

/* See rules.h. */
bool
PolicyClosedWeek(const Policy *policy, const char *channel,
				 const char *purpose, WeekSet *closed, CoreError *err)
{
	PolicyBinding *binding = PolicyBind(policy, channel, purpose,
										WEIGHT_NONE, err);

	memset(closed, 0, sizeof(*closed));
	if (binding == NULL)
		return false;
	for (int i = 0; i < binding->nrules; i++)
	{
		const PolicyClause *clause = binding->rules[i].clause;

		if ((clause->kind == CLAUSE_NEVER ||
			 (clause->kind == CLAUSE_MAX && clause->amount == 0)) &&
			(!clause->during.given || clause->during.outside))
			memset(closed, 0xff, sizeof(*closed));
		else
			RuleClosedWeek(binding, i, closed);
	}
	return true;
}

/* See rules.h. */
bool
WeekNextOpen(const WeekSet *closed, int from, int *opens, int *closes)
{
	int			minute = from;

	while (minute < MINUTES_A_WEEK && WeekHas(closed, minute))
		minute++;
	if (minute >= MINUTES_A_WEEK)
		return false;
	*opens = minute;
	do
		minute++;
	while (minute % MINUTES_A_DAY != 0 && !WeekHas(closed, minute));
	*closes = minute;
	return true;
}
