/*
 * history_pg.h
 *		contact_history as an argument and a result of SQL functions.
 */
#ifndef CONTACT_PRESSURE_HISTORY_PG_H
#define CONTACT_PRESSURE_HISTORY_PG_H

#include "fmgr.h"
#include "utils/timestamp.h"

#include "core_pg.h"
#include "history/calendar.h"
#include "history/history.h"

/* Open an argument; NULL is the empty history.  Raises errors. */
extern void OpenHistoryArg(FunctionCallInfo fcinfo, int arg,
						   HistoryView *view);

/* Decode and check; raises errors. */
extern HistoryDictionary *ReadDictionary(const HistoryView *view);

/* The value of a builder; raises errors. */
extern struct varlena *FinishHistory(HistoryBuilder *builder);

#define PG_RETURN_HISTORY(builder)	PG_RETURN_POINTER(FinishHistory(builder))

/* Names and outcomes that are arguments; buffers as in label.h. */
extern void ChannelArg(FunctionCallInfo fcinfo, int arg, char *channel);
extern void PurposeArg(FunctionCallInfo fcinfo, int arg, char *purpose);
extern Outcome OutcomeArg(FunctionCallInfo fcinfo, int arg);

/* A weight as millionths; as an argument, NULL: WEIGHT_NONE. */
extern int64_t CheckWeight(float8 weight);
extern int64_t WeightArg(FunctionCallInfo fcinfo, int arg);

/* A finite instant that contacts can have; what names it in the error. */
extern Instant CheckInstant(TimestampTz t, const char *what);

/* A duration: positive, at most 1000 years. */
extern Span SpanFromInterval(const Interval *interval);

/*
 * A history with one contact more, and without exactly this one: its time,
 * label, weight (or none of its own), outcome and answer time.  NULL is the
 * history without contacts; a contact that is not there is an error.
 */
extern struct varlena *HistoryWith(struct varlena *history,
								   const Contact *contact);
extern struct varlena *HistoryWithout(struct varlena *history,
									  const Contact *contact);

/* Raise the error for an argument that has to be there. */
pg_noreturn extern void FailNullArgument(const char *name);

#endif							/* CONTACT_PRESSURE_HISTORY_PG_H */
