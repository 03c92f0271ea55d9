/*
 * policy_lint_open.c
 *		What policy_lint() finds in rules about clocks, days and dates: no zone
 *		to read them in, hours for letters, mornings left open, and rules that
 *		together leave no moment open.
 */
#include "policy/policy_lint.h"

/* A date range longer than this is taken to have an open day. */
#define LONG_RANGE		4000

/* More clock and day rules than this for one contact are not combined. */
#define MANY_RULES		200

/* A set of rules, as clauses in the order of the text. */
typedef struct Rules
{
	int		   *clauses;
	int			n;
} Rules;

typedef struct Hours
{
	const Ground *ground;
	WeekSet   **named;			/* [clause]: the times an "only TIME" names */
	Rules	   *seen;			/* the sets of rules that were judged */
	int			nseen;
	Rules	   *reported;
	int			nreported;
} Hours;

/* Does the clause read a clock or a calendar? */
static bool
ReadsClock(const PolicyClause *clause)
{
	return (ClauseRuleKind((ClauseKind) clause->kind) &
			(RULE_CLOCK | RULE_DAY)) != 0 ||
		clause->window_kind == WINDOW_CALENDAR || clause->during.given;
}

/* A person's preferences follow a policy that has the zone. */
static bool
IsPreference(const Policy *policy, int layer)
{
	return strcmp(PolicyText(policy, policy->layers[layer]),
				  PREFERENCES) == 0;
}

/* Clock and calendar rules of layers that know no zone. */
void
LintZone(const Policy *policy, LintReport *report)
{
	int			statement = 0;
	int			clause = NO_CLAUSE;
	int			count = 0;
	LintFinding *finding;

	for (int i = 0; i < policy->data->nstatements; i++)
		for (int j = 0; j < policy->statements[i].nclauses; j++)
		{
			int			reader = policy->statements[i].first_clause + j;

			if (!ReadsClock(&policy->clauses[reader]) ||
				IsPreference(policy, policy->statements[i].layer) ||
				PolicyZone(policy, policy->statements[i].layer) != NULL)
				continue;
			if (count++ == 0)
			{
				statement = i;
				clause = reader;
			}
		}
	if (count == 0)
		return;
	finding = LintAdd(report, statement, clause, "no_zone");
	CoreTextPrintf(&finding->message, "this rule");
	if (count > 1)
		CoreTextPrintf(&finding->message, " and %d more", count - 1);
	CoreTextPrintf(&finding->message, count > 1 ? " read" : " reads");
	CoreTextPrintf(&finding->message, " a clock or a calendar, and no zone is "
				   "stated for it: it is UTC for a person whose own zone "
				   "is not known");
	CoreTextPrintf(&finding->hint, "Add a line such as \"zone "
				   "Europe/Amsterdam\"; a person's own zone still comes "
				   "first.");
}

/* Does the rule, with all its alternatives, hold on every date? */
static bool
IsSteady(const Ground *ground, int clause)
{
	return !ground->policy->clauses[clause].during.given &&
		(ground->policy->clauses[clause].kind != CLAUSE_ONLY_TIME ||
		 ground->weeks[clause] != NULL);
}

/* The clock and day rules that bind a proposed contact on every date. */
static Rules
SteadyRules(const Ground *ground, int p)
{
	const PolicyBinding *binding = ground->bindings[p];
	Rules		rules = {CoreAlloc(sizeof(int) *
								   (size_t) (binding->nrules + 1)), 0};

	for (int i = 0; i < binding->nrules; i++)
	{
		const BoundRule *rule = &binding->rules[i];

		if ((rule->kind & (RULE_CLOCK | RULE_DAY)) != 0 &&
			rule->group == i && IsSteady(ground, rule->clause_index))
			rules.clauses[rules.n++] = rule->clause_index;
	}
	return rules;
}

/* Add a set of rules to a list; false when it is there. */
static bool
RememberRules(const Rules *rules, Rules **list, int *n)
{
	for (int i = 0; i < *n; i++)
		if ((*list)[i].n == rules->n &&
			memcmp((*list)[i].clauses, rules->clauses,
				   sizeof(int) * (size_t) rules->n) == 0)
			return false;
	*list = CoreRealloc(*list, sizeof(Rules) * (size_t) (*n + 1));
	(*list)[(*n)++] = *rules;
	return true;
}

