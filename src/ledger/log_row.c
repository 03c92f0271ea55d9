/*
 * log_row.c
 *		Rows of contact_log, and responses to them: read, written, added.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "compat.h"
#include "core_pg.h"
#include "history/history_pg.h"
#include "ledger/settle.h"

static const char *const status_names[STATUS_COUNT] = {
	"reserved", "confirmed", "recorded", "cancelled"
};

/* The columns of a row that are read, in this order. */
enum
{
	ROW_LOG_ID = 1,
	ROW_CONTACT,				/* six of them, see LedgerContact() */
	ROW_STATUS = ROW_CONTACT + 6,
	ROW_LEASE_UNTIL,
	ROW_REASON
};

#define READ_ROW \
	"SELECT log_id, at, channel, purpose, weight, outcome, answered_at," \
	"       status, lease_until, reason" \
	"  FROM contact_pressure.contact_log "

/* --- reading */

/* The status of a row. */
static ContactStatus
ReadStatus(const char *name)
{
	for (int i = 0; i < STATUS_COUNT; i++)
		if (strcmp(name, status_names[i]) == 0)
			return (ContactStatus) i;
	elog(ERROR, "unknown status of a contact: %s", name);
	return STATUS_CANCELLED;	/* keep the compiler quiet */
}

/* A text column of an SPI row, or NULL, in the current memory context. */
static text *
ReadText(HeapTuple tuple, int column)
{
	bool		isnull;
	Datum		datum = SPI_getbinval(tuple, SPI_tuptable->tupdesc, column,
									  &isnull);

	return isnull ? NULL : DatumGetTextPCopy(datum);
}

/* The row that a statement finds; context is the caller's. */
static bool
FindRow(SPIPlanPtr plan, Datum *values, const char *nulls,
		MemoryContext context, LogRow *row)
{
	HeapTuple	tuple;
	TupleDesc	tupdesc;
	MemoryContext old;
	bool		isnull;
	Datum		datum;

	if (LedgerExecute(plan, values, nulls, false) == 0)
		return false;
	tuple = SPI_tuptable->vals[0];
	tupdesc = SPI_tuptable->tupdesc;
	row->log_id = DatumGetInt64(SPI_getbinval(tuple, tupdesc, ROW_LOG_ID,
											  &isnull));
	row->status = ReadStatus(SPI_getvalue(tuple, tupdesc, ROW_STATUS));
	datum = SPI_getbinval(tuple, tupdesc, ROW_LEASE_UNTIL, &isnull);
	row->lease_until = isnull ? DT_NOEND : DatumGetTimestampTz(datum);
	old = MemoryContextSwitchTo(context);
	LedgerContact(tuple, tupdesc, ROW_CONTACT, &row->contact);
	row->reason = ReadText(tuple, ROW_REASON);
	MemoryContextSwitchTo(old);
	return true;
}

/* See settle.h. */
text *
LogRowPerson(int64 log_id)
{
	static SPIPlanPtr plan = NULL;
	static const Oid types[] = {INT8OID};
	Datum		values[] = {Int64GetDatum(log_id)};
	MemoryContext context = CurrentMemoryContext;
	text	   *person = NULL;

	SPI_connect();
	LedgerPlan(&plan,
			   "SELECT person_id FROM contact_pressure.contact_log"
			   " WHERE log_id = $1",
			   lengthof(types), types);
	if (LedgerExecute(plan, values, NULL, false) > 0)
	{
		MemoryContext old = MemoryContextSwitchTo(context);

		person = ReadText(SPI_tuptable->vals[0], 1);
		MemoryContextSwitchTo(old);
	}
	SPI_finish();
	return person;
}

/* See settle.h. */
bool
LogRowById(const LedgerPerson *person, int64 log_id, LogRow *row)
{
	static SPIPlanPtr plan = NULL;
	static const Oid types[] = {TEXTOID, INT8OID};
	Datum		values[] = {PointerGetDatum(person->id),
	Int64GetDatum(log_id)};
	MemoryContext context = CurrentMemoryContext;
	bool		found;

	SPI_connect();
	LedgerPlan(&plan, READ_ROW "WHERE person_id = $1 AND log_id = $2",
			   lengthof(types), types);
	found = FindRow(plan, values, NULL, context, row);
	SPI_finish();
	return found;
}

