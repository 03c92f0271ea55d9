/*
 * find.h
 *		The row of an id: where it was once, or by the primary key.
 */
#ifndef CONTACT_PRESSURE_FIND_H
#define CONTACT_PRESSURE_FIND_H

#include "access/relscan.h"
#include "access/skey.h"
#include "executor/tuptable.h"
#include "utils/rel.h"
#include "utils/snapshot.h"

typedef struct IdReader
{
	Relation	relation;		/* whose first column is the id, and the key */
	Relation	index;
	Snapshot	snapshot;		/* registered, and of the reader */
	TupleTableSlot *slot;		/* the row that was found last */
	IndexScanDesc scan;
	struct IndexFetchTableData *places;	/* NULL: none was looked at yet */
	BlockNumber blocks;			/* of the table, as far as that is known */
} IdReader;

/* Begin; relation is open, and closed with the reader. */
extern IdReader *OpenIdReader(Relation relation, Snapshot snapshot);
extern void CloseIdReader(IdReader *reader);

/*
 * Find the row that the snapshot has of an id.  *place is where to look
 * first, which is quicker than the index, or invalid; and then where the
 * index has it, or invalid: there is none.  Whatever it was, the row found is
 * the one that the index would have given.
 */
extern bool FindRow(IdReader *reader, text *id, ItemPointer place);

/* The search key of an index whose first column is an id. */
extern void IdKey(ScanKey key, Relation index, text *id);

#endif							/* CONTACT_PRESSURE_FIND_H */
