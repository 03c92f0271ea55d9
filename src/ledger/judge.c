/*
 * judge.c
 *		The core's answers for a stored person, holds included.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "compat.h"
#include "core_pg.h"
#include "ledger/judge.h"

/* --- holds */

/* The attributes of person_hold. */
#define HOLD_SCOPE	1
#define HOLD_UNTIL	2

/* The elements of an array, NULLs left out; NULL is the empty array. */
static int
ArrayElements(ArrayType *array, Datum **elements)
{
	Oid			type;
	int16		length;
	bool		by_value;
	char		align;
	bool	   *nulls;
	int			count;
	int			kept = 0;

	if (array == NULL)
		return 0;
	type = ARR_ELEMTYPE(array);
	get_typlenbyvalalign(type, &length, &by_value, &align);
	deconstruct_array(array, type, length, by_value, align, elements, &nulls,
					  &count);
	for (int i = 0; i < count; i++)
		if (!nulls[i])
			(*elements)[kept++] = (*elements)[i];
	return kept;
}

/*
 * The opt-outs at an instant: those of the row and the scopes of the holds
 * that have not ended by then.  *until: when the first of these holds ends.
 */
static ArrayType *
OptOutsAt(const LedgerPerson *person, TimestampTz at, TimestampTz *until)
{
	Datum	   *patterns = NULL;
	Datum	   *holds = NULL;
	Datum	   *all;
	int			npatterns;
	int			nholds;

	*until = DT_NOEND;
	if (person->holds == NULL)
		return person->opted_out;
	npatterns = ArrayElements(person->opted_out, &patterns);
	nholds = ArrayElements(person->holds, &holds);
	all = palloc((npatterns + nholds + 1) * sizeof(Datum));
	for (int i = 0; i < npatterns; i++)
		all[i] = patterns[i];
	for (int i = 0; i < nholds; i++)
	{
		HeapTupleHeader hold = DatumGetHeapTupleHeader(holds[i]);
		bool		no_scope;
		bool		no_end;
		Datum		scope = GetAttributeByNum(hold, HOLD_SCOPE, &no_scope);
		Datum		end = GetAttributeByNum(hold, HOLD_UNTIL, &no_end);

		if (no_scope || (!no_end && DatumGetTimestampTz(end) <= at))
			continue;
		all[npatterns++] = scope;
		if (!no_end)
			*until = Min(*until, DatumGetTimestampTz(end));
	}
	return construct_array(all, npatterns, TEXTOID, -1, false,
						   TYPALIGN_INT);
}

/* --- questions */

/* The session's memo; see asker.h for why it is never out of date. */
static Asker *
SessionAsker(void)
{
	static Asker *asker = NULL;

	if (asker == NULL)
		asker = AskerCreate(TopMemoryContext);
	return asker;
}

/* Everything but the history; *until as in OptOutsAt(). */
static void
BeginAsking(Asker *asker, struct varlena *policy, const LedgerPerson *person,
			const LedgerProposal *proposed, TimestampTz at,
			Question *question, TimestampTz *until)
{
	Proposal	proposal = {policy, proposed->channel, proposed->purpose,
	proposed->has_weight, proposed->weight};
	AskerBinding *binding = AskerBind(asker, &proposal);
	ArrayType  *opted_out = OptOutsAt(person, at, until);

	AskBegin(asker, binding, at, person->zone, opted_out, person->opted_in,
			 question);
}

/* See judge.h. */
bool
JudgeUnder(Asker *asker, struct varlena *policy, const LedgerPerson *person,
		   const LedgerProposal *proposal, TimestampTz at)
{
	Question	question;
	TimestampTz until;

	BeginAsking(asker, policy, person, proposal, at, &question, &until);
	if (AskIsClosed(&question))
		return false;
	AskHistory(&question, person->history == NULL ? NULL :
			   PG_DETOAST_DATUM_PACKED(PointerGetDatum(person->history)));
	return AskMayContact(&question);
}

/* See ledger.h. */
bool
JudgeMayContact(const LedgerPerson *person, const LedgerProposal *proposal,
				TimestampTz at, int64 *policy_version)
{
	LedgerPolicy policy = PolicyOfPerson(person);

	*policy_version = policy.version;
	return policy.policy != NULL &&
		JudgeUnder(SessionAsker(), policy.policy, person, proposal, at);
}

