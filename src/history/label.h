/*
 * label.h
 *		Names of channels and purposes, and the outcomes of a contact.
 *
 * Every entry point (text, binary, casts, aggregates, function arguments,
 * policies) goes through LabelChannel() or LabelPurpose(): names are trimmed
 * of blanks, folded to lower case and then held to the alphabet.
 */
#ifndef CONTACT_PRESSURE_LABEL_H
#define CONTACT_PRESSURE_LABEL_H

#include "core.h"

#define LABEL_NAME_MAX		63	/* NAME: as long as an SQL identifier */
#define LABEL_PURPOSE_MAX	255 /* NAME.NAME...: one length byte */
#define LABEL_DEFAULT_PURPOSE "marketing"

/*
 * channel: [a-z][a-z0-9_-]*, at most LABEL_NAME_MAX; "any" and "each" are
 * patterns and no channel.  out holds LABEL_NAME_MAX + 1 bytes.
 */
extern bool LabelChannel(const char *text, size_t length, char *out,
						 CoreError *err);

/* purpose: NAME{.NAME}; out holds LABEL_PURPOSE_MAX + 1 bytes. */
extern bool LabelPurpose(const char *text, size_t length, char *out,
						 CoreError *err);

/*
 * The place of a name in a list, whatever its case and the blanks around it;
 * -1: it is not there.  *text and *length become those of the bare name.
 */
extern int	FindName(const char *const *names, int count, const char **text,
					 size_t *length);

typedef enum Outcome
{
	OUTCOME_PLANNED = 0,
	OUTCOME_SENT,
	OUTCOME_DELIVERED,
	OUTCOME_OPENED,
	OUTCOME_CLICKED,
	OUTCOME_REPLIED,
	OUTCOME_CONVERTED,			/* the rising order ends here */
	OUTCOME_DECLINED,
	OUTCOME_UNSUBSCRIBED,
	OUTCOME_COMPLAINED,			/* the last that is counted */
	OUTCOME_BOUNCED,
	OUTCOME_HARD_BOUNCED,
	OUTCOME_REJECTED,
	OUTCOME_FAILED,
	OUTCOME_EVENT
} Outcome;

#define OUTCOME_COUNT		15

static inline bool
OutcomeIsRising(Outcome outcome)
{
	return outcome <= OUTCOME_CONVERTED;
}

/* Counted by caps, gaps and counts: planned contacts are, events are not. */
static inline bool
OutcomeIsCounted(Outcome outcome)
{
	return outcome <= OUTCOME_COMPLAINED;
}

/* Is it "wanted, or better" in the rising order, or else just the same? */
static inline bool
OutcomeReaches(Outcome outcome, Outcome wanted)
{
	if (OutcomeIsRising(wanted))
		return outcome >= wanted && OutcomeIsRising(outcome);
	return outcome == wanted;
}

extern const char *const OutcomeNames[OUTCOME_COUNT];

/* trimmed, folded; false with a hint that lists the outcomes */
extern bool OutcomeParse(const char *text, size_t length, Outcome *outcome,
						 CoreError *err);

/* Weights are exact millionths. */
#define WEIGHT_ONE			INT64_C(1000000)
#define WEIGHT_MAX			(INT64_C(1000000) * WEIGHT_ONE)
#define WEIGHT_NONE			INT64_C(-1) /* no weight of its own */

/* From a float8; an error unless it is the double of a whole millionth. */
extern bool WeightFromDouble(double value, int64_t *weight, CoreError *err);

/* From the characters of a JSON number, exact; most: WEIGHT_MAX. */
extern bool WeightParse(const char *text, size_t length, int64_t most,
						int64_t *weight, CoreError *err);

/* "2", "0.25" */
extern void WeightWrite(int64_t weight, CoreText *out);

#endif							/* CONTACT_PRESSURE_LABEL_H */
