/*
 * customer.c
 *		The rows of customers: locked with their persons, read, written.
 *
 * As in the ledger, a row is read and written straight in its table where
 * nothing speaks against it, and by a query where something does: row-level
 * security, a snapshot of the transaction's that a changed row must collide
 * with, a trigger that somebody added.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/relscan.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/async.h"
#include "commands/sequence.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "core_pg.h"
#include "ledger/batch.h"
#include "ledger/find.h"
#include "ledger/write.h"
#include "rfm/rfm_pg.h"
#include "segment/segment.h"

#define CHANNEL		"contact_pressure_segment"

/* Fewer than these are found as quickly without a look where they were. */
#define HINTED_CUSTOMERS	16

/* Longer payloads than a page holds are refused. */
#define PAYLOAD_END		(BLCKSZ - 192)

/* --- persons */

/*
 * Create those persons of a stretch whom nobody knows and lock all of them,
 * in one pass in the lock order: two of these cannot wait for each other.
 * An update that is not done still locks its row.
 */
static void
CreatePersons(text **ids, const Instant *since, int count,
			  Customer *customers)
{
	static SPIPlanPtr plan = NULL;
	static const Oid types[] = {TEXTARRAYOID, TIMESTAMPTZARRAYOID};
	Datum	   *id_datums = palloc(count * sizeof(Datum));
	Datum	   *since_datums = palloc(count * sizeof(Datum));
	Datum		values[lengthof(types)];
	int			created = 0;

	for (int i = 0; i < count; i++)
	{
		id_datums[i] = PointerGetDatum(ids[i]);
		since_datums[i] = TimestampTzGetDatum(since[i]);
	}
	values[0] = ArrayDatum(id_datums, NULL, count, TEXTOID);
	values[1] = ArrayDatum(since_datums, NULL, count, TIMESTAMPTZOID);
	SPI_connect();
	LedgerPlan(&plan,
			   "INSERT INTO contact_pressure.person AS p"
			   " (person_id, known_since)"
			   " SELECT u.id, least(pg_catalog.now(), u.since)"
			   "  FROM unnest($1, $2) AS u(id, since)"
			   " WHERE u.since > '-infinity' OR EXISTS"
			   "  (SELECT FROM contact_pressure.person AS k"
			   "    WHERE k.person_id = u.id)"
			   " ORDER BY u.id COLLATE \"C\""
			   " ON CONFLICT ON CONSTRAINT person_pkey"
			   " DO UPDATE SET lease_until = p.lease_until WHERE false"
			   " RETURNING p.person_id", lengthof(types), types);
	(void) LedgerExecute(plan, values, NULL, false);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		isnull;
		text	   *id = DatumGetTextPP(SPI_getbinval(SPI_tuptable->vals[i],
													  SPI_tuptable->tupdesc,
													  1, &isnull));

		/* both are in the same order */
		while (created < count && !SameText(ids[created], id))
			created++;
		if (created < count)
			customers[created].created = true;
	}
	SPI_finish();
}

/* Lock the persons, whose rows are perhaps where their places say. */
static void
LockPersons(text **ids, const Instant *since, RowAccess access, int count,
			Customer *customers)
{
	RowReader  *reader = OpenRowReader(access);
	bool		created = false;

	for (int i = 0; i < count; i++)
	{
		LedgerPerson *person = &customers[i].person;
		text	   *merged_into;
		RowResult	result = ROW_UNSUITED;

		ItemPointerData place = person->place;

		CHECK_FOR_INTERRUPTS();
		memset(person, 0, sizeof(*person));
		person->lease_until = DT_NOEND;
		if (reader != NULL)
			result = ReaderFetch(reader, ids[i], &place, person,
								 &merged_into);
		/* of who was merged the other's row comes elsewhere in the lock order */
		customers[i].held = result == ROW_HELD ||
			(result == ROW_MERGED && access == ROW_LOCK_FREE);
		if (customers[i].held ||
			(result == ROW_FOUND &&
			 (person->lease_until == DT_NOEND ||
			  person->lease_until > GetCurrentTimestamp())))
			continue;
		/* unknown, merged, with a lease that has ended, or not to be had so */
		LockPerson(ids[i], GetCurrentTimestamp(), false, person);
		if (person->known || since == NULL || since[i] == INSTANT_NONE)
			continue;
		if (!created)
		{
			CreatePersons(ids + i, since + i, count - i, customers + i);
			if (reader != NULL)
				CloseRowReader(reader);
			reader = OpenRowReader(access);
			created = true;
		}
		LockPerson(ids[i], GetCurrentTimestamp(), true, person);
	}
	if (reader != NULL)
		CloseRowReader(reader);
}

