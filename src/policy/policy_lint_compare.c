/*
 * policy_lint_compare.c
 *		Which rule makes another one idle.
 *
 * "strong implies weak" means: on no history, at no instant and for no
 * contact can weak refuse what strong lets through.  Each case below is
 * proved from the definitions in the language's reference and holds for
 * histories that break the rules as well (facts are recorded unasked).  Where
 * it takes luck or a calendar to tell, the answer is no.
 */
#include "policy/policy_lint.h"

/*
 * What a clock change may add to a day or take from it, the jump over the
 * date line (which skips a day) and a change of an hour or two included.
 */
#define ZONE_SLACK		(26 * MICROS_PER_HOUR)

/* Is the span nothing ("forever", "no age")? */
static bool
SpanIsZero(const Span *span)
{
	return span->months == 0 && span->days == 0 && span->micros == 0;
}

/* The least that a span can last. */
static int64_t
SpanLeast(const Span *span)
{
	int64_t		rest = span->months % 12;
	int64_t		days = (int64_t) span->months / 12 * 365 +
		(rest == 0 ? 0 : rest * 30 - 2) + span->days;

	if (days == 0)
		return span->micros;
	return span->micros + days * MICROS_PER_DAY - ZONE_SLACK;
}

/* The most that a span can last. */
static int64_t
SpanMost(const Span *span)
{
	int64_t		days = (int64_t) (span->months / 12) * 366 +
		span->months % 12 * 31 + span->days;

	if (days == 0)
		return span->micros;
	return span->micros + days * MICROS_PER_DAY + ZONE_SLACK;
}

/* See policy_lint.h. */
bool
SpanWithin(const Span *a, const Span *b)
{
	return (a->months <= b->months && a->days <= b->days &&
			a->micros <= b->micros) || SpanMost(a) <= SpanLeast(b);
}

/* See policy_lint.h. */
bool
SpanShorter(const Span *a, const Span *b)
{
	return (a->months <= b->months && a->days <= b->days &&
			a->micros <= b->micros && memcmp(a, b, sizeof(Span)) != 0) ||
		SpanMost(a) < SpanLeast(b);
}

/* The span that a calendar window of whole units never reaches beyond. */
static bool
CalendarWithinSpan(const PolicyClause *calendar, const Span *span)
{
	static const Span in_days[] = {
		[UNIT_DAY] = {0, 1, 0},
		[UNIT_WEEK] = {0, 7, 0},
		[UNIT_MONTH] = {0, 31, 0},
		[UNIT_QUARTER] = {0, 92, 0},
		[UNIT_YEAR] = {0, 366, 0}
	};
	static const Span in_months[] = {
		[UNIT_DAY] = {0, 1, 0},
		[UNIT_WEEK] = {0, 7, 0},
		[UNIT_MONTH] = {1, 0, 0},
		[UNIT_QUARTER] = {3, 0, 0},
		[UNIT_YEAR] = {12, 0, 0}
	};
	Span		days = in_days[calendar->unit];
	Span		months = in_months[calendar->unit];

	if (calendar->by != UNIT_NONE || calendar->units > SPAN_MAX_DAYS / 366)
		return false;
	days.days *= calendar->units;
	months.months *= calendar->units;
	months.days *= calendar->units;
	return SpanWithin(&days, span) || SpanWithin(&months, span);
}

/* Do the units nest: is each of the one in one of the other? */
static bool
UnitWithin(int unit, int other)
{
	if (unit == UNIT_WEEK || other == UNIT_WEEK)
		return unit == other || unit == UNIT_DAY;
	return unit <= other;
}

/* Is what counts in window a always in window b, too? */
static bool
WindowWithin(const PolicyClause *a, const PolicyClause *b)
{
	if (b->window_kind == WINDOW_EVER || b->window_kind == WINDOW_NONE)
		return true;
	if (a->window_kind == WINDOW_EVER || a->window_kind == WINDOW_NONE)
		return false;
	if (b->window_kind == WINDOW_ROLLING)
		return a->window_kind == WINDOW_ROLLING ?
			SpanWithin(&a->window, &b->window) :
			CalendarWithinSpan(a, &b->window);
	if (a->window_kind == WINDOW_ROLLING)
		return false;
	if (a->unit == b->unit)
		return a->units <= b->units &&
			(a->by == UNIT_NONE || a->by == b->by);
	return a->units == 1 && a->by == UNIT_NONE &&
		UnitWithin(a->unit, b->unit);
}

/* See policy_lint.h. */
bool
DatesHave(const PolicyDates *dates, int32_t date)
{
	if (dates->from <= dates->to)
		return dates->from <= date && date <= dates->to;
	return date >= dates->from || date <= dates->to;
}

/* See policy_lint.h. */
bool
DatesWithin(const PolicyDates *a, const PolicyDates *b)
{
	if (a->yearly != b->yearly)
		return false;
	if (!a->yearly)
		return b->from <= a->from && a->to <= b->to;
	for (int32_t date = 101; date <= 1231; date++)
		if (DatesHave(a, date) && !DatesHave(b, date))
			return false;
	return true;
}

