/*
 * rfm.h
 *		rfm: one person's purchases in four figures, which can be merged.
 *
 * Stored bytes: RfmData as the machine has it, 48 bytes with the varlena
 * header, never packed or compressed (storage plain, alignment double), so
 * that it is read in place and an aggregate adds to it in place.  doc/
 * binary-formats.md has the wire form.
 *
 * Same first, last, orders and amount, shown with as many decimal places:
 * same bytes.
 */
#ifndef CONTACT_PRESSURE_RFM_H
#define CONTACT_PRESSURE_RFM_H

#include "core.h"
#include "rfm/decimal.h"

#define RFM_VERSION		1

/*
 * Without orders, first is INSTANT_NEVER and last INSTANT_NONE, which are
 * what the smaller and the larger of two dates leave alone.  With orders,
 * first may be INSTANT_NONE: nobody knows.  It stays unknown in a merge.
 */
typedef struct RfmData
{
	int32_t		length_word;
	uint8_t		version;
	uint8_t		flags;			/* zero */
	uint16_t	scale;			/* decimal places of the amount */
	Instant		first;
	Instant		last;
	int64_t		orders;
	uint64_t	amount_low;		/* 128 bits of units; not one field, which
								 * would have to lie on a multiple of 16 */
	int64_t		amount_high;
} RfmData;

static inline DecimalUnits
RfmUnits(const RfmData *rfm)
{
	return (DecimalUnits) (((unsigned __int128) (uint64_t) rfm->amount_high
							<< 64) | rfm->amount_low);
}

static inline void
RfmSetUnits(RfmData *rfm, DecimalUnits units)
{
	rfm->amount_low = (uint64_t) units;
	rfm->amount_high = (int64_t) (units >> 64);
}

static inline Decimal
RfmAmount(const RfmData *rfm)
{
	Decimal		amount = {RfmUnits(rfm), rfm->scale};

	return amount;
}

/* The summary of nothing; length_word stays 0. */
extern void RfmInit(RfmData *rfm);

/*
 * The one check of a summary's figures, wherever they come from: err says
 * what cannot be, without naming the type.
 */
extern bool RfmCheck(const RfmData *rfm, CoreError *err);

/* Are these stored bytes a summary?  Looks at the header alone. */
extern bool RfmOpen(const RfmData *rfm, size_t size, CoreError *err);

/* One more order; a negative amount is a refund and no order. */
extern bool RfmAddOrder(RfmData *rfm, Instant at, const Decimal *amount,
						CoreError *err);

extern bool RfmMerge(RfmData *into, const RfmData *from, CoreError *err);

/* By last order, orders, amount, first order. */
extern int	RfmCompare(const RfmData *a, const RfmData *b);

/* The JSON form. */
extern bool RfmParse(const char *text, size_t length, RfmData *rfm,
					 CoreError *err);
extern void RfmWrite(const RfmData *rfm, CoreText *out);

#endif							/* CONTACT_PRESSURE_RFM_H */
