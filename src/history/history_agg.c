/*
 * history_agg.c
 *		The aggregates contact_history(at, channel, ...) and
 *		contact_history(contact_history).
 *
 * The state is a contact_history: a real one, in PostgreSQL's expanded form.
 * Wherever it is shipped (a parallel worker's queue, the output function) it
 * flattens itself into the canonical bytes, so nothing but this file knows
 * that there is another form.
 *
 * An expanded object usually owns a memory context, which is far too much for
 * each of a million groups.  Here all objects of one aggregate context share
 * one, the arena, and with it the names and kinds of contacts they have seen.
 * That is sound because only the executor deletes objects, and it does so
 * only when a transition returns another state than it was given, which these
 * never do; the arena goes when the executor resets the aggregate context.
 *
 * A group is 128 bytes and a chain of chunks; nothing is moved as it grows.
 * With a million groups each row waits for memory, so a row touches one cache
 * line of its group and writes to another.
 *
 * A contact is a word: its time and its kind.  One that does not fit (of
 * another century, or of too many kinds), and a history to merge, is kept as
 * a flat history, a piece, and the word says which.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "nodes/memnodes.h"
#include "utils/expandeddatum.h"
#include "utils/memutils.h"

#include "history/history_pg.h"
#include "history/slots.h"

PG_FUNCTION_INFO_V1(contact_history_transition);
PG_FUNCTION_INFO_V1(contact_history_merge_transition);
PG_FUNCTION_INFO_V1(contact_history_final);

/* A contact in a word: the time above, the kind below. */
#define KIND_BITS			13
#define KIND_MASK			((1u << KIND_BITS) - 1)
#define MAX_KINDS			KIND_MASK
/* In place of a kind: the number of a piece stands above it. */
#define KIND_PIECE			KIND_MASK
/* The times that fit: 71 years, from 1985-01-01 on. */
#define TIME_FIRST			(-5478 * MICROS_PER_DAY)
#define TIME_END			(UINT64_C(1) << (64 - KIND_BITS))

/* A cache of spellings: how many there are of a label in one log is few. */
#define MAX_SPELLINGS		4096

/* A state is two cache lines, a chunk a quarter of what its group has. */
#define LINE				64
#define STATE_WORDS			8
#define CHUNK_STEP			32
#define CHUNK_GROWTH		4
#define CHUNK_WORDS_MIN		3
#define MAX_CHUNKS			96	/* of HISTORY_MAX_CONTACTS, and to spare */

/* The arena takes memory in blocks, each an eighth of what it has. */
#define BLOCK_MIN			((size_t) 1024)
#define BLOCK_MAX			((size_t) 8 * 1024 * 1024)

/* How far to look for the arena among the children of a context. */
#define ARENA_LOOKS			8
#define ARENA_NAME			"contact_history aggregate"

/* What contacts have in common; one without a weight is a base for others. */
typedef struct ArenaKind
{
	uint64		hash;
	const char *channel;
	const char *purpose;
	int64_t		weight;
	uint32		base;			/* the kind without the weight, or itself */
	Outcome		outcome;
	uint32		built_as;		/* in the builder of that serial number */
	uint64		built_for;
} ArenaKind;

/* The arguments channel, purpose and outcome as some row spelled them. */
typedef struct Spelling
{
	uint64		hash;
	uint32		kind;			/* a base */
	uint32		length;
	const char *bytes;			/* as SpellArgs() makes them */
} Spelling;

typedef struct Arena
{
	char		name[8];		/* first: the context's identifier */
	MemoryContext context;
	char	   *block;			/* free part of the present block */
	size_t		left;
	size_t		total;
	uint64		serial;			/* of the last builder */
	struct State *flattened;	/* whose flat form is kept */
	struct varlena *flat;
	struct varlena **pieces;
	uint32		npieces;
	uint32		piece_space;
	ArenaKind  *kinds;
	uint32		nkinds;
	uint32		kind_space;
	Slots		kind_slots;
	Spelling   *spellings;
	uint32		nspellings;
	uint32		spelling_space;
	Slots		spelling_slots;
} Arena;

/*
 * A chunk: words, and behind them this.  All chunks before the last are full,
 * and how large they are follows from how many there are before them; where
 * the next word goes is seen from the end, without a look at the chunk.
 */
typedef struct ChunkEnd
{
	struct ChunkEnd *before;	/* NULL: the words in the state itself */
} ChunkEnd;

