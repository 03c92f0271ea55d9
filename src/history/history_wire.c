/*
 * history_wire.c
 *		A contact_history as send and receive pass it; doc/binary-formats.md.
 *
 * Everything is big-endian and of fixed width, so that a client can write it
 * without this library.  Nothing of it is trusted: a count is held against
 * the bytes that are left before anything is made for it.
 */
#include "history/history_parts.h"

#define WIRE_VERSION		1
#define WIRE_TRIMMED		0x01

#define CONTACT_OUTCOME		0x0f
#define CONTACT_WEIGHT		0x10
#define CONTACT_ANSWER		0x20

/* What one of them takes at least. */
#define LABEL_MIN			4
#define CONTACT_MIN			13

static void
PutBig(CoreText *out, uint64_t value, int bytes)
{
	for (int i = bytes - 1; i >= 0; i--)
		PutByte(out, (unsigned char) (value >> 8 * i));
}

static uint64_t
GetBig(ByteReader *reader, int bytes)
{
	uint64_t	value = 0;

	for (int i = 0; i < bytes; i++)
		value = value << 8 | GetByte(reader);
	return value;
}

static inline Instant
GetInstant(ByteReader *reader)
{
	return (Instant) GetBig(reader, 8);
}

/* The error for bytes that are no contact_history. */
static bool
FailWire(CoreError *err, const char *what)
{
	CoreFail(err, CORE_BINARY,
			 "invalid binary representation of type contact_history");
	CoreDetail(err, "%s", what);
	CoreHint(err, "doc/binary-formats.md describes what is expected.");
	return false;
}

/* Make an error that another check found one of the binary form. */
static bool
FailWireAs(CoreError *err, const CoreError *found)
{
	if (found->code == CORE_LIMIT)
	{
		*err = *found;
		return false;
	}
	FailWire(err, "");
	CoreDetail(err, "%s.%s%s", found->message,
			   found->detail[0] != '\0' ? "  " : "", found->detail);
	return false;
}

/* --- writing */

static void
SendLabel(CoreText *out, const char *channel, const char *purpose)
{
	PutByte(out, (unsigned char) strlen(channel));
	CoreTextAppend(out, channel, strlen(channel));
	PutByte(out, (unsigned char) strlen(purpose));
	CoreTextAppend(out, purpose, strlen(purpose));
}

static void
SendTrimmed(const Trimmed *trimmed, CoreText *out)
{
	PutBig(out, (uint64_t) trimmed->before, 8);
	PutBig(out, trimmed->ngroups, 4);
	for (uint32_t i = 0; i < trimmed->ngroups; i++)
	{
		const TrimmedGroup *group = &trimmed->groups[i];

		SendLabel(out, group->channel, group->purpose);
		for (int j = 0; j < OUTCOME_COUNT; j++)
			PutBig(out, (uint64_t) group->by_outcome[j], 4);
		PutBig(out, (uint64_t) group->weighted, 4);
		PutBig(out, (uint64_t) group->weight, 8);
		PutBig(out, (uint64_t) group->last_at, 8);
		PutBig(out, (uint64_t) group->last_event_at, 8);
		for (int level = 0; level < ANSWER_LEVELS; level++)
		{
			const TrimmedAnswers *answers = &group->answers[level];

			PutBig(out, (uint64_t) answers->last_answer_at, 8);
			PutBig(out, (uint64_t) answers->answered_contact_at, 8);
			PutBig(out, (uint64_t) answers->run_min, 4);
			PutBig(out, (uint64_t) answers->run_max, 4);
			PutBig(out, (uint64_t) answers->run_first_at, 8);
			PutBig(out, (uint64_t) answers->run_last_at, 8);
		}
	}
}

static void
SendContact(const Contact *contact, uint32_t label, CoreText *out)
{
	PutBig(out, (uint64_t) contact->at, 8);
	PutBig(out, label, 4);
	PutByte(out, (unsigned char) (contact->outcome |
								  (contact->weight != WEIGHT_NONE ?
								   CONTACT_WEIGHT : 0) |
								  (contact->answered_at != INSTANT_NONE ?
								   CONTACT_ANSWER : 0)));
	if (contact->weight != WEIGHT_NONE)
		PutBig(out, (uint64_t) contact->weight, 8);
	if (contact->answered_at != INSTANT_NONE)
		PutBig(out, (uint64_t) contact->answered_at, 8);
}

