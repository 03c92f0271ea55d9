/*
 * verdict_core.c
 *		Holds one person's history against the rules that bind, at one instant.
 *
 * A rolling window counts a contact c at an instant e when c <= e < c + W, a
 * calendar window when c's local date is not before the window's first.  Both
 * come down to a Reach: nothing below lo, everything from hi on, and between
 * the two (near clock changes and month ends only) each contact is asked.
 */
#include "policy/verdict_parts.h"

/* The local dates on which a "during" or "on" range holds. */
static bool
DatesContain(const PolicyDates *dates, int32_t date)
{
	int			year,
				month,
				day;

	if (!dates->yearly)
		return date >= dates->from && date <= dates->to;
	DateToCivil(date, &year, &month, &day);
	return month * 100 + day >= dates->from && month * 100 + day <= dates->to;
}

/* Does a clause hold on that local date ("during", "outside")? */
static bool
ClauseHolds(const PolicyClause *clause, int32_t date)
{
	return !clause->during.given ||
		DatesContain(&clause->during, date) != (clause->during.outside != 0);
}

/* Is a weekday among the days of a clause? */
static bool
DayIsNamed(const PolicyClause *clause, int32_t date)
{
	return clause->days == 0 || (clause->days >> DateWeekday(date) & 1) != 0;
}

/*
 * Does the wall clock lie in the clause's span?  A span over midnight belongs
 * to the day on which it starts.
 */
static bool
ClockIsIn(const PolicyClause *clause, int64_t local)
{
	int32_t		date = LocalDate(local);
	int64_t		time = local - date * MICROS_PER_DAY;
	int64_t		from = clause->from_minute * MICROS_PER_MINUTE;
	int64_t		to = clause->to_minute * MICROS_PER_MINUTE;

	if (from < to)
		return time >= from && time < to && DayIsNamed(clause, date);
	return (time >= from && DayIsNamed(clause, date)) ||
		(time < to && DayIsNamed(clause, date - 1));
}

/* Does a rule that only looks at the calendar and the clock pass? */
static bool
ClauseIsOpen(const PolicyClause *clause, int64_t local)
{
	int32_t		date = LocalDate(local);

	switch (clause->kind)
	{
		case CLAUSE_QUIET:
			return !ClockIsIn(clause, local);
		case CLAUSE_ONLY_TIME:
			return ClockIsIn(clause, local);
		case CLAUSE_ONLY_ON:
			return clause->on.given ? DatesContain(&clause->on, date) :
				DayIsNamed(clause, date);
		case CLAUSE_NOT_ON:
			return clause->on.given ? !DatesContain(&clause->on, date) :
				!DayIsNamed(clause, date);
		case CLAUSE_NEVER:
			return false;
		default:
			return true;
	}
}

/* Everything up to t. */
static const Reach all_time = {INT64_MIN, INT64_MIN};

/* The contacts in a rule's window as seen from e. */
Reach
WindowReach(const BoundRule *rule, Zone *zone, Instant e,
			int32_t *window_date)
{
	const PolicyClause *clause = rule->clause;

	switch (clause->window_kind)
	{
		case WINDOW_ROLLING:
			return SpanReach(zone, e, &clause->window);
		case WINDOW_CALENDAR:
			*window_date = CalendarWindowStart(ZoneDate(zone, e),
											   &rule->window);
			return DateReach(zone, *window_date);
		default:
			return all_time;
	}
}

/* See verdict.h. */
void
RuleMomentAt(const BoundRule *rule, Zone *zone, Instant t, RuleMoment *moment)
{
	const PolicyClause *clause = rule->clause;
	int64_t		local = ZoneLocal(zone, t);

	memset(moment, 0, sizeof(*moment));
	moment->date = LocalDate(local);
	moment->holds = ClauseHolds(clause, moment->date);
	moment->open = ClauseIsOpen(clause, local);
	moment->later_end = t;
	switch (rule->kind)
	{
		case RULE_MAX:
			moment->reach = WindowReach(rule, zone, t, &moment->window_date);
			if (!rule->sees_proposed)
				break;
			moment->later_end = clause->window_kind == WINDOW_ROLLING ?
				SpanAdd(zone, t, &clause->window) : INSTANT_NEVER;
			break;
		case RULE_GAP:
			moment->reach = SpanReach(zone, t, &clause->span);
			if (clause->look != LOOK_AFTER)
				moment->later_end = SpanAdd(zone, t, &clause->span);
			break;
		case RULE_ONLY_WITHIN:
			/* t <= c + D is c + D > t - 1 */
			moment->reach = SpanReach(zone, t - 1, &clause->span);
			break;
		case RULE_PAUSE:
			moment->reach = SpanIsGiven(&clause->span) ?
				SpanReach(zone, t, &clause->span) : all_time;
			if (SpanIsGiven(&clause->age))
				moment->young = SpanReach(zone, t, &clause->age);
			break;
		default:
			break;
	}
}

