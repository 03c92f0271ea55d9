/*
 * core_pg.h
 *		The server's side of core.h: errors become ereport.
 */
#ifndef CONTACT_PRESSURE_CORE_PG_H
#define CONTACT_PRESSURE_CORE_PG_H

#include "fmgr.h"

#include "compat.h"
#include "core.h"

/* Raise err as an ERROR with its SQLSTATE, detail and hint. */
pg_noreturn extern void ThrowCoreError(const CoreError *err);

/*
 * For an input function: the same, but a caller of 16 or later who asked for
 * soft errors (pg_input_is_valid) gets err handed, and the function returns
 * what this returns.  context is fcinfo->context.
 */
extern Datum SaveCoreError(fmNodePtr context, const CoreError *err);

/* The SQLSTATE of an error code, as errcode() takes it. */
extern int	CoreSqlState(CoreErrorCode code);

#endif							/* CONTACT_PRESSURE_CORE_PG_H */
