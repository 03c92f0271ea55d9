/*
 * person.c
 *		A person's row: read, locked, written.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "optimizer/cost.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/datum.h"
#include "utils/plancache.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "compat.h"
#include "core_pg.h"
#include "history/history_pg.h"
#include "ledger/ledger.h"
#include "ledger/row.h"

/* A person merged into one that was merged and so on: no chain is longer. */
#define MERGES_MAX		100

#define READ_PERSON \
	"SELECT " PERSON_COLUMNS \
	"  FROM contact_pressure.person WHERE person_id = $1"

/* --- plans */

/* See ledger.h. */
SPIPlanPtr
LedgerPlan(SPIPlanPtr *plan, const char *source, int nargs, const Oid *types)
{
	if (*plan == NULL)
	{
		SPIPlanPtr	prepared =
			SPI_prepare_cursor(source, nargs, unconstify(Oid *, types),
							   CURSOR_OPT_GENERIC_PLAN);

		if (prepared == NULL)
			elog(ERROR, "SPI_prepare failed: %s",
				 SPI_result_code_string(SPI_result));
		SPI_keepplan(prepared);
		*plan = prepared;
	}
	return *plan;
}

/*
 * Plan a statement, unless that has been done.  A plan outlives the size that
 * a table had when it was made: one of a few rows would be scanned from end to
 * end, also when it has grown to millions, until somebody analyzes it.
 */
static void
PlanByIndex(SPIPlanPtr plan)
{
	bool		saved = enable_seqscan;
	CachedPlanSource *source = linitial(SPI_plan_get_plan_sources(plan));
	CachedPlan *cached;

	/* to get the plan twice a call costs as much as a search in an index */
	AcceptInvalidationMessages();
	if (source->gplan != NULL && source->gplan->is_valid)
		return;
	PG_TRY();
	{
		enable_seqscan = false;
		cached = SPI_plan_get_cached_plan(plan);
		if (cached != NULL)
			ReleasePlan(cached);
	}
	PG_FINALLY();
	{
		enable_seqscan = saved;
	}
	PG_END_TRY();
}

/* See ledger.h. */
uint64
LedgerExecute(SPIPlanPtr plan, Datum *values, const char *nulls,
			  bool read_only)
{
	int			result;

	PlanByIndex(plan);
	result = SPI_execute_plan(plan, values, nulls, read_only, 0);
	if (result < 0)
		elog(ERROR, "SPI_execute_plan failed: %s",
			 SPI_result_code_string(result));
	return SPI_processed;
}

/* See ledger.h. */
Oid
LedgerRelation(const char *name)
{
	return get_relname_relid(name,
							 get_namespace_oid("contact_pressure", false));
}

/* See ledger.h. */
Oid
HistoryType(void)
{
	Oid			schema = get_namespace_oid("contact_pressure", false);

	return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
						   CStringGetDatum("contact_history"),
						   ObjectIdGetDatum(schema));
}

/* See ledger.h. */
void
ForgetPlan(SPIPlanPtr *plan, Oid *seen, Oid type)
{
	if (*plan != NULL && *seen != type)
	{
		SPI_freeplan(*plan);
		*plan = NULL;
	}
	*seen = type;
}

/* See ledger.h. */
void
LedgerContact(HeapTuple tuple, TupleDesc tupdesc, int column,
			  Contact *contact)
{
	bool		isnull;
	Datum		datum;
	text	   *outcome;
	CoreError	err;

	contact->at = DatumGetTimestampTz(SPI_getbinval(tuple, tupdesc, column,
													&isnull));
	contact->channel = SPI_getvalue(tuple, tupdesc, column + 1);
	contact->purpose = SPI_getvalue(tuple, tupdesc, column + 2);
	datum = SPI_getbinval(tuple, tupdesc, column + 3, &isnull);
	contact->weight = WEIGHT_NONE;
	if (!isnull && !WeightFromDouble(DatumGetFloat8(datum), &contact->weight,
									 &err))
		ThrowCoreError(&err);
	outcome = DatumGetTextPP(SPI_getbinval(tuple, tupdesc, column + 4,
										   &isnull));
	if (!OutcomeParse(VARDATA_ANY(outcome), VARSIZE_ANY_EXHDR(outcome),
					  &contact->outcome, &err))
		ThrowCoreError(&err);
	datum = SPI_getbinval(tuple, tupdesc, column + 5, &isnull);
	contact->answered_at = isnull ? INSTANT_NONE : DatumGetTimestampTz(datum);
}

/* --- reading */

/* Run a query for one id: what row.c does for most. */
static RowResult
QueryRow(SPIPlanPtr *plan, const char *source, text *id, bool read_only,
		 LedgerPerson *person, text **merged_into)
{
	static const Oid types[] = {TEXTOID};
	Datum		values[1] = {PointerGetDatum(id)};
	MemoryContext context = CurrentMemoryContext;
	RowResult	result = ROW_NONE;

	SPI_connect();
	LedgerPlan(plan, source, lengthof(types), types);
	if (LedgerExecute(*plan, values, NULL, read_only) > 0)
	{
		MemoryContext old = MemoryContextSwitchTo(context);

		result = PersonFromRow(SPI_tuptable->vals[0], SPI_tuptable->tupdesc,
							   person, merged_into);
		MemoryContextSwitchTo(old);
	}
	SPI_finish();
	return result;
}

