/*
 * history_text.c
 *		A contact_history as JSON text, read and written.
 *
 * The reader knows exactly the JSON that a history can be: a key that is not
 * known, or known twice, is an error.
 */
#include "history/history_json.h"
#include "history/history_parts.h"

/* A history that is being read. */
typedef struct HistoryReader
{
	Json		json;
	HistoryBuilder *builder;
	bool		trimmed;		/* a summary has been read */
} HistoryReader;

enum
{
	CONTACT_AT, CONTACT_CHANNEL, CONTACT_PURPOSE, CONTACT_WEIGHT,
	CONTACT_OUTCOME, CONTACT_ANSWERED_AT, CONTACT_TRIMMED
};

static const char *const ContactKeys[] = {
	"at", "channel", "purpose", "weight", "outcome", "answered_at", "trimmed",
	NULL
};

enum
{
	TRIMMED_BEFORE, TRIMMED_GROUPS
};

static const char *const TrimmedKeys[] = {"before", "groups", NULL};

enum
{
	GROUP_CHANNEL, GROUP_PURPOSE, GROUP_OUTCOMES, GROUP_WEIGHTED,
	GROUP_WEIGHT, GROUP_LAST_AT, GROUP_LAST_EVENT_AT, GROUP_ANSWERS
};

static const char *const GroupKeys[] = {
	"channel", "purpose", "outcomes", "weighted", "weight", "last_at",
	"last_event_at", "answers", NULL
};

/* Answer levels are the rising outcomes behind "planned". */
static const char *const LevelKeys[] = {
	"sent", "delivered", "opened", "clicked", "replied", "converted", NULL
};

enum
{
	LEVEL_LAST_ANSWER_AT, LEVEL_ANSWERED_CONTACT_AT, LEVEL_UNANSWERED,
	LEVEL_AT_LEAST, LEVEL_AT_MOST, LEVEL_FIRST_AT, LEVEL_LAST_AT
};

static const char *const AnswersKeys[] = {
	"last_answer_at", "answered_contact_at", "unanswered", "at_least",
	"at_most", "first_at", "last_at", NULL
};

/* --- values */

static bool
JsonInstant(Json *json, Instant *t)
{
	char		text[JSON_STRING_MAX + 1];
	size_t		length;
	CoreError	err;
	const char *at = json->p;

	return JsonString(json, "a time in double quotes", text, &length) &&
		(InstantParse(text, length, t, &err) || JsonFailAs(json, at, &err));
}

static bool
JsonChannel(Json *json, char *channel)
{
	char		text[JSON_STRING_MAX + 1];
	size_t		length;
	CoreError	err;
	const char *at = json->p;

	return JsonString(json, "the name of a channel in double quotes", text,
					  &length) &&
		(LabelChannel(text, length, channel, &err) ||
		 JsonFailAs(json, at, &err));
}

static bool
JsonPurpose(Json *json, char *purpose)
{
	char		text[JSON_STRING_MAX + 1];
	size_t		length;
	CoreError	err;
	const char *at = json->p;

	return JsonString(json, "the name of a purpose in double quotes", text,
					  &length) &&
		(LabelPurpose(text, length, purpose, &err) ||
		 JsonFailAs(json, at, &err));
}

static bool
JsonOutcome(Json *json, Outcome *outcome)
{
	char		text[JSON_STRING_MAX + 1];
	size_t		length;
	CoreError	err;
	const char *at = json->p;

	return JsonString(json, "the name of an outcome in double quotes", text,
					  &length) &&
		(OutcomeParse(text, length, outcome, &err) ||
		 JsonFailAs(json, at, &err));
}

/* A weight, or a sum of weights. */
static bool
JsonWeight(Json *json, int64_t most, int64_t *weight)
{
	const char *text;
	size_t		length;
	CoreError	err;

	return JsonNumber(json, &text, &length) &&
		(WeightParse(text, length, most, weight, &err) ||
		 JsonFailAs(json, text, &err));
}

