/*
 * numeric_pg.c
 *		Amounts from and to the server's numeric.
 *
 * numeric.c keeps its layout to itself, but numerics lie in every data
 * directory since 9.1 as they are read here, so it cannot change: a header
 * word (sign, display scale and weight, or, when they do not fit, sign and
 * display scale followed by a word with the weight), then digits in base
 * 10000 without leading and trailing zeros.  Going through numeric_send()
 * instead would cost more than the sum itself.
 */
#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "port/pg_bswap.h"
#include "utils/builtins.h"

#include "compat.h"
#include "rfm/rfm_pg.h"

#define BASE				10000
#define BASE_DIGITS			4

#define SIGN_MASK			0xC000	/* of the header word */
#define SIGN_NEGATIVE		0x4000
#define SIGN_SHORT			0x8000
#define SIGN_SPECIAL		0xC000
#define SPECIAL_NAN			0xC000	/* the others are infinities */

#define SHORT_NEGATIVE		0x2000
#define SHORT_SCALE(h)		(((h) & 0x1F80) >> 7)
#define SHORT_WEIGHT(h)		(((h) & 0x0040 ? ~0x003F : 0) | ((h) & 0x003F))
#define LONG_SCALE(h)		((h) & 0x3FFF)

/* So many groups of four digits always fit an int64, with one to spare. */
#define GROUPS_FAST			4

/* A numeric's parts; group i stands for its value times 10000^(weight - i). */
typedef struct NumericParts
{
	const char *groups;			/* int16, perhaps unaligned */
	int			ngroups;
	int			weight;
	int			scale;
	bool		negative;
} NumericParts;

/* NaN and the infinities are no money. */
static void
RefuseSpecial(uint16 header)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("an amount cannot be %s",
					header == SPECIAL_NAN ? "NaN" : "infinite"),
			 errhint("Leave such rows out: FILTER (WHERE amount BETWEEN -1e30 AND 1e30).")));
}

/* Take a numeric apart. */
static inline NumericParts
NumericOpen(struct varlena *numeric)
{
	const char *p;
	const char *end;
	NumericParts parts;
	uint16		header;
	int16		weight;

	/* few are so long, and the call would show */
	if (unlikely(VARATT_IS_EXTERNAL(numeric) || VARATT_IS_COMPRESSED(numeric)))
		numeric = pg_detoast_datum_packed(numeric);
	p = VARDATA_ANY(numeric);
	end = p + VARSIZE_ANY_EXHDR(numeric);
	memcpy(&header, p, sizeof(header));
	p += sizeof(header);
	if (likely((header & SIGN_MASK) == SIGN_SHORT))
	{
		parts.negative = (header & SHORT_NEGATIVE) != 0;
		parts.scale = SHORT_SCALE(header);
		parts.weight = SHORT_WEIGHT(header);
	}
	else
	{
		if ((header & SIGN_MASK) == SIGN_SPECIAL)
			RefuseSpecial(header);
		memcpy(&weight, p, sizeof(weight));
		p += sizeof(weight);
		parts.negative = (header & SIGN_MASK) == SIGN_NEGATIVE;
		parts.scale = LONG_SCALE(header);
		parts.weight = weight;
	}
	parts.groups = p;
	parts.ngroups = (int) ((end - p) / (int) sizeof(int16));
	return parts;
}

/* The group at a position, counted from the first. */
static inline int
NumericGroup(const NumericParts *parts, int i)
{
	int16		group;

	if (i >= parts->ngroups)
		return 0;
	memcpy(&group, parts->groups + i * sizeof(group), sizeof(group));
	return group;
}

/*
 * The last group of the places after the point may be shown in part: drop
 * its zeros.  *factor is 10000 for a whole group.
 */
static inline int
PartOfGroup(int group, int digits, int *factor)
{
	switch (digits)
	{
		case 1:
			*factor = 10;
			return group / 1000;
		case 2:
			*factor = 100;
			return group / 100;
		case 3:
			*factor = 1000;
			return group / 10;
		default:
			*factor = BASE;
			return group;
	}
}

