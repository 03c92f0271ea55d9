/*
 * write.h
 *		Many rows straight into a table: what batches write by.
 */
#ifndef CONTACT_PRESSURE_WRITE_H
#define CONTACT_PRESSURE_WRITE_H

#include "nodes/nodes.h"
#include "storage/itemptr.h"

typedef struct TableWriter TableWriter;

/*
 * Open contact_pressure.TABLE to INSERT rows, or to UPDATE these columns of
 * rows that the transaction has locked.  NULL when only a query will do.
 * natts: how many columns the table is known to have.  done: the names of
 * triggers whose work the caller does, NULL behind the last; or NULL.
 */
extern TableWriter *OpenWriter(const char *table, int natts, CmdType event,
							   const AttrNumber *columns, int ncolumns,
							   const char *const *done);

/* A new row; what the values point to lasts until CloseWriter(). */
extern void WriterInsert(TableWriter *writer, const Datum *values,
						 const bool *nulls);

/* Other values for the columns given to OpenWriter() in one row. */
extern void WriterUpdate(TableWriter *writer, ItemPointer tid,
						 const Datum *values, const bool *nulls);

/* Write the rest. */
extern void CloseWriter(TableWriter *writer);

#endif							/* CONTACT_PRESSURE_WRITE_H */
