/*
 * apply.c
 *		Changes of purchases, of the calendar and of the model, brought to
 *		the customers: their summaries, scores, segments.
 *
 * Persons are sorted bytewise, taken in chunks and locked in that order.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "compat.h"
#include "core_pg.h"
#include "history/history_pg.h"
#include "ledger/batch.h"
#include "rfm/rfm_pg.h"
#include "segment/segment.h"

PG_FUNCTION_INFO_V1(put_purchases);
PG_FUNCTION_INFO_V1(refresh_people);
PG_FUNCTION_INFO_V1(refresh_batch);

/* Few enough that what was read for one is still in the processor's cache. */
#define CHUNK_CUSTOMERS		200

/* What is to be done with the customers of all chunks. */
typedef enum Task
{
	TASK_ADD,					/* take deltas in */
	TASK_PUT,					/* the summaries are these */
	TASK_REFRESH				/* bring scores up to as_of */
} Task;

/* The deltas of one person; none of a refresh. */
typedef struct Buyer
{
	uint64		prefix;
	text	   *id;				/* of the person, once merges are resolved */
	text	   *given;			/* as it was asked for */
	const PurchaseDelta *deltas;
	int			count;
} Buyer;

typedef struct Work
{
	Task		task;
	Base	   *base;			/* as of the chunk */
	Instant		as_of;			/* of a refresh */
	RowAccess	access;
	int			fill;			/* of put_purchases(); 0: the base's */
	bool		scanned;		/* these were counted before the locks */
	bool		doubtful;		/* see ApplyPurchases() */
	ArrayBuildState *left;		/* who is to be done again */
	int64		moved;
	MemoryContext context;		/* as long as the call */
} Work;

/* --- scores and segments */

/* How a person takes our messages, and when that changes. */
static void
JudgeEngagement(Customer *customer, Instant as_of, Engagement *engagement,
				Instant *change)
{
	const struct varlena *history = customer->person.history;
	HistoryDictionary *dictionary;
	HistoryView view;
	CoreError	err;

	if (!HistoryOpen(history == NULL ? NULL : VARDATA_ANY(history),
					 history == NULL ? 0 : VARSIZE_ANY_EXHDR(history),
					 &view, &err))
		ThrowCoreError(&err);
	dictionary = ReadDictionary(&view);
	if (!HistoryEngagement(&view, dictionary, as_of, engagement, &err) ||
		!HistoryEngagementChanges(&view, dictionary, as_of, change, &err))
		ThrowCoreError(&err);
}

/* The segment of a score. */
static text *
SegmentOf(const Base *base, RfmScore score, unsigned engagement)
{
	int			line = SegmentMapLine(base->map, score, engagement);

	return line < 0 ? NULL : base->names[base->map->lines[line].segment];
}

/* Score a customer as of an instant, or as of the last order after it. */
static void
ScoreCustomer(const Base *base, Customer *customer, Instant as_of)
{
	const RfmData *purchases = &customer->purchases;
	unsigned	engaged = NOT_GIVEN;

	if (customer->nmonths == 0)
		as_of = Max(as_of, purchases->last);
	/* the last of them may have refunds only */
	for (int i = 0; i < customer->nmonths; i++)
		as_of = Max(as_of, customer->months[i].sum.last);
	customer->rescore_at = base->keep == 0 ? INSTANT_NEVER :
		SumMonths(base, customer, as_of);
	customer->version = base->version;
	customer->scored_at = as_of;
	customer->score = 0;
	customer->segment = base->prospects;
	customer->engagement = NULL;
	if (base->version == 0 || purchases->orders == 0)
		return;
	customer->score = ModelScoreRfm(&base->model, purchases,
									ZoneDate(base->model_zone, as_of) -
									ZoneDate(base->model_zone,
											 purchases->last));
	customer->rescore_at = Min(customer->rescore_at,
							   ModelRescoreAt(&base->model, base->model_zone,
											  purchases->last, as_of));
	if (base->map->groups != 0)
	{
		Engagement	engagement;
		Instant		change;

		JudgeEngagement(customer, as_of, &engagement, &change);
		customer->engagement = EngagementNames[engagement];
		customer->rescore_at = Min(customer->rescore_at, change);
		engaged = EngagementBit(engagement);
	}
	customer->segment = SegmentOf(base, customer->score, engaged);
}

