/*
 * settle.c
 *		Contacts in the log are confirmed, cancelled and answered.
 *
 * The functions for one contact each; settle_many.c has those for many.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "compat.h"
#include "core_pg.h"
#include "history/history_pg.h"
#include "ledger/outcome.h"
#include "ledger/settle.h"

PG_FUNCTION_INFO_V1(confirm_contact);
PG_FUNCTION_INFO_V1(confirm_contact_key);
PG_FUNCTION_INFO_V1(cancel_contact);
PG_FUNCTION_INFO_V1(cancel_contact_key);
PG_FUNCTION_INFO_V1(record_response);
PG_FUNCTION_INFO_V1(record_response_key);
PG_FUNCTION_INFO_V1(record_response_bigint);

/* --- arguments */

/* See settle.h. */
void
FailNull(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			 errmsg("%s must not be null", name),
			 errhint("What is not known cannot be written down; leave the call out instead.")));
	pg_unreachable();
}

/* See settle.h. */
void
RequireArg(FunctionCallInfo fcinfo, int arg, const char *name)
{
	if (PG_ARGISNULL(arg))
		FailNull(name);
}

/* See settle.h. */
Outcome
ResponseOutcome(text *name)
{
	Outcome		outcome;
	CoreError	err;

	if (!OutcomeParse(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), &outcome,
					  &err))
		ThrowCoreError(&err);
	if (!OutcomeIsResponse(outcome))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" is no response to a contact",
						OutcomeNames[outcome]),
				 outcome == OUTCOME_EVENT ?
				 errhint("What a person did is written down by record_event().") :
				 errhint("A contact is planned by reserve_contact() or record_contact().")));
	return outcome;
}

/* --- one person, locked */

/* See settle.h. */
bool
BeginSettling(Settling *settling, text *id, bool create)
{
	settling->changed = false;
	return LockPerson(id, GetCurrentTimestamp(), create, &settling->person);
}

/* See settle.h. */
void
EndSettling(Settling *settling)
{
	if (settling->changed)
		SavePerson(&settling->person);
	settling->changed = false;
}

/* Is it one of those that the history knows by their number only? */
static bool
IsTrimmed(const LedgerPerson *person, TimestampTz at)
{
	HistoryView view;
	CoreError	err;

	if (person->history == NULL)
		return false;
	if (!HistoryOpen(VARDATA_ANY(person->history),
					 VARSIZE_ANY_EXHDR(person->history), &view, &err))
		ThrowCoreError(&err);
	return at < HistoryHorizon(&view);
}

/* See settle.h. */
void
SettleRow(Settling *settling, const LogRow *before, const LogRow *after)
{
	const Contact *was = before->status == STATUS_CANCELLED ? NULL :
		&before->contact;
	const Contact *is = after->status == STATUS_CANCELLED ? NULL :
		&after->contact;
	LedgerPerson *person = &settling->person;

	/*
	 * What was trimmed no longer changes: the response is in the log, and the
	 * longest window of any rule is over.
	 */
	if (was != NULL && is != NULL &&
		(IsTrimmed(person, was->at) ||
		 (was->at == is->at && was->weight == is->weight &&
		  was->outcome == is->outcome &&
		  was->answered_at == is->answered_at)))
		was = is = NULL;
	if (was != NULL)
		PersonRemoveContact(person, was);
	if (is != NULL)
		PersonAddContact(person, is);
	LogRowUpdate(person, after);
	settling->changed |= was != NULL || is != NULL;
	if (before->lease_until != after->lease_until &&
		before->lease_until <= person->lease_until)
	{
		PersonSettleLeases(person);
		settling->changed = true;
	}
}

/* --- confirm */

/* See settle.h. */
void
MarkConfirmed(LogRow *row)
{
	row->status = STATUS_CONFIRMED;
	row->lease_until = DT_NOEND;
	if (row->contact.outcome == OUTCOME_PLANNED &&
		row->contact.at <= GetCurrentTimestamp())
		row->contact.outcome = OUTCOME_SENT;
}

