/*
 * decimal_core.c
 *		Arithmetic of exact decimal amounts.
 */
#include "rfm/decimal.h"

#include <stdlib.h>

/* Doubles hold every whole number up to this one, and every smaller power of
 * ten up to 10^22: a quotient of two such is rounded once, so correctly. */
#define DOUBLE_EXACT		(INT64_C(1) << 53)

/* Sign, digits, point, a leading zero, NUL. */
#define DECIMAL_TEXT_SIZE	(DECIMAL_DIGITS + 8)

const int64_t PowersOfTen[19] = {
	INT64_C(1), INT64_C(10), INT64_C(100), INT64_C(1000), INT64_C(10000),
	INT64_C(100000), INT64_C(1000000), INT64_C(10000000), INT64_C(100000000),
	INT64_C(1000000000), INT64_C(10000000000), INT64_C(100000000000),
	INT64_C(1000000000000), INT64_C(10000000000000),
	INT64_C(100000000000000), INT64_C(1000000000000000),
	INT64_C(10000000000000000), INT64_C(100000000000000000),
	INT64_C(1000000000000000000)
};

/* See decimal.h. */
bool
DecimalOverflow(CoreError *err)
{
	CoreFail(err, CORE_RANGE, "amount out of range");
	CoreDetail(err, "An amount has at most %d digits, its decimal places "
			   "included.", DECIMAL_DIGITS);
	CoreHint(err, "Round the amounts to the places that the currency has: "
			 "round(amount, 2).");
	return false;
}

/* Multiply by ten, so often; false when there are too many digits then. */
static bool
ShiftLeft(DecimalUnits *units, int places)
{
	while (places > 0)
	{
		int			step = places < 18 ? places : 18;
		DecimalUnits limit = DECIMAL_LIMIT / PowersOfTen[step];

		if (*units >= limit || *units <= -limit)
			return *units == 0;
		*units *= PowersOfTen[step];
		places -= step;
	}
	return true;
}

/* See decimal.h. */
bool
DecimalRescale(Decimal *decimal, int scale, CoreError *err)
{
	if (scale > DECIMAL_DIGITS ||
		!ShiftLeft(&decimal->units, scale - decimal->scale))
		return DecimalOverflow(err);
	decimal->scale = scale;
	return true;
}

/* Add an amount to a sum. */
bool
DecimalAdd(Decimal *sum, const Decimal *more, CoreError *err)
{
	Decimal		other = *more;

	if (sum->scale < other.scale && !DecimalRescale(sum, other.scale, err))
		return false;
	if (other.scale < sum->scale && !DecimalRescale(&other, sum->scale, err))
		return false;
	/* two numbers of 38 digits may have a sum of 39, or of 129 bits */
	if (__builtin_add_overflow(sum->units, other.units, &sum->units) ||
		!DecimalInRange(sum->units))
		return DecimalOverflow(err);
	return true;
}

/* The sign of a - b. */
int
DecimalCompare(const Decimal *a, const Decimal *b)
{
	DecimalUnits x = a->units;
	DecimalUnits y = b->units;

	/* what cannot be brought to the other's scale is larger than the other */
	if (a->scale < b->scale && !ShiftLeft(&x, b->scale - a->scale))
		return x < 0 ? -1 : 1;
	if (b->scale < a->scale && !ShiftLeft(&y, a->scale - b->scale))
		return y < 0 ? 1 : -1;
	return x < y ? -1 : x > y;
}

/* See decimal.h. */
Decimal
DecimalReduce(const Decimal *decimal)
{
	Decimal		reduced = *decimal;

	while (reduced.scale > 0 && reduced.units % 10 == 0)
	{
		reduced.units /= 10;
		reduced.scale--;
	}
	return reduced;
}

/* Write the digits from the end of buf backwards, at least so many. */
static char *
WriteDigits(char *end, DecimalUnits units, int at_least)
{
	unsigned __int128 left = units < 0 ? -(unsigned __int128) units :
		(unsigned __int128) units;

	for (int i = 0; left != 0 || i < at_least; i++)
	{
		*--end = (char) ('0' + (int) (left % 10));
		left /= 10;
	}
	return end;
}

/* See decimal.h. */
double
DecimalToDouble(const Decimal *decimal)
{
	char		buf[DECIMAL_TEXT_SIZE + 8];
	CoreText	text = {buf, 0, sizeof(buf)};
	char		digits[DECIMAL_TEXT_SIZE];
	char	   *start;

	if (decimal->units <= DOUBLE_EXACT && decimal->units >= -DOUBLE_EXACT &&
		decimal->scale <= 18)
		return (double) (int64_t) decimal->units /
			(double) PowersOfTen[decimal->scale];

	digits[DECIMAL_TEXT_SIZE - 1] = '\0';
	start = WriteDigits(digits + DECIMAL_TEXT_SIZE - 1, decimal->units, 1);
	CoreTextPrintf(&text, "%s%se-%d", decimal->units < 0 ? "-" : "", start,
				   decimal->scale);
	return strtod(buf, NULL);
}

/* See decimal.h. */
void
DecimalWrite(const Decimal *decimal, CoreText *out)
{
	char		digits[DECIMAL_TEXT_SIZE];
	char	   *end = digits + sizeof(digits);
	char	   *start = WriteDigits(end, decimal->units, decimal->scale + 1);

	if (decimal->units < 0)
		CoreTextAppend(out, "-", 1);
	CoreTextAppend(out, start, (size_t) (end - start - decimal->scale));
	if (decimal->scale == 0)
		return;
	CoreTextAppend(out, ".", 1);
	CoreTextAppend(out, end - decimal->scale, (size_t) decimal->scale);
}

/* The digits of a number, the point taken out. */
static bool
ParseDigits(const char **p, const char *end, Decimal *decimal, CoreError *err)
{
	bool		point = false;

	for (; *p < end && **p != 'e' && **p != 'E'; ++*p)
	{
		if (**p == '.')
		{
			point = true;
			continue;
		}
		if (!ShiftLeft(&decimal->units, 1))
			return DecimalOverflow(err);
		decimal->units += **p - '0';
		decimal->scale += point;
	}
	return true;
}

/* See decimal.h.  The text has been held to JSON's grammar of numbers. */
bool
DecimalParse(const char *text, size_t length, Decimal *decimal,
			 CoreError *err)
{
	const char *p = text;
	const char *end = text + length;
	bool		negative = p < end && *p == '-';
	int			exponent = 0;
	int			sign = 1;

	decimal->units = 0;
	decimal->scale = 0;
	p += negative;
	if (!ParseDigits(&p, end, decimal, err))
		return false;
	if (p < end)
		p++;
	if (p < end && (*p == '+' || *p == '-'))
		sign = *p++ == '-' ? -1 : 1;
	for (; p < end; p++)
		if (exponent < 10000)
			exponent = exponent * 10 + (*p - '0');
	decimal->scale -= sign * exponent;
	if (decimal->scale < 0)
	{
		if (!ShiftLeft(&decimal->units, -decimal->scale))
			return DecimalOverflow(err);
		decimal->scale = 0;
	}
	if (decimal->scale > DECIMAL_DIGITS)
		return DecimalOverflow(err);
	if (negative)
		decimal->units = -decimal->units;
	return true;
}
