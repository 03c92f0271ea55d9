/*
 * history_trim.c
 *		The summary of what was trimmed from a contact_history.
 *
 * The trimmed section of the stored bytes:
 *
 *		before		8 bytes, the horizon
 *		groups		varint count, then for each, ascending by label:
 *					label as in the dictionary; varint, one bit for each
 *					outcome there was, and a varint count for each of them;
 *					varint number of weighted contacts, if not 0 varint sum
 *					of their weights; last_at when contacts were counted;
 *					last_event_at when there were events; 1 byte, one bit
 *					for each answer level that differs from the level below
 *					(below the first: no answer, no run), and those levels
 *		length		4 bytes, of the whole section
 *
 * A level: 1 byte (ANSWERS_*), last_answer_at and answered_contact_at, the
 * varint run_min, run_max (when bounds differ), run_first_at, run_last_at.
 * Instants in groups are varints of before - t, zigzag (an answer may be
 * later than the horizon).
 *
 * The run of unanswered contacts is known exactly as long as contacts are
 * trimmed one by one.  When histories are merged, an answer from one of them
 * may fall into the run of the other, of which only the first and the last
 * instant are known: then bounds are kept.
 */
#include "history/history_parts.h"

#define ANSWERS_GIVEN		0x01	/* there was an answer */
#define ANSWERS_RUN			0x02	/* there is a run */
#define ANSWERS_BOUNDS		0x04	/* its length is not known exactly */

/* As bits; see OutcomeIsCounted(). */
#define COUNTED_OUTCOMES	((1u << (OUTCOME_COMPLAINED + 1)) - 1)

/* A group takes at least so many bytes: bounds what is allocated for them. */
#define GROUP_MIN			7

static const TrimmedAnswers NoAnswers = {
	INSTANT_NONE, INSTANT_NONE, 0, 0, INSTANT_NONE, INSTANT_NONE
};

static inline Instant
Later(Instant a, Instant b)
{
	return a > b ? a : b;
}

/* A group of no contacts. */
void
TrimmedGroupClear(TrimmedGroup *group)
{
	memset(group, 0, sizeof(TrimmedGroup));
	group->last_at = group->last_event_at = INSTANT_NONE;
	for (int level = 0; level < ANSWER_LEVELS; level++)
		group->answers[level] = NoAnswers;
}

/* All contacts of a group. */
int64_t
TrimmedGroupTotal(const TrimmedGroup *group)
{
	int64_t		total = 0;

	for (int i = 0; i < OUTCOME_COUNT; i++)
		total += group->by_outcome[i];
	return total;
}

/* Those of them that are counted. */
int64_t
TrimmedGroupCounted(const TrimmedGroup *group)
{
	int64_t		counted = 0;

	for (int i = 0; i < OUTCOME_COUNT; i++)
		if (OutcomeIsCounted((Outcome) i))
			counted += group->by_outcome[i];
	return counted;
}

/* Those with this outcome or a better one. */
static int64_t
GroupAnswered(const TrimmedGroup *group, int level)
{
	int64_t		answered = 0;

	for (int i = level + OUTCOME_SENT; i <= OUTCOME_CONVERTED; i++)
		answered += group->by_outcome[i];
	return answered;
}

bool
TrimmedAnswersEqual(const TrimmedAnswers *a, const TrimmedAnswers *b)
{
	return a->last_answer_at == b->last_answer_at &&
		a->answered_contact_at == b->answered_contact_at &&
		a->run_min == b->run_min && a->run_max == b->run_max &&
		a->run_first_at == b->run_first_at &&
		a->run_last_at == b->run_last_at;
}

/* --- merging */

/* What later answers leave of a run; see history.h. */
void
TrimmedRun(const TrimmedAnswers *answers, Instant answer_at,
		   Instant contact_at, int64_t *least, int64_t *most)
{
	*least = *most = 0;
	if (answers->run_max == 0 || answers->run_last_at < answer_at ||
		answers->run_last_at <= contact_at)
		return;
	*least = answers->run_min;
	*most = answers->run_max;
	if (answers->run_first_at >= answer_at &&
		answers->run_first_at > contact_at)
		return;
	/* the last is left; the first, when it is one, is not; the others? */
	if (answers->run_min == answers->run_max)
		(*most)--;
	*least = 1;
}

