/*
 * people.c
 *		What the functions of people.sql cannot say in SQL: a person's row
 *		locked with all that goes with it, and the planned contacts that an
 *		opt-out stops.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "core_pg.h"
#include "ledger/ledger.h"

PG_FUNCTION_INFO_V1(person_of);
PG_FUNCTION_INFO_V1(lock_person);
PG_FUNCTION_INFO_V1(cancel_planned);

/* An opt-out and what may stand against it. */
typedef struct OptOut
{
	ListPattern pattern;
	int			nopted_in;
	ListPattern *opted_in;
	Policy		policy;
	bool		has_policy;
} OptOut;

/* --- rows */

/* person_of(id): whose row speaks for an id; its own, unless it was merged. */
Datum
person_of(PG_FUNCTION_ARGS)
{
	LedgerPerson person;

	ReadPerson(PG_GETARG_TEXT_PP(0), GetCurrentStatementStartTimestamp(),
			   &person);
	PG_RETURN_TEXT_P(person.id);
}

/*
 * lock_person(id, add): lock that row, which cancels leases that have ended,
 * and return its id; NULL for somebody unknown, unless they are to be added.
 */
Datum
lock_person(PG_FUNCTION_ARGS)
{
	LedgerPerson person;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the id of a person must not be null"),
				 errhint("Give the id by which the CRM knows the person.")));
	if (!LockPerson(PG_GETARG_TEXT_PP(0), GetCurrentTimestamp(),
					!PG_ARGISNULL(1) && PG_GETARG_BOOL(1), &person))
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(person.id);
}

/* --- what an opt-out stops */

/* Read a pattern; raises errors. */
static void
ReadPattern(text *source, ListPattern *pattern)
{
	CoreError	err;

	if (!ListPatternParse(VARDATA_ANY(source), VARSIZE_ANY_EXHDR(source),
						  pattern, &err))
		ThrowCoreError(&err);
}

/* Gather what decides whether an opt-out of that scope stops a contact. */
static void
OpenOptOut(OptOut *out, const LedgerPerson *person, text *scope)
{
	LedgerPolicy policy = PolicyOfPerson(person);
	CoreError	err;

	memset(out, 0, sizeof(*out));
	ReadPattern(scope, &out->pattern);
	if (person->opted_in != NULL)
	{
		Datum	   *elements;

		deconstruct_array(person->opted_in, TEXTOID, -1, false, TYPALIGN_INT,
						  &elements, NULL, &out->nopted_in);
		out->opted_in = palloc(out->nopted_in * sizeof(ListPattern));
		for (int i = 0; i < out->nopted_in; i++)
			ReadPattern(DatumGetTextPP(elements[i]), &out->opted_in[i]);
	}
	if (policy.policy != NULL)
	{
		struct varlena *block =
			PG_DETOAST_DATUM_COPY(PointerGetDatum(policy.policy));

		if (!PolicyOpen(block, VARSIZE(block), &out->policy, &err))
			ThrowCoreError(&err);
		out->has_policy = true;
	}
}

/* The more specific decides, at equal specificity the opt-out. */
static bool
OptOutStops(const OptOut *out, const Contact *contact)
{
	bool		transactional = out->has_policy &&
		out->policy.data->nlayers > 0 &&
		PolicyTransactional(&out->policy, out->policy.data->nlayers - 1,
							contact->channel, contact->purpose);
	int			rank = ListPatternRank(&out->pattern, contact->channel,
									   contact->purpose, transactional);

	if (rank == NO_MATCH)
		return false;
	for (int i = 0; i < out->nopted_in; i++)
		if (ListPatternRank(&out->opted_in[i], contact->channel,
							contact->purpose, transactional) > rank)
			return false;
	return true;
}

/*
 * Find a person's planned contacts before an instant: those to come, and
 * those on lease that were not handed over yet.
 */