/* See settle.h. */
bool
SettleConfirm(Settling *settling, const LogRow *row)
{
	LogRow		after = *row;
	LedgerProposal proposal = {0};

	if (row->status != STATUS_RESERVED)
		return row->status != STATUS_CANCELLED;
	proposal.channel = cstring_to_text(row->contact.channel);
	proposal.purpose = cstring_to_text(row->contact.purpose);
	/* one that is to go out later is judged by the clock of then */
	if (!JudgeMayHandOver(&settling->person, &proposal,
						  Max(GetCurrentTimestamp(), row->contact.at)))
		return false;
	MarkConfirmed(&after);
	SettleRow(settling, row, &after);
	return true;
}

/* --- cancel */

/* See settle.h. */
CancelAnswer
SettleCancel(Settling *settling, const LogRow *row, text *reason)
{
	LogRow		after = *row;

	if (row->status == STATUS_CANCELLED)
		return CANCEL_AGAIN;
	/* one that was never confirmed did not go out, if its sender says so */
	if (row->contact.outcome > OUTCOME_SENT ||
		IsTrimmed(&settling->person, row->contact.at) ||
		(row->status != STATUS_RESERVED &&
		 (row->contact.outcome == OUTCOME_SENT ||
		  row->contact.at <= GetCurrentTimestamp())))
		return CANCEL_TOO_LATE;
	after.status = STATUS_CANCELLED;
	after.lease_until = DT_NOEND;
	after.reason = reason;
	SettleRow(settling, row, &after);
	return CANCEL_DONE;
}

/* --- responses */

/* Opt a locked person out as an outcome says. */
static void
OptOut(Settling *settling, const char *channel, Outcome outcome)
{
	static SPIPlanPtr plan = NULL;
	static const Oid types[] = {TEXTOID, TEXTOID, TEXTOID};
	const char *scope = channel;
	Datum		values[3];

	if (OutcomeOptsOut(outcome) == OPT_OUT_OF_NOTHING)
		return;
	if (OutcomeOptsOut(outcome) == OPT_OUT_OF_MARKETING)
		scope = psprintf("%s/" LABEL_DEFAULT_PURPOSE, channel);
	values[0] = PointerGetDatum(settling->person.id);
	values[1] = CStringGetTextDatum(scope);
	values[2] = CStringGetTextDatum(OutcomeNames[outcome]);
	/* it writes the same row, and so works on the row as it is now */
	EndSettling(settling);
	SPI_connect();
	LedgerPlan(&plan,
			   "SELECT contact_pressure.opt_out("
			   "  id => $1, scope => $2, reason => $3)",
			   lengthof(types), types);
	LedgerExecute(plan, values, NULL, false);
	SPI_finish();
	(void) BeginSettling(settling, settling->person.id, false);
}

/* Raise the error for a contact that cannot have been answered. */
static void
CheckResponse(const LogRow *row, TimestampTz at)
{
	char		given[INSTANT_TEXT_SIZE];
	char		sent[INSTANT_TEXT_SIZE];

	(void) CheckInstant(at, "time of a response");
	if (row->contact.outcome == OUTCOME_EVENT)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("log id %lld is an event and has no outcome",
						(long long) row->log_id),
				 errhint("Responses are to contacts.")));
	if (at >= row->contact.at - RESPONSE_CLOCK_SKEW)
		return;
	(void) InstantWrite(at, given);
	(void) InstantWrite(row->contact.at, sent);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("a response at %s is earlier than its contact", given),
			 errdetail("The contact with log id %lld is of %s.",
					   (long long) row->log_id, sent),
			 errhint("Give the time of the response, with its zone, as \"at\".")));
}

/* See settle.h. */
bool
SettleResponse(Settling *settling, const LogRow *row, Outcome outcome,
			   TimestampTz at)
{
	LogRow		after = *row;
	bool		changed = false;

	CheckResponse(row, at);
	if (!LogResponse(&settling->person, row->log_id, at, outcome))
		return false;
	if (row->status != STATUS_CANCELLED)
	{
		changed = OutcomeRespond(&after.contact.outcome,
								 &after.contact.answered_at, outcome,
								 Max(at, row->contact.at));
		/* so it was handed over, whether or not the sender said so */
		if (row->status == STATUS_RESERVED)
		{
			MarkConfirmed(&after);
			changed = true;
		}
		if (changed)
			SettleRow(settling, row, &after);
	}
	OptOut(settling, row->contact.channel, outcome);
	return changed;
}

/* --- one contact, by its log id or its key */