/* There was an answer, given at answer_at to a contact of contact_at. */
static void
RaiseAnswer(TrimmedAnswers *answers, Instant answer_at, Instant contact_at)
{
	int64_t		least;
	int64_t		most;

	answers->last_answer_at = Later(answers->last_answer_at, answer_at);
	answers->answered_contact_at = Later(answers->answered_contact_at,
										 contact_at);
	answer_at = answers->last_answer_at;
	contact_at = answers->answered_contact_at;
	TrimmedRun(answers, answer_at, contact_at, &least, &most);
	answers->run_min = least;
	answers->run_max = most;
	if (most == 0)
		answers->run_first_at = answers->run_last_at = INSTANT_NONE;
	else if (most == 1)
		answers->run_first_at = answers->run_last_at;
	else
		answers->run_first_at = Later(answers->run_first_at,
									  Later(answer_at, contact_at + 1));
}

/* Add a run, of contacts that no answer known here came after. */
static void
AddRun(TrimmedAnswers *answers, int64_t least, int64_t most, Instant first_at,
	   Instant last_at)
{
	if (most == 0)
		return;
	if (answers->run_max == 0 || first_at < answers->run_first_at)
		answers->run_first_at = first_at;
	answers->run_last_at = Later(answers->run_last_at, last_at);
	answers->run_min += least;
	answers->run_max += most;
}

/* Join what is known of the contacts of one label in two histories. */
void
TrimmedGroupMerge(TrimmedGroup *into, const TrimmedGroup *from)
{
	for (int i = 0; i < OUTCOME_COUNT; i++)
		into->by_outcome[i] += from->by_outcome[i];
	into->weighted += from->weighted;
	into->weight += from->weight;
	into->last_at = Later(into->last_at, from->last_at);
	into->last_event_at = Later(into->last_event_at, from->last_event_at);
	for (int level = 0; level < ANSWER_LEVELS; level++)
	{
		TrimmedAnswers *answers = &into->answers[level];
		TrimmedAnswers other = from->answers[level];

		if (other.last_answer_at != INSTANT_NONE)
			RaiseAnswer(answers, other.last_answer_at,
						other.answered_contact_at);
		if (answers->last_answer_at != INSTANT_NONE)
			RaiseAnswer(&other, answers->last_answer_at,
						answers->answered_contact_at);
		AddRun(answers, other.run_min, other.run_max, other.run_first_at,
			   other.run_last_at);
	}
}

/* Take one contact into a group, but for the runs. */
void
TrimmedGroupFold(TrimmedGroup *group, Outcome outcome, int64_t weight,
				 Instant at, Instant answered_at)
{
	group->by_outcome[outcome]++;
	if (outcome == OUTCOME_EVENT)
		group->last_event_at = Later(group->last_event_at, at);
	if (!OutcomeIsCounted(outcome))
		return;
	group->last_at = Later(group->last_at, at);
	if (weight != WEIGHT_NONE)
	{
		group->weighted++;
		group->weight += weight;
	}
	for (int level = 0; level < ANSWER_LEVELS; level++)
		if (OutcomeReaches(outcome, (Outcome) (level + OUTCOME_SENT)))
			RaiseAnswer(&group->answers[level],
						answered_at != INSTANT_NONE ? answered_at : at, at);
}

/* Take it into the runs, now that all answers are known. */
void
TrimmedGroupFoldRun(TrimmedGroup *group, Outcome outcome, Instant at)
{
	if (!OutcomeIsCounted(outcome) || outcome == OUTCOME_PLANNED)
		return;
	for (int level = 0; level < ANSWER_LEVELS; level++)
	{
		TrimmedAnswers *answers = &group->answers[level];

		if (!OutcomeReaches(outcome, (Outcome) (level + OUTCOME_SENT)) &&
			at >= answers->last_answer_at &&
			at > answers->answered_contact_at)
			AddRun(answers, 1, 1, at, at);
	}
}

/* --- checking */

