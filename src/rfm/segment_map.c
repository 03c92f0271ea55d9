/*
 * segment_map.c
 *		A segment_map's text, read and written.
 *
 * The message of an error quotes the line, the detail says line and column,
 * what was found and what could stand there, the hint what to do.
 */
#include "rfm/segment_map.h"

#include <stdio.h>
#include <strings.h>

typedef enum TokenKind
{
	TOKEN_END, TOKEN_NEWLINE, TOKEN_WORD, TOKEN_STRING, TOKEN_NUMBER,
	TOKEN_COLON, TOKEN_COMMA, TOKEN_DASH, TOKEN_BAR, TOKEN_OTHER
} TokenKind;

typedef struct Token
{
	TokenKind	kind;
	const char *text;
	size_t		length;
} Token;

typedef struct Reader
{
	const char *text;
	const char *end;
	Token		token;			/* the one to look at */
	Token		next;
	bool		goes_on;		/* a newline means nothing here */
	SegmentMap *map;
	int			space_segments;
	int			space_lines;
	CoreError  *err;
} Reader;

static const char DimensionLetters[] = "rfm";

#define LINE_HINT	"A line reads \"champions: r 4-5, f 4-5, m 4-5\"."
#define RANGE_HINT	"Write one score or a range of them: \"r 5\" or \"r 4-5\"."
#define NAME_HINT	"Write a name of several words with underscores, at_risk, " \
	"or in double quotes, \"At risk\"."

/* --- errors */

/* Fail at a token: what is wrong there, and what to do. */
static bool
FailAt(Reader *reader, const char *at, const char *what, const char *hint)
{
	const char *start = reader->text;
	const char *stop = at;
	int			line = 1;
	int			column = 1;
	char		quoted[CORE_QUOTE_SIZE];

	for (const char *p = reader->text; p < at; p++)
	{
		if (*p == '\n')
		{
			line++;
			column = 1;
			start = p + 1;
		}
		else if (((unsigned char) *p & 0xc0) != 0x80)
			column++;			/* not the middle of a UTF-8 character */
	}
	while (stop < reader->end && *stop != '\n')
		stop++;
	while (start < stop && strchr(" \t\r", *start) != NULL)
		start++;
	CoreFail(reader->err, CORE_SYNTAX,
			 "invalid input syntax for type segment_map: \"%s\"",
			 CoreQuote(quoted, start, (size_t) (stop - start)));
	CoreDetail(reader->err, "Line %d, column %d: %s", line, column, what);
	CoreHint(reader->err, "%s", hint);
	return false;
}

/* Fail because something else should stand here. */
static bool
FailExpected(Reader *reader, const char *expected, const char *hint)
{
	const Token *token = &reader->token;
	char		what[256];
	char		quoted[CORE_QUOTE_SIZE];

	if (token->kind == TOKEN_END)
		snprintf(what, sizeof(what), "expected %s, found the end.", expected);
	else if (token->kind == TOKEN_NEWLINE)
		snprintf(what, sizeof(what), "expected %s, found the end of the line.",
				 expected);
	else
		snprintf(what, sizeof(what), "expected %s, found \"%s\".", expected,
				 CoreQuote(quoted, token->text, token->length));
	return FailAt(reader, token->text, what, hint);
}

/* --- tokens */

static bool
IsLetter(char c)
{
	return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_';
}

static bool
IsDigit(char c)
{
	return c >= '0' && c <= '9';
}

/* Behind blanks and comments. */
static const char *
SkipBlanks(const char *p, const char *end, bool newlines)
{
	while (p < end)
	{
		if (*p == '#')
			while (p < end && *p != '\n')
				p++;
		else if (*p == ' ' || *p == '\t' || *p == '\r' ||
				 (newlines && *p == '\n'))
			p++;
		else
			break;
	}
	return p;
}

