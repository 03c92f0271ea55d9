/*
 * history_ask.c
 *		Questions to one history; see ask.h.
 */
#include "history/ask.h"

#include "history/expiry.h"
#include "history/history_parts.h"


/* The error for a question that the summary cannot answer. */
static bool
FailHorizon(const HistoryView *view, CoreError *err)
{
	char		before[INSTANT_TEXT_SIZE];

	(void) InstantWrite(HistoryHorizon(view), before);
	CoreFail(err, CORE_HORIZON,
			 "the question reaches behind the horizon of the history");
	CoreDetail(err, "Contacts before %s were trimmed.", before);
	CoreHint(err, "Ask for a shorter window or a later instant, or trim "
			 "histories no later than the longest window in use.");
	return false;
}

/* Is the contact asked about?  promo matches promo and promo.summer. */
bool
HistoryFilterMatches(const HistoryFilter *filter, const char *channel,
					 const char *purpose)
{
	size_t		length;

	if (filter->channel != NULL && strcmp(filter->channel, channel) != 0)
		return false;
	if (filter->purpose == NULL)
		return true;
	length = strlen(filter->purpose);
	return strncmp(filter->purpose, purpose, length) == 0 &&
		(purpose[length] == '\0' || purpose[length] == '.');
}

/* What a contact of each kind adds; see ask.h. */
void
HistoryAmounts(const HistoryDictionary *dictionary,
			   const HistoryFilter *filter, int64_t *amounts)
{
	for (uint32_t i = 0; i < dictionary->nkinds; i++)
	{
		const HistoryKind *kind = &dictionary->kinds[i];
		const HistoryLabel *label = &dictionary->labels[kind->label];

		amounts[i] = AMOUNT_NONE;
		if (OutcomeIsCounted(kind->outcome) &&
			HistoryFilterMatches(filter, label->channel, label->purpose))
			amounts[i] = kind->weight != WEIGHT_NONE ?
				kind->weight : WEIGHT_ONE;
	}
}

/*
 * The next group of the summary that is asked about and counts contacts;
 * *next goes from 0 on.
 */
static const TrimmedGroup *
NextGroup(const Trimmed *trimmed, const HistoryFilter *filter, uint32_t *next)
{
	while (*next < trimmed->ngroups)
	{
		const TrimmedGroup *group = &trimmed->groups[(*next)++];

		if (group->last_at != INSTANT_NONE &&
			HistoryFilterMatches(filter, group->channel, group->purpose))
			return group;
	}
	return NULL;
}

/*
 * The last of the trimmed contacts that are asked about, INSTANT_NONE when
 * there was none.
 */
static bool
LastTrimmed(const HistoryView *view, const HistoryFilter *filter,
			Instant *last, CoreError *err)
{
	Trimmed    *trimmed = NULL;
	const TrimmedGroup *group;
	uint32_t	next = 0;

	*last = INSTANT_NONE;
	if (view->trimmed == NULL)
		return true;
	trimmed = HistoryReadTrimmed(view, err);
	if (trimmed == NULL)
		return false;
	while ((group = NextGroup(trimmed, filter, &next)) != NULL)
		if (group->last_at > *last)
			*last = group->last_at;
	CoreFree(trimmed);
	return true;
}

/* The first instant at which a contact would still be in the window. */
static Instant
FirstInWindow(const HistoryWindow *window)
{
	InstantList edges = {NULL, 0, 0};
	Instant		first = window->reach.hi;

	if (window->reach.lo == window->reach.hi)
		return first;
	SpanEdges(window->zone, window->as_of, &window->span, &edges);
	for (size_t i = 0; i < edges.count; i++)
		if (edges.items[i] < first &&
			SpanAdd(window->zone, edges.items[i], &window->span) >
			window->as_of)
			first = edges.items[i];
	CoreFree(edges.items);
	return first;
}

