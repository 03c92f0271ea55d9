/*
 * record.c
 *		record_contact() and record_event(): facts, recorded unasked.
 *
 * A fact may exceed any cap; what is asked later counts it.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "compat.h"
#include "core_pg.h"
#include "history/history_pg.h"
#include "ledger/outcome.h"
#include "ledger/settle.h"

PG_FUNCTION_INFO_V1(record_contact);
PG_FUNCTION_INFO_V1(record_event);

/* A fact as it was given: a row without a log id, and the rest. */
typedef struct Fact
{
	text	   *person;
	LogRow		row;
	LogFacts	facts;
	bool		has_outcome;	/* else it follows from the time */
	char		channel[LABEL_NAME_MAX + 1];
	char		purpose[LABEL_PURPOSE_MAX + 1];
} Fact;

/* A text argument, or NULL. */
static text *
TextArg(FunctionCallInfo fcinfo, int arg)
{
	return PG_ARGISNULL(arg) ? NULL : PG_GETARG_TEXT_PP(arg);
}

/* The error for a key that names another contact. */
static void
CheckSameContact(const Fact *fact, const LogRow *row)
{
	if (strcmp(row->contact.channel, fact->channel) == 0 &&
		strcmp(row->contact.purpose, fact->purpose) == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the key \"%s\" of person \"%s\" names another contact",
					text_to_cstring(fact->facts.key),
					text_to_cstring(fact->person)),
			 errdetail("It is %s/%s with log id %lld, and not %s/%s.",
					   row->contact.channel, row->contact.purpose,
					   (long long) row->log_id, fact->channel,
					   fact->purpose),
			 errhint("A key is given to one contact of a person.")));
}

/* The reservation with the key of a fact is what has happened. */
static void
ConfirmByFact(Settling *settling, const LogRow *row, const Fact *fact)
{
	const Contact *given = &fact->row.contact;
	LogRow		after = *row;

	MarkConfirmed(&after);
	if (fact->has_outcome && OutcomeIsResponse(given->outcome))
		(void) OutcomeRespond(&after.contact.outcome,
							  &after.contact.answered_at, given->outcome,
							  given->answered_at == INSTANT_NONE ?
							  after.contact.at :
							  Max(given->answered_at, after.contact.at));
	SettleRow(settling, row, &after);
}

/* Does the fact say that what was planned for later has gone out already? */
static bool
WentOutEarly(const Fact *fact, const LogRow *row)
{
	TimestampTz now = GetCurrentTimestamp();

	return row->status != STATUS_CANCELLED &&
		row->contact.outcome == OUTCOME_PLANNED && row->contact.at > now &&
		fact->row.contact.at <= now;
}

/*
 * The fact takes the place of the plan, in its own time: were it left
 * planned, it could still be cancelled, and what was sent would not count.
 */
static void
ReplacePlan(Settling *settling, const LogRow *row, Fact *fact)
{
	if (!fact->facts.has_weight && row->contact.weight != WEIGHT_NONE)
	{
		fact->facts.has_weight = true;
		fact->facts.weight = (float8) row->contact.weight / WEIGHT_ONE;
		fact->row.contact.weight = row->contact.weight;
	}
	PersonRemoveContact(&settling->person, &row->contact);
	PersonAddContact(&settling->person, &fact->row.contact);
	LogRowRevive(&settling->person, &fact->row, &fact->facts);
	PersonSettleLeases(&settling->person);
	settling->changed = true;
}

/* Write a fact down, once for each key; its log id. */
static int64
Record(Fact *fact)
{
	Settling	settling;
	LogRow		row;
	bool		again;

	(void) BeginSettling(&settling, fact->person, true);
	again = fact->facts.key != NULL &&
		LogRowByKey(&settling.person, fact->facts.key, &row);
	if (again)
	{
		CheckSameContact(fact, &row);
		fact->row.log_id = row.log_id;
	}
	if (again && WentOutEarly(fact, &row))
		ReplacePlan(&settling, &row, fact);
	else if (again && row.status == STATUS_RESERVED)
		ConfirmByFact(&settling, &row, fact);
	else if (!again || row.status == STATUS_CANCELLED)
	{
		PersonAddContact(&settling.person, &fact->row.contact);
		settling.changed = true;
		if (again)
			LogRowRevive(&settling.person, &fact->row, &fact->facts);
		else
			LogRowInsert(&settling.person, &fact->row, &fact->facts);
	}
	EndSettling(&settling);
	return fact->row.log_id;
}

