/*
 * history_build.c
 *		The builder takes contacts in, in any order.
 *
 * Labels and kinds are interned as they come, so that a contact is one small
 * entry; history_finish.c makes canonical bytes of them.
 */
#include "history/builder.h"

/* An empty builder; see history.h. */
HistoryBuilder *
HistoryBuild(void)
{
	HistoryBuilder *b = CoreAlloc(sizeof(HistoryBuilder));

	memset(b, 0, offsetof(HistoryBuilder, inline_labels));
	b->labels = b->inline_labels;
	b->kinds = b->inline_kinds;
	b->entries = b->inline_entries;
	b->names = b->inline_names;
	b->label_space = b->kind_space = INLINE_KINDS;
	b->entry_space = INLINE_ENTRIES;
	b->names_space = INLINE_NAMES;
	b->before = INSTANT_NONE;
	return b;
}

/* Release a builder and all it holds. */
void
HistoryDiscard(HistoryBuilder *b)
{
	if (b->labels != b->inline_labels)
		CoreFree(b->labels);
	if (b->kinds != b->inline_kinds)
		CoreFree(b->kinds);
	if (b->entries != b->inline_entries)
		CoreFree(b->entries);
	if (b->names != b->inline_names)
		CoreFree(b->names);
	CoreFree(b->label_slots.slots);
	CoreFree(b->kind_slots.slots);
	CoreFree(b->groups);
	CoreFree(b->group_labels);
	CoreFree(b);
}

/* Move an array that is full, inline or not, to twice the space. */
static void *
Grow(void *array, const void *inline_array, size_t item, uint32_t *space)
{
	size_t		size = item * *space;
	void	   *grown;

	*space *= 2;
	if (array != inline_array)
		return CoreRealloc(array, item * *space);
	grown = CoreAlloc(item * *space);
	memcpy(grown, array, size);
	return grown;
}

/* --- interning */

static uint64_t
HashLabel(const char *channel, const char *purpose)
{
	return HashBytes(HashBytes(0, channel, strlen(channel)),
					 purpose, strlen(purpose));
}

static uint64_t
HashKind(const HistoryKind *kind)
{
	return HashMix(HashMix(kind->label, (uint64_t) kind->weight),
				   (uint64_t) kind->outcome << 1 | kind->has_answer);
}

static bool
LabelIs(const HistoryBuilder *b, uint32_t i, const char *channel,
		const char *purpose)
{
	return strcmp(LabelChannelName(b, &b->labels[i]), channel) == 0 &&
		strcmp(LabelPurposeName(b, &b->labels[i]), purpose) == 0;
}

/* The index of a label, or -1. */
static int64_t
FindLabel(const HistoryBuilder *b, const char *channel, const char *purpose)
{
	const Slots *slots = &b->label_slots;
	uint32_t	slot;

	if (slots->slots == NULL)
	{
		for (uint32_t i = 0; i < b->nlabels; i++)
			if (LabelIs(b, i, channel, purpose))
				return i;
		return -1;
	}
	slot = SlotsFirst(slots, HashLabel(channel, purpose));
	for (; slots->slots[slot] != 0; slot = SlotsNext(slots, slot))
		if (LabelIs(b, slots->slots[slot] - 1, channel, purpose))
			return slots->slots[slot] - 1;
	return -1;
}

/* Keep a name; its offset. */
static uint32_t
KeepName(HistoryBuilder *b, const char *name)
{
	size_t		size = strlen(name) + 1;
	size_t		offset = b->names_length;

	if (offset + size > b->names_space)
	{
		size_t		space = b->names_space * 2;	/* a name has 256 at most */
		char	   *names = b->names == b->inline_names ?
			CoreAlloc(space) : CoreRealloc(b->names, space);

		if (b->names == b->inline_names)
			memcpy(names, b->inline_names, offset);
		b->names = names;
		b->names_space = space;
	}
	memcpy(b->names + offset, name, size);
	b->names_length += size;
	return (uint32_t) offset;
}

