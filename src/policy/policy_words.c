/*
 * policy_words.c
 *		Scopes, windows, days and dates in English.
 *
 * Scopes become noun phrases ("email contacts for promo purposes") that fit
 * any sentence; "promo purposes" are promo and all below it, as the meaning
 * of a "purposes" statement says.
 */
#include "policy/policy_words.h"

#include <stdio.h>

const Noun BoundNouns = {true, false, false, "or"};
const Noun LookedNouns = {true, true, false, "or"};
const Noun LookedNoun = {false, true, false, "or"};

const char *const WeekdayWords[7] = {
	"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
	"Sunday"
};

static const char *const month_names[13] = {
	"", "January", "February", "March", "April", "May", "June", "July",
	"August", "September", "October", "November", "December"
};

static const char *const unit_names[] = {
	"", "day", "week", "month", "quarter", "year"
};

/* Append a string. */
void
Say(CoreText *out, const char *words)
{
	CoreTextAppend(out, words, strlen(words));
}

/* What goes between the items of "a, b or c" before item i of n. */
const char *
Separator(int i, int n, const char *conjunction, char buf[16])
{
	if (i == 0)
		return "";
	if (i < n - 1)
		return ", ";
	snprintf(buf, 16, " %s ", conjunction);
	return buf;
}

/* "contact", "email contacts"; what arrives by "event" are events */
static void
SayContact(const char *channel, bool plural, CoreText *out)
{
	bool		event = strcmp(channel, "event") == 0;

	CoreTextPrintf(out, "%s%s%s%s", event ? "" : channel,
				   event || channel[0] == '\0' ? "" : " ",
				   event ? "event" : "contact", plural ? "s" : "");
}

/* What of a pattern comes behind the noun. */
static void
SayPurpose(const Policy *policy, const PolicyPattern *pattern,
		   const Noun *noun, CoreText *out)
{
	const char *purpose = PolicyText(policy, pattern->purpose);

	if (pattern->each_channel && noun->looking)
		Say(out, " by the same channel");
	if (pattern->each_purpose && noun->looking)
		CoreTextPrintf(out, " for the same%s%s purpose",
					   purpose[0] == '\0' ? "" : " ", purpose);
	else if (pattern->marketing && !noun->plain_marketing)
		Say(out, noun->plural ? " that are not transactional" :
			" that is not transactional");
	else if (purpose[0] != '\0')
		CoreTextPrintf(out, " for %s purposes", purpose);
}

/* May the channels of these patterns be listed in front of one noun? */
static bool
OnlyChannelsDiffer(const Policy *policy, const PolicyPattern *patterns, int n)
{
	for (int i = 0; i < n; i++)
	{
		const PolicyPattern *pattern = &patterns[i];
		const char *channel = PolicyText(policy, pattern->channel);

		if (channel[0] == '\0' || strcmp(channel, "event") == 0 ||
			pattern->marketing != patterns[0].marketing ||
			pattern->each_purpose != patterns[0].each_purpose ||
			strcmp(PolicyText(policy, pattern->purpose),
				   PolicyText(policy, patterns[0].purpose)) != 0)
			return false;
	}
	return true;
}

/* May the purposes of these patterns be listed behind one noun? */
static bool
OnlyPurposesDiffer(const Policy *policy, const PolicyPattern *patterns, int n,
				   const Noun *noun)
{
	for (int i = 0; i < n; i++)
	{
		const PolicyPattern *pattern = &patterns[i];

		if (PolicyText(policy, pattern->purpose)[0] == '\0' ||
			(pattern->marketing && !noun->plain_marketing) ||
			pattern->each_purpose ||
			pattern->each_channel != patterns[0].each_channel ||
			strcmp(PolicyText(policy, pattern->channel),
				   PolicyText(policy, patterns[0].channel)) != 0)
			return false;
	}
	return true;
}

/* "email, sms or call contacts for promo purposes" */
static void
SayPatterns(const Policy *policy, int first, int n, const Noun *noun,
			CoreText *out)
{
	const PolicyPattern *patterns = &policy->patterns[first];
	char		buf[16];

	if (n > 1 && OnlyChannelsDiffer(policy, patterns, n))
	{
		for (int i = 0; i < n; i++)
			CoreTextPrintf(out, "%s%s",
						   Separator(i, n, noun->conjunction, buf),
						   PolicyText(policy, patterns[i].channel));
		Say(out, noun->plural ? " contacts" : " contact");
		SayPurpose(policy, &patterns[0], noun, out);
		return;
	}
	if (n > 1 && OnlyPurposesDiffer(policy, patterns, n, noun))
	{
		SayContact(PolicyText(policy, patterns[0].channel), noun->plural,
				   out);
		if (patterns[0].each_channel && noun->looking)
			Say(out, " by the same channel");
		Say(out, " for ");
		for (int i = 0; i < n; i++)
			CoreTextPrintf(out, "%s%s",
						   Separator(i, n, noun->conjunction, buf),
						   PolicyText(policy, patterns[i].purpose));
		Say(out, " purposes");
		return;
	}
	for (int i = 0; i < n; i++)
	{
		Say(out, Separator(i, n, noun->conjunction, buf));
		SayContact(PolicyText(policy, patterns[i].channel), noun->plural,
				   out);
		SayPurpose(policy, &patterns[i], noun, out);
	}
}