/*
 * The first instant from at on under a policy.  A hold that ends may open
 * what was closed, so between two ends one search each.
 */
static TimestampTz
NextUnder(struct varlena *policy, const LedgerPerson *person,
		  const LedgerProposal *proposal, TimestampTz at)
{
	for (;;)
	{
		Question	question;
		TimestampTz until;
		TimestampTz next;

		BeginAsking(SessionAsker(), policy, person, proposal, at, &question,
					&until);
		AskHistory(&question, person->history);
		next = AskNext(&question);
		if (next < until || until == DT_NOEND)
			return next;
		at = until;
	}
}

/* See ledger.h. */
TimestampTz
JudgeNext(const LedgerPerson *person, const LedgerProposal *proposal,
		  TimestampTz at)
{
	struct varlena *policy = PolicyOfPerson(person).policy;

	return policy == NULL ? DT_NOEND :
		NextUnder(policy, person, proposal, at);
}

/* The columns of a verdict that are not contact_verdict's own. */
#define COLUMN_ALLOWED	0
#define COLUMN_REASON	1
#define COLUMN_RETRY	6
#define COLUMN_KNOWN	7

/* See ledger.h. */
void
JudgeVerdict(const LedgerPerson *person, const LedgerProposal *proposal,
			 TimestampTz at, LedgerVerdict *verdict)
{
	LedgerPolicy policy = PolicyOfPerson(person);
	Question	question;
	Verdict		answer;
	TimestampTz until;

	verdict->policy_version = policy.version;
	if (policy.policy == NULL)
		LedgerRefuse(verdict, "no_policy");
	else
	{
		BeginAsking(SessionAsker(), policy.policy, person, proposal, at,
					&question, &until);
		AskHistory(&question, person->history);
		AskVerdict(&question, &answer);
		verdict->allowed = answer.allowed;
		VerdictColumns(&question, &answer, verdict->values, verdict->nulls);
		if (!answer.allowed && until != DT_NOEND)
			verdict->values[COLUMN_RETRY] =
				TimestampTzGetDatum(NextUnder(policy.policy, person, proposal,
											  at));
	}
	verdict->values[COLUMN_KNOWN] = BoolGetDatum(person->known);
	verdict->nulls[COLUMN_KNOWN] = false;
}

/* See ledger.h. */
void
LedgerRefuse(LedgerVerdict *verdict, const char *reason)
{
	verdict->allowed = false;
	for (int i = 0; i < COLUMN_KNOWN; i++)
	{
		verdict->values[i] = (Datum) 0;
		verdict->nulls[i] = true;
	}
	verdict->values[COLUMN_ALLOWED] = BoolGetDatum(false);
	verdict->values[COLUMN_REASON] = CStringGetTextDatum(reason);
	verdict->values[COLUMN_RETRY] = TimestampTzGetDatum(DT_NOEND);
	verdict->nulls[COLUMN_ALLOWED] = verdict->nulls[COLUMN_REASON] =
		verdict->nulls[COLUMN_RETRY] = false;
}

/* --- explaining */

/* The columns of explain_contact() that only the ledger has. */
#define COLUMN_CONTACTS		7
#define COLUMN_LOG_IDS		EXPLAIN_COLUMNS
#define COLUMN_CAMPAIGNS	(EXPLAIN_COLUMNS + 1)
#define LEDGER_EXPLAIN_COLUMNS	(EXPLAIN_COLUMNS + 2)

/* Does a rule look at the contact in a row of SPI's, columns 2 and 3? */
static bool
RuleLooksAtRow(const Question *question, int rule, HeapTuple tuple)
{
	const PolicyBinding *binding = question->person.binding;

	return RuleLooksAt(binding, &binding->rules[rule],
					   SPI_getvalue(tuple, SPI_tuptable->tupdesc, 2),
					   SPI_getvalue(tuple, SPI_tuptable->tupdesc, 3));
}

