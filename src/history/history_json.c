/*
 * history_json.c
 *		JSON, as far as a history needs it: tokens, members, errors.
 *
 * A reader calls for what may stand next, so that every error can name line
 * and column and what was expected; nothing nests deeper than its calls do.
 */
#include "history/history_json.h"

/* Fail at a place in the text; the detail is "Line 1, column 2: WHAT." */
bool
JsonFail(Json *json, const char *at, const char *what, const char *hint)
{
	char		quoted[CORE_QUOTE_SIZE];
	int			line = 1;
	int			column = 1;

	for (const char *p = json->text; p < at; p++)
	{
		if (*p == '\n')
		{
			line++;
			column = 1;
		}
		else if (((unsigned char) *p & 0xc0) != 0x80)
			column++;			/* not the middle of a UTF-8 character */
	}
	CoreFail(json->err, CORE_SYNTAX,
			 "invalid input syntax for type contact_history: \"%s\"",
			 CoreQuote(quoted, json->text,
					   (size_t) (json->end - json->text)));
	CoreDetail(json->err, "Line %d, column %d: %s", line, column, what);
	CoreHint(json->err, "%s", hint);
	return false;
}

/* The same with a detail made up on the way. */
static bool
JsonFailText(Json *json, const char *at, CoreText *what, const char *hint)
{
	(void) JsonFail(json, at, what->data, hint);
	CoreFree(what->data);
	return false;
}

/* Fail at a place in the text for the reason that err gives. */
bool
JsonFailAs(Json *json, const char *at, const CoreError *err)
{
	CoreText	what;

	if (err->code == CORE_LIMIT)
	{
		*json->err = *err;
		return false;
	}
	CoreTextInit(&what);
	CoreTextPrintf(&what, "%s.%s%s", err->message,
				   err->detail[0] != '\0' ? "  " : "", err->detail);
	return JsonFailText(json, at, &what, err->hint);
}

/* Fail because something else should stand here. */
bool
JsonFailExpected(Json *json, const char *expected)
{
	CoreText	what;
	const char *p = json->p;

	CoreTextInit(&what);
	CoreTextPrintf(&what, "expected %s, found ", expected);
	if (p >= json->end)
		CoreTextPrintf(&what, "the end.");
	else if (*p > ' ' && *p <= '~')
		CoreTextPrintf(&what, "\"%c\".", *p);
	else
		CoreTextPrintf(&what, "another character.");
	return JsonFailText(json, p, &what,
						"A history is a JSON array of contacts, such as "
						"[{\"at\": \"2026-11-01T09:00:00Z\", "
						"\"channel\": \"email\"}].");
}

/* Fail because of a key of an object; the hint lists the keys. */
bool
JsonFailKey(Json *json, const char *at, const JsonObject *object,
			const char *problem, const char *key)
{
	char		quoted[CORE_QUOTE_SIZE];
	CoreText	what;
	CoreText	hint;

	CoreTextInit(&what);
	CoreTextInit(&hint);
	CoreTextPrintf(&what, "%s %s \"%s\".", object->what, problem,
				   CoreQuote(quoted, key, strlen(key)));
	for (int i = 0; object->keys[i] != NULL; i++)
		CoreTextPrintf(&hint, "%s%s", i == 0 ? "Its keys are " :
					   object->keys[i + 1] == NULL ? " and " : ", ",
					   object->keys[i]);
	CoreTextPrintf(&hint, ".");
	(void) JsonFailText(json, at, &what, hint.data);
	CoreFree(hint.data);
	return false;
}

/* --- tokens */

/* Go to the next token; its first character, or NUL at the end. */
char
JsonPeek(Json *json)
{
	while (json->p < json->end && (*json->p == ' ' || *json->p == '\t' ||
								   *json->p == '\n' || *json->p == '\r'))
		json->p++;
	return json->p < json->end ? *json->p : '\0';
}

/* Is the next token this character?  Then go behind it. */
bool
JsonTake(Json *json, char c)
{
	if (JsonPeek(json) != c || json->p >= json->end)
		return false;
	json->p++;
	return true;
}

/* Is the next token null?  Then go behind it. */
bool
JsonTakeNull(Json *json)
{
	if (JsonPeek(json) != 'n' || json->end - json->p < 4 ||
		memcmp(json->p, "null", 4) != 0)
		return false;
	json->p += 4;
	return true;
}