/* The index of a label, a new one if need be. */
static uint32_t
InternLabel(HistoryBuilder *b, const char *channel, const char *purpose)
{
	int64_t		found = FindLabel(b, channel, purpose);
	BuilderLabel *label;

	if (found >= 0)
		return (uint32_t) found;
	if (b->nlabels == b->label_space)
		b->labels = Grow(b->labels, b->inline_labels, sizeof(BuilderLabel),
						 &b->label_space);
	label = &b->labels[b->nlabels];
	label->channel = KeepName(b, channel);
	label->purpose = KeepName(b, purpose);
	label->group = -1;
	b->nlabels++;
	if (b->nlabels <= INLINE_KINDS)
		return b->nlabels - 1;
	if (SlotsGrow(&b->label_slots, b->nlabels))
	{
		for (uint32_t i = 0; i < b->nlabels; i++)
			SlotsPut(&b->label_slots,
					 HashLabel(LabelChannelName(b, &b->labels[i]),
							   LabelPurposeName(b, &b->labels[i])), i);
	}
	else
		SlotsPut(&b->label_slots, HashLabel(channel, purpose),
				 b->nlabels - 1);
	return b->nlabels - 1;
}

/* The index of a kind, or -1. */
static int64_t
FindKind(const HistoryBuilder *b, const HistoryKind *kind)
{
	const Slots *slots = &b->kind_slots;
	uint32_t	slot;

	if (slots->slots == NULL)
	{
		for (uint32_t i = 0; i < b->nkinds; i++)
			if (KindCompare(&b->kinds[i].kind, kind) == 0)
				return i;
		return -1;
	}
	slot = SlotsFirst(slots, HashKind(kind));
	for (; slots->slots[slot] != 0; slot = SlotsNext(slots, slot))
		if (KindCompare(&b->kinds[slots->slots[slot] - 1].kind, kind) == 0)
			return slots->slots[slot] - 1;
	return -1;
}

/* The index of a kind, a new one if need be; see history.h. */
uint32_t
HistoryAddKind(HistoryBuilder *b, const char *channel, const char *purpose,
			   Outcome outcome, int64_t weight, bool has_answer)
{
	HistoryKind kind;
	int64_t		found;

	kind.label = InternLabel(b, channel, purpose);
	kind.outcome = outcome;
	kind.has_answer = has_answer;
	kind.weight = weight;
	found = FindKind(b, &kind);
	if (found >= 0)
		return (uint32_t) found;
	if (b->nkinds == b->kind_space)
		b->kinds = Grow(b->kinds, b->inline_kinds, sizeof(BuilderKind),
						&b->kind_space);
	b->kinds[b->nkinds].kind = kind;
	b->kinds[b->nkinds].uses = 0;
	b->nkinds++;
	if (b->nkinds <= INLINE_KINDS)
		return b->nkinds - 1;
	if (SlotsGrow(&b->kind_slots, b->nkinds))
	{
		for (uint32_t i = 0; i < b->nkinds; i++)
			SlotsPut(&b->kind_slots, HashKind(&b->kinds[i].kind), i);
	}
	else
		SlotsPut(&b->kind_slots, HashKind(&kind), b->nkinds - 1);
	return b->nkinds - 1;
}

/* --- adding */

/* The error for a history that would hold too much. */
bool
FailTooMany(CoreError *err)
{
	CoreFail(err, CORE_LIMIT, "a contact_history holds at most %d contacts",
			 HISTORY_MAX_CONTACTS);
	CoreHint(err, "Keep one history for each person.");
	return false;
}

/* Add a contact of a kind; see history.h. */
bool
HistoryAddAt(HistoryBuilder *b, uint32_t kind, Instant at,
			 Instant answered_at, CoreError *err)
{
	Entry	   *entry;

	if (b->nentries == b->entry_space)
	{
		CoreCheckInterrupts();
		if (b->nentries >= HISTORY_MAX_CONTACTS)
			return FailTooMany(err);
		b->entries = Grow(b->entries, b->inline_entries, sizeof(Entry),
						  &b->entry_space);
	}
	entry = &b->entries[b->nentries++];
	entry->at = at;
	entry->answered_at = answered_at;
	entry->kind = kind;
	return true;
}

/* The error for an instant that no contact can have. */
static bool
FailInstant(CoreError *err, const char *what)
{
	CoreFail(err, CORE_DATETIME, "%s out of range", what);
	CoreHint(err, "Contacts lie between the years 0001 and 9999; infinity is "
			 "none of them.");
	return false;
}

