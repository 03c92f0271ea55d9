/*
 * sums.c
 *		The summaries of a customer's orders: kept by adding and taking away,
 *		by month where purchases count for some months only, or counted anew.
 *
 * The number of orders and the amount are a group, so it does not matter in
 * which order triggers and sessions come.  The first and the last order are
 * not: when one of them goes the sources are asked, which may already have
 * what another trigger is about to add; to add that again does no harm.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "compat.h"
#include "core_pg.h"
#include "ledger/batch.h"
#include "rfm/rfm_pg.h"
#include "segment/segment.h"

/* --- summaries */

/* The summary of a customer's month, made when there is none. */
static RfmData *
FindMonth(Customer *customer, DateADT month)
{
	int			at = 0;

	while (at < customer->nmonths && customer->months[at].month < month)
		at++;
	if (at == customer->nmonths || customer->months[at].month != month)
	{
		MonthSum   *months = palloc((customer->nmonths + 1) *
									sizeof(MonthSum));

		for (int i = customer->nmonths; i > at; i--)
			months[i] = customer->months[i - 1];
		for (int i = 0; i < at; i++)
			months[i] = customer->months[i];
		months[at].month = month;
		RfmInit(&months[at].sum);
		customer->months = months;
		customer->nmonths++;
	}
	return &customer->months[at].sum;
}

/* Where a customer's purchases of a month are summed up. */
static RfmData *
SumOf(const Base *base, Customer *customer, DateADT month)
{
	return base->keep > 0 ? FindMonth(customer, month) : &customer->purchases;
}

/*
 * Take orders away from a summary.  False: what remains cannot be told from
 * the two.
 */
static bool
TakeAway(RfmData *sum, const RfmData *plus, const RfmData *minus)
{
	Decimal		amount = RfmAmount(minus);
	RfmData		negative;
	CoreError	err;
	bool		first_gone = minus->orders > 0 && minus->first <= sum->first &&
		plus->first > minus->first;
	bool		last_gone = minus->orders > 0 && minus->last >= sum->last &&
		plus->last < minus->last;

	RfmInit(&negative);
	negative.scale = (uint16_t) amount.scale;
	RfmSetUnits(&negative, -amount.units);
	if (!RfmMerge(sum, &negative, &err))
		ThrowCoreError(&err);
	sum->orders -= minus->orders;
	return sum->orders >= 0 && !first_gone && !last_gone;
}

/* See segment.h. */
bool
TakeDeltas(const Base *base, Customer *customer, const PurchaseDelta *deltas,
		   int count)
{
	bool		certain = true;

	for (int i = 0; i < count; i++)
	{
		const PurchaseDelta *delta = &deltas[i];
		RfmData    *sum = SumOf(base, customer, delta->month);
		CoreError	err;

		if (!RfmMerge(sum, &delta->plus, &err))
			ThrowCoreError(&err);
		certain &= TakeAway(sum, &delta->plus, &delta->minus);
	}
	return certain;
}

/* See segment.h. */
Instant
SumMonths(const Base *base, Customer *customer, Instant as_of)
{
	int32_t		date = ZoneDate(base->zone, as_of);
	Instant		expiry = INSTANT_NEVER;
	CoreError	err;

	RfmInit(&customer->purchases);
	for (int i = customer->nmonths - 1; i >= 0; i--)
	{
		const MonthSum *month = &customer->months[i];
		int			year;
		int			number;
		int			day;
		int32_t		end;

		DateToCivil(month->month, &year, &number, &day);
		number += base->keep;		/* 0-based: the month after the last */
		end = DateFromCivil(year + number / 12, number % 12 + 1, 1);
		if (end <= date)
			break;
		expiry = ZoneInstant(base->zone, end * MICROS_PER_DAY);
		if (!RfmMerge(&customer->purchases, &month->sum, &err))
			ThrowCoreError(&err);
	}
	return expiry;
}

/* --- asking the sources */

/* The summaries of some persons, from the sources. */
#define PURCHASES_OF \
	"SELECT person_id, month, purchases" \
	"  FROM contact_pressure.purchases_of($1)"

