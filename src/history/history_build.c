/*
 * history_build.c
 *		The builder: contacts in any order in, canonical bytes out.
 *
 * Labels and kinds are interned as they come, so that a contact is one small
 * entry.  HistoryFinish() folds what is older than the horizon into the
 * summary, brings labels, kinds and entries into the order of history.h, and
 * writes.  Entries mostly come in ascending runs (a log, a few histories to
 * merge): the sort looks for runs and merges them.
 */
#include "history/history_parts.h"
#include "history/slots.h"

/* What most histories need is part of the builder's one allocation. */
#define INLINE_KINDS	16
#define INLINE_ENTRIES	48
#define INLINE_NAMES	256

/* Up to so many entries an insertion sort is the fastest. */
#define SORT_SMALL		20

typedef struct BuilderLabel
{
	uint32_t	channel;		/* offsets into names */
	uint32_t	purpose;
	uint32_t	order;			/* its index once sorted */
	int32_t		group;			/* in groups, -1: none yet */
} BuilderLabel;

typedef struct BuilderKind
{
	HistoryKind kind;			/* label: as interned, not yet sorted */
	uint32_t	uses;
	uint32_t	order;			/* its index once sorted */
} BuilderKind;

typedef struct Entry
{
	Instant		at;
	Instant		answered_at;
	uint32_t	kind;
} Entry;

struct HistoryBuilder
{
	BuilderLabel *labels;
	uint32_t	nlabels;
	uint32_t	label_space;
	Slots		label_slots;	/* none while they are few */

	BuilderKind *kinds;
	uint32_t	nkinds;
	uint32_t	kind_space;
	Slots		kind_slots;

	Entry	   *entries;
	uint32_t	nentries;
	uint32_t	entry_space;

	char	   *names;			/* NUL-terminated, one after the other */
	size_t		names_length;
	size_t		names_space;

	Instant		before;			/* the horizon, INSTANT_NONE: none */
	TrimmedGroup *groups;		/* channel and purpose: NULL until the end */
	uint32_t   *group_labels;
	uint32_t	ngroups;
	uint32_t	group_space;

	BuilderLabel inline_labels[INLINE_KINDS];
	BuilderKind inline_kinds[INLINE_KINDS];
	Entry		inline_entries[INLINE_ENTRIES];
	char		inline_names[INLINE_NAMES];
};

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

static inline const char *
LabelChannelName(const HistoryBuilder *b, const BuilderLabel *label)
{
	return b->names + label->channel;
}

static inline const char *
LabelPurposeName(const HistoryBuilder *b, const BuilderLabel *label)
{
	return b->names + label->purpose;
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
		SlotsPut(&b->label_slots, HashLabel(channel, purpose), b->nlabels - 1);
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
static bool
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
static TrimmedGroup *
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

/* --- sorting: neighbouring runs are merged until one is left */

static inline bool
EntryBefore(const Entry *a, const Entry *b)
{
	if (a->at != b->at)
		return a->at < b->at;
	if (a->kind != b->kind)
		return a->kind < b->kind;
	return a->answered_at < b->answered_at;
}

/* Where the ascending run that begins at from ends. */
static uint32_t
EntryRunEnd(const Entry *entries, uint32_t from, uint32_t n)
{
	if (from >= n)
		return n;
	while (++from < n && !EntryBefore(&entries[from], &entries[from - 1]))
		;
	return from;
}

/* Merge runs two by two into out; how many are left. */
static uint32_t
MergeEntryRuns(const Entry *in, Entry *out, uint32_t n)
{
	uint32_t	runs = 0;

	for (uint32_t from = 0; from < n; runs++)
	{
		uint32_t	middle = EntryRunEnd(in, from, n);
		uint32_t	to = EntryRunEnd(in, middle, n);
		uint32_t	a = from;
		uint32_t	b = middle;

		for (; from < to; from++)
			out[from] = b >= to || (a < middle && !EntryBefore(&in[b], &in[a])) ?
				in[a++] : in[b++];
	}
	return runs;
}

/* Insert one after the other: for a few. */
static void
InsertEntries(Entry *entries, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++)
	{
		Entry		entry = entries[i];
		uint32_t	j = i;

		for (; j > 0 && EntryBefore(&entry, &entries[j - 1]); j--)
			entries[j] = entries[j - 1];
		entries[j] = entry;
	}
}

/* Bring the entries into order. */
static void
SortEntries(HistoryBuilder *b)
{
	uint32_t	n = b->nentries;
	Entry	   *sorted = b->entries;
	Entry	   *spare;
	Entry	   *swap;
	uint32_t	runs;

	if (EntryRunEnd(sorted, 0, n) == n)
		return;
	if (n <= SORT_SMALL)
	{
		InsertEntries(sorted, n);
		return;
	}
	spare = CoreAlloc(n * sizeof(Entry));
	do
	{
		CoreCheckInterrupts();
		runs = MergeEntryRuns(sorted, spare, n);
		swap = sorted;
		sorted = spare;
		spare = swap;
	} while (runs > 1);
	if (sorted != b->entries)
	{
		memcpy(b->entries, sorted, n * sizeof(Entry));
		spare = sorted;
	}
	CoreFree(spare);
}

