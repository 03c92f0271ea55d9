/*
 * batch_write.c
 *		What a batch writes: histories and leases, and rows of the log.
 *
 * Rows go straight into the tables where that is all there is to do; where
 * more is, a query writes what arrays hold.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "compat.h"
#include "ledger/batch.h"
#include "ledger/row.h"
#include "ledger/write.h"

/* See batch.h. */
Datum
ArrayDatum(Datum *values, bool *nulls, int count, Oid type)
{
	int			lower = 1;
	int16		length;
	bool		by_value;
	char		align;

	get_typlenbyvalalign(type, &length, &by_value, &align);
	return PointerGetDatum(construct_md_array(values, nulls, 1, &count,
											  &lower, type, length, by_value,
											  align));
}

/* See batch.h. */
Writing *
NewWriting(MemoryContext context, int count)
{
	Writing    *writing = MemoryContextAllocZero(context, sizeof(Writing));

	writing->ids = NEW_ARRAY(context, Datum, count);
	writing->log_ids = NEW_ARRAY(context, Datum, count);
	writing->ats = NEW_ARRAY(context, Datum, count);
	writing->segments = NEW_ARRAY(context, Datum, count);
	writing->no_segment = NEW_ARRAY(context, bool, count);
	writing->outcomes = NEW_ARRAY(context, Datum, count);
	writing->leases = NEW_ARRAY(context, Datum, count);
	writing->no_lease = NEW_ARRAY(context, bool, count);
	writing->versions = NEW_ARRAY(context, Datum, count);
	writing->keys = NEW_ARRAY(context, Datum, count);
	writing->no_key = NEW_ARRAY(context, bool, count);
	return writing;
}

/* See batch.h. */
void
AddToWriting(const Reservation *reservation, Writing *writing,
			 const LedgerPerson *person, text *key, const Decision *decision)
{
	Outcome		outcome = ReservationOutcome(reservation, decision->at);
	int			i = writing->contacts++;

	writing->ids[i] = PointerGetDatum(person->id);
	writing->log_ids[i] = Int64GetDatum(decision->log_id);
	writing->ats[i] = TimestampTzGetDatum(decision->at);
	writing->segments[i] = PointerGetDatum(person->segment);
	writing->no_segment[i] = person->segment == NULL;
	writing->outcomes[i] = CStringGetTextDatum(OutcomeNames[outcome]);
	writing->leases[i] = TimestampTzGetDatum(decision->lease_until);
	writing->no_lease[i] = decision->lease_until == DT_NOEND;
	writing->versions[i] = Int64GetDatum(decision->verdict.policy_version);
	writing->keys[i] = PointerGetDatum(key);
	writing->no_key[i] = key == NULL;
}

/* A writer of histories and leases; NULL when only a query will do. */
static TableWriter *
OpenPersonWriter(void)
{
	static const AttrNumber columns[] = {PERSON_HISTORY, PERSON_LEASE_UNTIL};

	return OpenWriter("person", PERSON_ATTRIBUTES, CMD_UPDATE, columns,
					  lengthof(columns), NULL);
}

/* Write a person's where the row was locked; then it is somewhere else. */
static void
WritePerson(TableWriter *writer, LedgerPerson *person)
{
	Datum		values[] = {PointerGetDatum(person->history),
	TimestampTzGetDatum(person->lease_until)};
	bool		nulls[] = {false, person->lease_until == DT_NOEND};

	WriterUpdate(writer, &person->tid, values, nulls);
	ItemPointerSetInvalid(&person->tid);
}

/* See batch.h. */
bool
SaveInPlace(LedgerPerson *person)
{
	TableWriter *writer = NULL;

	if (ItemPointerIsValid(&person->tid))
		writer = OpenPersonWriter();
	if (writer == NULL)
		return false;
	WritePerson(writer, person);
	CloseWriter(writer);
	return true;
}

/* Write histories and leases where the rows were locked. */
static bool
WriteInPlace(const Batch *batch, int first, int last)
{
	TableWriter *writer = OpenPersonWriter();

	if (writer == NULL)
		return false;
	for (int i = first; i < last; i++)
		if (batch->groups[i].changed)
			WritePerson(writer, &batch->groups[i].person);
	CloseWriter(writer);
	return true;
}

