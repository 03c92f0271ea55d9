/*
 * label.c
 *		Names of channels and purposes, outcomes, weights: read and checked.
 */
#include "history/label.h"

#include <math.h>

const char *const OutcomeNames[OUTCOME_COUNT] = {
	"planned", "sent", "delivered", "opened", "clicked", "replied",
	"converted", "declined", "unsubscribed", "complained", "bounced",
	"hard_bounced", "rejected", "failed", "event"
};

static inline bool
IsBlank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline char
Fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c;
}

static inline bool
IsLetter(char c)
{
	return c >= 'a' && c <= 'z';
}

static inline bool
IsNameCharacter(char c)
{
	return IsLetter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* Leave out the blanks around a text. */
static void
TrimBlanks(const char **text, size_t *length)
{
	while (*length > 0 && IsBlank((*text)[*length - 1]))
		(*length)--;
	while (*length > 0 && IsBlank(**text))
	{
		(*text)++;
		(*length)--;
	}
}

/* Is it NAME, or with dots NAME{.NAME}?  Folds into out on the way. */
static bool
FoldName(const char *text, size_t length, bool dots, char *out)
{
	size_t		name = 0;		/* characters of the present NAME */

	for (size_t i = 0; i < length; i++)
	{
		char		c = Fold(text[i]);

		out[i] = c;
		if (c == '.' && dots && name > 0)
			name = 0;
		else if ((name == 0 ? IsLetter(c) : IsNameCharacter(c)) &&
				 name < LABEL_NAME_MAX)
			name++;
		else
			return false;
	}
	out[length] = '\0';
	return name > 0;
}

/* Read the name of a channel; see label.h. */
bool
LabelChannel(const char *text, size_t length, char *out, CoreError *err)
{
	char		quoted[CORE_QUOTE_SIZE];
	const char *name = text;
	size_t		name_length = length;

	TrimBlanks(&name, &name_length);
	if (name_length > LABEL_NAME_MAX ||
		!FoldName(name, name_length, false, out))
	{
		CoreFail(err, CORE_INVALID, "invalid channel: \"%s\"",
				 CoreQuote(quoted, text, length));
		CoreHint(err, "A channel is a name such as email, sms or push: "
				 "letters, digits, \"_\" and \"-\", a letter first, "
				 "at most %d characters.", LABEL_NAME_MAX);
		return false;
	}
	if (strcmp(out, "any") == 0 || strcmp(out, "each") == 0)
	{
		CoreFail(err, CORE_INVALID, "invalid channel: \"%s\"", out);
		CoreDetail(err, "\"%s\" is a pattern of the policy language.", out);
		CoreHint(err, "Name the one channel of the contact, such as email.");
		return false;
	}
	return true;
}

/* Read the name of a purpose; see label.h. */
bool
LabelPurpose(const char *text, size_t length, char *out, CoreError *err)
{
	char		quoted[CORE_QUOTE_SIZE];
	const char *name = text;
	size_t		name_length = length;

	TrimBlanks(&name, &name_length);
	if (name_length > LABEL_PURPOSE_MAX ||
		!FoldName(name, name_length, true, out))
	{
		CoreFail(err, CORE_INVALID, "invalid purpose: \"%s\"",
				 CoreQuote(quoted, text, length));
		CoreHint(err, "A purpose is a name such as promo, or names joined by "
				 "dots such as promo.summer: letters, digits, \"_\" and "
				 "\"-\", a letter first, at most %d characters each and %d "
				 "in all.", LABEL_NAME_MAX, LABEL_PURPOSE_MAX);
		return false;
	}
	return true;
}

/* See label.h. */
int
FindName(const char *const *names, int count, const char **text,
		 size_t *length)
{
	TrimBlanks(text, length);
	for (int i = 0; i < count; i++)
	{
		size_t		n = 0;

		if (strlen(names[i]) != *length)
			continue;
		while (n < *length && Fold((*text)[n]) == names[i][n])
			n++;
		if (n == *length)
			return i;
	}
	return -1;
}

/* See label.h. */
bool
OutcomeParse(const char *text, size_t length, Outcome *outcome,
			 CoreError *err)
{
	char		quoted[CORE_QUOTE_SIZE];
	const char *name = text;
	size_t		name_length = length;
	int			found = FindName(OutcomeNames, OUTCOME_COUNT, &name,
								 &name_length);

	if (found >= 0)
	{
		*outcome = (Outcome) found;
		return true;
	}
	CoreFail(err, CORE_INVALID, "invalid outcome: \"%s\"",
			 CoreQuote(quoted, text, length));
	CoreHint(err, "Outcomes are planned, sent, delivered, opened, clicked, "
			 "replied, converted, declined, unsubscribed, complained, "
			 "bounced, hard_bounced, rejected, failed and event.");
	return false;
}

/* Say what is wrong with a weight. */
static bool
FailWeight(CoreErrorCode code, const char *reason, CoreError *err)
{
	CoreFail(err, code, "invalid weight");
	CoreDetail(err, "A weight %s.", reason);
	CoreHint(err, "Weights run from 0 to 1000000 with at most six decimal "
			 "places.");
	return false;
}

/* The millionths of a weight that is a float8; see label.h. */
bool
WeightFromDouble(double value, int64_t *weight, CoreError *err)
{
	if (isnan(value) || isinf(value) || value < 0)
		return FailWeight(CORE_INVALID, "is a finite number and not negative",
						  err);
	if (value > (double) (WEIGHT_MAX / WEIGHT_ONE))
		return FailWeight(CORE_RANGE, "is at most 1000000", err);
	*weight = (int64_t) (value * (double) WEIGHT_ONE + 0.5);
	/* the nearest double to a whole number of millionths, or none */
	if ((double) *weight / (double) WEIGHT_ONE != value)
		return FailWeight(CORE_RANGE, "is a whole number of millionths", err);
	return true;
}

/*
 * The millionths of a number as JSON writes it, exact: digits, where the
 * point is, and whether a millionth is too coarse for it.  INT64_MAX: more.
 */
static int64_t
ReadMillionths(const char *text, const char *end, bool *finer)
{
	int64_t		value = 0;
	int			exponent = 6;	/* of the last digit of value */
	int			given = 0;
	bool		point = false;

	*finer = false;
	for (; text < end && *text != 'e' && *text != 'E'; text++)
	{
		if (*text == '.')
			point = true;
		else if (value > (INT64_MAX - 9) / 10)
		{
			/* more digits than any sum of weights has */
			*finer |= *text != '0';
			exponent += point ? 0 : 1;
		}
		else
		{
			value = value * 10 + (*text - '0');
			exponent -= point ? 1 : 0;
		}
	}
	if (text < end)
	{
		bool		down = *++text == '-';

		text += *text == '-' || *text == '+';
		for (; text < end && given < 10000; text++)
			given = given * 10 + (*text - '0');
		exponent += down ? -given : given;
	}
	for (; exponent < 0 && value > 0; exponent++)
	{
		*finer |= value % 10 != 0;
		value /= 10;
	}
	for (; exponent > 0 && value > 0; exponent--)
	{
		if (value > INT64_MAX / 10)
			return INT64_MAX;
		value *= 10;
	}
	return value;
}

/* A weight as JSON writes numbers; see label.h. */
bool
WeightParse(const char *text, size_t length, int64_t most, int64_t *weight,
			CoreError *err)
{
	const char *end = text + length;
	bool		negative = text < end && *text == '-';
	bool		finer;

	*weight = ReadMillionths(text + negative, end, &finer);
	if (negative && (*weight > 0 || finer))
		return FailWeight(CORE_INVALID, "is a finite number and not negative",
						  err);
	if (*weight > most)
		return FailWeight(CORE_RANGE, "is at most 1000000", err);
	if (finer)
		return FailWeight(CORE_RANGE, "is a whole number of millionths", err);
	return true;
}

/* A weight as text, without zeros at its end: "2", "0.25". */
void
WeightWrite(int64_t weight, CoreText *out)
{
	CoreTextPrintf(out, "%lld", (long long) (weight / WEIGHT_ONE));
	if (weight % WEIGHT_ONE != 0)
	{
		char		digits[8];
		int			last = 6;
		int64_t		rest = weight % WEIGHT_ONE;

		for (int i = 6; i >= 1; i--, rest /= 10)
			digits[i] = (char) ('0' + rest % 10);
		digits[0] = '.';
		while (digits[last] == '0')
			last--;
		CoreTextAppend(out, digits, (size_t) last + 1);
	}
}