/* Lock the person of a contact and read it; an error when there is none. */
static void
BeginById(FunctionCallInfo fcinfo, Settling *settling, LogRow *row)
{
	int64		log_id;
	text	   *person;

	RequireArg(fcinfo, 0, "log_id");
	log_id = PG_GETARG_INT64(0);
	person = LogRowPerson(log_id);
	if (person == NULL || !BeginSettling(settling, person, false) ||
		!LogRowById(&settling->person, log_id, row))
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA),
				 errmsg("there is no contact with log id %lld",
						(long long) log_id),
				 errhint("It may have been removed by maintenance, or its person erased.")));
}

static void
BeginByKey(text *person, text *key, Settling *settling, LogRow *row)
{
	if (!BeginSettling(settling, person, false) ||
		!LogRowByKey(&settling->person, key, row))
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA),
				 errmsg("person \"%s\" has no contact with key \"%s\"",
						text_to_cstring(person), text_to_cstring(key)),
				 errhint("The key is the one that was given to reserve_contact() or record_contact().")));
}

/* The same for arguments 0 and 1. */
static void
BeginByKeyArgs(FunctionCallInfo fcinfo, Settling *settling, LogRow *row)
{
	RequireArg(fcinfo, 0, "id");
	RequireArg(fcinfo, 1, "key");
	BeginByKey(PG_GETARG_TEXT_PP(0), PG_GETARG_TEXT_PP(1), settling, row);
}

/* confirm_contact(log_id) */
Datum
confirm_contact(PG_FUNCTION_ARGS)
{
	Settling	settling;
	LogRow		row;
	bool		confirmed;

	BeginById(fcinfo, &settling, &row);
	confirmed = SettleConfirm(&settling, &row);
	EndSettling(&settling);
	PG_RETURN_BOOL(confirmed);
}

/* confirm_contact(id, key) */
Datum
confirm_contact_key(PG_FUNCTION_ARGS)
{
	Settling	settling;
	LogRow		row;
	bool		confirmed;

	BeginByKeyArgs(fcinfo, &settling, &row);
	confirmed = SettleConfirm(&settling, &row);
	EndSettling(&settling);
	PG_RETURN_BOOL(confirmed);
}

/* The error for a contact that can no longer be cancelled. */
static void
FailTooLate(const LogRow *row)
{
	char		at[INSTANT_TEXT_SIZE];
	Outcome		outcome = row->contact.outcome;

	(void) InstantWrite(row->contact.at, at);
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("the contact with log id %lld can no longer be cancelled",
					(long long) row->log_id),
			 errdetail("It is of %s, its outcome is \"%s\".", at,
					   OutcomeNames[outcome]),
			 outcome <= OUTCOME_DELIVERED ?
			 errhint("If it never went out, say so: record_response(%lld, 'failed').",
					 (long long) row->log_id) :
			 errhint("Planned contacts are cancelled, and those that were not handed over.")));
}

/* Cancel a contact; an error when it is too late for that. */
static bool
CancelOne(Settling *settling, const LogRow *row, FunctionCallInfo fcinfo,
		  int reason)
{
	CancelAnswer answer = SettleCancel(settling, row, PG_ARGISNULL(reason) ?
									   NULL : PG_GETARG_TEXT_PP(reason));

	if (answer == CANCEL_TOO_LATE)
		FailTooLate(row);
	EndSettling(settling);
	return answer == CANCEL_DONE;
}

/* cancel_contact(log_id, reason) */
Datum
cancel_contact(PG_FUNCTION_ARGS)
{
	Settling	settling;
	LogRow		row;

	BeginById(fcinfo, &settling, &row);
	PG_RETURN_BOOL(CancelOne(&settling, &row, fcinfo, 1));
}

/* cancel_contact(id, key, reason) */
Datum
cancel_contact_key(PG_FUNCTION_ARGS)
{
	Settling	settling;
	LogRow		row;

	BeginByKeyArgs(fcinfo, &settling, &row);
	PG_RETURN_BOOL(CancelOne(&settling, &row, fcinfo, 2));
}

/* Take a response in to the contact that was read; does it change anything? */
static Datum
RespondOne(Settling *settling, const LogRow *row, Outcome outcome,
		   TimestampTz at)
{
	bool		changed = SettleResponse(settling, row, outcome, at);

	EndSettling(settling);
	PG_RETURN_BOOL(changed);
}

