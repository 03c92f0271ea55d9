/*
 * history_append.c
 *		One contact more at the end of a history, the short way.
 *
 * Most contacts are the latest of their person and like one there was before.
 * Then the canonical bytes are the old ones with a word more in the middle,
 * or with the words in another unit and width: nothing has to be decoded and
 * sorted.
 */
#include "history/history_parts.h"

/* Does the label that comes next in the dictionary name the contact? */
static bool
IsLabelOf(ByteReader *reader, const Contact *contact)
{
	const char *names[] = {contact->channel, contact->purpose};
	bool		same = true;

	if (strcmp(contact->purpose, LABEL_DEFAULT_PURPOSE) == 0)
		names[1] = "";
	for (int i = 0; i < 2; i++)
	{
		size_t		length = GetByte(reader);
		const unsigned char *name = GetBytes(reader, length);

		same = same && name != NULL && strlen(names[i]) == length &&
			memcmp(name, names[i], length) == 0;
	}
	return same;
}

/* The kind of contacts like this one; false: there is none yet. */
static bool
FindKind(const HistoryView *view, const Contact *contact, uint64_t *found)
{
	ByteReader	reader = {view->dictionary,
	view->dictionary + view->dictionary_length, false};
	uint64_t	nlabels = GetVarint(&reader);
	uint64_t	wanted = nlabels;
	uint64_t	label = 0;

	for (uint64_t i = 0; i < nlabels && !reader.bad; i++)
		if (IsLabelOf(&reader, contact))
			wanted = i;
	for (uint64_t i = 0; i < view->kinds && !reader.bad; i++)
	{
		uint8_t		flags = GetByte(&reader);
		int64_t		weight = WEIGHT_NONE;

		if ((flags & KIND_WEIGHT) != 0)
			weight = (int64_t) GetVarint(&reader);
		label += (flags & KIND_NEXT_LABEL) != 0;
		if (label == wanted && weight == contact->weight &&
			(flags & KIND_OUTCOME) == contact->outcome &&
			(flags & KIND_ANSWER) == 0)
		{
			*found = i;
			return !reader.bad;
		}
	}
	return false;
}

/* How the words of the longer history look. */
typedef struct NewWords
{
	int			unit;			/* index into HistoryUnits */
	int			width;
	uint64_t	kind;			/* of the contact */
	uint64_t	offset;			/* of the contact, in the unit */
	uint64_t	scale;			/* old units to new ones */
} NewWords;

/*
 * Find out.  False: the contact does not go behind the others, is the first
 * of its kind, or is too far off for words that have the kind in them.
 */
static bool
MeasureWords(const HistoryView *view, const Contact *contact, NewWords *words)
{
	Instant		last = HistoryAt(view, view->contacts - 1);
	uint64_t	offset;
	uint64_t	unit;
	int			bits;

	if (contact->at < last || contact->at < view->base || last < view->base ||
		!FindKind(view, contact, &words->kind))
		return false;
	if (contact->at == last &&
		words->kind < HistoryKindIndex(view, view->contacts - 1))
		return false;
	offset = (uint64_t) (contact->at - view->base);
	words->unit = 3;
	while (HistoryUnits[words->unit] > view->unit ||
		   offset % (uint64_t) HistoryUnits[words->unit] != 0)
		words->unit--;
	unit = (uint64_t) HistoryUnits[words->unit];
	words->scale = (uint64_t) view->unit / unit;
	words->offset = offset / unit;
	bits = BitsOf(words->offset) + view->kind_bits;
	if (bits > 64)
		return false;
	words->width = bits <= 8 ? 1 : (bits + 7) / 8;
	if ((uint64_t) words->width + view->dictionary_length < WORD_LOAD)
		words->width = WORD_LOAD - (int) view->dictionary_length;
	return true;
}

/* Write all words; returns where they end. */
static unsigned char *
PutWords(const HistoryView *view, const NewWords *words, unsigned char *p)
{
	size_t		length = (size_t) view->contacts * view->width;

	if (words->scale == 1 && words->width == view->width)
	{
		memcpy(p, view->words, length);
		p += length;
	}
	else
	{
		uint64_t	kinds = (UINT64_C(1) << view->kind_bits) - 1;

		for (uint32_t i = 0; i < view->contacts; i++)
		{
			uint64_t	word = HistoryWord(view, i);

			word = (word >> view->kind_bits) * words->scale <<
				view->kind_bits | (word & kinds);
			StoreLittle(p, word, words->width);
			p += words->width;
		}
	}
	StoreLittle(p, words->offset << view->kind_bits | words->kind,
				words->width);
	return p + words->width;
}

/* See history.h. */
void *
HistoryAppend(const void *data, size_t length, const HistoryView *view,
			  const Contact *contact, size_t room, size_t *new_length)
{
	const unsigned char *bytes = data;
	const unsigned char *kinds; /* what follows the number of contacts */
	const unsigned char *rest;	/* what follows the words */
	size_t		old_words = (size_t) view->contacts * view->width;
	NewWords	words;
	CoreText	head;
	char	   *made;
	unsigned char *p;

	if (view->contacts == 0 || view->contacts >= HISTORY_MAX_CONTACTS ||
		view->trimmed != NULL || view->kinds_apart != NULL ||
		contact->answered_at != INSTANT_NONE || !InstantInRange(contact->at) ||
		!MeasureWords(view, contact, &words))
		return NULL;
	kinds = bytes + HISTORY_COUNT_AT;
	while ((*kinds++ & 0x80) != 0)
		;
	rest = view->words + old_words;

	/* version and flags; shape; answer */
	CoreTextInit(&head);
	CoreTextAppend(&head, data, 2);
	PutByte(&head, (unsigned char) (words.width | words.unit << 4));
	PutByte(&head, bytes[3]);
	PutVarint(&head, (uint64_t) view->contacts + 1);
	CoreTextAppend(&head, (const char *) kinds,
				   (size_t) (view->words - kinds));

	*new_length = head.length + (size_t) (view->contacts + 1) *
		(size_t) words.width + (size_t) (bytes + length - rest);
	made = CoreAlloc(room + *new_length);
	p = (unsigned char *) made + room;
	memcpy(p, head.data, head.length);
	p = PutWords(view, &words, p + head.length);
	memcpy(p, rest, (size_t) (bytes + length - rest));
	CoreFree(head.data);
	return made;
}