/*
 * When the refresh is to look at a customer.  A purchase mostly puts that
 * off; to leave it early costs one look in vain, to move it costs an entry in
 * the index for each purchase.
 */
static void
SetDue(Customer *customer, bool refreshed)
{
	if (refreshed || customer->due_at > customer->rescore_at)
		customer->due_at = customer->rescore_at;
}

/* Where a person goes from here; move->why NULL: nowhere. */
static void
DecideMove(const Base *base, const Customer *customer, RfmScore from_score,
		   const char *why, Move *move)
{
	/* who was created for this purchase was nowhere before */
	text	   *from = customer->created ? NULL : customer->person.segment;

	memset(move, 0, sizeof(*move));
	if (base->version == 0 || customer->pinned ||
		SameText(from, customer->segment))
		return;
	move->why = why;
	move->from = from;
	move->to = customer->segment;
	move->from_score = from_score;
	move->to_score = customer->score;
}

/* --- the tasks */

/* Does a purchase have to wait for the fill that goes on? */
static bool
AwaitsFill(const Base *base, const Customer *customer)
{
	return !base->filled && customer->fill < base->fill;
}

/* Did any order of the person go? */
static bool
TakesAway(const Buyer *buyer)
{
	for (int i = 0; i < buyer->count; i++)
		if (buyer->deltas[i].minus.orders > 0 ||
			RfmUnits(&buyer->deltas[i].minus) != 0)
			return true;
	return false;
}

/* Take deltas; true when the sources have to be asked as well. */
static bool
Add(Work *work, Customer *customer, const Buyer *buyer, bool *write)
{
	const Base *base = work->base;
	bool		certain;

	*write = true;
	if (AwaitsFill(base, customer))
	{
		/*
		 * It may say so already.  But what an old snapshot shows may have been
		 * counted since, without this order: only writing finds that out.
		 */
		*write = customer->fill != -base->fill || IsolationUsesXactSnapshot();
		customer->fill = -base->fill;
		return false;
	}
	certain = TakeDeltas(base, customer, buyer->deltas, buyer->count);
	/* a row that was not there is complete from now on */
	if (!customer->known)
	{
		customer->fill = base->fill;
		/* what goes was counted once, for somebody who was forgotten */
		return !certain || work->doubtful || TakesAway(buyer);
	}
	/* counted before a trigger of this very transaction: see TakeCount() */
	if (customer->fill < 0 && customer->own)
		return true;
	if (customer->fill < 0)
		customer->fill = base->fill;
	return !certain;
}

/* A copy of an id that lasts as long as the call. */
static text *
KeepId(const Work *work, const text *id)
{
	Size		size = VARSIZE_ANY(id);

	return memcpy(MemoryContextAlloc(work->context, size), id, size);
}

/* Somebody is to be done again. */
static void
LeaveForLater(Work *work, text *id)
{
	work->left = accumArrayResult(work->left, PointerGetDatum(id), false,
								  TEXTOID, work->context);
}

/* Who is to be done again, as an array. */
static Datum
LeftForLater(const Work *work)
{
	if (work->left == NULL)
		return PointerGetDatum(construct_empty_array(TEXTOID));
	return makeArrayResult(work->left, CurrentMemoryContext);
}

/*
 * The summaries are those given.  What was scanned does not have what came to
 * a marked customer since, and of who was merged since it has a part: these
 * are, or become, marked, to be counted by themselves.  Whoever is of the fill
 * already was counted after the scan, unless a query is compared with what is
 * there.  False: there is nothing to write.
 */
