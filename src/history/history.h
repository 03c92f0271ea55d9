/*
 * history.h
 *		contact_history: one person's contacts, sorted by time, compact.
 *
 * Stored bytes (after the varlena length word; little-endian, unaligned):
 *
 *	 0	version		HISTORY_VERSION
 *	 1	flags		HISTORY_TRIMMED: a trimmed section follows; else 0
 *	 2	shape		bits 0-3 word width (1..8 bytes), bits 4-5 unit of time
 *					(0: 1 us, 1: 1 ms, 2: 1 s, 3: 1 min), bit 6 kinds apart,
 *					bit 7 zero
 *	 3	answer		bits 0-3 answer width (0: no contact has an answer time,
 *					1..8), bits 4-5 answer unit; the rest zero
 *	 4	contacts	varint n; when it is 0 only the trimmed section follows
 *		kinds		varint, number of kinds
 *		dictionary	varint, length of the dictionary section
 *		base		8 bytes, the first contact's instant
 *		words		n * word width, ascending: (at - base) / unit and below it
 *					the kind index, of as many bits as kinds - 1 takes
 *		kinds apart n * 4 bytes, the kind indexes, when a word is too small
 *					for both; the words are times alone then
 *		answers		m * answer width: (answered_at - at) / answer unit, for
 *					the m contacts whose kind has an answer time, in order
 *		dictionary	labels: varint count, then for each label: 1 byte length +
 *					channel, 1 byte length + purpose (length 0: "marketing");
 *					kinds: 1 byte (bits 0-3 outcome, bit 4 has a weight of its
 *					own, bit 5 has an answer time, bit 6 is of the next label
 *					than the kind before it), [varint weight in millionths]
 *		trimmed		when the flag is set; see history_trim.c
 *
 * Canonical: contacts ascend by (at, kind index, answer time); labels ascend
 * by (channel, purpose) bytewise; kinds ascend by (label, outcome, has
 * weight, weight, has answer); only used labels and kinds are listed; units
 * are the largest and widths the smallest that fit, but for one thing: a word
 * and the dictionary together have 8 bytes at least, so that a load of 8
 * bytes at the last word never leaves the value.  Equal histories therefore
 * have identical bytes.
 *
 * Words of fixed width make any contact reachable without decoding those
 * before it: a window is counted from the end backwards.
 */
#ifndef CONTACT_PRESSURE_HISTORY_H
#define CONTACT_PRESSURE_HISTORY_H

#include "core.h"
#include "history/label.h"

#define HISTORY_VERSION			1
#define HISTORY_TRIMMED			0x01
/* With what was trimmed; so many weights cannot overflow an int64. */
#define HISTORY_MAX_CONTACTS	4000000

/* One contact, spelled out.  Channel and purpose are folded and checked. */
typedef struct Contact
{
	Instant		at;
	Instant		answered_at;	/* INSTANT_NONE: not known; else >= at */
	int64_t		weight;			/* millionths; WEIGHT_NONE: not its own */
	Outcome		outcome;
	const char *channel;
	const char *purpose;
} Contact;

/* --- reading the stored bytes in place */

typedef struct HistoryView
{
	const unsigned char *words;
	const unsigned char *kinds_apart;	/* NULL: in the words */
	const unsigned char *answers;
	const unsigned char *dictionary;
	const unsigned char *trimmed;	/* NULL: never trimmed */
	Instant		base;
	int64_t		unit;
	int64_t		answer_unit;
	uint64_t	mask;			/* of a word */
	uint32_t	contacts;
	uint32_t	kinds;
	uint32_t	dictionary_length;
	uint32_t	trimmed_length;
	uint8_t		width;			/* of a word */
	uint8_t		kind_bits;		/* of the kind index in a word */
	uint8_t		answer_width;
} HistoryView;

/*
 * Check the header against the length and fill view.  Cheap, called for each
 * row: what it does not look at HistoryReadDictionary() does.  data == NULL
 * stands for the empty history.
 */
extern bool HistoryOpen(const void *data, size_t length, HistoryView *view,
						CoreError *err);

