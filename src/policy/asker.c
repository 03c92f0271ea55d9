/*
 * asker.c
 *		Many questions about many people under few policies; see asker.h.
 *
 * All that is kept is looked up by the bytes it was made from, and all of it
 * is bounded, for an Asker may live as long as a session: BINDING_SLOTS
 * bindings with a memory context each, ZONE_SLOTS zones, and in a binding two
 * lists of at most LIST_KEPT_MAX bytes, a Moments for each zone, and kinds in
 * a context that is emptied when it outgrows KINDS_SPACE.
 *
 * An error can come from anywhere below: a bad argument, a cancel request, no
 * memory.  It leaves an Asker that works, and nothing behind in it:
 * - a binding is made in a context below the caller's own, which goes with
 *   the error; it becomes the Asker's when it is complete;
 * - zones and lists are worked out before a slot is touched, and a slot has
 *   its key only while its content is whole;
 * - a Moments has its generation only while it is whole; its memory is the
 *   slot's either way;
 * - kinds are made in the binding's context for them.  A flag is up meanwhile;
 *   who finds it up, after an error, empties that context first.
 */
#include "postgres.h"

#include "access/detoast.h"
#include "catalog/pg_type.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "core_pg.h"
#include "history/history_pg.h"
#include "policy/asker.h"

/*
 * Sizes of the caches.  A query knows few policies, a customer base few
 * combinations of labels and, even world-wide, some dozens of zones.
 */
#define BINDING_SLOTS		8
#define ZONE_SLOTS			64		/* a power of two */
#define OWN_ZONES			ZONE_SLOTS	/* in place of one: the policy's own */

/*
 * Kinds: a table that starts small, for whoever asks once, and doubles when
 * two dictionaries want the same slot.  Both are powers of two.
 */
#define KIND_SLOTS_FIRST	4
#define KIND_SLOTS_MAX		256

/*
 * What is too large to be kept beyond the row: a dictionary of more bytes, of
 * some hundred kinds; more cells (rules times kinds); a longer list.
 */
#define KIND_KEPT_MAX		4096
#define KIND_CELLS_MAX		65536
#define LIST_KEPT_MAX		65536

/* Memory for the kinds of one binding; then all of them are forgotten. */
#define KINDS_SPACE			(4 * 1024 * 1024)
#define KINDS_FIRST_BLOCK	1024
#define KINDS_LAST_BLOCK	(64 * 1024)

/* Some bytes that something was made from. */
typedef struct Key
{
	char	   *bytes;			/* NULL: there is none */
	size_t		length;
} Key;

typedef struct ZoneSlot
{
	Key			name;
	Zone	   *zone;
	uint64		generation;		/* of this slot's content, 0: empty */
} ZoneSlot;

typedef struct KindSlot
{
	Key			dictionary;
	KindTable  *table;			/* with the dictionary, decoded */
} KindSlot;

typedef struct MomentSlot
{
	uint64		generation;		/* of the zone it was made in, 0: not made */
	Moments    *moments;
} MomentSlot;

/* A list of opt-outs or opt-ins and the best of its patterns. */
typedef struct ListSlot
{
	Key			array;
	int			rank;
	char	   *pattern;
} ListSlot;

/* A policy, channel, purpose and weight, and all that follows from them. */
struct AskerBinding
{
	MemoryContext context;		/* this and all below are in it */
	Key			policy;			/* as it came, perhaps compressed */
	Key			channel;
	Key			purpose;
	bool		has_weight;
	float8		weight;
	PolicyBinding *binding;
	Zone	  **own_zones;		/* for a person without a zone */
	Zone	  **person_zones;	/* the person's zone, for each of them */
	KindTable  *no_kinds;		/* for an empty history */
	ListSlot	opted_out;
	ListSlot	opted_in;
	KindSlot   *kinds;			/* first_kinds, or in kinds_context */
	uint32		kinds_mask;		/* their number less 1 */
	bool		kinds_half_made;	/* or an error came between */
	MemoryContext kinds_context;	/* NULL: nothing kept yet */
	KindSlot	first_kinds[KIND_SLOTS_FIRST];
	MomentSlot	moments[ZONE_SLOTS + 1];	/* the last: OWN_ZONES */
};