static bool
Put(Work *work, Customer *customer, const Buyer *buyer)
{
	const Base *base = work->base;
	int			fill = work->fill == 0 ? base->fill : work->fill;
	bool		marked = customer->fill == -fill;

	if (work->scanned && customer->known && customer->fill == fill &&
		!base->loads && SameText(buyer->given, buyer->id))
		return false;
	if (work->scanned && (marked || !SameText(buyer->given, buyer->id)))
	{
		customer->fill = -fill;
		return !marked;
	}
	RfmInit(&customer->purchases);
	customer->nmonths = 0;
	customer->fill = fill;
	(void) TakeDeltas(base, customer, buyer->deltas, buyer->count);
	return true;
}

/* Why a refresh moves somebody. */
static const char *
WhyRefreshed(const Base *base, int version)
{
	if (version == base->version)
		return "calendar";
	return base->new_map ? "map" : "model";
}

/* A person who never bought anything: in the prospects' segment, or not. */
static void
RefreshProspect(Work *work, Customer *customer, Move *move)
{
	text	   *segment = customer->person.segment;

	memset(move, 0, sizeof(*move));
	if (work->base->version == 0 || SameText(segment, work->base->prospects) ||
		(segment != NULL && !IsProspects(work->base, segment)))
		return;
	move->why = WhyRefreshed(work->base, 0);
	move->from = segment;
	move->to = work->base->prospects;
}

/* Is the customer left to the fill that goes on, as is all that follows? */
static bool
IsLeft(const Work *work, const Customer *customer)
{
	return (work->task == TASK_ADD || work->scanned) &&
		AwaitsFill(work->base, customer);
}

/* Do the task for one customer of a chunk; true: the sources are asked. */
static bool
DoTask(Work *work, Customer *customer, const Buyer *buyer, bool *write)
{
	switch (work->task)
	{
		case TASK_ADD:
			return Add(work, customer, buyer, write);
		case TASK_PUT:
			*write = Put(work, customer, buyer);
			return false;
		case TASK_REFRESH:
			*write = customer->known;
			return false;
	}
	return false;				/* keep the compiler quiet */
}

/* Score a customer after the task, and see where that leads. */
static void
Conclude(Work *work, Customer *customer, Move *move)
{
	const Base *base = work->base;
	RfmScore	from_score = customer->score;
	int			version = customer->version;

	ScoreCustomer(base, customer, work->task == TASK_REFRESH ? work->as_of :
				  BaseClock(base));
	SetDue(customer, work->task == TASK_REFRESH);
	DecideMove(base, customer, from_score, work->task != TASK_REFRESH ?
			   "purchase" : WhyRefreshed(base, version), move);
}

/* --- chunks */

/* Compare buyers in the order of locks. */
static int
CompareBuyers(const void *left, const void *right)
{
	const Buyer *a = left;
	const Buyer *b = right;

	if (a->prefix != b->prefix)
		return a->prefix < b->prefix ? -1 : 1;
	return CompareIds(a->id, b->id);
}

/* When a buyer was first heard of, for whom nobody knows; none: not at all. */
static Instant
BuyerSince(const Work *work, const Buyer *buyer)
{
	Instant		since = INSTANT_NONE;

	for (int i = 0; work->task != TASK_REFRESH && i < buyer->count; i++)
	{
		const RfmData *plus = &buyer->deltas[i].plus;
		Instant		first = plus->orders > 0 ? plus->first :
			RfmUnits(plus) != 0 ? INSTANT_NEVER : INSTANT_NONE;

		/* an order of an unknown date is as good as a refund */
		if (plus->orders > 0 && first == INSTANT_NONE)
			first = plus->last;
		if (first != INSTANT_NONE &&
			(since == INSTANT_NONE || first < since))
			since = first;
	}
	return since;
}

