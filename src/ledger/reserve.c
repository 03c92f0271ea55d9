/*
 * reserve.c
 *		reserve_contact(): check and record in one step.
 *
 * The person's row is locked, and with it all that was ever committed about
 * the person is seen: the key is looked for, the core decides, the contact
 * goes into history and log.  Nothing is written for who is refused, but one
 * row that counts the refusal.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "compat.h"
#include "core_pg.h"
#include "history/history_pg.h"
#include "ledger/batch.h"

PG_FUNCTION_INFO_V1(reserve_contact);

/* --- arguments */

/* An argument that is no text is not there; so is one that is NULL. */
static text *
TextArgument(FunctionCallInfo fcinfo, int arg)
{
	if (arg == NO_ARGUMENT || PG_ARGISNULL(arg))
		return NULL;
	return PG_GETARG_TEXT_PP(arg);
}

/* Read at and local_at, of which one can be given. */
static void
ReadWhen(FunctionCallInfo fcinfo, const ReservationArguments *arguments,
		 Reservation *reservation)
{
	reservation->now = GetCurrentTransactionStartTimestamp();
	if (PG_ARGISNULL(arguments->at))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the time of a contact must not be null"),
				 errhint("Leave \"at\" out for a contact now.")));
	reservation->at = CheckInstant(PG_GETARG_TIMESTAMPTZ(arguments->at),
								   "time of a contact");
	reservation->is_local = !PG_ARGISNULL(arguments->local_at);
	if (!reservation->is_local)
		return;
	reservation->local_at =
		CheckInstant(PG_GETARG_TIMESTAMP(arguments->local_at), "local_at");
	/* now() is the default of "at" */
	if (reservation->at != reservation->now)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"at\" and \"local_at\" cannot both be given"),
				 errhint("\"at\" is one instant for everybody, \"local_at\" a time on each person's own clock.")));
}

/* Read lease and wait. */
static void
ReadSpans(FunctionCallInfo fcinfo, const ReservationArguments *arguments,
		  Reservation *reservation)
{
	if (arguments->lease != NO_ARGUMENT && !PG_ARGISNULL(arguments->lease))
	{
		reservation->has_lease = true;
		reservation->lease =
			SpanFromInterval(PG_GETARG_INTERVAL_P(arguments->lease));
	}
	if (!PG_ARGISNULL(arguments->wait))
	{
		Interval   *wait = PG_GETARG_INTERVAL_P(arguments->wait);

		/* not to wait at all can be said, too */
		reservation->has_wait = wait->month != 0 || wait->day != 0 ||
			wait->time != 0;
		if (reservation->has_wait)
			reservation->wait = SpanFromInterval(wait);
	}
}

/* See reserve.h. */
Reservation *
ReadReservation(FunctionCallInfo fcinfo,
				const ReservationArguments *arguments)
{
	Reservation *reservation = palloc0(sizeof(Reservation));

	reservation->context = CurrentMemoryContext;
	if (PG_ARGISNULL(arguments->channel))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the channel of a contact must not be null"),
				 errhint("Say which channel it is for: email, sms, post.")));
	ChannelArg(fcinfo, arguments->channel, reservation->channel);
	PurposeArg(fcinfo, arguments->purpose, reservation->purpose);
	reservation->proposal.channel = cstring_to_text(reservation->channel);
	reservation->proposal.purpose = cstring_to_text(reservation->purpose);
	reservation->weight = WeightArg(fcinfo, arguments->weight);
	if (!PG_ARGISNULL(arguments->weight))
	{
		reservation->proposal.has_weight = true;
		reservation->proposal.weight = PG_GETARG_FLOAT8(arguments->weight);
	}
	ReadWhen(fcinfo, arguments, reservation);
	ReadSpans(fcinfo, arguments, reservation);
	reservation->campaign = TextArgument(fcinfo, arguments->campaign);
	reservation->owner = TextArgument(fcinfo, arguments->owner);
	if (arguments->cost != NO_ARGUMENT && !PG_ARGISNULL(arguments->cost))
		reservation->cost = PG_GETARG_VARLENA_PP(arguments->cost);
	return reservation;
}

/* --- when */

