/*
 * read.c
 *		may_contact(), contact_verdict(), explain_contact() and
 *		next_contact_at() for a stored person, and what contactable() asks of
 *		every row.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

#include "compat.h"
#include "core_pg.h"
#include "ledger/judge.h"
#include "ledger/policies.h"

PG_FUNCTION_INFO_V1(person_may_contact);
PG_FUNCTION_INFO_V1(person_contact_verdict);
PG_FUNCTION_INFO_V1(person_explain_contact);
PG_FUNCTION_INFO_V1(person_next_contact_at);
PG_FUNCTION_INFO_V1(person_policy);
PG_FUNCTION_INFO_V1(may_contact_row);

/* The arguments of the four questions. */
enum
{
	ARG_ID,
	ARG_CHANNEL,
	ARG_PURPOSE,
	ARG_AT
};

/* One call's question. */
typedef struct PersonQuestion
{
	LedgerPerson person;
	LedgerProposal proposal;
	TimestampTz at;
} PersonQuestion;

/* Read the arguments and the person; false when an argument is NULL. */
static bool
ReadQuestion(FunctionCallInfo fcinfo, PersonQuestion *question)
{
	for (int i = ARG_ID; i <= ARG_AT; i++)
		if (PG_ARGISNULL(i))
			return false;
	question->proposal.channel = PG_GETARG_TEXT_PP(ARG_CHANNEL);
	question->proposal.purpose = PG_GETARG_TEXT_PP(ARG_PURPOSE);
	question->proposal.has_weight = false;
	question->proposal.weight = 0;
	question->at = PG_GETARG_TIMESTAMPTZ(ARG_AT);
	(void) ReadPerson(PG_GETARG_TEXT_PP(ARG_ID),
					  GetCurrentStatementStartTimestamp(),
					  &question->person);
	return true;
}

/* may_contact(id, ...): the answer alone. */
Datum
person_may_contact(PG_FUNCTION_ARGS)
{
	PersonQuestion question;
	int64		policy_version;

	if (!ReadQuestion(fcinfo, &question))
		PG_RETURN_NULL();
	PG_RETURN_BOOL(JudgeMayContact(&question.person, &question.proposal,
								   question.at, &policy_version));
}

/* next_contact_at(id, ...): from when on. */
Datum
person_next_contact_at(PG_FUNCTION_ARGS)
{
	PersonQuestion question;

	if (!ReadQuestion(fcinfo, &question))
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(JudgeNext(&question.person, &question.proposal,
									question.at));
}

/* contact_verdict(id, ...): the answer with its reason. */
Datum
person_contact_verdict(PG_FUNCTION_ARGS)
{
	PersonQuestion question;
	LedgerVerdict verdict;
	TupleDesc	tupdesc;

	if (!ReadQuestion(fcinfo, &question))
		PG_RETURN_NULL();
	JudgeVerdict(&question.person, &question.proposal, question.at, &verdict);
	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc),
													  verdict.values,
													  verdict.nulls)));
}

/* explain_contact(id, ...): one row for every rule that binds. */
Datum
person_explain_contact(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	PersonQuestion question;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (ReadQuestion(fcinfo, &question))
		JudgeExplain(&question.person, &question.proposal, question.at,
					 rsinfo);
	return (Datum) 0;
}

/* person_policy(id): what the person is judged by. */
Datum
person_policy(PG_FUNCTION_ARGS)
{
	LedgerPerson person;
	struct varlena *policy;

	(void) ReadPerson(PG_GETARG_TEXT_PP(0),
					  GetCurrentStatementStartTimestamp(), &person);
	policy = PolicyOfPerson(&person).policy;
	if (policy == NULL)
		PG_RETURN_NULL();
	/* a copy: the original is the session's */
	PG_RETURN_DATUM(PointerGetDatum(PG_DETOAST_DATUM_COPY(PointerGetDatum(policy))));
}

