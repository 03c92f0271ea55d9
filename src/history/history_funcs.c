/*
 * history_funcs.c
 *		Questions to a history: counts, pressure, peak, last, unanswered,
 *		engagement.
 *
 * What repeats from row to row is kept in fn_extra: names folded and checked,
 * the zone, the window's edge for an instant, and what contacts of each kind
 * add for a dictionary.  All of it is found by its bytes.
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "history/ask.h"
#include "history/history_pg.h"

PG_FUNCTION_INFO_V1(contact_count);
PG_FUNCTION_INFO_V1(contact_pressure);
PG_FUNCTION_INFO_V1(contact_peak);
PG_FUNCTION_INFO_V1(last_contact_at);
PG_FUNCTION_INFO_V1(unanswered);
PG_FUNCTION_INFO_V1(engagement);
PG_FUNCTION_INFO_V1(engagement_changes_at);
PG_FUNCTION_INFO_V1(contact_history_unnest);
PG_FUNCTION_INFO_V1(contact_history_cardinality);

/* A customer base has few combinations of labels, and few zones. */
#define AMOUNT_SLOTS	64		/* a power of two */
#define ZONE_SLOTS		16

/* A text argument as it was seen last. */
typedef struct SeenText
{
	bool		seen;
	char	   *bytes;			/* NULL: the argument was NULL */
	size_t		length;
} SeenText;

/* What the kinds of a dictionary add, for the present filter. */
typedef struct AmountSlot
{
	unsigned char *dictionary;	/* NULL: empty slot */
	uint32		length;
	uint32		nkinds;
	int64_t    *amounts;
} AmountSlot;

/* A zone and the window that was asked about in it last. */
typedef struct ZoneSlot
{
	char	   *name;			/* NULL: empty slot */
	size_t		length;
	bool		has_span;
	bool		has_reach;
	Interval	within;
	HistoryWindow window;
} ZoneSlot;

typedef struct AskCache
{
	SeenText	channel_seen;
	SeenText	purpose_seen;
	char		channel[LABEL_NAME_MAX + 1];
	char		purpose[LABEL_PURPOSE_MAX + 1];
	HistoryFilter filter;
	int			next_zone;		/* slot to fill next */
	ZoneSlot	zones[ZONE_SLOTS];
	AmountSlot	amounts[AMOUNT_SLOTS];
} AskCache;

/* Get the call's cache, made on the first call. */
static AskCache *
GetCache(FunctionCallInfo fcinfo)
{
	if (fcinfo->flinfo->fn_extra == NULL)
		fcinfo->flinfo->fn_extra =
			MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(AskCache));
	return fcinfo->flinfo->fn_extra;
}

/* Is the argument what it was in the call before?  Else remember it. */
static bool
SeenBefore(FunctionCallInfo fcinfo, int arg, SeenText *seen)
{
	text	   *value = PG_ARGISNULL(arg) ? NULL : PG_GETARG_TEXT_PP(arg);
	size_t		length = value == NULL ? 0 : VARSIZE_ANY_EXHDR(value);

	if (seen->seen && (value == NULL) == (seen->bytes == NULL) &&
		seen->length == length &&
		(length == 0 || memcmp(seen->bytes, VARDATA_ANY(value), length) == 0))
		return true;
	seen->seen = false;
	CoreFree(seen->bytes);
	seen->bytes = NULL;
	seen->length = length;
	if (value != NULL)
	{
		seen->bytes = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, length + 1);
		memcpy(seen->bytes, VARDATA_ANY(value), length);
	}
	return false;
}

/* Forget what was worked out for another filter. */
static void
ForgetAmounts(AskCache *cache)
{
	for (int i = 0; i < AMOUNT_SLOTS; i++)
	{
		CoreFree(cache->amounts[i].dictionary);
		CoreFree(cache->amounts[i].amounts);
	}
	memset(cache->amounts, 0, sizeof(cache->amounts));
}

/* The arguments channel and purpose, NULL is any. */
static const HistoryFilter *
FilterArgs(FunctionCallInfo fcinfo, AskCache *cache, int channel, int purpose)
{
	if (!SeenBefore(fcinfo, channel, &cache->channel_seen))
	{
		ForgetAmounts(cache);
		cache->filter.channel = NULL;
		if (!PG_ARGISNULL(channel))
		{
			ChannelArg(fcinfo, channel, cache->channel);
			cache->filter.channel = cache->channel;
		}
		cache->channel_seen.seen = true;
	}
	if (!SeenBefore(fcinfo, purpose, &cache->purpose_seen))
	{
		ForgetAmounts(cache);
		cache->filter.purpose = NULL;
		if (!PG_ARGISNULL(purpose))
		{
			PurposeArg(fcinfo, purpose, cache->purpose);
			cache->filter.purpose = cache->purpose;
		}
		cache->purpose_seen.seen = true;
	}
	return &cache->filter;
}

