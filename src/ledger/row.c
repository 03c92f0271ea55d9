/*
 * row.c
 *		A person's row straight from the table; see row.h.
 *
 * Every question and every reservation begins with this row, and to set up
 * and take down an executor for one row takes several times as long as to
 * find it.  So the index is asked here, as the executor would ask it, where
 * nothing speaks against it: no row-level security that hides rows, no table
 * that inherits from this one, the privileges of a query, and for a lock no
 * snapshot of the transaction's that a changed row must collide with.
 * Otherwise the answer is ROW_UNSUITED, and person.c runs a query.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/parallel.h"
#include "access/relscan.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "ledger/find.h"
#include "ledger/row.h"

PG_FUNCTION_INFO_V1(is_contact_status);

/* --- columns */

/* A column detoasted, in the current context; NULL for NULL. */
static void *
ReadColumn(HeapTuple tuple, TupleDesc tupdesc, int column)
{
	bool		isnull;
	Datum		datum = heap_getattr(tuple, column, tupdesc, &isnull);
	struct varlena *value;

	if (isnull)
		return NULL;
	/* arrays are read with a long header, all else as it comes */
	if (column == PERSON_OPTED_OUT || column == PERSON_OPTED_IN ||
		column == PERSON_HOLDS)
		return PG_DETOAST_DATUM_COPY(datum);
	if (column != PERSON_PREFERENCES ||
		VARATT_IS_EXTERNAL(DatumGetPointer(datum)))
	{
		value = PG_DETOAST_DATUM_PACKED(datum);
		if (value != (struct varlena *) DatumGetPointer(datum))
			return value;
	}
	return DatumGetPointer(datumCopy(datum, false, -1));
}

/* See row.h. */
RowResult
PersonFromRow(HeapTuple tuple, TupleDesc tupdesc, LedgerPerson *person,
			  text **merged_into)
{
	bool		isnull;
	Datum		lease_until;

	*merged_into = ReadColumn(tuple, tupdesc, PERSON_MERGED_INTO);
	if (*merged_into != NULL)
		return ROW_MERGED;
	person->id = ReadColumn(tuple, tupdesc, PERSON_ID);
	person->known = true;
	person->segment = ReadColumn(tuple, tupdesc, PERSON_SEGMENT);
	person->zone = ReadColumn(tuple, tupdesc, PERSON_ZONE);
	person->preferences = ReadColumn(tuple, tupdesc, PERSON_PREFERENCES);
	person->opted_out = ReadColumn(tuple, tupdesc, PERSON_OPTED_OUT);
	person->opted_in = ReadColumn(tuple, tupdesc, PERSON_OPTED_IN);
	person->holds = ReadColumn(tuple, tupdesc, PERSON_HOLDS);
	lease_until = heap_getattr(tuple, PERSON_LEASE_UNTIL, tupdesc, &isnull);
	person->lease_until = isnull ? DT_NOEND :
		DatumGetTimestampTz(lease_until);
	person->history = ReadColumn(tuple, tupdesc, PERSON_HISTORY);
	return ROW_FOUND;
}

/* --- the table */

/* May the table be read this way? */
static bool
IsSuited(Relation relation, bool lock)
{
	AclMode		needed = lock ? ACL_SELECT | ACL_UPDATE : ACL_SELECT;
	Oid			oid = RelationGetRelid(relation);

	/* where no lock can be had the query will say so */
	if (lock && (IsolationUsesXactSnapshot() || XactReadOnly ||
				 IsInParallelMode()))
		return false;
	return !relation->rd_rel->relrowsecurity &&
		!relation->rd_rel->relhassubclass &&
		pg_class_aclmask(oid, GetUserId(), needed, ACLMASK_ALL) == needed;
}

/*
 * Lock the row in slot, whose version the snapshot has, and put its last
 * version there.  ROW_NONE: it is gone.
 */
static RowResult
LockSlot(Relation relation, text *id, Snapshot snapshot, bool wait,
		 TupleTableSlot *slot)
{
	ItemPointerData tid = slot->tts_tid;
	TM_FailureData failure;
	TM_Result	result;
	text	   *found;
	bool		isnull;

	result = table_tuple_lock(relation, &tid, snapshot, slot,
							  GetCurrentCommandId(true),
							  LockTupleNoKeyExclusive,
							  wait ? LockWaitBlock : LockWaitSkip,
							  TUPLE_LOCK_FLAG_LOCK_UPDATE_IN_PROGRESS |
							  TUPLE_LOCK_FLAG_FIND_LAST_VERSION, &failure);
	if (result == TM_Deleted)
		return ROW_NONE;
	if (result == TM_WouldBlock)
		return ROW_HELD;
	/* only a trigger on this very table could be in the middle of a change */
	if (result != TM_Ok)
		ereport(ERROR,
				(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
				 errmsg("person \"%s\" is being changed by the current command",
						text_to_cstring(id))));
	if (!failure.traversed)
		return ROW_FOUND;
	/* an id that was changed meanwhile is somebody else's */
	found = DatumGetTextPP(slot_getattr(slot, PERSON_ID, &isnull));
	return SameText(found, id) ? ROW_FOUND : ROW_NONE;
}

