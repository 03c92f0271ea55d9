/*
 * score.c
 *		rfm_score: three digits in an int2, how a model gives them and when
 *		it gives others.
 *
 * Comparison and hash are int2's own.
 */
#include "postgres.h"

#include <ctype.h>

#include "fmgr.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "history/history.h"	/* InstantWrite() */
#include "rfm/model_pg.h"
#include "rfm/rfm_pg.h"

PG_FUNCTION_INFO_V1(rfm_score_in);
PG_FUNCTION_INFO_V1(rfm_score_out);
PG_FUNCTION_INFO_V1(rfm_score_recv);
PG_FUNCTION_INFO_V1(rfm_score_send);
PG_FUNCTION_INFO_V1(rfm_score_by_model);
PG_FUNCTION_INFO_V1(rescore_at);
PG_FUNCTION_INFO_V1(recency_score);
PG_FUNCTION_INFO_V1(frequency_score);
PG_FUNCTION_INFO_V1(monetary_score);
PG_FUNCTION_INFO_V1(rfm_total);
PG_FUNCTION_INFO_V1(rfm_letters);
PG_FUNCTION_INFO_V1(rfm_letters_by_model);

#define PG_GETARG_SCORE(n)	((RfmScore) PG_GETARG_INT16(n))

Datum
rfm_score_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);
	char		quoted[CORE_QUOTE_SIZE];
	size_t		length;
	bool		digits = true;

	while (isspace((unsigned char) *text))
		text++;
	length = strlen(text);
	while (length > 0 && isspace((unsigned char) text[length - 1]))
		length--;
	for (size_t i = 0; i < length; i++)
		digits &= text[i] >= '1' && text[i] <= '9';
	if (length != DIMENSIONS || !digits)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type rfm_score: \"%s\"",
						CoreQuote(quoted, text, length)),
				 errdetail("A score has three digits from 1 to 9: of recency, frequency and monetary."),
				 errhint("Write it as 543.")));
	PG_RETURN_INT16((int16) ((text[0] - '0') * 100 + (text[1] - '0') * 10 +
							 (text[2] - '0')));
}

Datum
rfm_score_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(psprintf("%d", PG_GETARG_SCORE(0)));
}

Datum
rfm_score_recv(PG_FUNCTION_ARGS)
{
	int			score;

	score = (int16) pq_getmsgint((StringInfo) PG_GETARG_POINTER(0), 2);
	if (!ScoreIsValid(score))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary rfm_score: %d", score),
				 errhint("It is a number of three digits from 1 to 9.")));
	PG_RETURN_INT16((int16) score);
}

Datum
rfm_score_send(PG_FUNCTION_ARGS)
{
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendint16(&buf, (uint16) PG_GETARG_SCORE(0));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* --- scoring */

/* The model of the row before, which most often is that of this row. */
typedef struct ScoreCache
{
	Model		model;
	bool		fixed;			/* the executor promises that it stays */
	Zone	   *zone;
	Instant		as_of;
	int32_t		as_of_date;		/* in the zone */
} ScoreCache;

/* Make the call's cache the one for a model. */
static ScoreCache *
OpenScoreCache(FunctionCallInfo fcinfo)
{
	ScoreCache *cache = fcinfo->flinfo->fn_extra;
	const Model *model = PG_GETARG_MODEL(1);
	MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	Zone	   *zone = ModelOpenZone(model);

	if (cache == NULL)
	{
		cache = palloc0(sizeof(ScoreCache));
		cache->fixed = get_fn_expr_arg_stable(fcinfo->flinfo, 1);
		fcinfo->flinfo->fn_extra = cache;
	}
	CoreFree(cache->zone);
	cache->zone = zone;
	cache->model = *model;
	cache->as_of = INSTANT_NONE;
	MemoryContextSwitchTo(old);
	return cache;
}

/* Is the model of this row the cached one? */
static inline bool
SameModel(FunctionCallInfo fcinfo, const ScoreCache *cache)
{
	const Model *model = (const Model *) PG_GETARG_POINTER(1);

	return VARATT_IS_4B_U(model) && VARSIZE(model) == sizeof(Model) &&
		memcmp(&cache->model, model, sizeof(Model)) == 0;
}

/* The call's cache, for the model of this row and its as_of. */
static inline ScoreCache *
GetScoreCache(FunctionCallInfo fcinfo, Instant as_of)
{
	ScoreCache *cache = fcinfo->flinfo->fn_extra;

	if (cache == NULL || (!cache->fixed && !SameModel(fcinfo, cache)))
		cache = OpenScoreCache(fcinfo);
	if (cache->as_of != as_of)
	{
		CheckAsOf(as_of);
		cache->as_of_date = ZoneDate(cache->zone, as_of);
		cache->as_of = as_of;
	}
	return cache;
}

/* See model_pg.h. */
void
ThrowFuture(const RfmData *rfm, Instant as_of)
{
	char		last_text[INSTANT_TEXT_SIZE];
	char		as_of_text[INSTANT_TEXT_SIZE];

	InstantWrite(rfm->last, last_text);
	InstantWrite(as_of, as_of_text);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("a summary with an order after as_of cannot be scored"),
			 errdetail("Its last order is of %s, as_of is %s.", last_text,
					   as_of_text),
			 errhint("Leave later orders out of the summary: rfm(ordered_at, amount) FILTER (WHERE ordered_at <= as_of).")));
}