/* A scope as a noun phrase. */
void
SayScope(const Policy *policy, int index, const Noun *noun, CoreText *out)
{
	const PolicyScope *scope = &policy->scopes[index];
	Noun		left_out = *noun;

	SayPatterns(policy, scope->first, scope->included, noun, out);
	if (scope->excepted == 0)
		return;
	left_out.plural = true;
	left_out.conjunction = "and";
	Say(out, " (");
	SayPatterns(policy, scope->first + scope->included, scope->excepted,
				&left_out, out);
	Say(out, " excepted)");
}

/* See rules.h. */
void
ScopeWords(const Policy *policy, int scope, CoreText *out)
{
	SayScope(policy, scope, &BoundNouns, out);
}

/* Whose clock and calendar it is. */
void
SayZone(const Policy *policy, int layer, const char *what, CoreText *out)
{
	const char *zone = PolicyZone(policy, layer);

	CoreTextPrintf(out, ", by the %s in the person's zone, else in %s", what,
				   zone == NULL ? "UTC" : zone);
}

/* "Monday to Friday and Sunday" */
void
SayDays(int days, CoreText *out)
{
	int			starts[7];
	int			lengths[7];
	int			items = 0;
	char		buf[16];

	if (days == 0)
		Say(out, "any day");
	for (int day = 0; day < 7; day++)
	{
		int			length = 0;

		while (day + length < 7 && (days & (1 << (day + length))) != 0)
			length++;
		/* two days in a row are two days, three are a range */
		for (int i = 0; i < (length == 2 ? 2 : length > 0); i++)
		{
			starts[items] = day + i;
			lengths[items++] = length == 2 ? 1 : length;
		}
		day += length;
	}
	for (int i = 0; i < items; i++)
	{
		CoreTextPrintf(out, "%s%s", Separator(i, items, "and", buf),
					   WeekdayWords[starts[i]]);
		if (lengths[i] > 1)
			CoreTextPrintf(out, " to %s",
						   WeekdayWords[starts[i] + lengths[i] - 1]);
	}
}

/* "25 December", "25 December 2026" */
static void
SayDate(int32_t date, bool yearly, CoreText *out)
{
	int			year;
	int			month;
	int			day;

	if (yearly)
	{
		CoreTextPrintf(out, "%d %s", (int) date % 100,
					   month_names[date / 100]);
		return;
	}
	DateToCivil(date, &year, &month, &day);
	CoreTextPrintf(out, "%d %s %d", day, month_names[month], year);
}

/* "on 25 December of every year", "from ... to ..., both included" */
void
SayDates(const PolicyDates *dates, CoreText *out)
{
	bool		single = dates->from == dates->to;

	Say(out, single ? "on " : "from ");
	SayDate(dates->from, dates->yearly, out);
	if (!single)
	{
		Say(out, " to ");
		SayDate(dates->to, dates->yearly, out);
	}
	if (dates->yearly)
		Say(out, " of every year");
	if (!single)
		Say(out, ", both included");
}

/* "21:00 to 08:00 of the next day, starting on Monday" */
void
SayTimes(const PolicyClause *clause, CoreText *out)
{
	bool		overnight = clause->from_minute > clause->to_minute;

	CoreTextPrintf(out, "%02d:%02d to %02d:%02d", clause->from_minute / 60,
				   clause->from_minute % 60, clause->to_minute / 60,
				   clause->to_minute % 60);
	if (overnight)
		Say(out, " of the next day");
	if (clause->days == 0)
		return;
	Say(out, overnight ? ", starting on " : " on ");
	SayDays(clause->days, out);
}

/*
 * "in any 7 days (...)", "in one calendar day": the window of a cap; now: only
 * the one up to the new contact
 */
