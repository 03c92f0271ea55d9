/*
 * policy_error.c
 *		What is wrong with a policy's text, and where.
 *
 * The message quotes the line, the detail has line and column, what was found
 * and what could stand there; the hint says what to do (policy_hint.c).
 */
#include "policy/policy_build.h"

#include <stdarg.h>
#include <stdio.h>

#include "policy/policy_gram.h"

/* A line longer than CoreQuote() takes is shown from before the place on. */
#define SHOWN_MAX		64
#define SHOWN_BEFORE	24
#define LINE_SIZE		(CORE_QUOTE_SIZE + 4)

/* More than there are tokens in the grammar. */
#define WORDS_MAX		128

/* The line of the text that holds an offset. */
typedef struct Line
{
	size_t		start;
	size_t		end;
	int			number;			/* 1 is the first */
} Line;

static Line
LineAt(const PolicyBuilder *builder, size_t offset)
{
	Line		line = {0, builder->length, 1};

	for (size_t i = 0; i < builder->length; i++)
	{
		if (builder->text[i] != '\n')
			continue;
		if (i >= offset)
		{
			line.end = i;
			break;
		}
		line.start = i + 1;
		line.number++;
	}
	return line;
}

/*
 * Quote the line, without blanks at its ends; of one too long for that, what
 * is around the place.
 */
static const char *
QuoteLine(char quoted[LINE_SIZE], const PolicyBuilder *builder, Line line,
		  size_t offset)
{
	const char *text = builder->text;
	char		buf[CORE_QUOTE_SIZE];
	bool		cut;

	while (line.start < line.end && strchr(" \t\r", text[line.start]))
		line.start++;
	while (line.end > line.start && strchr(" \t\r", text[line.end - 1]))
		line.end--;
	if (offset > line.end)		/* behind the blanks */
		offset = line.end;
	cut = line.end - line.start > SHOWN_MAX &&
		offset > line.start + SHOWN_MAX / 2;
	if (cut)
		line.start = offset - SHOWN_BEFORE;
	snprintf(quoted, LINE_SIZE, "%s%s", cut ? "..." : "",
			 CoreQuote(buf, text + line.start, line.end - line.start));
	return quoted;
}

/* Say what is wrong at a token; see policy_build.h. */
bool
PolicyFail(PolicyBuilder *builder, int token, const char *format,...)
{
	char		problem[sizeof(builder->err->detail)];
	char		quoted[LINE_SIZE];
	va_list		args;
	size_t		offset;
	Line		line;

	va_start(args, format);
	vsnprintf(problem, sizeof(problem), format, args);
	va_end(args);
	if (builder->text == NULL)
	{
		CoreFail(builder->err, CORE_INVALID,
				 "contact policies do not fit together");
		CoreDetail(builder->err, "Joined, they have an %s.", problem);
		return false;
	}
	offset = builder->tokens[token].offset;
	line = LineAt(builder, offset);
	CoreFail(builder->err, CORE_SYNTAX,
			 "invalid input syntax for type contact_policy: \"%s\"",
			 QuoteLine(quoted, builder, line, offset));
	CoreDetail(builder->err, "At line %d, column %zu: %s.", line.number,
			   offset - line.start + 1, problem);
	return false;
}

/* Fail at a token with what another part of the core has to say. */
bool
PolicyFailBecause(PolicyBuilder *builder, int token, const CoreError *why,
				  const char *hint)
{
	size_t		length = strlen(why->detail);

	/* PolicyFail() ends the sentence */
	if (length > 0 && why->detail[length - 1] == '.')
		length--;
	PolicyFail(builder, token, "%s%s%.*s", why->message,
			   length > 0 ? ". " : "", (int) length, why->detail);
	CoreHint(builder->err, "%s", why->hint[0] != '\0' ? why->hint : hint);
	return false;
}

/* Refuse what is not for the person to decide. */
bool
PolicyFailInPreferences(PolicyBuilder *builder, int token)
{
	PolicyFail(builder, token, "this cannot stand in the layer \""
			   PREFERENCES "\"");
	CoreHint(builder->err, "Only max, gap, quiet, only, not on, pause and "
			 "never rules can stand there; move the rest to another layer.");
	return false;
}

/* Refuse a policy that is too large. */
bool
PolicyTooMany(PolicyBuilder *builder, const char *what, int limit)
{
	CoreFail(builder->err, CORE_LIMIT, "contact_policy is too large");
	CoreDetail(builder->err, "A policy has at most %d %s.", limit, what);
	CoreHint(builder->err, "Divide the policy, or join scopes that have the "
			 "same clauses with \"|\".");
	return false;
}

/* --- syntax errors */

/* What a token is called in an error: itself, or the end of something. */
static const char *
FoundName(const PolicyBuilder *builder, int token,
		  char name[CORE_QUOTE_SIZE + 2])
{
	char		quoted[CORE_QUOTE_SIZE];

	switch (builder->tokens[token].kind)
	{
		case WORD_END:
			return "the end of the text";
		case WORD_NEWLINE:
			return "the end of the line";
		default:
			CoreQuote(quoted, TokenText(builder, token),
					  TokenLength(builder, token));
			snprintf(name, CORE_QUOTE_SIZE + 2,
					 strchr("\"'", quoted[0]) != NULL ? "%s" : "\"%s\"",
					 quoted);
			return name;
	}
}

/* Any of the three ends of a statement? */
static bool
IsEnd(const char *name)
{
	return strcmp(name, "the end of the text") == 0 ||
		strcmp(name, "the end of the line") == 0 || strcmp(name, ";") == 0;
}

/* Append one of n things in a list: "a, b or c". */
static void
PutListed(CoreText *out, int i, int n, const char *name)
{
	bool		is_word = strchr(name, ' ') == NULL;

	CoreTextPrintf(out, "%s%s%s%s",
				   i == 0 ? "" : i == n - 1 ? " or " : ", ",
				   is_word ? "\"" : "", name, is_word ? "\"" : "");
}

/* The syntax error at the token read last; see policy_build.h. */
bool
PolicySyntaxError(PolicyBuilder *builder, const char *const *expected,
				  int nexpected)
{
	int			found = (int) builder->next - 1;
	char		name[CORE_QUOTE_SIZE + 2];
	const char *listed[WORDS_MAX];
	int			nlisted = 0;
	bool		may_end = false;
	bool		begins = false;
	CoreText	list;

	for (int i = 0; i < nexpected && nlisted < WORDS_MAX - 1; i++)
	{
		if (strcmp(expected[i], "layer") == 0)
			begins = true;
		if (IsEnd(expected[i]))
			may_end = true;
		else
			listed[nlisted++] = expected[i];
	}
	/* an empty statement is nothing to recommend */
	if (may_end && !begins)
		listed[nlisted++] = "the end of the statement";
	CoreTextInit(&list);
	for (int i = 0; i < nlisted; i++)
		PutListed(&list, i, nlisted, listed[i]);
	PolicyFail(builder, found, "found %s, expected %s",
			   FoundName(builder, found, name), list.data);
	CoreFree(list.data);
	PolicyHint(builder, expected, nexpected);
	return false;
}
