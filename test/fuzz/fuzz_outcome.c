/*
 * fuzz_outcome.c
 *		Responses to a contact in any order, twice, late: one outcome.
 */
#include "ledger/outcome.h"
#include "standalone.h"

#include <stdlib.h>

#define MOST	32

typedef struct State
{
	Outcome		outcome;
	Instant		answered_at;
} State;

typedef struct Response
{
	Outcome		outcome;
	Instant		at;
} Response;

static void
Require(bool condition)
{
	if (!condition)
		abort();
}

/* Did the person do it? */
static bool
IsAnswer(Outcome outcome)
{
	return outcome >= OUTCOME_OPENED && outcome <= OUTCOME_COMPLAINED;
}

/* Take one in; a stronger outcome is not given up. */
static void
Respond(State *state, Response response)
{
	State		before = *state;
	bool		changed = OutcomeRespond(&state->outcome, &state->answered_at,
										 response.outcome, response.at);

	Require(changed == (state->outcome != before.outcome ||
						state->answered_at != before.answered_at));
	Require(state->outcome == before.outcome ||
			state->outcome == response.outcome);
	Require(IsAnswer(state->outcome) ==
			(state->answered_at != INSTANT_NONE));
	Require(!IsAnswer(before.outcome) || IsAnswer(state->outcome));
	Require(OutcomeIsResponse(response.outcome) || !changed);
	if (before.outcome == OUTCOME_COMPLAINED ||
		before.outcome == OUTCOME_EVENT)
		Require(state->outcome == before.outcome);

	/* the same once more changes nothing */
	before = *state;
	Require(!OutcomeRespond(&state->outcome, &state->answered_at,
							response.outcome, response.at));
	Require(state->outcome == before.outcome &&
			state->answered_at == before.answered_at);
}

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Response	responses[MOST];
	State		forwards = {OUTCOME_SENT, INSTANT_NONE};
	State		backwards = forwards;
	State		event = {OUTCOME_EVENT, INSTANT_NONE};
	size_t		n = size / 2 < MOST ? size / 2 : MOST;
	bool		soft = false;	/* a soft bounce, then delivered: both count */

	for (size_t i = 0; i < n; i++)
	{
		responses[i].outcome = (Outcome) (data[2 * i] % OUTCOME_COUNT);
		responses[i].at = data[2 * i + 1];
		soft |= responses[i].outcome == OUTCOME_BOUNCED;
		Respond(&forwards, responses[i]);
		Require(!OutcomeRespond(&event.outcome, &event.answered_at,
								responses[i].outcome, responses[i].at));
	}
	for (size_t i = n; i-- > 0;)
		Respond(&backwards, responses[i]);
	if (!soft)
		Require(forwards.outcome == backwards.outcome &&
				forwards.answered_at == backwards.answered_at);
	return 0;
}
