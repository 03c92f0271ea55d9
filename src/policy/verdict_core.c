/*
 * verdict_core.c
 *		Holds one person's history against the rules that bind, at one instant.
 *
 * A rolling window counts a contact c at an instant e when c <= e < c + W, a
 * calendar window when c's local date is not before the window's first.  Both
 * come down to a Reach: nothing below lo, everything from hi on, and between
 * the two (near clock changes and month ends only) each contact is asked.
 */
#include "policy/verdict.h"

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

/* Has the clause a duration, or does it say "forever"? */
static bool
SpanIsGiven(const Span *span)
{
	return span->months != 0 || span->days != 0 || span->micros != 0;
}

/* Everything up to t. */
static const Reach all_time = {INT64_MIN, INT64_MIN};

/* The contacts in a rule's window as seen from e. */
static Reach
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

/* The number of contacts up to t; mostly all of them are. */
static inline uint32_t
ContactsUpTo(const HistoryView *history, Instant t)
{
	uint32_t	n = history->contacts;

	if (n == 0 || HistoryAt(history, n - 1) <= t)
		return n;
	return HistoryUpTo(history, t);
}

/* The stored bytes name a kind that the dictionary does not have. */
static bool
FailKind(CoreError *err)
{
	return CoreFail(err, CORE_CORRUPTED,
					"invalid kind index in stored contact_history");
}

/* One rule's way of looking at one person's history. */
typedef struct Look
{
	const Person *person;
	const BoundRule *rule;
	Zone	   *zone;
	const uint8_t *seen;		/* by kind */
	const int64_t *amount;		/* by kind */
	uint8_t		mask;			/* what has to be seen */
} Look;

static Look
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

/* The kind of a contact, checked; false with err filled. */
static inline bool
KindOf(const Look *look, uint32_t i, uint32_t *kind, CoreError *err)
{
	*kind = HistoryKindIndex(&look->person->history, i);
	if (*kind < look->person->kinds->nkinds)
		return true;
	return FailKind(err);
}

/* Is a contact between lo and hi in the rule's window as seen from e? */
static bool
IsInWindow(const Look *look, Instant at, Instant e, int32_t window_date)
{
	if (look->rule->clause->window_kind == WINDOW_CALENDAR)
		return ZoneDate(look->zone, at) >= window_date;
	return SpanAdd(look->zone, at, &look->rule->clause->window) > e;
}

/*
 * What the window holds at e, e included; stops early above limit.  contacts
 * (or NULL) collects the instants.
 */
static bool
WindowAmount(const Look *look, Instant e, Reach reach, int32_t window_date,
			 int64_t limit, int64_t *amount, InstantList *contacts,
			 CoreError *err)
{
	const HistoryView *history = &look->person->history;
	int64_t		total = 0;

	for (uint32_t i = ContactsUpTo(history, e); i-- > 0;)
	{
		Instant		at = HistoryAt(history, i);
		uint32_t	kind;

		if (at < reach.lo)
			break;
		if (!KindOf(look, i, &kind, err))
			return false;
		if ((look->seen[kind] & look->mask) == 0 ||
			(at < reach.hi && !IsInWindow(look, at, e, window_date)))
			continue;
		total += look->amount[kind];
		if (contacts != NULL)
			InstantListAdd(contacts, at);
		else if (total > limit)
			break;
	}
	*amount = total;
	return true;
}

/* --- behind the horizon */

/* Say that a rule would need contacts that were trimmed. */
static Passes
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
static bool
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
	if (!WindowAmount(&check->look, e, reach, window_date,
					  check->limit - check->before, &amount,
					  check->findings != NULL ? &contacts : NULL, err))
		return PASSES_UNKNOWN;
	amount += check->before;
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
		uint32_t	kind;
		Passes		later;

		/* a no is a no; only the fullest instant is still of interest */
		if (e >= moment->later_end || (passes != PASSES_YES && !findings))
			break;
		if (!KindOf(&check.look, i, &kind, err))
			return PASSES_UNKNOWN;
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
 * The nearest contact up to t that a gap or "only within" rule sees within
 * its reach; all of them when contacts is given.
 */
static bool
FindWithin(const Look *look, Instant t, Reach reach, bool *found,
		   InstantList *contacts, CoreError *err)
{
	const HistoryView *history = &look->person->history;
	const Span *span = &look->rule->clause->span;
	bool		ends_at_t = look->rule->kind == RULE_ONLY_WITHIN;

	for (uint32_t i = ContactsUpTo(history, t); i-- > 0;)
	{
		Instant		at = HistoryAt(history, i);
		uint32_t	kind;

		if (at < reach.lo)
			break;
		if (!KindOf(look, i, &kind, err))
			return false;
		if ((look->seen[kind] & look->mask) == 0 ||
			(at < reach.hi &&
			 SpanAdd(look->zone, at, span) < t + (ends_at_t ? 0 : 1)))
			continue;
		*found = true;
		if (contacts == NULL)
			break;
		InstantListAdd(contacts, at);
	}
	return true;
}