struct Asker
{
	MemoryContext context;
	bool		for_query;
	int			next_slot;
	uint64		generation;
	AskerBinding *slots[BINDING_SLOTS];
	ZoneSlot	zones[ZONE_SLOTS + 1];	/* the last: OWN_ZONES, always empty */
};

/* --- keys */

static inline bool
KeyIs(const Key *key, const char *bytes, size_t length)
{
	return key->bytes != NULL && key->length == length &&
		memcmp(key->bytes, bytes, length) == 0;
}

/* Copy bytes into a key; the memory belongs to the current context. */
static void
KeySet(Key *key, const char *bytes, size_t length)
{
	key->bytes = palloc(length + 1);
	memcpy(key->bytes, bytes, length);
	key->bytes[length] = '\0';
	key->length = length;
}

/*
 * A cheap hash of some bytes: only says where to look.  Two lanes, for the
 * multiplications to overlap; the last bytes are read twice rather than one
 * by one.
 */
static inline uint32
SlotHash(const unsigned char *bytes, size_t length)
{
	const uint64 odd = UINT64CONST(0x9E3779B97F4A7C15);
	uint64		a = length * odd;
	uint64		b = odd;
	size_t		i;

	if (length < 8)
	{
		for (i = 0; i < length; i++)
			a = (a ^ bytes[i]) * odd;
		return (uint32) (a >> 40);
	}
	for (i = 0; i + 16 <= length; i += 16)
	{
		a = (a ^ HistoryLoad64(bytes + i)) * odd;
		b = (b ^ HistoryLoad64(bytes + i + 8)) * odd;
	}
	if (i + 8 <= length)
		b = (b ^ HistoryLoad64(bytes + i)) * odd;
	a = (a ^ HistoryLoad64(bytes + length - 8)) * odd;
	return (uint32) ((a ^ b >> 7) >> 40);
}

/* --- askers */

/* Make an asker of either sort. */
static Asker *
MakeAsker(MemoryContext parent, bool for_query)
{
	MemoryContext context = AllocSetContextCreate(parent,
												  "contact_pressure asker",
												  ALLOCSET_DEFAULT_SIZES);
	Asker	   *asker = MemoryContextAllocZero(context, sizeof(Asker));

	asker->context = context;
	asker->for_query = for_query;
	/* the policy's own zones are always the same */
	asker->zones[OWN_ZONES].generation = ++asker->generation;
	return asker;
}

/* See asker.h. */
Asker *
AskerCreate(MemoryContext parent)
{
	return MakeAsker(parent, false);
}

/* See asker.h. */
Asker *
AskerCreateForQuery(MemoryContext parent)
{
	return MakeAsker(parent, true);
}

/* --- zones */

/* The slot of a person's zone. */
static inline int
FindZone(Asker *asker, text *name)
{
	const char *bytes = VARDATA_ANY(name);
	size_t		length = VARSIZE_ANY_EXHDR(name);
	int			index = SlotHash((const unsigned char *) bytes, length) &
		(ZONE_SLOTS - 1);
	ZoneSlot   *slot = &asker->zones[index];
	MemoryContext old;
	CoreError	err;
	Zone	   *zone;

	if (likely(KeyIs(&slot->name, bytes, length)))
		return index;
	old = MemoryContextSwitchTo(asker->context);
	zone = ZoneOpen(bytes, length, &err);
	if (zone == NULL)
		ThrowCoreError(&err);
	CoreFree(slot->zone);
	slot->zone = zone;
	slot->generation = ++asker->generation;
	CoreFree(slot->name.bytes);
	slot->name.bytes = NULL;
	KeySet(&slot->name, bytes, length);
	MemoryContextSwitchTo(old);
	return index;
}

/* --- bindings */