/* Do the alternatives of an "only TIME" rule leave t open? */
static bool
AlternativesAreOpen(const PolicyBinding *binding, int group,
					const Moments *moments)
{
	bool		any_holds = false;

	for (int i = group; i < binding->nrules; i++)
	{
		if (binding->rules[i].group != group || !moments->rules[i].holds)
			continue;
		any_holds = true;
		if (moments->rules[i].open)
			return true;
	}
	return !any_holds;
}

/* Does a rule that looks at no history pass?  (Consent is the person's.) */
static bool
RuleIsOpen(const PolicyBinding *binding, int rule, const Moments *moments)
{
	const BoundRule *bound = &binding->rules[rule];

	if (bound->clause->kind == CLAUSE_ONLY_TIME)
		return AlternativesAreOpen(binding, bound->group, moments);
	return !moments->rules[rule].holds || moments->rules[rule].open;
}

/* See verdict.h. */
size_t
MomentsSize(const PolicyBinding *binding)
{
	return sizeof(Moments) + (size_t) binding->nrules * sizeof(RuleMoment);
}

/* See verdict.h. */
void
MomentsAt(const PolicyBinding *binding, Zone **zones, Instant t,
		  Moments *moments)
{
	moments->at = t;
	moments->closed = false;
	for (int i = 0; i < binding->nrules; i++)
		RuleMomentAt(&binding->rules[i], zones[binding->rules[i].zone], t,
					 &moments->rules[i]);
	for (int i = 0; i < binding->nrules && !moments->closed; i++)
		moments->closed = !RuleIsOpen(binding, i, moments);
}

/* --- counting */

/* How a rule looks at a person. */
Look
LookOf(const Person *person, int rule, uint8_t mask)
{
	Look		look;

	look.person = person;
	look.rule = &person->binding->rules[rule];
	look.zone = person->zones[look.rule->zone];
	look.seen = person->kinds->seen[rule];
	look.amount = person->kinds->amount[rule];
	look.mask = mask;
	return look;
}

/* Is a contact between lo and hi in the rule's window as seen from e? */
static bool
IsInWindow(const Look *look, Instant at, Instant e, int32_t window_date)
{
	if (look->rule->clause->window_kind == WINDOW_CALENDAR)
		return ZoneDate(look->zone, at) >= window_date;
	return SpanAdd(look->zone, at, &look->rule->clause->window) > e;
}

/* What the window holds at e; see verdict_parts.h. */
int64_t
WindowAmount(const Look *look, Instant e, Reach reach, int32_t window_date,
			 int64_t limit, InstantList *contacts)
{
	const HistoryView *history = &look->person->history;
	int64_t		total = 0;

	for (uint32_t i = ContactsUpTo(history, e); i-- > 0;)
	{
		Instant		at = HistoryAt(history, i);
		uint32_t	kind = HistoryKindIndex(history, i);

		if (at < reach.lo)
			break;
		if ((look->seen[kind] & look->mask) == 0 ||
			(at < reach.hi && !IsInWindow(look, at, e, window_date)))
			continue;
		total += look->amount[kind];
		if (contacts != NULL)
			InstantListAdd(contacts, at);
		else if (total > limit)
			break;
	}
	return total;
}

/* --- behind the horizon */

/* Say that a rule would need contacts that were trimmed. */
Passes
FailHorizon(const Person *person, const BoundRule *rule, CoreError *err)
{
	CoreText	text;

	CoreTextInit(&text);
	PolicyWriteRule(&person->binding->policy, rule->statement,
					rule->clause_index, &text);
	CoreFail(err, CORE_HORIZON,
			 "the question reaches behind the horizon of the history");
	CoreDetail(err, "The rule \"%s\" looks at contacts that were trimmed.",
			   text.data);
	CoreHint(err, "Trim histories no later than the longest window in use.");
	CoreFree(text.data);
	return PASSES_UNKNOWN;
}

