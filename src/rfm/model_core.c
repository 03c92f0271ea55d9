/*
 * model_core.c
 *		rfm_model: names, the check of what it says, and when a score changes.
 */
#include "rfm/model.h"

#include <math.h>

#include "history/label.h"

const char *const DimensionNames[DIMENSIONS] = {
	"recency", "frequency", "monetary"
};

const char *const MethodNames[METHODS] = {
	"disc", "cont", "r_rfm", "rank", "custom"
};

/* See model.h. */
bool
MethodParse(const char *text, size_t length, ModelMethod *method,
			CoreError *err)
{
	char		quoted[CORE_QUOTE_SIZE];
	int			found = FindName(MethodNames, METHODS, &text, &length);

	if (found >= 0)
	{
		*method = (ModelMethod) found;
		return true;
	}
	CoreFail(err, CORE_INVALID, "unknown method \"%s\"",
			 CoreQuote(quoted, text, length));
	CoreHint(err, "The methods are disc, cont, r_rfm, rank, and custom for "
			 "own cut points.");
	return false;
}

/* See model.h. */
void
ModelInit(Model *model)
{
	memset(model, 0, sizeof(Model));
	model->version = MODEL_VERSION;
	model->as_of = INSTANT_NONE;
	model->customers = -1;
	strcpy(model->zone, "UTC");
}

/* See model.h. */
bool
ModelSetZone(Model *model, const char *name, size_t length, CoreError *err)
{
	Zone	   *zone = ZoneOpen(name, length, err);
	size_t		used;

	if (zone == NULL)
		return false;
	used = strlen(ZoneName(zone));
	if (used <= MODEL_ZONE_MAX)
	{
		memset(model->zone, 0, sizeof(model->zone));
		memcpy(model->zone, ZoneName(zone), used);
	}
	CoreFree(zone);
	return used <= MODEL_ZONE_MAX ||
		CoreFail(err, CORE_INVALID, "the name of the time zone is too long");
}

/* --- the check */

/* The thresholds of a dimension are numbers that ascend. */
static bool
CheckThresholds(Model *model, Dimension dimension, CoreError *err)
{
	const char *name = DimensionNames[dimension];
	double	   *t = model->thresholds[dimension];

	for (int k = 0; k < model->bins[dimension] - 1; k++)
	{
		if (!isfinite(t[k]))
		{
			CoreFail(err, CORE_INVALID, "a %s threshold is no finite number",
					 name);
			CoreHint(err, "Values beyond the last threshold have a bin of "
					 "their own: no threshold is needed at infinity.");
			return false;
		}
		t[k] += 0.0;			/* -0 is 0 */
		if (k > 0 && t[k] < t[k - 1])
		{
			CoreFail(err, CORE_INVALID, "%s thresholds do not ascend", name);
			CoreHint(err, "Sort them; %s.",
					 dimension == RECENCY ? "those of recency are days, and "
					 "the fewest days have the highest score" :
					 "the largest values have the highest score");
			return false;
		}
	}
	return true;
}

/* The bins of a dimension hold the customers, all of them. */
static bool
CheckPopulation(const Model *model, Dimension dimension, CoreError *err)
{
	int64_t		sum = 0;

	for (int i = 0; i < model->bins[dimension]; i++)
	{
		int64_t		count = model->population[dimension][i];

		if (count < 0 || __builtin_add_overflow(sum, count, &sum))
			return CoreFail(err, CORE_INVALID,
							"a number of customers is out of range");
	}
	return sum == model->customers ||
		CoreFail(err, CORE_INVALID,
				 "the %s population does not add up to the customers",
				 DimensionNames[dimension]);
}

/* See model.h. */
bool
ModelCheck(Model *model, CoreError *err)
{
	if (model->method >= METHODS)
		return CoreFail(err, CORE_INVALID, "unknown method %d", model->method);
	if (model->customers < -1 || model->zone[MODEL_ZONE_MAX] != '\0')
		return CoreFail(err, CORE_INVALID, "no such number of customers or "
						"name of a zone");
	for (int d = 0; d < DIMENSIONS; d++)
	{
		if (model->bins[d] < BINS_MIN || model->bins[d] > BINS_MAX)
		{
			CoreFail(err, CORE_INVALID, "%d %s bins: there are %d to %d",
					 model->bins[d], DimensionNames[d], BINS_MIN, BINS_MAX);
			CoreHint(err, "Thresholds lie between bins: there is one less.");
			return false;
		}
		if (!CheckThresholds(model, (Dimension) d, err))
			return false;
		if (model->customers >= 0 &&
			!CheckPopulation(model, (Dimension) d, err))
			return false;
	}
	if (model->as_of != INSTANT_NONE && !InstantInRange(model->as_of))
	{
		CoreFail(err, CORE_DATETIME, "as_of is out of range");
		CoreHint(err, "It lies between the years 1 and 9999.");
		return false;
	}
	return true;
}

/* See model.h. */
bool
ModelOpen(const Model *model, size_t size, CoreError *err)
{
	Model		copy;
	CoreError	wrong;

	if (size == sizeof(Model) && model->version == MODEL_VERSION &&
		model->flags == 0)
	{
		copy = *model;
		if (ModelCheck(&copy, &wrong))
			return true;
		CoreFail(err, CORE_CORRUPTED, "stored rfm_model is damaged");
		CoreDetail(err, "%s.", wrong.message);
		return false;
	}
	CoreFail(err, CORE_CORRUPTED, "stored rfm_model is damaged");
	if (size == sizeof(Model))
		CoreDetail(err, "Its version is %d and its flags are %d; this "
				   "release knows version %d without flags.", model->version,
				   model->flags, MODEL_VERSION);
	return false;
}

/* --- when a score changes */

/* More days than there are between the years 1 and 9999. */
#define DAYS_END	4000000

/* The fewest whole days that exceed a threshold. */
static int32_t
DaysExceeding(const Model *model, double threshold)
{
	double		days = model->method == METHOD_R_RFM ? ceil(threshold) :
		floor(threshold) + 1.0;

	if (days > DAYS_END)
		return DAYS_END;
	return days < -DAYS_END ? -DAYS_END : (int32_t) days;
}

/*
 * See model.h.  Frequency and monetary stay as they are; recency does from
 * the days that exceed its last threshold passed to those that exceed the
 * next one.  Days can get fewer, too, where a clock is set back over midnight.
 */
Instant
ModelRescoreAt(const Model *model, Zone *zone, Instant last, Instant as_of)
{
	int32_t		last_date = ZoneDate(zone, last);
	int32_t		days = ZoneDate(zone, as_of) - last_date;
	int32_t		from = -DAYS_END;
	int32_t		next = DAYS_END;

	for (int k = model->bins[RECENCY] - 2; k >= 0; k--)
	{
		int32_t		exceeding = DaysExceeding(model,
											  model->thresholds[RECENCY][k]);

		if (exceeding > days)
			next = exceeding;
		else if (exceeding > from)
			from = exceeding;
	}
	return ZoneDateLeaves(zone, as_of, last_date + from, last_date + next - 1);
}