/* The slot of the argument zone. */
static ZoneSlot *
ZoneArg(FunctionCallInfo fcinfo, AskCache *cache, int arg)
{
	text	   *name = PG_GETARG_TEXT_PP(arg);
	size_t		length = VARSIZE_ANY_EXHDR(name);
	ZoneSlot   *slot;
	MemoryContext old;
	Zone	   *zone;
	CoreError	err;

	for (int i = 0; i < ZONE_SLOTS && cache->zones[i].name != NULL; i++)
	{
		slot = &cache->zones[i];
		if (slot->length == length &&
			memcmp(slot->name, VARDATA_ANY(name), length) == 0)
			return slot;
	}
	old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	zone = ZoneOpen(VARDATA_ANY(name), length, &err);
	if (zone == NULL)
		ThrowCoreError(&err);
	slot = &cache->zones[cache->next_zone];
	cache->next_zone = (cache->next_zone + 1) % ZONE_SLOTS;
	CoreFree(slot->name);
	CoreFree(slot->window.zone);
	memset(slot, 0, sizeof(ZoneSlot));
	slot->window.zone = zone;
	slot->length = length;
	slot->name = memcpy(palloc(length + 1), VARDATA_ANY(name), length);
	MemoryContextSwitchTo(old);
	return slot;
}

/* The arguments within and zone. */
static ZoneSlot *
SpanArgs(FunctionCallInfo fcinfo, AskCache *cache, int within, int zone)
{
	Interval   *interval = PG_GETARG_INTERVAL_P(within);
	ZoneSlot   *slot = ZoneArg(fcinfo, cache, zone);

	if (!slot->has_span ||
		memcmp(interval, &slot->within, sizeof(Interval)) != 0)
	{
		slot->has_span = slot->has_reach = false;
		slot->window.span = SpanFromInterval(interval);
		slot->within = *interval;
		slot->has_span = true;
	}
	return slot;
}

/* The arguments within, as_of and zone. */
static const HistoryWindow *
WindowArgs(FunctionCallInfo fcinfo, AskCache *cache, int within, int as_of,
		   int zone)
{
	Instant		t = CheckInstant(PG_GETARG_TIMESTAMPTZ(as_of), "as_of");
	ZoneSlot   *slot = SpanArgs(fcinfo, cache, within, zone);

	if (!slot->has_reach || slot->window.as_of != t)
	{
		slot->window.as_of = t;
		slot->window.reach = SpanReach(slot->window.zone, t,
									   &slot->window.span);
		slot->has_reach = true;
	}
	return &slot->window;
}

/* The argument as_of, infinity is all there is. */
static Instant
AsOfArg(FunctionCallInfo fcinfo, int arg)
{
	TimestampTz t = PG_GETARG_TIMESTAMPTZ(arg);

	return TIMESTAMP_IS_NOEND(t) ? INSTANT_NEVER : CheckInstant(t, "as_of");
}

/* Where to look for a dictionary. */
static AmountSlot *
SlotOf(AskCache *cache, const HistoryView *view)
{
	const unsigned char *p = view->dictionary;
	uint32		length = view->dictionary_length;
	uint64		hash = length;

	for (; length >= 8; p += 8, length -= 8)
		hash = (hash ^ HistoryLoad64(p)) * UINT64CONST(0x9E3779B97F4A7C15);
	while (length > 0)
		hash = (hash ^ p[--length]) * UINT64CONST(0x9E3779B97F4A7C15);
	return &cache->amounts[hash >> 40 & (AMOUNT_SLOTS - 1)];
}

