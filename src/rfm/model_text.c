/*
 * model_text.c
 *		rfm_model as JSON text, read and written; its bins in words.
 */
#include "history/history.h"	/* InstantParse(), InstantWrite() */
#include "json.h"
#include "rfm/model.h"

#include <stdio.h>
#include <stdlib.h>

/* Members of the object; the three dimensions stand together. */
enum
{
	MODEL_METHOD, MODEL_AS_OF, MODEL_ZONE, MODEL_CUSTOMERS,
	MODEL_THRESHOLDS, MODEL_POPULATION = MODEL_THRESHOLDS + DIMENSIONS
};

static const char *const ModelKeys[] = {
	"method", "as_of", "zone", "customers", "recency", "frequency",
	"monetary", "population", NULL
};

static const char *const PopulationKeys[] = {
	"recency", "frequency", "monetary", NULL
};

/* --- reading */

/* The method of the thresholds. */
static bool
ReadMethod(Json *json, Model *model)
{
	char		text[JSON_STRING_MAX + 1];
	size_t		length;
	const char *at = json->p;
	CoreError	err;
	ModelMethod method;

	if (!JsonString(json, "the name of a method in double quotes", text,
					&length))
		return false;
	if (!MethodParse(text, length, &method, &err))
		return JsonFailAs(json, at, &err);
	model->method = (uint8_t) method;
	return true;
}

/* The date of the model, or null. */
static bool
ReadAsOf(Json *json, Model *model)
{
	char		text[JSON_STRING_MAX + 1];
	size_t		length;
	const char *at = json->p;
	CoreError	err;

	if (JsonTakeNull(json))
		return true;
	return JsonString(json, "a time in double quotes", text, &length) &&
		(InstantParse(text, length, &model->as_of, &err) ||
		 JsonFailAs(json, at, &err));
}

/* The zone that recency is counted in. */
static bool
ReadZone(Json *json, Model *model)
{
	char		text[JSON_STRING_MAX + 1];
	size_t		length;
	const char *at = json->p;
	CoreError	err;

	return JsonString(json, "the name of a time zone in double quotes", text,
					  &length) &&
		(ModelSetZone(model, text, length, &err) ||
		 JsonFailAs(json, at, &err));
}

/* A dimension's thresholds; their number makes that of its bins. */
static bool
ReadThresholds(Json *json, Dimension dimension, Model *model)
{
	bool		begun = false;
	bool		more;
	int			n = 0;

	if (!JsonExpect(json, '['))
		return false;
	for (;; n++)
	{
		const char *text;
		size_t		length;

		if (!JsonNextItem(json, &begun, &more))
			return false;
		if (!more)
			break;
		if (!JsonNumber(json, &text, &length))
			return false;
		if (n >= BINS_MAX - 1)
			return JsonFail(json, text, "too many thresholds.",
							"A dimension has 1 to 8 of them, for 2 to 9 "
							"scores.");
		/* the number ends before a character that is none of it */
		model->thresholds[dimension][n] = strtod(text, NULL);
	}
	model->bins[dimension] = (uint8_t) (n + 1);
	return true;
}

/* The customers of a dimension, by score; *n of them. */
static bool
ReadCounts(Json *json, int64_t counts[BINS_MAX], int *n)
{
	bool		begun = false;
	bool		more;

	if (!JsonExpect(json, '['))
		return false;
	for (*n = 0;; ++*n)
	{
		if (!JsonNextItem(json, &begun, &more))
			return false;
		if (!more)
			return true;
		(void) JsonPeek(json);
		if (*n >= BINS_MAX)
			return JsonFail(json, json->p, "too many bins.",
							"There is one number of customers for each "
							"score.");
		if (!JsonCount(json, "this is no number of customers.", &counts[*n]))
			return false;
	}
}

/* The population; read[] are the numbers of bins, 0 where there is none. */
static bool
ReadPopulation(Json *json, Model *model, int read[DIMENSIONS])
{
	JsonObject	object = {"The population", PopulationKeys, 0, false};
	int			key;

	if (!JsonExpect(json, '{'))
		return false;
	for (;;)
	{
		if (!JsonNextMember(json, &object, &key))
			return false;
		if (key < 0)
			return true;
		if (!ReadCounts(json, model->population[key], &read[key]))
			return false;
	}
}

/* The value of one key. */
static bool
ReadMember(Json *json, int key, Model *model, int read[DIMENSIONS])
{
	switch (key)
	{
		case MODEL_METHOD:
			return ReadMethod(json, model);
		case MODEL_AS_OF:
			return ReadAsOf(json, model);
		case MODEL_ZONE:
			return ReadZone(json, model);
		case MODEL_CUSTOMERS:
			return JsonTakeNull(json) ||
				JsonCount(json, "this is no number of customers.",
						  &model->customers);
		case MODEL_POPULATION:
			return ReadPopulation(json, model, read);
		default:
			return ReadThresholds(json,
								  (Dimension) (key - MODEL_THRESHOLDS),
								  model);
	}
}