static inline uint64_t
HistoryLoad64(const unsigned char *p)
{
	uint64_t	value;

	memcpy(&value, p, sizeof(value));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	value = __builtin_bswap64(value);
#endif
	return value;
}

static inline uint64_t
HistoryWord(const HistoryView *view, uint32_t i)
{
	return HistoryLoad64(view->words + (size_t) i * view->width) & view->mask;
}

static inline Instant
HistoryAt(const HistoryView *view, uint32_t i)
{
	uint64_t	offset = HistoryWord(view, i) >> view->kind_bits;

	/* unsigned: bytes that lie about the unit may wrap, but not trap */
	return (Instant) ((uint64_t) view->base + offset * (uint64_t) view->unit);
}

/* Less than view->kinds, whatever the bytes are. */
static inline uint32_t
HistoryKindIndex(const HistoryView *view, uint32_t i)
{
	const unsigned char *p = view->kinds_apart;
	uint64_t	kind;

	if (p == NULL)
		kind = HistoryWord(view, i) &
			((UINT64_C(1) << view->kind_bits) - 1);
	else
	{
		p += (size_t) i * 4;
		kind = p[0] | (uint32_t) p[1] << 8 | (uint32_t) p[2] << 16 |
			(uint32_t) p[3] << 24;
	}
	return kind < view->kinds ? (uint32_t) kind : 0;
}

/* The number of contacts with at <= t: binary search. */
extern uint32_t HistoryUpTo(const HistoryView *view, Instant t);

/* The answer times of all contacts (INSTANT_NONE where there is none). */
struct HistoryDictionary;
extern void HistoryAnswers(const HistoryView *view,
						   const struct HistoryDictionary *dictionary,
						   Instant *answered_at);

/* --- the dictionary, decoded and checked */

typedef struct HistoryLabel
{
	const char *channel;		/* NUL-terminated */
	const char *purpose;
} HistoryLabel;

typedef struct HistoryKind
{
	uint32_t	label;
	Outcome		outcome;
	bool		has_answer;
	int64_t		weight;			/* WEIGHT_NONE: not its own */
} HistoryKind;

typedef struct HistoryDictionary
{
	uint32_t	nlabels;
	uint32_t	nkinds;
	HistoryLabel *labels;
	HistoryKind *kinds;
} HistoryDictionary;

/*
 * One allocation, released by CoreFree(dictionary); NULL with err filled.
 * Checks the whole of it, and the contacts of the view against it: kinds in
 * range, instants in range and in order, as many answers as there should be.
 */
extern HistoryDictionary *HistoryReadDictionary(const HistoryView *view,
												CoreError *err);

/* One contact after the other, spelled out. */
typedef struct HistoryCursor
{
	const HistoryView *view;
	const HistoryDictionary *dictionary;
	uint32_t	next;
	uint32_t	answers;		/* read so far */
} HistoryCursor;

extern bool HistoryNext(HistoryCursor *cursor, Contact *contact);

/* --- the horizon */

/* Rising outcomes that can be an answer: sent ... converted. */
#define ANSWER_LEVELS			6
#define ANSWER_LEVEL(outcome)	((int) (outcome) - OUTCOME_SENT)

/* What is known of the answers "this outcome or better" among the dropped. */
typedef struct TrimmedAnswers
{
	Instant		last_answer_at; /* INSTANT_NONE: never answered */
	Instant		answered_contact_at;	/* the latest contact answered */
	int64_t		run_min;		/* counted, sent ones after both: at least */
	int64_t		run_max;		/* at most; they differ only after a merge */
	Instant		run_first_at;	/* none of them is earlier */
	Instant		run_last_at;	/* the last; INSTANT_NONE: there are none */
} TrimmedAnswers;

/* What trimming keeps of one channel and purpose. */
typedef struct TrimmedGroup
{
	const char *channel;
	const char *purpose;
	int64_t		by_outcome[OUTCOME_COUNT];
	int64_t		weighted;		/* counted ones with a weight of their own */
	int64_t		weight;			/* the sum of those weights, millionths */
	Instant		last_at;		/* last counted contact, INSTANT_NONE: none */
	Instant		last_event_at;	/* last event */
	TrimmedAnswers answers[ANSWER_LEVELS];
} TrimmedGroup;

