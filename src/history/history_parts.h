/*
 * history_parts.h
 *		What the files of contact_history share among themselves: bytes, and
 *		the summary of trimmed contacts while it is being made.
 */
#ifndef CONTACT_PRESSURE_HISTORY_PARTS_H
#define CONTACT_PRESSURE_HISTORY_PARTS_H

#include "history/history.h"

/* --- bytes */

/* Write the low bytes of value, the lowest first. */
static inline void
StoreLittle(unsigned char *p, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++, value >>= 8)
		p[i] = (unsigned char) value;
}

static inline uint64_t
LoadLittle(const unsigned char *p, int bytes)
{
	uint64_t	value = 0;

	for (int i = bytes - 1; i >= 0; i--)
		value = value << 8 | p[i];
	return value;
}

/* Seven bits a byte, the lowest first; bit 7 says that more follow. */
static inline void
PutVarint(CoreText *out, uint64_t value)
{
	char		bytes[10];
	size_t		n = 0;

	for (; value >= 0x80; value >>= 7)
		bytes[n++] = (char) (value | 0x80);
	bytes[n++] = (char) value;
	CoreTextAppend(out, bytes, n);
}

static inline void
PutByte(CoreText *out, unsigned char byte)
{
	CoreTextAppend(out, (const char *) &byte, 1);
}

/* Bytes that are read with every access checked; bad stays set. */
typedef struct ByteReader
{
	const unsigned char *p;
	const unsigned char *end;
	bool		bad;
} ByteReader;

static inline uint8_t
GetByte(ByteReader *reader)
{
	if (reader->p >= reader->end)
	{
		reader->bad = true;
		return 0;
	}
	return *reader->p++;
}

static inline const unsigned char *
GetBytes(ByteReader *reader, size_t length)
{
	const unsigned char *p = reader->p;

	if ((size_t) (reader->end - p) < length)
	{
		reader->bad = true;
		return NULL;
	}
	reader->p += length;
	return p;
}

/* A varint in its shortest form: one value, one spelling. */
static inline uint64_t
GetVarint(ByteReader *reader)
{
	uint64_t	value = 0;

	for (int shift = 0; shift < 64; shift += 7)
	{
		uint8_t		byte = GetByte(reader);

		if (shift == 63 && byte > 1)
			break;
		value |= (uint64_t) (byte & 0x7f) << shift;
		if (byte < 0x80)
		{
			if (byte == 0 && shift > 0)
				break;
			return value;
		}
	}
	reader->bad = true;
	return 0;
}

/* How many bits, or bytes, a value takes. */
static inline int
BitsOf(uint64_t value)
{
	return value == 0 ? 0 : 64 - __builtin_clzll(value);
}

static inline int
BytesOf(uint64_t value)
{
	return value == 0 ? 1 : (BitsOf(value) + 7) / 8;
}

/* A name behind its length byte, into a buffer of 256; its length. */
static inline size_t
GetName(ByteReader *reader, char name[256])
{
	size_t		length = GetByte(reader);
	const unsigned char *bytes = GetBytes(reader, length);

	if (bytes == NULL)
		length = 0;
	else
		memcpy(name, bytes, length);
	name[length] = '\0';
	return length;
}

/* --- the header and the dictionary */

/* The units of times, in microseconds. */
extern const int64_t HistoryUnits[4];

#define SHAPE_KINDS_APART	0x40
/* Of no contacts: the narrowest words of the largest unit. */
#define HISTORY_SHAPE_EMPTY 0x31

/* A word and the dictionary have so many bytes at least. */
#define WORD_LOAD			8

/* Where the number of contacts is, behind four bytes. */
#define HISTORY_COUNT_AT	4

/* --- labels and kinds as they are stored (history_core.c) */

#define KIND_OUTCOME		0x0f
#define KIND_WEIGHT			0x10
#define KIND_ANSWER			0x20
#define KIND_NEXT_LABEL		0x40

/* false: not in its canonical spelling */
extern bool GetLabel(ByteReader *reader, char channel[256],
					 char purpose[256]);
extern void PutLabel(CoreText *out, const char *channel,
					 const char *purpose);
extern int	LabelCompare(const char *channel_a, const char *purpose_a,
						 const char *channel_b, const char *purpose_b);
extern int	KindCompare(const HistoryKind *a, const HistoryKind *b);
extern void DictionaryWrite(const HistoryDictionary *dictionary,
							CoreText *out);

/* --- the summary of trimmed contacts (history_trim.c) */

/* The horizon, no group, the section's own length. */
#define TRIMMED_SIZE_MIN	13

extern void TrimmedGroupClear(TrimmedGroup *group);

/* Is it what trimming could have left?  Else err says what is not. */
extern bool TrimmedGroupCheck(const TrimmedGroup *group, Instant before,
							  CoreError *err);

extern int64_t TrimmedGroupTotal(const TrimmedGroup *group);
extern int64_t TrimmedGroupCounted(const TrimmedGroup *group);
extern bool TrimmedAnswersEqual(const TrimmedAnswers *a,
								const TrimmedAnswers *b);

extern void TrimmedGroupMerge(TrimmedGroup *into, const TrimmedGroup *from);

/*
 * Take single contacts into a group: first Fold each of them, then FoldRun
 * each of them.
 */
extern void TrimmedGroupFold(TrimmedGroup *group, Outcome outcome,
							 int64_t weight, Instant at, Instant answered_at);
extern void TrimmedGroupFoldRun(TrimmedGroup *group, Outcome outcome,
								Instant at);

extern void TrimmedWrite(const Trimmed *trimmed, CoreText *out);

#endif							/* CONTACT_PRESSURE_HISTORY_PARTS_H */