/* The token that begins behind another one. */
static Token
ScanToken(const Reader *reader, const char *from)
{
	const char *end = reader->end;
	const char *p = SkipBlanks(from, end, reader->goes_on);
	Token		token = {TOKEN_OTHER, p, 1};

	if (p >= end)
	{
		token.kind = TOKEN_END;
		token.length = 0;
	}
	else if (*p == '\n' || *p == ';')
		token.kind = TOKEN_NEWLINE;
	else if (*p == ':')
		token.kind = TOKEN_COLON;
	else if (*p == ',')
		token.kind = TOKEN_COMMA;
	else if (*p == '-')
		token.kind = TOKEN_DASH;
	else if (*p == '|')
		token.kind = TOKEN_BAR;
	else if (IsLetter(*p))
	{
		token.kind = TOKEN_WORD;
		while (p + token.length < end &&
			   (IsLetter(p[token.length]) || IsDigit(p[token.length]) ||
				p[token.length] == '-'))
			token.length++;
	}
	else if (IsDigit(*p))
	{
		token.kind = TOKEN_NUMBER;
		while (p + token.length < end && IsDigit(p[token.length]))
			token.length++;
	}
	else if (*p == '"')
	{
		while (p + token.length < end && p[token.length] != '"' &&
			   p[token.length] != '\n')
			token.length++;
		if (p + token.length < end && p[token.length] == '"')
		{
			token.kind = TOKEN_STRING;
			token.length++;
		}
	}
	else
		while (p + token.length < end &&
			   ((unsigned char) p[token.length] & 0xc0) == 0x80)
			token.length++;		/* a whole UTF-8 character */
	return token;
}

/* Go to the next token. */
static void
Advance(Reader *reader)
{
	reader->goes_on = reader->next.kind == TOKEN_COMMA ||
		reader->next.kind == TOKEN_COLON || reader->next.kind == TOKEN_BAR;
	reader->token = reader->next;
	reader->next = ScanToken(reader, reader->token.text +
							 reader->token.length);
}

/* Is a token this word, in whatever case? */
static bool
IsWord(const Token *token, const char *word)
{
	return token->kind == TOKEN_WORD && token->length == strlen(word) &&
		strncasecmp(token->text, word, token->length) == 0;
}

static bool
IsName(const Token *token)
{
	return token->kind == TOKEN_WORD || token->kind == TOKEN_STRING;
}

/* --- names */

/* Read a name: words are folded, strings are taken as they are. */
static bool
ReadName(Reader *reader, char name[SEGMENT_NAME_MAX + 1])
{
	Token		token = reader->token;
	const char *p = token.text;
	size_t		length = token.length;

	if (token.kind == TOKEN_OTHER && *p == '"')
		return FailAt(reader, p, "the name has no end.",
					  "Close it with a double quote.");
	if (!IsName(&token))
		return FailExpected(reader, "the name of a segment", LINE_HINT);
	if (token.kind == TOKEN_STRING)
	{
		p++;
		length -= 2;
		if (length == 0 || *p == ' ' || p[length - 1] == ' ')
			return FailAt(reader, token.text,
						  "a name is not empty and has no blanks at its ends.",
						  NAME_HINT);
	}
	if (length > SEGMENT_NAME_MAX)
		return FailAt(reader, token.text, "the name is too long.",
					  "A name has at most 63 bytes.");
	for (size_t i = 0; i < length; i++)
	{
		if ((unsigned char) p[i] < 0x20 || p[i] == 0x7f)
			return FailAt(reader, token.text,
						  "there is a control character in the name.",
						  "Leave it out.");
		name[i] = p[i];
		if (token.kind == TOKEN_WORD && p[i] >= 'A' && p[i] <= 'Z')
			name[i] = (char) (p[i] | 0x20);
	}
	name[length] = '\0';
	Advance(reader);
	return true;
}

/* See segment_map.h. */
int
SegmentMapFind(const SegmentMap *map, const char *name, size_t length)
{
	for (int i = 0; i < map->nsegments; i++)
		if (strlen(map->segments[i].name) == length &&
			memcmp(map->segments[i].name, name, length) == 0)
			return i;
	return -1;
}