/* See policy_lint.h. */
bool
DatesMeet(const PolicyDates *a, const PolicyDates *b)
{
	return a->yearly != b->yearly ||
		DatesHave(a, b->from) || DatesHave(b, a->from);
}

/* See policy_lint.h. */
bool
RefusesAll(const PolicyClause *clause)
{
	return !clause->during.given &&
		(clause->kind == CLAUSE_NEVER ||
		 (clause->kind == CLAUSE_MAX && clause->amount == 0));
}

/* Does strong look at all that weak looks at, whoever is proposed? */
static bool
LooksWithin(const Ground *ground, int weak, int strong)
{
	if (ground->looks[weak] == NULL || ground->looks[strong] == NULL)
		return false;
	for (int p = 0; p < ground->nproposed; p++)
	{
		if (!SetHas(ground->binds[weak], p))
			continue;
		if (!SetWithin(LookAt(ground, weak, p), LookAt(ground, strong, p),
					   ground->words))
			return false;
	}
	return true;
}

/* Would strong see every contact that weak binds? */
static bool
SeesProposed(const Ground *ground, int strong, int weak)
{
	for (int p = 0; p < ground->nproposed; p++)
		if (SetHas(ground->binds[weak], p) &&
			!BoundAt(ground, strong, p)->sees_proposed)
			return false;
	return true;
}

/*
 * Do weights (answers) mean the same in the layers of both rules?  A layer in
 * between may say otherwise.
 */
static bool
SameProperties(const Ground *ground, ClauseKind kind, int a, int b)
{
	const Policy *policy = ground->policy;
	int			from = StatementOf(ground, a)->layer;
	int			to = StatementOf(ground, b)->layer;

	for (int i = 0; i < policy->data->nstatements; i++)
	{
		const PolicyStatement *statement = &policy->statements[i];

		if (statement->kind == STATEMENT_SCOPE &&
			(statement->layer > from) != (statement->layer > to) &&
			StatementHas(policy, statement, kind))
			return false;
	}
	return true;
}

/* Do days and weeks mean the same to both rules? */
static bool
SameCalendar(const Ground *ground, int a, int b)
{
	const Policy *policy = ground->policy;
	int			a_layer = StatementOf(ground, a)->layer;
	int			b_layer = StatementOf(ground, b)->layer;
	const char *a_zone = PolicyZone(policy, a_layer);
	const char *b_zone = PolicyZone(policy, b_layer);

	if (PolicyWeekStart(policy, a_layer) != PolicyWeekStart(policy, b_layer))
		return false;
	return a_zone == b_zone ||
		(a_zone != NULL && b_zone != NULL && strcmp(a_zone, b_zone) == 0);
}

/*
 * A cap of a tighter or equal number in a window that reaches as far: what
 * is in the weak window is in the strong one.
 */
static bool
MaxImpliesMax(const Ground *ground, int strong, int weak)
{
	const PolicyClause *s = &ground->policy->clauses[strong];
	const PolicyClause *w = &ground->policy->clauses[weak];

	return s->weighed == w->weighed && s->amount <= w->amount &&
		(!s->weighed ||
		 SameProperties(ground, CLAUSE_WEIGHT, strong, weak)) &&
		WindowWithin(w, s) && LooksWithin(ground, weak, strong);
}

/*
 * A gap to both sides leaves the proposed contact alone in every window that
 * is not longer, so that no cap of one or more can bind.
 */
static bool
GapImpliesMax(const Ground *ground, int strong, int weak)
{
	const PolicyClause *s = &ground->policy->clauses[strong];
	const PolicyClause *w = &ground->policy->clauses[weak];
	PolicyClause gap = *s;

	gap.window_kind = WINDOW_ROLLING;
	gap.window = s->span;
	return s->look != LOOK_AFTER && !w->weighed && w->amount >= 1 &&
		WindowWithin(w, &gap) && LooksWithin(ground, weak, strong);
}

/* One contact in any window is a gap of its length. */
static bool
MaxImpliesGap(const Ground *ground, int strong, int weak)
{
	const PolicyClause *s = &ground->policy->clauses[strong];
	const PolicyClause *w = &ground->policy->clauses[weak];

	return w->look != LOOK_AFTER && !s->weighed && s->amount == 1 &&
		(s->window_kind == WINDOW_EVER ||
		 (s->window_kind == WINDOW_ROLLING &&
		  SpanWithin(&w->span, &s->window))) &&
		SeesProposed(ground, strong, weak) &&
		LooksWithin(ground, weak, strong);
}

/* A longer gap to at least the same contacts, on the same sides of them. */
static bool
GapImpliesGap(const Ground *ground, int strong, int weak)
{
	const PolicyClause *s = &ground->policy->clauses[strong];
	const PolicyClause *w = &ground->policy->clauses[weak];

	return (s->look == LOOK_AFTER) == (w->look == LOOK_AFTER) &&
		SpanWithin(&w->span, &s->span) && LooksWithin(ground, weak, strong);
}

