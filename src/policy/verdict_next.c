/*
 * verdict_next.c
 *		From when on may the contact happen, and the whole answer.
 *
 * As a function of time each rule is constant between edges: contacts that
 * come into its view, windows and gaps that end, answers that arrive, local
 * midnights, the times a clause names, clock changes.  A rule alone is
 * followed from edge to edge until it passes; all together are found by
 * letting each push the instant on until none does.
 */
#include "policy/verdict_parts.h"

#include <stdlib.h>

#define SEARCH_YEARS	10

/* After the last change only clock and weekday rules still move: weekly. */
#define SEARCH_DAYS		14

/* What a search knows of one rule. */
typedef struct RuleEdges
{
	bool		known;
	InstantList instants;		/* after "from", ascending */
	int64_t    *times;			/* local times of day, ascending */
	int			ntimes;
} RuleEdges;

struct NextSearch
{
	const Person *person;
	Instant		from;
	Instant		end;
	RuleEdges  *rules;
	Moments    *moments;		/* scratch */
};

/* The zone a rule is judged in. */
static Zone *
RuleZone(const NextSearch *search, int rule)
{
	return search->person->zones[search->person->binding->rules[rule].zone];
}

/* Note an edge, if it is still to come. */
static void
AddEdge(NextSearch *search, int rule, Instant t)
{
	if (t > search->from)
		InstantListAdd(&search->rules[rule].instants, t);
}

/* Note the edges at which "x + span > e" flips. */
static void
AddEdgesBefore(NextSearch *search, int rule, Instant e, const Span *span)
{
	InstantList edges = {0};

	SpanEdges(RuleZone(search, rule), e, span, &edges);
	for (size_t i = 0; i < edges.count; i++)
		AddEdge(search, rule, edges.items[i]);
	CoreFree(edges.items);
}

/* What one contact changes for a rule, and when. */
static void
AddContactEdges(NextSearch *search, int rule, Instant at, uint8_t seen,
				Instant answered_at)
{
	const BoundRule *bound = &search->person->binding->rules[rule];
	const PolicyClause *clause = bound->clause;
	Zone	   *zone = RuleZone(search, rule);
	bool		later = at > search->from;

	/* a cap is judged at every later contact, seen or not */
	AddEdge(search, rule, at);
	if (bound->kind == RULE_MAX)
	{
		if (clause->window_kind != WINDOW_ROLLING)
			return;
		if (later && bound->sees_proposed)
			AddEdgesBefore(search, rule, at, &clause->window);
		if (seen != 0)
			AddEdge(search, rule, SpanAdd(zone, at, &clause->window));
		return;
	}
	if (seen == 0)
		return;
	if (answered_at != INSTANT_NONE)
		AddEdge(search, rule, answered_at);
	if (SpanIsGiven(&clause->age))
		AddEdge(search, rule, SpanAdd(zone, at, &clause->age));
	if (!SpanIsGiven(&clause->span))
		return;
	AddEdge(search, rule, SpanAdd(zone, at, &clause->span) +
			(bound->kind == RULE_ONLY_WITHIN ? 1 : 0));
	if (later && bound->kind == RULE_GAP && clause->look != LOOK_AFTER)
		AddEdgesBefore(search, rule, at, &clause->span);
}

/* What is known of the instants of trimmed contacts. */
static void
AddGroupEdges(NextSearch *search, int rule, const TrimmedGroup *group)
{
	if (group->last_at != INSTANT_NONE)
		AddContactEdges(search, rule, group->last_at, SEEN_COUNTED,
						INSTANT_NONE);
	if (group->last_event_at != INSTANT_NONE)
		AddContactEdges(search, rule, group->last_event_at, SEEN_EVENT,
						INSTANT_NONE);
	for (int level = 0; level < ANSWER_LEVELS; level++)
		if (group->answers[level].run_last_at != INSTANT_NONE)
			AddContactEdges(search, rule, group->answers[level].run_last_at,
							SEEN_COUNTED, INSTANT_NONE);
}