/* Open a zone, and work out what follows for the reservation. */
static void
FillZone(Reservation *reservation, ReservationZone *slot, const char *name,
		 size_t length)
{
	MemoryContext old = MemoryContextSwitchTo(reservation->context);
	CoreError	err;

	CoreFree(slot->name);
	CoreFree(slot->zone);
	memset(slot, 0, sizeof(*slot));
	slot->zone = ZoneOpen(name, length, &err);
	if (slot->zone == NULL)
		ThrowCoreError(&err);
	slot->at = reservation->at;
	if (reservation->is_local)
		slot->at = CheckInstant(ZoneInstant(slot->zone,
											reservation->local_at),
								"time of a contact");
	slot->limit = slot->at;
	if (reservation->has_wait)
		slot->limit = SpanAdd(slot->zone, slot->at, &reservation->wait);
	slot->name = pnstrdup(name, length);
	MemoryContextSwitchTo(old);
}

/*
 * The zone in which a person's times are meant: the person's own, else the
 * policy's, else UTC.
 */
static const ReservationZone *
FindZone(Reservation *reservation, const LedgerPerson *person)
{
	const char *name = "UTC";
	ReservationZone *slot;
	size_t		length;

	if (person->zone != NULL)
	{
		name = VARDATA_ANY(person->zone);
		length = VARSIZE_ANY_EXHDR(person->zone);
	}
	else
	{
		struct varlena *value = PolicyOfPerson(person).policy;
		Policy		policy;
		CoreError	err;

		if (value != NULL)
		{
			value = PG_DETOAST_DATUM(PointerGetDatum(value));
			if (!PolicyOpen(value, VARSIZE(value), &policy, &err))
				ThrowCoreError(&err);
			if (policy.data->nlayers > 0 &&
				PolicyZone(&policy, policy.data->nlayers - 1) != NULL)
				name = PolicyZone(&policy, policy.data->nlayers - 1);
		}
		length = strlen(name);
	}
	slot = &reservation->zones[hash_bytes((const unsigned char *) name,
										  (int) length) &
							   (RESERVATION_ZONES - 1)];
	if (slot->name == NULL || strlen(slot->name) != length ||
		memcmp(slot->name, name, length) != 0)
		FillZone(reservation, slot, name, length);
	return slot;
}

/* --- deciding */

/* Allowed by the core, or refused? */
static bool
Judge(const Reservation *reservation, const LedgerPerson *person,
	  bool with_verdict, Decision *decision)
{
	if (with_verdict)
		JudgeVerdict(person, &reservation->proposal, decision->at,
					 &decision->verdict);
	else
		decision->verdict.allowed =
			JudgeMayContact(person, &reservation->proposal, decision->at,
							&decision->verdict.policy_version);
	return decision->verdict.allowed;
}

/* See reserve.h. */
void
DecideContact(Reservation *reservation, const LedgerPerson *person,
			  bool with_verdict, Decision *decision)
{
	LedgerVerdict *verdict = &decision->verdict;
	TimestampTz limit = reservation->at;
	TimestampTz at = reservation->at;

	memset(decision, 0, offsetof(Decision, verdict));
	decision->known = person->known;
	decision->lease_until = DT_NOEND;
	if (reservation->is_local || reservation->has_wait)
	{
		const ReservationZone *zone = FindZone(reservation, person);

		at = zone->at;
		limit = zone->limit;
	}
	decision->at = at;
	decision->allowed =
		Judge(reservation, person, with_verdict, decision) ||
		(!with_verdict && Judge(reservation, person, true, decision));
	if (decision->allowed ||
		DatumGetTimestampTz(verdict->values[VERDICT_RETRY_AT]) > limit)
		return;
	/* the first instant that will do, as long as the policy stays the same */
	decision->at = DatumGetTimestampTz(verdict->values[VERDICT_RETRY_AT]);
	decision->allowed = Judge(reservation, person, true, decision);
	if (!decision->allowed)
		decision->at = at;
}

/* See reserve.h. */
Outcome
ReservationOutcome(const Reservation *reservation, TimestampTz at)
{
	return reservation->has_lease || at > reservation->now ?
		OUTCOME_PLANNED : OUTCOME_SENT;
}

/* See reserve.h. */
void
TakeContact(Reservation *reservation, LedgerPerson *person,
			Decision *decision)
{
	Contact		contact = {
		.at = decision->at,
		.answered_at = INSTANT_NONE,
		.weight = reservation->weight,
		.outcome = ReservationOutcome(reservation, decision->at),
		.channel = reservation->channel,
		.purpose = reservation->purpose
	};

	PersonAddContact(person, &contact);
	if (!reservation->has_lease)
		return;
	decision->lease_until =
		SpanAdd(FindZone(reservation, person)->zone,
				Max(decision->at, GetCurrentTimestamp()),
				&reservation->lease);
	person->lease_until = Min(person->lease_until, decision->lease_until);
}