/* Write histories and leases, $2 and $3 of the persons $1. */
static uint64
WriteHistories(const Oid *types, Datum *values)
{
	static SPIPlanPtr plan = NULL;
	static Oid	seen = InvalidOid;
	uint64		written;

	ForgetPlan(&plan, &seen, types[1]);
	SPI_connect();
	LedgerPlan(&plan,
			   "UPDATE contact_pressure.person AS p"
			   "   SET history = u.history, lease_until = u.lease_until"
			   "  FROM unnest($1, $2, $3) AS u(id, history, lease_until)"
			   " WHERE p.person_id = u.id", 3, types);
	written = LedgerExecute(plan, values, NULL, false);
	SPI_finish();
	return written;
}

/* Write those of a chunk that changed. */
static void
WritePersons(const Batch *batch, int first, int last)
{
	Oid			history = HistoryType();
	Oid			types[] = {TEXTARRAYOID, get_array_type(history),
	TIMESTAMPTZARRAYOID};
	Datum	   *ids = palloc((last - first) * sizeof(Datum));
	Datum	   *histories = palloc((last - first) * sizeof(Datum));
	Datum	   *leases = palloc((last - first) * sizeof(Datum));
	bool	   *no_lease = palloc((last - first) * sizeof(bool));
	Datum		values[lengthof(types)];
	bool		in_place = true;
	uint64		written;
	int			count = 0;

	for (int i = first; i < last; i++)
	{
		const PersonGroup *group = &batch->groups[i];

		if (!group->changed)
			continue;
		ids[count] = PointerGetDatum(group->person.id);
		histories[count] = PointerGetDatum(group->person.history);
		leases[count] = TimestampTzGetDatum(group->person.lease_until);
		no_lease[count++] = group->person.lease_until == DT_NOEND;
		in_place &= ItemPointerIsValid(&group->person.tid);
	}
	if (count == 0 || (in_place && WriteInPlace(batch, first, last)))
		return;
	values[0] = ArrayDatum(ids, NULL, count, TEXTOID);
	values[1] = ArrayDatum(histories, NULL, count, history);
	values[2] = ArrayDatum(leases, no_lease, count, TIMESTAMPTZOID);
	written = WriteHistories(types, values);
	if (written != (uint64) count)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("the histories of %d persons could not be written",
						count - (int) written),
				 errhint("Look at row-level security and triggers of contact_pressure.person.")));
}

/* The columns of contact_pressure.contact_log, in the order of tables.sql. */
enum
{
	LOG_PERSON_ID,
	LOG_LOG_ID,
	LOG_AT,
	LOG_CHANNEL,
	LOG_PURPOSE,
	LOG_CAMPAIGN,
	LOG_OWNER,
	LOG_SEGMENT,
	LOG_WEIGHT,
	LOG_COST,
	LOG_KEY,
	LOG_STATUS,
	LOG_OUTCOME,
	LOG_ANSWERED_AT,
	LOG_LEASE_UNTIL,
	LOG_POLICY_VERSION,
	LOG_SOURCE,
	LOG_REASON,
	LOG_RECORDED_AT,
	LOG_SETTLED_AT,
	LOG_MERGED_FROM,
	LOG_ATTRIBUTES
};

/* Set a column that is NULL when there is nothing. */
static void
SetColumn(Datum *row, bool *nulls, int column, Datum value, bool isnull)
{
	row[column] = value;
	nulls[column] = isnull;
}

/* Write the rows of the log without a query; false: only a query will do. */
static bool
InsertContacts(const Reservation *reservation, const Writing *writing)
{
	TableWriter *writer = OpenWriter("contact_log", LOG_ATTRIBUTES,
									 CMD_INSERT, NULL, 0, NULL);
	Datum		row[LOG_ATTRIBUTES] = {0};
	bool		nulls[LOG_ATTRIBUTES] = {0};

	if (writer == NULL)
		return false;
	row[LOG_CHANNEL] = PointerGetDatum(reservation->proposal.channel);
	row[LOG_PURPOSE] = PointerGetDatum(reservation->proposal.purpose);
	SetColumn(row, nulls, LOG_CAMPAIGN, PointerGetDatum(reservation->campaign),
			  reservation->campaign == NULL);
	SetColumn(row, nulls, LOG_OWNER, PointerGetDatum(reservation->owner),
			  reservation->owner == NULL);
	SetColumn(row, nulls, LOG_WEIGHT,
			  Float8GetDatum(reservation->proposal.weight),
			  !reservation->proposal.has_weight);
	SetColumn(row, nulls, LOG_COST, PointerGetDatum(reservation->cost),
			  reservation->cost == NULL);
	row[LOG_STATUS] = CStringGetTextDatum("reserved");
	row[LOG_SOURCE] = CStringGetTextDatum("reserve");
	nulls[LOG_ANSWERED_AT] = nulls[LOG_REASON] = nulls[LOG_SETTLED_AT] =
		nulls[LOG_MERGED_FROM] = true;
	for (int i = 0; i < writing->contacts; i++)
	{
		row[LOG_PERSON_ID] = writing->ids[i];
		row[LOG_LOG_ID] = writing->log_ids[i];
		row[LOG_AT] = writing->ats[i];
		SetColumn(row, nulls, LOG_SEGMENT, writing->segments[i],
				  writing->no_segment[i]);
		SetColumn(row, nulls, LOG_KEY, writing->keys[i], writing->no_key[i]);
		row[LOG_OUTCOME] = writing->outcomes[i];
		SetColumn(row, nulls, LOG_LEASE_UNTIL, writing->leases[i],
				  writing->no_lease[i]);
		row[LOG_POLICY_VERSION] = writing->versions[i];
		row[LOG_RECORDED_AT] = TimestampTzGetDatum(GetCurrentTimestamp());
		WriterInsert(writer, row, nulls);
	}
	CloseWriter(writer);
	return true;
}

