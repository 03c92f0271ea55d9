/*
 * settle_many.c
 *		Many contacts confirmed, cancelled and answered in one call.
 *
 * They are taken person by person, in the order in which persons are locked:
 * two calls that are each the first of their transaction cannot deadlock.
 * Each person is read and written once.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "compat.h"
#include "ledger/outcome.h"
#include "ledger/settle.h"

PG_FUNCTION_INFO_V1(confirm_contacts);
PG_FUNCTION_INFO_V1(confirm_contacts_key);
PG_FUNCTION_INFO_V1(cancel_contacts);
PG_FUNCTION_INFO_V1(cancel_contacts_key);
PG_FUNCTION_INFO_V1(cancel_campaign);
PG_FUNCTION_INFO_V1(record_responses);
PG_FUNCTION_INFO_V1(record_responses_key);

/* One of many: where it was in the arguments, and whose it is. */
typedef struct ManyItem
{
	int			index;
	text	   *person;
} ManyItem;

typedef struct Many Many;

/* What is done to a contact that is there. */
typedef void (*ManyAction) (Many *many, Settling *settling,
							const LogRow *row, int index);

struct Many
{
	int			count;			/* of the arguments */
	int64	   *log_ids;		/* each by its log id, */
	Datum	   *keys;			/* or else by its key */
	ManyItem	   *items;			/* those whose person is known, in order */
	int			nitems;
	int			known;			/* how many of them are there */
	int64		done;			/* as the action counts */
	ManyAction	action;
	void	   *context;		/* of the action */
	/* of confirm_contacts(), by index: log ids (0: unknown) and answers */
	int64	   *found;
	bool	   *confirmed;
};

/* What cancel_contacts() and record_responses() hand to their actions. */
typedef struct CancelContext
{
	text	   *reason;
	bool		planned_only;
} CancelContext;

typedef struct ResponseContext
{
	Outcome    *outcomes;
	TimestampTz *ats;
} ResponseContext;

/* --- arguments */

/*
 * The elements of an array argument, none of them NULL; their number.  No
 * array is one without elements: array_agg() over no rows.
 */
static int
ArrayArg(FunctionCallInfo fcinfo, int arg, const char *name, Datum **elements)
{
	ArrayType  *array;
	bool	   *nulls;
	int			count;
	Oid			type;
	int16		length;
	bool		by_value;
	char		align;

	if (PG_ARGISNULL(arg))
		return 0;
	array = PG_GETARG_ARRAYTYPE_P(arg);
	type = ARR_ELEMTYPE(array);
	get_typlenbyvalalign(type, &length, &by_value, &align);
	deconstruct_array(array, type, length, by_value, align, elements, &nulls,
					  &count);
	for (int i = 0; i < count; i++)
		if (nulls[i])
			FailNull(psprintf("%s[%d]", name, i + 1));
	return count;
}

/* The same for an array that goes with another one. */
static Datum *
ParallelArrayArg(FunctionCallInfo fcinfo, int arg, const char *name,
				 int count, const char *other)
{
	Datum	   *elements = NULL;
	int			length = ArrayArg(fcinfo, arg, name, &elements);

	if (length != count)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s has %d elements and %s has %d", other, count,
						name, length),
				 errhint("The first of the one goes with the first of the other, and so on.")));
	return elements;
}

/* --- whose contacts they are */

/* Keep the rows (index, person_id) that SPI has found. */
static void
KeepItems(Many *many, MemoryContext context)
{
	TupleDesc	tupdesc = SPI_tuptable->tupdesc;
	MemoryContext old = MemoryContextSwitchTo(context);

	many->nitems = (int) SPI_processed;
	many->items =
		MemoryContextAllocHuge(context,
							   Max(SPI_processed, 1) * sizeof(ManyItem));
	for (int i = 0; i < many->nitems; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		bool		isnull;

		many->items[i].index =
			(int) DatumGetInt64(SPI_getbinval(tuple, tupdesc, 1, &isnull));
		many->items[i].person =
			DatumGetTextPCopy(SPI_getbinval(tuple, tupdesc, 2, &isnull));
	}
	MemoryContextSwitchTo(old);
}

/* Find the persons of log ids; log ids that are unknown have none. */
static void
FindByIds(Many *many, FunctionCallInfo fcinfo)
{
	static SPIPlanPtr plan = NULL;
	static const Oid types[] = {INT8ARRAYOID};
	Datum		values[] = {PG_GETARG_DATUM(0)};
	MemoryContext context = CurrentMemoryContext;

	SPI_connect();
	LedgerPlan(&plan,
			   "SELECT asked.index - 1, l.person_id"
			   "  FROM pg_catalog.unnest($1) WITH ORDINALITY AS asked (log_id, index)"
			   "  JOIN contact_pressure.contact_log AS l USING (log_id)"
			   " ORDER BY l.person_id COLLATE \"C\", 1",
			   lengthof(types), types);
	LedgerExecute(plan, values, NULL, false);
	KeepItems(many, context);
	SPI_finish();
}

