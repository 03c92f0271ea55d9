/*
 * json.h
 *		A reader of JSON for types that know exactly the JSON they can be.
 *
 * Every error names line and column and what could stand there; nothing is
 * built in memory, and nothing nests deeper than the reading code does.
 */
#ifndef CONTACT_PRESSURE_JSON_H
#define CONTACT_PRESSURE_JSON_H

#include "core.h"

/* Strings are names and times: none is longer. */
#define JSON_STRING_MAX		1024

typedef struct Json
{
	const char *type;			/* the SQL type that is read */
	const char *example;		/* the hint when something else is found */
	const char *text;
	const char *p;
	const char *end;
	CoreError  *err;
} Json;

/* The members of an object, as they come. */
typedef struct JsonObject
{
	const char *what;			/* "A summary", for messages */
	const char *const *keys;	/* NULL behind the last */
	unsigned	seen;			/* one bit for each key */
	bool		begun;
} JsonObject;

/* Fail at a place in the text; the detail is "Line 1, column 2: WHAT". */
extern bool JsonFail(Json *json, const char *at, const char *what,
					 const char *hint);

/* Fail at a place in the text for the reason that err gives. */
extern bool JsonFailAs(Json *json, const char *at, const CoreError *err);

/* Fail because something else should stand here. */
extern bool JsonFailExpected(Json *json, const char *expected);

/* Fail because of a key of an object; the hint lists the keys. */
extern bool JsonFailKey(Json *json, const char *at, const JsonObject *object,
						const char *problem, const char *key);

/* Go to the next token; its first character, or NUL at the end. */
extern char JsonPeek(Json *json);

/* Is the next token this character (or null)?  Then go behind it. */
extern bool JsonTake(Json *json, char c);
extern bool JsonTakeNull(Json *json);

/* The same, an error unless it is. */
extern bool JsonExpect(Json *json, char c);

/* Nothing may follow. */
extern bool JsonExpectEnd(Json *json);

/*
 * A string, into buf of JSON_STRING_MAX + 1 bytes.  Characters beyond ASCII
 * that are written as \uXXXX come out as "?".
 */
extern bool JsonString(Json *json, const char *expected, char *buf,
					   size_t *length);

/* The characters of a number. */
extern bool JsonNumber(Json *json, const char **start, size_t *length);

/* A whole number from 0 on; "what" is for the message. */
extern bool JsonCount(Json *json, const char *what, int64_t *count);

/*
 * Go to the value of the next member of an object; *key is its index in the
 * keys of the object, -1 at the object's end.
 */
extern bool JsonNextMember(Json *json, JsonObject *object, int *key);

/* Go to the next item of an array; *more is false at its end. */
extern bool JsonNextItem(Json *json, bool *begun, bool *more);

#endif							/* CONTACT_PRESSURE_JSON_H */
