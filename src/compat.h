/*
 * compat.h
 *		What differs between PostgreSQL versions: the only PG_VERSION_NUM.
 */
#ifndef CONTACT_PRESSURE_COMPAT_H
#define CONTACT_PRESSURE_COMPAT_H

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#endif							/* CONTACT_PRESSURE_COMPAT_H */
