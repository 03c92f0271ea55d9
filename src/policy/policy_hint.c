/*
 * policy_hint.c
 *		What to do about a syntax error.
 *
 * The parser knows what could have stood at the place; what people meant is
 * guessed from that, from what they wrote instead and from its neighbours.
 * Each Hint...() knows one place in the grammar; the first that recognises
 * what happened has the word.
 */
#include "policy/policy_build.h"

#include "policy/policy_gram.h"

/* A hint shows at most so much of a token. */
#define HINT_TOKEN_MAX	40

/* The error, as the hints look at it. */
typedef struct Mistake
{
	PolicyBuilder *builder;
	const char *const *expected;
	int			nexpected;
	const PolicyToken *tokens;
	int			at;				/* the token that cannot stand there */
	int			found;			/* its kind */
	int			before;			/* the kind of the one before it */
	int			after;			/* and of the one after it */
	int			clause;			/* the first token of clause or statement */
} Mistake;

/* A token of the text, as "%.*s" takes it. */
#define WORD(mistake, token) \
	(int) ((mistake)->tokens[token].length > HINT_TOKEN_MAX ? \
		   HINT_TOKEN_MAX : (mistake)->tokens[token].length), \
	(mistake)->builder->text + (mistake)->tokens[token].offset

#define HINT(mistake, ...) \
	(CoreHint((mistake)->builder->err, __VA_ARGS__), true)

/* Could this have stood there? */
static bool
Expects(const Mistake *mistake, const char *name)
{
	for (int i = 0; i < mistake->nexpected; i++)
		if (strcmp(mistake->expected[i], name) == 0)
			return true;
	return false;
}

/* Is a token spelled like this, letters folded? */
static bool
Spells(const Mistake *mistake, int token, const char *word)
{
	const char *text = TokenText(mistake->builder, token);
	size_t		length = TokenLength(mistake->builder, token);

	if (length != strlen(word))
		return false;
	for (size_t i = 0; i < length; i++)
	{
		char		c = text[i] >= 'A' && text[i] <= 'Z' ?
			(char) (text[i] + ('a' - 'A')) : text[i];

		if (c != word[i])
			return false;
	}
	return true;
}

/* Is a token spelled like one of a list that ends with NULL? */
static bool
SpellsOneOf(const Mistake *mistake, int token, const char *const *words)
{
	for (; *words != NULL; words++)
		if (Spells(mistake, token, *words))
			return true;
	return false;
}

static bool
IsUnit(int kind)
{
	return kind >= WORD_MILLISECOND && kind <= WORD_YEAR;
}

static bool
IsEnd(int kind)
{
	return kind == WORD_NEWLINE || kind == WORD_SEMICOLON || kind == WORD_END;
}

static bool
IsWord(int kind)
{
	return kind == WORD_NAME || kind == WORD_WEEKDAYS || kind >= WORD_ANY;
}

/* Does a clause begin with a token of this kind? */
static bool
BeginsClause(int kind)
{
	return (kind >= WORD_MAX && kind <= WORD_NEEDS) ||
		(kind >= WORD_TRANSACTIONAL && kind <= WORD_ANSWER);
}

/* Could the name of a unit stand there? */
static bool
ExpectsUnit(const Mistake *mistake)
{
	return Expects(mistake, "day");
}

/* Could a clause begin there? */
static bool
ExpectsClause(const Mistake *mistake)
{
	return Expects(mistake, "max");
}

/* --- characters that mean nothing */