/* --- keys */

/* A text column of SPI's in a context; NULL for NULL. */
static text *
TextColumn(MemoryContext context, HeapTuple tuple, int column)
{
	bool		isnull;
	Datum		datum = SPI_getbinval(tuple, SPI_tuptable->tupdesc, column,
									  &isnull);
	MemoryContext old;
	text	   *value;

	if (isnull)
		return NULL;
	old = MemoryContextSwitchTo(context);
	value = DatumGetTextPCopy(datum);
	MemoryContextSwitchTo(old);
	return value;
}

/* See reserve.h. */
void
ReadKeyRow(MemoryContext context, HeapTuple tuple, int column, KeyRow *row)
{
	TupleDesc	tupdesc = SPI_tuptable->tupdesc;
	bool		isnull;

	row->log_id = DatumGetInt64(SPI_getbinval(tuple, tupdesc, column,
											  &isnull));
	row->at = DatumGetTimestampTz(SPI_getbinval(tuple, tupdesc, column + 1,
												&isnull));
	row->channel = TextColumn(context, tuple, column + 2);
	row->purpose = TextColumn(context, tuple, column + 3);
	row->campaign = TextColumn(context, tuple, column + 4);
	row->cancelled = DatumGetBool(SPI_getbinval(tuple, tupdesc, column + 5,
												&isnull));
	row->lapsed = DatumGetBool(SPI_getbinval(tuple, tupdesc, column + 6,
											 &isnull));
}

/* Look for the row of a key of a locked person. */
static bool
FindKeyRow(text *id, text *key, KeyRow *row)
{
	static SPIPlanPtr plan = NULL;
	static const Oid types[] = {TEXTOID, TEXTOID};
	Datum		values[] = {PointerGetDatum(id), PointerGetDatum(key)};
	MemoryContext context = CurrentMemoryContext;
	bool		found;

	SPI_connect();
	LedgerPlan(&plan,
			   "SELECT " KEY_ROW_COLUMNS
			   "  FROM contact_pressure.contact_log AS l"
			   " WHERE l.person_id = $1 AND l.key = $2",
			   lengthof(types), types);
	found = LedgerExecute(plan, values, NULL, false) > 0;
	if (found)
		ReadKeyRow(context, SPI_tuptable->vals[0], 1, row);
	SPI_finish();
	return found;
}

/* "email, purpose promo, campaign spring", for a message */
static char *
DescribeContact(const text *channel, const text *purpose,
				const text *campaign)
{
	if (campaign == NULL)
		return psprintf("%s, purpose %s, no campaign",
						text_to_cstring(channel), text_to_cstring(purpose));
	return psprintf("%s, purpose %s, campaign \"%s\"",
					text_to_cstring(channel), text_to_cstring(purpose),
					text_to_cstring(campaign));
}

/* See reserve.h. */
void
AllowWritten(LedgerVerdict *verdict)
{
	verdict->allowed = true;
	memset(verdict->nulls, true, sizeof(verdict->nulls));
	verdict->values[VERDICT_ALLOWED] = BoolGetDatum(true);
	verdict->nulls[VERDICT_ALLOWED] = false;
}

/* See reserve.h. */
bool
AnsweredByKey(const Reservation *reservation, text *id, text *key,
			  const KeyRow *row, Decision *decision)
{
	const LedgerProposal *proposal = &reservation->proposal;

	if (!SameText(row->channel, proposal->channel) ||
		!SameText(row->purpose, proposal->purpose) ||
		!SameText(row->campaign, reservation->campaign))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("key \"%s\" of person \"%s\" stands for another contact",
						text_to_cstring(key), text_to_cstring(id)),
				 errdetail("Contact %lld is %s; asked for is %s.",
						   (long long) row->log_id,
						   DescribeContact(row->channel, row->purpose,
										   row->campaign),
						   DescribeContact(proposal->channel,
										   proposal->purpose,
										   reservation->campaign)),
				 errhint("Use one key for one message.")));
	memset(decision, 0, sizeof(*decision));
	decision->known = true;
	decision->lease_until = DT_NOEND;
	decision->at = row->at;
	if (row->lapsed)
		return false;
	if (row->cancelled)
		LedgerRefuse(&decision->verdict, "cancelled");
	else
	{
		decision->allowed = decision->written = true;
		decision->log_id = row->log_id;
		AllowWritten(&decision->verdict);
	}
	return true;
}