/* Lock the customers of a chunk and read what is known of them. */
static Customer *
OpenChunk(Work *work, const Buyer *buyers, int count)
{
	text	  **ids = palloc(count * sizeof(text *));
	Instant    *since = palloc(count * sizeof(Instant));
	Customer   *customers = palloc(count * sizeof(Customer));
	bool		only_gone = false;

	for (int i = 0; i < count; i++)
	{
		ids[i] = buyers[i].id;
		since[i] = BuyerSince(work, &buyers[i]);
		only_gone |= since[i] == INSTANT_NONE;
	}
	/*
	 * Nobody may know yet whose orders went.  A fill that counts them, and may
	 * have counted these, hears of it by a row.
	 */
	if (work->task == TASK_ADD && only_gone && !ReadBase(false)->filled)
		for (int i = 0; i < count; i++)
			if (since[i] == INSTANT_NONE)
				since[i] = INSTANT_NEVER;
	LockCustomers(ids, since, work->access, count, customers);
	/* what was in force before the locks were had is, or becomes, old */
	work->base = ReadBase(true);
	return customers;
}

/* What a chunk changes: nothing yet. */
static void
InitChanges(const Work *work, int count, Changes *changes)
{
	memset(changes, 0, sizeof(*changes));
	changes->base = work->base;
	changes->customers = palloc(count * sizeof(Customer *));
	changes->moves = palloc0(count * sizeof(Move));
	changes->rows = palloc0(count * sizeof(bool));
	changes->at = !work->base->replay ? GetCurrentTimestamp() :
		work->task == TASK_REFRESH ? work->as_of :
		/* behind the night's moves */
		work->base->as_of + 1;
}

/* Score those of a chunk whose rows change, and write what comes of it. */
static void
CloseChunk(Work *work, Changes *changes)
{
	for (int i = 0; i < changes->count; i++)
	{
		Customer   *customer = changes->customers[i];

		if (changes->rows[i] && !IsLeft(work, customer))
			Conclude(work, customer, &changes->moves[i]);
		work->moved += changes->moves[i].why != NULL;
	}
	WriteCustomers(changes);
}

/*
 * Do a chunk.  Who was merged meanwhile is put aside, under the id of the one
 * merged into; how many were.
 */
static int
DoChunk(Work *work, Buyer *buyers, int count, Buyer *aside)
{
	Customer   *customers = OpenChunk(work, buyers, count);
	Customer  **asked = palloc(count * sizeof(Customer *));
	Changes		changes;
	int			nasked = 0;
	int			naside = 0;

	InitChanges(work, count, &changes);
	for (int i = 0; i < count; i++)
	{
		Customer   *customer = &customers[i];
		int			at = changes.count;

		if (customer->held)
			LeaveForLater(work, buyers[i].given);
		else if (!SameText(customer->person.id, buyers[i].id))
		{
			aside[naside] = buyers[i];
			aside[naside].id = KeepId(work, customer->person.id);
			aside[naside].prefix = IdPrefix(aside[naside].id);
			naside++;
		}
		else if (customer->person.known)
		{
			changes.customers[at] = customer;
			if (DoTask(work, customer, &buyers[i], &changes.rows[at]))
				asked[nasked++] = customer;
			if (work->task == TASK_REFRESH && !customer->known)
				RefreshProspect(work, customer, &changes.moves[at]);
			changes.count++;
		}
	}
	if (nasked > 0)
		CountAgain(work->base, asked, nasked);
	CloseChunk(work, &changes);
	return naside;
}

/* Go on to who some of the buyers were merged into. */
static void
ResolveMerges(Buyer *buyers, int count)
{
	text	  **ids = palloc_extended((Size) count * sizeof(text *),
									  MCXT_ALLOC_HUGE);
	bool	   *merged = palloc_extended(count, MCXT_ALLOC_HUGE);

	for (int i = 0; i < count; i++)
		ids[i] = buyers[i].id;
	FindMerged(ids, merged, count);
	for (int i = 0; i < count; i++)
	{
		LedgerPerson person;

		if (!merged[i])
			continue;
		/* nobody's lease ends before then */
		(void) ReadPerson(buyers[i].id, DT_NOBEGIN, &person);
		buyers[i].id = person.id;
		buyers[i].prefix = IdPrefix(person.id);
	}
	pfree(ids);
	pfree(merged);
}

/*
 * Do them all.  Two ids that are one person by now come one after the other:
 * the second in a chunk of its own.
 */
