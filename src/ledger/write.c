/*
 * write.c
 *		Many rows straight into a table; see write.h.
 *
 * A query that writes what arrays hold unpacks them into one tuplestore each
 * and puts them together again row by row, which takes as long as to write
 * the rows.  Here they are written as COPY and logical replication write
 * them: into the table, into its indexes, held against its constraints.
 *
 * Nothing is left out that a query would do.  Where more is to be done than
 * that, row-level security to be asked or a trigger to be fired, there is no
 * writer, and the caller runs a query.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "ledger/ledger.h"
#include "ledger/write.h"

/* Rows that are written at once: some pages of them. */
#define WRITER_SLOTS	500

struct TableWriter
{
	Relation	relation;
	EState	   *estate;
	ResultRelInfo *result;
	const AttrNumber *columns;	/* of an UPDATE */
	int			ncolumns;
	TupleTableSlot *old_row;
	TupleTableSlot *new_row;
	int			nslots;			/* of an INSERT: rows that wait */
	int			space;
	TupleTableSlot *slots[WRITER_SLOTS];
};

/* Would the trigger be fired by the event? */
static bool
IsFiredBy(const Trigger *trigger, CmdType event, const AttrNumber *columns,
		  int ncolumns)
{
	if (trigger->tgenabled == TRIGGER_DISABLED)
		return false;
	if (event == CMD_INSERT)
		return TRIGGER_FOR_INSERT(trigger->tgtype);
	if (!TRIGGER_FOR_UPDATE(trigger->tgtype))
		return false;
	if (trigger->tgnattr == 0)
		return true;
	for (int i = 0; i < trigger->tgnattr; i++)
		for (int j = 0; j < ncolumns; j++)
			if (trigger->tgattr[i] == columns[j])
				return true;
	return false;
}

/* Is a name in a list that may be NULL? */
static bool
IsAmong(const char *name, const char *const *names)
{
	for (; names != NULL && *names != NULL; names++)
		if (strcmp(name, *names) == 0)
			return true;
	return false;
}

/* Is writing rows all there is to do? */
static bool
IsSuited(Relation relation, int natts, CmdType event,
		 const AttrNumber *columns, int ncolumns, const char *const *done)
{
	TupleDesc	tupdesc = RelationGetDescr(relation);
	TriggerDesc *triggers = relation->trigdesc;
	AclMode		needed = event == CMD_INSERT ? ACL_INSERT :
		ACL_SELECT | ACL_UPDATE;

	/* a column that somebody added may have a default */
	if (tupdesc->natts != natts || relation->rd_rel->relrowsecurity ||
		relation->rd_rules != NULL || relation->rd_rel->relispartition ||
		(tupdesc->constr != NULL && tupdesc->constr->has_generated_stored) ||
		pg_class_aclmask(RelationGetRelid(relation), GetUserId(), needed,
						 ACLMASK_ALL) != needed || XactReadOnly)
		return false;
	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
		if (IsFiredBy(&triggers->triggers[i], event, columns, ncolumns) &&
			!IsAmong(triggers->triggers[i].tgname, done))
			return false;
	return true;
}

/* See write.h. */
TableWriter *
OpenWriter(const char *table, int natts, CmdType event,
		   const AttrNumber *columns, int ncolumns, const char *const *done)
{
	Relation	relation = table_open(LedgerRelation(table), RowExclusiveLock);
	TableWriter *writer;

	if (!IsSuited(relation, natts, event, columns, ncolumns, done))
	{
		table_close(relation, NoLock);
		return NULL;
	}
	CheckCmdReplicaIdentity(relation, event);
	writer = palloc0(sizeof(TableWriter));
	writer->relation = relation;
	writer->estate = CreateExecutorState();
	writer->result = makeNode(ResultRelInfo);
	InitResultRelInfo(writer->result, relation, 0, NULL, 0);
	ExecOpenIndices(writer->result, false);
	writer->columns = columns;
	writer->ncolumns = ncolumns;
	if (event == CMD_UPDATE)
	{
		writer->old_row = table_slot_create(relation, NULL);
		writer->new_row = table_slot_create(relation, NULL);
	}
	/* what was written before, by queries too */
	CommandCounterIncrement();
	return writer;
}

