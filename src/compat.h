/*
 * compat.h
 *		What differs between PostgreSQL versions: the only PG_VERSION_NUM.
 *
 * Include it after postgres.h and the headers of the server.
 */
#ifndef CONTACT_PRESSURE_COMPAT_H
#define CONTACT_PRESSURE_COMPAT_H

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#else
/* There are no soft errors before 16. */
#define errsave(context, ...)	ereport(ERROR, __VA_ARGS__)
#endif

/* 18 has pg_noreturn, which stands in front of a declaration. */
#if PG_VERSION_NUM < 180000
#define pg_noreturn pg_attribute_noreturn()
#endif

/* The number of the session's transaction; needs storage/proc.h. */
#if PG_VERSION_NUM >= 170000
#define MyLocalTransactionId()	(MyProc->vxid.lxid)
#else
#define MyLocalTransactionId()	(MyProc->lxid)
#endif

/* An index scan and the primary key; need access/genam.h, utils/rel.h. */
#if PG_VERSION_NUM >= 180000
#define BeginIndexScan(relation, index, snapshot, nkeys) \
	index_beginscan(relation, index, snapshot, NULL, nkeys, 0)
#define RelationGetPrimaryKeyOid(relation) \
	RelationGetPrimaryKeyIndex(relation, false)
#else
#define BeginIndexScan(relation, index, snapshot, nkeys) \
	index_beginscan(relation, index, snapshot, nkeys, 0)
#define RelationGetPrimaryKeyOid(relation) \
	RelationGetPrimaryKeyIndex(relation)
#endif

/* Owned by the current resource owner; needs utils/plancache.h. */
#if PG_VERSION_NUM >= 140000
#define ReleasePlan(plan)	ReleaseCachedPlan(plan, CurrentResourceOwner)
#else
#define ReleasePlan(plan)	ReleaseCachedPlan(plan, true)
#endif

/* A row into the indexes; which of them an update touches. */
#if PG_VERSION_NUM >= 160000
#define InsertIndexTuples(result, slot, estate, only_summarizing) \
	ExecInsertIndexTuples(result, slot, estate, false, false, NULL, NIL, \
						  only_summarizing)
#define UpdatedIndexes TU_UpdateIndexes
#define IndexesAreUpdated(indexes)	((indexes) != TU_None)
#define OnlySummarizingAreUpdated(indexes)	((indexes) == TU_Summarizing)
#else
#define UpdatedIndexes bool
#define IndexesAreUpdated(indexes)	(indexes)
#define OnlySummarizingAreUpdated(indexes)	false
#if PG_VERSION_NUM >= 140000
#define InsertIndexTuples(result, slot, estate, only_summarizing) \
	ExecInsertIndexTuples(result, slot, estate, false, false, NULL, NIL)
#else
#define InsertIndexTuples(result, slot, estate, only_summarizing) \
	((estate)->es_result_relation_info = (result), \
	 ExecInsertIndexTuples(slot, estate, false, NULL, NIL))
#endif
#endif

#if PG_VERSION_NUM < 150000
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/tuplestore.h"

#define MAT_SRF_USE_EXPECTED_DESC	0x01

/*
 * What 15 brought: rsinfo->setResult and setDesc, ready to be filled.  All
 * callers here give that flag; to work the row type out anew for each call
 * leaves some of its memory behind until the query ends.
 */
static inline void
InitMaterializedSRF(FunctionCallInfo fcinfo, bits32 flags)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext old_context;

	(void) flags;
	if (rsinfo == NULL || !IsA(rsinfo, ReturnSetInfo) ||
		(rsinfo->allowedModes & SFRM_Materialize) == 0 ||
		rsinfo->expectedDesc == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("set-valued function called in context that cannot accept a set")));
	old_context = MemoryContextSwitchTo(rsinfo->econtext->ecxt_per_query_memory);
	rsinfo->setDesc = CreateTupleDescCopy(rsinfo->expectedDesc);
	rsinfo->returnMode = SFRM_Materialize;
	rsinfo->setResult =
		tuplestore_begin_heap((rsinfo->allowedModes &
							   SFRM_Materialize_Random) != 0, false, work_mem);
	MemoryContextSwitchTo(old_context);
}
#endif

#endif							/* CONTACT_PRESSURE_COMPAT_H */