static void
DoBuyers(Work *work, Buyer *buyers, int count)
{
	MemoryContext chunk = AllocSetContextCreate(CurrentMemoryContext,
												"contact_pressure customers",
												ALLOCSET_DEFAULT_SIZES);
	Buyer	   *aside = palloc_extended((Size) (count + 1) * sizeof(Buyer),
										MCXT_ALLOC_HUGE);
	int			naside = 0;
	int			first = 0;

	work->context = CurrentMemoryContext;
	ResolveMerges(buyers, count);
	qsort(buyers, count, sizeof(Buyer), CompareBuyers);
	while (first < count)
	{
		int			last = first + 1;
		MemoryContext old;

		while (last < count && last - first < CHUNK_CUSTOMERS &&
			   CompareBuyers(&buyers[last - 1], &buyers[last]) != 0)
			last++;
		old = MemoryContextSwitchTo(chunk);
		naside += DoChunk(work, buyers + first, last - first,
						  aside + naside);
		MemoryContextSwitchTo(old);
		MemoryContextReset(chunk);
		first = last;
	}
	MemoryContextDelete(chunk);
	if (naside > 0)
		DoBuyers(work, aside, naside);
	pfree(aside);
}

/* --- what is called */

/* A delta on its way through the sort: to move it whole costs too much. */
typedef struct SortedDelta
{
	uint64		prefix;			/* of the id, see IdPrefix() */
	const PurchaseDelta *delta;
} SortedDelta;

/* By person, then by month. */
static int
CompareDeltas(const void *left, const void *right)
{
	const SortedDelta *a = left;
	const SortedDelta *b = right;
	int			order;

	if (a->prefix != b->prefix)
		return a->prefix < b->prefix ? -1 : 1;
	order = CompareIds(a->delta->id, b->delta->id);
	if (order != 0)
		return order;
	return a->delta->month < b->delta->month ? -1 :
		a->delta->month > b->delta->month;
}

/* Find each person's deltas; how many persons. */
static int
GroupDeltas(const PurchaseDelta *deltas, int count, Buyer *buyers)
{
	SortedDelta *order = palloc_extended((Size) (count + 1) *
										 sizeof(SortedDelta),
										 MCXT_ALLOC_HUGE);
	PurchaseDelta *sorted = palloc_extended((Size) (count + 1) *
											sizeof(PurchaseDelta),
											MCXT_ALLOC_HUGE);
	int			n = 0;

	for (int i = 0; i < count; i++)
	{
		order[i].prefix = IdPrefix(deltas[i].id);
		order[i].delta = &deltas[i];
	}
	qsort(order, count, sizeof(SortedDelta), CompareDeltas);
	for (int i = 0; i < count; i++)
	{
		sorted[i] = *order[i].delta;
		if (n == 0 || !SameText(buyers[n - 1].id, sorted[i].id))
		{
			buyers[n].id = buyers[n].given = sorted[i].id;
			buyers[n].prefix = order[i].prefix;
			buyers[n].deltas = &sorted[i];
			buyers[n++].count = 0;
		}
		buyers[n - 1].count++;
	}
	pfree(order);
	return n;
}

/* Do a task that has deltas. */
static void
DoDeltas(Work *work, const PurchaseDelta *deltas, int count)
{
	Buyer	   *buyers = palloc_extended((Size) (count + 1) * sizeof(Buyer),
										 MCXT_ALLOC_HUGE);

	DoBuyers(work, buyers, GroupDeltas(deltas, count, buyers));
	pfree(buyers);
}

/* See segment.h. */
void
ApplyPurchases(const PurchaseDelta *deltas, int count, bool doubtful)
{
	Work		work = {.task = TASK_ADD, .access = ROW_LOCK,
	.doubtful = doubtful};

	DoDeltas(&work, deltas, count);
}

/* The elements of an array argument, none of them NULL. */
static Datum *
ArrayElements(FunctionCallInfo fcinfo, int arg, const char *name, int *count)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(arg);
	Datum	   *elements;
	bool	   *nulls;
	int16		length;
	bool		by_value;
	char		align;

	if (ARR_NDIM(array) > 1 || array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must be a list without NULL", name)));
	get_typlenbyvalalign(ARR_ELEMTYPE(array), &length, &by_value, &align);
	deconstruct_array(array, ARR_ELEMTYPE(array), length, by_value, align,
					  &elements, &nulls, count);
	return elements;
}