/* The edges that the history brings to a rule. */
static void
AddHistoryEdges(NextSearch *search, int rule)
{
	const Person *person = search->person;
	const HistoryView *history = &person->history;
	const BoundRule *bound = &person->binding->rules[rule];
	Instant    *answers = NULL;

	if (bound->kind == RULE_PAUSE && history->answer_width > 0)
	{
		answers = CoreAlloc(history->contacts * sizeof(Instant));
		HistoryAnswers(history, person->kinds->dictionary, answers);
	}
	for (uint32_t i = 0; i < history->contacts; i++)
	{
		uint32_t	kind = HistoryKindIndex(history, i);

		if (i % 1024 == 0)
			CoreCheckInterrupts();
		AddContactEdges(search, rule, HistoryAt(history, i),
						person->kinds->seen[rule][kind],
						answers == NULL ? INSTANT_NONE : answers[i]);
	}
	CoreFree(answers);
	if (person->trimmed == NULL)
		return;
	for (uint32_t i = 0; i < person->trimmed->ngroups; i++)
	{
		const TrimmedGroup *group = &person->trimmed->groups[i];

		if (RuleLooksAt(person->binding, bound, group->channel,
						group->purpose))
			AddGroupEdges(search, rule, group);
	}
}

static int
CompareTimes(const void *a, const void *b)
{
	int64_t		x = *(const int64_t *) a;
	int64_t		y = *(const int64_t *) b;

	return x < y ? -1 : x > y;
}

/* The times of day at which a rule (with its alternatives) may change. */
static void
AddTimes(NextSearch *search, int rule)
{
	const PolicyBinding *binding = search->person->binding;
	RuleEdges  *edges = &search->rules[rule];
	const BoundRule *bound = &binding->rules[rule];
	int			n = 0;

	if ((bound->kind & (RULE_CLOCK | RULE_DAY)) == 0 &&
		!bound->clause->during.given &&
		bound->clause->window_kind != WINDOW_CALENDAR)
		return;
	edges->times = CoreAlloc((size_t) (2 * binding->nrules + 1) *
							 sizeof(int64_t));
	edges->times[n++] = 0;
	for (int i = 0; i < binding->nrules && bound->kind == RULE_CLOCK; i++)
	{
		const PolicyClause *clause = binding->rules[i].clause;

		if (binding->rules[i].group != bound->group)
			continue;
		edges->times[n++] = clause->from_minute * MICROS_PER_MINUTE;
		edges->times[n++] = clause->to_minute * MICROS_PER_MINUTE;
	}
	qsort(edges->times, (size_t) n, sizeof(int64_t), CompareTimes);
	edges->ntimes = n;
}

/* Work out a rule's edges, once. */
static RuleEdges *
EdgesOf(NextSearch *search, int rule)
{
	RuleEdges  *edges = &search->rules[rule];

	if (edges->known)
		return edges;
	edges->known = true;
	if (search->person->binding->rules[rule].looks)
		AddHistoryEdges(search, rule);
	InstantListSort(&edges->instants);
	AddTimes(search, rule);
	return edges;
}

/* The first edge of a rule after t. */
static Instant
NextEdge(NextSearch *search, int rule, Instant t)
{
	const RuleEdges *edges = EdgesOf(search, rule);
	size_t		low = 0;
	size_t		high = edges->instants.count;
	Instant		next = INSTANT_NEVER;

	while (low < high)
	{
		size_t		middle = (low + high) / 2;

		if (edges->instants.items[middle] > t)
			high = middle;
		else
			low = middle + 1;
	}
	if (low < edges->instants.count)
		next = edges->instants.items[low];
	if (edges->ntimes > 0)
	{
		Instant		edge = ZoneNextEdge(RuleZone(search, rule), t,
										edges->times, edges->ntimes);

		if (edge < next)
			next = edge;
	}
	return next;
}

/* How long, at most, a contact stays in a calendar window. */
static int64_t
CalendarLength(const CalendarWindow *window)
{
	static const int64_t days[] = {0, 1, 7, 31, 92, 366};

	return (days[window->unit] * window->count + days[window->by] + 2) *
		MICROS_PER_DAY;
}