/* What contacts of each kind add; the dictionary is decoded if need be. */
static const AmountSlot *
AmountsOf(FunctionCallInfo fcinfo, AskCache *cache, const HistoryView *view)
{
	static const AmountSlot none = {NULL, 0, 0, NULL};
	AmountSlot *slot;
	HistoryDictionary *dictionary;

	if (view->contacts == 0)
		return &none;
	slot = SlotOf(cache, view);
	if (slot->length == view->dictionary_length &&
		memcmp(slot->dictionary, view->dictionary, slot->length) == 0 &&
		slot->nkinds == view->kinds)
		return slot;

	dictionary = ReadDictionary(view);
	CoreFree(slot->dictionary);
	CoreFree(slot->amounts);
	memset(slot, 0, sizeof(AmountSlot));
	slot->dictionary = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt,
										  view->dictionary_length);
	slot->amounts = MemoryContextAllocHuge(fcinfo->flinfo->fn_mcxt,
										   dictionary->nkinds *
										   sizeof(int64_t));
	memcpy(slot->dictionary, view->dictionary, view->dictionary_length);
	slot->nkinds = dictionary->nkinds;
	HistoryAmounts(dictionary, &cache->filter, slot->amounts);
	CoreFree(dictionary);
	slot->length = view->dictionary_length;
	return slot;
}

/* Sum up a window; false when an argument that matters is NULL. */
static bool
SumWindow(FunctionCallInfo fcinfo, int64_t *count, int64_t *pressure)
{
	AskCache   *cache = GetCache(fcinfo);
	const HistoryFilter *filter;
	const HistoryWindow *window;
	const AmountSlot *slot;
	HistoryView view;
	CoreError	err;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(5))
		return false;
	filter = FilterArgs(fcinfo, cache, 3, 4);
	window = WindowArgs(fcinfo, cache, 1, 2, 5);
	OpenHistoryArg(fcinfo, 0, &view);
	slot = AmountsOf(fcinfo, cache, &view);
	if (!HistorySum(&view, slot->amounts, slot->nkinds, filter, window, count,
					pressure, &err))
		ThrowCoreError(&err);
	return true;
}

/* contact_count(history, within, as_of, channel, purpose, zone) */
Datum
contact_count(PG_FUNCTION_ARGS)
{
	int64_t		count;
	int64_t		pressure;

	if (!SumWindow(fcinfo, &count, &pressure))
		PG_RETURN_NULL();
	PG_RETURN_INT32((int32) count);
}

/* contact_pressure(history, within, as_of, channel, purpose, zone) */
Datum
contact_pressure(PG_FUNCTION_ARGS)
{
	int64_t		count;
	int64_t		pressure;

	if (!SumWindow(fcinfo, &count, &pressure))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8((float8) pressure / (float8) WEIGHT_ONE);
}

/* contact_peak(history, within, channel, purpose, zone) */
Datum
contact_peak(PG_FUNCTION_ARGS)
{
	AskCache   *cache = GetCache(fcinfo);
	const HistoryFilter *filter;
	const HistoryWindow *window;
	HistoryView view;
	int64_t		most;
	CoreError	err;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(4))
		PG_RETURN_NULL();
	filter = FilterArgs(fcinfo, cache, 2, 3);
	window = &SpanArgs(fcinfo, cache, 1, 4)->window;
	OpenHistoryArg(fcinfo, 0, &view);
	if (!HistoryPeak(&view, ReadDictionary(&view), filter, window->zone,
					 &window->span, &most, &err))
		ThrowCoreError(&err);
	PG_RETURN_INT32((int32) most);
}

/* last_contact_at(history, channel, purpose, as_of) */
Datum
last_contact_at(PG_FUNCTION_ARGS)
{
	AskCache   *cache = GetCache(fcinfo);
	const HistoryFilter *filter;
	HistoryView view;
	Instant		as_of;
	Instant		last;
	CoreError	err;

	if (PG_ARGISNULL(3))
		PG_RETURN_NULL();
	filter = FilterArgs(fcinfo, cache, 1, 2);
	as_of = AsOfArg(fcinfo, 3);
	OpenHistoryArg(fcinfo, 0, &view);
	if (!HistoryLast(&view, ReadDictionary(&view), filter, as_of, &last,
					 &err))
		ThrowCoreError(&err);
	if (last == INSTANT_NONE)
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(last);
}