/* See settle.h. */
bool
LogRowByKey(const LedgerPerson *person, text *key, LogRow *row)
{
	static SPIPlanPtr plan = NULL;
	static const Oid types[] = {TEXTOID, TEXTOID};
	Datum		values[] = {PointerGetDatum(person->id), PointerGetDatum(key)};
	MemoryContext context = CurrentMemoryContext;
	bool		found;

	SPI_connect();
	LedgerPlan(&plan, READ_ROW "WHERE person_id = $1 AND key = $2",
			   lengthof(types), types);
	found = FindRow(plan, values, NULL, context, row);
	SPI_finish();
	return found;
}

/* See settle.h. */
bool
LogRowLastSent(const LedgerPerson *person, const char *channel,
			   const char *purpose, TimestampTz at, LogRow *row)
{
	static SPIPlanPtr plan = NULL;
	static const Oid types[] = {TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID};
	Datum		values[] = {
		PointerGetDatum(person->id),
		CStringGetTextDatum(channel),
		purpose == NULL ? (Datum) 0 : CStringGetTextDatum(purpose),
		TimestampTzGetDatum(at)
	};
	char		nulls[] = {' ', ' ', purpose == NULL ? 'n' : ' ', ' ', '\0'};
	MemoryContext context = CurrentMemoryContext;
	bool		found;

	SPI_connect();
	LedgerPlan(&plan,
			   READ_ROW
			   "WHERE person_id = $1 AND channel = $2 AND at <= $4"
			   "  AND ($3 IS NULL OR purpose = $3"
			   "       OR pg_catalog.starts_with(purpose, $3 || '.'))"
			   "  AND status <> 'cancelled'"
			   "  AND outcome NOT IN ('planned', 'event')"
			   "ORDER BY at DESC, log_id DESC LIMIT 1",
			   lengthof(types), types);
	found = FindRow(plan, values, nulls, context, row);
	SPI_finish();
	return found;
}

/* --- writing */

/* A text that may be NULL, as a parameter. */
static void
TextParameter(text *value, Datum *datum, char *null)
{
	*datum = PointerGetDatum(value);
	*null = value == NULL ? 'n' : ' ';
}

/* The error for a row that the caller may see but not write. */
static void
FailHidden(int64 log_id)
{
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("the contact with log id %lld could not be written",
					(long long) log_id),
			 errhint("Look at row-level security and triggers of contact_pressure.contact_log.")));
}

/* See settle.h. */
void
LogRowUpdate(const LedgerPerson *person, const LogRow *row)
{
	static SPIPlanPtr plan = NULL;
	static const Oid types[] = {
		TEXTOID, INT8OID, TEXTOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID,
		TEXTOID
	};
	Datum		values[] = {
		PointerGetDatum(person->id),
		Int64GetDatum(row->log_id),
		CStringGetTextDatum(status_names[row->status]),
		CStringGetTextDatum(OutcomeNames[row->contact.outcome]),
		TimestampTzGetDatum(row->contact.answered_at),
		TimestampTzGetDatum(row->lease_until),
		PointerGetDatum(row->reason)
	};
	char		nulls[] = {
		' ', ' ', ' ', ' ',
		row->contact.answered_at == INSTANT_NONE ? 'n' : ' ',
		row->lease_until == DT_NOEND ? 'n' : ' ',
		row->reason == NULL ? 'n' : ' ', '\0'
	};

	SPI_connect();
	LedgerPlan(&plan,
			   "UPDATE contact_pressure.contact_log"
			   "   SET status = $3, outcome = $4, answered_at = $5,"
			   "       lease_until = $6, reason = $7,"
			   "       settled_at = CASE WHEN status <> $3"
			   "           THEN pg_catalog.clock_timestamp()"
			   "           ELSE settled_at END"
			   " WHERE person_id = $1 AND log_id = $2",
			   lengthof(types), types);
	if (LedgerExecute(plan, values, nulls, false) != 1)
		FailHidden(row->log_id);
	SPI_finish();
}

/* What a fact is written from, for both statements that write one. */
#define FACT_PARAMETERS	14

static const Oid fact_types[FACT_PARAMETERS] = {
	TEXTOID, INT8OID, TIMESTAMPTZOID, TEXTOID, TEXTOID, TEXTOID,
	TIMESTAMPTZOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, FLOAT8OID,
	NUMERICOID
};