/* --- reading */

/* The months of a row: two arrays side by side. */
static void
ReadMonths(Customer *customer, Datum months, Datum sums)
{
	ArrayType  *dates = DatumGetArrayTypeP(months);
	ArrayType  *summaries = DatumGetArrayTypeP(sums);
	Datum	   *date;
	Datum	   *sum;
	bool	   *nulls;
	bool	   *no_sum;
	int			count;

	deconstruct_array(dates, DATEOID, sizeof(DateADT), true, TYPALIGN_INT,
					  &date, &nulls, &customer->nmonths);
	deconstruct_array(summaries, ARR_ELEMTYPE(summaries), -1, false,
					  TYPALIGN_DOUBLE, &sum, &no_sum, &count);
	if (count != customer->nmonths || array_contains_nulls(dates) ||
		array_contains_nulls(summaries))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("the months of customer \"%s\" are damaged",
						text_to_cstring(customer->person.id)),
				 errhint("Count the purchases again: SELECT contact_pressure.count_again().")));
	customer->months = palloc((count + 1) * sizeof(MonthSum));
	for (int i = 0; i < count; i++)
	{
		customer->months[i].month = DatumGetDateADT(date[i]);
		customer->months[i].sum = *DatumGetRfm(sum[i]);
	}
}

/* Fill in a customer from a row of the table. */
static void
ReadCustomer(HeapTuple tuple, TupleDesc tupdesc, Customer *customer)
{
	/* a query has a column more */
	Datum		values[VALUE_ATTRIBUTES + 1];
	bool		nulls[VALUE_ATTRIBUTES + 1];
	Engagement	engagement;
	CoreError	err;

#define COLUMN(attribute)	values[(attribute) - 1]
#define HAS(attribute)		(!nulls[(attribute) - 1])
	heap_deform_tuple(tuple, tupdesc, values, nulls);
	customer->known = true;
	customer->purchases = *DatumGetRfm(COLUMN(VALUE_PURCHASES));
	if (HAS(VALUE_SCORE))
		customer->score = DatumGetInt16(COLUMN(VALUE_SCORE));
	if (HAS(VALUE_SEGMENT))
		customer->segment = DatumGetTextPCopy(COLUMN(VALUE_SEGMENT));
	if (HAS(VALUE_ENGAGEMENT))
	{
		text	   *name = DatumGetTextPP(COLUMN(VALUE_ENGAGEMENT));

		if (!EngagementParse(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name),
							 &engagement, &err))
			ThrowCoreError(&err);
		customer->engagement = EngagementNames[engagement];
	}
	if (HAS(VALUE_VERSION))
		customer->version = DatumGetInt32(COLUMN(VALUE_VERSION));
	customer->scored_at = HAS(VALUE_SCORED_AT) ?
		DatumGetTimestampTz(COLUMN(VALUE_SCORED_AT)) : INSTANT_NONE;
	customer->rescore_at = DatumGetTimestampTz(COLUMN(VALUE_RESCORE_AT));
	customer->due_at = DatumGetTimestampTz(COLUMN(VALUE_DUE_AT));
	customer->fill = DatumGetInt32(COLUMN(VALUE_FILL));
	customer->pinned = DatumGetBool(COLUMN(VALUE_PINNED));
	if (HAS(VALUE_MONTHS) && HAS(VALUE_MONTHLY))
		ReadMonths(customer, COLUMN(VALUE_MONTHS), COLUMN(VALUE_MONTHLY));
#undef COLUMN
#undef HAS
}

