/*
 * reserve.h
 *		A reservation: what is asked for, the decision, what is written.
 *
 * reserve.c makes one, batch.c many at once; both decide by DecideContact()
 * on a locked person and so agree.
 */
#ifndef CONTACT_PRESSURE_RESERVE_H
#define CONTACT_PRESSURE_RESERVE_H

#include "fmgr.h"

#include "compat.h"
#include "ledger/ledger.h"

/* A zone that a reservation needed, and what follows from it alone. */
typedef struct ReservationZone
{
	char	   *name;			/* NULL: empty slot */
	Zone	   *zone;
	TimestampTz at;				/* the instant asked for */
	TimestampTz limit;			/* the last one that will do */
} ReservationZone;

/* A customer base is at home in some dozens of zones; a power of two. */
#define RESERVATION_ZONES	64

/* What is asked for, whoever it is for. */
typedef struct Reservation
{
	MemoryContext context;		/* its own, as long as the call */
	char		channel[LABEL_NAME_MAX + 1];
	char		purpose[LABEL_PURPOSE_MAX + 1];
	LedgerProposal proposal;
	int64_t		weight;			/* millionths; WEIGHT_NONE: not its own */
	TimestampTz now;			/* the transaction's; later is planned */
	TimestampTz at;
	bool		is_local;		/* local_at instead of at */
	Timestamp	local_at;
	bool		has_lease;
	Span		lease;
	bool		has_wait;
	Span		wait;
	text	   *campaign;		/* NULL: none; so are the others */
	text	   *owner;
	struct varlena *cost;
	ReservationZone zones[RESERVATION_ZONES];
} Reservation;

/* Where the arguments of a function are; NO_ARGUMENT: it has none such. */
#define NO_ARGUMENT		(-1)
typedef struct ReservationArguments
{
	int			channel;
	int			purpose;
	int			at;
	int			campaign;
	int			owner;
	int			weight;
	int			cost;
	int			lease;
	int			wait;
	int			local_at;
} ReservationArguments;

/* Read and check them. */
extern Reservation *ReadReservation(FunctionCallInfo fcinfo,
									const ReservationArguments *arguments);

/* The columns of a verdict. */
enum
{
	VERDICT_ALLOWED,
	VERDICT_REASON,
	VERDICT_RULE,
	VERDICT_LAYER,
	VERDICT_COUNTED,
	VERDICT_CAP,
	VERDICT_RETRY_AT
};

/* The answer, and what would be written. */
typedef struct Decision
{
	bool		allowed;
	bool		known;			/* there was a row of that person */
	bool		written;		/* by an earlier call with the same key */
	int64		log_id;			/* 0: none yet */
	TimestampTz at;
	TimestampTz lease_until;	/* DT_NOEND: no lease */
	LedgerVerdict verdict;
} Decision;

/* One of the columns that are texts; NULL for NULL. */
static inline text *
VerdictText(const LedgerVerdict *verdict, int column)
{
	return verdict->nulls[column] ? NULL :
		(text *) DatumGetPointer(verdict->values[column]);
}

/*
 * May the contact be, and when?  The person is as it is in memory; nothing is
 * changed.  The verdict on an allowed contact has its columns only
 * with_verdict.
 */
extern void DecideContact(Reservation *reservation,
						  const LedgerPerson *person, bool with_verdict,
						  Decision *decision);

/* Take an allowed contact into the person's history and leases in memory. */
extern void TakeContact(Reservation *reservation, LedgerPerson *person,
						Decision *decision);

/* The outcome under which an allowed contact is recorded. */
extern Outcome ReservationOutcome(const Reservation *reservation,
								  TimestampTz at);

/* A row of contact_log that has the key of a reservation. */
typedef struct KeyRow
{
	int64		log_id;
	TimestampTz at;
	text	   *channel;
	text	   *purpose;
	text	   *campaign;		/* NULL: none */
	bool		cancelled;
	bool		lapsed;			/* cancelled because its lease expired */
} KeyRow;

/* Its columns, to be selected in this order. */
#define KEY_ROW_COLUMNS \
	"l.log_id, l.at, l.channel, l.purpose, l.campaign," \
	" l.status = 'cancelled'," \
	" l.status = 'cancelled' AND l.reason IS NOT DISTINCT FROM 'lease expired'"

/* Read them from a row of SPI's, from that column on, into a context. */
extern void ReadKeyRow(MemoryContext context, HeapTuple tuple, int column,
					   KeyRow *row);

/*
 * What the row of a key says to a reservation: true when it is the answer,
 * which is then in *decision; false when it has still to be decided.  An
 * error when the key stands for another contact.
 */
extern bool AnsweredByKey(const Reservation *reservation, text *id, text *key,
						  const KeyRow *row, Decision *decision);

/* The verdict on a contact that an earlier call has written. */
extern void AllowWritten(LedgerVerdict *verdict);

/*
 * Decide and write for one person, the lock included; *segment is for the
 * refusal.
 */
extern void ReserveOne(Reservation *reservation, text *id, text *key,
					   bool with_verdict, Decision *decision,
					   text **segment);

/* The sequence of the log ids. */
extern Oid	LogSequence(void);

/* Take the row of an expired lease again; its log_id is in the decision. */
extern void RetakeContact(const Reservation *reservation,
						  const LedgerPerson *person,
						  const Decision *decision);

/* Count refusals on one ground; all but reason may be NULL. */
extern void CountRefusals(const Reservation *reservation, text *segment,
						  text *reason, text *layer, text *rule,
						  int64 refused);

/* Raise the error for an id that is not there. */
pg_noreturn extern void FailNullId(void);

#endif							/* CONTACT_PRESSURE_RESERVE_H */
