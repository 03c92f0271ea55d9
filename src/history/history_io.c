/*
 * history_io.c
 *		contact_history as a type: text, binary and jsonb, order and hash.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "history/history_pg.h"

PG_FUNCTION_INFO_V1(contact_history_in);
PG_FUNCTION_INFO_V1(contact_history_out);
PG_FUNCTION_INFO_V1(contact_history_recv);
PG_FUNCTION_INFO_V1(contact_history_send);
PG_FUNCTION_INFO_V1(contact_history_from_jsonb);
PG_FUNCTION_INFO_V1(contact_history_to_jsonb);
PG_FUNCTION_INFO_V1(contact_history_eq);
PG_FUNCTION_INFO_V1(contact_history_ne);
PG_FUNCTION_INFO_V1(contact_history_lt);
PG_FUNCTION_INFO_V1(contact_history_le);
PG_FUNCTION_INFO_V1(contact_history_gt);
PG_FUNCTION_INFO_V1(contact_history_ge);
PG_FUNCTION_INFO_V1(contact_history_cmp);
PG_FUNCTION_INFO_V1(contact_history_hash);
PG_FUNCTION_INFO_V1(contact_history_hash_extended);

/* --- text, binary, jsonb */

/* Read the JSON form. */
Datum
contact_history_in(PG_FUNCTION_ARGS)
{
	char	   *string = PG_GETARG_CSTRING(0);
	HistoryBuilder *builder = HistoryBuild();
	CoreError	err;

	if (!HistoryParse(string, strlen(string), builder, &err))
		return SaveCoreError(fcinfo->context, &err);
	PG_RETURN_HISTORY(builder);
}

/* The JSON form of an argument, NUL-terminated. */
static char *
TextOfArg(FunctionCallInfo fcinfo)
{
	HistoryView view;
	CoreText	text;
	CoreError	err;

	OpenHistoryArg(fcinfo, 0, &view);
	CoreTextInit(&text);
	if (!HistoryWrite(&view, &text, &err))
		ThrowCoreError(&err);
	return text.data;
}

/* Write the JSON form. */
Datum
contact_history_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(TextOfArg(fcinfo));
}

/* Read the wire form. */
Datum
contact_history_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	size_t		length = buf->len - buf->cursor;
	HistoryBuilder *builder = HistoryBuild();
	CoreError	err;

	if (!HistoryReceive((const unsigned char *) pq_getmsgbytes(buf, length),
						length, builder, &err))
		ThrowCoreError(&err);
	PG_RETURN_HISTORY(builder);
}

/* Write the wire form. */
Datum
contact_history_send(PG_FUNCTION_ARGS)
{
	HistoryView view;
	StringInfoData buf;
	CoreText	bytes;
	CoreError	err;

	OpenHistoryArg(fcinfo, 0, &view);
	CoreTextInit(&bytes);
	if (!HistorySend(&view, &bytes, &err))
		ThrowCoreError(&err);
	pq_begintypsend(&buf);
	pq_sendbytes(&buf, bytes.data, bytes.length);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* Cast from jsonb: its text is read like any other. */
Datum
contact_history_from_jsonb(PG_FUNCTION_ARGS)
{
	Jsonb	   *jsonb = PG_GETARG_JSONB_P(0);
	char	   *string = JsonbToCString(NULL, &jsonb->root, VARSIZE(jsonb));
	HistoryBuilder *builder = HistoryBuild();
	CoreError	err;

	if (!HistoryParse(string, strlen(string), builder, &err))
		ThrowCoreError(&err);
	PG_RETURN_HISTORY(builder);
}

/* Cast to jsonb. */
Datum
contact_history_to_jsonb(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in,
										CStringGetDatum(TextOfArg(fcinfo))));
}

/* --- order and hash: equal histories have identical bytes */

/* The order of two arguments, by their bytes. */
static int
CompareArgs(FunctionCallInfo fcinfo)
{
	struct varlena *a = PG_GETARG_VARLENA_PP(0);
	struct varlena *b = PG_GETARG_VARLENA_PP(1);
	size_t		length_a = VARSIZE_ANY_EXHDR(a);
	size_t		length_b = VARSIZE_ANY_EXHDR(b);
	int			order = memcmp(VARDATA_ANY(a), VARDATA_ANY(b),
							   Min(length_a, length_b));

	if (order == 0)
		order = (length_a > length_b) - (length_a < length_b);
	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	return order;
}

Datum
contact_history_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareArgs(fcinfo) == 0);
}

Datum
contact_history_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareArgs(fcinfo) != 0);
}

Datum
contact_history_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareArgs(fcinfo) < 0);
}

Datum
contact_history_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareArgs(fcinfo) <= 0);
}

Datum
contact_history_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareArgs(fcinfo) > 0);
}

Datum
contact_history_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareArgs(fcinfo) >= 0);
}

Datum
contact_history_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(CompareArgs(fcinfo));
}

Datum
contact_history_hash(PG_FUNCTION_ARGS)
{
	struct varlena *value = PG_GETARG_VARLENA_PP(0);
	Datum		hash = hash_any((unsigned char *) VARDATA_ANY(value),
								VARSIZE_ANY_EXHDR(value));

	PG_FREE_IF_COPY(value, 0);
	PG_RETURN_DATUM(hash);
}

Datum
contact_history_hash_extended(PG_FUNCTION_ARGS)
{
	struct varlena *value = PG_GETARG_VARLENA_PP(0);
	Datum		hash = hash_any_extended((unsigned char *) VARDATA_ANY(value),
										 VARSIZE_ANY_EXHDR(value),
										 PG_GETARG_INT64(1));

	PG_FREE_IF_COPY(value, 0);
	PG_RETURN_DATUM(hash);
}