/* The last change that a range of dates can bring, or INSTANT_NONE. */
static Instant
DatesEnd(Zone *zone, const PolicyDates *dates, bool *yearly)
{
	if (!dates->given)
		return INSTANT_NONE;
	if (dates->yearly)
	{
		*yearly = true;
		return INSTANT_NONE;
	}
	return ZoneInstant(zone, (dates->to + INT64_C(2)) * MICROS_PER_DAY);
}

/* Where the search ends: POLICY's ten years or two quiet weeks. */
static Instant
SearchEnd(NextSearch *search)
{
	static const Span decade = {.months = 12 * SEARCH_YEARS};
	const Person *person = search->person;
	const PolicyBinding *binding = person->binding;
	Instant		latest = search->from;
	Instant		last_contact = search->from;
	Instant		end;
	bool		yearly = false;

	if (person->history.contacts > 0)
		last_contact = HistoryAt(&person->history,
								 person->history.contacts - 1);
	if (last_contact < search->from)
		last_contact = search->from;
	for (int i = 0; i < binding->nrules; i++)
	{
		const BoundRule *rule = &binding->rules[i];
		const InstantList *instants = &EdgesOf(search, i)->instants;
		Zone	   *zone = RuleZone(search, i);
		Instant		changes[4];

		changes[0] = DatesEnd(zone, &rule->clause->on, &yearly);
		changes[1] = DatesEnd(zone, &rule->clause->during, &yearly);
		changes[2] = instants->count == 0 ? INSTANT_NONE :
			instants->items[instants->count - 1];
		changes[3] = rule->clause->window_kind != WINDOW_CALENDAR ?
			INSTANT_NONE : last_contact + CalendarLength(&rule->window);
		for (int j = 0; j < 4; j++)
			if (changes[j] > latest)
				latest = changes[j];
	}
	if (binding->nrules == 0)
		return search->from;
	end = SpanAdd(RuleZone(search, 0), search->from, &decade);
	if (!yearly && latest + SEARCH_DAYS * MICROS_PER_DAY < end)
		end = latest + SEARCH_DAYS * MICROS_PER_DAY;
	return end;
}

/* See verdict.h. */
NextSearch *
NextSearchBegin(const Person *person, Instant from)
{
	const PolicyBinding *binding = person->binding;
	NextSearch *search = CoreAllocZero(sizeof(NextSearch));

	search->person = person;
	search->from = from;
	search->rules = CoreAllocZero((size_t) (binding->nrules + 1) *
								  sizeof(RuleEdges));
	search->moments = CoreAllocZero(MomentsSize(binding));
	search->end = SearchEnd(search);
	return search;
}

/* Does one rule pass at t? */
static Passes
PassesAt(NextSearch *search, int rule, Instant t, CoreError *err)
{
	const PolicyBinding *binding = search->person->binding;

	search->moments->at = t;
	for (int i = 0; i < binding->nrules; i++)
		if (i == rule || binding->rules[i].group == binding->rules[rule].group)
			RuleMomentAt(&binding->rules[i], RuleZone(search, i), t,
						 &search->moments->rules[i]);
	return RulePasses(search->person, rule, search->moments, NULL, err);
}

/* The first instant >= t at which a rule passes. */
static bool
FirstPass(NextSearch *search, int rule, Instant t, Instant *next,
		  CoreError *err)
{
	while (t <= search->end)
	{
		Passes		passes = PassesAt(search, rule, t, err);

		if (passes == PASSES_UNKNOWN)
			return false;
		if (passes == PASSES_YES)
		{
			*next = t;
			return true;
		}
		CoreCheckInterrupts();
		t = NextEdge(search, rule, t);
	}
	*next = INSTANT_NEVER;
	return true;
}

/* See verdict.h. */
bool
NextForRule(NextSearch *search, int rule, Instant *next, CoreError *err)
{
	return FirstPass(search, rule, search->from, next, err);
}

