/*
 * policy_io.c
 *		contact_policy as a type: text, binary, comparison, joining.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"

#include "compat.h"
#include "core_pg.h"
#include "policy/policy_pg.h"

/* The version of the wire format: this byte, then the canonical text. */
#define POLICY_WIRE_VERSION	1

PG_FUNCTION_INFO_V1(contact_policy_in);
PG_FUNCTION_INFO_V1(contact_policy_out);
PG_FUNCTION_INFO_V1(contact_policy_recv);
PG_FUNCTION_INFO_V1(contact_policy_send);
PG_FUNCTION_INFO_V1(contact_policy_eq);
PG_FUNCTION_INFO_V1(contact_policy_ne);
PG_FUNCTION_INFO_V1(contact_policy_lt);
PG_FUNCTION_INFO_V1(contact_policy_le);
PG_FUNCTION_INFO_V1(contact_policy_gt);
PG_FUNCTION_INFO_V1(contact_policy_ge);
PG_FUNCTION_INFO_V1(contact_policy_cmp);
PG_FUNCTION_INFO_V1(contact_policy_hash);
PG_FUNCTION_INFO_V1(contact_policy_hash_extended);
PG_FUNCTION_INFO_V1(contact_policy_concat);

/* A block that is ready to be returned. */
static Datum
PolicyDatum(PolicyData *data, size_t size)
{
	SET_VARSIZE(data, size);
	return PointerGetDatum(data);
}

/* See policy_pg.h. */
void
OpenPolicyArg(FunctionCallInfo fcinfo, int arg, Policy *policy)
{
	struct varlena *value = PG_GETARG_VARLENA_P(arg);
	CoreError	err;

	if (!PolicyOpen(value, VARSIZE(value), policy, &err))
		ThrowCoreError(&err);
}

/* --- text and binary */

/* Compile text. */
Datum
contact_policy_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);
	size_t		size;
	CoreError	err;
	PolicyData *data = PolicyParse(text, strlen(text), &size, &err);

	if (data == NULL)
		return SaveCoreError(fcinfo->context, &err);
	return PolicyDatum(data, size);
}

/* Canonical text. */
Datum
contact_policy_out(PG_FUNCTION_ARGS)
{
	Policy		policy;
	CoreText	text;

	OpenPolicyArg(fcinfo, 0, &policy);
	CoreTextInit(&text);
	PolicyWrite(&policy, &text);
	PG_RETURN_CSTRING(text.data);
}

/* The wire format holds text, so that it is held to the same checks. */
Datum
contact_policy_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			version = pq_getmsgbyte(buf);
	int			length = buf->len - buf->cursor;
	const char *text = pq_getmsgbytes(buf, length);
	size_t		size;
	CoreError	err;
	PolicyData *data;

	if (version != POLICY_WIRE_VERSION)
	{
		CoreFail(&err, CORE_BINARY, "contact_policy has wire version %d, "
				 "which is not known here", version);
		CoreHint(&err, "Send version %d: a byte with that value, then the "
				 "text.", POLICY_WIRE_VERSION);
		ThrowCoreError(&err);
	}
	data = PolicyParse(text, (size_t) length, &size, &err);
	if (data == NULL)
	{
		if (err.code == CORE_SYNTAX)
			err.code = CORE_BINARY;
		ThrowCoreError(&err);
	}
	return PolicyDatum(data, size);
}

/* Version byte and canonical text. */
Datum
contact_policy_send(PG_FUNCTION_ARGS)
{
	Policy		policy;
	CoreText	text;
	StringInfoData buf;

	OpenPolicyArg(fcinfo, 0, &policy);
	CoreTextInit(&text);
	PolicyWrite(&policy, &text);
	pq_begintypsend(&buf);
	pq_sendbyte(&buf, POLICY_WIRE_VERSION);
	pq_sendbytes(&buf, text.data, (int) text.length);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* --- comparison: equal policies have equal bytes */

/* An order for indexes and GROUP BY; it means nothing else. */
static int
ComparePolicies(FunctionCallInfo fcinfo)
{
	struct varlena *a = PG_GETARG_VARLENA_PP(0);
	struct varlena *b = PG_GETARG_VARLENA_PP(1);
	size_t		a_size = VARSIZE_ANY_EXHDR(a);
	size_t		b_size = VARSIZE_ANY_EXHDR(b);
	int			order = memcmp(VARDATA_ANY(a), VARDATA_ANY(b),
							   Min(a_size, b_size));

	if (order == 0)
		order = (a_size > b_size) - (a_size < b_size);
	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	return order;
}

Datum
contact_policy_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(ComparePolicies(fcinfo) == 0);
}

Datum
contact_policy_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(ComparePolicies(fcinfo) != 0);
}

Datum
contact_policy_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(ComparePolicies(fcinfo) < 0);
}

Datum
contact_policy_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(ComparePolicies(fcinfo) <= 0);
}

Datum
contact_policy_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(ComparePolicies(fcinfo) > 0);
}

Datum
contact_policy_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(ComparePolicies(fcinfo) >= 0);
}

/* For the btree operator class: below, at or above 0. */
Datum
contact_policy_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(ComparePolicies(fcinfo));
}

/* For the hash operator class. */
Datum
contact_policy_hash(PG_FUNCTION_ARGS)
{
	struct varlena *value = PG_GETARG_VARLENA_PP(0);
	Datum		hash = hash_any((unsigned char *) VARDATA_ANY(value),
								(int) VARSIZE_ANY_EXHDR(value));

	PG_FREE_IF_COPY(value, 0);
	return hash;
}

/* The same with a seed. */
Datum
contact_policy_hash_extended(PG_FUNCTION_ARGS)
{
	struct varlena *value = PG_GETARG_VARLENA_PP(0);
	Datum		hash = hash_any_extended((unsigned char *) VARDATA_ANY(value),
										 (int) VARSIZE_ANY_EXHDR(value),
										 (uint64) PG_GETARG_INT64(1));

	PG_FREE_IF_COPY(value, 0);
	return hash;
}

/* --- joining */

/*
 * a || b.  NULL is no rule, as everywhere: the other one is the result.  Were
 * it NULL, a missing layer would lift the rules of all the others.
 */
Datum
contact_policy_concat(PG_FUNCTION_ARGS)
{
	Policy		a;
	Policy		b;
	PolicyData *data;
	size_t		size;
	CoreError	err;

	if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (PG_ARGISNULL(0))
		PG_RETURN_DATUM(PG_GETARG_DATUM(1));
	if (PG_ARGISNULL(1))
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	OpenPolicyArg(fcinfo, 0, &a);
	OpenPolicyArg(fcinfo, 1, &b);
	data = PolicyJoin(&a, &b, &size, &err);
	if (data == NULL)
		ThrowCoreError(&err);
	return PolicyDatum(data, size);
}
