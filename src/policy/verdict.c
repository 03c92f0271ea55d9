/*
 * verdict.c
 *		may_contact(), contact_verdict(), explain_contact(), next_contact_at().
 *
 * What repeats from row to row is kept in fn_extra: the rules that bind a
 * channel and purpose under a policy, the zones, what each rule asks at an
 * instant in a zone, and how the rules see the labels of a history.  All of it
 * is looked up by the bytes it was made from, never by their address, except
 * where the executor promises that an argument does not change.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "nodes/primnodes.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "compat.h"
#include "core_pg.h"
#include "policy/verdict.h"

PG_FUNCTION_INFO_V1(may_contact);
PG_FUNCTION_INFO_V1(contact_verdict);
PG_FUNCTION_INFO_V1(explain_contact);
PG_FUNCTION_INFO_V1(next_contact_at);

/* The arguments, the same for all four. */
enum
{
	ARG_HISTORY,
	ARG_POLICY,
	ARG_CHANNEL,
	ARG_PURPOSE,
	ARG_AT,
	ARG_ZONE,
	ARG_OPTED_OUT,
	ARG_OPTED_IN,
	ARG_WEIGHT
};

/*
 * Sizes of the caches.  A query knows few policies, a customer base few
 * combinations of labels and, even world-wide, some dozens of zones.
 */
#define BINDING_SLOTS	8
#define ZONE_SLOTS		64		/* a power of two */
#define KIND_SLOTS		256		/* a power of two */

/* A dictionary of more bytes, of some hundred kinds, is not kept. */
#define KIND_KEPT_MAX	4096

/* Some bytes that something was made from. */
typedef struct Key
{
	char	   *bytes;			/* NULL: the argument was NULL */
	size_t		length;
} Key;

typedef struct ZoneSlot
{
	Key			name;
	Zone	   *zone;
	uint32		generation;		/* of this slot's content, 0: empty */
} ZoneSlot;

typedef struct KindSlot
{
	Key			dictionary;
	KindTable  *table;			/* with the dictionary, decoded */
} KindSlot;

typedef struct MomentSlot
{
	uint32		generation;		/* of the zone it was made in */
	Moments    *moments;		/* NULL: never made */
} MomentSlot;

/* An opted_out or opted_in argument and the best of its patterns. */
typedef struct ListSlot
{
	bool		known;
	Key			array;
	int			rank;
	char	   *pattern;
} ListSlot;

/* A policy, channel, purpose and weight, and all that follows from them. */
typedef struct BindingSlot
{
	MemoryContext context;		/* NULL: empty slot */
	Key			policy;			/* as it came, perhaps compressed */
	Key			channel;
	Key			purpose;
	bool		has_weight;
	float8		weight;
	PolicyBinding *binding;
	Zone	  **own_zones;		/* for a person without a zone */
	Zone	  **person_zones;	/* the person's zone, for each of them */
	KindTable  *no_kinds;		/* for an empty history */
	KindSlot	kinds[KIND_SLOTS];
	MomentSlot	moments[ZONE_SLOTS + 1];	/* the last: own zones */
	ListSlot	opted_out;
	ListSlot	opted_in;
} BindingSlot;

typedef struct VerdictCache
{
	MemoryContext context;
	BindingSlot *fixed;			/* the only slot, when its arguments are fixed */
	int			next_slot;
	uint32		generation;
	BindingSlot *slots[BINDING_SLOTS];
	ZoneSlot	zones[ZONE_SLOTS];
	TupleDesc	tupdesc;		/* of contact_verdict */
} VerdictCache;

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

/* Get the call's cache, made on the first call. */
static VerdictCache *
GetCache(FunctionCallInfo fcinfo)
{
	VerdictCache *cache = fcinfo->flinfo->fn_extra;

	if (cache == NULL)
	{
		MemoryContext context;

		context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt,
										"contact_pressure verdict",
										ALLOCSET_DEFAULT_SIZES);
		cache = MemoryContextAllocZero(context, sizeof(VerdictCache));
		cache->context = context;
		fcinfo->flinfo->fn_extra = cache;
	}
	return cache;
}

/* --- zones */