/* Bytes from word processors, and signs from other languages. */
static bool
HintCharacter(const Mistake *mistake)
{
	static const struct
	{
		const char *start;
		const char *hint;
	}			signs[] = {
		{"\xe2\x80\x98", "Write names without quotes."},
		{"\xe2\x80\x99", "Write names without quotes."},
		{"\xe2\x80\x9c", "Write names without quotes."},
		{"\xe2\x80\x9d", "Write names without quotes."},
		{"\xe2\x80\xa6", "Write everything out: \"...\" means nothing here."},
		{"\xe2\x80\xa2", "Write one statement on each line, without a "
		"bullet."},
		{"\xe2\x80\xaf", "Replace the blank here by an ordinary one."},
		{"\xe2\x80", "Write an ordinary hyphen here: \"-\"."},
		{"\xe2\x88\x92", "Write an ordinary hyphen here: \"-\"."},
		{"\xc2\xa0", "Replace the blank here by an ordinary one."},
		{"\xef\xbb\xbf", "Remove the byte order mark from the text."},
		{"\"", "Write names without quotes; only a zone's name may have "
		"them, on both sides."},
		{"'", "Write names without quotes; only a zone's name may have "
		"them."},
		{"(", "There are no parentheses: join patterns with \"|\", clauses "
		"with \",\"."},
		{")", "There are no parentheses: join patterns with \"|\", clauses "
		"with \",\"."},
		{"&", "Write \"|\" between channels, \",\" between clauses."},
		{"=", "Write \":\" after the scope: \"email: max 3 per 7 days\"."},
		{"*", "Write \"any\" for every channel; for every purpose leave the "
		"purpose out."},
		{"<", "Write \"max 3\" for at most 3."},
		{"%", "Write a number, as in \"max 3 per 7 days\"."},
		{"_", "A name begins with a letter."},
	};
	const char *text = TokenText(mistake->builder, mistake->at);

	if (mistake->found != WORD_INVALID)
		return false;
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
	{
		size_t		length = strlen(signs[i].start);

		if (length <= TokenLength(mistake->builder, mistake->at) &&
			memcmp(text, signs[i].start, length) == 0)
			return HINT(mistake, "%s", signs[i].hint);
	}
	return HINT(mistake, "Names have the letters a-z, digits, \"_\" and "
				"\"-\"; a comment begins with \"#\".");
}

/* --- statements */

/* Comments of other languages. */
static bool
HintComment(const Mistake *mistake)
{
	return (mistake->found == WORD_DASH || mistake->found == WORD_SLASH) &&
		mistake->after == mistake->found &&
		HINT(mistake, "A comment begins with \"#\".");
}

/* What begins a line and cannot. */
static bool
HintLineStart(const Mistake *mistake)
{
	if (!IsEnd(mistake->before))
		return false;
	if (mistake->found == WORD_COMMA || mistake->found == WORD_BAR ||
		mistake->found == WORD_COLON)
		return HINT(mistake, "A line goes on after \",\", \"|\" or \":\": "
					"write the \"%.*s\" at the end of the line before.",
					WORD(mistake, mistake->at));
	if (BeginsClause(mistake->found))
		return HINT(mistake, "A statement begins with a scope: write \"any: "
					"%.*s ...\", or a \",\" at the end of the line before.",
					WORD(mistake, mistake->at));
	return HINT(mistake, "A statement begins with a scope, as in \"email: "
				"max 3 per 7 days\", or with layer, zone, week, channels or "
				"purposes.");
}

/* The first words of other languages than this one. */
static bool
HintFirstWord(const Mistake *mistake)
{
	static const struct
	{
		const char *word;
		const char *hint;
	}			words[] = {
		{"timezone", "Write \"zone Europe/Amsterdam\"."},
		{"tz", "Write \"zone Europe/Amsterdam\"."},
		{"time", "Write \"zone Europe/Amsterdam\"."},
		{"channel", "Write \"channels email | push\"."},
		{"purpose", "Write \"purposes promo | newsletter\"."},
		{"weeks", "Write \"week starts monday\"."},
		{"policy", "Write \"layer NAME\" to name what follows."},
		{"set", "Write \"zone Europe/Amsterdam\", without \"set\"."},
		{"for", "Begin with the scope alone: \"email: max 3 per 7 days\"."},
		{"all", "Write \"any\" for every channel."},
		{"every", "Write \"any\" for every channel, or \"each\" to look at "
		"each on its own."},
	};

	if (!Expects(mistake, ":") && !Expects(mistake, "starts"))
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (Spells(mistake, mistake->clause, words[i].word))
			return HINT(mistake, "%s", words[i].hint);
	return false;
}

/* Is a token part of a pattern, as in email/promo.summer? */
static bool
InPattern(int kind)
{
	return IsWord(kind) || kind == WORD_SLASH || kind == WORD_DOT;
}