/* As DecimalFromNumeric(), for any number of digits. */
static Decimal
DecimalFromLong(const NumericParts *parts, int ngroups)
{
	Decimal		decimal = {0, parts->scale};
	CoreError	err;

	if (parts->scale > DECIMAL_DIGITS)
	{
		(void) DecimalOverflow(&err);
		ThrowCoreError(&err);
	}
	for (int i = 0; i < ngroups; i++)
	{
		bool		last = i == ngroups - 1;
		int			factor;
		int			group = PartOfGroup(NumericGroup(parts, i),
										last ? parts->scale % BASE_DIGITS : 0,
										&factor);

		if (decimal.units > (DECIMAL_LIMIT - 1 - group) / factor)
		{
			(void) DecimalOverflow(&err);
			ThrowCoreError(&err);
		}
		decimal.units = decimal.units * factor + group;
	}
	if (parts->negative)
		decimal.units = -decimal.units;
	return decimal;
}

/* See rfm_pg.h. */
Decimal
DecimalFromNumeric(Datum numeric)
{
	NumericParts parts = NumericOpen((struct varlena *)
											 DatumGetPointer(numeric));
	Decimal		decimal = {0, parts.scale};
	int			ngroups = parts.weight + 1 +
		(parts.scale + BASE_DIGITS - 1) / BASE_DIGITS;
	int64		units = 0;
	int			factor;
	int			group;

	if (parts.ngroups == 0 || ngroups <= 0)
		ngroups = parts.ngroups = 0;
	if (unlikely(ngroups > GROUPS_FAST || parts.scale > DECIMAL_DIGITS))
		return DecimalFromLong(&parts, ngroups);
	if (ngroups == 0)
		return decimal;
	for (int i = 0; i < ngroups - 1; i++)
		units = units * BASE + NumericGroup(&parts, i);
	group = PartOfGroup(NumericGroup(&parts, ngroups - 1),
						parts.scale % BASE_DIGITS, &factor);
	units = units * factor + group;
	decimal.units = parts.negative ? -units : units;
	return decimal;
}

/* Write an int16 in network order. */
static inline void
PutInt16(StringInfo buf, int value)
{
	uint16		network = pg_hton16((uint16) value);

	memcpy(buf->data + buf->len, &network, sizeof(network));
	buf->len += sizeof(network);
}

/* See rfm_pg.h: by way of numeric's own binary input. */
Datum
DecimalGetNumeric(const Decimal *decimal)
{
	/* each side of the point may have a group that is not full */
	int16		groups[DECIMAL_DIGITS / BASE_DIGITS + 3];
	char		wire[sizeof(groups) + 8];
	StringInfoData buf = {.data = wire,.maxlen = sizeof(wire)};
	unsigned __int128 left = decimal->units < 0 ?
		-(unsigned __int128) decimal->units :
		(unsigned __int128) decimal->units;
	int			part = decimal->scale % BASE_DIGITS;
	int			fraction = (decimal->scale + BASE_DIGITS - 1) / BASE_DIGITS;
	int			n = 0;

	if (part > 0)
	{
		int			power = (int) PowersOfTen[part];

		groups[n++] = (int16) ((int) (left % power) * (BASE / power));
		left /= power;
	}
	while (left > PG_UINT64_MAX)
	{
		groups[n++] = (int16) (left % BASE);
		left /= BASE;
	}
	for (uint64 low = (uint64) left; low > 0; low /= BASE)
		groups[n++] = (int16) (low % BASE);
	PutInt16(&buf, n);
	PutInt16(&buf, n - fraction - 1);
	PutInt16(&buf, decimal->units < 0 ? SIGN_NEGATIVE : 0);
	PutInt16(&buf, decimal->scale);
	while (n > 0)
		PutInt16(&buf, groups[--n]);
	return DirectFunctionCall3(numeric_recv, PointerGetDatum(&buf),
							   ObjectIdGetDatum(InvalidOid),
							   Int32GetDatum(-1));
}
