/*
 * rfm_io.c
 *		Input and output of the type rfm, casts, comparison and hash.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "compat.h"
#include "rfm/rfm_pg.h"

PG_FUNCTION_INFO_V1(rfm_in);
PG_FUNCTION_INFO_V1(rfm_out);
PG_FUNCTION_INFO_V1(rfm_recv);
PG_FUNCTION_INFO_V1(rfm_send);
PG_FUNCTION_INFO_V1(rfm_from_jsonb);
PG_FUNCTION_INFO_V1(rfm_to_jsonb);
PG_FUNCTION_INFO_V1(rfm_eq);
PG_FUNCTION_INFO_V1(rfm_ne);
PG_FUNCTION_INFO_V1(rfm_lt);
PG_FUNCTION_INFO_V1(rfm_le);
PG_FUNCTION_INFO_V1(rfm_gt);
PG_FUNCTION_INFO_V1(rfm_ge);
PG_FUNCTION_INFO_V1(rfm_cmp);
PG_FUNCTION_INFO_V1(rfm_hash);
PG_FUNCTION_INFO_V1(rfm_hash_extended);

/* Read the JSON form. */
static Datum
RfmFromText(const char *text, size_t length)
{
	RfmData		rfm;
	CoreError	err;

	if (!RfmParse(text, length, &rfm, &err))
		ThrowCoreError(&err);
	return RfmGetDatum(&rfm);
}

/* Write the JSON form. */
static char *
RfmToText(const RfmData *rfm)
{
	CoreText	text;

	CoreTextInit(&text);
	RfmWrite(rfm, &text);
	return text.data;
}

Datum
rfm_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);

	PG_RETURN_DATUM(RfmFromText(text, strlen(text)));
}

Datum
rfm_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(RfmToText(PG_GETARG_RFM(0)));
}

/* Version, flags, scale, first, last, orders, amount (high, low). */
Datum
rfm_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	RfmData		rfm;
	CoreError	err;

	RfmInit(&rfm);
	rfm.version = (uint8) pq_getmsgbyte(buf);
	rfm.flags = (uint8) pq_getmsgbyte(buf);
	if (rfm.version != RFM_VERSION || rfm.flags != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("unknown version of binary rfm: %d, flags %d",
						rfm.version, rfm.flags),
				 errhint("This release reads version %d without flags.",
						 RFM_VERSION)));
	rfm.scale = (uint16) pq_getmsgint(buf, 2);
	rfm.first = pq_getmsgint64(buf);
	rfm.last = pq_getmsgint64(buf);
	rfm.orders = pq_getmsgint64(buf);
	rfm.amount_high = pq_getmsgint64(buf);
	rfm.amount_low = (uint64) pq_getmsgint64(buf);
	if (!RfmCheck(&rfm, &err))
	{
		if (err.code != CORE_RANGE)
			err.code = CORE_BINARY;
		ThrowCoreError(&err);
	}
	PG_RETURN_DATUM(RfmGetDatum(&rfm));
}

Datum
rfm_send(PG_FUNCTION_ARGS)
{
	const RfmData *rfm = PG_GETARG_RFM(0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, rfm->version);
	pq_sendbyte(&buf, rfm->flags);
	pq_sendint16(&buf, rfm->scale);
	pq_sendint64(&buf, (uint64) rfm->first);
	pq_sendint64(&buf, (uint64) rfm->last);
	pq_sendint64(&buf, (uint64) rfm->orders);
	pq_sendint64(&buf, (uint64) rfm->amount_high);
	pq_sendint64(&buf, rfm->amount_low);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

Datum
rfm_from_jsonb(PG_FUNCTION_ARGS)
{
	Jsonb	   *json = PG_GETARG_JSONB_P(0);
	char	   *text = JsonbToCString(NULL, &json->root, VARSIZE(json));

	PG_RETURN_DATUM(RfmFromText(text, strlen(text)));
}

Datum
rfm_to_jsonb(PG_FUNCTION_ARGS)
{
	char	   *text = RfmToText(PG_GETARG_RFM(0));

	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
}

/* --- comparison */

Datum
rfm_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(RfmCompare(PG_GETARG_RFM(0), PG_GETARG_RFM(1)) == 0);
}

Datum
rfm_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(RfmCompare(PG_GETARG_RFM(0), PG_GETARG_RFM(1)) != 0);
}

Datum
rfm_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(RfmCompare(PG_GETARG_RFM(0), PG_GETARG_RFM(1)) < 0);
}

Datum
rfm_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(RfmCompare(PG_GETARG_RFM(0), PG_GETARG_RFM(1)) <= 0);
}

Datum
rfm_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(RfmCompare(PG_GETARG_RFM(0), PG_GETARG_RFM(1)) > 0);
}

Datum
rfm_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(RfmCompare(PG_GETARG_RFM(0), PG_GETARG_RFM(1)) >= 0);
}

Datum
rfm_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(RfmCompare(PG_GETARG_RFM(0), PG_GETARG_RFM(1)));
}

/* What equal summaries have in common: 1.0 is 1.00. */
typedef struct HashKey
{
	int64		first;
	int64		last;
	int64		orders;
	uint64		amount_low;
	uint64		amount_high;
	int64		scale;
} HashKey;

static HashKey
GetHashKey(const RfmData *rfm)
{
	Decimal		amount = RfmAmount(rfm);
	Decimal		reduced = DecimalReduce(&amount);
	HashKey		key = {
		rfm->first, rfm->last, rfm->orders, (uint64) reduced.units,
		(uint64) (reduced.units >> 64), reduced.scale
	};

	return key;
}

Datum
rfm_hash(PG_FUNCTION_ARGS)
{
	HashKey		key = GetHashKey(PG_GETARG_RFM(0));

	PG_RETURN_DATUM(hash_any((unsigned char *) &key, sizeof(key)));
}

Datum
rfm_hash_extended(PG_FUNCTION_ARGS)
{
	HashKey		key = GetHashKey(PG_GETARG_RFM(0));

	PG_RETURN_DATUM(hash_any_extended((unsigned char *) &key, sizeof(key),
									  PG_GETARG_INT64(1)));
}