/* The length and the beginning of the pattern that a token is part of. */
static int
PatternLength(const Mistake *mistake, int token, int *first)
{
	const PolicyToken *tokens = mistake->tokens;
	int			last = token;
	size_t		length;

	*first = token;
	while (*first > 0 && InPattern(tokens[*first - 1].kind) &&
		   !(IsWord(tokens[*first].kind) && IsWord(tokens[*first - 1].kind)))
		(*first)--;
	while (InPattern(tokens[last + 1].kind) &&
		   !(IsWord(tokens[last].kind) && IsWord(tokens[last + 1].kind)))
		last++;
	length = tokens[last].offset + tokens[last].length -
		tokens[*first].offset;
	return (int) (length > HINT_TOKEN_MAX ? HINT_TOKEN_MAX : length);
}

/* What is written between channels, or between a scope and its clauses. */
static bool
HintScope(const Mistake *mistake)
{
	static const char *const joins[] = {"and", "or", "plus", NULL};

	if (!Expects(mistake, ":"))
		return false;
	if (IsWord(mistake->after) &&
		(!BeginsClause(mistake->after) ||
		 mistake->tokens[mistake->at + 2].kind == WORD_COLON) &&
		(mistake->found == WORD_COMMA || mistake->found == WORD_PLUS ||
		 SpellsOneOf(mistake, mistake->at, joins)))
	{
		int			left,
					right;
		int			left_length = PatternLength(mistake, mistake->at - 1,
												&left);
		int			right_length = PatternLength(mistake, mistake->at + 1,
												 &right);

		return HINT(mistake, "write \"%.*s | %.*s:\"",
					left_length, TokenText(mistake->builder, left),
					right_length, TokenText(mistake->builder, right));
	}
	if (BeginsClause(mistake->found) || BeginsClause(mistake->after))
		return HINT(mistake, "Write \":\" after the scope, as in \"%.*s: "
					"max 3 per 7 days\".", WORD(mistake, mistake->at - 1));
	if (mistake->found == WORD_DOT && mistake->before == WORD_EACH)
		return HINT(mistake, "\"each\" can only be the last part of a "
					"purpose, as in \"any/promo.each\".");
	if (mistake->found == WORD_DOT)
		return HINT(mistake, "Write \"/\" between channel and purpose, as in "
					"\"email/promo.summer\".");
	if (IsEnd(mistake->found))
		return HINT(mistake, "Write \":\" and a clause after the scope, as "
					"in \"%.*s: max 3 per 7 days\".",
					WORD(mistake, mistake->at - 1));
	if (mistake->found == WORD_NAME)
		return HINT(mistake, "A name is one word, as in \"%.*s_%.*s\"; write "
					"\"|\" between channels and \":\" after the scope.",
					WORD(mistake, mistake->at - 1),
					WORD(mistake, mistake->at));
	return false;
}

/* Where only a name can stand. */
static bool
HintName(const Mistake *mistake)
{
	if (!Expects(mistake, "a name"))
		return false;
	if (mistake->found == WORD_ANY &&
		(mistake->before == WORD_SLASH || mistake->before == WORD_DOT))
		return HINT(mistake, "For every purpose leave \"%.*sany\" out.",
					WORD(mistake, mistake->at - 1));
	if (mistake->found == WORD_ANY || mistake->found == WORD_EACH)
		return HINT(mistake, "\"any\" and \"each\" stand for every channel "
					"and are no names; choose another name.");
	if (mistake->before == WORD_ANSWER)
		return HINT(mistake, "Write \"answer opened\" or \"answer "
					"clicked\".");
	if (mistake->found == WORD_NUMBER || mistake->found == WORD_DATE)
		return HINT(mistake, "A name begins with a letter.");
	return false;
}

