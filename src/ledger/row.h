/*
 * row.h
 *		A person's row straight from the table: what person.c reads first.
 */
#ifndef CONTACT_PRESSURE_ROW_H
#define CONTACT_PRESSURE_ROW_H

#include "access/htup.h"
#include "access/tupdesc.h"

#include "ledger/ledger.h"

/* The columns of contact_pressure.person, in the order of tables.sql. */
enum
{
	PERSON_ID = 1,
	PERSON_SEGMENT,
	PERSON_ZONE,
	PERSON_PREFERENCES,
	PERSON_OPTED_OUT,
	PERSON_OPTED_IN,
	PERSON_HOLDS,
	PERSON_LEASE_UNTIL,
	PERSON_MERGED_INTO,
	PERSON_KNOWN_SINCE,
	PERSON_HISTORY,
	PERSON_ATTRIBUTES = PERSON_HISTORY
};

typedef enum RowResult
{
	ROW_NONE,					/* nobody of that id */
	ROW_FOUND,
	ROW_MERGED,					/* *merged_into says into whom */
	ROW_HELD,					/* by somebody who is not waited for */
	ROW_UNSUITED				/* not to be had this way: run a query */
} RowResult;

/*
 * Read a row as the active snapshot has it, or lock it as of the last commit;
 * who was merged is not locked.  person is filled in for ROW_FOUND.
 */
extern RowResult FetchPersonRow(text *id, bool lock, LedgerPerson *person,
								text **merged_into);

typedef enum RowAccess
{
	ROW_READ,
	ROW_LOCK,
	ROW_LOCK_FREE				/* unless somebody else holds it */
} RowAccess;

/*
 * The same for many, all as of one snapshot; a lock still has the last
 * version of its row.  NULL: a query for each.  place: where the row was once,
 * as person->place says, and perhaps is still: to look there is quicker than
 * the index.  NULL or invalid: nobody knows.
 */
typedef struct RowReader RowReader;

extern RowReader *OpenRowReader(RowAccess access);
extern RowResult ReaderFetch(RowReader *reader, text *id,
							 const ItemPointerData *place,
							 LedgerPerson *person, text **merged_into);
extern void CloseRowReader(RowReader *reader);

/*
 * Fill person from a row of the table contact_pressure.person, or of a query
 * with PERSON_COLUMNS; ROW_FOUND or ROW_MERGED.
 */
#define PERSON_COLUMNS \
	"person_id, segment, zone, preferences, opted_out, opted_in, holds," \
	" lease_until, merged_into, known_since, history"
extern RowResult PersonFromRow(HeapTuple tuple, TupleDesc tupdesc,
							   LedgerPerson *person, text **merged_into);

/* Who of these, in any order, was merged into somebody?  Sets merged[i]. */
extern void FindMerged(text **ids, bool *merged, int count);

#endif							/* CONTACT_PRESSURE_ROW_H */