/* A whole number, from 0 on. */
static bool
JsonCount(Json *json, int64_t *count)
{
	const char *text;
	size_t		length;

	if (!JsonNumber(json, &text, &length))
		return false;
	*count = 0;
	for (size_t i = 0; i < length; i++)
	{
		if (text[i] < '0' || text[i] > '9' || length > 18)
			return JsonFail(json, text, "this is no number of contacts.",
							"Write a whole number.");
		*count = *count * 10 + (text[i] - '0');
	}
	return true;
}

/* --- the summary */

/* What is known of the answers at one level. */
static bool
ReadLevel(Json *json, TrimmedAnswers *answers)
{
	JsonObject	object = {"A level of answers", AnswersKeys, 0, false};
	const char *at = json->p;
	int			key;

	memset(answers, 0, sizeof(TrimmedAnswers));
	answers->last_answer_at = answers->answered_contact_at = INSTANT_NONE;
	answers->run_first_at = answers->run_last_at = INSTANT_NONE;
	if (!JsonTake(json, '{'))
		return JsonFailExpected(json, "\"{\"");
	for (;;)
	{
		bool		ok = JsonNextMember(json, &object, &key);

		if (!ok || key < 0)
		{
			unsigned	bounds = 1u << LEVEL_AT_LEAST | 1u << LEVEL_AT_MOST;

			if (ok && (object.seen & bounds) != 0 &&
				(object.seen & (bounds | 1u << LEVEL_UNANSWERED)) != bounds)
				return JsonFail(json, at, "either unanswered is given, or "
								"at_least and at_most.",
								"A summary is written by trim_contacts().");
			return ok;
		}
		if (key == LEVEL_LAST_ANSWER_AT)
			ok = JsonInstant(json, &answers->last_answer_at);
		else if (key == LEVEL_ANSWERED_CONTACT_AT)
			ok = JsonInstant(json, &answers->answered_contact_at);
		else if (key == LEVEL_FIRST_AT)
			ok = JsonInstant(json, &answers->run_first_at);
		else if (key == LEVEL_LAST_AT)
			ok = JsonInstant(json, &answers->run_last_at);
		else if (key == LEVEL_AT_LEAST)
			ok = JsonCount(json, &answers->run_min);
		else
		{
			ok = JsonCount(json, &answers->run_max);
			if (ok && key == LEVEL_UNANSWERED)
				answers->run_min = answers->run_max;
		}
		if (!ok)
			return false;
	}
}

/* The answers; a level that is not given is as the one below it. */
static bool
ReadLevels(Json *json, TrimmedGroup *group)
{
	JsonObject	object = {"The object of answers", LevelKeys, 0, false};
	int			key;

	if (!JsonTake(json, '{'))
		return JsonFailExpected(json, "\"{\"");
	for (;;)
	{
		if (!JsonNextMember(json, &object, &key))
			return false;
		if (key < 0)
			break;
		if (!ReadLevel(json, &group->answers[key]))
			return false;
	}
	for (int level = 1; level < ANSWER_LEVELS; level++)
		if ((object.seen & 1u << level) == 0)
			group->answers[level] = group->answers[level - 1];
	return true;
}

/* The number of contacts by outcome. */
static bool
ReadOutcomes(Json *json, TrimmedGroup *group)
{
	const char *keys[OUTCOME_COUNT + 1];
	JsonObject	object = {"The object of outcomes", keys, 0, false};
	int			key;

	memcpy(keys, OutcomeNames, sizeof(OutcomeNames));
	keys[OUTCOME_COUNT] = NULL;
	if (!JsonTake(json, '{'))
		return JsonFailExpected(json, "\"{\"");
	for (;;)
	{
		if (!JsonNextMember(json, &object, &key))
			return false;
		if (key < 0)
			return true;
		if (!JsonCount(json, &group->by_outcome[key]))
			return false;
	}
}

