/*
 * settle.h
 *		A contact that is in the log: confirmed, cancelled, answered, recorded.
 *
 * log_row.c reads and writes rows of contact_log; settle.c changes them and
 * the history of their person together, always behind the person's lock.
 */
#ifndef CONTACT_PRESSURE_SETTLE_H
#define CONTACT_PRESSURE_SETTLE_H

#include "ledger/ledger.h"
#include "history/history.h"

/* --- rows of contact_log (log_row.c) */

typedef enum ContactStatus
{
	STATUS_RESERVED,
	STATUS_CONFIRMED,
	STATUS_RECORDED,
	STATUS_CANCELLED
} ContactStatus;

#define STATUS_COUNT	4

/* What settling reads and writes of a row. */
typedef struct LogRow
{
	int64		log_id;
	Contact		contact;
	ContactStatus status;
	TimestampTz lease_until;	/* DT_NOEND: none */
	text	   *reason;			/* why it was cancelled, or NULL */
} LogRow;

/* All but what is in a LogRow, as the caller of record_contact() gave it. */
typedef struct LogFacts
{
	text	   *campaign;
	text	   *owner;
	text	   *key;
	text	   *source;
	bool		has_weight;
	float8		weight;
	bool		has_cost;
	Datum		cost;			/* numeric */
} LogFacts;

/* Whose contact it is; NULL: there is none. */
extern text *LogRowPerson(int64 log_id);

/* Of a locked person; false: there is none.  NULL purpose: whatever it is. */
extern bool LogRowById(const LedgerPerson *person, int64 log_id, LogRow *row);
extern bool LogRowByKey(const LedgerPerson *person, text *key, LogRow *row);
extern bool LogRowLastSent(const LedgerPerson *person, const char *channel,
						   const char *purpose, TimestampTz at, LogRow *row);

/* Write status, outcome, answered_at, lease_until and reason. */
extern void LogRowUpdate(const LedgerPerson *person, const LogRow *row);

/* A fact: a new row, whose log_id is set, or one that was cancelled. */
extern void LogRowInsert(const LedgerPerson *person, LogRow *row,
						 const LogFacts *facts);
extern void LogRowRevive(const LedgerPerson *person, const LogRow *row,
						 const LogFacts *facts);

/* Write a response down; false: that very one is there already. */
extern bool LogResponse(const LedgerPerson *person, int64 log_id,
						TimestampTz at, Outcome outcome);

/* --- changing them (settle.c) */

typedef struct Settling
{
	LedgerPerson person;
	bool		changed;		/* and so to be saved */
} Settling;

/* Lock a person; false: nobody of that id. */
extern bool BeginSettling(Settling *settling, text *id, bool create);
extern void EndSettling(Settling *settling);

/* A contact in place of another, in the log and in the history. */
extern void SettleRow(Settling *settling, const LogRow *before,
					  const LogRow *after);

/* Handed over: no lease, and sent unless its time is yet to come. */
extern void MarkConfirmed(LogRow *row);

/* May it be handed over?  Then it is confirmed. */
extern bool SettleConfirm(Settling *settling, const LogRow *row);

typedef enum CancelAnswer
{
	CANCEL_DONE,
	CANCEL_AGAIN,				/* it was cancelled already */
	CANCEL_TOO_LATE				/* it was sent */
} CancelAnswer;

extern CancelAnswer SettleCancel(Settling *settling, const LogRow *row,
								 text *reason);

/* Did the response change anything? */
extern bool SettleResponse(Settling *settling, const LogRow *row,
						   Outcome outcome, TimestampTz at);

/* --- arguments */

/* Raise the error for an argument that must be there and is NULL. */
extern void RequireArg(FunctionCallInfo fcinfo, int arg, const char *name);
pg_noreturn extern void FailNull(const char *name);

/* An outcome that can be reported. */
extern Outcome ResponseOutcome(text *name);

#endif							/* CONTACT_PRESSURE_SETTLE_H */
