/*
 * model_agg.c
 *		The aggregate rfm_model(rfm, as_of, bins, method, zone).
 *
 * Thresholds need all values at hand: 24 bytes a customer, gathered by any
 * number of workers and sorted once.
 */
#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "rfm/model_pg.h"
#include "rfm/rfm_pg.h"

PG_FUNCTION_INFO_V1(rfm_model_accum);
PG_FUNCTION_INFO_V1(rfm_model_combine);
PG_FUNCTION_INFO_V1(rfm_model_serial);
PG_FUNCTION_INFO_V1(rfm_model_deserial);
PG_FUNCTION_INFO_V1(rfm_model_final);

/* The arguments of the transition function. */
enum
{
	ARG_STATE, ARG_RFM, ARG_AS_OF, ARG_BINS, ARG_METHOD, ARG_ZONE, ARG_END
};

typedef struct ModelState
{
	MemoryContext context;
	Model		model;			/* all but thresholds and population */
	Zone	   *zone;
	int32_t		as_of_date;		/* in the zone */
	text	   *texts[ARG_END]; /* method and zone as they were given */
	Population	population;
} ModelState;

/* --- parameters: the same in each row */

/* Is an argument there, and not null? */
static inline bool
Given(FunctionCallInfo fcinfo, int argument)
{
	return argument < PG_NARGS() && !PG_ARGISNULL(argument);
}

/* The model that a row asks for. */
static void
ReadParameters(FunctionCallInfo fcinfo, Model *model)
{
	int			bins = Given(fcinfo, ARG_BINS) ? PG_GETARG_INT32(ARG_BINS) :
		BINS_DEFAULT;
	ModelMethod method = METHOD_DISC;
	CoreError	err;

	ModelInit(model);
	model->as_of = PG_GETARG_TIMESTAMPTZ(ARG_AS_OF);
	CheckAsOf(model->as_of);
	if (bins < BINS_MIN || bins > BINS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%d bins: there are %d to %d", bins, BINS_MIN,
						BINS_MAX),
				 errhint("A score has one digit for each dimension.")));
	for (int d = 0; d < DIMENSIONS; d++)
		model->bins[d] = (uint8) bins;
	if (Given(fcinfo, ARG_METHOD))
	{
		text	   *name = PG_GETARG_TEXT_PP(ARG_METHOD);

		if (!MethodParse(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), &method,
						 &err))
			ThrowCoreError(&err);
	}
	if (method == METHOD_CUSTOM)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("method \"custom\" is for own cut points"),
				 errhint("rfm_model(recency, frequency, monetary) takes "
						 "three arrays of thresholds.")));
	model->method = (uint8) method;
	if (Given(fcinfo, ARG_ZONE))
	{
		text	   *zone = PG_GETARG_TEXT_PP(ARG_ZONE);

		if (!ModelSetZone(model, VARDATA_ANY(zone), VARSIZE_ANY_EXHDR(zone),
						  &err))
			ThrowCoreError(&err);
	}
}

/* Is a text argument what it was in the first row, letter by letter? */
static inline bool
SameText(FunctionCallInfo fcinfo, const ModelState *state, int argument)
{
	const text *first = state->texts[argument];
	text	   *now;

	if (!Given(fcinfo, argument))
		return first == NULL;
	now = PG_GETARG_TEXT_PP(argument);
	return first != NULL &&
		VARSIZE_ANY_EXHDR(first) == VARSIZE_ANY_EXHDR(now) &&
		memcmp(VARDATA_ANY(first), VARDATA_ANY(now),
			   VARSIZE_ANY_EXHDR(now)) == 0;
}

/* Raise an error unless the row asks for the same model as the first one. */
static inline void
CheckParameters(FunctionCallInfo fcinfo, const ModelState *state)
{
	Model		asked;

	if (likely(PG_GETARG_TIMESTAMPTZ(ARG_AS_OF) == state->model.as_of &&
			   (Given(fcinfo, ARG_BINS) ? PG_GETARG_INT32(ARG_BINS) :
				BINS_DEFAULT) == state->model.bins[0] &&
			   SameText(fcinfo, state, ARG_METHOD) &&
			   SameText(fcinfo, state, ARG_ZONE)))
		return;
	ReadParameters(fcinfo, &asked);
	if (memcmp(&asked, &state->model, sizeof(Model)) == 0)
		return;					/* "DISC" and "disc" */
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the rows of an rfm_model differ in as_of, bins, method or zone"),
			 errhint("They are the same for all customers of a model.")));
}

/* --- the state */

/* An empty state for a model, in a memory context of the aggregate's. */
static ModelState *
NewState(MemoryContext context, const Model *model)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	ModelState *state = palloc0(sizeof(ModelState));

	state->context = context;
	state->model = *model;
	state->zone = ModelOpenZone(model);
	state->as_of_date = ZoneDate(state->zone, model->as_of);
	MemoryContextSwitchTo(old);
	return state;
}

/* The state for the first row. */
static ModelState *
FirstState(FunctionCallInfo fcinfo, MemoryContext context)
{
	Model		model;
	ModelState *state;
	MemoryContext old;

	ReadParameters(fcinfo, &model);
	state = NewState(context, &model);
	old = MemoryContextSwitchTo(context);
	for (int i = ARG_METHOD; i <= ARG_ZONE; i++)
		if (Given(fcinfo, i))
			state->texts[i] = PG_GETARG_TEXT_P_COPY(i);
	MemoryContextSwitchTo(old);
	return state;
}

