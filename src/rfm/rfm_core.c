/*
 * rfm_core.c
 *		Purchase summaries: checked, added to, merged, compared.
 */
#include "rfm/rfm.h"

/* See rfm.h. */
void
RfmInit(RfmData *rfm)
{
	memset(rfm, 0, sizeof(RfmData));
	rfm->version = RFM_VERSION;
	rfm->first = INSTANT_NEVER;
	rfm->last = INSTANT_NONE;
}

/* A summary without orders has no dates, and nothing was paid. */
static bool
CheckNoOrders(const RfmData *rfm, CoreError *err)
{
	if (rfm->first != INSTANT_NEVER || rfm->last != INSTANT_NONE)
	{
		CoreFail(err, CORE_INVALID, "0 orders have no dates");
		CoreHint(err, "Without orders, first_order_at and last_order_at are "
				 "null.");
		return false;
	}
	if (RfmUnits(rfm) > 0)
	{
		CoreFail(err, CORE_INVALID, "0 orders have no positive amount");
		CoreHint(err, "Refunds without an order have an amount below 0.");
		return false;
	}
	return true;
}

/* See rfm.h. */
bool
RfmCheck(const RfmData *rfm, CoreError *err)
{
	if (rfm->scale > DECIMAL_DIGITS || !DecimalInRange(RfmUnits(rfm)))
		return DecimalOverflow(err);
	if (rfm->orders < 0)
	{
		CoreFail(err, CORE_INVALID, "the number of orders is negative");
		CoreHint(err, "Refunds lower the amount; they are no orders.");
		return false;
	}
	if (rfm->orders == 0)
		return CheckNoOrders(rfm, err);
	if (rfm->last == INSTANT_NONE)
	{
		CoreFail(err, CORE_INVALID, "orders need the time of the last one");
		CoreHint(err, "first_order_at may be null when it is not known; "
				 "last_order_at may not.");
		return false;
	}
	if (!InstantInRange(rfm->last) ||
		(rfm->first != INSTANT_NONE && !InstantInRange(rfm->first)))
	{
		CoreFail(err, CORE_DATETIME, "the time of an order is out of range");
		CoreHint(err, "Orders lie between the years 1 and 9999.");
		return false;
	}
	if (rfm->first > rfm->last)
	{
		CoreFail(err, CORE_INVALID, "the first order is after the last");
		CoreHint(err, "first_order_at is at or before last_order_at.");
		return false;
	}
	return true;
}

/* See rfm.h. */
bool
RfmOpen(const RfmData *rfm, size_t size, CoreError *err)
{
	if (size == sizeof(RfmData) && rfm->version == RFM_VERSION &&
		rfm->flags == 0 && rfm->scale <= DECIMAL_DIGITS)
		return true;
	CoreFail(err, CORE_CORRUPTED, "stored rfm is damaged");
	if (size == sizeof(RfmData) &&
		(rfm->version != RFM_VERSION || rfm->flags != 0))
		CoreDetail(err, "Its version is %d and its flags are %d; this "
				   "release knows version %d without flags.", rfm->version,
				   rfm->flags, RFM_VERSION);
	return false;
}

/* Add a decimal to the amount. */
static inline bool
AddAmount(RfmData *rfm, const Decimal *amount, CoreError *err)
{
	Decimal		sum = RfmAmount(rfm);

	/* orders of one shop have their places in common */
	if (sum.scale == amount->scale)
	{
		if (__builtin_add_overflow(sum.units, amount->units, &sum.units) ||
			!DecimalInRange(sum.units))
			return DecimalOverflow(err);
		RfmSetUnits(rfm, sum.units);
		return true;
	}
	if (!DecimalAdd(&sum, amount, err))
		return false;
	RfmSetUnits(rfm, sum.units);
	rfm->scale = (uint16_t) sum.scale;
	return true;
}

/* Add to the number of orders; only made-up ones can be too many. */
static inline bool
AddOrders(RfmData *rfm, int64_t more, CoreError *err)
{
	return !__builtin_add_overflow(rfm->orders, more, &rfm->orders) ||
		CoreFail(err, CORE_RANGE, "number of orders out of range");
}

/* See rfm.h. */
bool
RfmAddOrder(RfmData *rfm, Instant at, const Decimal *amount, CoreError *err)
{
	if (!InstantInRange(at))
	{
		CoreFail(err, CORE_DATETIME, "the time of an order is out of range");
		CoreHint(err, "Orders lie between the years 1 and 9999; leave out "
				 "rows without a time.");
		return false;
	}
	if (!AddAmount(rfm, amount, err))
		return false;
	if (amount->units < 0)
		return true;
	if (at < rfm->first)
		rfm->first = at;
	if (at > rfm->last)
		rfm->last = at;
	return AddOrders(rfm, 1, err);
}

/* See rfm.h. */
bool
RfmMerge(RfmData *into, const RfmData *from, CoreError *err)
{
	Decimal		amount = RfmAmount(from);

	if (!AddAmount(into, &amount, err) ||
		!AddOrders(into, from->orders, err))
		return false;
	if (from->first < into->first)
		into->first = from->first;
	if (from->last > into->last)
		into->last = from->last;
	return true;
}

/* See rfm.h. */
int
RfmCompare(const RfmData *a, const RfmData *b)
{
	Decimal		x = RfmAmount(a);
	Decimal		y = RfmAmount(b);
	int			by_amount;

	if (a->last != b->last)
		return a->last < b->last ? -1 : 1;
	if (a->orders != b->orders)
		return a->orders < b->orders ? -1 : 1;
	by_amount = DecimalCompare(&x, &y);
	if (by_amount != 0)
		return by_amount;
	return a->first < b->first ? -1 : a->first > b->first;
}
