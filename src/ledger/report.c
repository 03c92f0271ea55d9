/*
 * report.c
 *		recheck_plans(): which planned contacts may not go after all.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/tuplestore.h"
#include "utils/typcache.h"

#include "compat.h"
#include "core_pg.h"
#include "ledger/ledger.h"
#include "policy/asker.h"

PG_FUNCTION_INFO_V1(recheck_plans);

#define PLANS_A_FETCH	1000

/* The columns of the rows that are read; at and what follows is a contact. */
enum
{
	PLAN_PERSON = 1,
	PLAN_LOG_ID,
	PLAN_CAMPAIGN,
	PLAN_AT,
	PLAN_CHANNEL,
	PLAN_PURPOSE,
	PLAN_WEIGHT
};

/* The columns of the result. */
enum
{
	RESULT_PERSON,
	RESULT_LOG_ID,
	RESULT_AT,
	RESULT_CHANNEL,
	RESULT_PURPOSE,
	RESULT_CAMPAIGN,
	RESULT_VERDICT,
	RESULT_COLUMNS
};

typedef struct Recheck
{
	ReturnSetInfo *rsinfo;
	TupleDesc	verdict_desc;
	MemoryContext context;		/* of one person's plans */
	TimestampTz now;
	text	   *id;				/* NULL: none gathered */
	List	   *plans;			/* HeapTuples */
	TupleDesc	plan_desc;
} Recheck;

/* --- one person */

/* The plan of a row as a proposal. */
static void
PlanProposal(const Recheck *recheck, HeapTuple row, LedgerProposal *proposal)
{
	bool		isnull;
	Datum		weight;

	proposal->channel =
		DatumGetTextPP(SPI_getbinval(row, recheck->plan_desc, PLAN_CHANNEL,
									 &isnull));
	proposal->purpose =
		DatumGetTextPP(SPI_getbinval(row, recheck->plan_desc, PLAN_PURPOSE,
									 &isnull));
	weight = SPI_getbinval(row, recheck->plan_desc, PLAN_WEIGHT, &isnull);
	proposal->has_weight = !isnull;
	proposal->weight = isnull ? 0 : DatumGetFloat8(weight);
}

/* One row of the result: the plan and why it may not go. */
static void
PutRefused(const Recheck *recheck, HeapTuple row, LedgerVerdict *verdict)
{
	static const int from[] = {PLAN_PERSON, PLAN_LOG_ID, PLAN_AT,
	PLAN_CHANNEL, PLAN_PURPOSE, PLAN_CAMPAIGN};
	Datum		values[RESULT_COLUMNS];
	bool		nulls[RESULT_COLUMNS];

	for (int i = 0; i < RESULT_VERDICT; i++)
		values[i] = SPI_getbinval(row, recheck->plan_desc, from[i],
								  &nulls[i]);
	/* a contact_verdict is what a person_verdict begins with */
	values[RESULT_VERDICT] =
		HeapTupleGetDatum(heap_form_tuple(recheck->verdict_desc,
										  verdict->values, verdict->nulls));
	nulls[RESULT_VERDICT] = false;
	tuplestore_putvalues(recheck->rsinfo->setResult,
						 recheck->rsinfo->setDesc, values, nulls);
}

/*
 * Judge the plans gathered of one person as if none of them had been made,
 * first come, first served: those that go stand before those that come later.
 */
static void
JudgePlans(Recheck *recheck)
{
	LedgerPerson person;
	ListCell   *cell;

	if (recheck->id == NULL)
		return;
	(void) ReadPerson(recheck->id, recheck->now, &person);
	foreach(cell, recheck->plans)
	{
		Contact		contact;

		LedgerContact(lfirst(cell), recheck->plan_desc, PLAN_AT, &contact);
		PersonRemoveContact(&person, &contact);
	}
	foreach(cell, recheck->plans)
	{
		Contact		contact;
		LedgerProposal proposal;
		LedgerVerdict verdict;

		CHECK_FOR_INTERRUPTS();
		LedgerContact(lfirst(cell), recheck->plan_desc, PLAN_AT, &contact);
		PlanProposal(recheck, lfirst(cell), &proposal);
		JudgeVerdict(&person, &proposal, contact.at, &verdict);
		if (verdict.allowed)
			PersonAddContact(&person, &contact);
		else
			PutRefused(recheck, lfirst(cell), &verdict);
	}
}