/* The aggregate's context; raises an error when there is no aggregate. */
static MemoryContext
AggregateContext(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "rfm_model aggregate function called in non-aggregate context");
	return context;
}

/* rfm_model_accum(internal, rfm, as_of, bins, method, zone) */
Datum
rfm_model_accum(PG_FUNCTION_ARGS)
{
	MemoryContext context = AggregateContext(fcinfo);
	MemoryContext old;
	ModelState *state = PG_ARGISNULL(ARG_STATE) ? NULL :
		(ModelState *) PG_GETARG_POINTER(ARG_STATE);
	const RfmData *rfm;
	Decimal		amount;

	if (PG_ARGISNULL(ARG_RFM) || PG_ARGISNULL(ARG_AS_OF))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	if (state == NULL)
		state = FirstState(fcinfo, context);
	else
		CheckParameters(fcinfo, state);

	rfm = PG_GETARG_RFM(ARG_RFM);
	if (rfm->orders > 0)
	{
		if (rfm->last > state->model.as_of)
			ThrowFuture(rfm, state->model.as_of);
		amount = RfmAmount(rfm);
		old = MemoryContextSwitchTo(context);
		PopulationAdd(&state->population,
					  state->as_of_date - ZoneDate(state->zone, rfm->last),
					  rfm->orders, DecimalToDouble(&amount));
		MemoryContextSwitchTo(old);
	}
	PG_RETURN_POINTER(state);
}

/* Two parts of one population. */
Datum
rfm_model_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = AggregateContext(fcinfo);
	MemoryContext old;
	ModelState *state = PG_ARGISNULL(0) ? NULL :
		(ModelState *) PG_GETARG_POINTER(0);
	const ModelState *other;

	if (PG_ARGISNULL(1))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	other = (const ModelState *) PG_GETARG_POINTER(1);
	if (state == NULL)
		state = NewState(context, &other->model);
	else if (memcmp(&state->model, &other->model, sizeof(Model)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the rows of an rfm_model differ in as_of, bins, method or zone"),
				 errhint("They are the same for all customers of a model.")));
	old = MemoryContextSwitchTo(context);
	PopulationMerge(&state->population, &other->population);
	MemoryContextSwitchTo(old);
	PG_RETURN_POINTER(state);
}

/*
 * The state as bytes, from one process of a query to another of the same
 * server: as the machine has them.
 */
Datum
rfm_model_serial(PG_FUNCTION_ARGS)
{
	const ModelState *state = (const ModelState *) PG_GETARG_POINTER(0);
	size_t		count = state->population.count;
	StringInfoData buf;

	(void) AggregateContext(fcinfo);
	if (count > MaxAllocSize / (DIMENSIONS * sizeof(uint64_t)) - 1024)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many customers for parallel workers: %zu", count),
				 errhint("SET max_parallel_workers_per_gather = 0 for this query.")));
	pq_begintypsend(&buf);
	pq_sendbytes(&buf, (const char *) &state->model, sizeof(Model));
	for (int d = 0; d < DIMENSIONS && count > 0; d++)
		pq_sendbytes(&buf, (const char *) state->population.keys[d],
					 (int) (count * sizeof(uint64_t)));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* The state from the bytes of rfm_model_serial(). */
Datum
rfm_model_deserial(PG_FUNCTION_ARGS)
{
	bytea	   *bytes = PG_GETARG_BYTEA_PP(0);
	const char *p = VARDATA_ANY(bytes);
	size_t		length = VARSIZE_ANY_EXHDR(bytes);
	ModelState *state = palloc0(sizeof(ModelState));
	size_t		count;

	(void) AggregateContext(fcinfo);
	if (length < sizeof(Model))
		elog(ERROR, "rfm_model state of %zu bytes", length);
	memcpy(&state->model, p, sizeof(Model));
	p += sizeof(Model);
	count = (length - sizeof(Model)) / (DIMENSIONS * sizeof(uint64_t));
	for (int d = 0; d < DIMENSIONS && count > 0; d++)
	{
		state->population.keys[d] = palloc(count * sizeof(uint64_t));
		memcpy(state->population.keys[d], p, count * sizeof(uint64_t));
		p += count * sizeof(uint64_t);
	}
	state->population.count = state->population.space = count;
	PG_RETURN_POINTER(state);
}

/* The model; NULL without a customer who has ordered. */
Datum
rfm_model_final(PG_FUNCTION_ARGS)
{
	ModelState *state = PG_ARGISNULL(0) ? NULL :
		(ModelState *) PG_GETARG_POINTER(0);
	MemoryContext old;
	Model		model;

	(void) AggregateContext(fcinfo);
	if (state == NULL || state->population.count == 0)
		PG_RETURN_NULL();
	model = state->model;
	old = MemoryContextSwitchTo(state->context);
	ModelFit(&model, &state->population);
	MemoryContextSwitchTo(old);
	PG_RETURN_DATUM(ModelGetDatum(&model));
}