/*
 * A policy as it can be a key.  Policies are compared as they are stored, for
 * one in a table is compressed and comes with every row.  What is a mere
 * pointer has to be read first, except that a query may take a pointer into a
 * table's TOAST for the value: afterwards the number in it could be given to
 * another.
 */
static struct varlena *
KeyPolicy(const Asker *asker, struct varlena *policy)
{
	if (policy == NULL || !VARATT_IS_EXTERNAL(policy))
		return policy;
	if (!VARATT_IS_EXTERNAL_ONDISK(policy))
		return pg_detoast_datum(policy);
	return asker->for_query ? policy : detoast_external_attr(policy);
}

/* The zones that the policy itself names. */
static Zone **
OpenOwnZones(const PolicyBinding *binding)
{
	Zone	  **zones = palloc0((binding->nzones + 1) * sizeof(Zone *));
	CoreError	err;

	for (int i = 0; i < binding->nzones; i++)
	{
		const char *name = binding->zone_names[i];

		zones[i] = ZoneOpen(name, name == NULL ? 0 : strlen(name), &err);
		if (zones[i] == NULL)
			ThrowCoreError(&err);
	}
	return zones;
}

/* Fill a new slot; the caller has switched to the slot's context. */
static void
FillBinding(AskerBinding *slot, const Proposal *proposal,
			struct varlena *key)
{
	Policy		policy;
	CoreError	err;
	char	   *channel = palloc(LABEL_NAME_MAX + 1);
	char	   *purpose = palloc(LABEL_PURPOSE_MAX + 1);
	char	   *block;
	size_t		size;

	if (key == NULL)
		block = (char *) PolicyParse("", 0, &size, &err);	/* no rule */
	else
	{
		KeySet(&slot->policy, (char *) key, VARSIZE_ANY(key));
		block = (char *) pg_detoast_datum_copy(key);
		size = VARSIZE(block);
	}
	KeySet(&slot->channel, VARDATA_ANY(proposal->channel),
		   VARSIZE_ANY_EXHDR(proposal->channel));
	KeySet(&slot->purpose, VARDATA_ANY(proposal->purpose),
		   VARSIZE_ANY_EXHDR(proposal->purpose));
	slot->has_weight = proposal->has_weight;
	slot->weight = proposal->weight;
	if (!PolicyOpen(block, size, &policy, &err) ||
		!LabelChannel(slot->channel.bytes, slot->channel.length, channel,
					  &err) ||
		!LabelPurpose(slot->purpose.bytes, slot->purpose.length, purpose,
					  &err))
		ThrowCoreError(&err);
	slot->binding = PolicyBind(&policy, channel, purpose,
							   slot->has_weight ? CheckWeight(slot->weight) :
							   WEIGHT_NONE, &err);
	if (slot->binding == NULL)
		ThrowCoreError(&err);
	slot->own_zones = OpenOwnZones(slot->binding);
	slot->person_zones = palloc0((slot->binding->nzones + 1) * sizeof(Zone *));
	slot->no_kinds = KindTableFor(slot->binding,
								  palloc0(sizeof(HistoryDictionary)));
	slot->kinds = slot->first_kinds;
	slot->kinds_mask = KIND_SLOTS_FIRST - 1;
}

/*
 * Make a slot for a proposal.  Until it is complete its memory belongs to the
 * caller's context, and goes with it after an error.
 */
static AskerBinding *
MakeBinding(Asker *asker, const Proposal *proposal, struct varlena *key)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "contact_pressure binding",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	AskerBinding *slot = palloc0(sizeof(AskerBinding));
	AskerBinding *evicted = asker->slots[asker->next_slot];

	slot->context = context;
	FillBinding(slot, proposal, key);
	MemoryContextSwitchTo(old);
	if (evicted != NULL)
	{
		asker->slots[asker->next_slot] = NULL;
		MemoryContextDelete(evicted->context);
	}
	MemoryContextSetParent(context, asker->context);
	asker->slots[asker->next_slot] = slot;
	asker->next_slot = (asker->next_slot + 1) % BINDING_SLOTS;
	return slot;
}

