/*
 * outcome.h
 *		What becomes of a contact when one more response to it is reported.
 */
#ifndef CONTACT_PRESSURE_OUTCOME_H
#define CONTACT_PRESSURE_OUTCOME_H

#include "history/label.h"

/*
 * Clocks differ, and many senders report whole seconds or minutes: a response
 * is taken for one at the time of its contact when it is earlier by less.
 */
#define RESPONSE_CLOCK_SKEW		MICROS_PER_MINUTE

/* Can it be reported at all?  Plans and events are no responses. */
static inline bool
OutcomeIsResponse(Outcome outcome)
{
	return outcome != OUTCOME_PLANNED && outcome != OUTCOME_EVENT;
}

/* What is opted out of when it is reported. */
typedef enum OutcomeOptOut
{
	OPT_OUT_OF_NOTHING,
	OPT_OUT_OF_MARKETING,		/* CHANNEL/marketing */
	OPT_OUT_OF_CHANNEL			/* CHANNEL: the address is dead */
} OutcomeOptOut;

extern OutcomeOptOut OutcomeOptsOut(Outcome outcome);

/*
 * Take a response given at an instant into a contact's outcome and answer
 * time; does that change anything?
 */
extern bool OutcomeRespond(Outcome *outcome, Instant *answered_at,
						   Outcome response, Instant at);

#endif							/* CONTACT_PRESSURE_OUTCOME_H */
