/*
 * fuzz_rfm_model.c
 *		ModelFit() against the meaning of each method, value by value, and
 *		ModelRescoreAt() against the score of each date that follows.
 *
 * The fuzzer chooses a population of few different values, the number of
 * bins, the method and a zone; or the lines of a segment map, which is then
 * asked and linted cell by cell.
 */
#include "rfm/model.h"
#include "rfm/segment_map.h"
#include "standalone.h"

#include <math.h>
#include <stdlib.h>

#define CUSTOMERS_MAX	200

/* Days of recency are fewer, so no score changes after so many. */
#define DAYS_TRIED		300

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

/* The recency score of a customer whose last order was on a date. */
static int
ScoreAt(const Model *model, Zone *zone, int32_t last_date, Instant t)
{
	return ModelScore(model, RECENCY, ZoneDate(zone, t) - last_date);
}

/* The score stays up to the instant and changes there. */
static void
CheckRescore(const Model *model, Zone *zone, Instant last, Instant as_of)
{
	static const int64_t midnight = 0;
	int32_t		last_date = ZoneDate(zone, last);
	int			score = ScoreAt(model, zone, last_date, as_of);
	Instant		change = ModelRescoreAt(model, zone, last, as_of);
	Instant		end = change != INSTANT_NEVER ? change :
		as_of + DAYS_TRIED * MICROS_PER_DAY;

	Require(change > as_of);
	/* between two edges the date stays */
	for (Instant t = as_of; t < end; t = ZoneNextEdge(zone, t, &midnight, 1))
		Require(ScoreAt(model, zone, last_date, t) == score);
	if (change != INSTANT_NEVER)
		Require(ScoreAt(model, zone, last_date, change) != score);
}

/* What the customers' scores do after an instant. */
static void
CheckRescores(const Model *model, Zone *zone, const Customer *customers,
			  int n)
{
	for (int i = 0; i < n && i < 8; i++)
	{
		Instant		last = 7000 * MICROS_PER_DAY +
			customers[i].amount * 61 * MICROS_PER_MINUTE;

		CheckRescore(model, zone, last, last +
					 (uint8_t) customers[i].days * MICROS_PER_DAY +
					 (uint8_t) customers[i].orders * MICROS_PER_MINUTE / 4);
	}
}

/* --- segment maps */

#define LINES_MAX		8

/* Is a digit in the range that a byte chooses? */
static bool
InRange(uint8_t byte, int digit)
{
	int			from = 1 + (byte & 7);
	int			to = from + (byte >> 4) % (BINS_MAX - from + 1);

	return digit >= from && digit <= to;
}

/* The line of four bytes: ranges of r, f and m, groups in bits 0-3. */
static void
WriteChosenLine(const uint8_t *line, CoreText *out)
{
	static const char *const words[] = {
		"ENGAGED", "fading", "Unresponsive", "uncontacted"
	};
	const char *separator = (line[3] & 0x10) != 0 ? " | " : ", ";
	bool		first = true;

	CoreTextPrintf(out, "\n%s\"%d\": ", (line[3] & 0x20) != 0 ? "loyal " : "",
				   line[3] >> 6);
	for (int d = 0; d < DIMENSIONS; d++)
	{
		int			from = 1 + (line[d] & 7);

		CoreTextPrintf(out, "%s%c %d-%d", d > 0 ? ", " : "", "rfm"[d], from,
					   from + (line[d] >> 4) % (BINS_MAX - from + 1));
	}
	for (int i = 0; i < ENGAGEMENTS; i++)
		if ((line[3] & 1 << i) != 0)
		{
			CoreTextPrintf(out, "%s%s", first ? ", " : separator, words[i]);
			first = false;
		}
}

/* The first of the chosen lines with a score and an engagement, -1: none. */
static int
SlowLine(const uint8_t *lines, int n, int score, unsigned engagement)
{
	for (int i = 0; i < n; i++)
	{
		unsigned	groups = lines[4 * i + 3] & 0xf;

		if (InRange(lines[4 * i], score / 100) &&
			InRange(lines[4 * i + 1], score / 10 % 10) &&
			InRange(lines[4 * i + 2], score % 10) &&
			(groups == 0 || (groups & engagement) != 0))
			return i;
	}
	return -1;
}

/* The lint says exactly when a cell has no line. */
static void
CheckMapLint(const SegmentMap *map, const uint8_t *lines, int n, int bins)
{
	int			nfindings;
	SegmentFinding *findings = SegmentMapLint(map, bins, &nfindings);
	bool		found = false;
	bool		wanted = false;

	for (int i = 0; i < nfindings; i++)
		found |= strcmp(findings[i].code, "unassigned") == 0;
	for (int score = 111; score < SCORE_END; score++)
		if (ScoreIsValid(score) && score / 100 <= bins &&
			score / 10 % 10 <= bins && score % 10 <= bins)
			for (int i = 0; i < ENGAGEMENTS; i++)
				wanted |= SlowLine(lines, n, score, 1u << i) < 0;
	Require(found == wanted);
}

/* A map of chosen lines. */
static void
TryMap(const uint8_t *data, size_t size)
{
	int			n = (int) (size / 4);
	CoreText	text;
	CoreText	written;
	CoreError	err;
	SegmentMap *map;

	n = n < LINES_MAX ? n : LINES_MAX;
	CoreTextInit(&text);
	CoreTextInit(&written);
	for (int i = 0; i < n; i++)
		WriteChosenLine(data + 4 * i, &text);
	map = SegmentMapParse(text.data, text.length, &err);
	Require(map != NULL && map->nlines == n);
	SegmentMapWrite(map, &written);
	map = SegmentMapParse(written.data, written.length, &err);
	Require(map != NULL && map->nlines == n);
	for (int score = 111; score < SCORE_END; score++)
	{
		if (!ScoreIsValid(score))
			continue;
		Require(SegmentMapLine(map, score, NOT_GIVEN) ==
				SlowLine(data, n, score, NOT_GIVEN));
		for (int i = 0; i < ENGAGEMENTS; i++)
			Require(SegmentMapLine(map, score, 1u << i) ==
					SlowLine(data, n, score, 1u << i));
	}
	CheckMapLint(map, data, n, BINS_MIN + n % (BINS_MAX - BINS_MIN + 1));
}

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const zones[] = {"UTC", "abcz", "abz", "abcdq",
	"abcdez", "m", "hellow", "abcx"};
	Customer	customers[CUSTOMERS_MAX];
	Population	population = {0};
	Population	part = {0};
	Model		model;
	Zone	   *zone;
	CoreError	err;
	int			n;

	if (size < 2 + sizeof(Customer))
		return 0;
	if (data[0] >= 0xc0)
	{
		TryMap(data + 1, size - 1);
		StandaloneReset();
		return 0;
	}
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
		CheckDimension(&model, (Dimension) d, customers, n);
	zone = ZoneOpen(zones[data[0] / 4 % 8], strlen(zones[data[0] / 4 % 8]),
					&err);
	CheckRescores(&model, zone, customers, n);
	StandaloneReset();
	return 0;
}
