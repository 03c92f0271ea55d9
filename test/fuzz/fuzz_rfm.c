/*
 * fuzz_rfm.c
 *		Summaries, models and segment maps from arbitrary text: what is read
 *		can be written and read again as the same; and decimals against
 *		arithmetic digit by digit.
 *
 * The first byte chooses what is tried.
 */
#include "rfm/rfm.h"
#include "rfm/segment_map.h"

#include <stdio.h>
#include <stdlib.h>

static void
Require(bool condition)
{
	if (!condition)
		abort();
}

/* A summary: read, written, read. */
static void
TrySummary(const char *text, size_t length)
{
	RfmData		first;
	RfmData		second;
	RfmData		sum;
	CoreText	written;
	CoreError	err;

	if (!RfmParse(text, length, &first, &err))
		return;
	Require(RfmCheck(&first, &err));
	CoreTextInit(&written);
	RfmWrite(&first, &written);
	Require(RfmParse(written.data, written.length, &second, &err));
	Require(memcmp(&first, &second, sizeof(RfmData)) == 0);
	Require(RfmCompare(&first, &second) == 0);
	sum = first;
	if (RfmMerge(&sum, &second, &err))
		Require(RfmCheck(&sum, &err) && sum.orders == 2 * first.orders);
	CoreFree(written.data);
}

/* A model: read, written, read; each number has a score. */
static void
TryModel(const char *text, size_t length)
{
	Model		first;
	Model		second;
	CoreText	written;
	CoreError	err;

	if (!ModelParse(text, length, &first, &err))
		return;
	Require(ModelOpen(&first, sizeof(Model), &err));
	CoreTextInit(&written);
	ModelWrite(&first, &written);
	Require(ModelParse(written.data, written.length, &second, &err));
	Require(memcmp(&first, &second, sizeof(Model)) == 0);
	for (int d = 0; d < DIMENSIONS; d++)
		for (int k = 0; k < first.bins[d] - 1; k++)
		{
			int			score = ModelScore(&first, (Dimension) d,
										   first.thresholds[d][k]);

			Require(score >= 1 && score <= first.bins[d]);
		}
	CoreFree(written.data);
}

/* A map: read, written, read; linted for any number of bins. */
static void
TryMap(const char *text, size_t length)
{
	CoreError	err;
	SegmentMap *map = SegmentMapParse(text, length, &err);
	SegmentMap *again;
	CoreText	written;
	CoreText	rewritten;

	if (map == NULL)
		return;
	CoreTextInit(&written);
	CoreTextInit(&rewritten);
	SegmentMapWrite(map, &written);
	again = SegmentMapParse(written.data, written.length, &err);
	Require(again != NULL && again->nlines == map->nlines);
	SegmentMapWrite(again, &rewritten);
	Require(strcmp(written.data, rewritten.data) == 0);
	for (int score = 111; score < SCORE_END; score++)
		for (unsigned i = 0; i <= ENGAGEMENTS && ScoreIsValid(score); i++)
		{
			/* each engagement, and none */
			unsigned	engagement = 1u << i & ((1u << ENGAGEMENTS) - 1);

			Require(SegmentMapLine(map, score, engagement) ==
					SegmentMapLine(again, score, engagement));
		}
	for (int bins = BINS_MIN; bins <= BINS_MAX; bins++)
	{
		int			n;
		SegmentFinding *findings = SegmentMapLint(map, bins, &n);

		for (int i = 0; i < n; i++)
		{
			CoreFree(findings[i].message.data);
			CoreFree(findings[i].hint.data);
		}
		CoreFree(findings);
	}
	CoreFree(written.data);
	CoreFree(rewritten.data);
	SegmentMapFree(again);
	SegmentMapFree(map);
}

/* A decimal from the fuzzer's bytes, in range. */
static Decimal
MakeDecimal(const uint8_t *data)
{
	Decimal		decimal;
	uint64_t	parts[2];

	memcpy(parts, data, sizeof(parts));
	decimal.units = (DecimalUnits) (((unsigned __int128) parts[1] << 64 |
									 parts[0]) % (unsigned __int128)
									DECIMAL_LIMIT);
	if ((data[16] & 0x80) != 0)
		decimal.units = -decimal.units;
	/* often short ones, too */
	for (int i = data[17] % 39; i > 0; i--)
		decimal.units /= 10;
	decimal.scale = data[16] % (DECIMAL_DIGITS + 1);
	return decimal;
}

/* Two decimals: text and back, sums, order; the double is strtod's. */
static void
TryDecimals(const uint8_t *data, size_t size)
{
	Decimal		pair[2];
	Decimal		sum;
	Decimal		back;
	CoreError	err;

	if (size < 36)
		return;
	for (int i = 0; i < 2; i++)
	{
		CoreText	text;

		pair[i] = MakeDecimal(data + 18 * i);
		CoreTextInit(&text);
		DecimalWrite(&pair[i], &text);
		Require(DecimalParse(text.data, text.length, &back, &err));
		Require(back.units == pair[i].units && back.scale == pair[i].scale);
		Require(DecimalToDouble(&pair[i]) == strtod(text.data, NULL));
		back = DecimalReduce(&pair[i]);
		Require(DecimalCompare(&back, &pair[i]) == 0);
		CoreFree(text.data);
	}
	Require(DecimalCompare(&pair[0], &pair[1]) ==
			-DecimalCompare(&pair[1], &pair[0]));
	sum = pair[0];
	if (!DecimalAdd(&sum, &pair[1], &err))
		return;
	Require(DecimalCompare(&sum, &pair[0]) ==
			(pair[1].units > 0) - (pair[1].units < 0));
	back = pair[1];
	back.units = -back.units;
	Require(DecimalAdd(&sum, &back, &err));
	Require(DecimalCompare(&sum, &pair[0]) == 0);
}

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *text;

	if (size == 0)
		return 0;
	if (data[0] % 4 == 3)
	{
		TryDecimals(data + 1, size - 1);
		return 0;
	}
	/* with a NUL behind, as the server's are */
	text = CoreAllocZero(size);
	memcpy(text, data + 1, size - 1);
	if (data[0] % 4 == 0)
		TrySummary(text, size - 1);
	else if (data[0] % 4 == 1)
		TryModel(text, size - 1);
	else
		TryMap(text, size - 1);
	CoreFree(text);
	return 0;
}