/* The state of a group; the arena is that of its memory context. */
typedef struct State
{
	ExpandedObjectHeader header;
	void	   *end;			/* of the last words: a ChunkEnd, or that of
								 * the state */
	uint32		nwords;
	uint32		room;			/* left before the end */
	uint64		words[STATE_WORDS];
} State;

StaticAssertDecl(sizeof(State) == 2 * LINE, "two cache lines a group");

static Size StateFlatSize(ExpandedObjectHeader *header);
static void StateFlatten(ExpandedObjectHeader *header, void *result,
						 Size size);

static const ExpandedObjectMethods StateMethods = {
	StateFlatSize, StateFlatten
};

/* --- the arena */

/* The arena that a memory context is for: what its identifier is part of. */
static inline Arena *
ArenaOf(MemoryContext context)
{
	return (Arena *) unconstify(char *, context->ident);
}

/* The arena of an aggregate context, made when there is none. */
static Arena *
GetArena(MemoryContext aggregate_context)
{
	MemoryContext context = aggregate_context->firstchild;
	Arena	   *arena;

	/* other aggregates may have children there too */
	for (int i = 0; i < ARENA_LOOKS && context != NULL; i++)
	{
		if (strcmp(context->name, ARENA_NAME) == 0)
			return ArenaOf(context);
		context = context->nextchild;
	}
	context = AllocSetContextCreate(aggregate_context, ARENA_NAME,
									ALLOCSET_DEFAULT_SIZES);
	arena = MemoryContextAllocZero(context, sizeof(Arena));
	strcpy(arena->name, "arena");
	arena->context = context;
	MemoryContextSetIdentifier(context, arena->name);
	return arena;
}

/* Some memory of the arena, a multiple of CHUNK_STEP. */
static void *
ArenaAlloc(Arena *arena, size_t size)
{
	char	   *p;

	/* a state does not begin in the middle of a line */
	if (size == sizeof(State) && arena->left % LINE != 0)
	{
		arena->block += CHUNK_STEP;
		arena->left -= CHUNK_STEP;
	}
	if (arena->left < size)
	{
		size_t		block = Min(Max(arena->total / 8, BLOCK_MIN), BLOCK_MAX);

		block = TYPEALIGN(LINE, Max(block, size));
		p = MemoryContextAllocHuge(arena->context, block + LINE);
		arena->total += block;
		arena->block = (char *) TYPEALIGN(LINE, p);
		arena->left = block;
	}
	p = arena->block;
	arena->block += size;
	arena->left -= size;
	return p;
}

/* Make room for one more item of an array. */
static void *
ArrayGrow(void *array, uint32 items, uint32 *space, size_t item)
{
	if (items < *space)
		return array;
	*space = *space == 0 ? 8 : *space * 2;
	return CoreRealloc(array, *space * item);
}

/*
 * Add a kind; MAX_KINDS when there are too many.  The caller has switched to
 * the arena's context.
 */
static uint32
AddKind(Arena *arena, const ArenaKind *kind)
{
	if (arena->nkinds == MAX_KINDS)
		return MAX_KINDS;
	arena->kinds = ArrayGrow(arena->kinds, arena->nkinds, &arena->kind_space,
							 sizeof(ArenaKind));
	arena->kinds[arena->nkinds++] = *kind;
	if (SlotsGrow(&arena->kind_slots, arena->nkinds))
	{
		for (uint32 i = 0; i < arena->nkinds; i++)
			SlotsPut(&arena->kind_slots, arena->kinds[i].hash, i);
	}
	else
		SlotsPut(&arena->kind_slots, kind->hash, arena->nkinds - 1);
	return arena->nkinds - 1;
}

/* The kind of contacts without a weight; names are folded and checked. */
static uint32
BaseKind(Arena *arena, const char *channel, const char *purpose,
		 Outcome outcome)
{
	const Slots *slots = &arena->kind_slots;
	ArenaKind	kind = {0};

	kind.hash = HashBytes(HashBytes(outcome, channel, strlen(channel)),
						  purpose, strlen(purpose));
	if (slots->size > 0)
	{
		uint32		slot = SlotsFirst(slots, kind.hash);

		for (; slots->slots[slot] != 0; slot = SlotsNext(slots, slot))
		{
			uint32		i = slots->slots[slot] - 1;
			const ArenaKind *found = &arena->kinds[i];

			if (found->hash == kind.hash && found->base == i &&
				found->outcome == outcome &&
				strcmp(found->channel, channel) == 0 &&
				strcmp(found->purpose, purpose) == 0)
				return i;
		}
	}
	if (arena->nkinds == MAX_KINDS)
		return MAX_KINDS;
	kind.channel = pstrdup(channel);
	kind.purpose = pstrdup(purpose);
	kind.weight = WEIGHT_NONE;
	kind.outcome = outcome;
	kind.base = arena->nkinds;
	return AddKind(arena, &kind);
}