/* Read a row by a query. */
static void
QueryCustomer(Customer *customer)
{
	static SPIPlanPtr plan = NULL;
	static Oid	seen = InvalidOid;
	static const Oid types[] = {TEXTOID};
	MemoryContext old = CurrentMemoryContext;
	Datum		values[] = {PointerGetDatum(customer->person.id)};
	bool		isnull;

	ForgetPlan(&plan, &seen, LedgerRelation("customer_value"));
	SPI_connect();
	LedgerPlan(&plan,
			   "SELECT person_id, purchases, score, segment, engagement,"
			   " version, scored_at, rescore_at, due_at, fill, pinned, months, monthly,"
			   " person_place, xmin FROM contact_pressure.customer_value WHERE person_id = $1",
			   lengthof(types), types);
	if (LedgerExecute(plan, values, NULL, false) > 0)
	{
		old = MemoryContextSwitchTo(old);
		ReadCustomer(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, customer);
		customer->own = TransactionIdIsCurrentTransactionId(
			DatumGetTransactionId(SPI_getbinval(SPI_tuptable->vals[0],
												SPI_tuptable->tupdesc,
												VALUE_ATTRIBUTES + 1,
												&isnull)));
		MemoryContextSwitchTo(old);
	}
	SPI_finish();
}

/* Begin to read rows as of now; NULL: a query for each. */
static IdReader *
OpenValues(void)
{
	Relation	relation = table_open(LedgerRelation("customer_value"),
									  AccessShareLock);

	if (!relation->rd_rel->relrowsecurity && !IsolationUsesXactSnapshot() &&
		RelationGetDescr(relation)->natts == VALUE_ATTRIBUTES &&
		pg_class_aclcheck(RelationGetRelid(relation), GetUserId(),
						  ACL_SELECT) == ACLCHECK_OK)
		return OpenIdReader(relation, GetTransactionSnapshot());
	table_close(relation, NoLock);
	return NULL;
}

/*
 * Find the rows of customers before they are locked: what they say may change
 * until then, but where they are helps to find them again, and their persons.
 */
static void
FindCustomers(text **ids, Customer *customers, int count)
{
	IdReader   *reader = OpenValues();

	for (int i = 0; reader != NULL && i < count; i++)
	{
		bool		isnull;
		Datum		place;

		if (!FindRow(reader, ids[i], &customers[i].place))
			continue;
		place = slot_getattr(reader->slot, VALUE_PERSON_PLACE, &isnull);
		if (!isnull)
			customers[i].person.place = *(ItemPointer) DatumGetPointer(place);
	}
	if (reader != NULL)
		CloseIdReader(reader);
}

/* Read the row of a locked person. */
static void
FetchCustomer(IdReader *reader, Customer *customer)
{
	if (FindRow(reader, customer->person.id, &customer->place))
	{
		TupleTableSlot *slot = reader->slot;
		bool		copied;
		HeapTuple	tuple = ExecFetchSlotHeapTuple(slot, false, &copied);

		ReadCustomer(tuple, slot->tts_tupleDescriptor, customer);
		customer->tid = slot->tts_tid;
		customer->own = TransactionIdIsCurrentTransactionId(
										HeapTupleHeaderGetXmin(tuple->t_data));
		if (copied)
			heap_freetuple(tuple);
	}
	ExecClearTuple(reader->slot);
}

/* Read the rows of locked persons. */
static void
FetchCustomers(Customer *customers, int count)
{
	/* what was committed before the locks were had */
	IdReader   *reader = OpenValues();

	for (int i = 0; i < count; i++)
	{
		if (!customers[i].person.known)
			continue;
		if (reader != NULL)
			FetchCustomer(reader, &customers[i]);
		else
			QueryCustomer(&customers[i]);
	}
	if (reader != NULL)
		CloseIdReader(reader);
}

/* See segment.h. */
void
LockCustomers(text **ids, const Instant *since, RowAccess access, int count,
			  Customer *customers)
{
	for (int i = 0; i < count; i++)
	{
		Customer   *customer = &customers[i];

		memset(customer, 0, sizeof(*customer));
		RfmInit(&customer->purchases);
		customer->scored_at = INSTANT_NONE;
		customer->rescore_at = customer->due_at = INSTANT_NEVER;
		ItemPointerSetInvalid(&customer->tid);
	}
	if (count >= HINTED_CUSTOMERS)
		FindCustomers(ids, customers, count);
	LockPersons(ids, since, access, count, customers);
	/* this transaction's own changes count, too */
	CommandCounterIncrement();
	FetchCustomers(customers, count);
}

