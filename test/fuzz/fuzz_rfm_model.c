/*
 * fuzz_rfm_model.c
 *		ModelFit() against the meaning of each method, value by value.
 *
 * The fuzzer chooses a population of few different values, the number of
 * bins and the method.
 */
#include "rfm/model.h"

#include <math.h>
#include <stdlib.h>

#define CUSTOMERS_MAX	200

typedef struct Customer
{
	int8_t		days;
	int8_t		orders;
	int16_t		amount;
} Customer;

static void
Require(bool condition)
{
	if (!condition)
		abort();
}

static double
ValueOf(const Customer *customer, Dimension dimension)
{
	switch (dimension)
	{
		case RECENCY:
			return customer->days;
		case FREQUENCY:
			return customer->orders;
		default:
			return customer->amount / 4.0;
	}
}

static int
CompareDoubles(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return x < y ? -1 : x > y;
}

/* The score of a value, from the definition; values ascend. */
static int
SlowScore(ModelMethod method, const double *values, int n, int bins,
		  Dimension dimension, double value)
{
	int			score = 1;

	for (int k = 1; k < bins; k++)
	{
		double		row = (double) k / bins * (n - 1);
		double		low = values[(int) floor(row)];
		double		high = values[(int) ceil(row)];
		double		cont = low == high ? low :
			low + (row - floor(row)) * (high - low);
		int			disc = (int) ceil((double) k / bins * n);
		int			rank = 0;
		int			last = 0;

		while (values[rank] < value)
			rank++;
		while (values[last] < values[n - 1])
			last++;
		if (method == METHOD_DISC)
			score += value > values[disc > 0 ? disc - 1 : 0];
		else if (method == METHOD_CONT)
			score += value > cont;
		else if (method == METHOD_R_RFM)
			score += value >= cont + 1;
		else
			score += rank * bins > last * k;
	}
	return dimension == RECENCY ? bins + 1 - score : score;
}

/* One dimension of a fitted model. */
static void
CheckDimension(const Model *model, Dimension dimension,
			   const Customer *customers, int n)
{
	double		values[CUSTOMERS_MAX];
	int64_t		counts[BINS_MAX] = {0};

	for (int i = 0; i < n; i++)
		values[i] = ValueOf(&customers[i], dimension);
	qsort(values, (size_t) n, sizeof(double), CompareDoubles);
	for (int i = 0; i < n; i++)
	{
		int			score = ModelScore(model, dimension, values[i]);

		Require(score == SlowScore(model->method, values, n,
								   model->bins[dimension], dimension,
								   values[i]));
		counts[score - 1]++;
	}
	Require(memcmp(counts, model->population[dimension],
				   sizeof(counts)) == 0);
}

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Customer	customers[CUSTOMERS_MAX];
	Population	population = {0};
	Population	part = {0};
	Model		model;
	CoreError	err;
	int			n;

	if (size < 2 + sizeof(Customer))
		return 0;
	n = (int) ((size - 2) / sizeof(Customer));
	if (n > CUSTOMERS_MAX)
		n = CUSTOMERS_MAX;
	memcpy(customers, data + 2, sizeof(Customer) * (size_t) n);
	ModelInit(&model);
	model.method = data[0] % METHOD_CUSTOM;
	for (int d = 0; d < DIMENSIONS; d++)
		model.bins[d] = (uint8_t) (BINS_MIN +
								   data[1] % (BINS_MAX - BINS_MIN + 1));
	for (int i = 0; i < n; i++)
		PopulationAdd(i % 3 == 0 ? &part : &population, customers[i].days,
					  customers[i].orders, customers[i].amount / 4.0);
	PopulationMerge(&population, &part);
	ModelFit(&model, &population);
	Require(ModelCheck(&model, &err));
	Require(model.customers == n);
	for (int d = 0; d < DIMENSIONS; d++)
	{
		CheckDimension(&model, (Dimension) d, customers, n);
		CoreFree(population.keys[d]);
		CoreFree(part.keys[d]);
	}
	return 0;
}