/* The slot of a person's zone. */
static int
FindZone(VerdictCache *cache, text *name)
{
	const char *bytes = VARDATA_ANY(name);
	size_t		length = VARSIZE_ANY_EXHDR(name);
	int			index = SlotHash((const unsigned char *) bytes, length) &
		(ZONE_SLOTS - 1);
	ZoneSlot   *slot = &cache->zones[index];
	MemoryContext old;
	CoreError	err;
	Zone	   *zone;

	if (likely(KeyIs(&slot->name, bytes, length)))
		return index;
	old = MemoryContextSwitchTo(cache->context);
	zone = ZoneOpen(bytes, length, &err);
	if (zone == NULL)
		ThrowCoreError(&err);
	CoreFree(slot->zone);
	slot->zone = zone;
	CoreFree(slot->name.bytes);
	slot->name.bytes = NULL;
	KeySet(&slot->name, bytes, length);
	slot->generation = ++cache->generation;
	MemoryContextSwitchTo(old);
	return index;
}

/* --- bindings */

/* The weight argument as millionths. */
static int64_t
WeightArgument(FunctionCallInfo fcinfo)
{
	int64_t		weight;
	CoreError	err;

	if (PG_ARGISNULL(ARG_WEIGHT))
		return WEIGHT_NONE;
	if (!WeightFromDouble(PG_GETARG_FLOAT8(ARG_WEIGHT), &weight, &err))
		ThrowCoreError(&err);
	return weight;
}

/* Fill a new slot; the caller has switched to the slot's context. */
static void
FillBinding(BindingSlot *slot, FunctionCallInfo fcinfo,
			struct varlena *policy_arg, text *channel, text *purpose)
{
	Policy		policy;
	CoreError	err;
	char	   *channel_name = palloc(LABEL_NAME_MAX + 1);
	char	   *purpose_name = palloc(LABEL_PURPOSE_MAX + 1);
	char	   *block;
	size_t		size;

	if (policy_arg == NULL)
		block = (char *) PolicyParse("", 0, &size, &err);	/* no rule */
	else
	{
		KeySet(&slot->policy, (char *) policy_arg, VARSIZE_ANY(policy_arg));
		block = (char *) PG_DETOAST_DATUM_COPY(policy_arg);
		size = VARSIZE(block);
	}
	KeySet(&slot->channel, VARDATA_ANY(channel), VARSIZE_ANY_EXHDR(channel));
	KeySet(&slot->purpose, VARDATA_ANY(purpose), VARSIZE_ANY_EXHDR(purpose));
	slot->has_weight = !PG_ARGISNULL(ARG_WEIGHT);
	slot->weight = slot->has_weight ? PG_GETARG_FLOAT8(ARG_WEIGHT) : 0;
	if (!PolicyOpen(block, size, &policy, &err) ||
		!LabelChannel(slot->channel.bytes, slot->channel.length,
					  channel_name, &err) ||
		!LabelPurpose(slot->purpose.bytes, slot->purpose.length,
					  purpose_name, &err))
		ThrowCoreError(&err);
	slot->binding = PolicyBind(&policy, channel_name, purpose_name,
							   WeightArgument(fcinfo), &err);
	if (slot->binding == NULL)
		ThrowCoreError(&err);
	slot->own_zones = palloc0((slot->binding->nzones + 1) * sizeof(Zone *));
	slot->person_zones = palloc0((slot->binding->nzones + 1) * sizeof(Zone *));
	for (int i = 0; i < slot->binding->nzones; i++)
	{
		const char *name = slot->binding->zone_names[i];

		slot->own_zones[i] = ZoneOpen(name, name == NULL ? 0 : strlen(name),
									  &err);
		if (slot->own_zones[i] == NULL)
			ThrowCoreError(&err);
	}
	slot->no_kinds = KindTableFor(slot->binding,
								  palloc0(sizeof(HistoryDictionary)));
}