/* --- every row */

/* The arguments of may_contact_row(). */
enum
{
	ROW_HISTORY,
	ROW_ID,
	ROW_SEGMENT,
	ROW_ZONE,
	ROW_PREFERENCES,
	ROW_OPTED_OUT,
	ROW_OPTED_IN,
	ROW_HOLDS,
	ROW_LEASE_UNTIL,
	ROW_CHANNEL,
	ROW_PURPOSE,
	ROW_AT
};

/*
 * What a query keeps.  Unlike a single question it sees the policies of its
 * own snapshot from the first row to the last.
 */
typedef struct RowState
{
	Asker	   *asker;
	PolicySet  *policies;
} RowState;

/* The query's state, made on the first call. */
static RowState *
GetRowState(FunctionCallInfo fcinfo)
{
	RowState   *state = fcinfo->flinfo->fn_extra;

	if (state == NULL)
	{
		MemoryContext context = fcinfo->flinfo->fn_mcxt;

		state = MemoryContextAlloc(context, sizeof(RowState));
		state->asker = AskerCreateForQuery(context);
		state->policies = PolicySetRead(context, GetActiveSnapshot());
		fcinfo->flinfo->fn_extra = state;
	}
	return state;
}

/* An argument that may be NULL, as it comes. */
static inline void *
RowArg(FunctionCallInfo fcinfo, int arg)
{
	return PG_ARGISNULL(arg) ? NULL : PG_GETARG_POINTER(arg);
}

/* An argument that is an array, or NULL. */
static inline ArrayType *
RowArray(FunctionCallInfo fcinfo, int arg)
{
	return PG_ARGISNULL(arg) ? NULL : PG_GETARG_ARRAYTYPE_P(arg);
}

/* A short text, or NULL. */
static inline text *
RowText(FunctionCallInfo fcinfo, int arg)
{
	return PG_ARGISNULL(arg) ? NULL : PG_GETARG_TEXT_PP(arg);
}

/* may_contact() for the columns of a row of person. */
Datum
may_contact_row(PG_FUNCTION_ARGS)
{
	RowState   *state;
	LedgerPerson person;
	LedgerProposal proposal = {0};
	LedgerPolicy policy;

	if (PG_ARGISNULL(ROW_CHANNEL) || PG_ARGISNULL(ROW_PURPOSE) ||
		PG_ARGISNULL(ROW_AT))
		PG_RETURN_NULL();
	state = GetRowState(fcinfo);
	person.known = true;
	person.id = RowText(fcinfo, ROW_ID);
	person.segment = RowText(fcinfo, ROW_SEGMENT);
	person.zone = RowText(fcinfo, ROW_ZONE);
	person.preferences = RowArg(fcinfo, ROW_PREFERENCES);
	person.opted_out = RowArray(fcinfo, ROW_OPTED_OUT);
	person.opted_in = RowArray(fcinfo, ROW_OPTED_IN);
	person.holds = RowArray(fcinfo, ROW_HOLDS);
	person.history = RowArg(fcinfo, ROW_HISTORY);
	if (!PG_ARGISNULL(ROW_LEASE_UNTIL) && person.id != NULL &&
		PG_GETARG_TIMESTAMPTZ(ROW_LEASE_UNTIL) <=
		GetCurrentStatementStartTimestamp())
		PersonHideLeases(&person, GetCurrentStatementStartTimestamp());
	policy = PolicySetFind(state->policies, person.segment,
						   person.preferences);
	if (policy.policy == NULL)
		PG_RETURN_BOOL(false);
	proposal.channel = PG_GETARG_TEXT_PP(ROW_CHANNEL);
	proposal.purpose = PG_GETARG_TEXT_PP(ROW_PURPOSE);
	PG_RETURN_BOOL(JudgeUnder(state->asker, policy.policy, &person, &proposal,
							  PG_GETARG_TIMESTAMPTZ(ROW_AT)));
}