/* Read ["loyal"] name; the segment's index, which may be a new one. */
static bool
ReadSegment(Reader *reader, uint16_t *index)
{
	SegmentMap *map = reader->map;
	char		name[SEGMENT_NAME_MAX + 1];
	bool		loyal = IsWord(&reader->token, "loyal") &&
		IsName(&reader->next);
	int			found;

	if (loyal)
		Advance(reader);
	if (!ReadName(reader, name))
		return false;
	found = SegmentMapFind(map, name, strlen(name));
	if (found < 0)
	{
		found = map->nsegments++;
		if (map->nsegments > reader->space_segments)
		{
			reader->space_segments = 2 * map->nsegments + 14;
			map->segments = CoreRealloc(map->segments, sizeof(Segment) *
										(size_t) reader->space_segments);
		}
		memset(&map->segments[found], 0, sizeof(Segment));
		memcpy(map->segments[found].name, name, sizeof(name));
	}
	map->segments[found].loyal |= loyal;
	*index = (uint16_t) found;
	return true;
}

/* --- parts */

/* Read a score, one digit. */
static bool
ReadScore(Reader *reader, uint8_t *score)
{
	const Token *token = &reader->token;

	if (token->kind != TOKEN_NUMBER)
		return FailExpected(reader, "a score", RANGE_HINT);
	if (token->length > 1 || *token->text == '0')
		return FailExpected(reader, "a score from 1 to 9", RANGE_HINT);
	*score = (uint8_t) (*token->text - '0');
	Advance(reader);
	return true;
}

/* What to say to somebody who began a part with something else. */
static const char *
PartHint(const Token *token)
{
	for (int d = 0; d < DIMENSIONS; d++)
	{
		static const char *const hints[DIMENSIONS] = {
			"Write recency as r: \"r 4-5\".",
			"Write frequency as f: \"f 4-5\".",
			"Write monetary as m: \"m 4-5\"."
		};

		if (IsWord(token, DimensionNames[d]))
			return hints[d];
		if (token->kind == TOKEN_WORD && token->length > 1 &&
			(*token->text | 0x20) == DimensionLetters[d] &&
			IsDigit(token->text[1]))
			return "Put a blank between the dimension and its scores: "
				"\"r 4-5\".";
	}
	return "The dimensions are r (recency), f (frequency) and m (monetary): "
		"\"r 4-5, f 4-5\"; the groups are engaged, fading, unresponsive, "
		"unengaged (fading or unresponsive) and never contacted.";
}

/* --- groups of engagement */

#define UNENGAGED	((1u << FADING) | (1u << UNRESPONSIVE))

static const struct
{
	const char *word;
	unsigned	groups;
}			GroupWords[] = {
	/* those that are written come first, the widest first */
	{"engaged", 1u << ENGAGED},
	{"unengaged", UNENGAGED},
	{"fading", 1u << FADING},
	{"unresponsive", 1u << UNRESPONSIVE},
	{"never contacted", 1u << NEVER_CONTACTED},
	{"never_contacted", 1u << NEVER_CONTACTED},
	{"uncontacted", 1u << NEVER_CONTACTED}
};

#define GROUP_WORDS		((int) (sizeof(GroupWords) / sizeof(GroupWords[0])))

/* See segment_map.h. */
void
EngagementsWrite(unsigned groups, CoreText *out)
{
	const char *separator = "";

	for (int i = 0; i < GROUP_WORDS; i++)
	{
		if ((groups & GroupWords[i].groups) != GroupWords[i].groups)
			continue;
		CoreTextPrintf(out, "%s%s", separator, GroupWords[i].word);
		groups &= ~GroupWords[i].groups;
		separator = " | ";
	}
}

/* The groups that a word stands for; none: it is no such word. */
static unsigned
GroupsOf(const Token *token)
{
	for (int i = 0; i < GROUP_WORDS; i++)
		if (IsWord(token, GroupWords[i].word))
			return GroupWords[i].groups;
	return IsWord(token, "never") ? 1u << NEVER_CONTACTED : 0;
}

/* Read groups: "fading | never contacted". */
static bool
ReadGroups(Reader *reader, SegmentLine *line)
{
	for (;;)
	{
		unsigned	groups = GroupsOf(&reader->token);
		bool		never = IsWord(&reader->token, "never");

		if (groups == 0)
			return FailExpected(reader, "a group", "The groups are engaged, "
								"fading, unresponsive, unengaged (fading or "
								"unresponsive) and never contacted.");
		Advance(reader);
		if (never)
		{
			if (!IsWord(&reader->token, "contacted"))
				return FailExpected(reader, "\"contacted\"",
									"Write \"never contacted\".");
			Advance(reader);
		}
		line->groups |= (uint8_t) groups;
		if (reader->token.kind != TOKEN_BAR)
			return true;
		Advance(reader);
	}
}