/* Number and pressure of a window; see ask.h. */
bool
HistorySum(const HistoryView *view, const int64_t *amounts,
		   uint32_t namounts, const HistoryFilter *filter,
		   const HistoryWindow *window, int64_t *count, int64_t *pressure,
		   CoreError *err)
{
	uint32_t	i = HistoryUpTo(view, window->as_of);
	Instant		last;

	*count = *pressure = 0;
	if (window->reach.lo < HistoryHorizon(view))
	{
		/* what was trimmed matters unless all of it has left the window */
		if (!LastTrimmed(view, filter, &last, err))
			return false;
		if (last >= window->reach.lo && last >= FirstInWindow(window))
			return FailHorizon(view, err);
	}
	while (i-- > 0)
	{
		Instant		at = HistoryAt(view, i);
		uint32_t	kind = HistoryKindIndex(view, i);

		if (at < window->reach.lo)
			break;
		if (kind >= namounts || amounts[kind] == AMOUNT_NONE ||
			(at < window->reach.hi &&
			 SpanAdd(window->zone, at, &window->span) <= window->as_of))
			continue;
		(*count)++;
		*pressure += amounts[kind];
	}
	return true;
}

/* The most in any window; see ask.h. */
bool
HistoryPeak(const HistoryView *view, const HistoryDictionary *dictionary,
			const HistoryFilter *filter, Zone *zone, const Span *span,
			int64_t *most, CoreError *err)
{
	InstantList heap = {NULL, 0, 0};
	int64_t    *amounts;
	Instant		last;
	Instant		leaves_at = INSTANT_NONE;
	Instant		before = INSTANT_NONE;

	*most = 0;
	if (!LastTrimmed(view, filter, &last, err))
		return false;
	if (last != INSTANT_NONE)
		return FailHorizon(view, err);
	amounts = CoreAlloc(dictionary->nkinds * sizeof(int64_t) + 1);
	HistoryAmounts(dictionary, filter, amounts);
	for (uint32_t i = 0; i < view->contacts; i++)
	{
		Instant		at = HistoryAt(view, i);

		if (amounts[HistoryKindIndex(view, i)] == AMOUNT_NONE)
			continue;
		if (at != before)
		{
			leaves_at = SpanAdd(zone, at, span);
			ExpiryDropUpTo(&heap, at);
			before = at;
		}
		ExpiryPush(&heap, leaves_at);
		if ((int64_t) heap.count > *most)
			*most = (int64_t) heap.count;
	}
	CoreFree(heap.items);
	CoreFree(amounts);
	return true;
}

/* The last contact; see ask.h. */
bool
HistoryLast(const HistoryView *view, const HistoryDictionary *dictionary,
			const HistoryFilter *filter, Instant as_of, Instant *last,
			CoreError *err)
{
	uint32_t	i = HistoryUpTo(view, as_of);
	bool		found = false;
	int64_t    *amounts = CoreAlloc(dictionary->nkinds * sizeof(int64_t) + 1);

	HistoryAmounts(dictionary, filter, amounts);
	while (!found && i-- > 0)
		found = amounts[HistoryKindIndex(view, i)] != AMOUNT_NONE;
	CoreFree(amounts);
	if (found)
	{
		*last = HistoryAt(view, i);
		return true;
	}
	return LastTrimmed(view, filter, last, err) &&
		(*last <= as_of || FailHorizon(view, err));
}

/* The latest answer, and the latest contact that was answered. */
typedef struct LatestAnswer
{
	Instant		given_at;
	Instant		contact_at;
} LatestAnswer;

/* One more answer. */
static inline void
SeeAnswer(LatestAnswer *latest, Instant given_at, Instant contact_at)
{
	if (given_at > latest->given_at)
		latest->given_at = given_at;
	if (contact_at > latest->contact_at)
		latest->contact_at = contact_at;
}

/* Has a contact been answered up to as_of? */
static inline bool
IsAnswered(const Contact *contact, Outcome answer, Instant as_of,
		   Instant *given_at)
{
	*given_at = contact->answered_at != INSTANT_NONE ?
		contact->answered_at : contact->at;
	return OutcomeReaches(contact->outcome, answer) && *given_at <= as_of;
}

/* Take the answers to the trimmed contacts into account; false: unknown. */
static bool
SeeTrimmedAnswers(const Trimmed *trimmed, const HistoryFilter *filter,
				  int level, Instant as_of, LatestAnswer *latest)
{
	const TrimmedGroup *group;
	uint32_t	next = 0;

	while ((group = NextGroup(trimmed, filter, &next)) != NULL)
	{
		const TrimmedAnswers *answers = &group->answers[level];

		/* what there was at as_of, before the last of them, is not known */
		if (group->last_at > as_of || answers->last_answer_at > as_of)
			return false;
		SeeAnswer(latest, answers->last_answer_at,
				  answers->answered_contact_at);
	}
	return true;
}

