/*
 * model_io.c
 *		Input and output of the type rfm_model, its constructor and its bins.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "compat.h"
#include "rfm/model_pg.h"

PG_FUNCTION_INFO_V1(rfm_model_in);
PG_FUNCTION_INFO_V1(rfm_model_out);
PG_FUNCTION_INFO_V1(rfm_model_recv);
PG_FUNCTION_INFO_V1(rfm_model_send);
PG_FUNCTION_INFO_V1(rfm_model_from_jsonb);
PG_FUNCTION_INFO_V1(rfm_model_to_jsonb);
PG_FUNCTION_INFO_V1(rfm_model_eq);
PG_FUNCTION_INFO_V1(rfm_model_ne);
PG_FUNCTION_INFO_V1(rfm_model_lt);
PG_FUNCTION_INFO_V1(rfm_model_le);
PG_FUNCTION_INFO_V1(rfm_model_gt);
PG_FUNCTION_INFO_V1(rfm_model_ge);
PG_FUNCTION_INFO_V1(rfm_model_cmp);
PG_FUNCTION_INFO_V1(rfm_model_hash);
PG_FUNCTION_INFO_V1(rfm_model_hash_extended);
PG_FUNCTION_INFO_V1(rfm_model_make);
PG_FUNCTION_INFO_V1(rfm_model_bins);

/* See model_pg.h. */
Zone *
ModelOpenZone(const Model *model)
{
	CoreError	err;
	Zone	   *zone = ZoneOpen(model->zone, strlen(model->zone), &err);

	if (zone == NULL)
		ThrowCoreError(&err);
	return zone;
}

/* Read the JSON form. */
static Datum
ModelFromText(const char *text, size_t length)
{
	Model		model;
	CoreError	err;

	if (!ModelParse(text, length, &model, &err))
		ThrowCoreError(&err);
	return ModelGetDatum(&model);
}

/* Write the JSON form. */
static char *
ModelToText(const Model *model)
{
	CoreText	text;

	CoreTextInit(&text);
	ModelWrite(model, &text);
	return text.data;
}

Datum
rfm_model_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);

	PG_RETURN_DATUM(ModelFromText(text, strlen(text)));
}

Datum
rfm_model_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(ModelToText(PG_GETARG_MODEL(0)));
}

Datum
rfm_model_from_jsonb(PG_FUNCTION_ARGS)
{
	Jsonb	   *json = PG_GETARG_JSONB_P(0);
	char	   *text = JsonbToCString(NULL, &json->root, VARSIZE(json));

	PG_RETURN_DATUM(ModelFromText(text, strlen(text)));
}

Datum
rfm_model_to_jsonb(PG_FUNCTION_ARGS)
{
	char	   *text = ModelToText(PG_GETARG_MODEL(0));

	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
}

/* --- the wire form; see doc/binary-formats.md */

/* The version, the flags, the method and the bins. */
static void
ReceiveHeader(StringInfo buf, Model *model)
{
	int			version = pq_getmsgbyte(buf);
	int			flags = pq_getmsgbyte(buf);

	if (version != MODEL_VERSION || flags != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("unknown version of binary rfm_model: %d, flags %d",
						version, flags),
				 errhint("This release reads version %d without flags.",
						 MODEL_VERSION)));
	model->method = (uint8) pq_getmsgbyte(buf);
	for (int d = 0; d < DIMENSIONS; d++)
	{
		model->bins[d] = (uint8) pq_getmsgbyte(buf);
		if (model->bins[d] < BINS_MIN || model->bins[d] > BINS_MAX)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					 errmsg("binary rfm_model has %d bins", model->bins[d]),
					 errhint("There are %d to %d.", BINS_MIN, BINS_MAX)));
	}
}

Datum
rfm_model_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	Model		model;
	CoreError	err;
	char	   *zone;
	int			length;

	ModelInit(&model);
	ReceiveHeader(buf, &model);
	model.as_of = pq_getmsgint64(buf);
	model.customers = pq_getmsgint64(buf);
	for (int d = 0; d < DIMENSIONS; d++)
		for (int k = 0; k < model.bins[d] - 1; k++)
			model.thresholds[d][k] = pq_getmsgfloat8(buf);
	for (int d = 0; d < DIMENSIONS && model.customers >= 0; d++)
		for (int i = 0; i < model.bins[d]; i++)
			model.population[d][i] = pq_getmsgint64(buf);
	zone = pq_getmsgtext(buf, buf->len - buf->cursor, &length);
	if (!ModelSetZone(&model, zone, (size_t) length, &err) ||
		!ModelCheck(&model, &err))
	{
		err.code = CORE_BINARY;
		ThrowCoreError(&err);
	}
	PG_RETURN_DATUM(ModelGetDatum(&model));
}