/* The kind of contacts like those of base, with a weight of their own. */
static uint32
WeightedKind(Arena *arena, uint32 base, int64_t weight)
{
	MemoryContext old;
	const Slots *slots = &arena->kind_slots;
	ArenaKind	kind = arena->kinds[base];
	uint32		slot;

	kind.hash = HashMix(kind.hash, (uint64) weight);
	kind.weight = weight;
	kind.built_for = 0;
	slot = SlotsFirst(slots, kind.hash);
	for (; slots->slots[slot] != 0; slot = SlotsNext(slots, slot))
	{
		uint32		i = slots->slots[slot] - 1;

		if (arena->kinds[i].base == base && arena->kinds[i].weight == weight)
			return i;
	}
	old = MemoryContextSwitchTo(arena->context);
	slot = AddKind(arena, &kind);
	MemoryContextSwitchTo(old);
	return slot;
}

/* --- the arguments of a row */

enum
{
	ARG_STATE, ARG_AT, ARG_CHANNEL, ARG_PURPOSE, ARG_WEIGHT, ARG_OUTCOME,
	ARG_ANSWERED_AT
};

/* Longer ones are read anew for each row. */
#define SPELLING_MAX		128
#define SPELLED_NULL		0xff

/* How a row spells channel, purpose and outcome. */
typedef struct RowSpelling
{
	uint64		hash;
	uint32		length;			/* 0: too long to be kept */
	char		bytes[SPELLING_MAX];	/* each behind its length */
} RowSpelling;

static void
SpellArgs(FunctionCallInfo fcinfo, RowSpelling *row)
{
	static const int args[] = {ARG_CHANNEL, ARG_PURPOSE, ARG_OUTCOME};
	char	   *out = row->bytes;
	size_t		used = 0;

	row->length = 0;
	for (size_t i = 0; i < lengthof(args); i++)
	{
		text	   *value;
		size_t		length;

		if (args[i] >= PG_NARGS() || PG_ARGISNULL(args[i]))
		{
			out[used++] = (char) SPELLED_NULL;
			continue;
		}
		value = PG_GETARG_TEXT_PP(args[i]);
		length = VARSIZE_ANY_EXHDR(value);
		/* room for the lengths that follow is kept */
		if (used + length + lengthof(args) > SPELLING_MAX)
			return;
		out[used++] = (char) length;
		memcpy(out + used, VARDATA_ANY(value), length);
		used += length;
	}
	row->length = (uint32) used;
	row->hash = HashBytes(0, out, used);
}

/* Fold and check the names of a row; its kind, but for the weight. */
static uint32
ReadRowKind(FunctionCallInfo fcinfo, Arena *arena)
{
	char		channel[LABEL_NAME_MAX + 1];
	char		purpose[LABEL_PURPOSE_MAX + 1] = LABEL_DEFAULT_PURPOSE;
	Outcome		outcome = OUTCOME_SENT;

	ChannelArg(fcinfo, ARG_CHANNEL, channel);
	if (PG_NARGS() > ARG_PURPOSE)
		PurposeArg(fcinfo, ARG_PURPOSE, purpose);
	if (PG_NARGS() > ARG_OUTCOME)
		outcome = OutcomeArg(fcinfo, ARG_OUTCOME);
	return BaseKind(arena, channel, purpose, outcome);
}

/* Remember a spelling. */
static void
AddSpelling(Arena *arena, const RowSpelling *row, uint32 kind)
{
	Spelling   *spelling;

	arena->spellings = ArrayGrow(arena->spellings, arena->nspellings,
								 &arena->spelling_space, sizeof(Spelling));
	spelling = &arena->spellings[arena->nspellings++];
	spelling->hash = row->hash;
	spelling->kind = kind;
	spelling->length = row->length;
	spelling->bytes = memcpy(palloc(row->length), row->bytes, row->length);
	if (SlotsGrow(&arena->spelling_slots, arena->nspellings))
	{
		for (uint32 i = 0; i < arena->nspellings; i++)
			SlotsPut(&arena->spelling_slots, arena->spellings[i].hash, i);
	}
	else
		SlotsPut(&arena->spelling_slots, row->hash, arena->nspellings - 1);
}