/* Count the trimmed contacts without an answer; false: only bounds known. */
static bool
CountTrimmedRuns(const Trimmed *trimmed, const HistoryFilter *filter,
				 int level, const LatestAnswer *latest, int64_t *unanswered)
{
	const TrimmedGroup *group;
	uint32_t	next = 0;

	while ((group = NextGroup(trimmed, filter, &next)) != NULL)
	{
		int64_t		least;
		int64_t		most;

		TrimmedRun(&group->answers[level], latest->given_at,
				   latest->contact_at, &least, &most);
		if (least != most)
			return false;
		*unanswered += least;
	}
	return true;
}

/* Count the contacts without an answer; see ask.h. */
bool
HistoryUnanswered(const HistoryView *view,
				  const HistoryDictionary *dictionary,
				  const HistoryFilter *filter, Instant as_of, Outcome answer,
				  int64_t *unanswered, CoreError *err)
{
	LatestAnswer latest = {INSTANT_NONE, INSTANT_NONE};
	HistoryCursor cursor = {view, dictionary, 0, 0};
	Trimmed    *trimmed = HistoryReadTrimmed(view, err);
	Contact		contact;
	Instant		given_at;
	bool		known = true;

	if (trimmed == NULL && err->code != CORE_OK)
		return false;
	*unanswered = 0;
	while (HistoryNext(&cursor, &contact) && contact.at <= as_of)
		if (HistoryFilterMatches(filter, contact.channel, contact.purpose) &&
			IsAnswered(&contact, answer, as_of, &given_at))
			SeeAnswer(&latest, given_at, contact.at);
	if (trimmed != NULL)
	{
		int			level = ANSWER_LEVEL(answer);

		known = SeeTrimmedAnswers(trimmed, filter, level, as_of, &latest) &&
			CountTrimmedRuns(trimmed, filter, level, &latest, unanswered);
		CoreFree(trimmed);
	}
	cursor.next = cursor.answers = 0;
	while (HistoryNext(&cursor, &contact) && contact.at <= as_of)
		if (OutcomeIsCounted(contact.outcome) &&
			contact.outcome != OUTCOME_PLANNED &&
			contact.at >= latest.given_at && contact.at > latest.contact_at &&
			HistoryFilterMatches(filter, contact.channel, contact.purpose) &&
			!IsAnswered(&contact, answer, as_of, &given_at))
			(*unanswered)++;
	return known || FailHorizon(view, err);
}

/* --- engagement */

const char *const EngagementNames[ENGAGEMENTS] = {
	"engaged", "fading", "unresponsive", "never_contacted"
};

/* See ask.h. */
bool
EngagementParse(const char *text, size_t length, Engagement *engagement,
				CoreError *err)
{
	char		quoted[CORE_QUOTE_SIZE];
	int			found = FindName(EngagementNames, ENGAGEMENTS, &text, &length);

	if (found >= 0)
	{
		*engagement = (Engagement) found;
		return true;
	}
	CoreFail(err, CORE_INVALID, "unknown engagement \"%s\"",
			 CoreQuote(quoted, text, length));
	CoreHint(err, "It is engaged, fading, unresponsive or never_contacted, "
			 "as engagement() says it.");
	return false;
}

/* What engagement is judged by: what there was up to an instant. */
typedef struct Signs
{
	Instant		answered_at;	/* the latest answer; INSTANT_NONE: none */
	bool		sent;			/* there was a contact */
	bool		maybe_answered; /* of trimmed ones: perhaps later answers, */
	bool		maybe_sent;		/* perhaps contacts */
} Signs;

/* Has the contact been sent, and is it counted? */
static inline bool
WasSent(const Contact *contact)
{
	return OutcomeIsCounted(contact->outcome) &&
		contact->outcome != OUTCOME_PLANNED;
}

/* Add what is known of the trimmed contacts. */
static void
SeeTrimmedSigns(const Trimmed *trimmed, Instant as_of, Signs *signs)
{
	static const HistoryFilter all = {NULL, NULL};
	const TrimmedGroup *group;
	uint32_t	next = 0;

	while ((group = NextGroup(trimmed, &all, &next)) != NULL)
	{
		Instant		answered_at =
			group->answers[ANSWER_LEVEL(ENGAGED_ANSWER)].last_answer_at;

		if (TrimmedGroupCounted(group) == group->by_outcome[OUTCOME_PLANNED])
			continue;
		signs->sent |= group->last_at <= as_of;
		signs->maybe_sent = true;
		if (answered_at > as_of)
			signs->maybe_answered = true;
		else if (answered_at != INSTANT_NONE)
		{
			signs->sent = true;
			if (answered_at > signs->answered_at)
				signs->answered_at = answered_at;
		}
	}
}