/* What both kinds of fact have: a person, a label, a time. */
static void
BeginFact(FunctionCallInfo fcinfo, int channel, int purpose, int at,
		  Fact *fact)
{
	memset(fact, 0, sizeof(*fact));
	RequireArg(fcinfo, 0, "id");
	RequireArg(fcinfo, channel, "channel");
	RequireArg(fcinfo, at, "at");
	fact->person = PG_GETARG_TEXT_PP(0);
	ChannelArg(fcinfo, channel, fact->channel);
	PurposeArg(fcinfo, purpose, fact->purpose);
	fact->row.status = STATUS_RECORDED;
	fact->row.lease_until = DT_NOEND;
	fact->row.contact.channel = fact->channel;
	fact->row.contact.purpose = fact->purpose;
	fact->row.contact.at = CheckInstant(PG_GETARG_TIMESTAMPTZ(at),
										"time of a contact");
	fact->row.contact.answered_at = INSTANT_NONE;
	fact->row.contact.weight = WEIGHT_NONE;
}

/* The error for an answer earlier than the contact, as histories have it. */
static Instant
AnsweredAtArg(FunctionCallInfo fcinfo, int arg, const Contact *contact)
{
	Instant		answered_at;

	if (PG_ARGISNULL(arg))
		return INSTANT_NONE;
	answered_at = CheckInstant(PG_GETARG_TIMESTAMPTZ(arg),
							   "time of an answer");
	if (answered_at < contact->at - RESPONSE_CLOCK_SKEW)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a contact is answered before it is sent"),
				 errhint("answered_at is when the answer to the contact was given, \"at\" when it was sent.")));
	return Max(answered_at, contact->at);
}

/*
 * record_contact(id, channel, purpose, at, campaign, owner, weight, cost, key,
 * outcome, answered_at, source)
 */
Datum
record_contact(PG_FUNCTION_ARGS)
{
	Fact		fact;
	Contact    *contact = &fact.row.contact;

	BeginFact(fcinfo, 1, 2, 3, &fact);
	RequireArg(fcinfo, 11, "source");
	fact.facts.campaign = TextArg(fcinfo, 4);
	fact.facts.owner = TextArg(fcinfo, 5);
	fact.facts.has_weight = !PG_ARGISNULL(6);
	if (fact.facts.has_weight)
		fact.facts.weight = PG_GETARG_FLOAT8(6);
	contact->weight = WeightArg(fcinfo, 6);
	fact.facts.has_cost = !PG_ARGISNULL(7);
	if (fact.facts.has_cost)
		fact.facts.cost = PG_GETARG_DATUM(7);
	fact.facts.key = TextArg(fcinfo, 8);
	fact.facts.source = PG_GETARG_TEXT_PP(11);
	fact.has_outcome = !PG_ARGISNULL(9);
	if (fact.has_outcome)
		contact->outcome = OutcomeArg(fcinfo, 9);
	else
		contact->outcome = contact->at > GetCurrentTimestamp() ?
			OUTCOME_PLANNED : OUTCOME_SENT;
	contact->answered_at = AnsweredAtArg(fcinfo, 10, contact);
	PG_RETURN_INT64(Record(&fact));
}

/* record_event(id, purpose, at, channel, key, source) */
Datum
record_event(PG_FUNCTION_ARGS)
{
	Fact		fact;

	RequireArg(fcinfo, 1, "purpose");
	RequireArg(fcinfo, 5, "source");
	BeginFact(fcinfo, 3, 1, 2, &fact);
	fact.row.contact.outcome = OUTCOME_EVENT;
	fact.facts.key = TextArg(fcinfo, 4);
	fact.facts.source = PG_GETARG_TEXT_PP(5);
	PG_RETURN_INT64(Record(&fact));
}
