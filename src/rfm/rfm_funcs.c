/*
 * rfm_funcs.c
 *		What can be asked of a purchase summary, the constructor and "+".
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "history/calendar.h"
#include "rfm/rfm_pg.h"

PG_FUNCTION_INFO_V1(rfm_make);
PG_FUNCTION_INFO_V1(rfm_add);
PG_FUNCTION_INFO_V1(rfm_first_order_at);
PG_FUNCTION_INFO_V1(rfm_last_order_at);
PG_FUNCTION_INFO_V1(rfm_orders);
PG_FUNCTION_INFO_V1(rfm_amount);
PG_FUNCTION_INFO_V1(rfm_average_order);
PG_FUNCTION_INFO_V1(rfm_recency_days);

/*
 * rfm(first_order_at, last_order_at, orders, amount): from figures that are
 * there for each customer already
 */
Datum
rfm_make(PG_FUNCTION_ARGS)
{
	RfmData		rfm;
	Decimal		amount;
	CoreError	err;

	if (PG_ARGISNULL(2) || PG_ARGISNULL(3))
		PG_RETURN_NULL();
	RfmInit(&rfm);
	rfm.orders = PG_GETARG_INT64(2);
	if (!PG_ARGISNULL(0))
		rfm.first = PG_GETARG_TIMESTAMPTZ(0);
	else if (rfm.orders > 0)
		rfm.first = INSTANT_NONE;
	if (!PG_ARGISNULL(1))
		rfm.last = PG_GETARG_TIMESTAMPTZ(1);
	amount = DecimalFromNumeric(PG_GETARG_DATUM(3));
	RfmSetUnits(&rfm, amount.units);
	rfm.scale = (uint16) amount.scale;
	if (!RfmCheck(&rfm, &err))
		ThrowCoreError(&err);
	PG_RETURN_DATUM(RfmGetDatum(&rfm));
}

/* rfm + rfm */
Datum
rfm_add(PG_FUNCTION_ARGS)
{
	RfmData		sum = *PG_GETARG_RFM(0);
	CoreError	err;

	if (!RfmMerge(&sum, PG_GETARG_RFM(1), &err))
		ThrowCoreError(&err);
	PG_RETURN_DATUM(RfmGetDatum(&sum));
}

/* NULL without an order, and when it is not known */
Datum
rfm_first_order_at(PG_FUNCTION_ARGS)
{
	Instant		first = PG_GETARG_RFM(0)->first;

	if (first == INSTANT_NEVER || first == INSTANT_NONE)
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(first);
}

/* NULL without an order */
Datum
rfm_last_order_at(PG_FUNCTION_ARGS)
{
	Instant		last = PG_GETARG_RFM(0)->last;

	if (last == INSTANT_NONE)
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(last);
}

Datum
rfm_orders(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_GETARG_RFM(0)->orders);
}

Datum
rfm_amount(PG_FUNCTION_ARGS)
{
	Decimal		amount = RfmAmount(PG_GETARG_RFM(0));

	PG_RETURN_DATUM(DecimalGetNumeric(&amount));
}

/* the amount (less refunds) divided by the orders; NULL without an order */
Datum
rfm_average_order(PG_FUNCTION_ARGS)
{
	const RfmData *rfm = PG_GETARG_RFM(0);
	Decimal		amount = RfmAmount(rfm);
	Datum		orders;

	if (rfm->orders == 0)
		PG_RETURN_NULL();
	orders = DirectFunctionCall1(int8_numeric, Int64GetDatum(rfm->orders));
	PG_RETURN_DATUM(DirectFunctionCall2(numeric_div,
										DecimalGetNumeric(&amount), orders));
}

/* --- recency */

/* The zone of the row before, which most often is that of this row. */
typedef struct RecencyCache
{
	char	   *name;			/* NULL: the argument was */
	size_t		length;
	Zone	   *zone;
	Instant		as_of;
	int32_t		as_of_date;		/* in the zone */
} RecencyCache;

/* Make the call's cache the one for a zone. */
static RecencyCache *
OpenRecency(FunctionCallInfo fcinfo, const char *name, size_t length)
{
	RecencyCache *cache = fcinfo->flinfo->fn_extra;
	MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	CoreError	err;
	Zone	   *zone = ZoneOpen(name, length, &err);

	if (zone == NULL)
		ThrowCoreError(&err);
	if (cache == NULL)
	{
		cache = palloc0(sizeof(RecencyCache));
		fcinfo->flinfo->fn_extra = cache;
	}
	CoreFree(cache->zone);
	CoreFree(cache->name);
	cache->zone = zone;
	cache->name = name == NULL ? NULL : pnstrdup(name, length);
	cache->length = length;
	cache->as_of = INSTANT_NONE;
	MemoryContextSwitchTo(old);
	return cache;
}

/* The call's cache, for the zone of this row and its as_of. */
static RecencyCache *
GetRecency(FunctionCallInfo fcinfo, Instant as_of)
{
	RecencyCache *cache = fcinfo->flinfo->fn_extra;
	const char *name = NULL;
	size_t		length = 0;

	if (!PG_ARGISNULL(2))
	{
		text	   *zone = PG_GETARG_TEXT_PP(2);

		name = VARDATA_ANY(zone);
		length = VARSIZE_ANY_EXHDR(zone);
	}
	if (cache == NULL || (cache->name == NULL) != (name == NULL) ||
		cache->length != length ||
		(name != NULL && memcmp(cache->name, name, length) != 0))
		cache = OpenRecency(fcinfo, name, length);
	if (cache->as_of != as_of)
	{
		CheckAsOf(as_of);
		cache->as_of_date = ZoneDate(cache->zone, as_of);
		cache->as_of = as_of;
	}
	return cache;
}

/*
 * recency_days(rfm, as_of, zone): calendar days from the last order to as_of,
 * both as dates in the zone (NULL: UTC); negative when the order is later
 */
Datum
rfm_recency_days(PG_FUNCTION_ARGS)
{
	const RfmData *rfm;
	RecencyCache *cache;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	rfm = PG_GETARG_RFM(0);
	cache = GetRecency(fcinfo, PG_GETARG_TIMESTAMPTZ(1));
	if (rfm->last == INSTANT_NONE)
		PG_RETURN_NULL();
	PG_RETURN_INT32(cache->as_of_date - ZoneDate(cache->zone, rfm->last));
}