/* Write the wire form; see history.h. */
bool
HistorySend(const HistoryView *view, CoreText *out, CoreError *err)
{
	HistoryDictionary *dictionary = HistoryReadDictionary(view, err);
	HistoryCursor cursor = {view, dictionary, 0, 0};
	Contact		contact;

	if (dictionary == NULL)
		return false;
	PutByte(out, WIRE_VERSION);
	PutByte(out, view->trimmed != NULL ? WIRE_TRIMMED : 0);
	PutBig(out, dictionary->nlabels, 4);
	for (uint32_t i = 0; i < dictionary->nlabels; i++)
		SendLabel(out, dictionary->labels[i].channel,
				  dictionary->labels[i].purpose);
	PutBig(out, view->contacts, 4);
	while (HistoryNext(&cursor, &contact))
	{
		uint32_t	kind = HistoryKindIndex(view, cursor.next - 1);

		SendContact(&contact, dictionary->kinds[kind].label, out);
	}
	CoreFree(dictionary);
	if (view->trimmed != NULL)
	{
		Trimmed    *trimmed = HistoryReadTrimmed(view, err);

		if (trimmed == NULL)
			return false;
		SendTrimmed(trimmed, out);
		CoreFree(trimmed);
	}
	return true;
}

/* --- reading */

/* The labels, as they came: their letters, and where each begins. */
typedef struct WireLabels
{
	CoreText	names;			/* channel NUL purpose NUL */
	uint32_t   *channels;
	uint32_t	count;
} WireLabels;

/* Read a label into buffers of 256 bytes. */
static bool
ReceiveLabel(ByteReader *reader, char channel[256], char purpose[256],
			 CoreError *err)
{
	char		name[256];
	size_t		length = GetName(reader, name);
	CoreError	found;

	if (reader->bad)
		return FailWire(err, "It ends within a label.");
	if (!LabelChannel(name, length, channel, &found))
		return FailWireAs(err, &found);
	length = GetName(reader, name);
	if (reader->bad)
		return FailWire(err, "It ends within a label.");
	if (!LabelPurpose(name, length, purpose, &found))
		return FailWireAs(err, &found);
	return true;
}

/* Read all labels. */
static bool
ReceiveLabels(ByteReader *reader, WireLabels *labels, CoreError *err)
{
	for (uint32_t i = 0; i < labels->count; i++)
	{
		char		channel[256];
		char		purpose[256];

		if (!ReceiveLabel(reader, channel, purpose, err))
			return false;
		labels->channels[i] = (uint32_t) labels->names.length;
		CoreTextAppend(&labels->names, channel, strlen(channel) + 1);
		CoreTextAppend(&labels->names, purpose, strlen(purpose) + 1);
	}
	return true;
}

static bool
ReceiveContact(ByteReader *reader, const WireLabels *labels,
			   HistoryBuilder *builder, CoreError *err)
{
	Contact		contact = {0, INSTANT_NONE, WEIGHT_NONE, OUTCOME_SENT,
	NULL, NULL};
	uint32_t	label;
	uint8_t		flags;
	CoreError	found;

	contact.at = GetInstant(reader);
	label = (uint32_t) GetBig(reader, 4);
	flags = GetByte(reader);
	if ((flags & CONTACT_WEIGHT) != 0)
	{
		contact.weight = (int64_t) GetBig(reader, 8);
		if (contact.weight < 0 || contact.weight > WEIGHT_MAX)
			return FailWire(err, "The weight of a contact is out of range.");
	}
	if ((flags & CONTACT_ANSWER) != 0)
	{
		contact.answered_at = GetInstant(reader);
		if (!InstantInRange(contact.answered_at))
			return FailWire(err, "The time of an answer is out of range.");
	}
	if (reader->bad)
		return FailWire(err, "It ends within a contact.");
	if ((flags & ~(CONTACT_OUTCOME | CONTACT_WEIGHT | CONTACT_ANSWER)) != 0 ||
		(flags & CONTACT_OUTCOME) >= OUTCOME_COUNT)
		return FailWire(err, "The outcome of a contact is unknown.");
	if (label >= labels->count)
		return FailWire(err, "A contact names a label that is not there.");
	contact.outcome = (Outcome) (flags & CONTACT_OUTCOME);
	contact.channel = labels->names.data + labels->channels[label];
	contact.purpose = contact.channel + strlen(contact.channel) + 1;
	return HistoryAdd(builder, &contact, &found) || FailWireAs(err, &found);
}

