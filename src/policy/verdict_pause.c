/*
 * verdict_pause.c
 *		Pauses: for those who do not answer, and after what went wrong.
 *
 * A run is made of the contacts sent after the latest answer, and after the
 * latest contact that was answered, that have no answer themselves.
 */
#include "policy/verdict_parts.h"

/* What the contacts up to t say of a run without an answer. */
typedef struct Run
{
	Instant		answer_at;		/* the latest answer */
	Instant		answered_at;	/* the latest contact that was answered */
	Instant		last_at;		/* the latest contact of the run, and what */
	Instant		last_maybe;		/* could be it; and the length of the run: */
	int64_t		least;			/* they differ when trimmed histories were */
	int64_t		most;			/* merged, or trimmed contacts are young */
} Run;

static inline Instant
Later(Instant a, Instant b)
{
	return a > b ? a : b;
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
			trimmed->groups[i].last_at > t)
			return false;
		if (answers->last_answer_at > run->answer_at)
			run->answer_at = answers->last_answer_at;
		if (answers->answered_contact_at > run->answered_at)
			run->answered_at = answers->answered_contact_at;
	}
	return true;
}

/* Lengthen the run by the trimmed contacts that no answer followed. */
static void
RunTrimmedContacts(const Look *look, const RuleMoment *moment, Run *run)
{
	const Trimmed *trimmed = look->person->trimmed;
	bool		has_age = SpanIsGiven(&look->rule->clause->age);

	for (uint32_t i = 0; i < trimmed->ngroups; i++)
	{
		const TrimmedAnswers *answers;
		int64_t		least;
		int64_t		most;

		if (!LooksAtGroup(look, &trimmed->groups[i]))
			continue;
		answers = GroupAnswers(look, &trimmed->groups[i]);
		TrimmedRun(answers, run->answer_at, run->answered_at, &least, &most);
		if (most == 0)
			continue;
		if (has_age && answers->run_first_at >= moment->young.hi)
			continue;
		run->most += most;
		run->last_maybe = Later(run->last_maybe, answers->run_last_at);
		/* some may be too young to be judged: which of them is not known */
		if (has_age && answers->run_last_at >= moment->young.lo)
			continue;
		run->least += least;
		run->last_at = Later(run->last_at, answers->run_last_at);
	}
}

/* One more contact of the run. */
static inline void
AddToRun(Run *run, Instant at, InstantList *list)
{
	run->least++;
	run->most++;
	run->last_at = run->last_maybe = at;
	if (list != NULL)
		InstantListAdd(list, at);
}

/*
 * The contacts of the run up to t that are not trimmed and, for "for A", have
 * had their time to be answered.
 */
static void
RunContacts(const Look *look, const RuleMoment *moment, Instant t, Run *run,
			InstantList *list)
{
	const RuleIndex *index = look->index;
	const Span *age = &look->rule->clause->age;
	uint32_t	end = InstantsBefore(index->at, index->n, t + 1);
	uint32_t	old = SpanIsGiven(age) ?
		InstantsBefore(index->at, end, moment->young.lo) : end;
	uint32_t	i = InstantsBefore(index->at, end,
								   Later(run->answer_at,
										 run->answered_at + 1));

	if (i < old && list == NULL)
	{
		run->least = run->most = old - i;
		run->last_at = run->last_maybe = index->at[old - 1];
		i = old;
	}
	for (; i < old; i++)
		AddToRun(run, index->at[i], list);
	for (; i < end && index->at[i] < moment->young.hi; i++)
		if (SpanAdd(look->zone, index->at[i], age) <= t)
			AddToRun(run, index->at[i], list);
}