/* --- parts and lines */

/* Read one part: "r 4-5", or groups. */
static bool
ReadPart(Reader *reader, SegmentLine *line, unsigned *seen)
{
	Token		token = reader->token;
	const char *letter = token.kind == TOKEN_WORD && token.length == 1 ?
		strchr(DimensionLetters, *token.text | 0x20) : NULL;
	int			d;

	if (GroupsOf(&token) != 0)
		return ReadGroups(reader, line);
	if (letter == NULL)
		return FailExpected(reader, "r, f, m or a group", PartHint(&token));
	d = (int) (letter - DimensionLetters);
	if ((*seen & 1u << d) != 0)
		return FailAt(reader, token.text, "this dimension has its scores "
					  "already.",
					  "Name each dimension once in a line; scores that are "
					  "not next to each other need a line each.");
	*seen |= 1u << d;
	Advance(reader);
	if (!ReadScore(reader, &line->from[d]))
		return false;
	line->to[d] = line->from[d];
	if (reader->token.kind != TOKEN_DASH)
		return true;
	Advance(reader);
	if (!ReadScore(reader, &line->to[d]))
		return false;
	return line->from[d] <= line->to[d] ||
		FailAt(reader, token.text, "the range ends before it begins.",
			   "Write the lower score first: \"r 2-5\".");
}

/* What to say about something else behind a part. */
static const char *
AfterPartHint(const Token *token)
{
	if (IsWord(token, "to") ||
		(token->kind == TOKEN_OTHER && *token->text == '.'))
		return "Write a range with a dash: \"r 4-5\".";
	if (token->kind == TOKEN_OTHER && *token->text == '+')
		return "Write \"r 4-9\" for 4 and more.";
	if (GroupsOf(token) != 0)
		return "Put a comma before a group, or | between groups: \"r 1-2, "
			"fading | unresponsive\".";
	if (token->kind == TOKEN_BAR)
		return "| stands between groups, \"fading | unresponsive\"; scores "
			"that are not next to each other need a line each.";
	return "Put a comma between the dimensions: \"r 4-5, f 4-5\".";
}

/* Read the parts behind a name. */
static bool
ReadParts(Reader *reader, SegmentLine *line)
{
	unsigned	seen = 0;

	for (;;)
	{
		if (!ReadPart(reader, line, &seen))
			return false;
		if (reader->token.kind == TOKEN_NEWLINE ||
			reader->token.kind == TOKEN_END)
			return true;
		if (reader->token.kind != TOKEN_COMMA)
			return FailExpected(reader, "\",\" or the end of the line",
								AfterPartHint(&reader->token));
		Advance(reader);
	}
}

/* --- lines */

/* Read what stands behind "else", which ends the map. */
static bool
ReadElse(Reader *reader, SegmentLine *line)
{
	if (!IsName(&reader->token))
		return FailExpected(reader, "the name of a segment",
							"The last line reads \"else lost\".");
	line->otherwise = true;
	if (!ReadSegment(reader, &line->segment))
		return false;
	if (reader->token.kind != TOKEN_NEWLINE && reader->token.kind != TOKEN_END)
		return FailExpected(reader, "the end of the line",
							IsName(&reader->token) ? NAME_HINT :
							"else takes all scores that are left: "
							"\"else lost\".");
	while (reader->token.kind == TOKEN_NEWLINE)
		Advance(reader);
	return reader->token.kind == TOKEN_END ||
		FailAt(reader, reader->token.text, "a line follows else.",
			   "else takes all scores that are left: make it the last line.");
}

/* Read one line. */
static bool
ReadLine(Reader *reader, SegmentLine *line)
{
	memset(line, 0, sizeof(SegmentLine));
	memset(line->from, 1, sizeof(line->from));
	memset(line->to, BINS_MAX, sizeof(line->to));
	if (IsWord(&reader->token, "else"))
	{
		Advance(reader);
		return ReadElse(reader, line);
	}
	if (!ReadSegment(reader, &line->segment))
		return false;
	if (reader->token.kind != TOKEN_COLON)
		return FailExpected(reader, "\":\"", IsName(&reader->token) &&
							reader->next.kind != TOKEN_NUMBER ? NAME_HINT :
							LINE_HINT);
	Advance(reader);
	return ReadParts(reader, line);
}

