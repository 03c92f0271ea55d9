/*
 * history_finish.c
 *		The builder's contacts become the canonical bytes of a history.
 *
 * What is older than the horizon is folded into the summary; labels, kinds
 * and entries are brought into the order of history.h, and written.  Entries
 * mostly come in ascending runs (a log, a few histories to merge): sorting
 * looks for runs and merges them.
 */
#include "history/builder.h"

/* Up to so many entries an insertion sort is the fastest. */
#define SORT_SMALL		20

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
			out[from] = b >= to ||
				(a < middle && !EntryBefore(&in[b], &in[a])) ?
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
	size_t		indexes = (b->nlabels + b->nkinds) * sizeof(uint32_t);
	HistoryDictionary *dictionary = CoreAlloc(size + indexes);
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

/* Take one more difference into account. */
static inline void
UnitSee(Unit *unit, uint64_t difference)
{
	if (difference > unit->most)
		unit->most = difference;
	while (unit->unit > 0 &&
		   difference % (uint64_t) HistoryUnits[unit->unit] != 0)
		unit->unit--;
}

/* The largest of them, in that unit. */
static inline uint64_t
UnitMost(const Unit *unit)
{
	return unit->most / (uint64_t) HistoryUnits[unit->unit];
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
	uint64_t	unit = (uint64_t) HistoryUnits[shape->times.unit];
	uint64_t	answer_unit = (uint64_t) HistoryUnits[shape->answers.unit];

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