/* Measure the run of unanswered contacts up to t. */
static Passes
MeasureRun(const Look *look, const RuleMoment *moment, Instant t, Run *run,
		   InstantList *list, CoreError *err)
{
	const Trimmed *trimmed = look->person->trimmed;

	run->last_at = run->last_maybe = INSTANT_NONE;
	run->least = run->most = 0;
	RuleIndexAnswers(look->index, t, &run->answer_at, &run->answered_at);
	if (trimmed != NULL && !RunTrimmedAnswers(look, t, run))
		return FailHorizon(look->person, look->rule, err);
	RunContacts(look, moment, t, run, list);
	if (trimmed != NULL)
		RunTrimmedContacts(look, moment, run);
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

/* "pause ... after N unanswered" and "never answered". */
Passes
UnansweredPasses(const Person *person, int rule, const Moments *moments,
				 RuleFindings *findings, CoreError *err)
{
	Look		look = LookOf(person, rule);
	const RuleMoment *moment = &moments->rules[rule];
	const PolicyClause *clause = look.rule->clause;
	RuleIndex  *index = NULL;
	Passes		measured;
	Run			run;

	if (look.index == NULL)
		look.index = index = RuleIndexMake(&look, moments->at, moments->at);
	measured = MeasureRun(&look, moment, moments->at, &run,
						  findings != NULL ? &findings->contacts : NULL, err);
	RuleIndexFree(index);
	if (measured == PASSES_UNKNOWN)
		return PASSES_UNKNOWN;
	if (findings != NULL)
		findings->counted = run.least;
	if (clause->kind == CLAUSE_PAUSE_NEVER_ANSWERED &&
		run.answer_at != INSTANT_NONE)
		return PASSES_YES;
	/* nothing that may be the last contact of the run reaches to t */
	if (run.most < clause->amount || run.last_maybe < moment->reach.lo)
		return PASSES_YES;
	if (run.least >= clause->amount)
	{
		/* whichever it is of those from here on, it reaches to t */
		if (run.last_at >= moment->reach.hi)
			return PASSES_NO;
		if (run.last_at == run.last_maybe)
			return PauseLasts(&look, moment, run.last_at, moments->at) ?
				PASSES_NO : PASSES_YES;
	}
	return FailHorizon(person, look.rule, err);
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
	int64_t		count = WindowAmount(look, at, reach, window_date,
									 clause->amount - 1, NULL);
	int64_t		trimmed;

	if (count >= clause->amount)
		return PASSES_YES;
	trimmed = TrimmedOutcomes(look, reach.lo);
	if (count + trimmed < clause->amount)
		return PASSES_NO;
	if (clause->window_kind == WINDOW_EVER || clause->window_kind == WINDOW_NONE)
		return PASSES_YES;
	return FailHorizon(look->person, look->rule, err);
}

/*
 * A pause that trimmed contacts began: how long it lasts is not known, nor
 * which of them were there at a time before the horizon.
 */
static Passes
TrimmedOutcomePasses(const Look *look, const RuleMoment *moment, Instant t,
					 CoreError *err)
{
	const PolicyClause *clause = look->rule->clause;
	bool		ever = clause->window_kind == WINDOW_EVER ||
		clause->window_kind == WINDOW_NONE;
	bool		forever = !SpanIsGiven(&clause->span);
	Instant		lo = moment->reach.lo;
	int32_t		window_date;

	/* one of them would have to be recent, the others in its window */
	if (TrimmedOutcomes(look, lo) == 0)
		return PASSES_YES;
	if (!ever && !forever)
		lo = WindowReach(look->rule, look->zone, lo, &window_date).lo;
	else
		lo = INT64_MIN;
	if (TrimmedOutcomes(look, lo) < clause->amount)
		return PASSES_YES;
	return ever && forever && t >= look->person->trimmed->before ?
		PASSES_NO : FailHorizon(look->person, look->rule, err);
}

/* Find, once, all contacts that complete N of the outcome in one window. */
static void
JudgeOutcomes(const Look *look, CoreError *err)
{
	RuleIndex  *index = look->index;

	for (uint32_t i = 0; i < index->n; i++)
	{
		Passes		triggers;

		CoreCheckInterrupts();
		triggers = OutcomeTriggers(look, index->at[i], err);
		if (triggers != PASSES_NO)
			RuleIndexJudged(index, triggers == PASSES_YES ?
							PASSES_NO : PASSES_UNKNOWN, index->at[i], 0);
	}
	RuleIndexJudgedAll(index);
}

/* "pause ... after N OUTCOME" by the index of a search. */
static Passes
OutcomePassesIndexed(const Look *look, const RuleMoment *moment, Instant t,
					 CoreError *err)
{
	RuleIndex  *index = look->index;

	if (!index->judged)
		JudgeOutcomes(look, err);
	for (int i = 0; i < 2; i++)
	{
		const InstantList *list = &index->verdicts[i].instants;
		uint32_t	j = InstantsBefore(list->items, (uint32_t) list->count,
									   t + 1);

		while (j-- > 0 && list->items[j] >= moment->reach.lo)
			if (PauseLasts(look, moment, list->items[j], t))
				return i == 0 ? PASSES_NO :
					FailHorizon(look->person, look->rule, err);
	}
	return TrimmedOutcomePasses(look, moment, t, err);
}

/* So many contacts make an index worth while. */
#define MANY_CONTACTS	64

/* "pause ... after N OUTCOME". */
Passes
OutcomePasses(const Person *person, int rule, const Moments *moments,
			  RuleFindings *findings, CoreError *err)
{
	Look		look = LookOf(person, rule);
	const RuleMoment *moment = &moments->rules[rule];
	const HistoryView *history = &person->history;
	uint32_t	n = ContactsUpTo(history, moments->at);
	RuleIndex  *index = NULL;
	Passes		passes = PASSES_YES;

	if (look.index != NULL && findings == NULL)
		return OutcomePassesIndexed(&look, moment, moments->at, err);
	if (n > MANY_CONTACTS)
		look.index = index = RuleIndexMake(&look, moments->at, moments->at);
	while (n-- > 0 && passes != PASSES_UNKNOWN &&
		   (passes == PASSES_YES || findings != NULL))
	{
		Instant		at = HistoryAt(history, n);

		if (at < moment->reach.lo)
			break;
		if ((look.seen[HistoryKindIndex(history, n)] & SEEN_OUTCOME) == 0)
			continue;
		if (findings != NULL)
			InstantListAdd(&findings->contacts, at);
		if (passes == PASSES_NO ||
			!PauseLasts(&look, moment, at, moments->at))
			continue;
		CoreCheckInterrupts();
		switch (OutcomeTriggers(&look, at, err))
		{
			case PASSES_YES:
				passes = PASSES_NO;
				break;
			case PASSES_UNKNOWN:
				passes = PASSES_UNKNOWN;
				break;
			case PASSES_NO:
				break;
		}
	}
	RuleIndexFree(index);
	return passes != PASSES_YES ? passes :
		TrimmedOutcomePasses(&look, moment, moments->at, err);
}