/* Read a person's row. */
static RowResult
ReadRow(text *id, bool read_only, LedgerPerson *person, text **merged_into)
{
	static SPIPlanPtr plan = NULL;
	RowResult	result = ROW_UNSUITED;

	if (read_only)
		result = FetchPersonRow(id, false, person, merged_into);
	if (result == ROW_UNSUITED)
		result = QueryRow(&plan, READ_PERSON, id, read_only, person,
						  merged_into);
	return result;
}

/*
 * Lock a person's row.  Somebody who was merged is not locked on the way: who
 * holds one lock and waits for another, of a smaller id perhaps, may wait
 * forever.
 */
static RowResult
LockRow(text *id, LedgerPerson *person, text **merged_into)
{
	static SPIPlanPtr plan = NULL;
	RowResult	result = FetchPersonRow(id, true, person, merged_into);

	if (result != ROW_UNSUITED)
		return result;
	result = QueryRow(&plan, READ_PERSON
					  " AND merged_into IS NULL FOR NO KEY UPDATE",
					  id, false, person, merged_into);
	if (result != ROW_NONE)
		return result;
	/* nobody, merged, or there only since: look without a lock */
	result = ReadRow(id, false, person, merged_into);
	if (result == ROW_FOUND)
	{
		*merged_into = id;
		result = ROW_MERGED;
	}
	return result;
}

/*
 * Read or lock a person's row, or that of the one merged into; false: nobody
 * knows that person.
 */
static bool
FindPerson(text *id, bool lock, LedgerPerson *person)
{
	for (int i = 0; i < MERGES_MAX; i++)
	{
		text	   *next = NULL;
		RowResult	result;

		memset(person, 0, sizeof(*person));
		person->id = id;
		person->lease_until = DT_NOEND;
		result = lock ? LockRow(id, person, &next) :
			ReadRow(id, true, person, &next);
		if (result != ROW_MERGED)
			return result == ROW_FOUND;
		id = next;
	}
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("person \"%s\" was merged in a circle, or cannot be locked by this role",
					text_to_cstring(id)),
			 errhint("Look at merged_into and at row-level security of contact_pressure.person.")));
	return false;				/* keep the compiler quiet */
}

/* --- leases */

/* The columns of a contact in contact_log as these statements have them. */
#define CONTACT_COLUMNS "at, channel, purpose, weight, outcome, answered_at"

/* Take the contacts that SPI has found out of the history in memory. */
static void
RemoveFound(LedgerPerson *person, MemoryContext context)
{
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		Contact		contact;
		MemoryContext old;

		LedgerContact(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1,
					  &contact);
		old = MemoryContextSwitchTo(context);
		PersonRemoveContact(person, &contact);
		MemoryContextSwitchTo(old);
	}
}

/* See ledger.h. */
void
PersonHideLeases(LedgerPerson *person, TimestampTz now)
{
	static SPIPlanPtr plan = NULL;
	MemoryContext context = CurrentMemoryContext;
	static const Oid types[] = {TEXTOID, TIMESTAMPTZOID};
	Datum		values[] = {PointerGetDatum(person->id),
	TimestampTzGetDatum(now)};

	SPI_connect();
	LedgerPlan(&plan,
			   "SELECT " CONTACT_COLUMNS
			   "  FROM contact_pressure.contact_log"
			   " WHERE person_id = $1 AND status = 'reserved'"
			   "   AND lease_until <= $2",
			   lengthof(types), types);
	LedgerExecute(plan, values, NULL, true);
	RemoveFound(person, context);
	SPI_finish();
}

/* When the first of a person's leases ends; DT_NOEND: there is none. */
static TimestampTz
FirstLease(const LedgerPerson *person)
{
	static SPIPlanPtr plan = NULL;
	static const Oid types[] = {TEXTOID};
	Datum		values[] = {PointerGetDatum(person->id)};
	Datum		first;
	bool		isnull;

	LedgerPlan(&plan,
			   "SELECT min(lease_until) FROM contact_pressure.contact_log"
			   " WHERE person_id = $1 AND status = 'reserved'",
			   lengthof(types), types);
	LedgerExecute(plan, values, NULL, false);
	first = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1,
						  &isnull);
	return isnull ? DT_NOEND : DatumGetTimestampTz(first);
}