/* See batch.h. */
int
WriteContacts(const Reservation *reservation, const Writing *writing)
{
	static SPIPlanPtr plan = NULL;
	static const Oid types[] = {
		TEXTARRAYOID, INT8ARRAYOID, TIMESTAMPTZARRAYOID, TEXTARRAYOID,
		TEXTARRAYOID, TIMESTAMPTZARRAYOID, INT8ARRAYOID, TEXTARRAYOID,
		TEXTOID, TEXTOID, TEXTOID, TEXTOID, FLOAT8OID, NUMERICOID
	};
	int			count = writing->contacts;
	uint64		written;
	Datum		values[lengthof(types)];
	char		nulls[] = "              ";

	if (InsertContacts(reservation, writing))
		return count;
	values[0] = ArrayDatum(writing->ids, NULL, count, TEXTOID);
	values[1] = ArrayDatum(writing->log_ids, NULL, count, INT8OID);
	values[2] = ArrayDatum(writing->ats, NULL, count, TIMESTAMPTZOID);
	values[3] = ArrayDatum(writing->segments, writing->no_segment, count,
						   TEXTOID);
	values[4] = ArrayDatum(writing->outcomes, NULL, count, TEXTOID);
	values[5] = ArrayDatum(writing->leases, writing->no_lease, count,
						   TIMESTAMPTZOID);
	values[6] = ArrayDatum(writing->versions, NULL, count, INT8OID);
	values[7] = ArrayDatum(writing->keys, writing->no_key, count, TEXTOID);
	values[8] = PointerGetDatum(reservation->proposal.channel);
	values[9] = PointerGetDatum(reservation->proposal.purpose);
	values[10] = PointerGetDatum(reservation->campaign);
	nulls[10] = reservation->campaign == NULL ? 'n' : ' ';
	values[11] = PointerGetDatum(reservation->owner);
	nulls[11] = reservation->owner == NULL ? 'n' : ' ';
	values[12] = Float8GetDatum(reservation->proposal.weight);
	nulls[12] = reservation->proposal.has_weight ? ' ' : 'n';
	values[13] = PointerGetDatum(reservation->cost);
	nulls[13] = reservation->cost == NULL ? 'n' : ' ';
	SPI_connect();
	LedgerPlan(&plan,
			   "INSERT INTO contact_pressure.contact_log"
			   " (person_id, log_id, at, segment, outcome, lease_until,"
			   "  policy_version, key, channel, purpose, campaign, owner,"
			   "  weight, cost, status, source)"
			   " SELECT u.*, $9, $10, $11, $12, $13, $14, 'reserved',"
			   "  'reserve' FROM unnest($1, $2, $3, $4, $5, $6, $7, $8) AS u",
			   lengthof(types), types);
	written = LedgerExecute(plan, values, nulls, false);
	SPI_finish();
	return (int) written;
}

/* See batch.h. */
void
WriteChunk(const Batch *batch, int first, int last, const Writing *writing)
{
	int			written;

	WritePersons(batch, first, last);
	if (writing->contacts == 0)
		return;
	written = WriteContacts(batch->reservation, writing);
	if (written != writing->contacts)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%d contacts could not be written",
						writing->contacts - written),
				 errhint("Look at the triggers of contact_pressure.contact_log.")));
}