/* --- writing rows */

/* The type rfm, of the elements of an array. */
static Oid
RfmType(void)
{
	return get_element_type(get_atttype(LedgerRelation("customer_value"),
										VALUE_MONTHLY));
}

/* The columns of a customer's row. */
static void
RowOfCustomer(const Customer *customer, Oid rfm_type, Datum *values,
			  bool *nulls)
{
#define SET(attribute, datum, isnull) \
	(values[(attribute) - 1] = (datum), nulls[(attribute) - 1] = (isnull))
	SET(VALUE_PERSON_ID, PointerGetDatum(customer->person.id), false);
	SET(VALUE_PURCHASES, RfmGetDatum(&customer->purchases), false);
	SET(VALUE_SCORE, Int16GetDatum(customer->score), customer->score == 0);
	SET(VALUE_SEGMENT, PointerGetDatum(customer->segment),
		customer->segment == NULL);
	SET(VALUE_ENGAGEMENT, customer->engagement == NULL ? (Datum) 0 :
		CStringGetTextDatum(customer->engagement),
		customer->engagement == NULL);
	SET(VALUE_VERSION, Int32GetDatum(customer->version),
		customer->version == 0);
	SET(VALUE_SCORED_AT, TimestampTzGetDatum(customer->scored_at),
		customer->scored_at == INSTANT_NONE);
	SET(VALUE_RESCORE_AT, TimestampTzGetDatum(customer->rescore_at), false);
	SET(VALUE_DUE_AT, TimestampTzGetDatum(customer->due_at), false);
	SET(VALUE_FILL, Int32GetDatum(customer->fill), false);
	SET(VALUE_PINNED, BoolGetDatum(customer->pinned), false);
	SET(VALUE_PERSON_PLACE, PointerGetDatum(&customer->person.place),
		!ItemPointerIsValid(&customer->person.place));
	SET(VALUE_MONTHS, (Datum) 0, true);
	SET(VALUE_MONTHLY, (Datum) 0, true);
	if (customer->nmonths > 0)
	{
		Datum	   *months = palloc(customer->nmonths * sizeof(Datum));
		Datum	   *sums = palloc(customer->nmonths * sizeof(Datum));

		for (int i = 0; i < customer->nmonths; i++)
		{
			months[i] = DateADTGetDatum(customer->months[i].month);
			sums[i] = RfmGetDatum(&customer->months[i].sum);
		}
		SET(VALUE_MONTHS, ArrayDatum(months, NULL, customer->nmonths,
									 DATEOID), false);
		SET(VALUE_MONTHLY, ArrayDatum(sums, NULL, customer->nmonths,
									  rfm_type), false);
	}
#undef SET
}

/*
 * Write a row by a query, whose parameters are the columns of its table.
 * *plan and *seen are static variables, *seen of the table.
 */
static void
QueryWrite(SPIPlanPtr *plan, Oid *seen, const char *table, int natts,
		   const char *source, Datum *values, const bool *nulls)
{
	Oid			relation = LedgerRelation(table);
	Oid		   *types = palloc(natts * sizeof(Oid));
	char	   *blanks = palloc0(natts + 1);

	ForgetPlan(plan, seen, relation);
	for (int i = 0; i < natts; i++)
	{
		types[i] = get_atttype(relation, i + 1);
		blanks[i] = nulls[i] ? 'n' : ' ';
	}
	SPI_connect();
	LedgerPlan(plan, source, natts, types);
	(void) LedgerExecute(*plan, values, blanks, false);
	SPI_finish();
}