/* The same for indexes, by an order that looks into the builder. */
typedef int (*IndexOrder) (const HistoryBuilder *b, uint32_t i, uint32_t j);

static uint32_t
IndexRunEnd(const HistoryBuilder *b, const uint32_t *items, uint32_t from,
			uint32_t n, IndexOrder order)
{
	if (from >= n)
		return n;
	while (++from < n && order(b, items[from - 1], items[from]) <= 0)
		;
	return from;
}

static uint32_t
MergeIndexRuns(const HistoryBuilder *b, const uint32_t *in, uint32_t *out,
			   uint32_t n, IndexOrder order)
{
	uint32_t	runs = 0;

	for (uint32_t from = 0; from < n; runs++)
	{
		uint32_t	middle = IndexRunEnd(b, in, from, n, order);
		uint32_t	to = IndexRunEnd(b, in, middle, n, order);
		uint32_t	one = from;
		uint32_t	other = middle;

		for (; from < to; from++)
			out[from] = other >= to ||
				(one < middle && order(b, in[one], in[other]) <= 0) ?
				in[one++] : in[other++];
	}
	return runs;
}

static void
SortIndexes(const HistoryBuilder *b, uint32_t *items, uint32_t n,
			IndexOrder order)
{
	uint32_t   *sorted = items;
	uint32_t   *spare;
	uint32_t   *swap;
	uint32_t	runs;

	if (IndexRunEnd(b, items, 0, n, order) == n)
		return;
	spare = CoreAlloc(n * sizeof(uint32_t));
	do
	{
		CoreCheckInterrupts();
		runs = MergeIndexRuns(b, sorted, spare, n, order);
		swap = sorted;
		sorted = spare;
		spare = swap;
	} while (runs > 1);
	if (sorted != items)
	{
		memcpy(items, sorted, n * sizeof(uint32_t));
		spare = sorted;
	}
	CoreFree(spare);
}

static int
OrderLabels(const HistoryBuilder *b, uint32_t i, uint32_t j)
{
	return LabelCompare(LabelChannelName(b, &b->labels[i]),
						LabelPurposeName(b, &b->labels[i]),
						LabelChannelName(b, &b->labels[j]),
						LabelPurposeName(b, &b->labels[j]));
}

/* Labels have their order already. */
static int
OrderKinds(const HistoryBuilder *b, uint32_t i, uint32_t j)
{
	HistoryKind one = b->kinds[i].kind;
	HistoryKind other = b->kinds[j].kind;

	one.label = b->labels[one.label].order;
	other.label = b->labels[other.label].order;
	return KindCompare(&one, &other);
}

static int
OrderGroups(const HistoryBuilder *b, uint32_t i, uint32_t j)
{
	return OrderLabels(b, b->group_labels[i], b->group_labels[j]);
}

/* --- finishing */

/* Move the entries that are older than the horizon into the summary. */
static void
FoldOldEntries(HistoryBuilder *b)
{
	uint32_t	kept = 0;

	for (uint32_t i = 0; i < b->nentries; i++)
	{
		const Entry *entry = &b->entries[i];
		const HistoryKind *kind = &b->kinds[entry->kind].kind;

		if (entry->at < b->before)
			TrimmedGroupFold(GroupOf(b, kind->label), kind->outcome,
							 kind->weight, entry->at, entry->answered_at);
	}
	for (uint32_t i = 0; i < b->nentries; i++)
	{
		const Entry *entry = &b->entries[i];
		const HistoryKind *kind = &b->kinds[entry->kind].kind;

		if (entry->at < b->before)
			TrimmedGroupFoldRun(GroupOf(b, kind->label), kind->outcome,
								entry->at);
		else
			b->entries[kept++] = *entry;
	}
	b->nentries = kept;
}

/* Are there more contacts, trimmed ones too, than a history may hold? */
static bool
TooMany(const HistoryBuilder *b)
{
	int64_t		total = b->nentries;

	for (uint32_t i = 0; i < b->ngroups; i++)
		total += TrimmedGroupTotal(&b->groups[i]);
	return total > HISTORY_MAX_CONTACTS;
}

