/*
 * core.c
 *		Error records and growing strings for the pure cores.
 */
#include "core.h"

#include <stdarg.h>
#include <stdio.h>

/* Fill the message of err and clear its detail and hint; returns false. */
bool
CoreFail(CoreError *err, CoreErrorCode code, const char *format,...)
{
	va_list		args;

	err->code = code;
	err->detail[0] = '\0';
	err->hint[0] = '\0';
	va_start(args, format);
	vsnprintf(err->message, sizeof(err->message), format, args);
	va_end(args);
	return false;
}

/* Add the detail to an error that CoreFail() began. */
void
CoreDetail(CoreError *err, const char *format,...)
{
	va_list		args;

	va_start(args, format);
	vsnprintf(err->detail, sizeof(err->detail), format, args);
	va_end(args);
}

/* Add the hint to an error that CoreFail() began. */
void
CoreHint(CoreError *err, const char *format,...)
{
	va_list		args;

	va_start(args, format);
	vsnprintf(err->hint, sizeof(err->hint), format, args);
	va_end(args);
}

/* Make text from outside fit for a message; see core.h. */
const char *
CoreQuote(char buf[CORE_QUOTE_SIZE], const char *text, size_t length)
{
	size_t		kept = length > 64 ? 64 : length;

	for (size_t i = 0; i < kept; i++)
	{
		unsigned char c = (unsigned char) text[i];

		buf[i] = c >= 0x20 && c < 0x7f ? (char) c : '?';
	}
	strcpy(buf + kept, length > kept ? "..." : "");
	return buf;
}

/* Start an empty string. */
void
CoreTextInit(CoreText *text)
{
	text->space = 256;
	text->length = 0;
	text->data = CoreAlloc(text->space);
	text->data[0] = '\0';
}

/* Make room for more bytes and the NUL behind them. */
static void
CoreTextReserve(CoreText *text, size_t more)
{
	size_t		need = text->length + more + 1;

	if (need <= text->space)
		return;
	while (text->space < need)
		text->space *= 2;
	text->data = CoreRealloc(text->data, text->space);
}

/* Append bytes. */
void
CoreTextAppend(CoreText *text, const char *bytes, size_t length)
{
	CoreTextReserve(text, length);
	memcpy(text->data + text->length, bytes, length);
	text->length += length;
	text->data[text->length] = '\0';
}

/* Append by format. */
void
CoreTextPrintf(CoreText *text, const char *format,...)
{
	va_list		args;
	int			length;

	va_start(args, format);
	length = vsnprintf(text->data + text->length,
					   text->space - text->length, format, args);
	va_end(args);
	if (length < 0)
		return;
	if ((size_t) length >= text->space - text->length)
	{
		CoreTextReserve(text, (size_t) length);
		va_start(args, format);
		vsnprintf(text->data + text->length,
				  text->space - text->length, format, args);
		va_end(args);
	}
	text->length += (size_t) length;
}