/* Does a pause of this length last as long as the other? */
static bool
PauseWithin(const PolicyClause *weak, const PolicyClause *strong)
{
	return SpanIsZero(&strong->span) ||
		(!SpanIsZero(&weak->span) && SpanWithin(&weak->span, &strong->span));
}

/*
 * A pause that comes at least as early and lasts at least as long.  What
 * makes a run of unanswered contacts is the same only when both look at the
 * same contacts.
 */
static bool
PauseImpliesPause(const Ground *ground, int strong, int weak)
{
	const PolicyClause *s = &ground->policy->clauses[strong];
	const PolicyClause *w = &ground->policy->clauses[weak];

	if (s->amount > w->amount || !PauseWithin(w, s) ||
		!LooksWithin(ground, weak, strong))
		return false;
	if (s->kind == CLAUSE_PAUSE_OUTCOME || w->kind == CLAUSE_PAUSE_OUTCOME)
		return s->kind == w->kind &&
			OutcomeReaches((Outcome) w->outcome, (Outcome) s->outcome) &&
			WindowWithin(w, s);
	if (s->kind == CLAUSE_PAUSE_NEVER_ANSWERED && w->kind != s->kind)
		return false;
	for (int p = 0; p < ground->nproposed; p++)
		if (SetHas(ground->binds[weak], p) &&
			!SetWithin(LookAt(ground, strong, p), LookAt(ground, weak, p),
					   ground->words))
			return false;
	return memcmp(&s->age, &w->age, sizeof(Span)) == 0 &&
		SameProperties(ground, CLAUSE_ANSWER, strong, weak);
}

/* Clock and weekday rules by their weeks, date rules by their dates. */
static bool
HoursImply(const Ground *ground, int strong, int weak)
{
	const PolicyClause *s = &ground->policy->clauses[strong];
	const PolicyClause *w = &ground->policy->clauses[weak];

	if (s->on.given && w->on.given)
	{
		if (w->kind == CLAUSE_ONLY_ON)
			return s->kind == CLAUSE_ONLY_ON && DatesWithin(&s->on, &w->on);
		return s->kind == CLAUSE_NOT_ON ? DatesWithin(&w->on, &s->on) :
			!DatesMeet(&s->on, &w->on);
	}
	return ground->weeks[strong] != NULL && ground->weeks[weak] != NULL &&
		!WeekIsEmpty(ground->weeks[weak]) &&
		WeekCovers(ground->weeks[strong], ground->weeks[weak]);
}

/* See policy_lint.h. */
bool
RuleImplies(const Ground *ground, int strong, int weak)
{
	const PolicyClause *s = &ground->policy->clauses[strong];
	const PolicyClause *w = &ground->policy->clauses[weak];
	RuleKind	s_kind = ClauseRuleKind((ClauseKind) s->kind);
	RuleKind	w_kind = ClauseRuleKind((ClauseKind) w->kind);

	if (s_kind == RULE_NONE || w_kind == RULE_NONE ||
		(s->during.given &&
		 memcmp(&s->during, &w->during, sizeof(PolicyDates)) != 0) ||
		SetIsEmpty(ground->binds[weak], ground->proposed_words) ||
		!SetWithin(ground->binds[weak], ground->binds[strong],
				   ground->proposed_words))
		return false;

	/* consent has its own reasons: it is asked for whatever else holds */
	if (s_kind == RULE_CONSENT || w_kind == RULE_CONSENT)
		return s_kind == w_kind;
	if (RefusesAll(s))
		return true;
	if (RefusesAll(w) || !SameCalendar(ground, strong, weak))
		return false;

	if (s_kind == RULE_MAX && w_kind == RULE_MAX)
		return MaxImpliesMax(ground, strong, weak);
	if (s_kind == RULE_GAP && w_kind == RULE_MAX)
		return GapImpliesMax(ground, strong, weak);
	if (s_kind == RULE_MAX && w_kind == RULE_GAP)
		return MaxImpliesGap(ground, strong, weak);
	if (s_kind == RULE_GAP && w_kind == RULE_GAP)
		return GapImpliesGap(ground, strong, weak);
	if (s_kind == RULE_ONLY_WITHIN && w_kind == RULE_ONLY_WITHIN)
		return SpanWithin(&s->span, &w->span) &&
			LooksWithin(ground, strong, weak);
	if (s_kind == RULE_PAUSE && w_kind == RULE_PAUSE)
		return PauseImpliesPause(ground, strong, weak);
	if ((s_kind & (RULE_CLOCK | RULE_DAY)) != 0 &&
		(w_kind & (RULE_CLOCK | RULE_DAY)) != 0)
		return HoursImply(ground, strong, weak);
	return s_kind == RULE_NEVER && w_kind == RULE_NEVER;
}