Datum
rfm_model_send(PG_FUNCTION_ARGS)
{
	const Model *model = PG_GETARG_MODEL(0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, model->version);
	pq_sendbyte(&buf, model->flags);
	pq_sendbyte(&buf, model->method);
	for (int d = 0; d < DIMENSIONS; d++)
		pq_sendbyte(&buf, model->bins[d]);
	pq_sendint64(&buf, (uint64) model->as_of);
	pq_sendint64(&buf, (uint64) model->customers);
	for (int d = 0; d < DIMENSIONS; d++)
		for (int k = 0; k < model->bins[d] - 1; k++)
			pq_sendfloat8(&buf, model->thresholds[d][k]);
	for (int d = 0; d < DIMENSIONS && model->customers >= 0; d++)
		for (int i = 0; i < model->bins[d]; i++)
			pq_sendint64(&buf, (uint64) model->population[d][i]);
	pq_sendtext(&buf, model->zone, (int) strlen(model->zone));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* --- comparison: equal models have equal bytes */

/* What of a model is compared: all but the length word. */
#define MODEL_BYTES(model) \
	((const unsigned char *) (model) + offsetof(Model, version))
#define MODEL_BYTES_SIZE	((int) (sizeof(Model) - offsetof(Model, version)))

static int
CompareModels(FunctionCallInfo fcinfo)
{
	return memcmp(MODEL_BYTES(PG_GETARG_MODEL(0)),
				  MODEL_BYTES(PG_GETARG_MODEL(1)), MODEL_BYTES_SIZE);
}

Datum
rfm_model_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareModels(fcinfo) == 0);
}

Datum
rfm_model_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareModels(fcinfo) != 0);
}

Datum
rfm_model_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareModels(fcinfo) < 0);
}

Datum
rfm_model_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareModels(fcinfo) <= 0);
}

Datum
rfm_model_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareModels(fcinfo) > 0);
}

Datum
rfm_model_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareModels(fcinfo) >= 0);
}

Datum
rfm_model_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(CompareModels(fcinfo));
}

Datum
rfm_model_hash(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(hash_any(MODEL_BYTES(PG_GETARG_MODEL(0)),
							 MODEL_BYTES_SIZE));
}

Datum
rfm_model_hash_extended(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(hash_any_extended(MODEL_BYTES(PG_GETARG_MODEL(0)),
									  MODEL_BYTES_SIZE, PG_GETARG_INT64(1)));
}

/* --- the constructor */

/* A dimension's thresholds from an array. */
static void
SetThresholds(Model *model, Dimension dimension, ArrayType *array)
{
	Datum	   *values;
	int			n;

	if (ARR_NDIM(array) > 1 || array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s thresholds must be a plain array without nulls",
						DimensionNames[dimension])));
	deconstruct_array(array, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL,
					  TYPALIGN_DOUBLE, &values, NULL, &n);
	/* what is too many is refused by the number of bins */
	n = Min(n, BINS_MAX);
	model->bins[dimension] = (uint8) (n + 1);
	for (int k = 0; k < Min(n, BINS_MAX - 1); k++)
		model->thresholds[dimension][k] = DatumGetFloat8(values[k]);
}

/* rfm_model(recency, frequency, monetary, method, zone): own cut points */
Datum
rfm_model_make(PG_FUNCTION_ARGS)
{
	text	   *name = PG_GETARG_TEXT_PP(3);
	text	   *zone = PG_GETARG_TEXT_PP(4);
	Model		model;
	ModelMethod method;
	CoreError	err;

	ModelInit(&model);
	for (int d = 0; d < DIMENSIONS; d++)
		SetThresholds(&model, (Dimension) d, PG_GETARG_ARRAYTYPE_P(d));
	if (!MethodParse(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), &method,
					 &err) ||
		!ModelSetZone(&model, VARDATA_ANY(zone), VARSIZE_ANY_EXHDR(zone),
					  &err))
		ThrowCoreError(&err);
	model.method = (uint8) method;
	if (!ModelCheck(&model, &err))
		ThrowCoreError(&err);
	PG_RETURN_DATUM(ModelGetDatum(&model));
}

/* --- the bins as rows */

enum
{
	BIN_DIMENSION, BIN_SCORE, BIN_LOWER, BIN_UPPER, BIN_CUSTOMERS,
	BIN_MEANING, BIN_COLUMNS
};

/* One row of rfm_model_bins(). */
static void
PutBin(ReturnSetInfo *rsinfo, const Model *model, Dimension dimension,
	   int score)
{
	int			bins = model->bins[dimension];
	/* in the order of the values */
	int			bin = dimension == RECENCY ? bins - score : score - 1;
	const double *t = model->thresholds[dimension];
	Datum		values[BIN_COLUMNS] = {0};
	bool		nulls[BIN_COLUMNS] = {false};
	CoreText	meaning;

	CoreTextInit(&meaning);
	ModelWriteBin(model, dimension, score, &meaning);
	values[BIN_DIMENSION] = CStringGetTextDatum(DimensionNames[dimension]);
	values[BIN_SCORE] = Int32GetDatum(score);
	nulls[BIN_LOWER] = bin == 0;
	if (bin > 0)
		values[BIN_LOWER] = Float8GetDatum(t[bin - 1]);
	nulls[BIN_UPPER] = bin == bins - 1;
	if (bin < bins - 1)
		values[BIN_UPPER] = Float8GetDatum(t[bin]);
	nulls[BIN_CUSTOMERS] = model->customers < 0;
	values[BIN_CUSTOMERS] =
		Int64GetDatum(model->population[dimension][score - 1]);
	values[BIN_MEANING] = CStringGetTextDatum(meaning.data);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* rfm_model_bins(model): what each score of each dimension stands for */
Datum
rfm_model_bins(PG_FUNCTION_ARGS)
{
	const Model *model = PG_GETARG_MODEL(0);

	InitMaterializedSRF(fcinfo, 0);
	for (int d = 0; d < DIMENSIONS; d++)
		for (int score = 1; score <= model->bins[d]; score++)
			PutBin((ReturnSetInfo *) fcinfo->resultinfo, model,
				   (Dimension) d, score);
	return (Datum) 0;
}
