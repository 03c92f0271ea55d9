/*
 * model_fit.c
 *		The thresholds of a population.
 *
 * Values are kept as integers that sort as the doubles do, so that a radix
 * sort does: a million customers take a few hundredths of a second.
 */
#include "rfm/model.h"

#include <math.h>

#define RADIX_BITS		8
#define RADIX			(1 << RADIX_BITS)
#define RADIX_PASSES	(64 / RADIX_BITS)

#define SIGN_BIT		(UINT64_C(1) << 63)

/* --- doubles as integers */

static inline uint64_t
KeyFromDouble(double value)
{
	uint64_t	bits;

	value += 0.0;				/* -0 is 0 */
	memcpy(&bits, &value, sizeof(bits));
	return (bits & SIGN_BIT) != 0 ? ~bits : bits | SIGN_BIT;
}

static inline double
DoubleFromKey(uint64_t key)
{
	uint64_t	bits = (key & SIGN_BIT) != 0 ? key ^ SIGN_BIT : ~key;
	double		value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* --- gathering */

/* Make room for more customers. */
static void
PopulationReserve(Population *population, size_t more)
{
	size_t		space = population->space == 0 ? 1024 : population->space;

	if (population->count + more <= population->space)
		return;
	while (space < population->count + more)
		space += space / 2;
	for (int d = 0; d < DIMENSIONS; d++)
		population->keys[d] = CoreRealloc(population->keys[d],
										  space * sizeof(uint64_t));
	population->space = space;
}

/* One more customer. */
void
PopulationAdd(Population *population, int32_t days, int64_t orders,
			  double amount)
{
	size_t		i = population->count;

	PopulationReserve(population, 1);
	population->keys[RECENCY][i] = KeyFromDouble(days);
	population->keys[FREQUENCY][i] = KeyFromDouble((double) orders);
	population->keys[MONETARY][i] = KeyFromDouble(amount);
	population->count++;
}

/* The customers of another population, too. */
void
PopulationMerge(Population *into, const Population *from)
{
	if (from->count == 0)
		return;
	PopulationReserve(into, from->count);
	for (int d = 0; d < DIMENSIONS; d++)
		memcpy(into->keys[d] + into->count, from->keys[d],
			   from->count * sizeof(uint64_t));
	into->count += from->count;
}

/* --- sorting */

/* How often each byte has each value. */
static void
CountBytes(const uint64_t *keys, size_t n,
		   size_t counts[RADIX_PASSES][RADIX])
{
	memset(counts, 0, sizeof(size_t) * RADIX_PASSES * RADIX);
	for (size_t i = 0; i < n; i++)
		for (int pass = 0; pass < RADIX_PASSES; pass++)
			counts[pass][keys[i] >> (pass * RADIX_BITS) & (RADIX - 1)]++;
}

/* Copy the keys in the order of one byte; counts become positions. */
static void
SortByByte(uint64_t *to, const uint64_t *from, size_t n, int shift,
		   size_t counts[RADIX])
{
	size_t		start = 0;

	for (int value = 0; value < RADIX; value++)
	{
		size_t		count = counts[value];

		counts[value] = start;
		start += count;
	}
	for (size_t i = 0; i < n; i++)
		to[counts[from[i] >> shift & (RADIX - 1)]++] = from[i];
}

/* Sort ascending, by the lowest byte first; the sorted one of both arrays. */
static uint64_t *
SortKeys(uint64_t *keys, uint64_t *spare, size_t n)
{
	size_t		counts[RADIX_PASSES][RADIX];

	CountBytes(keys, n, counts);
	for (int pass = 0; pass < RADIX_PASSES; pass++)
	{
		int			shift = pass * RADIX_BITS;
		uint64_t   *sorted = spare;

		CoreCheckInterrupts();
		/* days and orders have one value in most bytes */
		if (counts[pass][keys[0] >> shift & (RADIX - 1)] == n)
			continue;
		SortByByte(sorted, keys, n, shift, counts[pass]);
		spare = keys;
		keys = sorted;
	}
	return keys;
}

/* --- thresholds */

/* As PostgreSQL's percentile_disc(p): the same arithmetic. */
static double
PercentileDisc(const uint64_t *sorted, size_t n, double p)
{
	size_t		row = (size_t) ceil(p * (double) n);

	return DoubleFromKey(sorted[row > 1 ? row - 1 : 0]);
}

/* As PostgreSQL's percentile_cont(p): the same arithmetic. */
static double
PercentileCont(const uint64_t *sorted, size_t n, double p)
{
	double		row = p * (double) (n - 1);
	size_t		first = (size_t) floor(row);
	size_t		second = (size_t) ceil(row);
	double		low = DoubleFromKey(sorted[first]);
	double		high = DoubleFromKey(sorted[second]);

	if (first == second)
		return low;
	return low + (row - (double) first) * (high - low);
}

/*
 * The largest value whose rank r (1 for the smallest value; equal values have
 * the smallest of their ranks) has r <= 1 + (r_max - 1) k / bins.  The value
 * at that place, counted from 0, has it, and the next other value has not.
 */
static double
RankEdge(const uint64_t *sorted, size_t n, int k, int bins)
{
	size_t		first_of_last = n - 1;
	size_t		low = 0;

	/* where the largest value begins, which is r_max - 1 */
	while (low < first_of_last)
	{
		size_t		middle = low + (first_of_last - low) / 2;

		if (sorted[middle] == sorted[n - 1])
			first_of_last = middle;
		else
			low = middle + 1;
	}
	return DoubleFromKey(sorted[first_of_last * (size_t) k / (size_t) bins]);
}

/* The k-th threshold of sorted values. */
static double
Threshold(ModelMethod method, const uint64_t *sorted, size_t n, int k,
		  int bins)
{
	double		p = (double) k / bins;

	switch (method)
	{
		case METHOD_CONT:
			return PercentileCont(sorted, n, p);
		case METHOD_R_RFM:
			return PercentileCont(sorted, n, p) + 1.0;
		case METHOD_RANK:
			return RankEdge(sorted, n, k, bins);
		default:
			return PercentileDisc(sorted, n, p);
	}
}

/* Count the customers by score; values ascend, and scores with them. */
static void
CountScores(Model *model, Dimension dimension, const uint64_t *sorted,
			size_t n)
{
	memset(model->population[dimension], 0,
		   sizeof(model->population[dimension]));
	for (size_t start = 0; start < n;)
	{
		int			score = ModelScore(model, dimension,
									   DoubleFromKey(sorted[start]));
		size_t		low = start + 1;
		size_t		high = n;

		while (low < high)
		{
			size_t		middle = low + (high - low) / 2;

			if (ModelScore(model, dimension,
						   DoubleFromKey(sorted[middle])) == score)
				low = middle + 1;
			else
				high = middle;
		}
		model->population[dimension][score - 1] = (int64_t) (low - start);
		start = low;
	}
}

/* See model.h. */
void
ModelFit(Model *model, Population *population)
{
	size_t		n = population->count;
	uint64_t   *spare = CoreAlloc(n * sizeof(uint64_t));

	for (int d = 0; d < DIMENSIONS; d++)
	{
		uint64_t   *sorted = SortKeys(population->keys[d], spare, n);
		int			bins = model->bins[d];

		for (int k = 1; k < bins; k++)
			model->thresholds[d][k - 1] =
				Threshold(model->method, sorted, n, k, bins);
		CountScores(model, (Dimension) d, sorted, n);
		/* what is not sorted is spare */
		if (sorted == spare)
		{
			spare = population->keys[d];
			population->keys[d] = sorted;
		}
	}
	CoreFree(spare);
	model->customers = (int64_t) n;
	population->space = n;
}