/* Check a contact and add it; see history.h. */
bool
HistoryAdd(HistoryBuilder *b, const Contact *contact, CoreError *err)
{
	bool		has_answer = contact->answered_at != INSTANT_NONE;

	if (!InstantInRange(contact->at))
		return FailInstant(err, "time of a contact");
	if (has_answer && contact->answered_at < contact->at)
	{
		CoreFail(err, CORE_INVALID, "answer to a contact before the contact");
		CoreHint(err, "answered_at is when the answer to the contact was "
				 "given, at or after its own time.");
		return false;
	}
	if (has_answer && !InstantInRange(contact->answered_at))
		return FailInstant(err, "time of an answer");
	return HistoryAddAt(b, HistoryAddKind(b, contact->channel,
										  contact->purpose, contact->outcome,
										  contact->weight, has_answer),
						contact->at, contact->answered_at, err);
}

/* The group of a label, a new one if need be. */
TrimmedGroup *
GroupOf(HistoryBuilder *b, uint32_t label)
{
	if (b->labels[label].group < 0)
	{
		if (b->ngroups == b->group_space)
		{
			b->group_space = b->group_space == 0 ? 8 : b->group_space * 2;
			b->groups = CoreRealloc(b->groups,
									b->group_space * sizeof(TrimmedGroup));
			b->group_labels = CoreRealloc(b->group_labels,
										  b->group_space * sizeof(uint32_t));
		}
		TrimmedGroupClear(&b->groups[b->ngroups]);
		b->group_labels[b->ngroups] = label;
		b->labels[label].group = (int32_t) b->ngroups++;
	}
	return &b->groups[b->labels[label].group];
}

/* Everything before that instant is to go into the summary; see history.h. */
bool
HistoryTrim(HistoryBuilder *b, Instant before, CoreError *err)
{
	if (!InstantInRange(before))
	{
		CoreFail(err, CORE_DATETIME, "horizon out of range");
		CoreHint(err, "A horizon lies between the years 0001 and 9999.");
		return false;
	}
	if (before > b->before)
		b->before = before;
	return true;
}

/* Take in a summary; see history.h. */
bool
HistoryAddTrimmed(HistoryBuilder *b, const Trimmed *trimmed, CoreError *err)
{
	if (!HistoryTrim(b, trimmed->before, err))
		return false;
	for (uint32_t i = 0; i < trimmed->ngroups; i++)
	{
		const TrimmedGroup *from = &trimmed->groups[i];
		TrimmedGroup *into;

		if (!TrimmedGroupCheck(from, trimmed->before, err))
			return false;
		into = GroupOf(b, InternLabel(b, from->channel, from->purpose));
		TrimmedGroupMerge(into, from);
		if (TrimmedGroupTotal(into) > HISTORY_MAX_CONTACTS)
			return FailTooMany(err);
	}
	return true;
}

/* Merge a history in, horizon included; see history.h. */
bool
HistoryAddAll(HistoryBuilder *b, const HistoryView *view, CoreError *err)
{
	return HistoryAddAllBut(b, view, UINT32_MAX, err);
}

/* The same without its contact number but; see history.h. */
bool
HistoryAddAllBut(HistoryBuilder *b, const HistoryView *view, uint32_t but,
				 CoreError *err)
{
	HistoryDictionary *dictionary;
	HistoryCursor cursor = {view, NULL, 0, 0};
	Contact		contact;
	uint32_t   *kinds;
	bool		ok = true;

	if (view->trimmed != NULL)
	{
		Trimmed    *trimmed = HistoryReadTrimmed(view, err);

		if (trimmed == NULL)
			return false;
		ok = HistoryAddTrimmed(b, trimmed, err);
		CoreFree(trimmed);
	}
	if (!ok || view->contacts == 0)
		return ok;
	dictionary = HistoryReadDictionary(view, err);
	if (dictionary == NULL)
		return false;

	kinds = CoreAlloc(dictionary->nkinds * sizeof(uint32_t));
	for (uint32_t i = 0; i < dictionary->nkinds; i++)
	{
		const HistoryKind *kind = &dictionary->kinds[i];
		const HistoryLabel *label = &dictionary->labels[kind->label];

		kinds[i] = HistoryAddKind(b, label->channel, label->purpose,
								  kind->outcome, kind->weight,
								  kind->has_answer);
	}
	cursor.dictionary = dictionary;
	while (ok && HistoryNext(&cursor, &contact))
	{
		uint32_t	i = cursor.next - 1;

		ok = i == but || HistoryAddAt(b, kinds[HistoryKindIndex(view, i)],
									  contact.at, contact.answered_at, err);
	}
	CoreFree(kinds);
	CoreFree(dictionary);
	return ok;
}