/* --- writing */

/* What RetakeContact() writes: $1 ... $13. */
enum
{
	LOG_PERSON,
	LOG_ID,
	LOG_AT,
	LOG_CHANNEL,
	LOG_PURPOSE,
	LOG_CAMPAIGN,
	LOG_OWNER,
	LOG_SEGMENT,
	LOG_WEIGHT,
	LOG_COST,
	LOG_OUTCOME,
	LOG_LEASE_UNTIL,
	LOG_VERSION,
	LOG_ARGUMENTS
};

static const Oid log_types[LOG_ARGUMENTS] = {
	TEXTOID, INT8OID, TIMESTAMPTZOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID,
	TEXTOID, FLOAT8OID, NUMERICOID, TEXTOID, TIMESTAMPTZOID, INT8OID
};

/* Set an argument that may be NULL. */
static inline void
SetText(Datum *values, char *nulls, int arg, const void *value)
{
	values[arg] = PointerGetDatum(value);
	nulls[arg] = value == NULL ? 'n' : ' ';
}

/* The arguments of its statement. */
static void
LogArguments(const Reservation *reservation, const LedgerPerson *person,
			 const Decision *decision, Datum *values, char *nulls)
{
	Outcome		outcome = ReservationOutcome(reservation, decision->at);

	SetText(values, nulls, LOG_PERSON, person->id);
	values[LOG_ID] = Int64GetDatum(decision->log_id);
	nulls[LOG_ID] = ' ';
	values[LOG_AT] = TimestampTzGetDatum(decision->at);
	nulls[LOG_AT] = ' ';
	SetText(values, nulls, LOG_CHANNEL, reservation->proposal.channel);
	SetText(values, nulls, LOG_PURPOSE, reservation->proposal.purpose);
	SetText(values, nulls, LOG_CAMPAIGN, reservation->campaign);
	SetText(values, nulls, LOG_OWNER, reservation->owner);
	SetText(values, nulls, LOG_SEGMENT, person->segment);
	values[LOG_WEIGHT] = Float8GetDatum(reservation->proposal.weight);
	nulls[LOG_WEIGHT] = reservation->proposal.has_weight ? ' ' : 'n';
	SetText(values, nulls, LOG_COST, reservation->cost);
	SetText(values, nulls, LOG_OUTCOME,
			cstring_to_text(OutcomeNames[outcome]));
	values[LOG_LEASE_UNTIL] = TimestampTzGetDatum(decision->lease_until);
	nulls[LOG_LEASE_UNTIL] = decision->lease_until == DT_NOEND ? 'n' : ' ';
	values[LOG_VERSION] = Int64GetDatum(decision->verdict.policy_version);
	nulls[LOG_VERSION] = ' ';
	nulls[LOG_ARGUMENTS] = '\0';
}

/* See reserve.h. */
Oid
LogSequence(void)
{
	return LedgerRelation("contact_log_log_id_seq");
}

/* Write a row of contact_log; its id is in the decision. */
static void
InsertContact(const Reservation *reservation, const LedgerPerson *person,
			  text *key, const Decision *decision)
{
	Writing    *writing = NewWriting(CurrentMemoryContext, 1);

	AddToWriting(reservation, writing, person, key, decision);
	if (WriteContacts(reservation, writing) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the contact with person \"%s\" could not be written",
						text_to_cstring(person->id)),
				 errhint("Look at the triggers of contact_pressure.contact_log.")));
}

/* See reserve.h. */
void
RetakeContact(const Reservation *reservation, const LedgerPerson *person,
			  const Decision *decision)
{
	static SPIPlanPtr plan = NULL;
	Datum		values[LOG_ARGUMENTS];
	char		nulls[LOG_ARGUMENTS + 1];

	LogArguments(reservation, person, decision, values, nulls);
	SPI_connect();
	LedgerPlan(&plan,
			   "UPDATE contact_pressure.contact_log"
			   "   SET at = $3, channel = $4, purpose = $5, campaign = $6,"
			   "       owner = $7, segment = $8, weight = $9, cost = $10,"
			   "       outcome = $11, lease_until = $12,"
			   "       policy_version = $13, status = 'reserved',"
			   "       source = 'reserve', answered_at = NULL,"
			   "       reason = NULL, settled_at = NULL,"
			   "       recorded_at = clock_timestamp()"
			   " WHERE person_id = $1 AND log_id = $2",
			   LOG_ARGUMENTS, log_types);
	if (LedgerExecute(plan, values, nulls, false) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("contact %lld of person \"%s\" could not be taken again",
						(long long) decision->log_id,
						text_to_cstring(person->id)),
				 errhint("Look at row-level security and triggers of contact_pressure.contact_log.")));
	SPI_finish();
}