/* Does the rule look at what a group sums up? */
bool
LooksAtGroup(const Look *look, const TrimmedGroup *group)
{
	return RuleLooksAt(look->person->binding, look->rule, group->channel,
					   group->purpose);
}

/* The last contact of a group that the rule sees, INSTANT_NONE: none. */
static Instant
GroupLast(const Look *look, const TrimmedGroup *group)
{
	if ((look->mask & SEEN_EVENT) != 0 && group->last_event_at > group->last_at)
		return group->last_event_at;
	return group->last_at;
}

/* Could trimmed contacts from lo on matter to the rule? */
static bool
HorizonMatters(const Look *look, Instant lo)
{
	const Trimmed *trimmed = look->person->trimmed;

	if (trimmed == NULL || lo >= trimmed->before)
		return false;
	for (uint32_t i = 0; i < trimmed->ngroups; i++)
		if (GroupLast(look, &trimmed->groups[i]) >= lo &&
			GroupLast(look, &trimmed->groups[i]) != INSTANT_NONE &&
			LooksAtGroup(look, &trimmed->groups[i]))
			return true;
	return false;
}

/* What a group adds to "max ... ever", in the rule's unit. */
static int64_t
GroupAmount(const Look *look, const TrimmedGroup *group)
{
	int64_t		counted = 0;

	for (int outcome = 0; outcome < OUTCOME_COUNT; outcome++)
		if (OutcomeIsCounted(outcome))
			counted += group->by_outcome[outcome];
	if (!look->rule->clause->weighed)
		return counted;
	return group->weight + (counted - group->weighted) *
		PolicyWeight(&look->person->binding->policy, look->rule->layer,
					 group->channel, group->purpose);
}

/* What all trimmed contacts add to "max ... ever". */
static int64_t
TrimmedAmount(const Look *look)
{
	const Trimmed *trimmed = look->person->trimmed;
	int64_t		total = 0;

	for (uint32_t i = 0; trimmed != NULL && i < trimmed->ngroups; i++)
		if (LooksAtGroup(look, &trimmed->groups[i]))
			total += GroupAmount(look, &trimmed->groups[i]);
	return total;
}

/* --- the rules, one by one */

/*
 * max: at t, and at each later contact at which the proposed one is still in
 * the window.  Reports the fullest of these instants.
 */
typedef struct MaxCheck
{
	Look		look;
	int64_t		before;			/* trimmed contacts, for "ever" */
	int64_t		limit;			/* what may be there without the proposed */
	int64_t		fullest;
	RuleFindings *findings;
} MaxCheck;

/* Judge one instant. */
static Passes
MaxAt(MaxCheck *check, Instant e, Reach reach, int32_t window_date,
	  CoreError *err)
{
	InstantList contacts = {0};
	int64_t		amount;

	if (check->look.rule->clause->window_kind == WINDOW_EVER)
	{
		if (check->before > 0 && e < check->look.person->trimmed->before)
			return FailHorizon(check->look.person, check->look.rule, err);
	}
	else if (HorizonMatters(&check->look, reach.lo))
		return FailHorizon(check->look.person, check->look.rule, err);
	amount = check->before +
		WindowAmount(&check->look, e, reach, window_date,
					 check->limit - check->before,
					 check->findings != NULL ? &contacts : NULL);
	if (check->findings != NULL && amount > check->fullest)
	{
		check->fullest = amount;
		check->findings->counted = amount;
		CoreFree(check->findings->contacts.items);
		check->findings->contacts = contacts;
	}
	else
		CoreFree(contacts.items);
	return amount > check->limit ? PASSES_NO : PASSES_YES;
}

/* Is the proposed contact, at t, in the window of a later instant e? */
static bool
IsInLaterWindow(const MaxCheck *check, Instant e, const RuleMoment *moment,
				Reach *reach, int32_t *window_date)
{
	*reach = WindowReach(check->look.rule, check->look.zone, e, window_date);
	return check->look.rule->clause->window_kind != WINDOW_CALENDAR ||
		moment->date >= *window_date;
}

/*
 * Need a later contact that the rule does not see be judged?  In a window of
 * exact time the contacts before it only get fewer since the last one seen.
 */
static bool
JudgesUnseen(const PolicyClause *clause)
{
	return clause->window_kind == WINDOW_CALENDAR ||
		(clause->window_kind == WINDOW_ROLLING &&
		 (clause->window.months != 0 || clause->window.days != 0));
}

