/*
 * core.h
 *		What every pure core may rely on: fixed-width integers, an instant in
 *		time, an allocator, and an error record to fill.
 *
 * The *_core.c files include this and nothing of PostgreSQL, so that they can
 * be unit-tested and fuzzed on their own.  core_pg.c supplies the allocator
 * inside the server (palloc), test/fuzz/standalone.c outside it (malloc).
 */
#ifndef CONTACT_PRESSURE_CORE_H
#define CONTACT_PRESSURE_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Microseconds since 2000-01-01 00:00 UTC: the scale of TimestampTz. */
typedef int64_t Instant;

#define INSTANT_NEVER		INT64_MAX	/* 'infinity' */
#define INSTANT_NONE		INT64_MIN	/* "there is none"; '-infinity' */

#define MICROS_PER_SECOND	INT64_C(1000000)
#define MICROS_PER_MINUTE	(60 * MICROS_PER_SECOND)
#define MICROS_PER_HOUR		(60 * MICROS_PER_MINUTE)
#define MICROS_PER_DAY		(24 * MICROS_PER_HOUR)

/*
 * Contacts and questions lie between 0001-01-01 and the end of 9999, so that
 * four-digit years are enough for the text form and no sum of an instant and
 * a duration can overflow.
 */
#define INSTANT_MIN			INT64_C(-63082281600000000)	/* 0001-01-01 */
#define INSTANT_END			INT64_C(252455616000000000)	/* 10000-01-01 */

static inline bool
InstantInRange(Instant t)
{
	return t >= INSTANT_MIN && t < INSTANT_END;
}

/* The SQLSTATE class of an error; ThrowCoreError() in core_pg.c maps it. */
typedef enum CoreErrorCode
{
	CORE_OK = 0,
	CORE_SYNTAX,				/* 22P02 invalid_text_representation */
	CORE_BINARY,				/* 22P03 invalid_binary_representation */
	CORE_CORRUPTED,				/* XX001 data_corrupted: stored bytes */
	CORE_INVALID,				/* 22023 invalid_parameter_value */
	CORE_RANGE,					/* 22003 numeric_value_out_of_range */
	CORE_DATETIME,				/* 22008 datetime_field_overflow */
	CORE_LIMIT,					/* 54000 program_limit_exceeded */
	CORE_HORIZON,				/* 55000 object_not_in_prerequisite_state */
	CORE_NOT_FOUND				/* 02000 no_data */
} CoreErrorCode;

typedef struct CoreError
{
	CoreErrorCode code;
	char		message[320];
	char		detail[512];	/* empty: none */
	char		hint[320];		/* empty: none */
} CoreError;

/* Fill err (message by format) and return false; detail and hint follow. */
extern bool CoreFail(CoreError *err, CoreErrorCode code,
					 const char *format,...)
			__attribute__((format(printf, 3, 4)));
extern void CoreDetail(CoreError *err, const char *format,...)
			__attribute__((format(printf, 2, 3)));
extern void CoreHint(CoreError *err, const char *format,...)
			__attribute__((format(printf, 2, 3)));

/*
 * Copy at most 64 characters of text that came from outside into buf for use
 * in a message: control and non-ASCII bytes become '?', "..." marks a cut.
 * The result is valid in every encoding.
 */
#define CORE_QUOTE_SIZE		80
extern const char *CoreQuote(char buf[CORE_QUOTE_SIZE],
							 const char *text, size_t length);

/* Allocator: never returns NULL.  CoreAllocZero zeroes. */
extern void *CoreAlloc(size_t size);
extern void *CoreAllocZero(size_t size);
extern void *CoreRealloc(void *pointer, size_t size);
extern void CoreFree(void *pointer);

/* Called in loops over data of the user's size. */
extern void CoreCheckInterrupts(void);

/* A growing string, NUL-terminated at all times. */
typedef struct CoreText
{
	char	   *data;
	size_t		length;
	size_t		space;
} CoreText;

extern void CoreTextInit(CoreText *text);
extern void CoreTextAppend(CoreText *text, const char *bytes, size_t length);
extern void CoreTextPrintf(CoreText *text, const char *format,...)
			__attribute__((format(printf, 2, 3)));

#endif							/* CONTACT_PRESSURE_CORE_H */
