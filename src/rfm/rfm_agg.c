/*
 * rfm_agg.c
 *		The aggregates rfm(at, amount) and rfm(rfm).
 *
 * The state is the summary itself.  Within an aggregate it is changed in
 * place: nobody else sees it before the aggregate is done.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "rfm/rfm_pg.h"

PG_FUNCTION_INFO_V1(rfm_accum);
PG_FUNCTION_INFO_V1(rfm_merge);

/*
 * The state to change: the one that the aggregate owns, or a new one in *own
 * where it has none yet or the function is called by itself.
 */
static inline RfmData *
StateToChange(FunctionCallInfo fcinfo, RfmData *own)
{
	if (PG_ARGISNULL(0))
		RfmInit(own);
	else if (likely(AggCheckCallContext(fcinfo, NULL) != 0))
		return unconstify(RfmData *, PG_GETARG_RFM(0));
	else
		*own = *PG_GETARG_RFM(0);
	return own;
}

/* The datum of a changed state. */
static inline Datum
ChangedState(RfmData *state, const RfmData *own)
{
	return state == own ? RfmGetDatum(own) : PointerGetDatum(state);
}

/* rfm_accum(rfm, timestamptz, numeric): one more order or refund */
Datum
rfm_accum(PG_FUNCTION_ARGS)
{
	RfmData		own;
	RfmData    *state;
	Decimal		amount;
	CoreError	err;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	/*
	 * With many groups the state is seldom in a cache: ask for all of it, and
	 * read the amount while it comes.
	 */
	if (!PG_ARGISNULL(0))
	{
		__builtin_prefetch(PG_GETARG_POINTER(0), 1);
		__builtin_prefetch(PG_GETARG_POINTER(0) + sizeof(RfmData) - 1, 1);
	}
	amount = DecimalFromNumeric(PG_GETARG_DATUM(2));
	state = StateToChange(fcinfo, &own);
	if (unlikely(!RfmAddOrder(state, PG_GETARG_TIMESTAMPTZ(1), &amount,
							  &err)))
		ThrowCoreError(&err);
	PG_RETURN_DATUM(ChangedState(state, &own));
}

/* rfm_merge(rfm, rfm): two summaries of one person as one */
Datum
rfm_merge(PG_FUNCTION_ARGS)
{
	RfmData		own;
	RfmData    *state = StateToChange(fcinfo, &own);
	CoreError	err;

	if (!RfmMerge(state, PG_GETARG_RFM(1), &err))
		ThrowCoreError(&err);
	PG_RETURN_DATUM(ChangedState(state, &own));
}
