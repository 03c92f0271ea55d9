/*
 * policies.h
 *		The rows of contact_pressure.policy, read once, for many people.
 */
#ifndef CONTACT_PRESSURE_POLICIES_H
#define CONTACT_PRESSURE_POLICIES_H

#include "utils/snapshot.h"

#include "ledger/ledger.h"

typedef struct PolicySet PolicySet;

/* Read them as a snapshot has them, into a child context of parent. */
extern PolicySet *PolicySetRead(MemoryContext parent, Snapshot snapshot);

/*
 * What applies to a person of that segment (NULL: none) and those preferences
 * (as stored; NULL: none).  It lasts until the next call for the same set.
 */
extern LedgerPolicy PolicySetFind(PolicySet *set, text *segment,
								  struct varlena *preferences);

#endif							/* CONTACT_PRESSURE_POLICIES_H */