/*
 * Do the date rules among these let a day through?  day counts from
 * 2000-01-01, or is NO_DAY of a day of no particular year, which knows no
 * rule for particular years; yearly is month * 100 + day.
 */
#define NO_DAY			INT32_MIN

static bool
DayPasses(const Policy *policy, const Rules *rules, int32_t day,
		  int32_t yearly)
{
	for (int i = 0; i < rules->n; i++)
	{
		const PolicyClause *clause = &policy->clauses[rules->clauses[i]];

		if (clause->on.given && (clause->on.yearly || day != NO_DAY) &&
			DatesHave(&clause->on, clause->on.yearly ? yearly : day) !=
			(clause->kind == CLAUSE_ONLY_ON))
			return false;
	}
	return true;
}

/* Is a day from ... to, on one of these weekdays, open? */
static bool
RangeIsOpen(const Policy *policy, const Rules *rules, int32_t from,
			int32_t to, const bool open_days[7])
{
	for (int32_t date = from; date <= to; date++)
	{
		int			year;
		int			month;
		int			day;

		DateToCivil(date, &year, &month, &day);
		if (open_days[DateWeekday(date)] &&
			DayPasses(policy, rules, date, month * 100 + day))
			return true;
	}
	return false;
}

/* Is a day of no particular year open? */
static bool
YearIsOpen(const Policy *policy, const Rules *rules)
{
	static const int month_days[12] = {
		31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
	};

	for (int month = 1; month <= 12; month++)
		for (int day = 1; day <= month_days[month - 1]; day++)
			if (DayPasses(policy, rules, NO_DAY, month * 100 + day))
				return true;
	return false;
}

/* Is there any moment at which all of these rules pass? */
static bool
AnythingOpen(const Ground *ground, const Rules *rules)
{
	WeekSet		closed;
	bool		open_days[7];
	bool		any_day = false;
	int32_t		from = INT32_MIN;
	int32_t		to = INT32_MAX;

	memset(&closed, 0, sizeof(closed));
	for (int i = 0; i < rules->n; i++)
	{
		int			index = rules->clauses[i];
		const PolicyClause *clause = &ground->policy->clauses[index];

		if (ground->weeks[index] != NULL)
			WeekAdd(&closed, ground->weeks[index]);
		if (clause->kind == CLAUSE_ONLY_ON && clause->on.given &&
			!clause->on.yearly)
		{
			from = clause->on.from > from ? clause->on.from : from;
			to = clause->on.to < to ? clause->on.to : to;
		}
	}
	for (int day = 0; day < 7; day++)
	{
		open_days[day] = !WeekHasDay(&closed, day);
		any_day |= open_days[day];
	}
	if (!any_day || from > to)
		return false;
	if (from != INT32_MIN && (int64_t) to - from < LONG_RANGE)
		return RangeIsOpen(ground->policy, rules, from, to, open_days);
	return YearIsOpen(ground->policy, rules);
}

/* Leave away rules without which there still is no open moment. */
static void
ReduceRules(const Ground *ground, Rules *rules)
{
	for (int i = 0; i < rules->n;)
	{
		Rules		fewer = {CoreAlloc(sizeof(int) * (size_t) rules->n), 0};

		for (int j = 0; j < rules->n; j++)
			if (j != i)
				fewer.clauses[fewer.n++] = rules->clauses[j];
		if (AnythingOpen(ground, &fewer))
		{
			CoreFree(fewer.clauses);
			i++;
		}
		else
			*rules = fewer;
	}
}

/* Report rules that together leave nothing open. */
static void
ReportNothingOpen(const Ground *ground, const Rules *rules,
				  LintReport *report)
{
	const Policy *policy = ground->policy;
	int			last = rules->clauses[rules->n - 1];
	int			kinds = 0;
	LintFinding *finding = LintClause(report, ground, last, "contradiction");

	if (rules->n == 1)
	{
		CoreTextPrintf(&finding->message,
					   "this rule leaves no moment open");
		CoreTextPrintf(&finding->hint, "If that is meant, write \"never\".");
		return;
	}
	CoreTextPrintf(&finding->message, "this rule leaves no moment open "
				   "beside ");
	for (int i = 0; i < rules->n - 1; i++)
	{
		if (i > 0)
			CoreTextPrintf(&finding->message, i < rules->n - 2 ? ", " :
						   " and ");
		LintName(ground, rules->clauses[i], last, &finding->message);
	}
	CoreTextPrintf(&finding->message, ": what all of them bind is always "
				   "refused");
	for (int i = 0; i < rules->n; i++)
		kinds |= 1 << policy->clauses[rules->clauses[i]].kind;
	if (kinds == 1 << CLAUSE_ONLY_ON)
		CoreTextPrintf(&finding->hint, "Every rule has to pass. Write all the "
					   "days in one, such as \"only on mon+thu\".");
	else if (kinds == 1 << CLAUSE_ONLY_TIME)
		CoreTextPrintf(&finding->hint, "Several \"only TIME\" rules are "
					   "alternatives only in the same layer with the same "
					   "scope.");
	else
		CoreTextPrintf(&finding->hint, "Every rule has to pass. Leave a "
					   "moment open in all of them, or write \"never\".");
}