/* The error for a summary that no trimming can have left. */
static bool
FailTrimmed(CoreError *err, const char *what)
{
	CoreFail(err, CORE_INVALID, "invalid summary of trimmed contacts");
	CoreDetail(err, "%s", what);
	CoreHint(err, "A summary is written by trim_contacts() and is not meant "
			 "to be edited.");
	return false;
}

/* An instant of a trimmed contact, or none. */
static bool
IsTrimmedInstant(Instant t, bool given, Instant before)
{
	return given ? InstantInRange(t) && t < before : t == INSTANT_NONE;
}

/* What is known of the answers, held against the numbers of contacts. */
static bool
AnswersCheck(const TrimmedGroup *group, int level, Instant before)
{
	const TrimmedAnswers *a = &group->answers[level];
	int64_t		answered = GroupAnswered(group, level);
	int64_t		unanswered = TrimmedGroupCounted(group) -
		group->by_outcome[OUTCOME_PLANNED] - answered;
	bool		run = a->run_max > 0;

	if (!IsTrimmedInstant(a->answered_contact_at, answered > 0, before) ||
		a->answered_contact_at > group->last_at ||
		(answered > 0 ? !InstantInRange(a->last_answer_at) :
		 a->last_answer_at != INSTANT_NONE) ||
		a->last_answer_at < a->answered_contact_at)
		return false;
	if (a->run_min > a->run_max || a->run_min < (run ? 1 : 0) ||
		a->run_max > unanswered ||
		(a->run_max == 1 && a->run_first_at != a->run_last_at) ||
		(answered == 0 && a->run_min != unanswered))
		return false;
	if (!IsTrimmedInstant(a->run_first_at, run, before) ||
		!IsTrimmedInstant(a->run_last_at, run, before))
		return false;
	return !run || (a->run_first_at <= a->run_last_at &&
					a->run_last_at <= group->last_at &&
					a->run_first_at >= a->last_answer_at &&
					a->run_first_at > a->answered_contact_at);
}

/* Is the group what trimming could have left? */
bool
TrimmedGroupCheck(const TrimmedGroup *group, Instant before, CoreError *err)
{
	int64_t		counted;

	for (int i = 0; i < OUTCOME_COUNT; i++)
		if (group->by_outcome[i] < 0 ||
			group->by_outcome[i] > HISTORY_MAX_CONTACTS)
			return FailTrimmed(err, "A number of contacts is out of range.");
	if (TrimmedGroupTotal(group) < 1 ||
		TrimmedGroupTotal(group) > HISTORY_MAX_CONTACTS)
		return FailTrimmed(err, "The number of contacts is out of range.");
	counted = TrimmedGroupCounted(group);
	if (group->weighted < 0 || group->weighted > counted ||
		group->weight < 0 || group->weight > group->weighted * WEIGHT_MAX)
		return FailTrimmed(err, "The weights do not fit the number of "
						   "contacts.");
	if (!IsTrimmedInstant(group->last_at, counted > 0, before))
		return FailTrimmed(err, "The last contact is not one before the "
						   "horizon.");
	if (!IsTrimmedInstant(group->last_event_at,
						  group->by_outcome[OUTCOME_EVENT] > 0, before))
		return FailTrimmed(err, "The last event is not one before the "
						   "horizon.");
	for (int level = 0; level < ANSWER_LEVELS; level++)
	{
		if (!AnswersCheck(group, level, before))
		{
			FailTrimmed(err, "");
			CoreDetail(err, "The answers for \"%s\" do not fit the contacts.",
					   OutcomeNames[level + OUTCOME_SENT]);
			return false;
		}
	}
	return true;
}

/* --- stored bytes */

static void
PutInstant(CoreText *out, Instant before, Instant t)
{
	int64_t		difference = before - t;

	PutVarint(out, (uint64_t) difference << 1 ^
			  (difference < 0 ? UINT64_MAX : 0));
}

static Instant
GetInstant(ByteReader *reader, Instant before)
{
	uint64_t	zigzag = GetVarint(reader);
	uint64_t	difference = zigzag >> 1 ^ -(zigzag & 1);

	/* whatever comes out is checked */
	return (Instant) ((uint64_t) before - difference);
}