/* The deltas that put_purchases() was given. */
static PurchaseDelta *
GivenPurchases(FunctionCallInfo fcinfo, int *count)
{
	int			npurchases;
	int			nmonths;
	Datum	   *ids = ArrayElements(fcinfo, 0, "ids", count);
	Datum	   *purchases = ArrayElements(fcinfo, 1, "purchases",
										  &npurchases);
	Datum	   *months = NULL;
	PurchaseDelta *deltas;

	nmonths = *count;
	if (!PG_ARGISNULL(2))
		months = ArrayElements(fcinfo, 2, "months", &nmonths);
	if (npurchases != *count || nmonths != *count)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("put_purchases needs lists of the same length")));
	deltas = palloc_extended((Size) (*count + 1) * sizeof(PurchaseDelta),
							 MCXT_ALLOC_HUGE);
	for (int i = 0; i < *count; i++)
	{
		deltas[i].id = DatumGetTextPP(ids[i]);
		deltas[i].month = months == NULL ? 0 : DatumGetDateADT(months[i]);
		deltas[i].plus = *DatumGetRfm(purchases[i]);
		RfmInit(&deltas[i].minus);
	}
	return deltas;
}

/*
 * put_purchases(ids, purchases, months, fill, scanned, waits): what these
 * persons bought is this.  Returns who is held by somebody it does not wait
 * for.
 */
Datum
put_purchases(PG_FUNCTION_ARGS)
{
	Work		work = {.task = TASK_PUT, .access = ROW_LOCK};
	PurchaseDelta *deltas;
	int			count;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("put_purchases needs ids and purchases")));
	deltas = GivenPurchases(fcinfo, &count);
	if (!PG_ARGISNULL(3))
		work.fill = PG_GETARG_INT32(3);
	if (!PG_ARGISNULL(4))
		work.scanned = PG_GETARG_BOOL(4);
	if (!PG_ARGISNULL(5) && !PG_GETARG_BOOL(5))
		work.access = ROW_LOCK_FREE;
	DoDeltas(&work, deltas, count);
	PG_RETURN_DATUM(LeftForLater(&work));
}

/* Refresh the persons in the first argument as of the second. */
static void
DoRefresh(FunctionCallInfo fcinfo, Work *work)
{
	Datum	   *ids;
	Buyer	   *buyers;
	int			count;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a refresh needs ids and an instant")));
	ids = ArrayElements(fcinfo, 0, "ids", &count);
	work->as_of = PG_GETARG_TIMESTAMPTZ(1);
	CheckAsOf(work->as_of);
	buyers = palloc_extended((Size) (count + 1) * sizeof(Buyer),
							 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int i = 0; i < count; i++)
	{
		buyers[i].id = buyers[i].given = DatumGetTextPP(ids[i]);
		buyers[i].prefix = IdPrefix(buyers[i].id);
	}
	DoBuyers(work, buyers, count);
}

/*
 * refresh_people(ids, as_of): scores and segments as of an instant; how many
 * persons moved
 */
Datum
refresh_people(PG_FUNCTION_ARGS)
{
	Work		work = {.task = TASK_REFRESH, .access = ROW_LOCK};

	DoRefresh(fcinfo, &work);
	PG_RETURN_INT64(work.moved);
}

/*
 * refresh_batch(ids, as_of): the same for those whom nobody holds; how many
 * moved, and who was held
 */
Datum
refresh_batch(PG_FUNCTION_ARGS)
{
	Work		work = {.task = TASK_REFRESH, .access = ROW_LOCK_FREE};
	TupleDesc	tupdesc;
	Datum		values[2];
	bool		nulls[2] = {false, false};

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "refresh_batch returns a row");
	DoRefresh(fcinfo, &work);
	values[0] = Int64GetDatum(work.moved);
	values[1] = LeftForLater(&work);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc),
													  values, nulls)));
}