/* The dictionary of the entries there are; renames the kinds in them. */
static HistoryDictionary *
MakeDictionary(HistoryBuilder *b)
{
	size_t		size = sizeof(HistoryDictionary) +
		b->nlabels * sizeof(HistoryLabel) + b->nkinds * sizeof(HistoryKind);
	HistoryDictionary *dictionary = CoreAlloc(size + (b->nlabels + b->nkinds) *
											  sizeof(uint32_t));
	uint32_t   *labels = (uint32_t *) ((char *) dictionary + size);
	uint32_t   *kinds = labels + b->nlabels;

	dictionary->labels = (HistoryLabel *) (dictionary + 1);
	dictionary->kinds = (HistoryKind *) (dictionary->labels + b->nlabels);
	dictionary->nlabels = dictionary->nkinds = 0;
	for (uint32_t i = 0; i < b->nentries; i++)
		b->kinds[b->entries[i].kind].uses++;
	for (uint32_t i = 0; i < b->nlabels; i++)
		b->labels[i].order = UINT32_MAX;
	for (uint32_t i = 0; i < b->nkinds; i++)
	{
		BuilderLabel *label = &b->labels[b->kinds[i].kind.label];

		if (b->kinds[i].uses == 0)
			continue;
		kinds[dictionary->nkinds++] = i;
		if (label->order != UINT32_MAX)
			continue;
		label->order = 0;
		labels[dictionary->nlabels++] = b->kinds[i].kind.label;
	}

	SortIndexes(b, labels, dictionary->nlabels, OrderLabels);
	for (uint32_t i = 0; i < dictionary->nlabels; i++)
	{
		BuilderLabel *label = &b->labels[labels[i]];

		label->order = i;
		dictionary->labels[i].channel = LabelChannelName(b, label);
		dictionary->labels[i].purpose = LabelPurposeName(b, label);
	}
	SortIndexes(b, kinds, dictionary->nkinds, OrderKinds);
	for (uint32_t i = 0; i < dictionary->nkinds; i++)
	{
		BuilderKind *kind = &b->kinds[kinds[i]];

		kind->order = i;
		dictionary->kinds[i] = kind->kind;
		dictionary->kinds[i].label = b->labels[kind->kind.label].order;
	}
	for (uint32_t i = 0; i < b->nentries; i++)
		b->entries[i].kind = b->kinds[b->entries[i].kind].order;
	return dictionary;
}

/* The unit (0..3) in which a set of differences are whole numbers. */
typedef struct Unit
{
	uint64_t	most;			/* the largest of them, in microseconds */
	int			unit;
} Unit;

static const uint64_t Units[4] = {
	1, 1000, MICROS_PER_SECOND, MICROS_PER_MINUTE
};

/* Take one more difference into account. */
static inline void
UnitSee(Unit *unit, uint64_t difference)
{
	if (difference > unit->most)
		unit->most = difference;
	while (unit->unit > 0 && difference % Units[unit->unit] != 0)
		unit->unit--;
}

/* The largest of them, in that unit. */
static inline uint64_t
UnitMost(const Unit *unit)
{
	return unit->most / Units[unit->unit];
}

/* What the sections of the value will look like. */
typedef struct Shape
{
	Unit		times;
	Unit		answers;
	int			width;			/* of a word */
	int			kind_bits;
	bool		kinds_apart;
	int			answer_width;
	uint32_t	nanswers;
} Shape;

/* Measure sorted entries. */
static Shape
MeasureEntries(const HistoryBuilder *b, uint32_t nkinds,
			   size_t dictionary_length)
{
	Shape		shape = {{0, 3}, {0, 3}, 0, 0, false, 0, 0};
	int			bits;

	for (uint32_t i = 0; i < b->nentries; i++)
	{
		const Entry *entry = &b->entries[i];

		UnitSee(&shape.times, (uint64_t) (entry->at - b->entries[0].at));
		if (entry->answered_at != INSTANT_NONE)
		{
			UnitSee(&shape.answers,
					(uint64_t) (entry->answered_at - entry->at));
			shape.nanswers++;
		}
	}
	shape.kind_bits = BitsOf(nkinds - 1);
	bits = BitsOf(UnitMost(&shape.times));
	shape.kinds_apart = bits + shape.kind_bits > 64;
	if (shape.kinds_apart)
		shape.kind_bits = 0;
	shape.width = (bits + shape.kind_bits + 7) / 8;
	if (shape.width == 0)
		shape.width = 1;
	if ((size_t) shape.width + dictionary_length < WORD_LOAD)
		shape.width = WORD_LOAD - (int) dictionary_length;
	if (shape.nanswers > 0)
		shape.answer_width = BytesOf(UnitMost(&shape.answers));
	return shape;
}