/* zone, week, layer, channels, purposes. */
static bool
HintDeclaration(const Mistake *mistake)
{
	if (Expects(mistake, "a zone name"))
		return HINT(mistake, "Use an IANA name, as in \"zone "
					"Europe/Amsterdam\".");
	switch (mistake->tokens[mistake->clause].kind)
	{
		case WORD_ZONE:
			return HINT(mistake, "Write the zone on a line of its own: "
						"\"zone Europe/Amsterdam\".");
		case WORD_WEEK:
			return HINT(mistake, "Write \"week starts monday\".");
		case WORD_LAYER:
			return HINT(mistake, "Write one name on a line of its own: "
						"\"layer everyone\".");
		case WORD_CHANNELS:
			return HINT(mistake, "Write \"|\" between the names: \"channels "
						"email | push\".");
		case WORD_PURPOSES:
			if (mistake->found == WORD_DOT)
				return HINT(mistake, "Declare the first part alone; "
							"\"promo\" covers promo.summer.");
			return HINT(mistake, "Write \"|\" between the names: \"purposes "
						"promo | newsletter\".");
		default:
			return false;
	}
}

/* --- numbers and units */

/* A unit where a number has to come first. */
static bool
HintPerUnit(const Mistake *mistake)
{
	const char *name = mistake->builder->text;
	int			length;

	if (!Expects(mistake, "a number") || !IsUnit(mistake->found))
		return false;
	name += mistake->tokens[mistake->at].offset;
	length = (int) mistake->tokens[mistake->at].length;
	if (length > 1 && (name[length - 1] | 0x20) == 's')
		length--;
	if (mistake->before != WORD_PER || mistake->found == WORD_MILLISECOND ||
		mistake->found == WORD_SECOND || mistake->found == WORD_MINUTE ||
		mistake->found == WORD_HOUR)
		return HINT(mistake, "write \"1 %.*s\"", length, name);
	if (mistake->found == WORD_QUARTER)
		return HINT(mistake, "write \"3 months\" (rolling) or \"calendar "
					"quarter\"");
	return HINT(mistake, "write \"1 %.*s\" (rolling) or \"calendar %.*s\"",
				length, name, length, name);
}

/* Anything else in place of a number. */
static bool
HintNumber(const Mistake *mistake)
{
	static const char *const words[] = {
		"a", "an", "one", "once", "two", "twice", "three", "four", "five",
		"six", "seven", "ten", "no", "zero", NULL
	};

	if (!Expects(mistake, "a number"))
		return false;
	if (mistake->found == WORD_DASH)
		return HINT(mistake, mistake->before == WORD_MAX ?
					"Write a number from 0 on; \"max 0\" refuses "
					"everything." :
					"Write a positive number.");
	if (mistake->found == WORD_DOT)
		return HINT(mistake, "Write a digit before the point: \"0.5\".");
	if (SpellsOneOf(mistake, mistake->at, words))
		return HINT(mistake, "Write the number in digits.");
	return false;
}

/* What units are abbreviated to. */
static const char *
AbbreviatedUnit(const Mistake *mistake)
{
	static const char *const abbreviations[][2] = {
		{"ms", "milliseconds"}, {"msec", "milliseconds"},
		{"s", "seconds"}, {"sec", "seconds"}, {"secs", "seconds"},
		{"m", "minutes"}, {"min", "minutes"}, {"mins", "minutes"},
		{"h", "hours"}, {"hr", "hours"}, {"hrs", "hours"},
		{"d", "days"}, {"w", "weeks"}, {"wk", "weeks"}, {"wks", "weeks"},
		{"mo", "months"}, {"mon", "months"}, {"mth", "months"},
		{"y", "years"}, {"yr", "years"}, {"yrs", "years"}
	};

	for (size_t i = 0;
		 i < sizeof(abbreviations) / sizeof(abbreviations[0]); i++)
		if (Spells(mistake, mistake->at, abbreviations[i][0]))
			return abbreviations[i][1];
	return NULL;
}