/* The kind of a row, but for the weight; MAX_KINDS: it has none. */
static uint32
RowKind(FunctionCallInfo fcinfo, Arena *arena, const RowSpelling *row)
{
	const Slots *slots = &arena->spelling_slots;
	uint32		kind;
	MemoryContext old;

	if (row->length > 0 && slots->size > 0)
	{
		uint32		slot = SlotsFirst(slots, row->hash);

		for (; slots->slots[slot] != 0; slot = SlotsNext(slots, slot))
		{
			const Spelling *found = &arena->spellings[slots->slots[slot] - 1];

			if (found->hash == row->hash && found->length == row->length &&
				memcmp(found->bytes, row->bytes, row->length) == 0)
				return found->kind;
		}
	}
	old = MemoryContextSwitchTo(arena->context);
	kind = ReadRowKind(fcinfo, arena);
	if (row->length > 0 && kind < MAX_KINDS &&
		arena->nspellings < MAX_SPELLINGS)
		AddSpelling(arena, row, kind);
	MemoryContextSwitchTo(old);
	return kind;
}

/* --- states */

/* Start the state of a group. */
static State *
NewState(MemoryContext aggregate_context)
{
	Arena	   *arena = GetArena(aggregate_context);
	State	   *state = ArenaAlloc(arena, sizeof(State));

	EOH_init_header(&state->header, &StateMethods, arena->context);
	state->end = state + 1;
	state->nwords = 0;
	state->room = STATE_WORDS;
	return state;
}

static inline Arena *
StateArena(const State *state)
{
	return ArenaOf(state->header.eoh_context);
}

/* How many words a chunk has that comes behind so many others. */
static inline uint32
ChunkWords(uint32 nwords)
{
	size_t		words = Max(nwords / CHUNK_GROWTH, CHUNK_WORDS_MIN);
	size_t		size = TYPEALIGN(CHUNK_STEP, words * sizeof(uint64) +
								 sizeof(ChunkEnd));

	return (uint32) ((size - sizeof(ChunkEnd)) / sizeof(uint64));
}

/* Make room for more words. */
static void
AddChunk(State *state)
{
	uint32		words = ChunkWords(state->nwords);
	uint64	   *chunk;
	ChunkEnd   *end;

	if (state->nwords > HISTORY_MAX_CONTACTS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a contact_history holds at most %d contacts",
						HISTORY_MAX_CONTACTS),
				 errhint("Group by person.")));
	chunk = ArenaAlloc(StateArena(state),
					   words * sizeof(uint64) + sizeof(ChunkEnd));
	end = (ChunkEnd *) (chunk + words);
	end->before = state->end == state + 1 ? NULL : state->end;
	state->end = end;
	state->room = words;
}

static inline void
AddWord(State *state, uint64 word)
{
	if (state->room == 0)
		AddChunk(state);
	*((uint64 *) state->end - state->room) = word;
	state->room--;
	state->nwords++;
}

/* Add a contact; false when it does not fit into a word. */
static inline bool
AddContact(State *state, Instant at, uint32 kind)
{
	uint64		time = (uint64) (at - TIME_FIRST);

	if (kind >= MAX_KINDS || time >= TIME_END)
		return false;
	AddWord(state, time << KIND_BITS | kind);
	return true;
}

/* Keep a flat history as it is. */
static void
AddPiece(State *state, struct varlena *history)
{
	Arena	   *arena = StateArena(state);
	MemoryContext old = MemoryContextSwitchTo(arena->context);
	size_t		size = VARSIZE_ANY(history);

	arena->pieces = ArrayGrow(arena->pieces, arena->npieces,
							  &arena->piece_space, sizeof(struct varlena *));
	arena->pieces[arena->npieces] = memcpy(palloc(size), history, size);
	MemoryContextSwitchTo(old);
	AddWord(state, (uint64) arena->npieces << KIND_BITS | KIND_PIECE);
	arena->npieces++;
}

/* Put a piece into a builder. */
static void
BuildPiece(HistoryBuilder *builder, const struct varlena *piece)
{
	HistoryView view;
	CoreError	err;

	CHECK_FOR_INTERRUPTS();
	if (!HistoryOpen(VARDATA_ANY(piece), VARSIZE_ANY_EXHDR(piece), &view,
					 &err) ||
		!HistoryAddAll(builder, &view, &err))
		ThrowCoreError(&err);
}