/* The summary of one channel and purpose. */
static bool
ReadGroup(HistoryReader *reader, Instant before)
{
	Json	   *json = &reader->json;
	JsonObject	object = {"A group of trimmed contacts", GroupKeys, 0, false};
	char		channel[LABEL_NAME_MAX + 1];
	char		purpose[LABEL_PURPOSE_MAX + 1] = LABEL_DEFAULT_PURPOSE;
	TrimmedGroup group;
	Trimmed		trimmed = {before, 1, &group};
	const char *at = json->p;
	CoreError	err;
	bool		ok = true;
	int			key = 0;

	TrimmedGroupClear(&group);
	if (!JsonTake(json, '{'))
		return JsonFailExpected(json, "\"{\"");
	while (ok && (ok = JsonNextMember(json, &object, &key)) && key >= 0)
	{
		if (key == GROUP_CHANNEL)
			ok = JsonChannel(json, channel);
		else if (key == GROUP_PURPOSE)
			ok = JsonPurpose(json, purpose);
		else if (key == GROUP_OUTCOMES)
			ok = ReadOutcomes(json, &group);
		else if (key == GROUP_WEIGHTED)
			ok = JsonCount(json, &group.weighted);
		else if (key == GROUP_WEIGHT)
			ok = JsonWeight(json, WEIGHT_MAX * HISTORY_MAX_CONTACTS,
							&group.weight);
		else if (key == GROUP_LAST_AT)
			ok = JsonInstant(json, &group.last_at);
		else if (key == GROUP_LAST_EVENT_AT)
			ok = JsonInstant(json, &group.last_event_at);
		else
			ok = ReadLevels(json, &group);
	}
	if (!ok)
		return false;
	if ((object.seen & 1u << GROUP_CHANNEL) == 0)
		return JsonFailKey(json, at, &object, "lacks the key", "channel");
	group.channel = channel;
	group.purpose = purpose;
	return HistoryAddTrimmed(reader->builder, &trimmed, &err) ||
		JsonFailAs(json, at, &err);
}

/* The groups, each added by itself. */
static bool
ReadGroups(HistoryReader *reader, Instant before)
{
	Json	   *json = &reader->json;
	bool		begun = false;
	bool		more;

	if (!JsonTake(json, '['))
		return JsonFailExpected(json, "\"[\"");
	for (;;)
	{
		if (!JsonNextItem(json, &begun, &more))
			return false;
		if (!more)
			return true;
		(void) JsonPeek(json);
		if (!ReadGroup(reader, before))
			return false;
	}
}

/* The object that sums up what was trimmed. */
static bool
ReadTrimmed(HistoryReader *reader)
{
	Json	   *json = &reader->json;
	JsonObject	object = {"The object trimmed", TrimmedKeys, 0, false};
	const char *at = json->p;
	Instant		before = INSTANT_NONE;
	CoreError	err;
	int			key;

	if (!JsonTake(json, '{'))
		return JsonFailExpected(json, "\"{\"");
	for (;;)
	{
		if (!JsonNextMember(json, &object, &key))
			return false;
		if (key == TRIMMED_BEFORE)
		{
			if (!JsonInstant(json, &before))
				return false;
			if (!HistoryTrim(reader->builder, before, &err))
				return JsonFailAs(json, at, &err);
		}
		else if ((object.seen & 1u << TRIMMED_BEFORE) == 0)
			return JsonFailKey(json, at, &object, "does not begin with the "
							   "key", "before");
		else if (key < 0)
			return true;
		else if (!ReadGroups(reader, before))
			return false;
	}
}

/* --- contacts */

/* One value of a contact; null is as good as a key that is left out. */
static bool
ReadContactValue(HistoryReader *reader, int key, Contact *contact,
				 char *channel, char *purpose)
{
	Json	   *json = &reader->json;

	if (key > CONTACT_CHANNEL && key != CONTACT_TRIMMED && JsonTakeNull(json))
		return true;
	switch (key)
	{
		case CONTACT_AT:
			return JsonInstant(json, &contact->at);
		case CONTACT_CHANNEL:
			return JsonChannel(json, channel);
		case CONTACT_PURPOSE:
			return JsonPurpose(json, purpose);
		case CONTACT_WEIGHT:
			return JsonWeight(json, WEIGHT_MAX, &contact->weight);
		case CONTACT_OUTCOME:
			return JsonOutcome(json, &contact->outcome);
		case CONTACT_ANSWERED_AT:
			return JsonInstant(json, &contact->answered_at);
		default:
			return ReadTrimmed(reader);
	}
}