/* Rules that leave a proposed contact no open moment. */
static void
LintNothingOpen(Hours *hours, int p, LintReport *report)
{
	Rules		rules = SteadyRules(hours->ground, p);

	if (rules.n == 0 || rules.n > MANY_RULES ||
		!RememberRules(&rules, &hours->seen, &hours->nseen) ||
		AnythingOpen(hours->ground, &rules))
		return;
	ReduceRules(hours->ground, &rules);
	if (RememberRules(&rules, &hours->reported, &hours->nreported))
		ReportNothingOpen(hours->ground, &rules, report);
}

/* What all steady rules together close for a proposed contact. */
static void
SteadyWeek(const Ground *ground, int p, WeekSet *closed)
{
	Rules		rules = SteadyRules(ground, p);

	memset(closed, 0, sizeof(*closed));
	for (int i = 0; i < rules.n; i++)
		if (ground->weeks[rules.clauses[i]] != NULL)
			WeekAdd(closed, ground->weeks[rules.clauses[i]]);
	CoreFree(rules.clauses);
}

/* Is there an open minute before the end of a day's early span? */
static bool
MorningIsOpen(const WeekSet *closed, int day, int end)
{
	for (int minute = 0; minute < end; minute++)
		if (!WeekHas(closed, day * MINUTES_A_DAY + minute))
			return true;
	return false;
}

/*
 * A quiet span over midnight on some days only: after a day that is closed as
 * a whole and starts no span, the morning of the next is open.
 */
static void
LintOpenMorning(const Ground *ground, int clause_index, LintReport *report)
{
	const PolicyClause *clause = &ground->policy->clauses[clause_index];

	if (clause->kind != CLAUSE_QUIET || clause->days == 0 ||
		clause->from_minute <= clause->to_minute || clause->during.given)
		return;
	for (int p = 0; p < ground->nproposed; p++)
	{
		WeekSet		closed;

		if (!SetHas(ground->binds[clause_index], p))
			continue;
		SteadyWeek(ground, p, &closed);
		for (int day = 0; day < 7; day++)
		{
			int			next = (day + 1) % 7;
			LintFinding *finding;

			if ((clause->days & (1 << day)) != 0 ||
				(clause->days & (1 << next)) == 0 ||
				!WeekHasDay(&closed, day) ||
				!MorningIsOpen(&closed, next, clause->to_minute))
				continue;
			finding = LintClause(report, ground, clause_index, "open_morning");
			CoreTextPrintf(&finding->message, "%s before %02d:%02d stays "
						   "open: the span that ends there would start on %s, "
						   "and %s starts none", WeekdayWords[next],
						   clause->to_minute / 60, clause->to_minute % 60,
						   WeekdayWords[day], WeekdayWords[day]);
			CoreTextPrintf(&finding->hint, "A span over midnight belongs to "
						   "the day on which it starts. Write \"quiet "
						   "%02d:%02d-%02d:%02d\" without days, or add %s.",
						   clause->from_minute / 60, clause->from_minute % 60,
						   clause->to_minute / 60, clause->to_minute % 60,
						   WeekdayWords[day]);
			return;
		}
	}
}