static bool
ReceiveGroup(ByteReader *reader, Instant before, HistoryBuilder *builder,
			 CoreError *err)
{
	char		channel[256];
	char		purpose[256];
	TrimmedGroup group;
	Trimmed		trimmed = {before, 1, &group};
	CoreError	found;

	if (!ReceiveLabel(reader, channel, purpose, err))
		return false;
	TrimmedGroupClear(&group);
	group.channel = channel;
	group.purpose = purpose;
	for (int i = 0; i < OUTCOME_COUNT; i++)
		group.by_outcome[i] = (int64_t) GetBig(reader, 4);
	group.weighted = (int64_t) GetBig(reader, 4);
	group.weight = (int64_t) GetBig(reader, 8);
	group.last_at = GetInstant(reader);
	group.last_event_at = GetInstant(reader);
	for (int level = 0; level < ANSWER_LEVELS; level++)
	{
		TrimmedAnswers *answers = &group.answers[level];

		answers->last_answer_at = GetInstant(reader);
		answers->answered_contact_at = GetInstant(reader);
		answers->run_min = (int64_t) GetBig(reader, 4);
		answers->run_max = (int64_t) GetBig(reader, 4);
		answers->run_first_at = GetInstant(reader);
		answers->run_last_at = GetInstant(reader);
	}
	if (reader->bad)
		return FailWire(err, "It ends within a summary.");
	return HistoryAddTrimmed(builder, &trimmed, &found) ||
		FailWireAs(err, &found);
}

static bool
ReceiveTrimmed(ByteReader *reader, HistoryBuilder *builder, CoreError *err)
{
	Instant		before = GetInstant(reader);
	uint32_t	ngroups = (uint32_t) GetBig(reader, 4);
	CoreError	found;

	if (reader->bad)
		return FailWire(err, "It ends before the summary.");
	if (!HistoryTrim(builder, before, &found))
		return FailWireAs(err, &found);
	for (uint32_t i = 0; i < ngroups; i++)
		if (!ReceiveGroup(reader, before, builder, err))
			return false;
	return true;
}

/* Read the contacts, behind their labels. */
static bool
ReceiveContacts(ByteReader *reader, const WireLabels *labels,
				HistoryBuilder *builder, CoreError *err)
{
	uint32_t	ncontacts = (uint32_t) GetBig(reader, 4);

	if (reader->bad ||
		ncontacts > (size_t) (reader->end - reader->p) / CONTACT_MIN)
		return FailWire(err, "It has fewer contacts than it says.");
	for (uint32_t i = 0; i < ncontacts; i++)
		if (!ReceiveContact(reader, labels, builder, err))
			return false;
	return true;
}

/* Read the wire form into the builder; see history.h. */
bool
HistoryReceive(const unsigned char *bytes, size_t length,
			   HistoryBuilder *builder, CoreError *err)
{
	ByteReader	reader = {bytes, bytes + length, false};
	uint8_t		version = GetByte(&reader);
	uint8_t		flags = GetByte(&reader);
	WireLabels	labels;
	bool		ok;

	if (!reader.bad && version != WIRE_VERSION)
	{
		FailWire(err, "");
		CoreDetail(err, "Its version is %d, known is %d.", version,
				   WIRE_VERSION);
		return false;
	}
	labels.count = (uint32_t) GetBig(&reader, 4);
	if (reader.bad || (flags & ~WIRE_TRIMMED) != 0 ||
		labels.count > (size_t) (reader.end - reader.p) / LABEL_MIN)
		return FailWire(err, "Its header cannot be right.");

	CoreTextInit(&labels.names);
	labels.channels = CoreAlloc((labels.count + 1) * sizeof(uint32_t));
	ok = ReceiveLabels(&reader, &labels, err) &&
		ReceiveContacts(&reader, &labels, builder, err);
	CoreFree(labels.channels);
	CoreFree(labels.names.data);
	if (ok && (flags & WIRE_TRIMMED) != 0)
		ok = ReceiveTrimmed(&reader, builder, err);
	if (ok && reader.p != reader.end)
		return FailWire(err, "Something follows its end.");
	return ok;
}