/* Gather the signs up to as_of. */
static bool
ReadSigns(const HistoryView *view, const HistoryDictionary *dictionary,
		  Instant as_of, Signs *signs, CoreError *err)
{
	HistoryCursor cursor = {view, dictionary, 0, 0};
	Trimmed    *trimmed = HistoryReadTrimmed(view, err);
	Contact		contact;
	Instant		given_at;

	if (trimmed == NULL && err->code != CORE_OK)
		return false;
	memset(signs, 0, sizeof(Signs));
	signs->answered_at = INSTANT_NONE;
	if (trimmed != NULL)
		SeeTrimmedSigns(trimmed, as_of, signs);
	CoreFree(trimmed);
	while (HistoryNext(&cursor, &contact) && contact.at <= as_of)
	{
		signs->sent |= WasSent(&contact);
		if (IsAnswered(&contact, ENGAGED_ANSWER, as_of, &given_at) &&
			given_at > signs->answered_at)
			signs->answered_at = given_at;
	}
	return true;
}

/* Judge the signs up to as_of; false: it depends on what was trimmed. */
static bool
JudgeSigns(const Signs *signs, Instant as_of, Engagement *engagement)
{
	if (signs->answered_at > as_of - ENGAGED_FOR)
		*engagement = ENGAGED;
	else if (signs->maybe_answered)
		return false;
	else if (signs->answered_at != INSTANT_NONE)
		*engagement = FADING;
	else if (signs->sent)
		*engagement = UNRESPONSIVE;
	else if (signs->maybe_sent)
		return false;
	else
		*engagement = NEVER_CONTACTED;
	return true;
}

/* See ask.h. */
bool
HistoryEngagement(const HistoryView *view,
				  const HistoryDictionary *dictionary, Instant as_of,
				  Engagement *engagement, CoreError *err)
{
	Signs		signs;

	if (!ReadSigns(view, dictionary, as_of, &signs, err))
		return false;
	return JudgeSigns(&signs, as_of, engagement) || FailHorizon(view, err);
}

/*
 * List the answers given after as_of, and find the first contact sent after
 * it; INSTANT_NEVER: there is none.
 */
static Instant
ReadLater(const HistoryView *view, const HistoryDictionary *dictionary,
		  Instant as_of, InstantList *answers)
{
	HistoryCursor cursor = {view, dictionary, 0, 0};
	Instant		sent_at = INSTANT_NEVER;
	Contact		contact;
	Instant		given_at;

	while (HistoryNext(&cursor, &contact))
	{
		if (WasSent(&contact) && contact.at > as_of && contact.at < sent_at)
			sent_at = contact.at;
		if (IsAnswered(&contact, ENGAGED_ANSWER, INSTANT_NEVER, &given_at) &&
			given_at > as_of)
			InstantListAdd(answers, given_at);
	}
	InstantListSort(answers);
	return sent_at;
}

/* See ask.h. */
bool
HistoryEngagementChanges(const HistoryView *view,
						 const HistoryDictionary *dictionary, Instant as_of,
						 Instant *change, CoreError *err)
{
	InstantList answers = {NULL, 0, 0};
	Signs		signs;
	Engagement	now;
	Instant		sent_at;

	if (!ReadSigns(view, dictionary, as_of, &signs, err))
		return false;
	/* trimmed contacts that are later than as_of: of when is not known */
	if (signs.maybe_answered || !JudgeSigns(&signs, as_of, &now))
		return FailHorizon(view, err);
	sent_at = ReadLater(view, dictionary, as_of, &answers);
	if (now == NEVER_CONTACTED)
		*change = sent_at;
	else if (now != ENGAGED)
		*change = answers.count > 0 ? answers.items[0] : INSTANT_NEVER;
	else
	{
		*change = signs.answered_at + ENGAGED_FOR;
		/* an answer at the very end is in time */
		for (size_t i = 0; i < answers.count && answers.items[i] <= *change;
			 i++)
			*change = answers.items[i] + ENGAGED_FOR;
	}
	CoreFree(answers.items);
	if (*change >= INSTANT_END)
		*change = INSTANT_NEVER;
	return true;
}