/* A number without a unit, or with one that is none. */
static bool
HintUnit(const Mistake *mistake)
{
	const char *unit;

	if (!ExpectsUnit(mistake))
		return false;
	if (mistake->before == WORD_CALENDAR || mistake->before == WORD_BY)
		return HINT(mistake, "Calendar units are day, week, month, quarter "
					"and year; a window without \"calendar\" is rolling: "
					"\"per 24 hours\".");
	if (mistake->before != WORD_NUMBER)
		return false;
	if (mistake->found == WORD_QUARTER)
		return HINT(mistake, "Write \"3 months\" for a duration, or "
					"\"calendar quarter\".");
	unit = AbbreviatedUnit(mistake);
	if (unit != NULL)
		return HINT(mistake, "Write \"%.*s %s\".",
					WORD(mistake, mistake->at - 1), unit);
	if (IsWord(mistake->found) && mistake->found == WORD_NAME)
		return HINT(mistake, "Units are milliseconds, seconds, minutes, "
					"hours, days, weeks, months and years.");
	if (Expects(mistake, "calendar"))
		return HINT(mistake, "Say of what: \"%.*s days\" (rolling) or "
					"\"%.*s calendar days\".",
					WORD(mistake, mistake->at - 1),
					WORD(mistake, mistake->at - 1));
	return HINT(mistake, "Say of what: \"%.*s hours\" or \"%.*s days\".",
				WORD(mistake, mistake->at - 1),
				WORD(mistake, mistake->at - 1));
}

/* After "max N". */
static bool
HintLimit(const Mistake *mistake)
{
	static const char *const ins[] = {
		"in", "within", "every", "each", "a", "an", "over", "during", "for",
		"any", NULL
	};
	static const char *const words[][2] = {
		{"daily", "day"}, {"weekly", "week"}, {"monthly", "month"},
		{"yearly", "year"}
	};
	int			number = mistake->at + 1;

	if (!Expects(mistake, "per"))
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (Spells(mistake, mistake->at, words[i][0]))
			return HINT(mistake, "write \"per 1 %s\" (rolling) or \"per "
						"calendar %s\"", words[i][1], words[i][1]);
	if (mistake->found == WORD_SLASH ||
		SpellsOneOf(mistake, mistake->at, ins))
	{
		if (mistake->after == WORD_NUMBER &&
			IsUnit(mistake->tokens[number + 1].kind))
			return HINT(mistake, "write \"per %.*s %.*s\"",
						WORD(mistake, number), WORD(mistake, number + 1));
		if (IsUnit(mistake->after))
			return HINT(mistake, "write \"per 1 %.*s\" (rolling) or \"per "
						"calendar %.*s\"", WORD(mistake, number),
						WORD(mistake, number));
		return HINT(mistake, "Write \"per\" before the window: \"max 3 per 7 "
					"days\".");
	}
	if (mistake->before == WORD_NUMBER && mistake->found == WORD_COMMA &&
		mistake->after == WORD_NUMBER)
		return HINT(mistake, "Write large numbers without commas.");
	if (mistake->before != WORD_NUMBER && mistake->before != WORD_WEIGHT)
		return false;
	if (mistake->found == WORD_NAME)
		return HINT(mistake, "What is counted stands before the \":\"; write "
					"\"max 3 per 7 days\".");
	return HINT(mistake, "Say in which window: \"max %.*s per 7 days\", "
				"\"max %.*s per calendar week\" or \"max %.*s ever\".",
				WORD(mistake, mistake->clause + 1),
				WORD(mistake, mistake->clause + 1),
				WORD(mistake, mistake->clause + 1));
}

/* --- times, days, dates */

/* Where "HH:MM" could stand. */
static bool
HintTime(const Mistake *mistake)
{
	bool		only = mistake->before == WORD_ONLY;

	if (mistake->before == WORD_NOT && mistake->found == WORD_TIME)
		return HINT(mistake, "Write \"quiet 21:00-08:00\".");
	if ((only || mistake->before == WORD_NOT) &&
		(mistake->found == WORD_WEEKDAYS || mistake->found == WORD_DATE))
		return HINT(mistake, "Write \"%.*s on %.*s\".",
					WORD(mistake, mistake->at - 1),
					WORD(mistake, mistake->at));
	if (mistake->before == WORD_QUIET && mistake->found == WORD_ON)
		return HINT(mistake, "For whole days write \"not on %.*s\".",
					WORD(mistake, mistake->at + 1));
	if (only && IsWord(mistake->found))
		return HINT(mistake, "Write \"only 09:00-20:00\", \"only on "
					"mon-fri\", or \"only within 14 days after "
					"email/order\".");
	if (Expects(mistake, "a time (HH:MM)") ||
		(Expects(mistake, "-") && mistake->before == WORD_TIME))
		return HINT(mistake, "Write both times on the 24-hour clock: \"%s "
					"21:00-08:00\".",
					mistake->tokens[mistake->clause].kind == WORD_ONLY ?
					"only" : "quiet");
	return false;
}

