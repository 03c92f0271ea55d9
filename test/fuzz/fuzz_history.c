/*
 * fuzz_history.c
 *		Bytes that claim to be a contact_history: text, wire form, stored.
 *
 * The first byte chooses which.  Whatever is taken for a history can be
 * written, read again, merged with itself, trimmed and asked, and the same
 * contacts always become the same bytes.
 */
#include "history/ask.h"
#include "standalone.h"

#include <stdlib.h>

typedef struct Bytes
{
	void	   *data;
	size_t		length;
} Bytes;

static void
Require(bool condition)
{
	if (!condition)
		abort();
}

static HistoryView
Open(Bytes history)
{
	HistoryView view;
	CoreError	err;

	Require(HistoryOpen(history.data, history.length, &view, &err));
	return view;
}

static Bytes
Finish(HistoryBuilder *builder)
{
	Bytes		history;
	CoreError	err;

	history.data = HistoryFinish(builder, 0, &history.length, &err);
	Require(history.data != NULL);
	return history;
}

static bool
Same(Bytes a, Bytes b)
{
	return a.length == b.length && memcmp(a.data, b.data, a.length) == 0;
}

/* All of two histories, trimmed; no data when that is too much for one. */
static Bytes
Merge(Bytes a, Bytes b, Instant before)
{
	HistoryBuilder *builder = HistoryBuild();
	HistoryView views[2] = {Open(a), Open(b)};
	Bytes		merged = {NULL, 0};
	CoreError	err = {CORE_OK, "", "", ""};

	if (HistoryAddAll(builder, &views[0], &err) &&
		HistoryAddAll(builder, &views[1], &err) &&
		HistoryTrim(builder, before, &err))
		merged.data = HistoryFinish(builder, 0, &merged.length, &err);
	Require(merged.data != NULL || err.code == CORE_LIMIT);
	return merged;
}

/* Both written forms, read again, are the same history. */
static void
CheckForms(Bytes history)
{
	HistoryView view = Open(history);
	HistoryBuilder *builder = HistoryBuild();
	CoreText	text;
	CoreError	err;
	Bytes		again;

	CoreTextInit(&text);
	Require(HistoryWrite(&view, &text, &err));
	Require(HistoryParse(text.data, text.length, builder, &err));
	again = Finish(builder);
	Require(Same(history, again));

	text.length = 0;
	builder = HistoryBuild();
	Require(HistorySend(&view, &text, &err));
	Require(HistoryReceive((unsigned char *) text.data, text.length, builder,
						   &err));
	again = Finish(builder);
	Require(Same(history, again));
}

/* Every question has an answer or an error, and no count exceeds another. */
static void
CheckAnswers(Bytes history, Instant as_of)
{
	static const HistoryFilter filters[] = {
		{NULL, NULL}, {"email", NULL}, {NULL, "promo"}
	};
	HistoryView view = Open(history);
	CoreError	err;
	HistoryDictionary *dictionary = HistoryReadDictionary(&view, &err);
	HistoryWindow window = {ZoneOpen("abcz", 4, &err), {1, 2, 3}, as_of,
	{0, 0}};
	int64_t    *amounts;

	Require(dictionary != NULL && window.zone != NULL);
	amounts = CoreAlloc((dictionary->nkinds + 1) * sizeof(int64_t));
	window.reach = SpanReach(window.zone, as_of, &window.span);
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
	{
		const HistoryFilter *filter = &filters[i];
		int64_t		count;
		int64_t		pressure;
		int64_t		most;
		Instant		last;

		HistoryAmounts(dictionary, filter, amounts);
		if (HistorySum(&view, amounts, dictionary->nkinds, filter, &window,
					   &count, &pressure, &err) &&
			HistoryPeak(&view, dictionary, filter, window.zone, &window.span,
						&most, &err))
			Require(count <= most);
		if (HistoryLast(&view, dictionary, filter, as_of, &last, &err))
			Require(last <= as_of);
		for (int answer = OUTCOME_SENT; answer <= OUTCOME_CONVERTED; answer++)
			if (HistoryUnanswered(&view, dictionary, filter, as_of,
								  (Outcome) answer, &count, &err))
				Require(count >= 0 && count <= HISTORY_MAX_CONTACTS);
	}
}