static void
FactParameters(const LedgerPerson *person, const LogRow *row,
			   const LogFacts *facts, Datum values[FACT_PARAMETERS],
			   char nulls[FACT_PARAMETERS + 1])
{
	memset(nulls, ' ', FACT_PARAMETERS);
	nulls[FACT_PARAMETERS] = '\0';
	values[0] = PointerGetDatum(person->id);
	values[1] = Int64GetDatum(row->log_id);
	values[2] = TimestampTzGetDatum(row->contact.at);
	values[3] = CStringGetTextDatum(row->contact.channel);
	values[4] = CStringGetTextDatum(row->contact.purpose);
	values[5] = CStringGetTextDatum(OutcomeNames[row->contact.outcome]);
	values[6] = TimestampTzGetDatum(row->contact.answered_at);
	nulls[6] = row->contact.answered_at == INSTANT_NONE ? 'n' : ' ';
	TextParameter(person->segment, &values[7], &nulls[7]);
	TextParameter(facts->campaign, &values[8], &nulls[8]);
	TextParameter(facts->owner, &values[9], &nulls[9]);
	TextParameter(facts->key, &values[10], &nulls[10]);
	TextParameter(facts->source, &values[11], &nulls[11]);
	values[12] = Float8GetDatum(facts->weight);
	nulls[12] = facts->has_weight ? ' ' : 'n';
	values[13] = facts->cost;
	nulls[13] = facts->has_cost ? ' ' : 'n';
}

/* See settle.h. */
void
LogRowInsert(const LedgerPerson *person, LogRow *row, const LogFacts *facts)
{
	static SPIPlanPtr plan = NULL;
	Datum		values[FACT_PARAMETERS];
	char		nulls[FACT_PARAMETERS + 1];
	bool		isnull;

	FactParameters(person, row, facts, values, nulls);
	SPI_connect();
	LedgerPlan(&plan,
			   "INSERT INTO contact_pressure.contact_log"
			   " (person_id, at, channel, purpose, status, outcome,"
			   "  answered_at, segment, campaign, owner, key, source, weight,"
			   "  cost)"
			   " VALUES ($1, $3, $4, $5, 'recorded', $6, $7, $8, $9, $10, $11,"
			   "         $12, $13, $14)"
			   " RETURNING log_id",
			   lengthof(fact_types), fact_types);
	LedgerExecute(plan, values, nulls, false);
	row->log_id = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0],
											  SPI_tuptable->tupdesc, 1,
											  &isnull));
	SPI_finish();
}

/*
 * What was cancelled happened after all: the row becomes a fact like a new
 * one, which nobody was asked about and no policy allowed.
 */
void
LogRowRevive(const LedgerPerson *person, const LogRow *row,
			 const LogFacts *facts)
{
	static SPIPlanPtr plan = NULL;
	Datum		values[FACT_PARAMETERS];
	char		nulls[FACT_PARAMETERS + 1];

	FactParameters(person, row, facts, values, nulls);
	SPI_connect();
	LedgerPlan(&plan,
			   "UPDATE contact_pressure.contact_log"
			   "   SET at = $3, channel = $4, purpose = $5,"
			   "       status = 'recorded', outcome = $6, answered_at = $7,"
			   "       segment = $8, campaign = coalesce($9, campaign),"
			   "       owner = coalesce($10, owner), key = $11, source = $12,"
			   "       weight = $13, cost = coalesce($14, cost),"
			   "       lease_until = NULL, policy_version = NULL,"
			   "       reason = NULL, settled_at = NULL,"
			   "       recorded_at = pg_catalog.clock_timestamp()"
			   " WHERE person_id = $1 AND log_id = $2",
			   lengthof(fact_types), fact_types);
	if (LedgerExecute(plan, values, nulls, false) != 1)
		FailHidden(row->log_id);
	SPI_finish();
}

/* See settle.h. */
bool
LogResponse(const LedgerPerson *person, int64 log_id, TimestampTz at,
			Outcome outcome)
{
	static SPIPlanPtr plan = NULL;
	static const Oid types[] = {TEXTOID, INT8OID, TIMESTAMPTZOID, TEXTOID};
	Datum		values[] = {
		PointerGetDatum(person->id),
		Int64GetDatum(log_id),
		TimestampTzGetDatum(at),
		CStringGetTextDatum(OutcomeNames[outcome])
	};
	bool		added;

	SPI_connect();
	LedgerPlan(&plan,
			   "INSERT INTO contact_pressure.response_log"
			   " (person_id, log_id, at, outcome, source)"
			   " SELECT $1, $2, $3, $4, 'response'"
			   "  WHERE NOT EXISTS ("
			   "     SELECT FROM contact_pressure.response_log"
			   "      WHERE person_id = $1 AND log_id = $2 AND at = $3"
			   "        AND outcome = $4)",
			   lengthof(types), types);
	added = LedgerExecute(plan, values, NULL, false) > 0;
	SPI_finish();
	return added;
}