/* What may be in the window besides the proposed contact. */
static int64_t
MaxLimit(const BoundRule *rule)
{
	/* "max 0" refuses all that it binds, seen or not, whatever its weight */
	if (rule->clause->amount == 0)
		return -1;
	return rule->clause->amount -
		(rule->sees_proposed ? rule->proposed_amount : 0);
}

static Passes
MaxPasses(const Person *person, int rule, const Moments *moments,
		  RuleFindings *findings, CoreError *err)
{
	const RuleMoment *moment = &moments->rules[rule];
	const HistoryView *history = &person->history;
	MaxCheck	check;
	Passes		passes;

	check.look = LookOf(person, rule, SEEN_COUNTED);
	check.limit = MaxLimit(check.look.rule);
	/* no window holds more than there is */
	if (findings == NULL && !check.look.rule->clause->weighed &&
		person->trimmed == NULL && check.limit >= (int64_t) history->contacts)
		return PASSES_YES;
	check.before = check.look.rule->clause->window_kind == WINDOW_EVER ?
		TrimmedAmount(&check.look) : 0;
	check.fullest = -1;
	check.findings = findings;
	passes = MaxAt(&check, moments->at, moment->reach, moment->window_date,
				   err);
	if (!check.look.rule->sees_proposed)
		return passes;
	for (uint32_t i = ContactsUpTo(history, moments->at);
		 i < history->contacts; i++)
	{
		Instant		e = HistoryAt(history, i);
		Reach		reach;
		int32_t		window_date = 0;
		uint32_t	kind = HistoryKindIndex(history, i);
		Passes		later;

		/* a no is a no; only the fullest instant is still of interest */
		if (e >= moment->later_end || (passes != PASSES_YES && !findings))
			break;
		if ((check.look.seen[kind] & SEEN_COUNTED) == 0 &&
			!JudgesUnseen(check.look.rule->clause))
			continue;
		if (!IsInLaterWindow(&check, e, moment, &reach, &window_date))
			continue;
		CoreCheckInterrupts();
		later = MaxAt(&check, e, reach, window_date, err);
		if (passes == PASSES_YES || later == PASSES_NO)
			passes = later;
	}
	return passes;
}

/*
 * Does a gap or "only within" rule see a contact up to t within its reach?
 * All of them are looked for when contacts is given.
 */
static bool
FindWithin(const Look *look, Instant t, Reach reach, InstantList *contacts)
{
	const HistoryView *history = &look->person->history;
	const Span *span = &look->rule->clause->span;
	Instant		need = t + (look->rule->kind == RULE_ONLY_WITHIN ? 0 : 1);
	bool		found = false;

	for (uint32_t i = ContactsUpTo(history, t); i-- > 0;)
	{
		Instant		at = HistoryAt(history, i);
		uint32_t	kind = HistoryKindIndex(history, i);

		if (at < reach.lo)
			break;
		if ((look->seen[kind] & look->mask) == 0 ||
			(at < reach.hi && SpanAdd(look->zone, at, span) < need))
			continue;
		found = true;
		if (contacts == NULL)
			break;
		InstantListAdd(contacts, at);
	}
	return found;
}

/* How many contacts of a group does the rule see? */
static int64_t
GroupSeen(const Look *look, const TrimmedGroup *group)
{
	int64_t		seen = 0;

	for (int outcome = 0; outcome < OUTCOME_COUNT; outcome++)
		if (OutcomeIsCounted(outcome) ||
			(outcome == OUTCOME_EVENT && (look->mask & SEEN_EVENT) != 0))
			seen += group->by_outcome[outcome];
	return seen;
}

/*
 * The same among the trimmed: PASSES_YES when one is found.  The last contact
 * of each group is enough where it is the one that reaches furthest.
 */
static Passes
FindTrimmedWithin(const Look *look, Instant t, Reach reach,
				  InstantList *contacts, CoreError *err)
{
	const Trimmed *trimmed = look->person->trimmed;
	const Span *span = &look->rule->clause->span;
	Instant		need = t + (look->rule->kind == RULE_ONLY_WITHIN ? 0 : 1);
	Passes		found = PASSES_NO;
	bool		unknown = false;

	if (!HorizonMatters(look, reach.lo))
		return PASSES_NO;
	for (uint32_t i = 0; i < trimmed->ngroups; i++)
	{
		const TrimmedGroup *group = &trimmed->groups[i];
		Instant		last = GroupLast(look, group);

		if (last == INSTANT_NONE || last < reach.lo ||
			!LooksAtGroup(look, group))
			continue;
		if (last > t)
			unknown = true;
		else if (SpanAdd(look->zone, last, span) >= need)
		{
			found = PASSES_YES;
			if (contacts != NULL)
				InstantListAdd(contacts, last);
		}
		else if (GroupSeen(look, group) > 1)
			unknown = true;		/* an earlier one may reach further */
	}
	return found == PASSES_NO && unknown ?
		FailHorizon(look->person, look->rule, err) : found;
}