/* Write a customer's row by a query. */
static void
QueryWriteRow(Datum *values, const bool *nulls)
{
	static SPIPlanPtr plan = NULL;
	static Oid	seen = InvalidOid;

	QueryWrite(&plan, &seen, "customer_value", VALUE_ATTRIBUTES,
			   "INSERT INTO contact_pressure.customer_value"
			   " (person_id, purchases, score, segment, engagement, version,"
			   "  scored_at, rescore_at, due_at, fill, pinned, months, monthly,"
			   "  person_place)"
			   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,"
			   "  $13, $14)"
			   " ON CONFLICT (person_id) DO UPDATE"
			   " SET purchases = $2, score = $3, segment = $4,"
			   "  engagement = $5, version = $6, scored_at = $7,"
			   "  rescore_at = $8, due_at = $9, fill = $10, pinned = $11,"
			   "  months = $12, monthly = $13, person_place = $14", values,
			   nulls);
}

/* Write the rows that are there, or those that are new, without a query. */
static bool
WriteRowsInPlace(const Changes *changes, Oid rfm_type, bool known)
{
	static const AttrNumber columns[] = {
		VALUE_PURCHASES, VALUE_SCORE, VALUE_SEGMENT, VALUE_ENGAGEMENT,
		VALUE_VERSION, VALUE_SCORED_AT, VALUE_RESCORE_AT, VALUE_DUE_AT,
		VALUE_FILL, VALUE_PINNED, VALUE_MONTHS, VALUE_MONTHLY,
		VALUE_PERSON_PLACE
	};
	TableWriter *writer = OpenWriter("customer_value", VALUE_ATTRIBUTES,
									 known ? CMD_UPDATE : CMD_INSERT,
									 columns, lengthof(columns), NULL);
	Datum		values[VALUE_ATTRIBUTES];
	bool		nulls[VALUE_ATTRIBUTES];

	if (writer == NULL)
		return false;
	for (int i = 0; i < changes->count; i++)
	{
		Customer   *customer = changes->customers[i];

		if (!changes->rows[i] || customer->known != known)
			continue;
		RowOfCustomer(customer, rfm_type, values, nulls);
		/* all columns but the first, as in the list */
		if (known)
			WriterUpdate(writer, &customer->tid, values + 1, nulls + 1);
		else
			WriterInsert(writer, values, nulls);
	}
	CloseWriter(writer);
	return true;
}

/* Write the rows of customers. */
static void
WriteRows(const Changes *changes)
{
	Oid			rfm_type = RfmType();
	Datum		values[VALUE_ATTRIBUTES];
	bool		nulls[VALUE_ATTRIBUTES];

	for (int known = 0; known <= 1; known++)
	{
		int			count = 0;
		bool		in_place = true;

		for (int i = 0; i < changes->count; i++)
			if (changes->rows[i] &&
				changes->customers[i]->known == (bool) known)
			{
				count++;
				in_place &= !known ||
					ItemPointerIsValid(&changes->customers[i]->tid);
			}
		/* who was not there for an old snapshot may be there all the same */
		in_place &= !IsolationUsesXactSnapshot();
		if (count == 0 ||
			(in_place && WriteRowsInPlace(changes, rfm_type, known)))
			continue;
		for (int i = 0; i < changes->count; i++)
		{
			if (!changes->rows[i] ||
				changes->customers[i]->known != (bool) known)
				continue;
			RowOfCustomer(changes->customers[i], rfm_type, values, nulls);
			QueryWriteRow(values, nulls);
		}
	}
}

/* --- moves */

/* The columns of contact_pressure.segment_change, in order. */
enum
{
	CHANGE_ID,
	CHANGE_PERSON_ID,
	CHANGE_AT,
	CHANGE_WHY,
	CHANGE_FROM,
	CHANGE_TO,
	CHANGE_FROM_SCORE,
	CHANGE_TO_SCORE,
	CHANGE_VERSION,
	CHANGE_RECORDED_AT,
	CHANGE_ATTRIBUTES
};

