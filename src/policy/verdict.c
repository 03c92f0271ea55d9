/*
 * verdict.c
 *		may_contact(), contact_verdict(), explain_contact(), next_contact_at().
 *
 * An Asker in fn_extra keeps what repeats from row to row.  It looks that up
 * by the bytes it was made from; here the proposal is not even looked up where
 * the executor promises that its arguments do not change.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "nodes/primnodes.h"
#include "utils/array.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "compat.h"
#include "policy/asker.h"

PG_FUNCTION_INFO_V1(may_contact);
PG_FUNCTION_INFO_V1(contact_verdict);
PG_FUNCTION_INFO_V1(explain_contact);
PG_FUNCTION_INFO_V1(next_contact_at);

/* The arguments, the same for all four. */
enum
{
	ARG_HISTORY,
	ARG_POLICY,
	ARG_CHANNEL,
	ARG_PURPOSE,
	ARG_AT,
	ARG_ZONE,
	ARG_OPTED_OUT,
	ARG_OPTED_IN,
	ARG_WEIGHT
};

typedef struct VerdictCache
{
	Asker	   *asker;
	bool		constant;		/* what makes a binding does not change */
	AskerBinding *fixed;		/* then: the only one */
	TupleDesc	tupdesc;		/* of contact_verdict */
} VerdictCache;

/* A text argument, or NULL. */
static inline text *
TextArgument(FunctionCallInfo fcinfo, int argument)
{
	return PG_ARGISNULL(argument) ? NULL : PG_GETARG_TEXT_PP(argument);
}

/* An array argument, or NULL. */
static inline ArrayType *
ArrayArgument(FunctionCallInfo fcinfo, int argument)
{
	return PG_ARGISNULL(argument) ? NULL : PG_GETARG_ARRAYTYPE_P(argument);
}

/*
 * Are the arguments that make a binding constants?  (A parameter will not do:
 * PL/pgSQL evaluates one expression state with other values each time.)
 */
static bool
BindingIsFixed(FunctionCallInfo fcinfo)
{
	static const int made_of[] = {
		ARG_POLICY, ARG_CHANNEL, ARG_PURPOSE, ARG_WEIGHT
	};
	Node	   *expr = fcinfo->flinfo->fn_expr;

	if (expr == NULL || !IsA(expr, FuncExpr))
		return false;
	for (size_t i = 0; i < lengthof(made_of); i++)
		if (!IsA(list_nth(((FuncExpr *) expr)->args, made_of[i]), Const))
			return false;
	return true;
}

/* Make the call's cache. */
static VerdictCache *
MakeCache(FunctionCallInfo fcinfo)
{
	MemoryContext context = fcinfo->flinfo->fn_mcxt;
	VerdictCache *cache = MemoryContextAllocZero(context,
												 sizeof(VerdictCache));

	cache->asker = AskerCreateForQuery(context);
	cache->constant = BindingIsFixed(fcinfo);
	fcinfo->flinfo->fn_extra = cache;
	return cache;
}

/* The binding of the call's policy, channel, purpose and weight. */
static AskerBinding *
FindBinding(VerdictCache *cache, FunctionCallInfo fcinfo)
{
	Proposal	proposal = {0};
	AskerBinding *binding;

	/* as it is stored: to decompress it for each row would cost the most */
	if (!PG_ARGISNULL(ARG_POLICY))
		proposal.policy = (struct varlena *) PG_GETARG_POINTER(ARG_POLICY);
	proposal.channel = PG_GETARG_TEXT_PP(ARG_CHANNEL);
	proposal.purpose = PG_GETARG_TEXT_PP(ARG_PURPOSE);
	proposal.has_weight = !PG_ARGISNULL(ARG_WEIGHT);
	if (proposal.has_weight)
		proposal.weight = PG_GETARG_FLOAT8(ARG_WEIGHT);
	binding = AskerBind(cache->asker, &proposal);
	if (cache->constant)
		cache->fixed = binding;
	return binding;
}