/* Make a slot for the call's policy, channel, purpose and weight. */
static BindingSlot *
MakeBinding(VerdictCache *cache, FunctionCallInfo fcinfo,
			struct varlena *policy, text *channel, text *purpose)
{
	MemoryContext context = AllocSetContextCreate(cache->context,
												  "contact_pressure binding",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	BindingSlot *slot = palloc0(sizeof(BindingSlot));
	BindingSlot *evicted = cache->slots[cache->next_slot];

	slot->context = context;
	FillBinding(slot, fcinfo, policy, channel, purpose);
	MemoryContextSwitchTo(old);
	if (evicted != NULL)
	{
		cache->slots[cache->next_slot] = NULL;
		MemoryContextDelete(evicted->context);
	}
	cache->slots[cache->next_slot] = slot;
	cache->next_slot = (cache->next_slot + 1) % BINDING_SLOTS;
	return slot;
}

/*
 * Are the arguments that make a binding constants?  (A parameter will not do:
 * PL/pgSQL evaluates one expression state with other values each time.)
 */
static bool
BindingIsFixed(FunctionCallInfo fcinfo)
{
	static const int made_of[] = {
		ARG_POLICY, ARG_CHANNEL, ARG_PURPOSE, ARG_WEIGHT
	};
	Node	   *expr = fcinfo->flinfo->fn_expr;

	if (expr == NULL || !IsA(expr, FuncExpr))
		return false;
	for (size_t i = 0; i < lengthof(made_of); i++)
		if (!IsA(list_nth(((FuncExpr *) expr)->args, made_of[i]), Const))
			return false;
	return true;
}

/*
 * A policy's bytes as they are stored.  They are compared so, for a policy in
 * a table is compressed and comes with every row; only what is a mere pointer
 * to something in memory has to be read first.
 */
static struct varlena *
RawPolicy(Datum datum)
{
	struct varlena *raw = (struct varlena *) DatumGetPointer(datum);

	if (VARATT_IS_EXTERNAL(raw) && !VARATT_IS_EXTERNAL_ONDISK(raw))
		raw = PG_DETOAST_DATUM(datum);
	return raw;
}

/* The binding of the call's policy, channel, purpose and weight. */
static BindingSlot *
FindBinding(VerdictCache *cache, FunctionCallInfo fcinfo)
{
	struct varlena *policy = NULL;
	text	   *channel = PG_GETARG_TEXT_PP(ARG_CHANNEL);
	text	   *purpose = PG_GETARG_TEXT_PP(ARG_PURPOSE);
	bool		has_weight = !PG_ARGISNULL(ARG_WEIGHT);
	float8		weight = has_weight ? PG_GETARG_FLOAT8(ARG_WEIGHT) : 0;
	BindingSlot *slot;

	if (!PG_ARGISNULL(ARG_POLICY))
		policy = RawPolicy(PG_GETARG_DATUM(ARG_POLICY));
	for (int i = 0; i < BINDING_SLOTS && cache->slots[i] != NULL; i++)
	{
		slot = cache->slots[i];
		if (KeyIs(&slot->channel, VARDATA_ANY(channel),
				  VARSIZE_ANY_EXHDR(channel)) &&
			KeyIs(&slot->purpose, VARDATA_ANY(purpose),
				  VARSIZE_ANY_EXHDR(purpose)) &&
			slot->has_weight == has_weight && slot->weight == weight &&
			(policy == NULL ? slot->policy.bytes == NULL :
			 KeyIs(&slot->policy, (char *) policy, VARSIZE_ANY(policy))))
			return slot;
	}
	slot = MakeBinding(cache, fcinfo, policy, channel, purpose);
	if (BindingIsFixed(fcinfo))
		cache->fixed = slot;
	return slot;
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

/* The best pattern of an opted_out or opted_in argument. */
static const ListSlot *
FindList(BindingSlot *binding, ListSlot *slot, FunctionCallInfo fcinfo,
		 int argument)
{
	static const ListSlot none = {.rank = NO_MATCH};
	ArrayType  *array;
	ListPattern best;
	bool		found;
	MemoryContext old;

	if (PG_ARGISNULL(argument))
		return &none;
	array = PG_GETARG_ARRAYTYPE_P(argument);
	if (slot->known && KeyIs(&slot->array, (char *) array, VARSIZE(array)))
		return slot;
	slot->known = false;
	found = BestOfList(binding->binding, array, &slot->rank, &best);
	old = MemoryContextSwitchTo(binding->context);
	CoreFree(slot->array.bytes);
	slot->array.bytes = NULL;
	CoreFree(slot->pattern);
	slot->pattern = NULL;
	if (found)
	{
		CoreText	out;

		CoreTextInit(&out);
		ListPatternWrite(&best, &out);
		slot->pattern = out.data;
	}
	KeySet(&slot->array, (char *) array, VARSIZE(array));
	slot->known = true;
	MemoryContextSwitchTo(old);
	return slot;
}

/* --- histories */

/* Decode a dictionary and see how the rules see its kinds. */
static KindTable *
MakeKinds(BindingSlot *binding, const HistoryView *history)
{
	CoreError	err;
	HistoryDictionary *decoded = HistoryReadDictionary(history, &err);

	if (decoded == NULL)
		ThrowCoreError(&err);
	return KindTableFor(binding->binding, decoded);
}

/* How the rules see the kinds of a history. */
static const KindTable *
FindKinds(BindingSlot *binding, const HistoryView *history)
{
	const char *bytes = (const char *) history->dictionary;
	size_t		length = history->dictionary_length;
	KindSlot   *slot;
	MemoryContext old;

	if (history->contacts == 0)
		return binding->no_kinds;
	/* one of a kind, and large: not kept beyond the row */
	if (length > KIND_KEPT_MAX)
		return MakeKinds(binding, history);
	slot = &binding->kinds[SlotHash(history->dictionary, length) &
						   (KIND_SLOTS - 1)];
	if (likely(KeyIs(&slot->dictionary, bytes, length) &&
			   slot->table->nkinds == history->kinds))
		return slot->table;
	/* empty the slot first: what follows may end in an error */
	CoreFree(slot->dictionary.bytes);
	slot->dictionary.bytes = NULL;
	if (slot->table != NULL)
		CoreFree(slot->table->dictionary);
	CoreFree(slot->table);
	slot->table = NULL;
	old = MemoryContextSwitchTo(binding->context);
	slot->table = MakeKinds(binding, history);
	KeySet(&slot->dictionary, bytes, length);
	MemoryContextSwitchTo(old);
	return slot->table;
}

/* --- the question of one call */

typedef struct Question
{
	VerdictCache *cache;
	BindingSlot *slot;
	Person		person;
	int			zone;			/* slot, or ZONE_SLOTS: the policy's own */
	Instant		at;
} Question;

/* Read the instant asked about. */
static Instant
InstantArgument(TimestampTz at)
{
	if (!InstantInRange(at))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("the instant of a contact must lie between the years 1 and 9999"),
				 errhint("Infinity and BC dates are no time to write to anybody.")));
	return at;
}

