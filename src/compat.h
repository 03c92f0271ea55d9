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

#if PG_VERSION_NUM < 150000
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/tuplestore.h"

/* What 15 brought: rsinfo->setResult and setDesc, ready to be filled. */
static inline void
InitMaterializedSRF(FunctionCallInfo fcinfo, bits32 flags)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext old_context;

	(void) flags;
	if (rsinfo == NULL || !IsA(rsinfo, ReturnSetInfo) ||
		(rsinfo->allowedModes & SFRM_Materialize) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("set-valued function called in context that cannot accept a set")));
	old_context = MemoryContextSwitchTo(rsinfo->econtext->ecxt_per_query_memory);
	if (get_call_result_type(fcinfo, NULL, &rsinfo->setDesc) !=
		TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	rsinfo->setDesc = CreateTupleDescCopy(rsinfo->setDesc);
	rsinfo->returnMode = SFRM_Materialize;
	rsinfo->setResult =
		tuplestore_begin_heap((rsinfo->allowedModes &
							   SFRM_Materialize_Random) != 0, false, work_mem);
	MemoryContextSwitchTo(old_context);
}
#endif

#endif							/* CONTACT_PRESSURE_COMPAT_H */