/* Are two summaries the same but for their dates? */
static bool
SameFigures(const RfmData *a, const RfmData *b)
{
	Decimal		x = RfmAmount(a);
	Decimal		y = RfmAmount(b);

	return a->orders == b->orders && DecimalCompare(&x, &y) == 0;
}

/* The next of a customer's months in which anything was bought, or NULL. */
static const MonthSum *
NextMonth(const Customer *customer, int *at)
{
	while (*at < customer->nmonths)
	{
		const MonthSum *month = &customer->months[(*at)++];

		if (month->sum.orders != 0 || RfmUnits(&month->sum) != 0)
			return month;
	}
	return NULL;
}

/*
 * The same for customers, month by month: what moves from one to another is
 * seen in no total.
 */
static bool
SameMonths(const Customer *a, const Customer *b)
{
	int			at_a = 0;
	int			at_b = 0;

	for (;;)
	{
		const MonthSum *x = NextMonth(a, &at_a);
		const MonthSum *y = NextMonth(b, &at_b);

		if (x == NULL || y == NULL)
			return x == y;
		if (x->month != y->month || !SameFigures(&x->sum, &y->sum))
			return false;
	}
}

/*
 * The sources' summaries take the place of a customer's.  Where they differ
 * in more than dates, the sources have what another trigger of the same
 * transaction is still to bring: it, too, will ask them.
 */
static void
TakeCount(const Base *base, Customer *customer, Customer *counted)
{
	if (base->keep > 0 ? !SameMonths(customer, counted) :
		!SameFigures(&customer->purchases, &counted->purchases))
		customer->fill = -Max(base->fill, 1);
	customer->purchases = counted->purchases;
	customer->months = counted->months;
	customer->nmonths = counted->nmonths;
}

/* Which of some customers, in the order of their ids, has this one? */
static int
FindCustomer(Customer **customers, int count, const text *id)
{
	int			low = 0;
	int			high = count;

	while (high - low > 1)
	{
		int			middle = (low + high) / 2;

		if (CompareIds(customers[middle]->person.id, id) <= 0)
			low = middle;
		else
			high = middle;
	}
	return SameText(customers[low]->person.id, id) ? low : -1;
}

/* A row of PURCHASES_OF: whose it is, and what. */
static void
TakeCountedRow(const Base *base, Customer **customers, Customer *counted,
			   int count, HeapTuple tuple, TupleDesc tupdesc)
{
	bool		isnull;
	bool		no_month;
	int			at;
	Datum		id = SPI_getbinval(tuple, tupdesc, 1, &isnull);
	Datum		month = SPI_getbinval(tuple, tupdesc, 2, &no_month);
	Datum		sum = SPI_getbinval(tuple, tupdesc, 3, &isnull);

	at = FindCustomer(customers, count, DatumGetTextPP(id));
	if (at >= 0)
		*SumOf(base, &counted[at], no_month ? 0 : DatumGetDateADT(month)) =
			*DatumGetRfm(sum);
}

/* See segment.h. */
void
CountAgain(const Base *base, Customer **customers, int count)
{
	static SPIPlanPtr plan = NULL;
	static Oid	seen = InvalidOid;
	static const Oid types[] = {TEXTARRAYOID};
	Customer   *counted = palloc0(count * sizeof(Customer));
	Datum	   *ids = palloc(count * sizeof(Datum));
	Datum		values[lengthof(types)];
	MemoryContext old = CurrentMemoryContext;

	for (int i = 0; i < count; i++)
	{
		ids[i] = PointerGetDatum(customers[i]->person.id);
		RfmInit(&counted[i].purchases);
	}
	values[0] = ArrayDatum(ids, NULL, count, TEXTOID);
	ForgetPlan(&plan, &seen, LedgerRelation("customer_value"));
	SPI_connect();
	LedgerPlan(&plan, PURCHASES_OF, lengthof(types), types);
	(void) LedgerExecute(plan, values, NULL, false);
	old = MemoryContextSwitchTo(old);
	for (uint64 i = 0; i < SPI_processed; i++)
		TakeCountedRow(base, customers, counted, count, SPI_tuptable->vals[i],
					   SPI_tuptable->tupdesc);
	MemoryContextSwitchTo(old);
	SPI_finish();
	for (int i = 0; i < count; i++)
		TakeCount(base, customers[i], &counted[i]);
}
