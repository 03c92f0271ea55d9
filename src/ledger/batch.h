/*
 * batch.h
 *		What the files of a batch share: batch.c decides, batch_write.c writes,
 *		for reserve.c, too.
 */
#ifndef CONTACT_PRESSURE_BATCH_H
#define CONTACT_PRESSURE_BATCH_H

#include "utils/memutils.h"

#include "ledger/reserve.h"

/* On which ground contacts were allowed or refused; one for each ground. */
typedef struct Ground
{
	struct Ground *next;		/* in the same bucket */
	text	   *segment;		/* of whom is refused; all may be NULL */
	text	   *reason;
	text	   *layer;
	text	   *rule;
	int64		refused;
} Ground;

#define GROUND_BUCKETS	256		/* a power of two */

/* The answer for one entry. */
typedef struct Answer
{
	int64		log_id;			/* 0: none */
	TimestampTz at;
	TimestampTz retry_at;
	float8		counted;
	float8		cap;
	Ground	   *ground;
	bool		answered;		/* false: no question, the id was NULL */
	bool		allowed;
	bool		known;
	bool		has_cap;
	bool		has_retry;
} Answer;

/* An entry on its way through the sort. */
typedef struct Entry
{
	uint64		prefix;			/* of the id: its first bytes, in order */
	text	   *id;				/* of the person, once merges are resolved */
	int			position;		/* in the arguments */
	KeyRow	   *row;			/* of the entry's key, or NULL */
} Entry;

/* The entries of one person. */
typedef struct PersonGroup
{
	Entry	   *entries;
	int			count;
	bool		known;			/* there was a row, or will be by then */
	bool		changed;		/* the history has to be written */
	bool		aside;			/* to be done one by one */
	LedgerPerson person;
} PersonGroup;

typedef struct Batch
{
	Reservation *reservation;
	bool		writes;
	bool		create;			/* whom nobody knows may be contacted */
	MemoryContext context;		/* as long as the call */
	MemoryContext chunk;		/* as long as a chunk */
	MemoryContext scratch;		/* as long as an entry */
	int			count;
	Datum	   *ids;			/* as given; 0: NULL */
	text	  **keys;			/* as given, NULL: none; or NULL */
	Entry	   *entries;
	int			nentries;		/* without those whose id is NULL */
	PersonGroup	   *groups;
	int			ngroups;
	int			unknown;
	Answer	   *answers;
	Oid			sequence;		/* of the log ids */
	Ground	   *grounds[GROUND_BUCKETS];
} Batch;

/* Memory for so many of something, zeroed. */
#define NEW_ARRAY(context, type, count) \
	((type *) MemoryContextAllocExtended(context, \
										 ((Size) (count) + 1) * sizeof(type), \
										 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO))

/* Values as an array, with the NULLs that nulls marks (or none). */
extern Datum ArrayDatum(Datum *values, bool *nulls, int count, Oid type);

/* The columns of the log and of the persons that a chunk writes. */
typedef struct Writing
{
	int			contacts;
	Datum	   *ids;
	Datum	   *log_ids;
	Datum	   *ats;
	Datum	   *segments;
	bool	   *no_segment;
	Datum	   *outcomes;
	Datum	   *leases;
	bool	   *no_lease;
	Datum	   *versions;
	Datum	   *keys;
	bool	   *no_key;
} Writing;

/* Room for so many contacts. */
extern Writing *NewWriting(MemoryContext context, int count);

/* One row more for the log. */
extern void AddToWriting(const Reservation *reservation, Writing *writing,
						 const LedgerPerson *person, text *key,
						 const Decision *decision);

/*
 * Write history and lease of a person where the row was locked, without a
 * query.  False when only a query will do.
 */
extern bool SaveInPlace(LedgerPerson *person);

/* Write the rows of the log; how many were written. */
extern int	WriteContacts(const Reservation *reservation,
						  const Writing *writing);

/* Write the persons of a stretch of groups that changed, and the log. */
extern void WriteChunk(const Batch *batch, int first, int last,
					   const Writing *writing);

#endif							/* CONTACT_PRESSURE_BATCH_H */
