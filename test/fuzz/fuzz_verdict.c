/*
 * fuzz_verdict.c
 *		next_contact_at() is the first instant at which may_contact() is true.
 *
 * The bytes choose the clauses of a policy and the contacts of a history; the
 * zones change their clocks often (standalone.c).  Whatever comes out:
 * may_contact() holds at the instant found and at none that was tried before.
 */
#include "policy/verdict.h"
#include "standalone.h"

#include <stdlib.h>

static const char *const statements[] = {
	"email: max 1 per calendar day", "any: max 2 per 36 hours",
	"each: max 1 per 3 days", "any: quiet 21:00-08:00",
	"email: only 09:00-11:00 on mon-fri, only 23:00-02:00 on sat",
	"email/promo: gap 1 day", "any: gap 30 hours of sms",
	"any: gap 2 days after event/complaint", "push: only within 5 days after email",
	"email | push: max 2 per 1 month", "any: max 3 per 1 month 1 day 1 hour",
	"any: max 5 weight per 40 days", "email: weight 2.5",
	"any: pause 20 days after 2 unanswered for 1 day", "any: answer clicked",
	"email: pause 3 days after 2 bounced per 10 days",
	"any: pause 1 month after 3 never answered", "any/otp: transactional",
	"email/promo: override, max 2 per 1 day", "any: max 4 per 2 calendar weeks by month",
	"any: not on 03-01, not on sun", "push: not on sat-mon", "any/cart: exempt",
	"any/news: uncounted", "layer second", "zone abcz", "week starts wed",
	"email: max 1 per 5 days during 02-01 to 04-01", "any: max 9 ever",
	"any: max 3 per 1 calendar month outside 2019-03-01 to 2019-06-30",
	"any/promo: max 1 per 50 hours of any/marketing", "any/each: gap 1 hour"
};
static const char *const channels[] = {"email", "push", "sms", "event"};
static const char *const purposes[] = {"promo", "promo.summer", "news", "otp",
"cart", "complaint", "marketing"};
static const char *const zones[] = {"UTC", "abcz", "abz", "abcdq", "hellow"};

#define PICK(array, byte) array[(byte) % (sizeof(array) / sizeof(array[0]))]

static void
Require(bool condition)
{
	if (!condition)
		abort();
}

/* An instant from the spring of 2019 on: whole hours are frequent. */
static Instant
PickInstant(const uint8_t *bytes)
{
	Instant		t = 7000 * MICROS_PER_DAY +
		(bytes[0] | bytes[1] << 8) % 3000 * MICROS_PER_HOUR;

	return bytes[2] < 128 ? t : t + (bytes[2] - 191) * INT64_C(977777777);
}

/* Build a history of at most 16 contacts, 6 bytes each. */
static void *
PickHistory(const uint8_t *data, size_t size, size_t *length)
{
	HistoryBuilder *builder = HistoryBuild();
	CoreError	err;

	for (size_t i = 0; i + 6 <= size && i < 16 * 6; i += 6)
	{
		Contact		contact;

		contact.at = PickInstant(data + i);
		contact.channel = PICK(channels, data[i + 3]);
		contact.purpose = PICK(purposes, data[i + 3] >> 4);
		contact.outcome = data[i + 4] % OUTCOME_COUNT;
		contact.weight = data[i + 4] < 200 ? WEIGHT_NONE :
			(data[i + 4] - 200) * WEIGHT_ONE / 4;
		contact.answered_at = data[i + 5] < 128 ? INSTANT_NONE :
			contact.at + (data[i + 5] - 128) * 7 * MICROS_PER_HOUR;
		Require(HistoryAdd(builder, &contact, &err));
	}
	return HistoryFinish(builder, 0, length, &err);
}

static Passes
May(const Person *person, Instant t, Moments *moments)
{
	CoreError	err;

	MomentsAt(person->binding, person->zones, t, moments);
	return MayContact(person, moments, &err);
}

/* Ask at many instants between from and next; and at next itself. */
static void
CheckNext(const Person *person, Instant from)
{
	Moments    *moments = CoreAllocZero(MomentsSize(person->binding));
	CoreError	err;
	Verdict		verdict;
	Instant		next;
	Instant		until;

	Require(NextForAll(NextSearchBegin(person, from), &next, &err));
	Require(ContactVerdict(person, from, &verdict, &err));
	Require(verdict.allowed == (next == from));
	Require(verdict.allowed || verdict.retry_at == next);
	Require((May(person, from, moments) == PASSES_YES) == verdict.allowed);
	if (next != INSTANT_NEVER)
	{
		Require(May(person, next, moments) == PASSES_YES);
		Require(next == from ||
				May(person, next - 1, moments) == PASSES_NO);
	}
	until = next != INSTANT_NEVER ? next : from + 300 * MICROS_PER_DAY;
	for (int i = 0; i < 200; i++)
	{
		Instant		t = from + (until - from) / 200 * i;

		if (next != from)
			Require(May(person, t, moments) == PASSES_NO);
		/* half hours are where clocks and windows turn */
		t -= t % (30 * MICROS_PER_MINUTE);
		if (t >= from && t < until)
			Require(May(person, t, moments) == PASSES_NO);
	}
}

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CoreText	text;
	CoreError	err;
	Policy		policy;
	Person		person = {0};
	PolicyData *block;
	void	   *history;
	size_t		length;
	const char *zone_name;
	HistoryDictionary *dictionary;

	if (size < 16)
		return 0;
	CoreTextInit(&text);
	for (int i = 0; i < data[0] % 6 + 1; i++)
		CoreTextPrintf(&text, "%s\n", PICK(statements, data[i + 1]));
	block = PolicyParse(text.data, text.length, &length, &err);
	Require(block != NULL && PolicyOpen(block, length, &policy, &err));
	person.binding = PolicyBind(&policy, PICK(channels, data[8] % 3),
								PICK(purposes, data[9]), WEIGHT_NONE, &err);
	Require(person.binding != NULL);
	zone_name = PICK(zones, data[10]);
	person.zones = CoreAllocZero(64 * sizeof(Zone *));
	for (int i = 0; i < person.binding->nzones; i++)
		person.zones[i] = ZoneOpen(zone_name, strlen(zone_name), &err);
	history = PickHistory(data + 16, size - 16, &length);
	Require(history != NULL &&
			HistoryOpen(history, length, &person.history, &err));
	dictionary = person.history.contacts == 0 ?
		CoreAllocZero(sizeof(HistoryDictionary)) :
		HistoryReadDictionary(&person.history, &err);
	person.kinds = KindTableFor(person.binding, dictionary);
	CheckNext(&person, PickInstant(data + 11));
	StandaloneReset();
	return 0;
}
