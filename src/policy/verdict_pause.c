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

/* A contact a run may be made of: when was it answered, if it was by t? */
typedef struct RunContact
{
	Instant		at;
	Instant		answer_at;		/* INSTANT_NONE: not by t */
} RunContact;

/* Gather the sent contacts up to t. */
static RunContact *
GatherRun(const Look *look, Instant t, uint32_t *ncontacts)
{
	const HistoryView *history = &look->person->history;
	uint32_t	n = ContactsUpTo(history, t);
	RunContact *contacts = CoreAlloc((size_t) (n + 1) * sizeof(RunContact));
	Instant    *answers = NULL;

	*ncontacts = 0;
	if (history->answer_width > 0)
	{
		answers = CoreAlloc(history->contacts * sizeof(Instant));
		HistoryAnswers(history, look->person->kinds->dictionary, answers);
	}
	for (uint32_t i = 0; i < n; i++)
	{
		RunContact *contact = &contacts[*ncontacts];
		uint32_t	kind = HistoryKindIndex(history, i);

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
	return contacts;
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
	uint32_t	ncontacts;
	RunContact *contacts = GatherRun(look, t, &ncontacts);

	run->answer_at = run->answered_at = INSTANT_NONE;
	run->last_at = run->last_maybe = INSTANT_NONE;
	run->least = run->most = 0;
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
		run->last_at = run->last_maybe = contacts[i].at;
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

/* "pause ... after N unanswered" and "never answered". */
Passes
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

/* "pause ... after N OUTCOME". */
Passes
OutcomePasses(const Person *person, int rule, const Moments *moments,
			  RuleFindings *findings, CoreError *err)
{
	Look		look = LookOf(person, rule, SEEN_OUTCOME);
	const RuleMoment *moment = &moments->rules[rule];
	const HistoryView *history = &person->history;
	Passes		passes = PASSES_YES;

	for (uint32_t i = ContactsUpTo(history, moments->at); i-- > 0;)
	{
		Instant		at = HistoryAt(history, i);
		uint32_t	kind = HistoryKindIndex(history, i);
		Passes		triggers;

		if (at < moment->reach.lo)
			break;
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
	if (passes == PASSES_NO)
		return PASSES_NO;
	return TrimmedOutcomePasses(&look, moment, moments->at, err);
}