/* Where a weekday or a date could stand. */
static bool
HintDate(const Mistake *mistake)
{
	if (Expects(mistake, "to") && mistake->before == WORD_DATE &&
		!Expects(mistake, ",") &&
		mistake->tokens[mistake->at - 1].length <= strlen("YYYY-MM-DD"))
		return HINT(mistake, "Write both dates: \"%.*s to %.*s\".",
					WORD(mistake, mistake->at - 1),
					WORD(mistake, mistake->after == WORD_DATE ?
						 mistake->at + 1 : mistake->at - 1));
	if (mistake->before == WORD_DURING || mistake->before == WORD_OUTSIDE ||
		(mistake->found == WORD_NAME && mistake->after == WORD_DATE) ||
		(mistake->before == WORD_TO && !Expects(mistake, "a weekday")))
		return HINT(mistake, "Write both dates, as MM-DD (every year) or "
					"YYYY-MM-DD: \"during 11-23 to 11-30\".");
	if (mistake->before == WORD_WEEKDAYS && mistake->after == WORD_WEEKDAYS)
		return HINT(mistake, "Write \"%.*s%c%.*s\".",
					WORD(mistake, mistake->at - 1),
					mistake->found == WORD_TO ? '-' : '+',
					WORD(mistake, mistake->at + 1));
	if (mistake->found == WORD_WEEKDAYS && Expects(mistake, "on"))
		return HINT(mistake, "Write \"on %.*s\".",
					WORD(mistake, mistake->at));
	if (mistake->found == WORD_DATE && Expects(mistake, "a weekday"))
		return HINT(mistake, "Limit the rule to dates with \"during %.*s to "
					"%.*s\" instead.", WORD(mistake, mistake->at),
					WORD(mistake, mistake->at));
	if (Expects(mistake, "a weekday"))
	{
		if (Spells(mistake, mistake->at, "weekends") ||
			Spells(mistake, mistake->at, "weekend"))
			return HINT(mistake, "Write \"sat+sun\".");
		return HINT(mistake, "Write weekdays as \"mon-fri\" or \"sat+sun\"; "
					"dates as MM-DD or YYYY-MM-DD, without weekdays.");
	}
	return false;
}

/* --- clauses */

/* What clauses are called elsewhere. */
static bool
HintClauseWord(const Mistake *mistake)
{
	static const struct
	{
		const char *word;
		const char *hint;
	}			words[] = {
		{"limit", "Write \"max 3 per 7 days\"."},
		{"cap", "Write \"max 3 per 7 days\"."},
		{"maximum", "Write \"max 3 per 7 days\"."},
		{"at", "Write \"max 3 per 7 days\"."},
		{"min", "Write \"gap 24 hours\" for the least time between two."},
		{"minimum", "Write \"gap 24 hours\" for the least time between two."},
		{"wait", "Write \"gap 24 hours\"."},
		{"every", "Write \"gap 24 hours\" or \"max 1 per 24 hours\"."},
		{"consent", "Write \"needs consent\"."},
		{"requires", "Write \"needs consent\"."},
		{"require", "Write \"needs consent\"."},
		{"need", "Write \"needs consent\"."},
		{"opt-in", "Write \"needs consent\"."},
		{"no", "Write \"never\", \"not on sat+sun\" or \"quiet "
		"21:00-08:00\"."},
		{"block", "Write \"never\"."},
		{"stop", "Write \"never\", or \"pause 60 days after 8 unanswered\"."},
		{"dnd", "Write \"quiet 21:00-08:00\"."},
		{"between", "Write \"only 09:00-20:00\"."},
		{"allow", "Nothing is refused without a rule; write \"only "
		"09:00-20:00\", \"only on mon-fri\", or leave this out."},
		{"always", "Nothing is refused without a rule; leave this out."},
	};

	if (!ExpectsClause(mistake))
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (Spells(mistake, mistake->at, words[i].word))
			return HINT(mistake, "%s", words[i].hint);
	return false;
}