/* The persons named, or those that they were merged into. */
static void
FindByKeys(Many *many, FunctionCallInfo fcinfo)
{
	static SPIPlanPtr plan = NULL;
	static const Oid types[] = {TEXTARRAYOID};
	Datum		values[] = {PG_GETARG_DATUM(0)};
	MemoryContext context = CurrentMemoryContext;

	SPI_connect();
	LedgerPlan(&plan,
			   "SELECT asked.index - 1, coalesce(p.merged_into, p.person_id)"
			   "  FROM pg_catalog.unnest($1) WITH ORDINALITY AS asked (id, index)"
			   "  JOIN contact_pressure.person AS p ON p.person_id = asked.id"
			   " ORDER BY coalesce(p.merged_into, p.person_id) COLLATE \"C\", 1",
			   lengthof(types), types);
	LedgerExecute(plan, values, NULL, false);
	KeepItems(many, context);
	SPI_finish();
}

/* Argument 0 is log ids. */
static void
IdArgs(Many *many, FunctionCallInfo fcinfo)
{
	Datum	   *log_ids = NULL;

	many->count = ArrayArg(fcinfo, 0, "log_ids", &log_ids);
	many->log_ids = palloc(Max(many->count, 1) * sizeof(int64));
	for (int i = 0; i < many->count; i++)
		many->log_ids[i] = DatumGetInt64(log_ids[i]);
	if (many->count > 0)
		FindByIds(many, fcinfo);
}

/* Arguments 0 and 1 are ids and keys. */
static void
KeyArgs(Many *many, FunctionCallInfo fcinfo)
{
	Datum	   *ids = NULL;

	many->count = ArrayArg(fcinfo, 0, "ids", &ids);
	many->keys = ParallelArrayArg(fcinfo, 1, "keys", many->count, "ids");
	if (many->count > 0)
		FindByKeys(many, fcinfo);
}

/* --- one person after the other */

static bool
SamePerson(const text *a, const text *b)
{
	return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
		memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

/* All items of one person, from that one on; the first of the next. */
static int
SettlePerson(Many *many, int first)
{
	text	   *person = many->items[first].person;
	Settling	settling;
	bool		known = BeginSettling(&settling, person, false);
	int			i;

	for (i = first; i < many->nitems &&
		 SamePerson(many->items[i].person, person); i++)
	{
		int			index = many->items[i].index;
		LogRow		row;

		if (!known)
			continue;
		if (many->log_ids != NULL ?
			!LogRowById(&settling.person, many->log_ids[index], &row) :
			!LogRowByKey(&settling.person,
						 DatumGetTextPP(many->keys[index]), &row))
			continue;
		many->known++;
		many->action(many, &settling, &row, index);
	}
	if (known)
		EndSettling(&settling);
	return i;
}

/* Do what is to be done to all of them. */
static void
SettleMany(Many *many)
{
	MemoryContext context =
		AllocSetContextCreate(CurrentMemoryContext, "settled person",
							  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);

	for (int i = 0; i < many->nitems;)
	{
		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(context);
		i = SettlePerson(many, i);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

/* Say how many there were none of. */
static void
NoticeUnknown(const Many *many)
{
	if (many->known < many->count)
		ereport(NOTICE,
				(errmsg("%d of %d contacts are not known",
						many->count - many->known, many->count)));
}

/* --- confirm */

static void
ConfirmAction(Many *many, Settling *settling, const LogRow *row, int index)
{
	many->found[index] = row->log_id;
	many->confirmed[index] = SettleConfirm(settling, row);
}

/*
 * Confirm, and return a row for each of the arguments in their order; an
 * unknown contact is neither confirmed nor refused.
 */
static Datum
ConfirmMany(Many *many, FunctionCallInfo fcinfo)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	many->action = ConfirmAction;
	many->found = palloc0(Max(many->count, 1) * sizeof(int64));
	many->confirmed = palloc0(Max(many->count, 1) * sizeof(bool));
	SettleMany(many);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	for (int i = 0; i < many->count; i++)
	{
		bool		known = many->found[i] != 0;
		Datum		values[] = {
			Int64GetDatum(many->log_ids != NULL ? many->log_ids[i] :
						  many->found[i]),
			BoolGetDatum(many->confirmed[i])
		};
		bool		nulls[] = {many->log_ids == NULL && !known, !known};

		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
							 nulls);
	}
	return (Datum) 0;
}

/* confirm_contacts(log_ids) */
Datum
confirm_contacts(PG_FUNCTION_ARGS)
{
	Many		many = {0};

	IdArgs(&many, fcinfo);
	return ConfirmMany(&many, fcinfo);
}

/* confirm_contacts(ids, keys) */
Datum
confirm_contacts_key(PG_FUNCTION_ARGS)
{
	Many		many = {0};

	KeyArgs(&many, fcinfo);
	return ConfirmMany(&many, fcinfo);
}

/* --- cancel */

static void
CancelAction(Many *many, Settling *settling, const LogRow *row, int index)
{
	CancelContext *context = many->context;

	if (context->planned_only && row->contact.outcome != OUTCOME_PLANNED)
		return;
	if (SettleCancel(settling, row, context->reason) == CANCEL_DONE)
		many->done++;
}

/* Cancel those that can be; how many. */
static int64
CancelMany(Many *many, FunctionCallInfo fcinfo, int reason,
		   bool planned_only)
{
	CancelContext context;

	context.reason = PG_ARGISNULL(reason) ? NULL : PG_GETARG_TEXT_PP(reason);
	context.planned_only = planned_only;
	many->action = CancelAction;
	many->context = &context;
	SettleMany(many);
	return many->done;
}

/* cancel_contacts(log_ids, reason) */
Datum
cancel_contacts(PG_FUNCTION_ARGS)
{
	Many		many = {0};
	int64		done;

	IdArgs(&many, fcinfo);
	done = CancelMany(&many, fcinfo, 1, false);
	NoticeUnknown(&many);
	PG_RETURN_INT64(done);
}

/* cancel_contacts(ids, keys, reason) */
Datum
cancel_contacts_key(PG_FUNCTION_ARGS)
{
	Many		many = {0};
	int64		done;

	KeyArgs(&many, fcinfo);
	done = CancelMany(&many, fcinfo, 2, false);
	NoticeUnknown(&many);
	PG_RETURN_INT64(done);
}

/* Find the planned contacts of a campaign. */
static void
FindByCampaign(Many *many, FunctionCallInfo fcinfo)
{
	static SPIPlanPtr plan = NULL;
	static const Oid types[] = {TEXTOID, TIMESTAMPTZOID};
	Datum		values[] = {PG_GETARG_DATUM(0), PG_GETARG_DATUM(1)};
	MemoryContext context = CurrentMemoryContext;

	SPI_connect();
	LedgerPlan(&plan,
			   "SELECT pg_catalog.row_number()"
			   "           OVER (ORDER BY person_id COLLATE \"C\", log_id) - 1,"
			   "       person_id, log_id"
			   "  FROM contact_pressure.contact_log"
			   " WHERE campaign = $1 AND at >= $2"
			   "   AND outcome = 'planned' AND status <> 'cancelled'"
			   " ORDER BY 1",
			   lengthof(types), types);
	LedgerExecute(plan, values, NULL, false);
	KeepItems(many, context);
	many->count = many->nitems;
	many->log_ids = MemoryContextAllocHuge(context, Max(many->count, 1) *
										   sizeof(int64));
	for (int i = 0; i < many->count; i++)
	{
		bool		isnull;

		many->log_ids[i] =
			DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[i],
										SPI_tuptable->tupdesc, 3, &isnull));
	}
	SPI_finish();
}