/* Hours for letters. */
static void
LintPost(const Ground *ground, int clause_index, LintReport *report)
{
	const PolicyClause *clause = &ground->policy->clauses[clause_index];

	if (clause->kind != CLAUSE_QUIET && clause->kind != CLAUSE_ONLY_TIME)
		return;
	for (int p = 0; p < ground->nproposed; p++)
	{
		LintFinding *finding;

		if (!SetHas(ground->binds[clause_index], p) ||
			strcmp(ground->channels[ground->proposed[p]],
				   CHANNEL_POST) != 0)
			continue;
		finding = LintClause(report, ground, clause_index, "quiet_post");
		CoreTextPrintf(&finding->message, "this rule binds post contacts, and "
					   "a letter does not arrive at the hour it is sent");
		CoreTextPrintf(&finding->hint, "Leave post out of the scope, as in "
					   "\"any except post\".");
		return;
	}
}

/* Is what one alternative of "only TIME" opens open by another one? */
static void
LintAlternatives(const Hours *hours, int clause_index, LintReport *report)
{
	const Ground *ground = hours->ground;
	const PolicyClause *clauses = ground->policy->clauses;
	const WeekSet *mine = hours->named[clause_index];

	for (int i = 0; mine != NULL && i < ground->policy->data->nclauses; i++)
	{
		const WeekSet *other = hours->named[i];
		bool		same_dates = memcmp(&clauses[i].during,
										&clauses[clause_index].during,
										sizeof(PolicyDates)) == 0;
		bool		equal;
		LintFinding *finding;

		if (i == clause_index || other == NULL ||
			ground->heads[i] != ground->heads[clause_index] ||
			(clauses[i].during.given && !same_dates) ||
			!WeekCovers(other, mine))
			continue;
		equal = same_dates && WeekCovers(mine, other);
		if (equal && i > clause_index)
			continue;
		finding = LintClause(report, ground, clause_index,
							 equal ? "duplicate" : "shadowed");
		CoreTextPrintf(&finding->message, "this rule opens no hour that is "
					   "not open by ");
		LintName(ground, i, clause_index, &finding->message);
		CoreTextPrintf(&finding->hint, "Several \"only TIME\" rules with the "
					   "same scope are alternatives: remove this one, or make "
					   "the other one shorter.");
		return;
	}
}

/* Rules that close nothing: the whole week, or dates that never hold. */
static void
LintClosesNothing(const Ground *ground, int clause_index, LintReport *report)
{
	const PolicyClause *clause = &ground->policy->clauses[clause_index];
	const PolicyDates *during = &clause->during;
	const char *why = NULL;

	if (clause->on.given && during->given)
	{
		if (clause->kind == CLAUSE_NOT_ON && during->outside &&
			DatesWithin(&clause->on, during))
			why = "this rule holds only outside its own dates";
		else if (clause->kind == CLAUSE_NOT_ON && !during->outside &&
				 !DatesMeet(&clause->on, during))
			why = "this rule never holds on its own dates";
		else if (clause->kind == CLAUSE_ONLY_ON && !during->outside &&
				 DatesWithin(during, &clause->on))
			why = "this rule holds only on dates that it allows";
	}
	else if (ground->weeks[clause_index] != NULL &&
			 WeekIsEmpty(ground->weeks[clause_index]))
		why = "this rule leaves the whole week open";
	if (why != NULL)
	{
		LintFinding *finding = LintClause(report, ground, clause_index,
										  "never_binds");

		CoreTextPrintf(&finding->message, "%s, so it refuses nothing", why);
		CoreTextPrintf(&finding->hint, "Remove it, or change its times.");
	}
}

/* See policy_lint.h. */
void
LintOpenHours(const Ground *ground, LintReport *report)
{
	int			nclauses = ground->policy->data->nclauses;
	Hours		hours;

	memset(&hours, 0, sizeof(hours));
	hours.ground = ground;
	hours.named = CoreAllocZero(sizeof(WeekSet *) * (size_t) (nclauses + 1));
	for (int i = 0; i < nclauses; i++)
	{
		CoreCheckInterrupts();
		if (ground->policy->clauses[i].kind != CLAUSE_ONLY_TIME)
			continue;
		hours.named[i] = CoreAlloc(sizeof(WeekSet));
		ClauseWeek(&ground->policy->clauses[i], hours.named[i]);
	}
	for (int i = 0; i < nclauses; i++)
	{
		CoreCheckInterrupts();
		LintClosesNothing(ground, i, report);
		LintAlternatives(&hours, i, report);
		LintOpenMorning(ground, i, report);
		LintPost(ground, i, report);
	}
	for (int p = 0; p < ground->nproposed; p++)
	{
		CoreCheckInterrupts();
		LintNothingOpen(&hours, p, report);
	}
}