/* Put some words of a state into a builder. */
static void
BuildWords(HistoryBuilder *builder, Arena *arena, const uint64 *words,
		   uint32 n)
{
	CoreError	err;

	for (uint32 i = 0; i < n; i++)
	{
		uint32		number = words[i] & KIND_MASK;
		ArenaKind  *kind;

		if (number == KIND_PIECE)
		{
			BuildPiece(builder, arena->pieces[words[i] >> KIND_BITS]);
			continue;
		}
		kind = &arena->kinds[number];
		if (kind->built_for != arena->serial)
		{
			kind->built_for = arena->serial;
			kind->built_as = HistoryAddKind(builder, kind->channel,
											kind->purpose, kind->outcome,
											kind->weight, false);
		}
		if (!HistoryAddAt(builder, kind->built_as,
						  (Instant) (words[i] >> KIND_BITS) + TIME_FIRST,
						  INSTANT_NONE, &err))
			ThrowCoreError(&err);
	}
}

/* Put all of a state into a builder, in the order it came. */
static HistoryBuilder *
BuildState(State *state)
{
	HistoryBuilder *builder = HistoryBuild();
	Arena	   *arena = StateArena(state);
	ChunkEnd   *chunks[MAX_CHUNKS];
	int			nchunks = 0;
	uint32		nwords = STATE_WORDS;

	arena->serial++;
	if (state->end != state + 1)
		for (ChunkEnd *end = state->end; end != NULL; end = end->before)
			chunks[nchunks++] = end;
	BuildWords(builder, arena, state->words, Min(state->nwords, nwords));
	while (nchunks > 0)
	{
		uint32		words = ChunkWords(nwords);

		BuildWords(builder, arena, (uint64 *) chunks[--nchunks] - words,
				   Min(state->nwords - nwords, words));
		nwords += words;
	}
	return builder;
}

/* The flat form of an expanded state is not needed any more. */
static void
ForgetFlat(Arena *arena)
{
	if (arena->flat != NULL)
		pfree(arena->flat);
	arena->flat = NULL;
	arena->flattened = NULL;
}

/* Make the flat form, keep it, and say how large it is. */
static Size
StateFlatSize(ExpandedObjectHeader *header)
{
	State	   *state = (State *) header;
	Arena	   *arena = StateArena(state);
	struct varlena *flat;

	ForgetFlat(arena);
	flat = FinishHistory(BuildState(state));
	arena->flat = MemoryContextAlloc(arena->context, VARSIZE(flat));
	memcpy(arena->flat, flat, VARSIZE(flat));
	arena->flattened = state;
	pfree(flat);
	return VARSIZE(arena->flat);
}

/* Hand the flat form over. */
static void
StateFlatten(ExpandedObjectHeader *header, void *result, Size size)
{
	Arena	   *arena = StateArena((State *) header);

	if (arena->flattened != (State *) header)
		(void) StateFlatSize(header);
	if (VARSIZE(arena->flat) != size)
		elog(ERROR, "contact_history changed its size");
	memcpy(result, arena->flat, size);
	ForgetFlat(arena);
}

/* --- what the aggregates call */

/* Only the executor calls these functions. */
static void
RequireAggregate(FunctionCallInfo fcinfo, MemoryContext *aggregate_context)
{
	if (!AggCheckCallContext(fcinfo, aggregate_context))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("aggregate function called in non-aggregate "
						"context"),
				 errhint("Call the aggregate contact_history().")));
}

/* The state that is the first argument; a flat one is taken over. */
static State *
GetState(FunctionCallInfo fcinfo)
{
	MemoryContext aggregate_context;
	struct varlena *value;
	State	   *state;

	RequireAggregate(fcinfo, &aggregate_context);
	if (PG_ARGISNULL(ARG_STATE))
		return NewState(aggregate_context);
	value = (struct varlena *) PG_GETARG_POINTER(ARG_STATE);
	if (VARATT_IS_EXTERNAL_EXPANDED_RW(value))
	{
		state = (State *) DatumGetEOHP(PointerGetDatum(value));
		if (state->header.eoh_methods == &StateMethods &&
			MemoryContextGetParent(state->header.eoh_context) ==
			aggregate_context)
		{
			if (unlikely(StateArena(state)->flattened == state))
				ForgetFlat(StateArena(state));
			return state;
		}
	}
	state = NewState(aggregate_context);
	AddPiece(state, PG_DETOAST_DATUM_PACKED(PointerGetDatum(value)));
	return state;
}