/* Hold a row against the table's constraints. */
static void
CheckRow(TableWriter *writer, TupleTableSlot *slot)
{
	slot->tts_tableOid = RelationGetRelid(writer->relation);
	if (writer->relation->rd_att->constr != NULL)
		ExecConstraints(writer->result, slot, writer->estate);
}

/* Enter a row that has been written into the indexes. */
static void
IndexRow(TableWriter *writer, TupleTableSlot *slot, bool only_summarizing)
{
	if (writer->result->ri_NumIndices > 0)
		list_free(InsertIndexTuples(writer->result, slot, writer->estate,
									only_summarizing));
	ResetPerTupleExprContext(writer->estate);
}

/* Write the rows that wait. */
static void
FlushRows(TableWriter *writer)
{
	table_multi_insert(writer->relation, writer->slots, writer->nslots,
					   GetCurrentCommandId(true), 0, NULL);
	for (int i = 0; i < writer->nslots; i++)
	{
		IndexRow(writer, writer->slots[i], false);
		ExecClearTuple(writer->slots[i]);
	}
	writer->nslots = 0;
}

/* See write.h. */
void
WriterInsert(TableWriter *writer, const Datum *values, const bool *nulls)
{
	int			natts = RelationGetDescr(writer->relation)->natts;
	TupleTableSlot *slot;

	if (writer->nslots == WRITER_SLOTS)
		FlushRows(writer);
	if (writer->nslots == writer->space)
		writer->slots[writer->space++] =
			table_slot_create(writer->relation, NULL);
	slot = writer->slots[writer->nslots++];
	memcpy(slot->tts_values, values, natts * sizeof(Datum));
	memcpy(slot->tts_isnull, nulls, natts * sizeof(bool));
	ExecStoreVirtualTuple(slot);
	CheckRow(writer, slot);
}

/* See write.h. */
void
WriterUpdate(TableWriter *writer, ItemPointer tid, const Datum *values,
			 const bool *nulls)
{
	TupleTableSlot *old_row = writer->old_row;
	TupleTableSlot *new_row = writer->new_row;
	int			natts = RelationGetDescr(writer->relation)->natts;
	UpdatedIndexes indexes;

	/* whatever the snapshot: nobody else can have changed it since */
	if (!table_tuple_fetch_row_version(writer->relation, tid, SnapshotAny,
									   old_row))
		elog(ERROR, "a row that was locked is gone");
	slot_getallattrs(old_row);
	ExecClearTuple(new_row);
	memcpy(new_row->tts_values, old_row->tts_values, natts * sizeof(Datum));
	memcpy(new_row->tts_isnull, old_row->tts_isnull, natts * sizeof(bool));
	for (int i = 0; i < writer->ncolumns; i++)
	{
		new_row->tts_values[writer->columns[i] - 1] = values[i];
		new_row->tts_isnull[writer->columns[i] - 1] = nulls[i];
	}
	ExecStoreVirtualTuple(new_row);
	CheckRow(writer, new_row);
	simple_table_tuple_update(writer->relation, tid, new_row,
							  GetActiveSnapshot(), &indexes);
	if (IndexesAreUpdated(indexes))
		IndexRow(writer, new_row, OnlySummarizingAreUpdated(indexes));
	ExecClearTuple(new_row);
	ExecClearTuple(old_row);
}

/* See write.h. */
void
CloseWriter(TableWriter *writer)
{
	if (writer->nslots > 0)
		FlushRows(writer);
	for (int i = 0; i < writer->space; i++)
		ExecDropSingleTupleTableSlot(writer->slots[i]);
	if (writer->old_row != NULL)
		ExecDropSingleTupleTableSlot(writer->old_row);
	if (writer->new_row != NULL)
		ExecDropSingleTupleTableSlot(writer->new_row);
	ExecCloseIndices(writer->result);
	FreeExecutorState(writer->estate);
	table_close(writer->relation, NoLock);
	pfree(writer);
	/* for what comes next to see it */
	CommandCounterIncrement();
}