/* See asker.h. */
AskerBinding *
AskerBind(Asker *asker, const Proposal *proposal)
{
	struct varlena *key = KeyPolicy(asker, proposal->policy);
	text	   *channel = proposal->channel;
	text	   *purpose = proposal->purpose;

	for (int i = 0; i < BINDING_SLOTS && asker->slots[i] != NULL; i++)
	{
		AskerBinding *slot = asker->slots[i];

		if (KeyIs(&slot->channel, VARDATA_ANY(channel),
				  VARSIZE_ANY_EXHDR(channel)) &&
			KeyIs(&slot->purpose, VARDATA_ANY(purpose),
				  VARSIZE_ANY_EXHDR(purpose)) &&
			slot->has_weight == proposal->has_weight &&
			(!slot->has_weight || slot->weight == proposal->weight) &&
			(key == NULL ? slot->policy.bytes == NULL :
			 KeyIs(&slot->policy, (char *) key, VARSIZE_ANY(key))))
			return slot;
	}
	return MakeBinding(asker, proposal, key);
}

/* --- opt-outs and opt-ins */

/*
 * Find the best pattern of a list for the binding's channel and purpose.
 * False when none matches.  What is needed on the way is left to the caller's
 * memory context: lists may change from row to row.
 */
static bool
BestOfList(const PolicyBinding *binding, ArrayType *array, int *rank,
		   ListPattern *best)
{
	Datum	   *elements;
	bool	   *nulls;
	int			count;

	*rank = NO_MATCH;
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements,
					  &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		text	   *element;
		ListPattern pattern;
		CoreError	err;
		int			one;

		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("opt-out and opt-in patterns must not be null"),
					 errdetail("Entry %d of the list is null.", i + 1),
					 errhint("Leave the entry out.")));
		if (i % 1024 == 0)
			CoreCheckInterrupts();
		element = DatumGetTextPP(elements[i]);
		if (!ListPatternParse(VARDATA_ANY(element),
							  VARSIZE_ANY_EXHDR(element), &pattern, &err))
			ThrowCoreError(&err);
		one = ListPatternRank(&pattern, binding->channel, binding->purpose,
							  binding->transactional);
		if (one > *rank)
		{
			*rank = one;
			*best = pattern;
		}
	}
	return *rank != NO_MATCH;
}

/*
 * The best pattern of a list that the slot does not hold.  All that can go
 * wrong does so in the caller's memory context, before the slot is touched.
 */
static const ListSlot *
ReadList(AskerBinding *binding, ListSlot *slot, ArrayType *array)
{
	ListSlot   *result = slot;
	ListPattern best;
	int			rank;
	CoreText	pattern = {0};

	if (BestOfList(binding->binding, array, &rank, &best))
	{
		CoreTextInit(&pattern);
		ListPatternWrite(&best, &pattern);
	}
	if (VARSIZE(array) > LIST_KEPT_MAX)
		result = palloc0(sizeof(ListSlot));
	else
	{
		MemoryContext old = MemoryContextSwitchTo(binding->context);

		CoreFree(slot->array.bytes);
		slot->array.bytes = NULL;
		CoreFree(slot->pattern);
		slot->pattern = NULL;
		if (pattern.data != NULL)
		{
			slot->pattern = pstrdup(pattern.data);
			CoreFree(pattern.data);
			pattern.data = slot->pattern;
		}
		KeySet(&slot->array, (char *) array, VARSIZE(array));
		MemoryContextSwitchTo(old);
	}
	result->rank = rank;
	result->pattern = pattern.data;
	return result;
}

/* The best pattern of a list. */
static inline const ListSlot *
FindList(AskerBinding *binding, ListSlot *slot, ArrayType *array)
{
	static const ListSlot none = {.rank = NO_MATCH};

	if (array == NULL)
		return &none;
	if (KeyIs(&slot->array, (char *) array, VARSIZE(array)))
		return slot;
	return ReadList(binding, slot, array);
}

/* --- histories */

