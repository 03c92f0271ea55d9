/*
 * decimal.h
 *		Exact decimal amounts: whole units of 1 / 10^scale.
 *
 * The scale is the number of decimal places shown.  A sum has the larger
 * scale of its two sides, as sum(numeric) has, and is exact or an error.
 */
#ifndef CONTACT_PRESSURE_DECIMAL_H
#define CONTACT_PRESSURE_DECIMAL_H

#include "core.h"

#ifndef __SIZEOF_INT128__
#error "this compiler has no 128-bit integers; any gcc or clang for a 64-bit machine has"
#endif

typedef __int128 DecimalUnits;

typedef struct Decimal
{
	DecimalUnits units;			/* the amount times 10^scale */
	int			scale;			/* decimal places, 0..DECIMAL_DIGITS */
} Decimal;

/* As many as 128 bits always hold, decimal places included. */
#define DECIMAL_DIGITS		38

/* All units are below 10^DECIMAL_DIGITS, whatever the sign. */
#define DECIMAL_LIMIT \
	((DecimalUnits) UINT64_C(10000000000000000000) * \
	 UINT64_C(10000000000000000000))

static inline bool
DecimalInRange(DecimalUnits units)
{
	return units < DECIMAL_LIMIT && units > -DECIMAL_LIMIT;
}

/* 10^exponent, 0..18 */
extern const int64_t PowersOfTen[19];

/* The error of an amount that has too many digits; returns false. */
extern bool DecimalOverflow(CoreError *err);

/* Give the decimal more places. */
extern bool DecimalRescale(Decimal *decimal, int scale, CoreError *err);

extern bool DecimalAdd(Decimal *sum, const Decimal *more, CoreError *err);

/* By value: 1.0 and 1.00 are equal. */
extern int	DecimalCompare(const Decimal *a, const Decimal *b);

/* The same value with as few places as it needs. */
extern Decimal DecimalReduce(const Decimal *decimal);

/* The nearest double. */
extern double DecimalToDouble(const Decimal *decimal);

/* "-12.50", with all its places */
extern void DecimalWrite(const Decimal *decimal, CoreText *out);

/* From the characters of a JSON number, "-1.25e3" included, exact. */
extern bool DecimalParse(const char *text, size_t length, Decimal *decimal,
						 CoreError *err);

#endif							/* CONTACT_PRESSURE_DECIMAL_H */