/* Write the header. */
static void
PutHeader(const HistoryBuilder *b, const Shape *shape, uint32_t nkinds,
		  size_t dictionary_length, CoreText *out)
{
	unsigned char base[8];

	PutByte(out, HISTORY_VERSION);
	PutByte(out, b->before != INSTANT_NONE ? HISTORY_TRIMMED : 0);
	if (b->nentries == 0)
	{
		PutByte(out, HISTORY_SHAPE_EMPTY);
		PutByte(out, 0);
		PutVarint(out, 0);
		return;
	}
	PutByte(out, (unsigned char) (shape->width | shape->times.unit << 4 |
								  (shape->kinds_apart ?
								   SHAPE_KINDS_APART : 0)));
	PutByte(out, (unsigned char) (shape->nanswers == 0 ? 0 :
								  shape->answer_width |
								  shape->answers.unit << 4));
	PutVarint(out, b->nentries);
	PutVarint(out, nkinds);
	PutVarint(out, dictionary_length);
	StoreLittle(base, (uint64_t) b->entries[0].at, 8);
	CoreTextAppend(out, (char *) base, 8);
}

/* Write the sections of fixed width; returns where they end. */
static unsigned char *
WriteEntries(const HistoryBuilder *b, const Shape *shape, unsigned char *p)
{
	uint64_t	unit = Units[shape->times.unit];
	uint64_t	answer_unit = Units[shape->answers.unit];

	for (uint32_t i = 0; i < b->nentries; i++, p += shape->width)
	{
		uint64_t	word = (uint64_t) (b->entries[i].at - b->entries[0].at) /
			unit;

		if (!shape->kinds_apart)
			word = word << shape->kind_bits | b->entries[i].kind;
		StoreLittle(p, word, shape->width);
	}
	for (uint32_t i = 0; i < b->nentries && shape->kinds_apart; i++, p += 4)
		StoreLittle(p, b->entries[i].kind, 4);
	for (uint32_t i = 0; i < b->nentries && shape->nanswers > 0; i++)
	{
		const Entry *entry = &b->entries[i];

		if (entry->answered_at == INSTANT_NONE)
			continue;
		StoreLittle(p, (uint64_t) (entry->answered_at - entry->at) /
					answer_unit, shape->answer_width);
		p += shape->answer_width;
	}
	return p;
}

/* Write the summary, its groups in order. */
static void
WriteTrimmed(HistoryBuilder *b, CoreText *out)
{
	Trimmed		trimmed;
	uint32_t   *order;

	if (b->before == INSTANT_NONE)
		return;
	order = CoreAlloc(b->ngroups * sizeof(uint32_t) + 1);
	for (uint32_t i = 0; i < b->ngroups; i++)
		order[i] = i;
	SortIndexes(b, order, b->ngroups, OrderGroups);
	trimmed.before = b->before;
	trimmed.ngroups = b->ngroups;
	trimmed.groups = CoreAlloc(b->ngroups * sizeof(TrimmedGroup) + 1);
	for (uint32_t i = 0; i < b->ngroups; i++)
	{
		const BuilderLabel *label = &b->labels[b->group_labels[order[i]]];

		trimmed.groups[i] = b->groups[order[i]];
		trimmed.groups[i].channel = LabelChannelName(b, label);
		trimmed.groups[i].purpose = LabelPurposeName(b, label);
	}
	TrimmedWrite(&trimmed, out);
	CoreFree(trimmed.groups);
	CoreFree(order);
}

/* Write the canonical bytes; see history.h. */
void *
HistoryFinish(HistoryBuilder *b, size_t room, size_t *length, CoreError *err)
{
	HistoryDictionary *dictionary;
	CoreText	head;
	CoreText	tail;
	size_t		dictionary_length;
	size_t		fixed;
	Shape		shape;
	char	   *bytes;
	unsigned char *p;

	if (b->before != INSTANT_NONE)
		FoldOldEntries(b);
	if (TooMany(b))
	{
		FailTooMany(err);
		HistoryDiscard(b);
		return NULL;
	}
	dictionary = MakeDictionary(b);
	SortEntries(b);
	CoreTextInit(&tail);
	if (b->nentries > 0)
		DictionaryWrite(dictionary, &tail);
	dictionary_length = tail.length;
	WriteTrimmed(b, &tail);
	shape = MeasureEntries(b, dictionary->nkinds, dictionary_length);
	CoreTextInit(&head);
	PutHeader(b, &shape, dictionary->nkinds, dictionary_length, &head);

	fixed = (size_t) b->nentries *
		(size_t) (shape.width + (shape.kinds_apart ? 4 : 0)) +
		(size_t) shape.nanswers * (size_t) shape.answer_width;
	*length = head.length + fixed + tail.length;
	bytes = CoreAlloc(room + *length);
	p = memcpy(bytes + room, head.data, head.length);
	p = WriteEntries(b, &shape, p + head.length);
	memcpy(p, tail.data, tail.length);
	CoreFree(head.data);
	CoreFree(tail.data);
	CoreFree(dictionary);
	HistoryDiscard(b);
	return bytes;
}