/* One contact more, of each kind and soon or late: both ways are the same. */
static void
CheckAppend(Bytes history)
{
	static const Instant later[] = {
		-1, 0, 1, 1000, MICROS_PER_SECOND, MICROS_PER_MINUTE,
		INT64_C(1) << 40, INT64_C(1) << 56
	};
	HistoryView view = Open(history);
	CoreError	err;
	HistoryCursor cursor = {&view, HistoryReadDictionary(&view, &err), 0, 0};
	Contact		contact;

	Require(cursor.dictionary != NULL);
	for (int i = 0; i < 40 && HistoryNext(&cursor, &contact); i++)
	{
		contact.at = HistoryAt(&view, view.contacts - 1) + later[i % 8];
		contact.answered_at = INSTANT_NONE;
		if (InstantInRange(contact.at))
		{
			HistoryBuilder *builder = HistoryBuild();
			Bytes		appended;

			appended.data = HistoryAppend(history.data, history.length, &view,
										  &contact, 0, &appended.length);
			Require(HistoryAddAll(builder, &view, &err) &&
					HistoryAdd(builder, &contact, &err));
			if (appended.data != NULL)
				Require(Same(appended, Finish(builder)));
			else
				HistoryDiscard(builder);
		}
	}
}

/* An engagement; -1 when what was trimmed decides. */
static int
EngagementAt(Bytes history, Instant as_of)
{
	HistoryView view = Open(history);
	CoreError	err;
	HistoryDictionary *dictionary = HistoryReadDictionary(&view, &err);
	Engagement	engagement;

	if (HistoryEngagement(&view, dictionary, as_of, &engagement, &err))
		return (int) engagement;
	Require(err.code == CORE_HORIZON);
	return -1;
}

/* Trimmed, it is the same or not known; it stays up to its change. */
static void
CheckEngagement(Bytes history, Bytes trimmed, Instant as_of)
{
	HistoryView view = Open(trimmed);
	CoreError	err;
	HistoryDictionary *dictionary = HistoryReadDictionary(&view, &err);
	int			whole = EngagementAt(history, as_of);
	int			now = EngagementAt(trimmed, as_of);
	Instant		change;

	Require(now == -1 || now == whole);
	if (!HistoryEngagementChanges(&view, dictionary, as_of, &change, &err))
		return;
	Require(change > as_of && now != -1);
	if (change == INSTANT_NEVER)
		change = INSTANT_END;
	else
		Require(EngagementAt(trimmed, change) != now);
	Require(EngagementAt(trimmed, change - 1) == now);
	Require(EngagementAt(trimmed, as_of + (change - as_of) / 2) == now);
}

/* What one can do with any history. */
static void
CheckHistory(Bytes history)
{
	static const Bytes none = {NULL, 0};
	HistoryView view = Open(history);
	Instant		middle = view.contacts > 0 ?
		HistoryAt(&view, view.contacts / 2) : 0;
	Bytes		trimmed;
	Bytes		twice;

	CheckForms(history);
	CheckAppend(history);
	CheckAnswers(history, middle);
	trimmed = Merge(history, none, middle);
	Require(trimmed.data != NULL);
	CheckForms(trimmed);
	CheckAnswers(trimmed, middle);
	CheckEngagement(history, history, middle);
	CheckEngagement(history, trimmed, middle);
	CheckEngagement(history, trimmed, middle + ENGAGED_FOR);
	Require(Same(trimmed, Merge(trimmed, none, middle)));
	twice = Merge(trimmed, history, middle);
	if (twice.data != NULL)
	{
		CheckForms(twice);
		Require(Same(twice, Merge(history, trimmed, middle)));
	}
}

/* Stored bytes are looked at in place; they need not be canonical. */
static bool
TakeStored(const uint8_t *data, size_t size, HistoryBuilder *builder)
{
	uint8_t    *copy = malloc(size + 1);	/* its own, to see any overrun */
	HistoryView view;
	CoreError	err;
	bool		ok;

	memcpy(copy, data, size);
	ok = HistoryOpen(copy, size, &view, &err);
	for (uint32_t i = 0; ok && i < view.contacts; i++)
	{
		(void) HistoryAt(&view, i);
		Require(HistoryKindIndex(&view, i) < view.kinds);
	}
	if (ok)
	{
		Contact		contact = {view.base + MICROS_PER_DAY, INSTANT_NONE,
			WEIGHT_NONE, OUTCOME_SENT, "email", "promo"};
		size_t		length;

		Require(HistoryUpTo(&view, view.base) <= view.contacts);
		(void) HistoryAppend(copy, size, &view, &contact, 0, &length);
	}
	ok = ok && HistoryAddAll(builder, &view, &err);
	free(copy);
	return ok;
}

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HistoryBuilder *builder;
	Bytes		history;
	CoreError	err;
	bool		taken;

	if (size == 0)
		return 0;
	builder = HistoryBuild();
	if (data[0] % 3 == 0)
		taken = HistoryParse((const char *) data + 1, size - 1, builder,
							 &err);
	else if (data[0] % 3 == 1)
		taken = HistoryReceive(data + 1, size - 1, builder, &err);
	else
		taken = TakeStored(data + 1, size - 1, builder);
	if (taken)
	{
		history.data = HistoryFinish(builder, 0, &history.length, &err);
		if (history.data != NULL)
			CheckHistory(history);
	}
	StandaloneReset();
	return 0;
}