/* Is there the end of a line between a token and the one before? */
static bool
AfterLineEnd(const Mistake *mistake)
{
	const PolicyToken *before = &mistake->tokens[mistake->at - 1];
	const PolicyToken *token = &mistake->tokens[mistake->at];

	return memchr(mistake->builder->text + before->offset, '\n',
				  token->offset - before->offset) != NULL;
}

/* Does the scope of another statement begin here? */
static bool
IsScope(const Mistake *mistake)
{
	return IsWord(mistake->found) &&
		(mistake->after == WORD_COLON || mistake->after == WORD_BAR ||
		 mistake->after == WORD_SLASH || mistake->after == WORD_EXCEPT);
}

/* Where a clause should begin. */
static bool
HintClause(const Mistake *mistake)
{
	if (!ExpectsClause(mistake))
		return false;
	if (IsScope(mistake) && AfterLineEnd(mistake))
		return HINT(mistake, "The statement goes on because the line before "
					"ends in \"%.*s\"; remove that.",
					WORD(mistake, mistake->at - 1));
	if (IsScope(mistake))
		return HINT(mistake, "Begin a new line, or write \";\", before "
					"\"%.*s\".", WORD(mistake, mistake->at));
	if (mistake->found == WORD_NAME && mistake->before == WORD_COMMA &&
		mistake->tokens[mistake->at - 2].kind == WORD_NAME)
		return HINT(mistake, "Write \"%.*s | %.*s\" for both, or a clause "
					"such as \"gap 24 hours\".",
					WORD(mistake, mistake->at - 2),
					WORD(mistake, mistake->at));
	if (mistake->found == WORD_NUMBER)
		return HINT(mistake, "Write \"max %.*s per 7 days\".",
					WORD(mistake, mistake->at));
	if (IsEnd(mistake->found) && mistake->before == WORD_COMMA)
		return HINT(mistake, "Remove the last \",\", or write another "
					"clause.");
	if (mistake->found == WORD_WEEKDAYS)
		return HINT(mistake, "Write weekdays together, as in \"on "
					"mon+wed+fri\".");
	return HINT(mistake, "Write a clause such as \"max 3 per 7 days\", \"gap "
				"24 hours\", \"quiet 21:00-08:00\" or \"needs consent\".");
}

/* After a clause that is complete. */
static bool
HintClauseEnd(const Mistake *mistake)
{
	int			kind = mistake->tokens[mistake->clause].kind;

	if (!Expects(mistake, ","))
		return false;
	if (mistake->found == WORD_COLON)
		return HINT(mistake, "Begin a new line, or write \";\", before the "
					"next scope.");
	if (IsScope(mistake))
		return HINT(mistake, "Begin a new line, or write \";\", before "
					"\"%.*s\".", WORD(mistake, mistake->at));
	if (BeginsClause(mistake->found))
		return HINT(mistake, "Write \",\" before \"%.*s\".",
					WORD(mistake, mistake->at));
	if (Spells(mistake, mistake->at, "and") ||
		Spells(mistake, mistake->at, "but"))
		return HINT(mistake, "Write \",\" between two clauses.");
	if ((mistake->found == WORD_DURING || mistake->found == WORD_OUTSIDE) &&
		!Expects(mistake, "during"))
		return HINT(mistake, "Only rules can be limited to dates, once "
					"each.");
	if (mistake->found == WORD_AFTER && kind == WORD_MAX)
		return HINT(mistake, "Write \"of\" and the scope that is counted.");
	if (mistake->found == WORD_ON && kind == WORD_MAX)
		return HINT(mistake, "A cap holds on every day; limit it to dates "
					"with \"during 11-23 to 11-30\".");
	return false;
}

/* --- what to say when nothing else fits */