/*
 * rfm_score(rfm, rfm_model, as_of); NULL for one who has never ordered
 */
Datum
rfm_score_by_model(PG_FUNCTION_ARGS)
{
	const RfmData *rfm = PG_GETARG_RFM(0);
	Instant		as_of = PG_GETARG_TIMESTAMPTZ(2);
	ScoreCache *cache = GetScoreCache(fcinfo, as_of);
	int32_t		days;

	if (rfm->orders == 0)
		PG_RETURN_NULL();
	if (unlikely(rfm->last > as_of))
		ThrowFuture(rfm, as_of);
	days = cache->as_of_date - ZoneDate(cache->zone, rfm->last);
	PG_RETURN_INT16(ModelScoreRfm(&cache->model, rfm, days));
}

/*
 * rescore_at(rfm, rfm_model, as_of): the first instant after as_of with
 * another rfm_score(); infinity when there is none
 */
Datum
rescore_at(PG_FUNCTION_ARGS)
{
	const RfmData *rfm = PG_GETARG_RFM(0);
	Instant		as_of = PG_GETARG_TIMESTAMPTZ(2);
	ScoreCache *cache = GetScoreCache(fcinfo, as_of);

	if (rfm->orders == 0)
		PG_RETURN_TIMESTAMPTZ(INSTANT_NEVER);
	if (unlikely(rfm->last > as_of))
		ThrowFuture(rfm, as_of);
	PG_RETURN_TIMESTAMPTZ(ModelRescoreAt(&cache->model, cache->zone,
										 rfm->last, as_of));
}

/* --- what a score says */

Datum
recency_score(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(SCORE_DIGIT(PG_GETARG_SCORE(0), RECENCY));
}

Datum
frequency_score(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(SCORE_DIGIT(PG_GETARG_SCORE(0), FREQUENCY));
}

Datum
monetary_score(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(SCORE_DIGIT(PG_GETARG_SCORE(0), MONETARY));
}

/* The sum of the digits. */
Datum
rfm_total(PG_FUNCTION_ARGS)
{
	RfmScore	score = PG_GETARG_SCORE(0);

	PG_RETURN_INT32(SCORE_DIGIT(score, RECENCY) +
					SCORE_DIGIT(score, FREQUENCY) +
					SCORE_DIGIT(score, MONETARY));
}

/* The digits as letters, A for the highest that there is. */
static Datum
ScoreLetters(RfmScore score, const int bins[DIMENSIONS])
{
	char		letters[DIMENSIONS];

	for (int d = 0; d < DIMENSIONS; d++)
	{
		int			digit = SCORE_DIGIT(score, d);

		if (digit > bins[d])
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("score %d has a %s of %d, with %d bins", score,
							DimensionNames[d], digit, bins[d]),
					 errhint("Name the number of bins: rfm_letters(score, 9); or the model: rfm_letters(score, model).")));
		letters[d] = (char) ('A' + bins[d] - digit);
	}
	return PointerGetDatum(cstring_to_text_with_len(letters, DIMENSIONS));
}

/* rfm_letters(score, bins): AAA is best */
Datum
rfm_letters(PG_FUNCTION_ARGS)
{
	int			n = PG_GETARG_INT32(1);
	int			bins[DIMENSIONS] = {n, n, n};

	if (n < BINS_MIN || n > BINS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%d bins: there are %d to %d", n, BINS_MIN,
						BINS_MAX)));
	PG_RETURN_DATUM(ScoreLetters(PG_GETARG_SCORE(0), bins));
}

/* rfm_letters(score, model): with the bins of the model's dimensions */
Datum
rfm_letters_by_model(PG_FUNCTION_ARGS)
{
	const Model *model = PG_GETARG_MODEL(1);
	int			bins[DIMENSIONS];

	for (int d = 0; d < DIMENSIONS; d++)
		bins[d] = model->bins[d];
	PG_RETURN_DATUM(ScoreLetters(PG_GETARG_SCORE(0), bins));
}