/* See reserve.h. */
void
CountRefusals(const Reservation *reservation, text *segment, text *reason,
			  text *layer, text *rule, int64 refused)
{
	static SPIPlanPtr plan = NULL;
	static const Oid types[] = {
		TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID,
		TEXTOID, INT8OID
	};
	Datum		values[lengthof(types)];
	char		nulls[lengthof(types) + 1] = {0};

	SetText(values, nulls, 0, segment);
	SetText(values, nulls, 1, reservation->campaign);
	SetText(values, nulls, 2, reservation->owner);
	SetText(values, nulls, 3, reservation->proposal.channel);
	SetText(values, nulls, 4, reservation->proposal.purpose);
	SetText(values, nulls, 5, reason);
	SetText(values, nulls, 6, layer);
	SetText(values, nulls, 7, rule);
	values[8] = Int64GetDatum(refused);
	nulls[8] = ' ';
	SPI_connect();
	LedgerPlan(&plan,
			   "INSERT INTO contact_pressure.refusal"
			   " (day, segment, campaign, owner, channel, purpose, reason,"
			   "  layer, rule, refused)"
			   " VALUES ((now() AT TIME ZONE 'UTC')::date,"
			   "  $1, $2, $3, $4, $5, $6, $7, $8, $9)",
			   lengthof(types), types);
	LedgerExecute(plan, values, nulls, false);
	SPI_finish();
}

/* --- one reservation */

/* Decide and write for a locked person. */
static void
ReserveLocked(Reservation *reservation, LedgerPerson *person, text *key,
			  bool with_verdict, Decision *decision)
{
	KeyRow		row;
	bool		has_row = key != NULL && FindKeyRow(person->id, key, &row);

	if (has_row && AnsweredByKey(reservation, person->id, key, &row,
								 decision))
		return;
	DecideContact(reservation, person, with_verdict, decision);
	if (!decision->allowed)
		return;
	TakeContact(reservation, person, decision);
	if (!SaveInPlace(person))
		SavePerson(person);
	if (has_row)
	{
		decision->log_id = row.log_id;
		RetakeContact(reservation, person, decision);
	}
	else
	{
		decision->log_id = nextval_internal(LogSequence(), false);
		InsertContact(reservation, person, key, decision);
	}
}

/* See reserve.h. */
void
ReserveOne(Reservation *reservation, text *id, text *key, bool with_verdict,
		   Decision *decision, text **segment)
{
	LedgerPerson person;
	bool		known = LockPerson(id, GetCurrentTimestamp(), false, &person);

	if (!known)
	{
		/* a row is made for who may be contacted, and for nobody else */
		DecideContact(reservation, &person, with_verdict, decision);
		if (decision->allowed)
			LockPerson(id, GetCurrentTimestamp(), true, &person);
	}
	/* also who has just been made is asked again: another may have been first */
	if (person.known)
		ReserveLocked(reservation, &person, key, with_verdict, decision);
	decision->known = known;
	*segment = person.segment;
}

/* See reserve.h. */
void
FailNullId(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			 errmsg("the id of a person must not be null"),
			 errhint("Leave out contacts with people who have no id.")));
}

/* reserve_contact(id, channel, ...): the log id, NULL when refused */
Datum
reserve_contact(PG_FUNCTION_ARGS)
{
	static const ReservationArguments arguments = {
		.channel = 1, .purpose = 2, .at = 3, .campaign = 4, .owner = 5,
		.weight = 6, .cost = 7, .lease = 9, .wait = 10, .local_at = 11
	};
	Reservation *reservation;
	Decision	decision;
	text	   *segment;

	if (PG_ARGISNULL(0))
		FailNullId();
	reservation = ReadReservation(fcinfo, &arguments);
	ReserveOne(reservation, PG_GETARG_TEXT_PP(0), TextArgument(fcinfo, 8),
			   false, &decision, &segment);
	if (decision.allowed)
		PG_RETURN_INT64(decision.log_id);
	CountRefusals(reservation, segment,
				  VerdictText(&decision.verdict, VERDICT_REASON),
				  VerdictText(&decision.verdict, VERDICT_LAYER),
				  VerdictText(&decision.verdict, VERDICT_RULE), 1);
	PG_RETURN_NULL();
}