/* Decode a dictionary and see how the rules see its kinds. */
static KindTable *
MakeKinds(const AskerBinding *binding, const HistoryView *history)
{
	CoreError	err;
	HistoryDictionary *decoded = HistoryReadDictionary(history, &err);

	if (decoded == NULL)
		ThrowCoreError(&err);
	return KindTableFor(binding->binding, decoded);
}

/* Forget all kinds. */
static void
ForgetKinds(AskerBinding *binding)
{
	binding->kinds = binding->first_kinds;
	binding->kinds_mask = KIND_SLOTS_FIRST - 1;
	memset(binding->first_kinds, 0, sizeof(binding->first_kinds));
	MemoryContextReset(binding->kinds_context);
	binding->kinds_half_made = false;
}

/* Have memory for kinds, and what is in it whole. */
static void
PrepareKinds(AskerBinding *binding)
{
	if (binding->kinds_context == NULL)
		binding->kinds_context =
			AllocSetContextCreate(binding->context, "contact_pressure kinds",
								  0, KINDS_FIRST_BLOCK, KINDS_LAST_BLOCK);
	else if (binding->kinds_half_made ||
			 MemoryContextMemAllocated(binding->kinds_context, false) >
			 KINDS_SPACE)
		ForgetKinds(binding);
}

/*
 * Double the table of kinds.  What had a slot of its own by the shorter part
 * of its hash has one by the longer.
 */
static void
GrowKinds(AskerBinding *binding)
{
	uint32		count = binding->kinds_mask + 1;
	uint32		mask = 2 * count - 1;
	KindSlot   *grown = palloc0(2 * count * sizeof(KindSlot));

	for (uint32 i = 0; i < count; i++)
	{
		const Key  *key = &binding->kinds[i].dictionary;

		if (key->bytes != NULL)
			grown[SlotHash((unsigned char *) key->bytes, key->length) &
				  mask] = binding->kinds[i];
	}
	if (binding->kinds != binding->first_kinds)
		CoreFree(binding->kinds);
	binding->kinds = grown;
	binding->kinds_mask = mask;
}

/* See and keep how the rules see the kinds of a history. */
static const KindTable *
RememberKinds(AskerBinding *binding, const HistoryView *history, uint32 hash)
{
	const char *bytes = (const char *) history->dictionary;
	size_t		length = history->dictionary_length;
	MemoryContext old;
	KindSlot   *slot;

	PrepareKinds(binding);
	old = MemoryContextSwitchTo(binding->kinds_context);
	binding->kinds_half_made = true;
	while (binding->kinds[hash & binding->kinds_mask].table != NULL &&
		   binding->kinds_mask + 1 < KIND_SLOTS_MAX)
		GrowKinds(binding);
	slot = &binding->kinds[hash & binding->kinds_mask];
	/* without its key first: what follows may end in an error */
	CoreFree(slot->dictionary.bytes);
	slot->dictionary.bytes = NULL;
	if (slot->table != NULL)
		CoreFree(slot->table->dictionary);
	CoreFree(slot->table);
	slot->table = NULL;
	slot->table = MakeKinds(binding, history);
	KeySet(&slot->dictionary, bytes, length);
	binding->kinds_half_made = false;
	MemoryContextSwitchTo(old);
	return slot->table;
}

/* How the rules see the kinds of a history. */
static inline const KindTable *
FindKinds(AskerBinding *binding, const HistoryView *history)
{
	const char *bytes = (const char *) history->dictionary;
	size_t		length = history->dictionary_length;
	const KindSlot *slot;
	uint32		hash;

	if (history->contacts == 0)
		return binding->no_kinds;
	/* one of a kind, and large: not kept beyond the row */
	if (length > KIND_KEPT_MAX)
		return MakeKinds(binding, history);
	hash = SlotHash(history->dictionary, length);
	slot = &binding->kinds[hash & binding->kinds_mask];
	if (likely(KeyIs(&slot->dictionary, bytes, length) &&
			   slot->table->nkinds == history->kinds))
		return slot->table;
	if ((uint64) history->kinds * binding->binding->nrules > KIND_CELLS_MAX)
		return MakeKinds(binding, history);
	return RememberKinds(binding, history, hash);
}