/* The columns of a row of segment_change. */
static void
RowOfMove(const Changes *changes, int i, Oid sequence, Datum *values,
		  bool *nulls)
{
	const Move *move = &changes->moves[i];
	const Customer *customer = changes->customers[i];

#define SET(column, datum, isnull) \
	(values[column] = (datum), nulls[column] = (isnull))
	SET(CHANGE_ID, Int64GetDatum(nextval_internal(sequence, false)), false);
	SET(CHANGE_PERSON_ID, PointerGetDatum(customer->person.id), false);
	SET(CHANGE_AT, TimestampTzGetDatum(changes->at), false);
	SET(CHANGE_WHY, CStringGetTextDatum(move->why), false);
	SET(CHANGE_FROM, PointerGetDatum(move->from), move->from == NULL);
	SET(CHANGE_TO, PointerGetDatum(move->to), move->to == NULL);
	SET(CHANGE_FROM_SCORE, Int16GetDatum(move->from_score),
		move->from_score == 0);
	SET(CHANGE_TO_SCORE, Int16GetDatum(move->to_score), move->to_score == 0);
	SET(CHANGE_VERSION, Int32GetDatum(changes->base->version),
		changes->base->version == 0);
	SET(CHANGE_RECORDED_AT, TimestampTzGetDatum(GetCurrentTimestamp()),
		false);
#undef SET
}

/* Write a row of segment_change by a query. */
static void
QueryWriteMove(Datum *values, const bool *nulls)
{
	static SPIPlanPtr plan = NULL;
	static Oid	seen = InvalidOid;

	QueryWrite(&plan, &seen, "segment_change", CHANGE_ATTRIBUTES,
			   "INSERT INTO contact_pressure.segment_change"
			   " (change_id, person_id, at, why, from_segment, to_segment,"
			   "  from_score, to_score, version, recorded_at)"
			   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
			   values, nulls);
}

/* Write the moves into segment_change. */
static void
WriteMoves(const Changes *changes)
{
	TableWriter *writer = OpenWriter("segment_change", CHANGE_ATTRIBUTES,
									 CMD_INSERT, NULL, 0, NULL);
	Oid			sequence = LedgerRelation("segment_change_change_id_seq");
	Datum		values[CHANGE_ATTRIBUTES];
	bool		nulls[CHANGE_ATTRIBUTES];

	for (int i = 0; i < changes->count; i++)
	{
		if (changes->moves[i].why == NULL)
			continue;
		RowOfMove(changes, i, sequence, values, nulls);
		if (writer != NULL)
			WriterInsert(writer, values, nulls);
		else
			QueryWriteMove(values, nulls);
	}
	if (writer != NULL)
		CloseWriter(writer);
}

/* A text of a JSON object, or null. */
static void
AppendText(StringInfo json, const char *before, const text *value)
{
	appendStringInfoString(json, before);
	if (value == NULL)
		appendStringInfoString(json, "null");
	else
		escape_json(json, text_to_cstring(value));
}

/* A score of a JSON object, or null. */
static void
AppendScore(StringInfo json, const char *before, RfmScore score)
{
	appendStringInfoString(json, before);
	if (score == 0)
		appendStringInfoString(json, "null");
	else
		appendStringInfo(json, "%d", score);
}

/* Tell those who listen of a move. */
static void
NotifyMove(const Changes *changes, int i)
{
	const Move *move = &changes->moves[i];
	StringInfoData payload;
	char		at[INSTANT_TEXT_SIZE];

	initStringInfo(&payload);
	AppendText(&payload, "{\"person_id\":",
			   changes->customers[i]->person.id);
	AppendText(&payload, ",\"from\":", move->from);
	AppendText(&payload, ",\"to\":", move->to);
	AppendScore(&payload, ",\"from_score\":", move->from_score);
	AppendScore(&payload, ",\"to_score\":", move->to_score);
	InstantWrite(changes->at, at);
	appendStringInfo(&payload, ",\"why\":\"%s\",\"at\":\"%s\"}", move->why,
					 at);
	/* an id of thousands of characters does not fit: its row is there */
	if (payload.len < PAYLOAD_END)
		Async_Notify(CHANNEL, payload.data);
	pfree(payload.data);
}

/* --- the persons' segments */

/* The columns of contact_pressure.person_version, in order. */
enum
{
	WAS_PERSON_ID,
	WAS_VERSION_ID,
	WAS_UNTIL,
	WAS_CHANGED_BY,
	WAS_SEGMENT,
	WAS_ZONE,
	WAS_PREFERENCES,
	WAS_OPTED_OUT,
	WAS_OPTED_IN,
	WAS_HOLDS,
	WAS_MERGED_INTO,
	WAS_ATTRIBUTES
};

