/*
 * segment.h
 *		What people bought, their scores, their segments: what the files of
 *		this room share.
 *
 * base.c knows the model and the map in force; customer.c reads and writes
 * the rows of customers; sums.c keeps the summaries; apply.c brings changes of
 * purchases, of the calendar and of the model to them; purchase.c is the
 * trigger of a table of orders.
 */
#ifndef CONTACT_PRESSURE_SEGMENT_H
#define CONTACT_PRESSURE_SEGMENT_H

#include "ledger/ledger.h"
#include "ledger/row.h"
#include "rfm/model.h"
#include "rfm/segment_map.h"
#include "utils/date.h"

/* --- the base (base.c) */

typedef struct ProspectNames ProspectNames;

typedef struct Base
{
	/* segment_base */
	Instant		as_of;			/* INSTANT_NONE: never refreshed */
	bool		replay;			/* its clock stands at as_of */
	int			keep;			/* months; 0: purchases count for ever */
	Zone	   *zone;			/* of the months; NULL without keep */
	int			fill;
	bool		filled;
	bool		loads;			/* purchases come from a query */
	bool		notify;
	/* the latest segment_model */
	int			version;		/* 0: there is none, nor what follows */
	bool		new_map;		/* it has another map, not another model */
	Model		model;
	Zone	   *model_zone;
	SegmentMap *map;
	text	  **names;			/* of the map's segments */
	text	   *prospects;		/* NULL: they have no segment */
	ProspectNames *ever;		/* read when they are asked for */
} Base;

/*
 * As last committed; in the current context.  Without the model, what follows
 * version is left out.
 */
extern Base *ReadBase(bool with_model);

/* The instant as of which a purchase is scored. */
extern Instant BaseClock(const Base *base);

/* The first day of the month of an instant, where months matter; else 0. */
extern DateADT BaseMonth(const Base *base, Instant at);

/* Is this the prospects' segment, of now or of an earlier version? */
extern bool IsProspects(Base *base, const text *segment);

/* --- a customer's row (customer.c) */

/* What was bought in a month; without months, all of it and month 0. */
typedef struct MonthSum
{
	DateADT		month;
	RfmData		sum;
} MonthSum;

typedef struct Customer
{
	LedgerPerson person;		/* locked */
	bool		held;			/* by somebody else: it is not locked */
	bool		created;		/* by this very call */
	bool		known;			/* there is a row; else all else is empty */
	RfmData		purchases;		/* what counts as of scored_at */
	int			nmonths;
	MonthSum   *months;			/* where the base keeps them, ascending */
	RfmScore	score;			/* 0: none */
	text	   *segment;
	const char *engagement;
	int			version;		/* 0: of no model */
	Instant		scored_at;		/* INSTANT_NONE: not */
	Instant		rescore_at;
	Instant		due_at;
	int			fill;
	bool		pinned;
	ItemPointerData tid;		/* of the row as read, or invalid */
	ItemPointerData place;		/* by which the index has it, or invalid */
	bool		own;			/* this transaction wrote it last */
} Customer;

/* The columns of contact_pressure.customer_value, in order. */
enum
{
	VALUE_PERSON_ID = 1,
	VALUE_PURCHASES,
	VALUE_SCORE,
	VALUE_SEGMENT,
	VALUE_ENGAGEMENT,
	VALUE_VERSION,
	VALUE_SCORED_AT,
	VALUE_RESCORE_AT,
	VALUE_DUE_AT,
	VALUE_FILL,
	VALUE_PINNED,
	VALUE_MONTHS,
	VALUE_MONTHLY,
	VALUE_PERSON_PLACE,
	VALUE_ATTRIBUTES = VALUE_PERSON_PLACE
};

/* A person's move, or NULL names where there is no segment. */
typedef struct Move
{
	const char *why;
	text	   *from;
	text	   *to;
	RfmScore	from_score;
	RfmScore	to_score;
} Move;

/*
 * Lock persons, whose ids are distinct and in the order of COLLATE "C", and
 * read their rows.  since[i]: known since then who is created; NULL: nobody
 * is, and person.known says whether there is somebody.  A person who was
 * merged meanwhile has another id than was asked for.  With ROW_LOCK_FREE
 * nobody is waited for, if that can be.
 */
extern void LockCustomers(text **ids, const Instant *since, RowAccess access,
						  int count, Customer *customers);

/* What is to be written about the customers of a chunk. */
typedef struct Changes
{
	const Base *base;
	int			count;
	Customer  **customers;
	Move	   *moves;			/* of each; why NULL: stayed */
	bool	   *rows;			/* does the row of each change? */
	Instant		at;				/* of the moves */
} Changes;

/* Write rows, the persons' segments, the moves; tell who listens. */
extern void WriteCustomers(const Changes *changes);

/* --- summaries (sums.c) */

/* What a statement did to a customer's orders in a month. */
typedef struct PurchaseDelta
{
	text	   *id;
	DateADT		month;
	RfmData		plus;
	RfmData		minus;
} PurchaseDelta;

/*
 * Take what happened to a person's orders into the summaries.  False: the
 * sources have to be asked.
 */
extern bool TakeDeltas(const Base *base, Customer *customer,
					   const PurchaseDelta *deltas, int count);

/* Ask the sources about customers, who are in the order of their ids. */
extern void CountAgain(const Base *base, Customer **customers, int count);

/*
 * Where months matter: sum up the purchases that count as of an instant, and
 * say when the next of them ends.
 */
extern Instant SumMonths(const Base *base, Customer *customer, Instant as_of);

/* --- bringing changes to customers (apply.c) */

/*
 * Take them all, in any order, into the rows of their customers.  doubtful:
 * a new order may be gone again; then the sources are asked about customers
 * who have no row yet.
 */
extern void ApplyPurchases(const PurchaseDelta *deltas, int count,
						   bool doubtful);

#endif							/* CONTACT_PRESSURE_SEGMENT_H */