/* See verdict.h. */
bool
NextForAll(NextSearch *search, Instant *next, CoreError *err)
{
	const PolicyBinding *binding = search->person->binding;
	Instant		t = search->from;
	bool		moved = true;

	*next = INSTANT_NEVER;
	if (search->person->opted_out != NULL)
		return true;
	while (moved)
	{
		moved = false;
		for (int i = 0; i < binding->nrules; i++)
		{
			Instant		first;

			if (!FirstPass(search, i, t, &first, err))
				return false;
			if (first == INSTANT_NEVER)
				return true;
			if (first > t)
			{
				t = first;
				moved = true;
			}
		}
	}
	*next = t;
	return true;
}

/* --- the whole answer */

/* The code that a verdict gives as its reason. */
const char *
RuleReason(const BoundRule *rule)
{
	switch (rule->kind)
	{
		case RULE_MAX:
			return "cap";
		case RULE_GAP:
			return "gap";
		case RULE_ONLY_WITHIN:
			return "follow_up";
		case RULE_CLOCK:
			return "quiet";
		case RULE_DAY:
			return "day";
		case RULE_PAUSE:
			return "pause";
		case RULE_CONSENT:
			return "consent";
		default:
			return "never";
	}
}

/* A cap, or what is counted towards it, as a number for people. */
double
RuleAmount(const BoundRule *rule, int64_t amount)
{
	return rule->clause->weighed ? (double) amount / WEIGHT_ONE :
		(double) amount;
}

/* What a max rule says of itself in a verdict. */
static void
VerdictCap(Verdict *verdict, const BoundRule *rule, int64_t counted)
{
	verdict->has_cap = rule->kind == RULE_MAX;
	if (!verdict->has_cap)
		return;
	verdict->counted = RuleAmount(rule, counted);
	verdict->cap = RuleAmount(rule, rule->clause->amount);
}

/* Take a refusing rule into the verdict when it keeps the contact longest. */
static bool
VerdictRefused(NextSearch *search, int rule, int64_t counted,
			   Instant *longest, Verdict *verdict, CoreError *err)
{
	const BoundRule *bound = &search->person->binding->rules[rule];
	Instant		own;

	if (!NextForRule(search, rule, &own, err))
		return false;
	if (own <= *longest)
		return true;
	*longest = own;
	verdict->rule = rule;
	verdict->reason = RuleReason(bound);
	VerdictCap(verdict, bound, counted);
	return true;
}

/* Take a passing cap into the verdict when it leaves the least. */
static void
VerdictAllowed(const BoundRule *bound, int rule, int64_t counted,
			   double *least, Verdict *verdict)
{
	double		left = RuleAmount(bound, bound->clause->amount - counted);

	if (verdict->rule >= 0 && left >= *least)
		return;
	*least = left;
	verdict->rule = rule;
	VerdictCap(verdict, bound, counted);
}

/* See verdict.h. */
bool
ContactVerdict(const Person *person, Instant at, Verdict *verdict,
			   CoreError *err)
{
	const PolicyBinding *binding = person->binding;
	NextSearch *search = NULL;	/* begun by the first refusal */
	Moments    *moments = CoreAllocZero(MomentsSize(binding));
	Instant		longest = INSTANT_NONE;
	double		least = 0;
	Verdict		open = {.allowed = true, .rule = -1};

	*verdict = open;
	if (person->opted_out != NULL)
	{
		verdict->allowed = false;
		verdict->reason = "opt_out";
		verdict->retry_at = INSTANT_NEVER;
		return true;
	}
	MomentsAt(binding, person->zones, at, moments);
	for (int i = 0; i < binding->nrules; i++)
	{
		RuleFindings findings = {0};
		Passes		passes = RulePasses(person, i, moments, &findings, err);

		CoreFree(findings.contacts.items);
		if (passes == PASSES_UNKNOWN)
			return false;
		if (passes == PASSES_NO)
		{
			verdict->allowed = false;
			if (search == NULL)
				search = NextSearchBegin(person, at);
			if (!VerdictRefused(search, i, findings.counted, &longest,
								verdict, err))
				return false;
		}
		else if (binding->rules[i].kind == RULE_MAX && moments->rules[i].holds)
			VerdictAllowed(&binding->rules[i], i, findings.counted, &least,
						   &open);
	}
	if (!verdict->allowed)
		return NextForAll(search, &verdict->retry_at, err);
	*verdict = open;
	return true;
}
