/*
 * core_pg.h
 *		The server's side of core.h: errors become ereport.
 */
#ifndef CONTACT_PRESSURE_CORE_PG_H
#define CONTACT_PRESSURE_CORE_PG_H

#include "compat.h"
#include "core.h"

/* Raise err as an ERROR with its SQLSTATE, detail and hint. */
pg_noreturn extern void ThrowCoreError(const CoreError *err);

/* The SQLSTATE of an error code, as errcode() takes it. */
extern int	CoreSqlState(CoreErrorCode code);

#endif							/* CONTACT_PRESSURE_CORE_PG_H */