static void
PutAnswers(CoreText *out, const TrimmedAnswers *answers, Instant before)
{
	bool		given = answers->last_answer_at != INSTANT_NONE;
	bool		run = answers->run_max > 0;
	bool		bounds = answers->run_min != answers->run_max;

	PutByte(out, (unsigned char) ((given ? ANSWERS_GIVEN : 0) |
								  (run ? ANSWERS_RUN : 0) |
								  (bounds ? ANSWERS_BOUNDS : 0)));
	if (given)
	{
		PutInstant(out, before, answers->last_answer_at);
		PutInstant(out, before, answers->answered_contact_at);
	}
	if (!run)
		return;
	PutVarint(out, (uint64_t) answers->run_min);
	if (bounds)
		PutVarint(out, (uint64_t) answers->run_max);
	PutInstant(out, before, answers->run_first_at);
	PutInstant(out, before, answers->run_last_at);
}

static void
GetAnswers(ByteReader *reader, TrimmedAnswers *answers, Instant before)
{
	uint8_t		flags = GetByte(reader);

	*answers = NoAnswers;
	if ((flags & ~(ANSWERS_GIVEN | ANSWERS_RUN | ANSWERS_BOUNDS)) != 0)
		reader->bad = true;
	if ((flags & ANSWERS_GIVEN) != 0)
	{
		answers->last_answer_at = GetInstant(reader, before);
		answers->answered_contact_at = GetInstant(reader, before);
	}
	if ((flags & ANSWERS_RUN) == 0)
	{
		reader->bad |= (flags & ANSWERS_BOUNDS) != 0;
		return;
	}
	answers->run_min = answers->run_max = (int64_t) GetVarint(reader);
	if ((flags & ANSWERS_BOUNDS) != 0)
	{
		answers->run_max = (int64_t) GetVarint(reader);
		reader->bad |= answers->run_min == answers->run_max;
	}
	answers->run_first_at = GetInstant(reader, before);
	answers->run_last_at = GetInstant(reader, before);
}

static void
PutGroup(CoreText *out, const TrimmedGroup *group, Instant before)
{
	unsigned	outcomes = 0;
	unsigned	levels = 0;
	const TrimmedAnswers *below = &NoAnswers;

	PutLabel(out, group->channel, group->purpose);
	for (int i = 0; i < OUTCOME_COUNT; i++)
		outcomes |= group->by_outcome[i] > 0 ? 1u << i : 0;
	PutVarint(out, outcomes);
	for (int i = 0; i < OUTCOME_COUNT; i++)
		if (group->by_outcome[i] > 0)
			PutVarint(out, (uint64_t) group->by_outcome[i]);
	PutVarint(out, (uint64_t) group->weighted);
	if (group->weighted > 0)
		PutVarint(out, (uint64_t) group->weight);
	if (group->last_at != INSTANT_NONE)
		PutInstant(out, before, group->last_at);
	if (group->last_event_at != INSTANT_NONE)
		PutInstant(out, before, group->last_event_at);
	for (int i = 0; i < ANSWER_LEVELS; below = &group->answers[i++])
		if (!TrimmedAnswersEqual(&group->answers[i], below))
			levels |= 1u << i;
	PutByte(out, (unsigned char) levels);
	for (int i = 0; i < ANSWER_LEVELS; i++)
		if ((levels & 1u << i) != 0)
			PutAnswers(out, &group->answers[i], before);
}