/* One contact, or the summary. */
static bool
ReadContact(HistoryReader *reader)
{
	Json	   *json = &reader->json;
	JsonObject	object = {"A contact", ContactKeys, 0, false};
	char		channel[LABEL_NAME_MAX + 1];
	char		purpose[LABEL_PURPOSE_MAX + 1] = LABEL_DEFAULT_PURPOSE;
	Contact		contact = {0, INSTANT_NONE, WEIGHT_NONE, OUTCOME_SENT,
	channel, purpose};
	const char *at;
	CoreError	err;
	int			key;

	(void) JsonPeek(json);
	at = json->p;
	if (!JsonTake(json, '{'))
		return JsonFailExpected(json, "\"{\"");
	for (;;)
	{
		if (!JsonNextMember(json, &object, &key))
			return false;
		if (key < 0)
			break;
		if (!ReadContactValue(reader, key, &contact, channel, purpose))
			return false;
	}
	if ((object.seen & 1u << CONTACT_TRIMMED) != 0)
	{
		if (object.seen != 1u << CONTACT_TRIMMED || reader->trimmed)
			return JsonFail(json, at, "trimmed stands alone in its object, "
							"once.", "A summary is written by "
							"trim_contacts().");
		reader->trimmed = true;
		return true;
	}
	if ((object.seen & 1u << CONTACT_AT) == 0)
		return JsonFailKey(json, at, &object, "lacks the key", "at");
	if ((object.seen & 1u << CONTACT_CHANNEL) == 0)
		return JsonFailKey(json, at, &object, "lacks the key", "channel");
	return HistoryAdd(reader->builder, &contact, &err) ||
		JsonFailAs(json, at, &err);
}

/* Read a history into the builder; see history.h. */
bool
HistoryParse(const char *text, size_t length, HistoryBuilder *builder,
			 CoreError *err)
{
	HistoryReader reader = {{text, text, text + length, err}, builder, false};
	Json	   *json = &reader.json;
	bool		begun = false;
	bool		more;

	if (!JsonTake(json, '['))
		return JsonFailExpected(json, "\"[\"");
	for (;;)
	{
		if (!JsonNextItem(json, &begun, &more))
			return false;
		if (!more)
			break;
		if (!ReadContact(&reader))
			return false;
	}
	(void) JsonPeek(json);
	return json->p == json->end || JsonFailExpected(json, "the end");
}

/* --- writing */

static void
Put(CoreText *out, const char *string)
{
	CoreTextAppend(out, string, strlen(string));
}

/* "key":"value", with what goes before it; nothing in it needs an escape */
static void
PutString(CoreText *out, const char *before, const char *value)
{
	Put(out, before);
	Put(out, value);
	PutByte(out, '"');
}

/* An instant, unless there is none. */
static void
PutInstant(CoreText *out, const char *before, Instant t)
{
	char		text[INSTANT_TEXT_SIZE];

	if (t == INSTANT_NONE)
		return;
	(void) InstantWrite(t, text);
	PutString(out, before, text);
}

static void
WriteContact(const Contact *contact, CoreText *out)
{
	PutInstant(out, "{\"at\":\"", contact->at);
	PutString(out, ",\"channel\":\"", contact->channel);
	PutString(out, ",\"purpose\":\"", contact->purpose);
	if (contact->weight != WEIGHT_NONE)
	{
		Put(out, ",\"weight\":");
		WeightWrite(contact->weight, out);
	}
	if (contact->outcome != OUTCOME_SENT)
		PutString(out, ",\"outcome\":\"", OutcomeNames[contact->outcome]);
	PutInstant(out, ",\"answered_at\":\"", contact->answered_at);
	PutByte(out, '}');
}

