/*
 * history_core.c
 *		Reading the stored bytes of a contact_history.
 *
 * Stored bytes are not trusted: every length is held against the bytes that
 * are there, and every index against its table, before it is used.
 */
#include "history/history_parts.h"

/* Version, flags, shape, answer, and that there is no contact. */
#define HEADER_MIN			5

const int64_t HistoryUnits[4] = {
	1, 1000, MICROS_PER_SECOND, MICROS_PER_MINUTE
};

/* The error for bytes that cannot be a contact_history. */
static bool
FailCorrupted(CoreError *err, const char *what)
{
	CoreFail(err, CORE_CORRUPTED, "contact_history value is damaged");
	CoreDetail(err, "Its %s cannot be right.", what);
	return false;
}

/* Read the header's fields; false when one of them has no meaning. */
static bool
OpenHeader(ByteReader *reader, HistoryView *view)
{
	uint8_t		shape = GetByte(reader);
	uint8_t		answer = GetByte(reader);
	uint64_t	contacts = GetVarint(reader);
	uint64_t	kinds = contacts > 0 ? GetVarint(reader) : 0;
	uint64_t	length = contacts > 0 ? GetVarint(reader) : 0;
	const unsigned char *base = contacts > 0 ? GetBytes(reader, 8) : NULL;

	view->width = shape & 0x0f;
	view->unit = HistoryUnits[shape >> 4 & 3];
	view->answer_width = answer & 0x0f;
	view->answer_unit = HistoryUnits[answer >> 4 & 3];
	if (reader->bad || view->width < 1 || view->width > 8 ||
		shape >> 7 != 0 || view->answer_width > 8 || answer >> 6 != 0 ||
		contacts > HISTORY_MAX_CONTACTS || kinds > contacts ||
		kinds > length || length > UINT32_MAX)
		return false;
	view->mask = UINT64_MAX >> (64 - 8 * view->width);
	view->contacts = (uint32_t) contacts;
	view->kinds = (uint32_t) kinds;
	view->dictionary_length = (uint32_t) length;
	view->kind_bits = 0;
	view->kinds_apart = NULL;
	if (contacts == 0)
		return shape == HISTORY_SHAPE_EMPTY && answer == 0;

	view->base = (Instant) HistoryLoad64(base);
	if ((shape & SHAPE_KINDS_APART) != 0)
		view->kinds_apart = reader->p;	/* there are some */
	else
		view->kind_bits = (uint8_t) BitsOf(kinds - 1);
	return kinds >= 1 && InstantInRange(view->base) &&
		view->width + length >= WORD_LOAD;
}

/* Find the sections behind the header; false when they do not fit. */
static bool
OpenSections(ByteReader *reader, bool trimmed, HistoryView *view)
{
	uint64_t	left = (uint64_t) (reader->end - reader->p);
	uint64_t	words = (uint64_t) view->contacts * view->width;
	uint64_t	apart = view->kinds_apart != NULL ?
		(uint64_t) view->contacts * 4 : 0;

	view->trimmed = NULL;
	view->trimmed_length = 0;
	if (trimmed)
	{
		if (left < TRIMMED_SIZE_MIN)
			return false;
		view->trimmed_length = (uint32_t) LoadLittle(reader->end - 4, 4);
		if (view->trimmed_length < TRIMMED_SIZE_MIN ||
			view->trimmed_length > left)
			return false;
		view->trimmed = reader->end - view->trimmed_length;
		left -= view->trimmed_length;
	}
	/* counts are bounded: no sum here comes near to overflow */
	if (left < words + apart + view->dictionary_length)
		return false;
	left -= words + apart + view->dictionary_length;
	if (view->answer_width == 0 ? left != 0 :
		(left % view->answer_width != 0 || left == 0 ||
		 left / view->answer_width > view->contacts))
		return false;

	view->words = reader->p;
	if (view->kinds_apart != NULL)
		view->kinds_apart = view->words + words;
	view->answers = view->words + words + apart;
	view->dictionary = view->answers + left;
	return true;
}