static uint64
FindPlanned(const LedgerPerson *person, TimestampTz now, TimestampTz before)
{
	static SPIPlanPtr plan = NULL;
	static const Oid types[] = {TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID};
	Datum		values[] = {PointerGetDatum(person->id),
	TimestampTzGetDatum(now), TimestampTzGetDatum(before)};

	LedgerPlan(&plan,
			   "SELECT log_id, at, channel, purpose, weight, outcome,"
			   "       answered_at"
			   "  FROM contact_pressure.contact_log"
			   " WHERE person_id = $1 AND outcome = 'planned'"
			   "   AND status <> 'cancelled' AND at < $3"
			   "   AND (at > $2 OR (status = 'reserved'"
			   "                    AND lease_until IS NOT NULL))"
			   " ORDER BY log_id",
			   lengthof(types), types);
	return LedgerExecute(plan, values, NULL, false);
}

/* Cancel log rows of a locked person whose history is without them already. */
static void
CancelRows(const LedgerPerson *person, Datum *log_ids, int n, text *reason)
{
	static SPIPlanPtr plan = NULL;
	static const Oid types[] = {TEXTOID, INT8ARRAYOID, TEXTOID};
	ArrayType  *array = construct_array(log_ids, n, INT8OID, sizeof(int64),
										FLOAT8PASSBYVAL, TYPALIGN_DOUBLE);
	Datum		values[] = {PointerGetDatum(person->id),
	PointerGetDatum(array), PointerGetDatum(reason)};

	LedgerPlan(&plan,
			   "UPDATE contact_pressure.contact_log"
			   "   SET status = 'cancelled', reason = $3,"
			   "       settled_at = clock_timestamp(), lease_until = NULL"
			   " WHERE person_id = $1 AND log_id = ANY ($2)",
			   lengthof(types), types);
	if (LedgerExecute(plan, values, NULL, false) != (uint64) n)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("the planned contacts of person \"%s\" could not be cancelled",
						text_to_cstring(person->id)),
				 errhint("Look at row-level security and triggers of contact_pressure.contact_log.")));
}

/* Cancel what the opt-out stops among the rows that SPI has found. */
static int
CancelFound(LedgerPerson *person, const OptOut *out, text *reason,
			MemoryContext context)
{
	SPITupleTable *found = SPI_tuptable;
	uint64		nfound = SPI_processed;
	Datum	   *log_ids = palloc(nfound * sizeof(Datum));
	int			n = 0;

	for (uint64 i = 0; i < nfound; i++)
	{
		Contact		contact;
		MemoryContext old;
		bool		isnull;

		LedgerContact(found->vals[i], found->tupdesc, 2, &contact);
		if (!OptOutStops(out, &contact))
			continue;
		log_ids[n++] = SPI_getbinval(found->vals[i], found->tupdesc, 1,
									 &isnull);
		old = MemoryContextSwitchTo(context);
		PersonRemoveContact(person, &contact);
		MemoryContextSwitchTo(old);
	}
	if (n > 0)
	{
		CancelRows(person, log_ids, n, reason);
		PersonSettleLeases(person);
		SavePerson(person);
	}
	return n;
}

/*
 * cancel_planned(id, scope, before, reason): cancel the planned contacts of a
 * person that an opt-out of that scope stops; how many there were.
 */
Datum
cancel_planned(PG_FUNCTION_ARGS)
{
	TimestampTz now = GetCurrentTimestamp();
	MemoryContext context = CurrentMemoryContext;
	LedgerPerson person;
	OptOut		out;
	int			n = 0;

	if (!LockPerson(PG_GETARG_TEXT_PP(0), now, false, &person))
		PG_RETURN_INT64(0);
	OpenOptOut(&out, &person, PG_GETARG_TEXT_PP(1));
	SPI_connect();
	if (FindPlanned(&person, now, PG_GETARG_TIMESTAMPTZ(2)) > 0)
		n = CancelFound(&person, &out, PG_GETARG_TEXT_PP(3), context);
	SPI_finish();
	PG_RETURN_INT64(n);
}
