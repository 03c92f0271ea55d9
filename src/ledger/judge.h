/*
 * judge.h
 *		A stored person before the core, under a policy and an Asker of the
 *		caller's; for those who ask about many people in one query.
 */
#ifndef CONTACT_PRESSURE_JUDGE_H
#define CONTACT_PRESSURE_JUDGE_H

#include "nodes/execnodes.h"

#include "ledger/ledger.h"

/*
 * May the person be contacted under this policy?  person->history may be
 * toasted here: it is read only when the answer depends on it.
 */
extern bool JudgeUnder(Asker *asker, struct varlena *policy,
					   const LedgerPerson *person,
					   const LedgerProposal *proposal, TimestampTz at);

/* The rows of explain_contact() for a stored person. */
extern void JudgeExplain(const LedgerPerson *person,
						 const LedgerProposal *proposal, TimestampTz at,
						 ReturnSetInfo *rsinfo);

#endif							/* CONTACT_PRESSURE_JUDGE_H */