/* Read all lines. */
static bool
ReadLines(Reader *reader)
{
	SegmentMap *map = reader->map;

	for (;;)
	{
		SegmentLine line;

		CoreCheckInterrupts();
		while (reader->token.kind == TOKEN_NEWLINE)
			Advance(reader);
		if (reader->token.kind == TOKEN_END)
			break;
		if (map->nlines == SEGMENT_LINES_MAX)
			return FailAt(reader, reader->token.text, "too many lines.",
						  "There are no more than 729 scores.");
		if (!ReadLine(reader, &line))
			return false;
		if (map->nlines == reader->space_lines)
		{
			reader->space_lines = 2 * map->nlines + 16;
			map->lines = CoreRealloc(map->lines, sizeof(SegmentLine) *
									 (size_t) reader->space_lines);
		}
		map->lines[map->nlines++] = line;
		map->groups |= line.groups;
	}
	return map->nlines > 0 ||
		FailAt(reader, reader->text, "the map has no line.", LINE_HINT);
}

/* See segment_map.h. */
SegmentMap *
SegmentMapParse(const char *text, size_t length, CoreError *err)
{
	Reader		reader = {.text = text,.end = text + length,.err = err};

	reader.map = CoreAllocZero(sizeof(SegmentMap));
	reader.next.text = text;
	Advance(&reader);			/* an empty one before the first */
	Advance(&reader);
	if (ReadLines(&reader))
		return reader.map;
	SegmentMapFree(reader.map);
	return NULL;
}

/* See segment_map.h. */
void
SegmentMapFree(SegmentMap *map)
{
	CoreFree(map->segments);
	CoreFree(map->lines);
	CoreFree(map);
}

/* --- writing */

/* Does a name need its double quotes? */
static bool
NeedsQuotes(const char *name)
{
	if (!(*name >= 'a' && *name <= 'z') && *name != '_')
		return true;
	for (const char *p = name; *p != '\0'; p++)
		if (!(*p >= 'a' && *p <= 'z') && *p != '_' && !IsDigit(*p) &&
			*p != '-')
			return true;
	return strcmp(name, "else") == 0;
}

/* See segment_map.h. */
void
SegmentMapWriteLine(const SegmentMap *map, int n, CoreText *out)
{
	const SegmentLine *line = &map->lines[n];
	const Segment *segment = &map->segments[line->segment];
	const char *quote = NeedsQuotes(segment->name) ? "\"" : "";
	const char *separator = ": ";
	bool		everything = true;

	for (int d = 0; d < DIMENSIONS; d++)
		everything &= line->from[d] == 1 && line->to[d] == BINS_MAX;
	CoreTextPrintf(out, "%s%s%s%s%s", line->otherwise ? "else " : "",
				   segment->loyal ? "loyal " : "", quote, segment->name,
				   quote);
	for (int d = 0; d < DIMENSIONS && !line->otherwise; d++)
	{
		/* what is any score goes without saying, but something is said */
		if (line->from[d] == 1 && line->to[d] == BINS_MAX &&
			!(everything && line->groups == 0 && d == RECENCY))
			continue;
		CoreTextPrintf(out, "%s%c %d", separator, DimensionLetters[d],
					   line->from[d]);
		if (line->to[d] != line->from[d])
			CoreTextPrintf(out, "-%d", line->to[d]);
		separator = ", ";
	}
	if (line->groups != 0)
	{
		CoreTextPrintf(out, "%s", separator);
		EngagementsWrite(line->groups, out);
	}
}

/* See segment_map.h. */
void
SegmentMapWrite(const SegmentMap *map, CoreText *out)
{
	for (int i = 0; i < map->nlines; i++)
	{
		if (i > 0)
			CoreTextAppend(out, "\n", 1);
		SegmentMapWriteLine(map, i, out);
	}
}

/* --- asking */

/* See segment_map.h. */
int
SegmentMapLine(const SegmentMap *map, int score, unsigned engagement)
{
	for (int i = 0; i < map->nlines; i++)
		if (SegmentLineHas(&map->lines[i], score, engagement))
			return i;
	return -1;
}