/* The four hexadecimal digits of \uXXXX, or -1. */
static int
JsonHex(Json *json)
{
	int			value = 0;

	if (json->end - json->p < 4)
		return -1;
	for (int i = 0; i < 4; i++)
	{
		char		c = *json->p++;

		if (c >= '0' && c <= '9')
			value = value * 16 + (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			value = value * 16 + ((c | 0x20) - 'a' + 10);
		else
			return -1;
	}
	return value;
}

/*
 * One character of a string behind a backslash, or -1.  Nothing in a history
 * has characters beyond ASCII: they come out as one that is always refused.
 */
static int
JsonEscape(Json *json)
{
	static const char from[] = "\"\\/bfnrt";
	static const char to[] = "\"\\/\b\f\n\r\t";
	const char *found;
	int			c;

	if (json->p >= json->end)
		return -1;
	c = *json->p++;
	if (c == 'u')
	{
		c = JsonHex(json);
		return c < 0x80 ? c : '?';
	}
	found = c != '\0' ? strchr(from, c) : NULL;
	return found != NULL ? to[found - from] : -1;
}

/* A string; into buf of JSON_STRING_MAX + 1 bytes. */
bool
JsonString(Json *json, const char *expected, char *buf, size_t *length)
{
	const char *start;

	if (JsonPeek(json) != '"')
		return JsonFailExpected(json, expected);
	start = json->p++;
	*length = 0;
	while (json->p < json->end && *json->p != '"')
	{
		const char *at = json->p;
		int			c = (unsigned char) *json->p++;

		if (c < 0x20)
			return JsonFail(json, at, "control character in a string.",
							"Write it as an escape such as \\n.");
		if (c == '\\')
			c = JsonEscape(json);
		if (c < 0)
			return JsonFail(json, at, "unknown escape in a string.",
							"JSON knows \\\" \\\\ \\/ \\b \\f \\n \\r \\t "
							"and \\uXXXX.");
		if (*length >= JSON_STRING_MAX)
			return JsonFail(json, start, "string too long.",
							"Names and times are shorter.");
		buf[(*length)++] = (char) c;
	}
	buf[*length] = '\0';
	if (json->p >= json->end)
		return JsonFail(json, start, "the string has no end.",
						"Close it with a double quote.");
	json->p++;
	return true;
}

/* The characters of a number. */
bool
JsonNumber(Json *json, const char **start, size_t *length)
{
	const char *p;
	const char *digits;

	(void) JsonPeek(json);
	*start = p = json->p;
	if (p < json->end && *p == '-')
		p++;
	digits = p;
	while (p < json->end && *p >= '0' && *p <= '9')
		p++;
	if (p == digits || (*digits == '0' && p - digits > 1))
		return JsonFailExpected(json, "a number");
	if (p < json->end && *p == '.')
	{
		digits = ++p;
		while (p < json->end && *p >= '0' && *p <= '9')
			p++;
		if (p == digits)
			return JsonFailExpected(json, "a number");
	}
	if (p < json->end && (*p == 'e' || *p == 'E'))
	{
		p++;
		if (p < json->end && (*p == '+' || *p == '-'))
			p++;
		digits = p;
		while (p < json->end && *p >= '0' && *p <= '9')
			p++;
		if (p == digits)
			return JsonFailExpected(json, "a number");
	}
	*length = (size_t) (p - *start);
	json->p = p;
	return true;
}

/*
 * Go to the value of the next member of an object; *key is its index in the
 * keys of the object, -1 at the object's end.
 */
bool
JsonNextMember(Json *json, JsonObject *object, int *key)
{
	char		name[JSON_STRING_MAX + 1];
	size_t		length;
	const char *at;

	*key = -1;
	if (JsonTake(json, '}'))
		return true;
	if (object->begun && !JsonTake(json, ','))
		return JsonFailExpected(json, "\",\" or \"}\"");
	object->begun = true;
	(void) JsonPeek(json);
	at = json->p;
	if (!JsonString(json, "a key in double quotes", name, &length))
		return false;
	if (!JsonTake(json, ':'))
		return JsonFailExpected(json, "\":\"");
	for (int i = 0; object->keys[i] != NULL; i++)
	{
		if (strcmp(object->keys[i], name) != 0)
			continue;
		if ((object->seen & 1u << i) != 0)
			return JsonFailKey(json, at, object, "has the same key twice:",
							   name);
		object->seen |= 1u << i;
		*key = i;
		(void) JsonPeek(json);
		return true;
	}
	return JsonFailKey(json, at, object, "has an unknown key", name);
}

/* Go to the next item of an array; *more is false at its end. */
bool
JsonNextItem(Json *json, bool *begun, bool *more)
{
	*more = !JsonTake(json, ']');
	if (*more && *begun && !JsonTake(json, ','))
		return JsonFailExpected(json, "\",\" or \"]\"");
	*begun = true;
	return true;
}
