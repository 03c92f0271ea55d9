/*
 * history_pg.c
 *		Arguments and results of the functions on contact_history.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "history/history_pg.h"

/* Open an argument; see history_pg.h. */
void
OpenHistoryArg(FunctionCallInfo fcinfo, int arg, HistoryView *view)
{
	struct varlena *value;
	CoreError	err;
	bool		ok;

	if (PG_ARGISNULL(arg))
		ok = HistoryOpen(NULL, 0, view, &err);
	else
	{
		value = PG_GETARG_VARLENA_PP(arg);
		ok = HistoryOpen(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), view,
						 &err);
	}
	if (!ok)
		ThrowCoreError(&err);
}

/* Decode and check; see history_pg.h. */
HistoryDictionary *
ReadDictionary(const HistoryView *view)
{
	CoreError	err;
	HistoryDictionary *dictionary = HistoryReadDictionary(view, &err);

	if (dictionary == NULL)
		ThrowCoreError(&err);
	return dictionary;
}

/* The value of a builder; see history_pg.h. */
struct varlena *
FinishHistory(HistoryBuilder *builder)
{
	CoreError	err;
	size_t		length;
	struct varlena *value = HistoryFinish(builder, VARHDRSZ, &length, &err);

	if (value == NULL)
		ThrowCoreError(&err);
	if (length > MaxAllocSize - VARHDRSZ)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("contact_history value too large"),
				 errhint("Keep one history for each person.")));
	SET_VARSIZE(value, length + VARHDRSZ);
	return value;
}

/* The channel that is an argument. */
void
ChannelArg(FunctionCallInfo fcinfo, int arg, char *channel)
{
	text	   *name = PG_GETARG_TEXT_PP(arg);
	CoreError	err;

	if (!LabelChannel(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), channel,
					  &err))
		ThrowCoreError(&err);
}

/* The purpose that is an argument; NULL is the default one. */
void
PurposeArg(FunctionCallInfo fcinfo, int arg, char *purpose)
{
	text	   *name;
	CoreError	err;

	if (PG_ARGISNULL(arg))
	{
		strcpy(purpose, LABEL_DEFAULT_PURPOSE);
		return;
	}
	name = PG_GETARG_TEXT_PP(arg);
	if (!LabelPurpose(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), purpose,
					  &err))
		ThrowCoreError(&err);
}

/* The outcome that is an argument; NULL is sent. */
Outcome
OutcomeArg(FunctionCallInfo fcinfo, int arg)
{
	text	   *name;
	Outcome		outcome;
	CoreError	err;

	if (PG_ARGISNULL(arg))
		return OUTCOME_SENT;
	name = PG_GETARG_TEXT_PP(arg);
	if (!OutcomeParse(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), &outcome,
					  &err))
		ThrowCoreError(&err);
	return outcome;
}

/* The millionths of a weight; see history_pg.h. */
int64_t
CheckWeight(float8 weight)
{
	int64_t		millionths;
	CoreError	err;

	if (!WeightFromDouble(weight, &millionths, &err))
		ThrowCoreError(&err);
	return millionths;
}

/* The weight that is an argument; see history_pg.h. */
int64_t
WeightArg(FunctionCallInfo fcinfo, int arg)
{
	return PG_ARGISNULL(arg) ? WEIGHT_NONE : CheckWeight(PG_GETARG_FLOAT8(arg));
}

/* An instant that is an argument; see history_pg.h. */
Instant
CheckInstant(TimestampTz t, const char *what)
{
	if (!InstantInRange(t))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("%s out of range", what),
				 errhint("It is finite and lies between the years 0001 and "
						 "9999.")));
	return t;
}

/* A duration that is an argument; see history_pg.h. */
Span
SpanFromInterval(const Interval *interval)
{
	Span		span = {interval->month, interval->day, interval->time};
	CoreError	err;

	if (!SpanCheck(&span, &err))
		ThrowCoreError(&err);
	return span;
}

/* Raise the error for an argument that has to be there. */
void
FailNullArgument(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			 errmsg("%s must not be null", name),
			 errhint("A null here would lose the history; leave the row out "
					 "instead.")));
	pg_unreachable();
}