/* What the keys say together. */
static bool
CheckMembers(Json *json, const JsonObject *object, const Model *model,
			 const int read[DIMENSIONS])
{
	bool		population = (object->seen & 1u << MODEL_POPULATION) != 0;

	for (int d = 0; d < DIMENSIONS; d++)
		if ((object->seen & 1u << (MODEL_THRESHOLDS + d)) == 0)
			return JsonFailKey(json, json->text, object, "lacks the key",
							   ModelKeys[MODEL_THRESHOLDS + d]);
	if (population != (model->customers >= 0))
		return JsonFail(json, json->text, "customers and population are "
						"given both or not at all.",
						"Thresholds alone are a model, too.");
	for (int d = 0; d < DIMENSIONS && population; d++)
		if (read[d] != model->bins[d])
			return JsonFail(json, json->text, "the population has another "
							"number of bins than the thresholds make.",
							"There is one number of customers for each "
							"score, the score 1 first.");
	return true;
}

/* See model.h. */
bool
ModelParse(const char *text, size_t length, Model *model, CoreError *err)
{
	Json		json = {"rfm_model",
		"A model is a JSON object such as {\"recency\": [30, 90, 180, 365], "
		"\"frequency\": [1, 2, 4, 8], \"monetary\": [50, 100, 200, 500]}.",
	text, text, text + length, err};
	JsonObject	object = {"A model", ModelKeys, 0, false};
	int			read[DIMENSIONS] = {0, 0, 0};
	CoreError	wrong;
	int			key;

	ModelInit(model);
	model->method = METHOD_CUSTOM;
	if (!JsonExpect(&json, '{'))
		return false;
	for (;;)
	{
		if (!JsonNextMember(&json, &object, &key))
			return false;
		if (key < 0)
			break;
		if (!ReadMember(&json, key, model, read))
			return false;
	}
	return JsonExpectEnd(&json) &&
		CheckMembers(&json, &object, model, read) &&
		(ModelCheck(model, &wrong) || JsonFailAs(&json, text, &wrong));
}

/* --- writing */

/* See model.h. */
void
DoubleWrite(double value, CoreText *out)
{
	char		digits[32];

	for (int precision = 15; precision <= 17; precision++)
	{
		snprintf(digits, sizeof(digits), "%.*g", precision, value);
		if (strtod(digits, NULL) == value)
			break;
	}
	CoreTextPrintf(out, "%s", digits);
}

/* See model.h. */
void
ModelWrite(const Model *model, CoreText *out)
{
	char		as_of[INSTANT_TEXT_SIZE];

	CoreTextPrintf(out, "{\"method\":\"%s\"", MethodNames[model->method]);
	if (model->as_of != INSTANT_NONE)
	{
		InstantWrite(model->as_of, as_of);
		CoreTextPrintf(out, ",\"as_of\":\"%s\"", as_of);
	}
	CoreTextPrintf(out, ",\"zone\":\"%s\"", model->zone);
	if (model->customers >= 0)
		CoreTextPrintf(out, ",\"customers\":%lld",
					   (long long) model->customers);
	for (int d = 0; d < DIMENSIONS; d++)
	{
		CoreTextPrintf(out, ",\"%s\":[", DimensionNames[d]);
		for (int k = 0; k < model->bins[d] - 1; k++)
		{
			CoreTextPrintf(out, "%s", k == 0 ? "" : ",");
			DoubleWrite(model->thresholds[d][k], out);
		}
		CoreTextPrintf(out, "]");
	}
	for (int d = 0; d < DIMENSIONS && model->customers >= 0; d++)
	{
		CoreTextPrintf(out, "%s\"%s\":[", d == 0 ? ",\"population\":{" : ",",
					   DimensionNames[d]);
		for (int i = 0; i < model->bins[d]; i++)
			CoreTextPrintf(out, "%s%lld", i == 0 ? "" : ",",
						   (long long) model->population[d][i]);
		CoreTextPrintf(out, "%s", d == DIMENSIONS - 1 ? "]}" : "]");
	}
	CoreTextPrintf(out, "}");
}

/* --- words */

/* See model.h. */
void
ModelWriteBin(const Model *model, Dimension dimension, int score,
			  CoreText *out)
{
	static const char *const units[DIMENSIONS] = {
		" days", " orders", ""
	};
	int			bins = model->bins[dimension];
	bool		or_more = model->method == METHOD_R_RFM;
	/* bins in the order of the values, the lowest is 0 */
	int			bin = dimension == RECENCY ? bins - score : score - 1;
	const double *t = model->thresholds[dimension];

	if (bin > 0)
	{
		CoreTextPrintf(out, "%s", or_more ? "from " : "more than ");
		DoubleWrite(t[bin - 1], out);
	}
	if (bin > 0 && bin < bins - 1)
		CoreTextPrintf(out, ", ");
	if (bin < bins - 1)
	{
		CoreTextPrintf(out, "%s", or_more ? "below " : "up to ");
		DoubleWrite(t[bin], out);
	}
	CoreTextPrintf(out, "%s", units[dimension]);
}
