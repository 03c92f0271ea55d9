/*
 * outcome_core.c
 *		What becomes of a contact when one more response to it is reported.
 *
 * Reports arrive late, twice and in any order, so that the outcome is the
 * strongest that was reported, whatever came last.  What the person did says
 * more than what a server did, and no says more than yes.
 */
#include "ledger/outcome.h"

/* The stronger replaces the weaker. */
static const unsigned char strength[OUTCOME_COUNT] = {
	[OUTCOME_PLANNED] = 0,
	[OUTCOME_SENT] = 1,
	[OUTCOME_DELIVERED] = 2,	/* a server took it, and may yet return it */
	[OUTCOME_BOUNCED] = 3,
	[OUTCOME_FAILED] = 4,
	[OUTCOME_REJECTED] = 5,
	[OUTCOME_HARD_BOUNCED] = 6,
	[OUTCOME_OPENED] = 7,		/* from here on: it reached the person */
	[OUTCOME_CLICKED] = 8,
	[OUTCOME_REPLIED] = 9,
	[OUTCOME_CONVERTED] = 10,
	[OUTCOME_DECLINED] = 11,
	[OUTCOME_UNSUBSCRIBED] = 12,
	[OUTCOME_COMPLAINED] = 13
};

/* Does the person say it, so that its time matters? */
static bool
IsFromPerson(Outcome outcome)
{
	return strength[outcome] >= strength[OUTCOME_OPENED];
}

/* See outcome.h. */
OutcomeOptOut
OutcomeOptsOut(Outcome outcome)
{
	switch (outcome)
	{
		case OUTCOME_UNSUBSCRIBED:
		case OUTCOME_COMPLAINED:
			return OPT_OUT_OF_MARKETING;
		case OUTCOME_HARD_BOUNCED:
			return OPT_OUT_OF_CHANNEL;
		default:
			return OPT_OUT_OF_NOTHING;
	}
}

/* Does a response replace the outcome? */
static bool
Replaces(Outcome outcome, Outcome response)
{
	/* a soft bounce is tried again, and then it is delivered */
	if (outcome == OUTCOME_BOUNCED && response == OUTCOME_DELIVERED)
		return true;
	return strength[response] > strength[outcome];
}

/* See outcome.h. */
bool
OutcomeRespond(Outcome *outcome, Instant *answered_at, Outcome response,
			   Instant at)
{
	Instant		answer = IsFromPerson(response) ? at : INSTANT_NONE;

	if (!OutcomeIsResponse(response) || *outcome == OUTCOME_EVENT)
		return false;
	if (Replaces(*outcome, response))
	{
		*outcome = response;
		*answered_at = answer;
		return true;
	}
	/* the same answer: the time of the first counts */
	if (response == *outcome && answer != INSTANT_NONE &&
		(*answered_at == INSTANT_NONE || answer < *answered_at))
	{
		*answered_at = answer;
		return true;
	}
	return false;
}