/* What a person was before, as the trigger keep_person_version keeps it. */
static void
KeepVersion(TableWriter *writer, Oid sequence, Datum changed_by,
			const LedgerPerson *person)
{
	Datum		values[WAS_ATTRIBUTES] = {
		PointerGetDatum(person->id),
		Int64GetDatum(nextval_internal(sequence, false)),
		TimestampTzGetDatum(GetCurrentTimestamp()), changed_by,
		PointerGetDatum(person->segment), PointerGetDatum(person->zone),
		PointerGetDatum(person->preferences),
		PointerGetDatum(person->opted_out),
		PointerGetDatum(person->opted_in), PointerGetDatum(person->holds),
		(Datum) 0
	};
	bool		nulls[WAS_ATTRIBUTES];

	for (int i = 0; i < WAS_ATTRIBUTES; i++)
		nulls[i] = values[i] == (Datum) 0;
	WriterInsert(writer, values, nulls);
}

/* Write the segments where the persons were locked, without a query. */
static bool
WriteSegmentsInPlace(const Changes *changes)
{
	/* a map's names are as check_person has them; the moves are written */
	static const char *const done[] = {
		"check_person", "keep_person_version", "record_segment_by_hand", NULL
	};
	static const AttrNumber columns[] = {PERSON_SEGMENT};
	TableWriter *versions;
	TableWriter *writer;
	Oid			sequence = LedgerRelation("person_version_version_id_seq");
	Datum		changed_by;

	for (int i = 0; i < changes->count; i++)
		if (changes->moves[i].why != NULL &&
			!ItemPointerIsValid(&changes->customers[i]->person.tid))
			return false;
	versions = OpenWriter("person_version", WAS_ATTRIBUTES, CMD_INSERT, NULL,
						  0, NULL);
	writer = OpenWriter("person", PERSON_ATTRIBUTES, CMD_UPDATE, columns,
						lengthof(columns), done);
	changed_by = CStringGetTextDatum(GetUserNameFromId(GetSessionUserId(),
													   false));
	for (int i = 0; versions != NULL && writer != NULL && i < changes->count;
		 i++)
	{
		LedgerPerson *person = &changes->customers[i]->person;
		const Move *move = &changes->moves[i];
		Datum		segment = PointerGetDatum(move->to);
		bool		isnull = move->to == NULL;

		if (move->why == NULL)
			continue;
		KeepVersion(versions, sequence, changed_by, person);
		WriterUpdate(writer, &person->tid, &segment, &isnull);
		ItemPointerSetInvalid(&person->tid);
	}
	if (versions != NULL)
		CloseWriter(versions);
	if (writer != NULL)
		CloseWriter(writer);
	return versions != NULL && writer != NULL;
}

/* Write a person's segment by a query. */
static void
QueryWriteSegment(const LedgerPerson *person, text *segment)
{
	static SPIPlanPtr plan = NULL;
	static const Oid types[] = {TEXTOID, TEXTOID};
	Datum		values[] = {PointerGetDatum(person->id),
	PointerGetDatum(segment)};

	SPI_connect();
	LedgerPlan(&plan,
			   "UPDATE contact_pressure.person SET segment = $2"
			   " WHERE person_id = $1", lengthof(types), types);
	if (LedgerExecute(plan, values, segment == NULL ? " n" : NULL,
					  false) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("the segment of person \"%s\" could not be written",
						text_to_cstring(person->id)),
				 errhint("Look at row-level security and triggers of contact_pressure.person.")));
	SPI_finish();
}

/* See segment.h. */
void
WriteCustomers(const Changes *changes)
{
	int			moved = 0;

	WriteRows(changes);
	for (int i = 0; i < changes->count; i++)
		moved += changes->moves[i].why != NULL;
	if (moved == 0)
		return;
	/* before the persons: the trigger on their segment looks for them */
	WriteMoves(changes);
	if (!WriteSegmentsInPlace(changes))
		for (int i = 0; i < changes->count; i++)
			if (changes->moves[i].why != NULL)
				QueryWriteSegment(&changes->customers[i]->person,
								  changes->moves[i].to);
	for (int i = 0; changes->base->notify && i < changes->count; i++)
		if (changes->moves[i].why != NULL)
			NotifyMove(changes, i);
}