static Passes
GapPasses(const Person *person, int rule, const Moments *moments,
		  RuleFindings *findings, CoreError *err)
{
	const RuleMoment *moment = &moments->rules[rule];
	const HistoryView *history = &person->history;
	bool		after = person->binding->rules[rule].clause->look == LOOK_AFTER;
	Look		look = LookOf(person, rule, after ? SEEN_COUNTED | SEEN_EVENT :
							  SEEN_COUNTED);
	InstantList *contacts = findings != NULL ? &findings->contacts : NULL;
	Passes		behind;
	bool		found = FindWithin(&look, moments->at, moment->reach,
								   contacts);

	if (found && contacts == NULL)
		return PASSES_NO;
	for (uint32_t i = ContactsUpTo(history, moments->at);
		 i < history->contacts; i++)
	{
		Instant		at = HistoryAt(history, i);
		uint32_t	kind = HistoryKindIndex(history, i);

		if (at >= moment->later_end)
			break;
		if ((look.seen[kind] & look.mask) == 0)
			continue;
		found = true;
		if (contacts == NULL)
			return PASSES_NO;
		InstantListAdd(contacts, at);
	}
	behind = FindTrimmedWithin(&look, moments->at, moment->reach, contacts,
							   err);
	if (found || behind == PASSES_YES)
		return PASSES_NO;
	return behind == PASSES_NO ? PASSES_YES : PASSES_UNKNOWN;
}

static Passes
OnlyWithinPasses(const Person *person, int rule, const Moments *moments,
				 RuleFindings *findings, CoreError *err)
{
	Look		look = LookOf(person, rule, SEEN_COUNTED | SEEN_EVENT);
	InstantList *contacts = findings != NULL ? &findings->contacts : NULL;

	if (FindWithin(&look, moments->at, moments->rules[rule].reach, contacts))
		return PASSES_YES;
	return FindTrimmedWithin(&look, moments->at, moments->rules[rule].reach,
							 contacts, err);
}

/* --- all together */

/* See verdict.h. */
Passes
RulePasses(const Person *person, int rule, const Moments *moments,
		   RuleFindings *findings, CoreError *err)
{
	const BoundRule *bound = &person->binding->rules[rule];

	if (bound->kind == RULE_CONSENT)
		return person->opted_in ? PASSES_YES : PASSES_NO;
	if (!bound->looks)
		return RuleIsOpen(person->binding, rule, moments) ? PASSES_YES :
			PASSES_NO;
	if (!moments->rules[rule].holds)
		return PASSES_YES;
	switch (bound->clause->kind)
	{
		case CLAUSE_MAX:
			return MaxPasses(person, rule, moments, findings, err);
		case CLAUSE_GAP:
			return GapPasses(person, rule, moments, findings, err);
		case CLAUSE_ONLY_WITHIN:
			return OnlyWithinPasses(person, rule, moments, findings, err);
		case CLAUSE_PAUSE_OUTCOME:
			return OutcomePasses(person, rule, moments, findings, err);
		default:
			return UnansweredPasses(person, rule, moments, findings, err);
	}
}

/* See verdict.h. */
Passes
MayContact(const Person *person, const Moments *moments, CoreError *err)
{
	const PolicyBinding *binding = person->binding;
	Passes		passes = PASSES_YES;

	if (person->opted_out != NULL || moments->closed)
		return PASSES_NO;
	for (int i = 0; i < binding->nrules; i++)
	{
		Passes		one;

		if (!binding->rules[i].looks && binding->rules[i].kind != RULE_CONSENT)
			continue;
		one = RulePasses(person, i, moments, NULL, err);
		if (one == PASSES_NO)
			return PASSES_NO;
		if (one == PASSES_UNKNOWN)
			passes = PASSES_UNKNOWN;
	}
	return passes;
}