/* --- questions */

/* See asker.h. */
void
AskBegin(Asker *asker, AskerBinding *binding, TimestampTz at, text *zone,
		 ArrayType *opted_out, ArrayType *opted_in, Question *question)
{
	const ListSlot *out;
	const ListSlot *in;

	if (!InstantInRange(at))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("the instant of a contact must lie between the years 1 and 9999"),
				 errhint("Infinity and BC dates are no time to write to anybody.")));
	question->asker = asker;
	question->binding = binding;
	question->at = at;
	question->moments = NULL;
	question->zone = OWN_ZONES;
	question->person.binding = binding->binding;
	question->person.zones = binding->own_zones;
	if (zone != NULL)
	{
		Zone	   *opened;

		question->zone = FindZone(asker, zone);
		opened = asker->zones[question->zone].zone;
		question->person.zones = binding->person_zones;
		for (int i = 0; i < binding->binding->nzones; i++)
			binding->person_zones[i] = opened;
	}
	out = FindList(binding, &binding->opted_out, opted_out);
	in = FindList(binding, &binding->opted_in, opted_in);
	/* where both match the more specific decides, among equals the opt-out */
	question->person.opted_out = out->rank != NO_MATCH &&
		in->rank <= out->rank ? out->pattern : NULL;
	question->person.opted_in = in->rank != NO_MATCH;
}

/* Work out what the rules ask, into the slot for the question's zone. */
static void
MakeMoments(Question *question, MomentSlot *slot, uint64 generation)
{
	AskerBinding *binding = question->binding;

	slot->generation = 0;
	if (slot->moments == NULL)
		slot->moments = MemoryContextAlloc(binding->context,
										   MomentsSize(binding->binding));
	MomentsAt(binding->binding, question->person.zones, question->at,
			  slot->moments);
	slot->generation = generation;
}

/* What the rules ask at the question's instant in its zone. */
static inline const Moments *
FindMoments(Question *question)
{
	MomentSlot *slot = &question->binding->moments[question->zone];
	uint64		generation =
		question->asker->zones[question->zone].generation;

	if (question->moments != NULL)
		return question->moments;
	if (unlikely(slot->generation != generation ||
				 slot->moments->at != question->at))
		MakeMoments(question, slot, generation);
	question->moments = slot->moments;
	return slot->moments;
}

/* See asker.h. */
const Moments *
AskMoments(Question *question)
{
	return FindMoments(question);
}

/* See asker.h. */
bool
AskIsClosed(Question *question)
{
	return FindMoments(question)->closed ||
		question->person.opted_out != NULL;
}

/* See asker.h. */
void
AskHistory(Question *question, struct varlena *history)
{
	Person	   *person = &question->person;
	CoreError	err;

	if (!HistoryOpen(history == NULL ? NULL : VARDATA_ANY(history),
					 history == NULL ? 0 : VARSIZE_ANY_EXHDR(history),
					 &person->history, &err))
		ThrowCoreError(&err);
	person->kinds = FindKinds(question->binding, &person->history);
	person->trimmed = NULL;
	if (person->history.trimmed != NULL)
	{
		person->trimmed = HistoryReadTrimmed(&person->history, &err);
		if (person->trimmed == NULL)
			ThrowCoreError(&err);
	}
}

/* See asker.h. */
bool
AskMayContact(Question *question)
{
	CoreError	err;
	Passes		passes = MayContact(&question->person, FindMoments(question),
									&err);

	if (passes == PASSES_UNKNOWN)
		ThrowCoreError(&err);
	return passes == PASSES_YES;
}

/* See asker.h. */
Instant
AskNext(Question *question)
{
	CoreError	err;
	Instant		next;

	if (!NextForAll(NextSearchBegin(&question->person, question->at), &next,
					&err))
		ThrowCoreError(&err);
	return next;
}

/* See asker.h. */
void
AskVerdict(Question *question, Verdict *verdict)
{
	CoreError	err;

	if (!ContactVerdict(&question->person, question->at, verdict, &err))
		ThrowCoreError(&err);
}
