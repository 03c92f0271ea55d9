/*
 * ledger.h
 *		The stored people: what the files of this room share.
 *
 * person.c reads, locks and writes a person's row; policies.c knows the
 * policy that applies to it; judge.c asks the core about it.  Nothing here
 * decides anything itself.  Everything returned lives in the current memory
 * context; errors are raised.
 *
 * No function needs an SPI_connect() of the caller's but LedgerPlan() and
 * LedgerExecute().
 */
#ifndef CONTACT_PRESSURE_LEDGER_H
#define CONTACT_PRESSURE_LEDGER_H

#include "executor/spi.h"
#include "port/pg_bswap.h"
#include "utils/array.h"
#include "utils/timestamp.h"

#include "policy/asker.h"

/* --- names */

/* Are both the same, or both NULL? */
static inline bool
SameText(const text *a, const text *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
		memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

/* The table, index or sequence contact_pressure.NAME (person.c). */
extern Oid	LedgerRelation(const char *name);

/* --- saved plans (person.c) */

/*
 * Prepare a statement once a session; *plan is a static variable.  It gets a
 * generic plan at once: to plan it for the arguments costs more than to run it.
 */
extern SPIPlanPtr LedgerPlan(SPIPlanPtr *plan, const char *source, int nargs,
							 const Oid *types);

/* Run it; the number of rows.  nulls as for SPI_execute_plan(). */
extern uint64 LedgerExecute(SPIPlanPtr plan, Datum *values, const char *nulls,
							bool read_only);

/* The type contact_history, as an argument of a plan. */
extern Oid	HistoryType(void);

/*
 * Drop a plan that was made with another type: the extension may have been
 * dropped and created again.  *seen is a static variable beside the plan.
 */
extern void ForgetPlan(SPIPlanPtr *plan, Oid *seen, Oid type);

/*
 * The contact in six columns of a row of contact_log, from that column on:
 * at, channel, purpose, weight, outcome, answered_at.
 */
extern void LedgerContact(HeapTuple tuple, TupleDesc tupdesc, int column,
						  Contact *contact);

/* --- ids in the order of locks */

/*
 * The first eight bytes as a number that sorts as they do.  A text cannot
 * hold a zero byte, so zeros stand for its end.
 */
static inline uint64
IdPrefix(const text *id)
{
	uint64		prefix = 0;

	memcpy(&prefix, VARDATA_ANY(id),
		   Min(VARSIZE_ANY_EXHDR(id), sizeof(prefix)));
	return pg_ntoh64(prefix);
}

/* Compare two ids as COLLATE "C" does. */
static inline int
CompareIds(const text *a, const text *b)
{
	Size		a_length = VARSIZE_ANY_EXHDR(a);
	Size		b_length = VARSIZE_ANY_EXHDR(b);
	int			order = memcmp(VARDATA_ANY(a), VARDATA_ANY(b),
							   Min(a_length, b_length));

	if (order != 0)
		return order;
	return a_length < b_length ? -1 : a_length > b_length;
}

/* --- a person's row (person.c) */

typedef struct LedgerPerson
{
	text	   *id;				/* of the row: the one merged into, perhaps */
	bool		known;			/* there is a row; else all else is NULL */
	text	   *segment;
	text	   *zone;
	struct varlena *preferences;	/* as stored, perhaps compressed */
	ArrayType  *opted_out;
	ArrayType  *opted_in;
	ArrayType  *holds;
	TimestampTz lease_until;	/* of the first lease; DT_NOEND: none */
	struct varlena *history;	/* detoasted; NULL: no contacts */
	ItemPointerData tid;		/* of the row that was locked, or invalid */
	ItemPointerData place;		/* by which indexes have it, or invalid */
} LedgerPerson;

/*
 * A contact on lease whose lease ended by now is left out of the history that
 * is returned.  False, and person->known too: nobody of that id.
 */
extern bool ReadPerson(text *id, TimestampTz now, LedgerPerson *person);

/*
 * The same under a row lock, as of the last commit (40001 in a transaction
 * whose snapshot is older); leases that ended by now are cancelled.  With
 * create, an unknown person is inserted and locked.
 */
extern bool LockPerson(text *id, TimestampTz now, bool create,
					   LedgerPerson *person);

/* Leave contacts whose lease has ended out of the history in memory. */
extern void PersonHideLeases(LedgerPerson *person, TimestampTz now);

/* Work lease_until out anew from the log rows of a locked person. */
extern void PersonSettleLeases(LedgerPerson *person);

/* Write history and lease_until of a locked person. */
extern void SavePerson(const LedgerPerson *person);

/* Edit a person's history in memory. */
extern void PersonAddContact(LedgerPerson *person, const Contact *contact);
extern void PersonRemoveContact(LedgerPerson *person, const Contact *contact);

/* --- the policy of a person (policies.c) */

typedef struct LedgerPolicy
{
	struct varlena *policy;		/* NULL: no row applies, so nothing may */
	int64		version;
} LedgerPolicy;

/*
 * "everyone", then the segment's or "default", then the preferences.  Like
 * the schema, policies are read as last committed (and as this transaction
 * changed them), whatever the transaction's snapshot is; what was read is
 * kept until somebody changes a row.
 */
extern LedgerPolicy PolicyOfPerson(const LedgerPerson *person);

/* --- the core's answers for a stored person (judge.c) */

/* What is proposed to a person; channel and purpose as given. */
typedef struct LedgerProposal
{
	text	   *channel;
	text	   *purpose;
	bool		has_weight;
	float8		weight;
} LedgerProposal;

/* *policy_version: under which. */
extern bool JudgeMayContact(const LedgerPerson *person,
							const LedgerProposal *proposal, TimestampTz at,
							int64 *policy_version);

/* DT_NOEND: never. */
extern TimestampTz JudgeNext(const LedgerPerson *person,
							 const LedgerProposal *proposal, TimestampTz at);

/*
 * The columns of person_verdict: allowed, reason, rule, layer, counted, cap,
 * retry_at, known.
 */
#define LEDGER_VERDICT_COLUMNS	8
typedef struct LedgerVerdict
{
	bool		allowed;
	int64		policy_version;
	Datum		values[LEDGER_VERDICT_COLUMNS];
	bool		nulls[LEDGER_VERDICT_COLUMNS];
} LedgerVerdict;

extern void JudgeVerdict(const LedgerPerson *person,
						 const LedgerProposal *proposal, TimestampTz at,
						 LedgerVerdict *verdict);

/* Make it a refusal of the ledger's own, with that reason, never to retry. */
extern void LedgerRefuse(LedgerVerdict *verdict, const char *reason);

/*
 * The last look before handing over: do opt-outs, consent and the clock allow
 * at now what was reserved?  Caps and gaps are not asked again.
 */
extern bool JudgeMayHandOver(const LedgerPerson *person,
							 const LedgerProposal *proposal, TimestampTz now);

#endif							/* CONTACT_PRESSURE_LEDGER_H */
