/*
 * rfm_text.c
 *		A purchase summary as JSON text, read and written.
 */
#include "history/history.h"	/* InstantParse(), InstantWrite() */
#include "json.h"
#include "rfm/rfm.h"

enum
{
	RFM_FIRST, RFM_LAST, RFM_ORDERS, RFM_AMOUNT
};

static const char *const RfmKeys[] = {
	"first_order_at", "last_order_at", "orders", "amount", NULL
};

/* A time or null, which leaves *t alone. */
static bool
ReadInstant(Json *json, Instant *t)
{
	char		text[JSON_STRING_MAX + 1];
	size_t		length;
	CoreError	err;
	const char *at = json->p;

	if (JsonTakeNull(json))
		return true;
	return JsonString(json, "a time in double quotes", text, &length) &&
		(InstantParse(text, length, t, &err) || JsonFailAs(json, at, &err));
}

/* The amount. */
static bool
ReadAmount(Json *json, RfmData *rfm)
{
	const char *text;
	size_t		length;
	Decimal		amount;
	CoreError	err;

	if (!JsonNumber(json, &text, &length))
		return false;
	if (!DecimalParse(text, length, &amount, &err))
		return JsonFailAs(json, text, &err);
	RfmSetUnits(rfm, amount.units);
	rfm->scale = (uint16_t) amount.scale;
	return true;
}

/* The value of one key. */
static bool
ReadMember(Json *json, int key, RfmData *rfm)
{
	switch (key)
	{
		case RFM_FIRST:
			return ReadInstant(json, &rfm->first);
		case RFM_LAST:
			return ReadInstant(json, &rfm->last);
		case RFM_ORDERS:
			return JsonCount(json, "this is no number of orders.",
							 &rfm->orders);
		default:
			return ReadAmount(json, rfm);
	}
}

/* See rfm.h. */
bool
RfmParse(const char *text, size_t length, RfmData *rfm, CoreError *err)
{
	Json		json = {"rfm",
		"A summary is a JSON object such as {\"first_order_at\": "
		"\"2026-01-05T10:00:00Z\", \"last_order_at\": "
		"\"2026-03-01T16:30:00Z\", \"orders\": 3, \"amount\": 123.45}.",
	text, text, text + length, err};
	JsonObject	object = {"A summary", RfmKeys, 0, false};
	CoreError	wrong;
	int			key;

	RfmInit(rfm);
	if (!JsonExpect(&json, '{'))
		return false;
	for (;;)
	{
		if (!JsonNextMember(&json, &object, &key))
			return false;
		if (key < 0)
			break;
		if (!ReadMember(&json, key, rfm))
			return false;
	}
	for (int needed = RFM_ORDERS; needed <= RFM_AMOUNT; needed++)
		if ((object.seen & 1u << needed) == 0)
			return JsonFailKey(&json, text, &object, "lacks the key",
							   RfmKeys[needed]);
	if (!JsonExpectEnd(&json))
		return false;
	/* null is "no date" without orders, "not known" with some */
	if (rfm->orders > 0 && rfm->first == INSTANT_NEVER)
		rfm->first = INSTANT_NONE;
	return RfmCheck(rfm, &wrong) || JsonFailAs(&json, text, &wrong);
}

/* A time of an order, or null. */
static void
WriteInstant(Instant t, CoreText *out)
{
	char		text[INSTANT_TEXT_SIZE];

	if (!InstantInRange(t))
	{
		CoreTextPrintf(out, "null");
		return;
	}
	InstantWrite(t, text);
	CoreTextPrintf(out, "\"%s\"", text);
}

/* See rfm.h. */
void
RfmWrite(const RfmData *rfm, CoreText *out)
{
	Decimal		amount = RfmAmount(rfm);

	CoreTextPrintf(out, "{\"%s\":", RfmKeys[RFM_FIRST]);
	WriteInstant(rfm->first, out);
	CoreTextPrintf(out, ",\"%s\":", RfmKeys[RFM_LAST]);
	WriteInstant(rfm->last, out);
	CoreTextPrintf(out, ",\"%s\":%lld,\"%s\":", RfmKeys[RFM_ORDERS],
				   (long long) rfm->orders, RfmKeys[RFM_AMOUNT]);
	DecimalWrite(&amount, out);
	CoreTextPrintf(out, "}");
}