/*
 * Read the arguments, but not the history; false when one of those that make
 * a question is NULL.
 */
static bool
BeginQuestion(FunctionCallInfo fcinfo, Question *question)
{
	VerdictCache *cache;
	BindingSlot *slot;
	const ListSlot *out;
	const ListSlot *in;

	if (PG_ARGISNULL(ARG_CHANNEL) || PG_ARGISNULL(ARG_PURPOSE) ||
		PG_ARGISNULL(ARG_AT))
		return false;
	cache = GetCache(fcinfo);
	slot = cache->fixed != NULL ? cache->fixed : FindBinding(cache, fcinfo);
	question->cache = cache;
	question->slot = slot;
	question->at = InstantArgument(PG_GETARG_TIMESTAMPTZ(ARG_AT));
	question->zone = ZONE_SLOTS;
	question->person.binding = slot->binding;
	question->person.zones = slot->own_zones;
	if (!PG_ARGISNULL(ARG_ZONE))
	{
		Zone	   *zone;

		question->zone = FindZone(cache, PG_GETARG_TEXT_PP(ARG_ZONE));
		zone = cache->zones[question->zone].zone;
		question->person.zones = slot->person_zones;
		for (int i = 0; i < slot->binding->nzones; i++)
			slot->person_zones[i] = zone;
	}
	out = FindList(slot, &slot->opted_out, fcinfo, ARG_OPTED_OUT);
	in = FindList(slot, &slot->opted_in, fcinfo, ARG_OPTED_IN);
	/* where both match the more specific decides, among equals the opt-out */
	question->person.opted_out = out->rank != NO_MATCH &&
		in->rank <= out->rank ? out->pattern : NULL;
	question->person.opted_in = in->rank != NO_MATCH;
	return true;
}