/*
 * The same among the trimmed: PASSES_YES when one is found.  The last contact
 * of each group is enough, for it is the one that reaches furthest.
 */
static Passes
FindTrimmedWithin(const Look *look, Instant t, Reach reach,
				  InstantList *contacts, CoreError *err)
{
	const Trimmed *trimmed = look->person->trimmed;
	const Span *span = &look->rule->clause->span;
	Instant		need = t + (look->rule->kind == RULE_ONLY_WITHIN ? 0 : 1);
	Passes		found = PASSES_NO;

	if (!HorizonMatters(look, reach.lo))
		return PASSES_NO;
	for (uint32_t i = 0; i < trimmed->ngroups; i++)
	{
		Instant		last = GroupLast(look, &trimmed->groups[i]);

		if (last == INSTANT_NONE || last < reach.lo ||
			!LooksAtGroup(look, &trimmed->groups[i]))
			continue;
		if (last > t)
			return FailHorizon(look->person, look->rule, err);
		if (SpanAdd(look->zone, last, span) < need)
			continue;
		found = PASSES_YES;
		if (contacts != NULL)
			InstantListAdd(contacts, last);
	}
	return found;
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
	bool		found = false;

	if (!FindWithin(&look, moments->at, moment->reach, &found, contacts, err))
		return PASSES_UNKNOWN;
	if (found && contacts == NULL)
		return PASSES_NO;
	for (uint32_t i = ContactsUpTo(history, moments->at);
		 i < history->contacts; i++)
	{
		Instant		at = HistoryAt(history, i);
		uint32_t	kind;

		if (at >= moment->later_end)
			break;
		if (!KindOf(&look, i, &kind, err))
			return PASSES_UNKNOWN;
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
	bool		found = false;

	if (!FindWithin(&look, moments->at, moments->rules[rule].reach, &found,
					contacts, err))
		return PASSES_UNKNOWN;
	if (found)
		return PASSES_YES;
	return FindTrimmedWithin(&look, moments->at, moments->rules[rule].reach,
							 contacts, err);
}

/* --- pauses */

/* What the contacts up to t say of a run without an answer. */
typedef struct Run
{
	Instant		answer_at;		/* the latest answer */
	Instant		answered_at;	/* the latest contact that was answered */
	Instant		last_at;		/* the latest contact of the run */
	int64_t		least;			/* length of the run; the two differ when */
	int64_t		most;			/* trimmed histories were merged */
} Run;

/* A contact a run may be made of: when was it answered, if it was by t? */
typedef struct RunContact
{
	Instant		at;
	Instant		answer_at;		/* INSTANT_NONE: not by t */
} RunContact;

/* Gather the sent contacts up to t; false with err filled. */
static bool
GatherRun(const Look *look, Instant t, RunContact **contacts,
		  uint32_t *ncontacts, CoreError *err)
{
	const HistoryView *history = &look->person->history;
	uint32_t	n = ContactsUpTo(history, t);
	Instant    *answers = NULL;

	*contacts = CoreAlloc((size_t) (n + 1) * sizeof(RunContact));
	*ncontacts = 0;
	if (history->answer_width > 0)
	{
		answers = CoreAlloc(history->contacts * sizeof(Instant));
		HistoryAnswers(history, look->person->kinds->dictionary, answers);
	}
	for (uint32_t i = 0; i < n; i++)
	{
		RunContact *contact = &(*contacts)[*ncontacts];
		uint32_t	kind;

		if (!KindOf(look, i, &kind, err))
			return false;
		if ((look->seen[kind] & SEEN_SENT) == 0)
			continue;
		contact->at = HistoryAt(history, i);
		contact->answer_at = INSTANT_NONE;
		if ((look->seen[kind] & SEEN_ANSWERED) != 0)
		{
			contact->answer_at = contact->at;
			if (answers != NULL && answers[i] != INSTANT_NONE)
				contact->answer_at = answers[i];
			if (contact->answer_at > t)
				contact->answer_at = INSTANT_NONE;
		}
		(*ncontacts)++;
	}
	CoreFree(answers);
	return true;
}

/* What a group knows of answers in the sense of the rule. */
static const TrimmedAnswers *
GroupAnswers(const Look *look, const TrimmedGroup *group)
{
	Outcome		answer = PolicyAnswer(&look->person->binding->policy,
									  look->rule->layer, group->channel,
									  group->purpose);

	return &group->answers[ANSWER_LEVEL(answer)];
}

/* Take the answers to trimmed contacts into account; false: not known at t. */
static bool
RunTrimmedAnswers(const Look *look, Instant t, Run *run)
{
	const Trimmed *trimmed = look->person->trimmed;

	for (uint32_t i = 0; i < trimmed->ngroups; i++)
	{
		const TrimmedAnswers *answers;

		if (!LooksAtGroup(look, &trimmed->groups[i]))
			continue;
		answers = GroupAnswers(look, &trimmed->groups[i]);
		if (answers->last_answer_at > t ||
			GroupLast(look, &trimmed->groups[i]) > t)
			return false;
		if (answers->last_answer_at > run->answer_at)
			run->answer_at = answers->last_answer_at;
		if (answers->answered_contact_at > run->answered_at)
			run->answered_at = answers->answered_contact_at;
	}
	return true;
}

/* Is a contact at c after the latest answer, and so part of the run? */
static bool
IsInRun(const Run *run, Instant c)
{
	return c >= run->answer_at && c > run->answered_at;
}

/* Lengthen the run by the trimmed contacts that no answer followed. */
static void
RunTrimmedContacts(const Look *look, const RuleMoment *moment, Run *run)
{
	const Trimmed *trimmed = look->person->trimmed;
	bool		has_age = SpanIsGiven(&look->rule->clause->age);

	for (uint32_t i = 0; i < trimmed->ngroups; i++)
	{
		const TrimmedGroup *group = &trimmed->groups[i];
		const TrimmedAnswers *answers;

		if (group->last_at == INSTANT_NONE || !IsInRun(run, group->last_at) ||
			!LooksAtGroup(look, group))
			continue;
		answers = GroupAnswers(look, group);
		run->most += answers->run_max;
		if (answers->last_answer_at == run->answer_at &&
			answers->answered_contact_at == run->answered_at &&
			(!has_age || group->last_at < moment->young.lo))
			run->least += answers->run_min;
		if (answers->run_max > 0 && group->last_at > run->last_at)
			run->last_at = group->last_at;
	}
}

/* Has a contact had its time to be answered ("for A")? */
static bool
IsOldEnough(const Look *look, const RuleMoment *moment, Instant at, Instant t)
{
	const Span *age = &look->rule->clause->age;

	return !SpanIsGiven(age) || at < moment->young.lo ||
		(at < moment->young.hi && SpanAdd(look->zone, at, age) <= t);
}

/* Measure the run of unanswered contacts up to t. */
static Passes
MeasureRun(const Look *look, const RuleMoment *moment, Instant t, Run *run,
		   InstantList *list, CoreError *err)
{
	const Trimmed *trimmed = look->person->trimmed;
	RunContact *contacts;
	uint32_t	ncontacts;

	run->answer_at = run->answered_at = run->last_at = INSTANT_NONE;
	run->least = run->most = 0;
	if (!GatherRun(look, t, &contacts, &ncontacts, err))
		return PASSES_UNKNOWN;
	for (uint32_t i = 0; i < ncontacts; i++)
	{
		if (contacts[i].answer_at == INSTANT_NONE)
			continue;
		if (contacts[i].answer_at > run->answer_at)
			run->answer_at = contacts[i].answer_at;
		run->answered_at = contacts[i].at;
	}
	if (trimmed != NULL && !RunTrimmedAnswers(look, t, run))
	{
		CoreFree(contacts);
		return FailHorizon(look->person, look->rule, err);
	}
	for (uint32_t i = 0; i < ncontacts; i++)
	{
		if (contacts[i].answer_at != INSTANT_NONE ||
			!IsInRun(run, contacts[i].at) ||
			!IsOldEnough(look, moment, contacts[i].at, t))
			continue;
		run->least++;
		run->most++;
		run->last_at = contacts[i].at;
		if (list != NULL)
			InstantListAdd(list, contacts[i].at);
	}
	if (trimmed != NULL)
		RunTrimmedContacts(look, moment, run);
	CoreFree(contacts);
	return PASSES_YES;
}

/* Is t still within the pause that began at last? */
static bool
PauseLasts(const Look *look, const RuleMoment *moment, Instant last, Instant t)
{
	const Span *span = &look->rule->clause->span;

	return last >= moment->reach.hi ||
		(last >= moment->reach.lo && SpanAdd(look->zone, last, span) > t);
}

static Passes
UnansweredPasses(const Person *person, int rule, const Moments *moments,
				 RuleFindings *findings, CoreError *err)
{
	Look		look = LookOf(person, rule, SEEN_SENT);
	const RuleMoment *moment = &moments->rules[rule];
	const PolicyClause *clause = look.rule->clause;
	Run			run;

	if (MeasureRun(&look, moment, moments->at, &run,
				   findings != NULL ? &findings->contacts : NULL,
				   err) == PASSES_UNKNOWN)
		return PASSES_UNKNOWN;
	if (findings != NULL)
		findings->counted = run.least;
	if (clause->kind == CLAUSE_PAUSE_NEVER_ANSWERED &&
		run.answer_at != INSTANT_NONE)
		return PASSES_YES;
	if (run.most < clause->amount ||
		!PauseLasts(&look, moment, run.last_at, moments->at))
		return PASSES_YES;
	if (run.least < clause->amount)
		return FailHorizon(person, look.rule, err);
	return PASSES_NO;
}

/* The trimmed contacts with the outcome a pause is about. */
static int64_t
TrimmedOutcomes(const Look *look, Instant lo)
{
	const Trimmed *trimmed = look->person->trimmed;
	int64_t		total = 0;

	for (uint32_t i = 0; trimmed != NULL && i < trimmed->ngroups; i++)
	{
		const TrimmedGroup *group = &trimmed->groups[i];

		/* only counted contacts and events have a known last one */
		if (trimmed->before <= lo || !LooksAtGroup(look, group) ||
			(OutcomeIsCounted(look->rule->clause->outcome) &&
			 group->last_at < lo))
			continue;
		for (int outcome = 0; outcome < OUTCOME_COUNT; outcome++)
			if (OutcomeReaches(outcome, look->rule->clause->outcome))
				total += group->by_outcome[outcome];
	}
	return total;
}

/* Did the contact at "at" complete N of its outcome in one window? */
static Passes
OutcomeTriggers(const Look *look, Instant at, CoreError *err)
{
	const PolicyClause *clause = look->rule->clause;
	int32_t		window_date = 0;
	Reach		reach = WindowReach(look->rule, look->zone, at, &window_date);
	int64_t		count;
	int64_t		trimmed;

	if (!WindowAmount(look, at, reach, window_date, clause->amount - 1,
					  &count, NULL, err))
		return PASSES_UNKNOWN;
	if (count >= clause->amount)
		return PASSES_YES;
	trimmed = TrimmedOutcomes(look, reach.lo);
	if (count + trimmed < clause->amount)
		return PASSES_NO;
	if (clause->window_kind == WINDOW_EVER || clause->window_kind == WINDOW_NONE)
		return PASSES_YES;
	return FailHorizon(look->person, look->rule, err);
}

static Passes
OutcomePasses(const Person *person, int rule, const Moments *moments,
			  RuleFindings *findings, CoreError *err)
{
	Look		look = LookOf(person, rule, SEEN_OUTCOME);
	const RuleMoment *moment = &moments->rules[rule];
	const PolicyClause *clause = look.rule->clause;
	Passes		passes = PASSES_YES;

	for (uint32_t i = ContactsUpTo(&person->history, moments->at); i-- > 0;)
	{
		Instant		at = HistoryAt(&person->history, i);
		uint32_t	kind;
		Passes		triggers;

		if (at < moment->reach.lo)
			break;
		if (!KindOf(&look, i, &kind, err))
			return PASSES_UNKNOWN;
		if ((look.seen[kind] & SEEN_OUTCOME) == 0)
			continue;
		if (findings != NULL)
			InstantListAdd(&findings->contacts, at);
		if (!PauseLasts(&look, moment, at, moments->at) ||
			passes == PASSES_NO)
			continue;
		CoreCheckInterrupts();
		triggers = OutcomeTriggers(&look, at, err);
		if (triggers == PASSES_UNKNOWN)
			return PASSES_UNKNOWN;
		if (triggers == PASSES_YES)
			passes = PASSES_NO;
		if (passes == PASSES_NO && findings == NULL)
			return PASSES_NO;
	}
	/* a pause that trimmed contacts began: how long it lasts is not known */
	if (passes == PASSES_YES &&
		TrimmedOutcomes(&look, moment->reach.lo) >= clause->amount)
		return SpanIsGiven(&clause->span) ||
			clause->window_kind == WINDOW_ROLLING ||
			clause->window_kind == WINDOW_CALENDAR ?
			FailHorizon(person, look.rule, err) : PASSES_NO;
	return passes;
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