static void
GetGroup(ByteReader *reader, TrimmedGroup *group, Instant before)
{
	uint64_t	outcomes = GetVarint(reader);
	uint8_t		levels;
	TrimmedAnswers below = NoAnswers;

	if (outcomes >> OUTCOME_COUNT != 0)
		reader->bad = true;
	for (int i = 0; i < OUTCOME_COUNT; i++)
	{
		if ((outcomes & UINT64_C(1) << i) == 0)
			continue;
		group->by_outcome[i] = (int64_t) GetVarint(reader);
		reader->bad |= group->by_outcome[i] == 0;
	}
	group->weighted = (int64_t) GetVarint(reader);
	if (group->weighted != 0)
		group->weight = (int64_t) GetVarint(reader);
	if ((outcomes & COUNTED_OUTCOMES) != 0)
		group->last_at = GetInstant(reader, before);
	if ((outcomes & 1u << OUTCOME_EVENT) != 0)
		group->last_event_at = GetInstant(reader, before);
	levels = GetByte(reader);
	reader->bad |= levels >> ANSWER_LEVELS != 0;
	for (int i = 0; i < ANSWER_LEVELS; i++)
	{
		group->answers[i] = below;
		if ((levels & 1 << i) == 0)
			continue;
		GetAnswers(reader, &group->answers[i], before);
		reader->bad |= TrimmedAnswersEqual(&group->answers[i], &below);
		below = group->answers[i];
	}
}

/* Write the section. */
void
TrimmedWrite(const Trimmed *trimmed, CoreText *out)
{
	size_t		start = out->length;
	unsigned char word[8];

	StoreLittle(word, (uint64_t) trimmed->before, 8);
	CoreTextAppend(out, (char *) word, 8);
	PutVarint(out, trimmed->ngroups);
	for (uint32_t i = 0; i < trimmed->ngroups; i++)
		PutGroup(out, &trimmed->groups[i], trimmed->before);
	StoreLittle(word, out->length - start + 4, 4);
	CoreTextAppend(out, (char *) word, 4);
}

/* The horizon alone; see history.h. */
Instant
HistoryHorizon(const HistoryView *view)
{
	return view->trimmed == NULL ? INSTANT_NONE :
		(Instant) HistoryLoad64(view->trimmed);
}

/* Read and check the groups; names go to where space points. */
static bool
ReadGroups(ByteReader *reader, Trimmed *trimmed, char *space)
{
	CoreError	ignored;

	for (uint32_t i = 0; i < trimmed->ngroups; i++)
	{
		TrimmedGroup *group = &trimmed->groups[i];
		char		channel[256];
		char		purpose[256];

		TrimmedGroupClear(group);
		if (!GetLabel(reader, channel, purpose))
			return false;
		group->channel = strcpy(space, channel);
		space += strlen(channel) + 1;
		group->purpose = LABEL_DEFAULT_PURPOSE;
		if (strcmp(purpose, LABEL_DEFAULT_PURPOSE) != 0)
		{
			group->purpose = strcpy(space, purpose);
			space += strlen(purpose) + 1;
		}
		GetGroup(reader, group, trimmed->before);
		if (reader->bad ||
			!TrimmedGroupCheck(group, trimmed->before, &ignored))
			return false;
		if (i > 0 && LabelCompare(group[-1].channel, group[-1].purpose,
								  channel, purpose) >= 0)
			return false;
	}
	return reader->p == reader->end;
}

/* Decode the section and check everything; see history.h. */
Trimmed *
HistoryReadTrimmed(const HistoryView *view, CoreError *err)
{
	ByteReader	reader;
	Trimmed    *trimmed;
	uint64_t	ngroups;

	err->code = CORE_OK;
	if (view->trimmed == NULL)
		return NULL;
	reader.p = view->trimmed + 8;
	reader.end = view->trimmed + view->trimmed_length - 4;
	reader.bad = false;
	ngroups = GetVarint(&reader);
	if (!reader.bad && InstantInRange(HistoryHorizon(view)) &&
		ngroups <= view->trimmed_length / GROUP_MIN)
	{
		/* each name takes as many bytes in the section as with its NUL */
		size_t		size = sizeof(Trimmed) + ngroups * sizeof(TrimmedGroup);

		trimmed = CoreAlloc(size + view->trimmed_length);
		trimmed->before = HistoryHorizon(view);
		trimmed->ngroups = (uint32_t) ngroups;
		trimmed->groups = (TrimmedGroup *) (trimmed + 1);
		if (ReadGroups(&reader, trimmed, (char *) trimmed + size))
			return trimmed;
		CoreFree(trimmed);
	}
	CoreFail(err, CORE_CORRUPTED, "contact_history value is damaged");
	CoreDetail(err, "Its summary of trimmed contacts cannot be right.");
	return NULL;
}