/* cancel_campaign(campaign, since, reason) */
Datum
cancel_campaign(PG_FUNCTION_ARGS)
{
	Many		many = {0};

	RequireArg(fcinfo, 0, "campaign");
	RequireArg(fcinfo, 1, "since");
	FindByCampaign(&many, fcinfo);
	PG_RETURN_INT64(CancelMany(&many, fcinfo, 2, true));
}

/* --- responses */

static void
ResponseAction(Many *many, Settling *settling, const LogRow *row, int index)
{
	ResponseContext *context = many->context;

	if (SettleResponse(settling, row, context->outcomes[index],
					   context->ats[index]))
		many->done++;
}

/* Take the responses in that the arguments from this one on are. */
static int64
RespondMany(Many *many, FunctionCallInfo fcinfo, int arg, const char *other)
{
	ResponseContext context;
	Datum	   *outcomes = ParallelArrayArg(fcinfo, arg, "outcomes",
											many->count, other);
	Datum	   *ats = PG_ARGISNULL(arg + 1) ? NULL :
		ParallelArrayArg(fcinfo, arg + 1, "ats", many->count, other);
	TimestampTz now = GetCurrentTransactionStartTimestamp();

	context.outcomes = palloc(Max(many->count, 1) * sizeof(Outcome));
	context.ats = palloc(Max(many->count, 1) * sizeof(TimestampTz));
	for (int i = 0; i < many->count; i++)
	{
		context.outcomes[i] = ResponseOutcome(DatumGetTextPP(outcomes[i]));
		context.ats[i] = ats == NULL ? now : DatumGetTimestampTz(ats[i]);
	}
	many->action = ResponseAction;
	many->context = &context;
	SettleMany(many);
	NoticeUnknown(many);
	return many->done;
}

/* record_responses(log_ids, outcomes, ats) */
Datum
record_responses(PG_FUNCTION_ARGS)
{
	Many		many = {0};

	IdArgs(&many, fcinfo);
	PG_RETURN_INT64(RespondMany(&many, fcinfo, 1, "log_ids"));
}

/* record_responses(ids, keys, outcomes, ats) */
Datum
record_responses_key(PG_FUNCTION_ARGS)
{
	Many		many = {0};

	KeyArgs(&many, fcinfo);
	PG_RETURN_INT64(RespondMany(&many, fcinfo, 2, "ids"));
}