/* Make a person of the row in slot. */
static RowResult
ReadSlot(TupleTableSlot *slot, bool locked, LedgerPerson *person,
		 text **merged_into)
{
	bool		copied;
	HeapTuple	tuple = ExecFetchSlotHeapTuple(slot, false, &copied);
	RowResult	result = PersonFromRow(tuple, slot->tts_tupleDescriptor,
									   person, merged_into);

	if (copied)
		heap_freetuple(tuple);
	if (locked)
		person->tid = slot->tts_tid;
	return result;
}

/* What reads, and whether it locks. */
struct RowReader
{
	RowAccess	access;
	IdReader   *rows;
};

/* See row.h. */
RowReader *
OpenRowReader(RowAccess access)
{
	bool		lock = access != ROW_READ;
	Relation	relation = table_open(LedgerRelation("person"),
									  lock ? RowShareLock : AccessShareLock);
	RowReader  *reader;

	if (!IsSuited(relation, lock))
	{
		table_close(relation, NoLock);
		return NULL;
	}
	/* what this transaction did before, and others by now */
	if (lock)
		CommandCounterIncrement();
	reader = palloc(sizeof(RowReader));
	reader->access = access;
	reader->rows = OpenIdReader(relation, lock ? GetTransactionSnapshot() :
								GetActiveSnapshot());
	return reader;
}

/* See row.h. */
RowResult
ReaderFetch(RowReader *reader, text *id, const ItemPointerData *place,
			LedgerPerson *person, text **merged_into)
{
	TupleTableSlot *slot = reader->rows->slot;
	bool		lock = reader->access != ROW_READ;
	RowResult	result = ROW_NONE;

	ItemPointerSetInvalid(&person->place);
	if (place != NULL)
		person->place = *place;
	if (FindRow(reader->rows, id, &person->place))
	{
		result = ROW_FOUND;
		if (lock && slot_attisnull(slot, PERSON_MERGED_INTO))
			result = LockSlot(reader->rows->relation, id,
							  reader->rows->snapshot,
							  reader->access == ROW_LOCK, slot);
		if (result == ROW_FOUND)
			result = ReadSlot(slot, lock, person, merged_into);
	}
	ExecClearTuple(slot);
	return result;
}

/* See row.h. */
void
CloseRowReader(RowReader *reader)
{
	CloseIdReader(reader->rows);
	pfree(reader);
}

/* See row.h. */
RowResult
FetchPersonRow(text *id, bool lock, LedgerPerson *person, text **merged_into)
{
	RowReader  *reader = OpenRowReader(lock ? ROW_LOCK : ROW_READ);
	RowResult	result;

	if (reader == NULL)
		return ROW_UNSUITED;
	result = ReaderFetch(reader, id, NULL, person, merged_into);
	CloseRowReader(reader);
	return result;
}

/* Is there a row in the index? */
static bool
AnyRow(Relation relation, Relation index, TupleTableSlot *slot)
{
	IndexScanDesc scan = BeginIndexScan(relation, index, GetActiveSnapshot(),
										0);
	bool		found;

	index_rescan(scan, NULL, 0, NULL, 0);
	found = index_getnext_slot(scan, ForwardScanDirection, slot);
	index_endscan(scan);
	return found;
}

/*
 * See row.h.  The index holds nobody else, and few.  It is asked whatever the
 * privileges are: whoever goes on to the person is held to them there.
 */
void
FindMerged(text **ids, bool *merged, int count)
{
	Relation	relation = table_open(LedgerRelation("person"),
									  AccessShareLock);
	Relation	index = index_open(LedgerRelation("person_merged_idx"),
								   AccessShareLock);
	IndexScanDesc scan = BeginIndexScan(relation, index, GetActiveSnapshot(),
										1);
	TupleTableSlot *slot = table_slot_create(relation, NULL);

	/* mostly nobody at all was */
	memset(merged, 0, count * sizeof(bool));
	if (!AnyRow(relation, index, slot))
		count = 0;
	for (int i = 0; i < count; i++)
	{
		ScanKeyData key;

		CHECK_FOR_INTERRUPTS();
		IdKey(&key, index, ids[i]);
		index_rescan(scan, &key, 1, NULL, 0);
		merged[i] = index_getnext_slot(scan, ForwardScanDirection, slot);
	}
	index_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	index_close(index, NoLock);
	table_close(relation, NoLock);
}

/* The CHECK on contact_log.status. */
Datum
is_contact_status(PG_FUNCTION_ARGS)
{
	static const char *const known[] = {
		"reserved", "confirmed", "recorded", "cancelled"
	};
	text	   *status = PG_GETARG_TEXT_PP(0);

	for (size_t i = 0; i < lengthof(known); i++)
		if (VARSIZE_ANY_EXHDR(status) == strlen(known[i]) &&
			memcmp(VARDATA_ANY(status), known[i], strlen(known[i])) == 0)
			PG_RETURN_BOOL(true);
	PG_RETURN_BOOL(false);
}
