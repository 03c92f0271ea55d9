/*
 * policy_pg.h
 *		contact_policy as an argument of SQL functions.
 */
#ifndef CONTACT_PRESSURE_POLICY_PG_H
#define CONTACT_PRESSURE_POLICY_PG_H

#include "fmgr.h"

#include "policy/policy.h"

/* Open an argument that is not NULL; it lasts as long as the call. */
extern void OpenPolicyArg(FunctionCallInfo fcinfo, int arg, Policy *policy);

#endif							/* CONTACT_PRESSURE_POLICY_PG_H */