/* Check the header against the length and fill view; see history.h. */
bool
HistoryOpen(const void *data, size_t length, HistoryView *view,
			CoreError *err)
{
	ByteReader	reader;
	uint8_t		version;
	uint8_t		flags;

	memset(view, 0, sizeof(HistoryView));
	if (data == NULL)
	{
		view->width = 1;
		view->mask = 0xff;
		view->unit = view->answer_unit = 1;
		return true;
	}
	if (length < HEADER_MIN)
		return FailCorrupted(err, "length");
	reader.p = data;
	reader.end = reader.p + length;
	reader.bad = false;
	version = GetByte(&reader);
	flags = GetByte(&reader);
	if (version != HISTORY_VERSION)
	{
		CoreFail(err, CORE_CORRUPTED,
				 "contact_history value of unknown version %d", version);
		CoreHint(err, "It was written by a newer version of "
				 "contact_pressure, or is damaged.");
		return false;
	}
	if ((flags & ~HISTORY_TRIMMED) != 0 || !OpenHeader(&reader, view))
		return FailCorrupted(err, "header");
	if (!OpenSections(&reader, (flags & HISTORY_TRIMMED) != 0, view))
		return FailCorrupted(err, "length");
	return true;
}

/* The number of contacts with at <= t. */
uint32_t
HistoryUpTo(const HistoryView *view, Instant t)
{
	uint32_t	low = 0;
	uint32_t	high = view->contacts;
	uint64_t	offset;

	if (high == 0 || t < view->base)
		return 0;
	offset = ((uint64_t) t - (uint64_t) view->base) / (uint64_t) view->unit;
	while (low < high)
	{
		uint32_t	middle = low + (high - low) / 2;

		if (HistoryWord(view, middle) >> view->kind_bits <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Write a label: the default purpose takes no letters. */
void
PutLabel(CoreText *out, const char *channel, const char *purpose)
{
	size_t		length = strlen(channel);

	PutByte(out, (unsigned char) length);
	CoreTextAppend(out, channel, length);
	length = strcmp(purpose, LABEL_DEFAULT_PURPOSE) == 0 ?
		0 : strlen(purpose);
	PutByte(out, (unsigned char) length);
	CoreTextAppend(out, purpose, length);
}

/* Read a label; false when it is not as PutLabel() writes it. */
bool
GetLabel(ByteReader *reader, char channel[256], char purpose[256])
{
	char		folded[LABEL_PURPOSE_MAX + 1];
	CoreError	ignored;
	size_t		length;

	length = GetName(reader, channel);
	if (length > LABEL_NAME_MAX ||
		!LabelChannel(channel, length, folded, &ignored) ||
		strcmp(folded, channel) != 0)
		return false;
	length = GetName(reader, purpose);
	if (reader->bad)
		return false;
	if (length == 0)
	{
		strcpy(purpose, LABEL_DEFAULT_PURPOSE);
		return true;
	}
	return LabelPurpose(purpose, length, folded, &ignored) &&
		strcmp(folded, purpose) == 0 &&
		strcmp(purpose, LABEL_DEFAULT_PURPOSE) != 0;
}

/* The order of labels: channel, then purpose, bytewise. */
int
LabelCompare(const char *channel_a, const char *purpose_a,
			 const char *channel_b, const char *purpose_b)
{
	int			order = strcmp(channel_a, channel_b);

	return order != 0 ? order : strcmp(purpose_a, purpose_b);
}

/* Copy a string to where *space is and move that on. */
static const char *
Place(char **space, const char *string)
{
	char	   *placed = *space;
	size_t		size = strlen(string) + 1;

	memcpy(placed, string, size);
	*space += size;
	return placed;
}

/* Decode the labels, ascending. */
static bool
ReadLabels(ByteReader *reader, HistoryDictionary *dictionary, char *space)
{
	char		channel[256];
	char		purpose[256];

	for (uint32_t i = 0; i < dictionary->nlabels; i++)
	{
		HistoryLabel *label = &dictionary->labels[i];

		if (!GetLabel(reader, channel, purpose))
			return false;
		label->channel = Place(&space, channel);
		label->purpose = strcmp(purpose, LABEL_DEFAULT_PURPOSE) == 0 ?
			LABEL_DEFAULT_PURPOSE : Place(&space, purpose);
		if (i > 0 && LabelCompare(label[-1].channel, label[-1].purpose,
								  channel, purpose) >= 0)
			return false;
	}
	return true;
}

/* The order of kinds: label, outcome, weight (none first), answer. */
int
KindCompare(const HistoryKind *a, const HistoryKind *b)
{
	if (a->label != b->label)
		return a->label < b->label ? -1 : 1;
	if (a->outcome != b->outcome)
		return a->outcome < b->outcome ? -1 : 1;
	if (a->weight != b->weight)
		return a->weight < b->weight ? -1 : 1;
	return (int) a->has_answer - (int) b->has_answer;
}

/* Decode the kinds, ascending; each label has one at least. */
static bool
ReadKinds(ByteReader *reader, HistoryDictionary *dictionary)
{
	uint32_t	label = 0;

	for (uint32_t i = 0; i < dictionary->nkinds; i++)
	{
		HistoryKind *kind = &dictionary->kinds[i];
		uint8_t		flags = GetByte(reader);
		uint64_t	weight;

		weight = (flags & KIND_WEIGHT) != 0 ? GetVarint(reader) : 0;
		label += (flags & KIND_NEXT_LABEL) != 0;
		if (reader->bad || flags >> 7 != 0 || label >= dictionary->nlabels ||
			(flags & KIND_OUTCOME) >= OUTCOME_COUNT || weight > WEIGHT_MAX)
			return false;
		kind->label = label;
		kind->outcome = (Outcome) (flags & KIND_OUTCOME);
		kind->has_answer = (flags & KIND_ANSWER) != 0;
		kind->weight = (flags & KIND_WEIGHT) != 0 ?
			(int64_t) weight : WEIGHT_NONE;
		if (i > 0 ? KindCompare(kind - 1, kind) >= 0 : label != 0)
			return false;
	}
	return label + 1 == dictionary->nlabels || dictionary->nkinds == 0;
}

/* Write the labels and kinds of a dictionary. */
void
DictionaryWrite(const HistoryDictionary *dictionary, CoreText *out)
{
	PutVarint(out, dictionary->nlabels);
	for (uint32_t i = 0; i < dictionary->nlabels; i++)
		PutLabel(out, dictionary->labels[i].channel,
				 dictionary->labels[i].purpose);
	for (uint32_t i = 0; i < dictionary->nkinds; i++)
	{
		const HistoryKind *kind = &dictionary->kinds[i];

		PutByte(out, (unsigned char) (kind->outcome |
									  (kind->weight != WEIGHT_NONE ?
									   KIND_WEIGHT : 0) |
									  (kind->has_answer ? KIND_ANSWER : 0) |
									  (i > 0 && kind->label > kind[-1].label ?
									   KIND_NEXT_LABEL : 0)));
		if (kind->weight != WEIGHT_NONE)
			PutVarint(out, (uint64_t) kind->weight);
	}
}

/* One answer time, as an instant; false when it is none. */
static bool
ReadAnswer(const HistoryView *view, uint32_t i, Instant at, Instant *answer)
{
	uint64_t	units = LoadLittle(view->answers +
								   (size_t) i * view->answer_width,
								   view->answer_width);

	if (!InstantInRange(at) ||
		units > (uint64_t) (INSTANT_END - 1 - at) /
		(uint64_t) view->answer_unit)
		return false;
	*answer = at + (Instant) (units * (uint64_t) view->answer_unit);
	return true;
}

/* Is the kind index of a contact what is stored, and not made up? */
static bool
KindIndexIsSound(const HistoryView *view, uint32_t i)
{
	uint64_t	stored = view->kinds_apart != NULL ?
		LoadLittle(view->kinds_apart + (size_t) i * 4, 4) :
		HistoryWord(view, i) & ((UINT64_C(1) << view->kind_bits) - 1);

	return stored < view->kinds;
}

/* Hold the contacts against the dictionary; see history.h. */
static bool
ContactsAreSound(const HistoryView *view, const HistoryDictionary *dictionary)
{
	uint64_t	most = (uint64_t) (INSTANT_END - 1 - view->base) /
		(uint64_t) view->unit;
	uint64_t	left = (uint64_t) (view->dictionary - view->answers);
	uint64_t	before = 0;
	uint32_t	kind_before = 0;
	uint32_t	answers = 0;

	if (view->base < HistoryHorizon(view) && view->contacts > 0)
		return false;
	for (uint32_t i = 0; i < view->contacts; i++)
	{
		uint64_t	offset = HistoryWord(view, i) >> view->kind_bits;
		uint32_t	kind = HistoryKindIndex(view, i);

		if (!KindIndexIsSound(view, i) || offset > most || offset < before ||
			(i == 0 && offset != 0) ||
			(i > 0 && offset == before && kind < kind_before))
			return false;
		if (dictionary->kinds[kind].has_answer)
		{
			Instant		answer;

			if (left < view->answer_width || view->answer_width == 0 ||
				!ReadAnswer(view, answers, HistoryAt(view, i), &answer))
				return false;
			left -= view->answer_width;
			answers++;
		}
		before = offset;
		kind_before = kind;
	}
	return left == 0;
}

/* Decode the dictionary and check everything; see history.h. */
HistoryDictionary *
HistoryReadDictionary(const HistoryView *view, CoreError *err)
{
	ByteReader	reader = {view->dictionary,
	view->dictionary + view->dictionary_length, false};
	HistoryDictionary *dictionary;
	uint64_t	nlabels = view->contacts > 0 ? GetVarint(&reader) : 0;
	size_t		size;

	/* every label is used by a kind */
	if (reader.bad || nlabels > view->kinds)
	{
		FailCorrupted(err, "dictionary");
		return NULL;
	}
	size = sizeof(HistoryDictionary) + view->kinds * sizeof(HistoryKind) +
		nlabels * sizeof(HistoryLabel);
	/* the letters with their length bytes: as many as with NULs */
	dictionary = CoreAlloc(size + view->dictionary_length);
	dictionary->nlabels = (uint32_t) nlabels;
	dictionary->nkinds = view->kinds;
	dictionary->labels = (HistoryLabel *) (dictionary + 1);
	dictionary->kinds = (HistoryKind *) (dictionary->labels + nlabels);
	if (!ReadLabels(&reader, dictionary, (char *) dictionary + size) ||
		!ReadKinds(&reader, dictionary) || reader.p != reader.end)
	{
		FailCorrupted(err, "dictionary");
		CoreFree(dictionary);
		return NULL;
	}
	if (!ContactsAreSound(view, dictionary))
	{
		FailCorrupted(err, "contacts");
		CoreFree(dictionary);
		return NULL;
	}
	return dictionary;
}

/* Spell out the next contact; false at the end. */
bool
HistoryNext(HistoryCursor *cursor, Contact *contact)
{
	const HistoryView *view = cursor->view;
	const HistoryKind *kind;

	if (cursor->next >= view->contacts)
		return false;
	kind = &cursor->dictionary->kinds[HistoryKindIndex(view, cursor->next)];
	contact->at = HistoryAt(view, cursor->next++);
	contact->weight = kind->weight;
	contact->outcome = kind->outcome;
	contact->channel = cursor->dictionary->labels[kind->label].channel;
	contact->purpose = cursor->dictionary->labels[kind->label].purpose;
	contact->answered_at = INSTANT_NONE;
	if (kind->has_answer)
		(void) ReadAnswer(view, cursor->answers++, contact->at,
						  &contact->answered_at);
	return true;
}

/* The answer times of all contacts; see history.h. */
void
HistoryAnswers(const HistoryView *view, const HistoryDictionary *dictionary,
			   Instant *answered_at)
{
	uint64_t	left = (uint64_t) (view->dictionary - view->answers);
	uint32_t	answers = 0;

	for (uint32_t i = 0; i < view->contacts; i++)
	{
		uint32_t	kind = HistoryKindIndex(view, i);

		answered_at[i] = INSTANT_NONE;
		/* a cached dictionary says nothing of how many answers there are */
		if (kind >= dictionary->nkinds ||
			!dictionary->kinds[kind].has_answer ||
			left < view->answer_width || view->answer_width == 0)
			continue;
		(void) ReadAnswer(view, answers++, HistoryAt(view, i),
						  &answered_at[i]);
		left -= view->answer_width;
	}
}
