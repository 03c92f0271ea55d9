/*
 * model.h
 *		rfm_model: the score thresholds of a population; rfm_score.
 *
 * Stored bytes: Model as the machine has it, what is not used zero, never
 * packed or compressed, so that it is read in place.  A table has few of
 * them: they need not be small.  doc/binary-formats.md has the wire form.
 */
#ifndef CONTACT_PRESSURE_MODEL_H
#define CONTACT_PRESSURE_MODEL_H

#include "core.h"
#include "history/calendar.h"
#include "rfm/rfm.h"

#define MODEL_VERSION		1

#define DIMENSIONS			3
#define BINS_MIN			2
#define BINS_MAX			9		/* a score has one digit a dimension */
#define BINS_DEFAULT		5
#define MODEL_ZONE_MAX		63

typedef enum Dimension
{
	RECENCY = 0,
	FREQUENCY,
	MONETARY
} Dimension;

extern const char *const DimensionNames[DIMENSIONS];

typedef enum ModelMethod
{
	METHOD_DISC = 0,			/* t = percentile_disc(k / bins) */
	METHOD_CONT,				/* t = percentile_cont(k / bins) */
	METHOD_R_RFM,				/* t = percentile_cont(k / bins) + 1, exceeded
								 * by v >= t, not v > t */
	METHOD_RANK,				/* equal widths of the smallest rank */
	METHOD_CUSTOM				/* somebody's own cut points */
} ModelMethod;

#define METHODS				5

extern const char *const MethodNames[METHODS];

/* Trimmed, folded; false with a hint that lists the methods. */
extern bool MethodParse(const char *text, size_t length, ModelMethod *method,
						CoreError *err);

typedef struct Model
{
	int32_t		length_word;
	uint8_t		version;
	uint8_t		flags;			/* zero */
	uint8_t		method;			/* ModelMethod */
	uint8_t		bins[DIMENSIONS];
	uint8_t		unused[6];		/* zero */
	Instant		as_of;			/* INSTANT_NONE: not known */
	int64_t		customers;		/* -1: not known, and no population either */
	double		thresholds[DIMENSIONS][BINS_MAX - 1];	/* bins - 1 of each */
	int64_t		population[DIMENSIONS][BINS_MAX];	/* by score - 1 */
	char		zone[MODEL_ZONE_MAX + 1];	/* of recency; NUL-filled */
} Model;

/* A model to be filled: of nobody, in UTC. */
extern void ModelInit(Model *model);

/* Set the zone; an error unless it is one. */
extern bool ModelSetZone(Model *model, const char *name, size_t length,
						 CoreError *err);

/*
 * The one check of what a model says, wherever it comes from; a threshold of
 * -0 becomes 0.
 */
extern bool ModelCheck(Model *model, CoreError *err);

/* Are these stored bytes a model? */
extern bool ModelOpen(const Model *model, size_t size, CoreError *err);

/* The JSON form (model_text.c). */
extern bool ModelParse(const char *text, size_t length, Model *model,
					   CoreError *err);
extern void ModelWrite(const Model *model, CoreText *out);

/* "115 days or more, fewer than 181": what a bin of a dimension holds */
extern void ModelWriteBin(const Model *model, Dimension dimension, int score,
						  CoreText *out);

/* The shortest digits that read as this double again. */
extern void DoubleWrite(double value, CoreText *out);

/* --- scores */

/* 543: recency * 100 + frequency * 10 + monetary, each 1..9 */
typedef int16_t RfmScore;

#define SCORE_DIGIT(score, dimension) \
	((dimension) == RECENCY ? (score) / 100 : \
	 (dimension) == FREQUENCY ? (score) / 10 % 10 : (score) % 10)

static inline bool
ScoreIsValid(int score)
{
	return score >= 111 && score <= 999 && score / 10 % 10 != 0 &&
		score % 10 != 0;
}

/* The score in one dimension: how many thresholds a value exceeds. */
static inline int
ModelScore(const Model *model, Dimension dimension, double value)
{
	const double *t = model->thresholds[dimension];
	int			bins = model->bins[dimension];
	int			exceeded = 0;

	if (model->method == METHOD_R_RFM)
		for (int k = 0; k < bins - 1; k++)
			exceeded += value >= t[k];
	else
		for (int k = 0; k < bins - 1; k++)
			exceeded += value > t[k];
	return dimension == RECENCY ? bins - exceeded : 1 + exceeded;
}

/* The score of a customer who has orders, so many days ago. */
static inline RfmScore
ModelScoreRfm(const Model *model, const RfmData *rfm, int32_t days)
{
	Decimal		amount = RfmAmount(rfm);

	return (RfmScore)
		(100 * ModelScore(model, RECENCY, days) +
		 10 * ModelScore(model, FREQUENCY, (double) rfm->orders) +
		 ModelScore(model, MONETARY, DecimalToDouble(&amount)));
}

/*
 * The first instant after as_of at which a customer whose last order was
 * then has another recency score, as long as nothing is bought;
 * INSTANT_NEVER when there is none.
 */
extern Instant ModelRescoreAt(const Model *model, Zone *zone, Instant last,
							  Instant as_of);

/* --- fitting (model_fit.c) */

/*
 * The customers a model is made from: one array of values a dimension, as
 * integers that sort as the values do.
 */
typedef struct Population
{
	size_t		count;
	size_t		space;
	uint64_t   *keys[DIMENSIONS];
} Population;

extern void PopulationAdd(Population *population, int32_t days,
						  int64_t orders, double amount);
extern void PopulationMerge(Population *into, const Population *from);

/*
 * Set the thresholds and the population of a model whose method and bins are
 * set; there is at least one customer.  Sorts the population.
 */
extern void ModelFit(Model *model, Population *population);

#endif							/* CONTACT_PRESSURE_MODEL_H */