void
SayWindow(const Policy *policy, int layer, const PolicyClause *clause,
		  bool now, CoreText *out)
{
	const char *unit = unit_names[clause->unit];

	switch (clause->window_kind)
	{
		case WINDOW_ROLLING:
			Say(out, now ? " in the last " : " in any ");
			SpanWrite(&clause->window, out);
			Say(out, " (a contact sent exactly ");
			SpanWrite(&clause->window, out);
			Say(out, " ago no longer counts)");
			return;
		case WINDOW_EVER:
			Say(out, now ? " so far" : " ever");
			return;
		default:
			break;
	}
	if (clause->units > 2)
		CoreTextPrintf(out, " in the current calendar %s and the %d before it",
					   unit, (int) clause->units - 1);
	else if (clause->units == 2)
		CoreTextPrintf(out, " in the current calendar %s and the one before "
					   "it", unit);
	else
		CoreTextPrintf(out, now ? " in the current calendar %s" :
					   " in one calendar %s", unit);
	if (clause->by != UNIT_NONE)
		CoreTextPrintf(out, ", reaching back to the start of the calendar %s "
					   "in which %s", unit_names[clause->by],
					   clause->units > 1 ? "these begin" : "it begins");
	if (clause->unit == UNIT_WEEK || clause->by == UNIT_WEEK)
		CoreTextPrintf(out, " (weeks start on %s)",
					   WeekdayWords[PolicyWeekStart(policy, layer)]);
	SayZone(policy, layer, "date", out);
}

/* Can a contact be matched by both patterns? */
static bool
PatternsMeet(const Policy *policy, const PolicyPattern *a,
			 const PolicyPattern *b)
{
	const char *a_channel = PolicyText(policy, a->channel);
	const char *b_channel = PolicyText(policy, b->channel);
	const char *a_purpose = PolicyText(policy, a->purpose);
	const char *b_purpose = PolicyText(policy, b->purpose);
	size_t		a_length = strlen(a_purpose);
	size_t		b_length = strlen(b_purpose);
	size_t		shorter = a_length < b_length ? a_length : b_length;
	const char *longer = a_length < b_length ? b_purpose : a_purpose;

	if (a_channel[0] != '\0' && b_channel[0] != '\0' &&
		strcmp(a_channel, b_channel) != 0)
		return false;
	if (shorter == 0 || a->marketing || b->marketing)
		return true;
	return strncmp(a_purpose, b_purpose, shorter) == 0 &&
		(longer[shorter] == '\0' || longer[shorter] == '.');
}

/* Might a contact of scope a be one of scope b? */
bool
ScopesMeet(const Policy *policy, int a, int b)
{
	const PolicyScope *x = &policy->scopes[a];
	const PolicyScope *y = &policy->scopes[b];

	for (int i = 0; i < x->included; i++)
		for (int j = 0; j < y->included; j++)
			if (PatternsMeet(policy, &policy->patterns[x->first + i],
							 &policy->patterns[y->first + j]))
				return true;
	return false;
}

/* That a rule sees events, where its scope names other channels. */
void
SayEvents(const Policy *policy, int index, CoreText *out)
{
	const PolicyScope *scope = &policy->scopes[index];

	for (int i = 0; i < scope->included; i++)
		if (strcmp(PolicyText(policy,
							  policy->patterns[scope->first + i].channel),
				   "event") != 0)
		{
			Say(out, ", events included");
			return;
		}
}

/* Does the scope match every contact? */
bool
ScopeIsAny(const Policy *policy, int index)
{
	const PolicyScope *scope = &policy->scopes[index];
	const PolicyPattern *pattern = &policy->patterns[scope->first];

	return scope->included == 1 && scope->excepted == 0 &&
		PolicyText(policy, pattern->channel)[0] == '\0' &&
		PolicyText(policy, pattern->purpose)[0] == '\0';
}

/* A scope of which something is said: "all contacts" when it is any. */
void
SayAll(const Policy *policy, int scope, const Noun *noun, CoreText *out)
{
	if (ScopeIsAny(policy, scope))
		Say(out, "all contacts");
	else
		SayScope(policy, scope, noun, out);
}

/* "clicked or better" */
void
SayOutcome(Outcome outcome, CoreText *out)
{
	Say(out, OutcomeNames[outcome]);
	if (OutcomeIsRising(outcome) && outcome != OUTCOME_CONVERTED)
		Say(out, " or better");
}

/* See rules.h. */
void
RuleKindsWords(int kinds, CoreText *out)
{
	static const struct
	{
		RuleKind	kind;
		const char *word;
	}			words[] = {
		{RULE_MAX, "max"},
		{RULE_GAP, "gap"},
		{RULE_ONLY_WITHIN, "only within"},
		{RULE_CLOCK, "clock"},
		{RULE_DAY, "day"},
		{RULE_PAUSE, "pause"},
		{RULE_NEVER, "never"}
	};
	const char *stated[sizeof(words) / sizeof(words[0])];
	int			n = 0;
	char		buf[16];

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if ((kinds & words[i].kind) != 0)
			stated[n++] = words[i].word;
	for (int i = 0; i < n; i++)
		CoreTextPrintf(out, "%s%s", Separator(i, n, "and", buf), stated[i]);
}
