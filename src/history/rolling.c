/*
 * rolling.c
 *		rolling_contacts(): the count of a rolling window, over a log table.
 *
 * Each row of the partition is fetched once.  What is in the window is a heap
 * of the instants at which rows leave it (expiry.h), so that the work for a
 * row does not grow with the window, and months count as everywhere else.
 */
#include "postgres.h"

#include "utils/memutils.h"
#include "windowapi.h"

#include "history/expiry.h"
#include "history/history_pg.h"

PG_FUNCTION_INFO_V1(rolling_contacts);

typedef struct Rolling
{
	bool		begun;
	bool		done;			/* no row is left to fetch */
	int64		next;			/* row to fetch next */
	Interval	within;
	Span		span;
	Zone	   *zone;
	bool		has_pending;	/* fetched, but later than the present row */
	Instant		pending;
	Instant		latest;			/* of all fetched */
	InstantList leaves;			/* of the rows in the window */
} Rolling;

/* Take in the argument within, which is the same for all rows. */
static void
CheckWithin(Rolling *rolling, const Interval *within)
{
	if (!rolling->begun)
	{
		CoreError	err;

		rolling->span = SpanFromInterval(within);
		rolling->within = *within;
		rolling->zone = ZoneOpen(NULL, 0, &err);
		if (rolling->zone == NULL)
			ThrowCoreError(&err);
		rolling->latest = INSTANT_NONE;
		rolling->begun = true;
	}
	else if (memcmp(within, &rolling->within, sizeof(Interval)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rolling_contacts() was given different durations"),
				 errhint("Write one duration for all rows, such as "
						 "interval '7 days'.")));
}

/* Fetch rows until one is later than t; those up to t come in. */
static void
FetchUpTo(WindowObject winobj, Rolling *rolling, Instant t)
{
	while (!rolling->done)
	{
		if (!rolling->has_pending)
		{
			bool		isnull;
			bool		isout;
			Datum		value;

			value = WinGetFuncArgInPartition(winobj, 0, rolling->next,
											 WINDOW_SEEK_HEAD, true, &isnull,
											 &isout);
			rolling->done = isout;
			if (isout)
				return;
			rolling->next++;
			if (isnull)
				continue;
			rolling->pending = CheckInstant(DatumGetTimestampTz(value),
											"time of a contact");
			if (rolling->pending < rolling->latest)
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("rolling_contacts() needs its rows in order "
								"of time"),
						 errhint("Write OVER (PARTITION BY ... ORDER BY at), "
								 "with the column that is counted.")));
			rolling->latest = rolling->pending;
			rolling->has_pending = true;
		}
		if (rolling->pending > t)
			return;
		rolling->has_pending = false;
		ExpiryPush(&rolling->leaves, SpanAdd(rolling->zone, rolling->pending,
											 &rolling->span));
	}
}

/* rolling_contacts(at, within) OVER (PARTITION BY who ORDER BY at) */
Datum
rolling_contacts(PG_FUNCTION_ARGS)
{
	WindowObject winobj = PG_WINDOW_OBJECT();
	Rolling    *rolling = WinGetPartitionLocalMemory(winobj, sizeof(Rolling));
	MemoryContext old;
	Datum		at;
	Datum		within;
	bool		at_isnull;
	bool		within_isnull;

	at = WinGetFuncArgCurrent(winobj, 0, &at_isnull);
	within = WinGetFuncArgCurrent(winobj, 1, &within_isnull);
	if (at_isnull || within_isnull)
		PG_RETURN_NULL();

	/* what is kept lives as long as the partition */
	old = MemoryContextSwitchTo(GetMemoryChunkContext(rolling));
	CheckWithin(rolling, DatumGetIntervalP(within));
	FetchUpTo(winobj, rolling,
			  CheckInstant(DatumGetTimestampTz(at), "time of a contact"));
	MemoryContextSwitchTo(old);
	ExpiryDropUpTo(&rolling->leaves, DatumGetTimestampTz(at));
	PG_RETURN_INT32((int32) rolling->leaves.count);
}