/* What is known of the answers at one level. */
static void
WriteLevel(const TrimmedAnswers *answers, CoreText *out)
{
	size_t		start = out->length;

	PutInstant(out, ",\"last_answer_at\":\"", answers->last_answer_at);
	PutInstant(out, ",\"answered_contact_at\":\"",
			   answers->answered_contact_at);
	if (answers->run_min != answers->run_max)
		CoreTextPrintf(out, ",\"at_least\":%lld,\"at_most\":%lld",
					   (long long) answers->run_min,
					   (long long) answers->run_max);
	else
		CoreTextPrintf(out, ",\"unanswered\":%lld",
					   (long long) answers->run_max);
	PutInstant(out, ",\"first_at\":\"", answers->run_first_at);
	PutInstant(out, ",\"last_at\":\"", answers->run_last_at);
	out->data[start] = '{';
	PutByte(out, '}');
}

/* The levels that differ from the one below; the first is always there. */
static void
WriteLevels(const TrimmedGroup *group, CoreText *out)
{
	Put(out, ",\"answers\":{");
	for (int level = 0; level < ANSWER_LEVELS; level++)
	{
		if (level > 0 && TrimmedAnswersEqual(&group->answers[level],
											 &group->answers[level - 1]))
			continue;
		PutString(out, level > 0 ? ",\"" : "\"", LevelKeys[level]);
		PutByte(out, ':');
		WriteLevel(&group->answers[level], out);
	}
	PutByte(out, '}');
}

static void
WriteGroup(const TrimmedGroup *group, CoreText *out)
{
	const char *before = "\"";

	PutString(out, "{\"channel\":\"", group->channel);
	PutString(out, ",\"purpose\":\"", group->purpose);
	Put(out, ",\"outcomes\":{");
	for (int i = 0; i < OUTCOME_COUNT; i++)
	{
		if (group->by_outcome[i] == 0)
			continue;
		PutString(out, before, OutcomeNames[i]);
		CoreTextPrintf(out, ":%lld", (long long) group->by_outcome[i]);
		before = ",\"";
	}
	PutByte(out, '}');
	if (group->weighted > 0)
	{
		CoreTextPrintf(out, ",\"weighted\":%lld,\"weight\":",
					   (long long) group->weighted);
		WeightWrite(group->weight, out);
	}
	PutInstant(out, ",\"last_at\":\"", group->last_at);
	PutInstant(out, ",\"last_event_at\":\"", group->last_event_at);
	if (TrimmedGroupCounted(group) > group->by_outcome[OUTCOME_PLANNED])
		WriteLevels(group, out);
	PutByte(out, '}');
}

static void
WriteTrimmed(const Trimmed *trimmed, CoreText *out)
{
	PutInstant(out, "{\"trimmed\":{\"before\":\"", trimmed->before);
	Put(out, ",\"groups\":[");
	for (uint32_t i = 0; i < trimmed->ngroups; i++)
	{
		if (i > 0)
			PutByte(out, ',');
		WriteGroup(&trimmed->groups[i], out);
	}
	Put(out, "]}}");
}

/* Write a history; see history.h. */
bool
HistoryWrite(const HistoryView *view, CoreText *out, CoreError *err)
{
	HistoryDictionary *dictionary = HistoryReadDictionary(view, err);
	HistoryCursor cursor = {view, dictionary, 0, 0};
	Contact		contact;

	if (dictionary == NULL)
		return false;
	PutByte(out, '[');
	if (view->trimmed != NULL)
	{
		Trimmed    *trimmed = HistoryReadTrimmed(view, err);

		if (trimmed == NULL)
		{
			CoreFree(dictionary);
			return false;
		}
		WriteTrimmed(trimmed, out);
		CoreFree(trimmed);
	}
	while (HistoryNext(&cursor, &contact))
	{
		if (out->data[out->length - 1] != '[')
			PutByte(out, ',');
		if (cursor.next % 4096 == 0)
			CoreCheckInterrupts();
		WriteContact(&contact, out);
	}
	PutByte(out, ']');
	CoreFree(dictionary);
	return true;
}