/* record_response(log_id, outcome, at) */
Datum
record_response(PG_FUNCTION_ARGS)
{
	Settling	settling;
	LogRow		row;
	Outcome		outcome;

	RequireArg(fcinfo, 1, "outcome");
	RequireArg(fcinfo, 2, "at");
	outcome = ResponseOutcome(PG_GETARG_TEXT_PP(1));
	BeginById(fcinfo, &settling, &row);
	return RespondOne(&settling, &row, outcome, PG_GETARG_TIMESTAMPTZ(2));
}

/* The last contact sent on a channel; an error when there is none. */
static void
BeginByChannel(FunctionCallInfo fcinfo, text *person, Settling *settling,
			   LogRow *row, TimestampTz at)
{
	char		channel[LABEL_NAME_MAX + 1];
	char		purpose[LABEL_PURPOSE_MAX + 1];
	bool		any_purpose = PG_ARGISNULL(5);

	if (PG_ARGISNULL(4))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a response to which contact?"),
				 errdetail("Neither a key nor a channel is given."),
				 errhint("Give its log id, its key, or the channel: then it is the last contact sent there.")));
	ChannelArg(fcinfo, 4, channel);
	PurposeArg(fcinfo, 5, purpose);
	if (!BeginSettling(settling, person, false) ||
		!LogRowLastSent(&settling->person, channel,
						any_purpose ? NULL : purpose, at, row))
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA),
				 errmsg("person \"%s\" has been sent nothing by %s that this could be a response to",
						text_to_cstring(person), channel),
				 errhint("Contacts count once they are sent, up to the time of the response.")));
}

/* A response by key, or without one to the last contact of a channel. */
static Datum
RespondByKey(FunctionCallInfo fcinfo, text *person)
{
	Settling	settling;
	LogRow		row;
	Outcome		outcome;
	TimestampTz at;

	RequireArg(fcinfo, 2, "outcome");
	RequireArg(fcinfo, 3, "at");
	outcome = ResponseOutcome(PG_GETARG_TEXT_PP(2));
	at = PG_GETARG_TIMESTAMPTZ(3);
	if (PG_ARGISNULL(1))
		BeginByChannel(fcinfo, person, &settling, &row, at);
	else
		BeginByKey(person, PG_GETARG_TEXT_PP(1), &settling, &row);
	return RespondOne(&settling, &row, outcome, at);
}

/* record_response(id, key, outcome, at, channel, purpose) */
Datum
record_response_key(PG_FUNCTION_ARGS)
{
	RequireArg(fcinfo, 0, "id");
	return RespondByKey(fcinfo, PG_GETARG_TEXT_PP(0));
}

/* The instant that a literal stands for. */
static Datum
TimestampFromText(text *value)
{
	return DirectFunctionCall3(timestamptz_in,
							   CStringGetDatum(text_to_cstring(value)),
							   ObjectIdGetDatum(InvalidOid),
							   Int32GetDatum(-1));
}

/* Is the argument the name of an outcome? */
static bool
IsOutcome(FunctionCallInfo fcinfo, int arg)
{
	text	   *name;
	Outcome		outcome;
	CoreError	err;

	if (PG_ARGISNULL(arg))
		return false;
	name = PG_GETARG_TEXT_PP(arg);
	return OutcomeParse(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), &outcome,
						&err);
}

/*
 * The same for an id that is a bigint.  The parser prefers text for a literal
 * without a type, so that record_response(5, 'opened', '2026-11-05 10:00Z')
 * comes here, and means log id 5.
 */
Datum
record_response_bigint(PG_FUNCTION_ARGS)
{
	char	   *id;

	RequireArg(fcinfo, 0, "id");
	if (IsOutcome(fcinfo, 1) && !PG_ARGISNULL(2) && !IsOutcome(fcinfo, 2))
		return DirectFunctionCall3(record_response, PG_GETARG_DATUM(0),
								   PG_GETARG_DATUM(1),
								   TimestampFromText(PG_GETARG_TEXT_PP(2)));
	id = psprintf(INT64_FORMAT, PG_GETARG_INT64(0));
	return RespondByKey(fcinfo, cstring_to_text(id));
}
