/*
 * history_append.c
 *		One contact more at the end of a history, the short way.
 *
 * Most contacts are the latest of their person and like one there was before.
 * Then the canonical bytes are the old ones with a word more in the middle:
 * nothing has to be decoded, sorted, measured and written again.
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

/* The word of the contact; false: it does not go behind the others so. */
static bool
MakeWord(const HistoryView *view, const Contact *contact, uint64_t *word)
{
	uint64_t	offset;
	uint64_t	kind;

	if (contact->at < HistoryAt(view, view->contacts - 1) ||
		contact->at < view->base)
		return false;
	offset = (uint64_t) (contact->at - view->base);
	if (offset % (uint64_t) view->unit != 0 ||
		!FindKind(view, contact, &kind))
		return false;
	offset /= (uint64_t) view->unit;
	*word = offset << view->kind_bits | kind;
	return *word >> view->kind_bits == offset && *word <= view->mask &&
		*word >= HistoryWord(view, view->contacts - 1);
}

/* See history.h. */
void *
HistoryAppend(const void *data, size_t length, const HistoryView *view,
			  const Contact *contact, size_t room, size_t *new_length)
{
	const unsigned char *bytes = data;
	const unsigned char *rest;
	const unsigned char *end;
	uint64_t	word;
	CoreText	head;
	char	   *made;
	char	   *p;

	if (view->contacts == 0 || view->contacts >= HISTORY_MAX_CONTACTS ||
		view->trimmed != NULL || view->kinds_apart != NULL ||
		contact->answered_at != INSTANT_NONE || !InstantInRange(contact->at) ||
		!MakeWord(view, contact, &word))
		return NULL;

	/* version, flags, shape, answer; the number; what follows it */
	CoreTextInit(&head);
	CoreTextAppend(&head, data, HISTORY_COUNT_AT);
	PutVarint(&head, (uint64_t) view->contacts + 1);
	rest = bytes + HISTORY_COUNT_AT;
	while ((*rest++ & 0x80) != 0)
		;
	end = view->words + (size_t) view->contacts * view->width;

	*new_length = head.length + (size_t) (bytes + length - rest) + view->width;
	made = CoreAlloc(room + *new_length);
	p = made + room;
	memcpy(p, head.data, head.length);
	p += head.length;
	memcpy(p, rest, (size_t) (end - rest));
	p += end - rest;
	StoreLittle((unsigned char *) p, word, view->width);
	p += view->width;
	memcpy(p, end, (size_t) (bytes + length - end));
	CoreFree(head.data);
	return made;
}