/* Cancel the contacts of a locked person whose lease has ended. */
static void
EndLeases(LedgerPerson *person, TimestampTz now)
{
	static SPIPlanPtr plan = NULL;
	static const Oid types[] = {TEXTOID, TIMESTAMPTZOID};
	MemoryContext context = CurrentMemoryContext;
	Datum		values[] = {PointerGetDatum(person->id),
	TimestampTzGetDatum(now)};

	SPI_connect();
	LedgerPlan(&plan,
			   "UPDATE contact_pressure.contact_log"
			   "   SET status = 'cancelled', reason = 'lease expired',"
			   "       settled_at = clock_timestamp()"
			   " WHERE person_id = $1 AND status = 'reserved'"
			   "   AND lease_until <= $2"
			   " RETURNING " CONTACT_COLUMNS,
			   lengthof(types), types);
	LedgerExecute(plan, values, NULL, false);
	RemoveFound(person, context);
	person->lease_until = FirstLease(person);
	SPI_finish();
	SavePerson(person);
	ItemPointerSetInvalid(&person->tid);	/* the row is another now */
}

/* See ledger.h. */
void
PersonSettleLeases(LedgerPerson *person)
{
	SPI_connect();
	person->lease_until = FirstLease(person);
	SPI_finish();
}

/* --- what the other files call */

/* See ledger.h. */
bool
ReadPerson(text *id, TimestampTz now, LedgerPerson *person)
{
	if (FindPerson(id, false, person) && person->lease_until <= now)
		PersonHideLeases(person, now);
	return person->known;
}

/* Insert a row for somebody unknown, unless another session just did. */
static void
InsertPerson(text *id)
{
	static SPIPlanPtr plan = NULL;
	static const Oid types[] = {TEXTOID};
	Datum		values[] = {PointerGetDatum(id)};

	SPI_connect();
	LedgerPlan(&plan,
			   "INSERT INTO contact_pressure.person (person_id) VALUES ($1)"
			   " ON CONFLICT DO NOTHING", lengthof(types), types);
	LedgerExecute(plan, values, NULL, false);
	SPI_finish();
}

/* See ledger.h. */
bool
LockPerson(text *id, TimestampTz now, bool create, LedgerPerson *person)
{
	if (!FindPerson(id, true, person) && create)
	{
		InsertPerson(person->id);
		if (!FindPerson(person->id, true, person))
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("person \"%s\" exists but cannot be changed by this role",
							text_to_cstring(id)),
					 errhint("Look at the row-level security of contact_pressure.person.")));
	}
	if (person->lease_until <= now)
		EndLeases(person, now);
	return person->known;
}

/* The arguments of the statements that write a person: $1 ... $4. */
#define SAVE_ARGUMENTS	4

#define SAVE_PERSON \
	"UPDATE contact_pressure.person SET history = $2, lease_until = $3"

/*
 * Write the row where it was locked, without a search.  False: it is not
 * there any more, since this transaction has written it already.
 */
static bool
SaveAt(const Oid *types, Datum *values, const char *nulls)
{
	static SPIPlanPtr plan = NULL;
	static Oid	seen = InvalidOid;

	ForgetPlan(&plan, &seen, types[1]);
	LedgerPlan(&plan, SAVE_PERSON " WHERE ctid = $4 AND person_id = $1",
			   SAVE_ARGUMENTS, types);
	return LedgerExecute(plan, values, nulls, false) == 1;
}

/* Write the row wherever it is. */
static bool
SaveById(const Oid *types, Datum *values, const char *nulls)
{
	static SPIPlanPtr plan = NULL;
	static Oid	seen = InvalidOid;

	ForgetPlan(&plan, &seen, types[1]);
	LedgerPlan(&plan, SAVE_PERSON " WHERE person_id = $1",
			   SAVE_ARGUMENTS - 1, types);
	return LedgerExecute(plan, values, nulls, false) == 1;
}

/* See ledger.h. */
void
SavePerson(const LedgerPerson *person)
{
	Oid			types[] = {TEXTOID, HistoryType(), TIMESTAMPTZOID, TIDOID};
	bool		leased = person->lease_until != DT_NOEND;
	char		nulls[] = {' ', ' ', leased ? ' ' : 'n', ' ', '\0'};
	Datum		values[] = {
		PointerGetDatum(person->id),
		PointerGetDatum(person->history == NULL ?
						FinishHistory(HistoryBuild()) : person->history),
		TimestampTzGetDatum(person->lease_until),
		PointerGetDatum(&person->tid)
	};

	SPI_connect();
	if (!(ItemPointerIsValid(&person->tid) &&
		  SaveAt(types, values, nulls)) && !SaveById(types, values, nulls))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("the history of person \"%s\" could not be written",
						text_to_cstring(person->id)),
				 errhint("Look at row-level security and triggers of contact_pressure.person.")));
	SPI_finish();
}

/* See ledger.h. */
void
PersonAddContact(LedgerPerson *person, const Contact *contact)
{
	person->history = HistoryWith(person->history, contact);
}

/* See ledger.h. */
void
PersonRemoveContact(LedgerPerson *person, const Contact *contact)
{
	person->history = HistoryWithout(person->history, contact);
}