/* --- all of them */

/* Gather a row with those of the same person; another's ends the list. */
static void
GatherPlan(Recheck *recheck, HeapTuple row)
{
	bool		isnull;
	text	   *id = DatumGetTextPP(SPI_getbinval(row, recheck->plan_desc,
												  PLAN_PERSON, &isnull));
	MemoryContext old = MemoryContextSwitchTo(recheck->context);

	if (recheck->id == NULL ||
		VARSIZE_ANY_EXHDR(id) != VARSIZE_ANY_EXHDR(recheck->id) ||
		memcmp(VARDATA_ANY(id), VARDATA_ANY(recheck->id),
			   VARSIZE_ANY_EXHDR(id)) != 0)
	{
		JudgePlans(recheck);
		MemoryContextReset(recheck->context);
		recheck->plans = NIL;
		recheck->id = cstring_to_text_with_len(VARDATA_ANY(id),
											   VARSIZE_ANY_EXHDR(id));
	}
	recheck->plans = lappend(recheck->plans, heap_copytuple(row));
	MemoryContextSwitchTo(old);
}

/* A cursor over the plans from an instant on, person by person. */
static Portal
OpenPlans(TimestampTz since, TimestampTz now)
{
	static SPIPlanPtr plan = NULL;
	static const Oid types[] = {TIMESTAMPTZOID, TIMESTAMPTZOID};
	Datum		values[] = {TimestampTzGetDatum(since),
	TimestampTzGetDatum(now)};

	/* the partial index has all that is planned and not cancelled */
	LedgerPlan(&plan,
			   "SELECT person_id, log_id, campaign, at, channel, purpose,"
			   "       weight, outcome, answered_at"
			   "  FROM contact_pressure.contact_log"
			   " WHERE outcome = 'planned' AND status <> 'cancelled'"
			   "   AND status IN ('reserved', 'confirmed') AND at >= $1"
			   "   AND (status = 'confirmed' OR lease_until IS NULL"
			   "        OR lease_until > $2)"
			   " ORDER BY person_id COLLATE \"C\", log_id",
			   lengthof(types), types);
	return SPI_cursor_open(NULL, plan, values, NULL, true);
}

/* Gather the next rows; false: there are no more. */
static bool
FetchPlans(Recheck *recheck, Portal portal)
{
	SPITupleTable *found;
	uint64		nfound;

	SPI_cursor_fetch(portal, true, PLANS_A_FETCH);
	found = SPI_tuptable;
	nfound = SPI_processed;
	for (uint64 i = 0; i < nfound; i++)
		GatherPlan(recheck, found->vals[i]);
	SPI_freetuptable(found);
	return nfound > 0;
}

/*
 * recheck_plans(since): the planned contacts that the policy and the consent
 * of today do not allow.
 */
Datum
recheck_plans(PG_FUNCTION_ARGS)
{
	Recheck		recheck;
	Portal		portal;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	memset(&recheck, 0, sizeof(recheck));
	recheck.rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	recheck.now = GetCurrentStatementStartTimestamp();
	recheck.verdict_desc =
		lookup_rowtype_tupdesc(TupleDescAttr(recheck.rsinfo->setDesc,
											 RESULT_VERDICT)->atttypid, -1);
	recheck.context = AllocSetContextCreate(CurrentMemoryContext,
											"plans of a person",
											ALLOCSET_DEFAULT_SIZES);
	SPI_connect();
	portal = OpenPlans(PG_GETARG_TIMESTAMPTZ(0), recheck.now);
	recheck.plan_desc = portal->tupDesc;
	while (FetchPlans(&recheck, portal))
		;
	JudgePlans(&recheck);
	SPI_cursor_close(portal);
	SPI_finish();
	ReleaseTupleDesc(recheck.verdict_desc);
	MemoryContextDelete(recheck.context);
	return (Datum) 0;
}