/* unanswered(history, channel, purpose, as_of, answer) */
Datum
unanswered(PG_FUNCTION_ARGS)
{
	AskCache   *cache = GetCache(fcinfo);
	const HistoryFilter *filter;
	HistoryView view;
	Instant		as_of;
	Outcome		answer;
	int64_t		count;
	CoreError	err;

	if (PG_ARGISNULL(3) || PG_ARGISNULL(4))
		PG_RETURN_NULL();
	filter = FilterArgs(fcinfo, cache, 1, 2);
	as_of = AsOfArg(fcinfo, 3);
	answer = OutcomeArg(fcinfo, 4);
	if (answer < OUTCOME_SENT || answer > OUTCOME_CONVERTED)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" is no answer", OutcomeNames[answer]),
				 errhint("Use sent, delivered, opened, clicked, replied or "
						 "converted: that outcome or a better one is an "
						 "answer.")));
	OpenHistoryArg(fcinfo, 0, &view);
	if (!HistoryUnanswered(&view, ReadDictionary(&view), filter, as_of,
						   answer, &count, &err))
		ThrowCoreError(&err);
	PG_RETURN_INT32((int32) count);
}

/* engagement(history, as_of) */
Datum
engagement(PG_FUNCTION_ARGS)
{
	HistoryView view;
	Instant		as_of;
	Engagement	result;
	CoreError	err;

	if (PG_ARGISNULL(1))
		PG_RETURN_NULL();
	as_of = CheckInstant(PG_GETARG_TIMESTAMPTZ(1), "as_of");
	OpenHistoryArg(fcinfo, 0, &view);
	if (!HistoryEngagement(&view, ReadDictionary(&view), as_of, &result,
						   &err))
		ThrowCoreError(&err);
	PG_RETURN_TEXT_P(cstring_to_text(EngagementNames[result]));
}

/*
 * engagement_changes_at(history, as_of): the first instant after as_of with
 * another engagement(); infinity when there is none
 */
Datum
engagement_changes_at(PG_FUNCTION_ARGS)
{
	HistoryView view;
	Instant		as_of;
	Instant		change;
	CoreError	err;

	if (PG_ARGISNULL(1))
		PG_RETURN_NULL();
	as_of = CheckInstant(PG_GETARG_TIMESTAMPTZ(1), "as_of");
	OpenHistoryArg(fcinfo, 0, &view);
	if (!HistoryEngagementChanges(&view, ReadDictionary(&view), as_of,
								  &change, &err))
		ThrowCoreError(&err);
	PG_RETURN_TIMESTAMPTZ(change);
}

/* cardinality(history): the contacts that are not trimmed */
Datum
contact_history_cardinality(PG_FUNCTION_ARGS)
{
	HistoryView view;

	OpenHistoryArg(fcinfo, 0, &view);
	PG_RETURN_INT32((int32) view.contacts);
}

/* unnest(history): one row for each contact that is not trimmed */
Datum
contact_history_unnest(PG_FUNCTION_ARGS)
{
	FuncCallContext *funcctx;
	HistoryCursor *cursor;
	Contact		contact;
	Datum		values[5];
	bool		nulls[5] = {false};

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old;
		HistoryView *view;
		TupleDesc	tupdesc;

		funcctx = SRF_FIRSTCALL_INIT();
		old = MemoryContextSwitchTo(funcctx->multi_call_memory_ctx);
		if (get_call_result_type(fcinfo, NULL, &tupdesc) !=
			TYPEFUNC_COMPOSITE)
			elog(ERROR, "return type must be a row type");
		funcctx->tuple_desc = BlessTupleDesc(tupdesc);
		cursor = palloc0(sizeof(HistoryCursor));
		view = palloc(sizeof(HistoryView));
		/* the argument may be gone by the next call: keep a copy */
		if (!PG_ARGISNULL(0))
			fcinfo->args[0].value =
				PointerGetDatum(PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(0)));
		OpenHistoryArg(fcinfo, 0, view);
		cursor->view = view;
		cursor->dictionary = ReadDictionary(view);
		funcctx->user_fctx = cursor;
		MemoryContextSwitchTo(old);
	}
	funcctx = SRF_PERCALL_SETUP();
	cursor = funcctx->user_fctx;
	if (!HistoryNext(cursor, &contact))
		SRF_RETURN_DONE(funcctx);
	values[0] = TimestampTzGetDatum(contact.at);
	values[1] = CStringGetTextDatum(contact.channel);
	values[2] = CStringGetTextDatum(contact.purpose);
	nulls[3] = contact.weight == WEIGHT_NONE;
	values[3] = Float8GetDatum((float8) contact.weight / (float8) WEIGHT_ONE);
	values[4] = CStringGetTextDatum(OutcomeNames[contact.outcome]);
	SRF_RETURN_NEXT(funcctx,
					HeapTupleGetDatum(heap_form_tuple(funcctx->tuple_desc,
													  values, nulls)));
}
