/*
 * contact_pressure.c
 *		The module's magic block; everything else is in the rooms.
 */
#include "postgres.h"

#include "fmgr.h"

PG_MODULE_MAGIC;
