/*
 * rfm_pg.h
 *		What the PostgreSQL side of the room shares: values from arguments.
 */
#ifndef CONTACT_PRESSURE_RFM_PG_H
#define CONTACT_PRESSURE_RFM_PG_H

#include "core_pg.h"
#include "rfm/rfm.h"

/*
 * A summary from a datum, in place: the type's storage is plain, so it never
 * comes packed, compressed or out of line.  Raises an error when the bytes
 * are none.
 */
static inline const RfmData *
DatumGetRfm(Datum datum)
{
	const RfmData *rfm = (const RfmData *) DatumGetPointer(datum);
	CoreError	err;

	if (unlikely(!RfmOpen(rfm, VARATT_IS_4B_U(rfm) ? VARSIZE(rfm) : 0, &err)))
		ThrowCoreError(&err);
	return rfm;
}

#define PG_GETARG_RFM(n)	DatumGetRfm(PG_GETARG_DATUM(n))

/* A palloc'd copy of a summary as a datum. */
static inline Datum
RfmGetDatum(const RfmData *rfm)
{
	RfmData    *copy = palloc(sizeof(RfmData));

	*copy = *rfm;
	SET_VARSIZE(copy, sizeof(RfmData));
	return PointerGetDatum(copy);
}

/* Raise an error unless a date of reference is one. */
static inline void
CheckAsOf(Instant as_of)
{
	if (unlikely(!InstantInRange(as_of)))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_FIELD_OVERFLOW),
				 errmsg("as_of is out of range"),
				 errhint("It lies between the years 1 and 9999.")));
}

/* --- numeric_pg.c: amounts from and to numeric */

/* Raises an error for NaN, the infinities and what has too many digits. */
extern Decimal DecimalFromNumeric(Datum numeric);
extern Datum DecimalGetNumeric(const Decimal *decimal);

#endif							/* CONTACT_PRESSURE_RFM_PG_H */