typedef struct Trimmed
{
	Instant		before;			/* the horizon: what is older is in groups */
	uint32_t	ngroups;
	TrimmedGroup *groups;		/* ascending by channel, purpose */
} Trimmed;

/* One allocation; NULL with err->code == CORE_OK when never trimmed. */
extern Trimmed *HistoryReadTrimmed(const HistoryView *view, CoreError *err);

/* The horizon alone, cheap; INSTANT_NONE when never trimmed. */
extern Instant HistoryHorizon(const HistoryView *view);

/*
 * How many contacts of the run are left when the latest answer, of whatever
 * group or contact, was given at answer_at and the latest contact answered is
 * of contact_at: at least *least, at most *most.
 */
extern void TrimmedRun(const TrimmedAnswers *answers, Instant answer_at,
					   Instant contact_at, int64_t *least, int64_t *most);

/* --- instants and histories as text */

/* "2026-11-01T09:00:00Z", its length; out holds INSTANT_TEXT_SIZE bytes. */
#define INSTANT_TEXT_SIZE		32
extern size_t InstantWrite(Instant t, char out[INSTANT_TEXT_SIZE]);

/* ISO 8601 with an offset; date and time in full, seconds optional. */
extern bool InstantParse(const char *text, size_t length, Instant *t,
						 CoreError *err);

/* --- building */

/*
 * The builder gathers contacts in any order and writes canonical bytes.
 * Everything that makes a history (text, binary, merge, add, trim) goes
 * through it, and so through one set of checks.  A contact older than the
 * horizon goes into the summary.
 */
typedef struct HistoryBuilder HistoryBuilder;

extern HistoryBuilder *HistoryBuild(void);
extern bool HistoryAdd(HistoryBuilder *builder, const Contact *contact,
					   CoreError *err);
extern bool HistoryAddAll(HistoryBuilder *builder, const HistoryView *view,
						  CoreError *err);	/* merge, horizon included */
extern bool HistoryAddAllBut(HistoryBuilder *builder, const HistoryView *view,
							 uint32_t but, CoreError *err);
extern bool HistoryAddTrimmed(HistoryBuilder *builder, const Trimmed *trimmed,
							  CoreError *err);
extern bool HistoryTrim(HistoryBuilder *builder, Instant before,
						CoreError *err);

/* For many contacts of few kinds: name a kind once, then its contacts. */
extern uint32_t HistoryAddKind(HistoryBuilder *builder, const char *channel,
							   const char *purpose, Outcome outcome,
							   int64_t weight, bool has_answer);
extern bool HistoryAddAt(HistoryBuilder *builder, uint32_t kind, Instant at,
						 Instant answered_at, CoreError *err);

/*
 * The bytes, *length of them, without a length word; room bytes are left in
 * front.  The builder is gone; so it is after HistoryDiscard().
 */
extern void *HistoryFinish(HistoryBuilder *builder, size_t room,
						   size_t *length, CoreError *err);
extern void HistoryDiscard(HistoryBuilder *builder);

/*
 * The bytes (as HistoryFinish() gives them) of a history with one contact
 * more, when it goes behind the others and is of a kind that is there; NULL
 * when it is not: then a builder has to do it (history_append.c).
 */
extern void *HistoryAppend(const void *data, size_t length,
						   const HistoryView *view, const Contact *contact,
						   size_t room, size_t *new_length);

/* The JSON form (history_text.c). */
extern bool HistoryParse(const char *text, size_t length,
						 HistoryBuilder *builder, CoreError *err);
extern bool HistoryWrite(const HistoryView *view, CoreText *out,
						 CoreError *err);

/* The wire form (history_wire.c). */
extern bool HistoryReceive(const unsigned char *bytes, size_t length,
						   HistoryBuilder *builder, CoreError *err);
extern bool HistorySend(const HistoryView *view, CoreText *out,
						CoreError *err);

#endif							/* CONTACT_PRESSURE_HISTORY_H */