/* How many letters are to be changed, added or dropped; at most limit + 1. */
static int
Distance(const char *a, size_t a_length, const char *b, int limit)
{
	int			row[32];
	size_t		b_length = strlen(b);

	if (b_length >= 32 || a_length > b_length + (size_t) limit ||
		b_length > a_length + (size_t) limit)
		return limit + 1;
	for (size_t j = 0; j <= b_length; j++)
		row[j] = (int) j;
	for (size_t i = 1; i <= a_length; i++)
	{
		int			diagonal = row[0];

		row[0] = (int) i;
		for (size_t j = 1; j <= b_length; j++)
		{
			int			changed = diagonal +
				((a[i - 1] | 0x20) != (b[j - 1] | 0x20));

			diagonal = row[j];
			row[j] = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
			if (changed < row[j])
				row[j] = changed;
		}
	}
	return row[b_length];
}

/* A keyword that could stand there and is spelled nearly like this. */
static bool
HintSpelling(const Mistake *mistake)
{
	const char *text = TokenText(mistake->builder, mistake->at);
	size_t		length = TokenLength(mistake->builder, mistake->at);
	int			limit = length > 5 ? 2 : 1;
	const char *nearest = NULL;

	if (!IsWord(mistake->found) || length < 3)
		return false;
	for (int i = 0; i < mistake->nexpected; i++)
	{
		int			distance;

		if (strchr(mistake->expected[i], ' ') != NULL)
			continue;
		distance = Distance(text, length, mistake->expected[i], limit);
		if (distance > limit)
			continue;
		nearest = mistake->expected[i];
		limit = distance - 1;
	}
	return nearest != NULL && HINT(mistake, "Did you mean \"%s\"?", nearest);
}

/* An example of the clause. */
static bool
HintExample(const Mistake *mistake)
{
	static const struct
	{
		int			kind;
		const char *example;
	}			examples[] = {
		{WORD_MAX, "max 3 per 7 days of email | push"},
		{WORD_GAP, "gap 24 hours after email | push"},
		{WORD_ONLY, "only within 14 days after email/order"},
		{WORD_NOT, "not on 12-24 to 12-26"},
		{WORD_QUIET, "quiet 21:00-08:00 on mon-fri"},
		{WORD_PAUSE, "pause 60 days after 8 unanswered for 3 days"},
		{WORD_NEEDS, "needs consent"},
		{WORD_WEIGHT, "weight 2.5"},
		{WORD_ANSWER, "answer clicked"}
	};
	int			kind = mistake->tokens[mistake->clause].kind;

	if (mistake->found == WORD_NEWLINE)
		return HINT(mistake, "A statement goes on in the next line only "
					"after \",\", \"|\" or \":\".");
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
		if (kind == examples[i].kind)
			return HINT(mistake, "Write for example \"%s\".",
						examples[i].example);
	return HINT(mistake, "Write for example \"email: max 3 per 7 days\".");
}

/* See policy_build.h. */
void
PolicyHint(PolicyBuilder *builder, const char *const *expected,
		   int nexpected)
{
	static bool (*const hints[]) (const Mistake *mistake) = {
		HintCharacter, HintComment, HintPerUnit, HintLineStart,
		HintFirstWord, HintLimit, HintUnit, HintNumber, HintTime,
		HintClauseWord, HintSpelling, HintScope, HintName, HintDeclaration,
		HintDate, HintClause, HintClauseEnd, HintExample
	};
	Mistake		mistake = {
		.builder = builder,
		.expected = expected,
		.nexpected = nexpected,
		.tokens = builder->tokens,
		.at = (int) builder->next - 1
	};

	mistake.found = mistake.tokens[mistake.at].kind;
	mistake.before = mistake.at == 0 ? WORD_END :
		mistake.tokens[mistake.at - 1].kind;
	mistake.after = mistake.found == WORD_END ? WORD_END :
		mistake.tokens[mistake.at + 1].kind;
	mistake.clause = mistake.at;
	while (mistake.clause > 0)
	{
		int			kind = mistake.tokens[mistake.clause - 1].kind;

		if (IsEnd(kind) || kind == WORD_COLON || kind == WORD_COMMA)
			break;
		mistake.clause--;
	}
	for (size_t i = 0; !hints[i] (&mistake); i++)
		;
}