/* Does the row say when the contact was answered? */
static inline bool
HasAnswerTime(FunctionCallInfo fcinfo)
{
	return PG_NARGS() > ARG_ANSWERED_AT && !PG_ARGISNULL(ARG_ANSWERED_AT);
}

/* Add a contact that does not fit into a word. */
static void
AddRowAsPiece(FunctionCallInfo fcinfo, State *state, Instant at)
{
	char		channel[LABEL_NAME_MAX + 1];
	char		purpose[LABEL_PURPOSE_MAX + 1] = LABEL_DEFAULT_PURPOSE;
	Contact		contact = {at, INSTANT_NONE, WEIGHT_NONE, OUTCOME_SENT,
	channel, purpose};
	HistoryBuilder *builder = HistoryBuild();
	struct varlena *piece;
	CoreError	err;

	ChannelArg(fcinfo, ARG_CHANNEL, channel);
	if (PG_NARGS() > ARG_PURPOSE)
		PurposeArg(fcinfo, ARG_PURPOSE, purpose);
	if (PG_NARGS() > ARG_WEIGHT)
		contact.weight = WeightArg(fcinfo, ARG_WEIGHT);
	if (PG_NARGS() > ARG_OUTCOME)
		contact.outcome = OutcomeArg(fcinfo, ARG_OUTCOME);
	if (HasAnswerTime(fcinfo))
		contact.answered_at =
			CheckInstant(PG_GETARG_TIMESTAMPTZ(ARG_ANSWERED_AT),
						 "time of an answer");
	if (!HistoryAdd(builder, &contact, &err))
		ThrowCoreError(&err);
	piece = FinishHistory(builder);
	AddPiece(state, piece);
	pfree(piece);
}

/*
 * One more row of a log: at, channel [, purpose [, weight [, outcome [,
 * answered_at]]]].
 */
Datum
contact_history_transition(PG_FUNCTION_ARGS)
{
	State	   *state;
	RowSpelling row;
	Instant		at;
	uint32		kind;

	if (PG_ARGISNULL(ARG_AT) || PG_ARGISNULL(ARG_CHANNEL))
	{
		state = GetState(fcinfo);
		PG_RETURN_DATUM(EOHPGetRWDatum(&state->header));
	}
	/* the state comes from memory while the row is looked at */
	__builtin_prefetch(PG_ARGISNULL(ARG_STATE) ? NULL :
					   PG_GETARG_POINTER(ARG_STATE));
	SpellArgs(fcinfo, &row);
	at = CheckInstant(PG_GETARG_TIMESTAMPTZ(ARG_AT), "time of a contact");
	state = GetState(fcinfo);
	kind = RowKind(fcinfo, StateArena(state), &row);
	if (PG_NARGS() > ARG_WEIGHT && !PG_ARGISNULL(ARG_WEIGHT))
	{
		int64_t		weight = WeightArg(fcinfo, ARG_WEIGHT);

		if (kind < MAX_KINDS)
			kind = WeightedKind(StateArena(state), kind, weight);
	}
	/* few contacts have an answer time: a word has no room for it */
	if (HasAnswerTime(fcinfo) || !AddContact(state, at, kind))
		AddRowAsPiece(fcinfo, state, at);
	PG_RETURN_DATUM(EOHPGetRWDatum(&state->header));
}

/*
 * One more history; also what combines states, where the second argument is
 * the flat form of one.
 */
Datum
contact_history_merge_transition(PG_FUNCTION_ARGS)
{
	State	   *state = GetState(fcinfo);

	if (!PG_ARGISNULL(1))
		AddPiece(state, PG_GETARG_VARLENA_PP(1));
	PG_RETURN_DATUM(EOHPGetRWDatum(&state->header));
}

/* The state as a flat history. */
Datum
contact_history_final(PG_FUNCTION_ARGS)
{
	struct varlena *value = (struct varlena *) PG_GETARG_POINTER(0);
	MemoryContext aggregate_context;
	State	   *state;

	RequireAggregate(fcinfo, &aggregate_context);
	if (!VARATT_IS_EXTERNAL_EXPANDED(value))
		PG_RETURN_POINTER(PG_DETOAST_DATUM_COPY(PointerGetDatum(value)));
	state = (State *) DatumGetEOHP(PointerGetDatum(value));
	if (state->header.eoh_methods != &StateMethods)
		elog(ERROR, "unknown state of contact_history");
	PG_RETURN_HISTORY(BuildState(state));
}