/* Which rows of the log are the contacts that fill a rule: two columns. */
static void
LogColumns(const Question *question, const LedgerPerson *person, int rule,
		   Datum *values, MemoryContext context)
{
	static SPIPlanPtr plan = NULL;
	static const Oid types[] = {TEXTOID, TIMESTAMPTZARRAYOID};
	Datum		arguments[] = {PointerGetDatum(person->id),
	values[COLUMN_CONTACTS]};
	ArrayBuildState *ids = initArrayResult(INT8OID, context, false);
	ArrayBuildState *campaigns = initArrayResult(TEXTOID, context, false);

	SPI_connect();
	LedgerPlan(&plan,
			   "SELECT log_id, channel, purpose, campaign"
			   "  FROM contact_pressure.contact_log"
			   " WHERE person_id = $1 AND at = ANY ($2)"
			   "   AND status <> 'cancelled' ORDER BY at, log_id",
			   lengthof(types), types);
	LedgerExecute(plan, arguments, NULL, true);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		bool		isnull;
		Datum		value;

		if (!RuleLooksAtRow(question, rule, tuple))
			continue;
		value = SPI_getbinval(tuple, SPI_tuptable->tupdesc, 1, &isnull);
		accumArrayResult(ids, value, isnull, INT8OID, context);
		value = SPI_getbinval(tuple, SPI_tuptable->tupdesc, 4, &isnull);
		accumArrayResult(campaigns, value, isnull, TEXTOID, context);
	}
	values[COLUMN_LOG_IDS] = makeArrayResult(ids, context);
	values[COLUMN_CAMPAIGNS] = makeArrayResult(campaigns, context);
	SPI_finish();
}

/* One row: a rule, or EXPLAIN_OPT_OUT. */
static void
ExplainRow(Question *question, const LedgerPerson *person,
		   NextSearch *search, int rule, ReturnSetInfo *rsinfo)
{
	Datum		values[LEDGER_EXPLAIN_COLUMNS] = {0};
	bool		nulls[LEDGER_EXPLAIN_COLUMNS] = {0};

	ExplainColumns(question, search, rule, values, nulls);
	nulls[COLUMN_LOG_IDS] = nulls[COLUMN_CAMPAIGNS] = rule == EXPLAIN_OPT_OUT;
	if (rule != EXPLAIN_OPT_OUT)
		LogColumns(question, person, rule, values, CurrentMemoryContext);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* See judge.h. */
void
JudgeExplain(const LedgerPerson *person, const LedgerProposal *proposal,
			 TimestampTz at, ReturnSetInfo *rsinfo)
{
	struct varlena *policy = PolicyOfPerson(person).policy;
	Question	question;
	NextSearch *search;
	TimestampTz until;

	if (policy == NULL)
	{
		Datum		values[LEDGER_EXPLAIN_COLUMNS] = {0};
		bool		nulls[LEDGER_EXPLAIN_COLUMNS];

		memset(nulls, true, sizeof(nulls));
		values[2] = CStringGetTextDatum("no_policy");
		values[3] = BoolGetDatum(false);
		values[6] = TimestampTzGetDatum(DT_NOEND);
		nulls[2] = nulls[3] = nulls[6] = false;
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
							 nulls);
		return;
	}
	BeginAsking(SessionAsker(), policy, person, proposal, at, &question,
				&until);
	AskHistory(&question, person->history);
	search = NextSearchBegin(&question.person, at);
	if (question.person.opted_out != NULL)
		ExplainRow(&question, person, search, EXPLAIN_OPT_OUT, rsinfo);
	for (int i = 0; i < question.person.binding->nrules; i++)
		ExplainRow(&question, person, search, i, rsinfo);
}

/* --- handing over */

/* See ledger.h. */
bool
JudgeMayHandOver(const LedgerPerson *person, const LedgerProposal *proposal,
				 TimestampTz now)
{
	struct varlena *policy = PolicyOfPerson(person).policy;
	Question	question;
	TimestampTz until;
	const Moments *moments;

	if (policy == NULL)
		return false;
	BeginAsking(SessionAsker(), policy, person, proposal, now, &question,
				&until);
	if (question.person.opted_out != NULL)
		return false;
	AskHistory(&question, person->history);
	moments = AskMoments(&question);
	for (int i = 0; i < question.person.binding->nrules; i++)
	{
		RuleKind	kind = question.person.binding->rules[i].kind;
		CoreError	err;

		if ((kind == RULE_CLOCK || kind == RULE_DAY || kind == RULE_CONSENT ||
			 kind == RULE_NEVER) &&
			RulePasses(&question.person, i, moments, NULL,
					   &err) != PASSES_YES)
			return false;
	}
	return true;
}
