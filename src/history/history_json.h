/*
 * history_json.h
 *		Reading JSON piece by piece; every function but JsonPeek, JsonTake and
 *		JsonTakeNull fills the error and returns false when it does not find
 *		what it was called for.
 */
#ifndef CONTACT_PRESSURE_HISTORY_JSON_H
#define CONTACT_PRESSURE_HISTORY_JSON_H

#include "core.h"

/* A string of a history is a name or a time: none is longer. */
#define JSON_STRING_MAX		1024

typedef struct Json
{
	const char *text;
	const char *p;
	const char *end;
	CoreError  *err;
} Json;

/* The members of an object, as they come. */
typedef struct JsonObject
{
	const char *what;			/* names it in errors */
	const char *const *keys;	/* NULL behind the last */
	unsigned	seen;			/* one bit for each key */
	bool		begun;
} JsonObject;

/* --- errors; all return false */

/* At a place in the text; the detail is "Line 1, column 2: WHAT". */
extern bool JsonFail(Json *json, const char *at, const char *what,
					 const char *hint);
/* For the reason that err gives. */
extern bool JsonFailAs(Json *json, const char *at, const CoreError *err);
/* Something else should stand here. */
extern bool JsonFailExpected(Json *json, const char *expected);
/* "WHAT problem KEY"; the hint lists the keys of the object. */
extern bool JsonFailKey(Json *json, const char *at, const JsonObject *object,
						const char *problem, const char *key);

/* --- tokens */

/* Go to the next token; its first character, or NUL at the end. */
extern char JsonPeek(Json *json);

/* Is the next token this character, or null?  Then go behind it. */
extern bool JsonTake(Json *json, char c);
extern bool JsonTakeNull(Json *json);

/* A string, into buf of JSON_STRING_MAX + 1 bytes. */
extern bool JsonString(Json *json, const char *expected, char *buf,
					   size_t *length);

/* The characters of a number. */
extern bool JsonNumber(Json *json, const char **start, size_t *length);

/*
 * Go to the value of the next member of an object; *key is its index in the
 * keys of the object, -1 at the object's end.
 */
extern bool JsonNextMember(Json *json, JsonObject *object, int *key);

/* Go to the next item of an array; *more is false at its end. */
extern bool JsonNextItem(Json *json, bool *begun, bool *more);

#endif							/* CONTACT_PRESSURE_HISTORY_JSON_H */
