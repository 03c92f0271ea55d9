/*
 * find.c
 *		The row of an id; see find.h.
 *
 * A place is the first of a row's versions on its page, which is what indexes
 * point to.  A row stays there while it is updated without an entry in an
 * index; after that, or a VACUUM FULL, something else may be there, or
 * nothing.  So the id is compared; and a snapshot has one row of an id.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_am.h"
#include "storage/bufmgr.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "ledger/find.h"
#include "ledger/ledger.h"

/* See find.h. */
IdReader *
OpenIdReader(Relation relation, Snapshot snapshot)
{
	IdReader   *reader = palloc(sizeof(IdReader));

	reader->relation = relation;
	reader->index = index_open(RelationGetPrimaryKeyOid(relation),
							   AccessShareLock);
	reader->snapshot = RegisterSnapshot(snapshot);
	reader->slot = table_slot_create(relation, NULL);
	reader->scan = BeginIndexScan(relation, reader->index, reader->snapshot,
								  1);
	reader->places = NULL;
	reader->blocks = 0;
	return reader;
}

/* See find.h. */
void
CloseIdReader(IdReader *reader)
{
	if (reader->places != NULL)
		table_index_fetch_end(reader->places);
	index_endscan(reader->scan);
	ExecDropSingleTupleTableSlot(reader->slot);
	UnregisterSnapshot(reader->snapshot);
	index_close(reader->index, NoLock);
	table_close(reader->relation, NoLock);
	pfree(reader);
}

/* Is a block one of the table's? */
static bool
HasBlock(IdReader *reader, BlockNumber block)
{
	/* it does not shrink while the table is open */
	if (block >= reader->blocks)
		reader->blocks = RelationGetNumberOfBlocks(reader->relation);
	return block < reader->blocks;
}

/* Is the row at a place? */
static bool
FindAt(IdReader *reader, text *id, ItemPointerData place)
{
	bool		again = false;
	bool		isnull;

	if (!ItemPointerIsValid(&place) ||
		reader->relation->rd_rel->relam != HEAP_TABLE_AM_OID ||
		!HasBlock(reader, ItemPointerGetBlockNumber(&place)))
		return false;
	if (reader->places == NULL)
		reader->places = table_index_fetch_begin(reader->relation);
	return table_index_fetch_tuple(reader->places, &place, reader->snapshot,
								   reader->slot, &again, NULL) &&
		SameText(DatumGetTextPP(slot_getattr(reader->slot, 1, &isnull)), id);
}

/* See find.h. */
void
IdKey(ScanKey key, Relation index, text *id)
{
	ScanKeyEntryInitialize(key, 0, 1, BTEqualStrategyNumber, InvalidOid,
						   index->rd_indcollation[0], F_TEXTEQ,
						   PointerGetDatum(id));
}

/* Find the row by the primary key. */
static bool
FindByKey(IdReader *reader, text *id, ItemPointer place)
{
	ScanKeyData key;
	ItemPointer tid;

	IdKey(&key, reader->index, id);
	index_rescan(reader->scan, &key, 1, NULL, 0);
	while ((tid = index_getnext_tid(reader->scan,
									ForwardScanDirection)) != NULL)
	{
		*place = *tid;
		if (index_fetch_heap(reader->scan, reader->slot))
			return true;
	}
	ItemPointerSetInvalid(place);
	return false;
}

/* See find.h. */
bool
FindRow(IdReader *reader, text *id, ItemPointer place)
{
	return FindAt(reader, id, *place) || FindByKey(reader, id, place);
}