/* Read the history argument. */
static void
ReadHistory(FunctionCallInfo fcinfo, Question *question)
{
	Person	   *person = &question->person;
	CoreError	err;
	struct varlena *value = NULL;

	if (!PG_ARGISNULL(ARG_HISTORY))
		value = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(ARG_HISTORY));
	if (!HistoryOpen(value == NULL ? NULL : VARDATA_ANY(value),
					 value == NULL ? 0 : VARSIZE_ANY_EXHDR(value),
					 &person->history, &err))
		ThrowCoreError(&err);
	person->kinds = FindKinds(question->slot, &person->history);
	person->trimmed = NULL;
	if (person->history.trimmed != NULL)
	{
		person->trimmed = HistoryReadTrimmed(&person->history, &err);
		if (person->trimmed == NULL)
			ThrowCoreError(&err);
	}
}

/* What the rules ask at the question's instant in its zone. */
static const Moments *
FindMoments(Question *question)
{
	BindingSlot *binding = question->slot;
	MomentSlot *slot = &binding->moments[question->zone];
	uint32		generation = question->zone == ZONE_SLOTS ? 0 :
		question->cache->zones[question->zone].generation;

	if (likely(slot->moments != NULL && slot->generation == generation &&
			   slot->moments->at == question->at))
		return slot->moments;
	if (slot->moments == NULL)
		slot->moments = MemoryContextAlloc(binding->context,
										   MomentsSize(binding->binding));
	MomentsAt(binding->binding, question->person.zones, question->at,
			  slot->moments);
	slot->generation = generation;
	return slot->moments;
}

/* may_contact(): the answer alone. */
Datum
may_contact(PG_FUNCTION_ARGS)
{
	Question	question;
	const Moments *moments;
	CoreError	err;
	Passes		passes;

	if (!BeginQuestion(fcinfo, &question))
		PG_RETURN_NULL();
	moments = FindMoments(&question);
	/* no history can open what the clock or an opt-out has closed */
	if (moments->closed || question.person.opted_out != NULL)
		PG_RETURN_BOOL(false);
	ReadHistory(fcinfo, &question);
	passes = MayContact(&question.person, moments, &err);
	if (passes == PASSES_UNKNOWN)
		ThrowCoreError(&err);
	PG_RETURN_BOOL(passes == PASSES_YES);
}

/* next_contact_at(): from when on. */
Datum
next_contact_at(PG_FUNCTION_ARGS)
{
	Question	question;
	CoreError	err;
	Instant		next;

	if (!BeginQuestion(fcinfo, &question))
		PG_RETURN_NULL();
	ReadHistory(fcinfo, &question);
	if (!NextForAll(NextSearchBegin(&question.person, question.at), &next,
					&err))
		ThrowCoreError(&err);
	PG_RETURN_TIMESTAMPTZ(next);
}

/* The text of a bound rule. */
static Datum
RuleTextDatum(const PolicyBinding *binding, const BoundRule *rule)
{
	CoreText	out;

	CoreTextInit(&out);
	PolicyWriteRule(&binding->policy, rule->statement, rule->clause_index,
					&out);
	return PointerGetDatum(cstring_to_text_with_len(out.data,
													(int) out.length));
}

/* The name of a bound rule's layer; the first may have none. */
static Datum
LayerDatum(const PolicyBinding *binding, const BoundRule *rule, bool *isnull)
{
	const char *name = PolicyText(&binding->policy,
								  binding->policy.layers[rule->layer]);

	*isnull = name[0] == '\0';
	return *isnull ? (Datum) 0 : CStringGetTextDatum(name);
}