/*
 * Read the arguments, but not the history; false when one of those that make
 * a question is NULL.
 */
static inline bool
BeginQuestion(FunctionCallInfo fcinfo, Question *question)
{
	VerdictCache *cache = fcinfo->flinfo->fn_extra;
	AskerBinding *binding;

	if (PG_ARGISNULL(ARG_CHANNEL) || PG_ARGISNULL(ARG_PURPOSE) ||
		PG_ARGISNULL(ARG_AT))
		return false;
	if (cache == NULL)
		cache = MakeCache(fcinfo);
	binding = cache->fixed != NULL ? cache->fixed :
		FindBinding(cache, fcinfo);
	AskBegin(cache->asker, binding, PG_GETARG_TIMESTAMPTZ(ARG_AT),
			 TextArgument(fcinfo, ARG_ZONE),
			 ArrayArgument(fcinfo, ARG_OPTED_OUT),
			 ArrayArgument(fcinfo, ARG_OPTED_IN), question);
	return true;
}

/* Read the history argument. */
static inline void
ReadHistory(FunctionCallInfo fcinfo, Question *question)
{
	AskHistory(question, PG_ARGISNULL(ARG_HISTORY) ? NULL :
			   PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(ARG_HISTORY)));
}

/* may_contact(): the answer alone. */
Datum
may_contact(PG_FUNCTION_ARGS)
{
	Question	question;

	if (!BeginQuestion(fcinfo, &question))
		PG_RETURN_NULL();
	/* no history can open what the clock or an opt-out has closed */
	if (AskIsClosed(&question))
		PG_RETURN_BOOL(false);
	ReadHistory(fcinfo, &question);
	PG_RETURN_BOOL(AskMayContact(&question));
}

/* next_contact_at(): from when on. */
Datum
next_contact_at(PG_FUNCTION_ARGS)
{
	Question	question;

	if (!BeginQuestion(fcinfo, &question))
		PG_RETURN_NULL();
	ReadHistory(fcinfo, &question);
	PG_RETURN_TIMESTAMPTZ(AskNext(&question));
}

/* The row type of contact_verdict. */
static TupleDesc
VerdictTupleDesc(FunctionCallInfo fcinfo)
{
	VerdictCache *cache = fcinfo->flinfo->fn_extra;

	if (cache->tupdesc == NULL)
	{
		TupleDesc	tupdesc;
		MemoryContext old;

		if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "return type must be a row type");
		old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
		cache->tupdesc = BlessTupleDesc(CreateTupleDescCopy(tupdesc));
		MemoryContextSwitchTo(old);
	}
	return cache->tupdesc;
}

/* contact_verdict(): the answer with its reason. */
Datum
contact_verdict(PG_FUNCTION_ARGS)
{
	Question	question;
	Verdict		verdict;
	Datum		values[VERDICT_COLUMNS];
	bool		nulls[VERDICT_COLUMNS];

	if (!BeginQuestion(fcinfo, &question))
		PG_RETURN_NULL();
	ReadHistory(fcinfo, &question);
	AskVerdict(&question, &verdict);
	VerdictColumns(&question, &verdict, values, nulls);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(VerdictTupleDesc(fcinfo),
													  values, nulls)));
}

/* explain_contact(): one row for every rule that binds. */
Datum
explain_contact(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Question	question;
	NextSearch *search;
	Datum		values[EXPLAIN_COLUMNS];
	bool		nulls[EXPLAIN_COLUMNS];

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (!BeginQuestion(fcinfo, &question))
		return (Datum) 0;
	ReadHistory(fcinfo, &question);
	search = NextSearchBegin(&question.person, question.at);
	for (int i = question.person.opted_out != NULL ? EXPLAIN_OPT_OUT : 0;
		 i < question.person.binding->nrules; i++)
	{
		ExplainColumns(&question, search, i, values, nulls);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
							 nulls);
	}
	return (Datum) 0;
}