/* contact_verdict(): the answer with its reason. */
Datum
contact_verdict(PG_FUNCTION_ARGS)
{
	Question	question;
	Verdict		verdict;
	CoreError	err;
	Datum		values[7] = {0};
	bool		nulls[7] = {false, true, true, true, true, true, true};
	const PolicyBinding *binding;

	if (!BeginQuestion(fcinfo, &question))
		PG_RETURN_NULL();
	ReadHistory(fcinfo, &question);
	binding = question.person.binding;
	if (!ContactVerdict(&question.person, question.at, &verdict, &err))
		ThrowCoreError(&err);
	if (question.cache->tupdesc == NULL)
	{
		TupleDesc	tupdesc;
		MemoryContext old;

		if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "return type must be a row type");
		old = MemoryContextSwitchTo(question.cache->context);
		question.cache->tupdesc = BlessTupleDesc(CreateTupleDescCopy(tupdesc));
		MemoryContextSwitchTo(old);
	}
	values[0] = BoolGetDatum(verdict.allowed);
	if (verdict.reason != NULL)
	{
		values[1] = CStringGetTextDatum(verdict.reason);
		values[6] = TimestampTzGetDatum(verdict.retry_at);
		nulls[1] = nulls[6] = false;
	}
	if (verdict.rule >= 0)
	{
		const BoundRule *rule = &binding->rules[verdict.rule];

		values[2] = RuleTextDatum(binding, rule);
		values[3] = LayerDatum(binding, rule, &nulls[3]);
		nulls[2] = false;
	}
	else if (question.person.opted_out != NULL)
	{
		values[2] = PointerGetDatum(cstring_to_text(psprintf("opted out: %s",
															 question.person.opted_out)));
		nulls[2] = false;
	}
	if (verdict.has_cap)
	{
		values[4] = Float8GetDatum(verdict.counted);
		values[5] = Float8GetDatum(verdict.cap);
		nulls[4] = nulls[5] = false;
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(question.cache->tupdesc,
													  values, nulls)));
}

/* The instants that fill a rule, ascending, as timestamptz[]. */
static Datum
InstantsDatum(InstantList *list)
{
	Datum	   *elements = palloc((list->count + 1) * sizeof(Datum));

	InstantListSort(list);
	for (size_t i = 0; i < list->count; i++)
		elements[i] = TimestampTzGetDatum(list->items[i]);
	return PointerGetDatum(construct_array(elements, (int) list->count,
										   TIMESTAMPTZOID, sizeof(TimestampTz),
										   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* One row of explain_contact(): a rule that binds. */
static void
ExplainRule(ReturnSetInfo *rsinfo, Question *question, NextSearch *search,
			const Moments *moments, int index)
{
	const PolicyBinding *binding = question->person.binding;
	const BoundRule *rule = &binding->rules[index];
	RuleFindings findings = {0};
	CoreError	err;
	Instant		own;
	Passes		passes;
	Datum		values[8] = {0};
	bool		nulls[8] = {false, false, false, false, true, true, false, false};

	passes = RulePasses(&question->person, index, moments, &findings, &err);
	if (passes == PASSES_UNKNOWN || !NextForRule(search, index, &own, &err))
		ThrowCoreError(&err);
	values[0] = RuleTextDatum(binding, rule);
	values[1] = LayerDatum(binding, rule, &nulls[1]);
	values[2] = CStringGetTextDatum(RuleReason(rule));
	values[3] = BoolGetDatum(passes == PASSES_YES);
	if (rule->kind == RULE_MAX)
	{
		values[4] = Float8GetDatum(RuleAmount(rule, findings.counted));
		values[5] = Float8GetDatum(RuleAmount(rule, rule->clause->amount));
		nulls[4] = nulls[5] = false;
	}
	values[6] = TimestampTzGetDatum(own);
	values[7] = InstantsDatum(&findings.contacts);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* The row of an opt-out that refuses. */
static void
ExplainOptOut(ReturnSetInfo *rsinfo, const char *pattern)
{
	InstantList none = {0};
	Datum		values[8] = {0};
	bool		nulls[8] = {false, true, false, false, true, true, false, false};

	values[0] = PointerGetDatum(cstring_to_text(psprintf("opted out: %s",
														 pattern)));
	values[2] = CStringGetTextDatum("opt_out");
	values[3] = BoolGetDatum(false);
	values[6] = TimestampTzGetDatum(INSTANT_NEVER);
	values[7] = InstantsDatum(&none);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* explain_contact(): one row for every rule that binds. */
Datum
explain_contact(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Question	question;
	const Moments *moments;
	NextSearch *search;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (!BeginQuestion(fcinfo, &question))
		return (Datum) 0;
	ReadHistory(fcinfo, &question);
	moments = FindMoments(&question);
	search = NextSearchBegin(&question.person, question.at);
	if (question.person.opted_out != NULL)
		ExplainOptOut(rsinfo, question.person.opted_out);
	for (int i = 0; i < question.person.binding->nrules; i++)
		ExplainRule(rsinfo, &question, search, moments, i);
	return (Datum) 0;
}
