/*
 * batch.c
 *		reserve_contacts() and check_contacts(): many people in one pass.
 *
 * The entries are sorted by the person they are about, bytewise, and taken in
 * chunks: the persons of a chunk are locked in that order, whoever is unknown
 * is inserted, the core decides entry by entry, one statement writes the
 * histories and one the log.  So batches lock in the same order, whatever
 * order their ids came in, and none waits for another that waits for it.
 *
 * A row is made only for who may be contacted; those whom nobody knows all
 * look the same to the core, so it is asked once for all of them.  What does
 * not fit, because a person was merged by others between looking and locking,
 * is put aside and done one by one at the end.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "common/hashfn.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "port/pg_bswap.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"
#include "utils/typcache.h"

#include "compat.h"
#include "core_pg.h"
#include "history/history_pg.h"
#include "ledger/reserve.h"
#include "ledger/row.h"
#include "ledger/write.h"

PG_FUNCTION_INFO_V1(reserve_contacts);
PG_FUNCTION_INFO_V1(check_contacts);

/*
 * Persons to a chunk: enough to make the four statements that each costs
 * cheap, few enough for their histories to be in memory at once.
 */
#define CHUNK_PERSONS	2000

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

/* --- arrays */

/* Memory for so many of something, zeroed. */
#define NEW_ARRAY(context, type, count) \
	((type *) MemoryContextAllocExtended(context, \
										 ((Size) (count) + 1) * sizeof(type), \
										 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO))

/* The texts of an array argument; NULL elements are 0. */
static Datum *
TextElements(ArrayType *array, const char *name, int *count)
{
	Datum	   *elements;
	bool	   *nulls;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be an array of one dimension", name)));
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements,
					  &nulls, count);
	for (int i = 0; i < *count; i++)
		if (nulls[i])
			elements[i] = (Datum) 0;
	return elements;
}

/* Values as an array, with the NULLs that nulls marks (or none). */
static Datum
ArrayDatum(Datum *values, bool *nulls, int count, Oid type)
{
	int			lower = 1;
	int16		length;
	bool		by_value;
	char		align;

	get_typlenbyvalalign(type, &length, &by_value, &align);
	return PointerGetDatum(construct_md_array(values, nulls, 1, &count,
											  &lower, type, length, by_value,
											  align));
}

/* --- entries */

/*
 * The first eight bytes as a number that sorts as they do.  A text cannot
 * hold a zero byte, so zeros stand for its end.
 */
static uint64
IdPrefix(const text *id)
{
	uint64		prefix = 0;

	memcpy(&prefix, VARDATA_ANY(id),
		   Min(VARSIZE_ANY_EXHDR(id), sizeof(prefix)));
	return pg_ntoh64(prefix);
}

/* Compare two ids as COLLATE "C" does. */
static int
CompareIds(const text *a, const text *b)
{
	Size		a_length = VARSIZE_ANY_EXHDR(a);
	Size		b_length = VARSIZE_ANY_EXHDR(b);
	int			order = memcmp(VARDATA_ANY(a), VARDATA_ANY(b),
							   Min(a_length, b_length));

	if (order != 0)
		return order;
	return a_length < b_length ? -1 : a_length > b_length;
}

/* By person, then in the order of the arguments. */
static int
CompareEntries(const void *left, const void *right)
{
	const Entry *a = left;
	const Entry *b = right;
	int			order;

	if (a->prefix != b->prefix)
		return a->prefix < b->prefix ? -1 : 1;
	order = CompareIds(a->id, b->id);
	if (order != 0)
		return order;
	return a->position < b->position ? -1 : 1;
}

/* Sort the entries and find those of each person. */
static void
GroupEntries(Batch *batch)
{
	qsort(batch->entries, batch->nentries, sizeof(Entry), CompareEntries);
	batch->ngroups = 0;
	for (int i = 0; i < batch->nentries; i++)
	{
		Entry	   *entry = &batch->entries[i];
		PersonGroup	   *group = &batch->groups[batch->ngroups];

		if (i == 0 || CompareIds(entry->id, entry[-1].id) != 0)
		{
			memset(group, 0, sizeof(*group));
			group->entries = entry;
			batch->ngroups++;
		}
		else
			group--;
		group->count++;
	}
}

/* --- who they are */

/* Go on to who this person was merged into. */
static void
FollowMerge(Batch *batch, PersonGroup *group)
{
	LedgerPerson person;

	/* nobody's lease ends before then */
	(void) ReadPerson(group->entries[0].id, DT_NOBEGIN, &person);
	for (int i = 0; i < group->count; i++)
	{
		group->entries[i].id = person.id;
		group->entries[i].prefix = IdPrefix(person.id);
	}
}

/* Look for who was merged: they belong to another group. */
static void
ResolveMerges(Batch *batch)
{
	text	  **ids = NEW_ARRAY(batch->context, text *, batch->count);
	bool	   *merged = NEW_ARRAY(batch->context, bool, batch->count);
	bool		any;

	do
	{
		GroupEntries(batch);
		for (int i = 0; i < batch->ngroups; i++)
			ids[i] = batch->groups[i].entries[0].id;
		FindMerged(ids, merged, batch->ngroups);
		any = false;
		for (int i = 0; i < batch->ngroups; i++)
		{
			if (merged[i])
				FollowMerge(batch, &batch->groups[i]);
			any |= merged[i];
		}
	} while (any);
	pfree(ids);
	pfree(merged);
}

/* Will persons nobody knows be contacted?  They are all alike. */
static bool
MayContactUnknown(Batch *batch)
{
	LedgerPerson nobody = {.lease_until = DT_NOEND};
	Decision	decision;

	DecideContact(batch->reservation, &nobody, false, &decision);
	return decision.allowed;
}

/* --- a chunk: locking and reading */

/* Lock a person, or read what is needed for an answer. */
static void
FetchGroup(Batch *batch, PersonGroup *group)
{
	LedgerPerson *person = &group->person;
	text	   *id = group->entries[0].id;

	if (batch->writes)
		group->known = LockPerson(id, GetCurrentTimestamp(), false, person);
	else
		group->known = ReadPerson(id, GetCurrentStatementStartTimestamp(),
								  person);
	if (!group->known)
	{
		if (batch->unknown++ == 0 && batch->writes)
			batch->create = MayContactUnknown(batch);
		if (batch->create)
			LockPerson(id, GetCurrentTimestamp(), true, person);
	}
	/* merged since it was looked up */
	group->aside = !SameText(person->id, id);
}

/* Find the rows of the keys of a chunk. */
static void
FindKeyRows(Batch *batch, int first, int last)
{
	static SPIPlanPtr plan = NULL;
	static const Oid types[] = {TEXTARRAYOID, TEXTARRAYOID};
	Entry	   *entries = batch->groups[first].entries;
	int			count = (int) (batch->groups[last - 1].entries +
							   batch->groups[last - 1].count - entries);
	Datum	   *ids = palloc(count * sizeof(Datum));
	Datum	   *keys = palloc(count * sizeof(Datum));
	bool	   *nulls = palloc(count * sizeof(bool));
	Datum		values[2];
	bool		isnull;

	for (int i = 0; i < count; i++)
	{
		text	   *key = batch->keys[entries[i].position];

		ids[i] = PointerGetDatum(entries[i].id);
		keys[i] = PointerGetDatum(key);
		nulls[i] = key == NULL;
	}
	values[0] = ArrayDatum(ids, NULL, count, TEXTOID);
	values[1] = ArrayDatum(keys, nulls, count, TEXTOID);
	SPI_connect();
	LedgerPlan(&plan,
			   "SELECT u.number, " KEY_ROW_COLUMNS
			   "  FROM unnest($1, $2) WITH ORDINALITY AS u(id, key, number)"
			   "  JOIN contact_pressure.contact_log AS l"
			   "    ON l.person_id = u.id AND l.key = u.key",
			   lengthof(types), types);
	(void) LedgerExecute(plan, values, NULL, false);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		int64		number = DatumGetInt64(SPI_getbinval(tuple,
														 SPI_tuptable->tupdesc,
														 1, &isnull));
		KeyRow	   *row = MemoryContextAlloc(batch->chunk, sizeof(KeyRow));

		ReadKeyRow(batch->chunk, tuple, 2, row);
		entries[number - 1].row = row;
	}
	SPI_finish();
}

/* Lock the persons of a chunk and read all that decides. */
static void
ReadChunk(Batch *batch, int first, int last)
{
	for (int i = first; i < last; i++)
	{
		CHECK_FOR_INTERRUPTS();
		FetchGroup(batch, &batch->groups[i]);
	}
	if (batch->keys != NULL)
		FindKeyRows(batch, first, last);
}

/* --- answers */

/* A hash of some text. */
static uint32
TextHash(const text *value)
{
	return value == NULL ? 0 :
		hash_bytes((const unsigned char *) VARDATA_ANY(value),
				   (int) VARSIZE_ANY_EXHDR(value));
}

/* A copy that lasts as long as the batch. */
static text *
KeepText(const Batch *batch, const text *value)
{
	Size		size;

	if (value == NULL)
		return NULL;
	size = VARSIZE_ANY(value);
	return memcpy(MemoryContextAlloc(batch->context, size), value, size);
}

/* The ground of a verdict; the segment matters for refusals. */
static Ground *
FindGround(Batch *batch, const LedgerVerdict *verdict, text *segment)
{
	text	   *reason = VerdictText(verdict, VERDICT_REASON);
	text	   *layer = VerdictText(verdict, VERDICT_LAYER);
	text	   *rule = VerdictText(verdict, VERDICT_RULE);
	Ground	  **bucket;
	Ground	   *ground;

	if (verdict->allowed)
		segment = NULL;
	bucket = &batch->grounds[hash_combine(TextHash(rule), TextHash(segment)) &
							 (GROUND_BUCKETS - 1)];
	for (ground = *bucket; ground != NULL; ground = ground->next)
		if (SameText(ground->rule, rule) &&
			SameText(ground->segment, segment) &&
			SameText(ground->layer, layer) &&
			SameText(ground->reason, reason))
			return ground;
	ground = MemoryContextAllocZero(batch->context, sizeof(Ground));
	ground->segment = KeepText(batch, segment);
	ground->reason = KeepText(batch, reason);
	ground->layer = KeepText(batch, layer);
	ground->rule = KeepText(batch, rule);
	ground->next = *bucket;
	*bucket = ground;
	return ground;
}

/* Keep a decision as the answer for an entry. */
static void
SetAnswer(Batch *batch, const Entry *entry, const Decision *decision,
		  bool known, text *segment)
{
	const LedgerVerdict *verdict = &decision->verdict;
	Answer	   *answer = &batch->answers[entry->position];

	answer->answered = true;
	answer->log_id = decision->log_id;
	answer->at = decision->at;
	answer->allowed = decision->allowed;
	answer->known = known;
	answer->ground = FindGround(batch, verdict, segment);
	if (!decision->allowed)
		answer->ground->refused++;
	answer->has_cap = !verdict->nulls[VERDICT_CAP];
	if (answer->has_cap)
	{
		answer->counted = DatumGetFloat8(verdict->values[VERDICT_COUNTED]);
		answer->cap = DatumGetFloat8(verdict->values[VERDICT_CAP]);
	}
	answer->has_retry = !verdict->nulls[VERDICT_RETRY_AT];
	if (answer->has_retry)
		answer->retry_at =
			DatumGetTimestampTz(verdict->values[VERDICT_RETRY_AT]);
}

/* --- a chunk: deciding */

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
static Writing *
NewWriting(MemoryContext context, int count)
{
	Writing    *writing = MemoryContextAllocZero(context, sizeof(Writing));

	writing->ids = NEW_ARRAY(context, Datum, count);
	writing->log_ids = NEW_ARRAY(context, Datum, count);
	writing->ats = NEW_ARRAY(context, Datum, count);
	writing->segments = NEW_ARRAY(context, Datum, count);
	writing->no_segment = NEW_ARRAY(context, bool, count);
	writing->outcomes = NEW_ARRAY(context, Datum, count);
	writing->leases = NEW_ARRAY(context, Datum, count);
	writing->no_lease = NEW_ARRAY(context, bool, count);
	writing->versions = NEW_ARRAY(context, Datum, count);
	writing->keys = NEW_ARRAY(context, Datum, count);
	writing->no_key = NEW_ARRAY(context, bool, count);
	return writing;
}

/* One row more for the log. */
static void
AddToWriting(const Batch *batch, Writing *writing, const LedgerPerson *person,
			 text *key, const Decision *decision)
{
	Outcome		outcome = ReservationOutcome(batch->reservation,
											 decision->at);
	int			i = writing->contacts++;

	writing->ids[i] = PointerGetDatum(person->id);
	writing->log_ids[i] = Int64GetDatum(decision->log_id);
	writing->ats[i] = TimestampTzGetDatum(decision->at);
	writing->segments[i] = PointerGetDatum(person->segment);
	writing->no_segment[i] = person->segment == NULL;
	writing->outcomes[i] = CStringGetTextDatum(OutcomeNames[outcome]);
	writing->leases[i] = TimestampTzGetDatum(decision->lease_until);
	writing->no_lease[i] = decision->lease_until == DT_NOEND;
	writing->versions[i] = Int64GetDatum(decision->verdict.policy_version);
	writing->keys[i] = PointerGetDatum(key);
	writing->no_key[i] = key == NULL;
}

/* The answer that an earlier entry of the group got for the same key. */
static bool
AnsweredBefore(const Batch *batch, const PersonGroup *group, const Entry *entry,
			   text *key, Decision *decision)
{
	for (const Entry *other = group->entries; other < entry; other++)
	{
		const Answer *answer = &batch->answers[other->position];

		if (!answer->allowed ||
			!SameText(batch->keys[other->position], key))
			continue;
		memset(decision, 0, sizeof(*decision));
		decision->allowed = decision->written = true;
		decision->log_id = answer->log_id;
		decision->at = answer->at;
		AllowWritten(&decision->verdict);
		return true;
	}
	return false;
}

/* Take an allowed contact, into memory and for the statements to come. */
static void
TakeEntry(Batch *batch, PersonGroup *group, const Entry *entry, text *key,
		  Decision *decision, Writing *writing)
{
	MemoryContext old = MemoryContextSwitchTo(batch->chunk);

	TakeContact(batch->reservation, &group->person, decision);
	if (batch->writes)
	{
		group->changed = true;
		if (entry->row != NULL)
		{
			decision->log_id = entry->row->log_id;
			RetakeContact(batch->reservation, &group->person, decision);
		}
		else
		{
			decision->log_id = nextval_internal(batch->sequence, false);
			AddToWriting(batch, writing, &group->person, key, decision);
		}
	}
	MemoryContextSwitchTo(old);
}

/* Decide about the entries of one person, in their order. */
static void
DecideGroup(Batch *batch, PersonGroup *group, Writing *writing)
{
	for (int i = 0; i < group->count && !group->aside; i++)
	{
		Entry	   *entry = &group->entries[i];
		text	   *key = batch->keys == NULL ? NULL :
			batch->keys[entry->position];
		Decision	decision;
		MemoryContext old = MemoryContextSwitchTo(batch->scratch);

		CHECK_FOR_INTERRUPTS();
		if (!((key != NULL &&
			   AnsweredBefore(batch, group, entry, key, &decision)) ||
			  (entry->row != NULL &&
			   AnsweredByKey(batch->reservation, group->person.id, key,
							 entry->row, &decision))))
		{
			DecideContact(batch->reservation, &group->person, true,
						  &decision);
			/* the policy has changed since the unknown were asked about */
			if (decision.allowed && batch->writes && !group->person.known)
				group->aside = true;
			else if (decision.allowed)
				TakeEntry(batch, group, entry, key, &decision, writing);
		}
		if (!group->aside)
			SetAnswer(batch, entry, &decision, group->known,
					  group->person.segment);
		/* whoever was contacted is known to the next entry */
		group->known |= decision.allowed;
		MemoryContextSwitchTo(old);
		MemoryContextReset(batch->scratch);
	}
}

/* --- a chunk: writing */

/* Write histories and leases where the rows were locked. */
static bool
WriteInPlace(const Batch *batch, int first, int last)
{
	static const AttrNumber columns[] = {PERSON_HISTORY, PERSON_LEASE_UNTIL};
	TableWriter *writer = OpenWriter("person", PERSON_ATTRIBUTES, CMD_UPDATE,
									 columns, lengthof(columns));

	if (writer == NULL)
		return false;
	for (int i = first; i < last; i++)
	{
		PersonGroup *group = &batch->groups[i];
		LedgerPerson *person = &group->person;
		Datum		values[] = {PointerGetDatum(person->history),
		TimestampTzGetDatum(person->lease_until)};
		bool		nulls[] = {false, person->lease_until == DT_NOEND};

		if (group->changed)
			WriterUpdate(writer, &person->tid, values, nulls);
	}
	CloseWriter(writer);
	return true;
}

/* Write histories and leases, $2 and $3 of the persons $1. */
static uint64
WriteHistories(const Oid *types, Datum *values)
{
	static SPIPlanPtr plan = NULL;
	static Oid	seen = InvalidOid;
	uint64		written;

	ForgetPlan(&plan, &seen, types[1]);
	SPI_connect();
	LedgerPlan(&plan,
			   "UPDATE contact_pressure.person AS p"
			   "   SET history = u.history, lease_until = u.lease_until"
			   "  FROM unnest($1, $2, $3) AS u(id, history, lease_until)"
			   " WHERE p.person_id = u.id", 3, types);
	written = LedgerExecute(plan, values, NULL, false);
	SPI_finish();
	return written;
}

/* Write those of a chunk that changed. */
static void
WritePersons(const Batch *batch, int first, int last)
{
	Oid			history = HistoryType();
	Oid			types[] = {TEXTARRAYOID, get_array_type(history),
	TIMESTAMPTZARRAYOID};
	Datum	   *ids = palloc((last - first) * sizeof(Datum));
	Datum	   *histories = palloc((last - first) * sizeof(Datum));
	Datum	   *leases = palloc((last - first) * sizeof(Datum));
	bool	   *no_lease = palloc((last - first) * sizeof(bool));
	Datum		values[lengthof(types)];
	bool		in_place = true;
	uint64		written;
	int			count = 0;

	for (int i = first; i < last; i++)
	{
		const PersonGroup *group = &batch->groups[i];

		if (!group->changed)
			continue;
		ids[count] = PointerGetDatum(group->person.id);
		histories[count] = PointerGetDatum(group->person.history);
		leases[count] = TimestampTzGetDatum(group->person.lease_until);
		no_lease[count++] = group->person.lease_until == DT_NOEND;
		in_place &= ItemPointerIsValid(&group->person.tid);
	}
	if (count == 0 || (in_place && WriteInPlace(batch, first, last)))
		return;
	values[0] = ArrayDatum(ids, NULL, count, TEXTOID);
	values[1] = ArrayDatum(histories, NULL, count, history);
	values[2] = ArrayDatum(leases, no_lease, count, TIMESTAMPTZOID);
	written = WriteHistories(types, values);
	if (written != (uint64) count)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("the histories of %d persons could not be written",
						count - (int) written),
				 errhint("Look at row-level security and triggers of contact_pressure.person.")));
}

/* The columns of contact_pressure.contact_log, in the order of tables.sql. */
enum
{
	LOG_PERSON_ID,
	LOG_LOG_ID,
	LOG_AT,
	LOG_CHANNEL,
	LOG_PURPOSE,
	LOG_CAMPAIGN,
	LOG_OWNER,
	LOG_SEGMENT,
	LOG_WEIGHT,
	LOG_COST,
	LOG_KEY,
	LOG_STATUS,
	LOG_OUTCOME,
	LOG_ANSWERED_AT,
	LOG_LEASE_UNTIL,
	LOG_POLICY_VERSION,
	LOG_SOURCE,
	LOG_REASON,
	LOG_RECORDED_AT,
	LOG_SETTLED_AT,
	LOG_MERGED_FROM,
	LOG_ATTRIBUTES
};

/* Set a column that is NULL when there is nothing. */
static void
SetColumn(Datum *row, bool *nulls, int column, Datum value, bool isnull)
{
	row[column] = value;
	nulls[column] = isnull;
}

/* Write the rows of the log without a query. */
static bool
InsertContacts(const Reservation *reservation, const Writing *writing)
{
	TableWriter *writer = OpenWriter("contact_log", LOG_ATTRIBUTES,
									 CMD_INSERT, NULL, 0);
	Datum		row[LOG_ATTRIBUTES] = {0};
	bool		nulls[LOG_ATTRIBUTES] = {0};

	if (writer == NULL)
		return false;
	row[LOG_CHANNEL] = PointerGetDatum(reservation->proposal.channel);
	row[LOG_PURPOSE] = PointerGetDatum(reservation->proposal.purpose);
	SetColumn(row, nulls, LOG_CAMPAIGN, PointerGetDatum(reservation->campaign),
			  reservation->campaign == NULL);
	SetColumn(row, nulls, LOG_OWNER, PointerGetDatum(reservation->owner),
			  reservation->owner == NULL);
	SetColumn(row, nulls, LOG_WEIGHT,
			  Float8GetDatum(reservation->proposal.weight),
			  !reservation->proposal.has_weight);
	SetColumn(row, nulls, LOG_COST, PointerGetDatum(reservation->cost),
			  reservation->cost == NULL);
	row[LOG_STATUS] = CStringGetTextDatum("reserved");
	row[LOG_SOURCE] = CStringGetTextDatum("reserve");
	nulls[LOG_ANSWERED_AT] = nulls[LOG_REASON] = nulls[LOG_SETTLED_AT] =
		nulls[LOG_MERGED_FROM] = true;
	for (int i = 0; i < writing->contacts; i++)
	{
		row[LOG_PERSON_ID] = writing->ids[i];
		row[LOG_LOG_ID] = writing->log_ids[i];
		row[LOG_AT] = writing->ats[i];
		SetColumn(row, nulls, LOG_SEGMENT, writing->segments[i],
				  writing->no_segment[i]);
		SetColumn(row, nulls, LOG_KEY, writing->keys[i], writing->no_key[i]);
		row[LOG_OUTCOME] = writing->outcomes[i];
		SetColumn(row, nulls, LOG_LEASE_UNTIL, writing->leases[i],
				  writing->no_lease[i]);
		row[LOG_POLICY_VERSION] = writing->versions[i];
		row[LOG_RECORDED_AT] = TimestampTzGetDatum(GetCurrentTimestamp());
		WriterInsert(writer, row, nulls);
	}
	CloseWriter(writer);
	return true;
}

/* Write the rows of the log. */
static void
WriteContacts(const Reservation *reservation, const Writing *writing)
{
	static SPIPlanPtr plan = NULL;
	static const Oid types[] = {
		TEXTARRAYOID, INT8ARRAYOID, TIMESTAMPTZARRAYOID, TEXTARRAYOID,
		TEXTARRAYOID, TIMESTAMPTZARRAYOID, INT8ARRAYOID, TEXTARRAYOID,
		TEXTOID, TEXTOID, TEXTOID, TEXTOID, FLOAT8OID, NUMERICOID
	};
	int			count = writing->contacts;
	uint64		written;
	Datum		values[lengthof(types)];
	char		nulls[] = "              ";

	if (InsertContacts(reservation, writing))
		return;
	values[0] = ArrayDatum(writing->ids, NULL, count, TEXTOID);
	values[1] = ArrayDatum(writing->log_ids, NULL, count, INT8OID);
	values[2] = ArrayDatum(writing->ats, NULL, count, TIMESTAMPTZOID);
	values[3] = ArrayDatum(writing->segments, writing->no_segment, count,
						   TEXTOID);
	values[4] = ArrayDatum(writing->outcomes, NULL, count, TEXTOID);
	values[5] = ArrayDatum(writing->leases, writing->no_lease, count,
						   TIMESTAMPTZOID);
	values[6] = ArrayDatum(writing->versions, NULL, count, INT8OID);
	values[7] = ArrayDatum(writing->keys, writing->no_key, count, TEXTOID);
	values[8] = PointerGetDatum(reservation->proposal.channel);
	values[9] = PointerGetDatum(reservation->proposal.purpose);
	values[10] = PointerGetDatum(reservation->campaign);
	nulls[10] = reservation->campaign == NULL ? 'n' : ' ';
	values[11] = PointerGetDatum(reservation->owner);
	nulls[11] = reservation->owner == NULL ? 'n' : ' ';
	values[12] = Float8GetDatum(reservation->proposal.weight);
	nulls[12] = reservation->proposal.has_weight ? ' ' : 'n';
	values[13] = PointerGetDatum(reservation->cost);
	nulls[13] = reservation->cost == NULL ? 'n' : ' ';
	SPI_connect();
	LedgerPlan(&plan,
			   "INSERT INTO contact_pressure.contact_log"
			   " (person_id, log_id, at, segment, outcome, lease_until,"
			   "  policy_version, key, channel, purpose, campaign, owner,"
			   "  weight, cost, status, source)"
			   " SELECT u.*, $9, $10, $11, $12, $13, $14, 'reserved',"
			   "  'reserve' FROM unnest($1, $2, $3, $4, $5, $6, $7, $8) AS u",
			   lengthof(types), types);
	written = LedgerExecute(plan, values, nulls, false);
	SPI_finish();
	if (written != (uint64) count)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%d contacts could not be written",
						count - (int) written),
				 errhint("Look at the triggers of contact_pressure.contact_log.")));
}

/* Lock, read, decide and write a stretch of groups. */
static void
DoChunk(Batch *batch, int first, int last)
{
	MemoryContext old = MemoryContextSwitchTo(batch->chunk);
	const PersonGroup *end = &batch->groups[last - 1];
	Writing    *writing;

	ReadChunk(batch, first, last);
	writing = NewWriting(batch->chunk,
						 (int) (end->entries + end->count -
								batch->groups[first].entries));
	for (int i = first; i < last; i++)
		DecideGroup(batch, &batch->groups[i], writing);
	if (batch->writes)
	{
		WritePersons(batch, first, last);
		if (writing->contacts > 0)
			WriteContacts(batch->reservation, writing);
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(batch->chunk);
}

/* Do the entries of a group one by one, those that have no answer yet. */
static void
DoGroupAside(Batch *batch, const PersonGroup *group)
{
	for (int i = 0; i < group->count; i++)
	{
		const Entry *entry = &group->entries[i];
		Decision	decision;
		text	   *segment;
		MemoryContext old;

		if (batch->answers[entry->position].answered)
			continue;
		CHECK_FOR_INTERRUPTS();
		old = MemoryContextSwitchTo(batch->chunk);
		ReserveOne(batch->reservation, entry->id,
				   batch->keys == NULL ? NULL : batch->keys[entry->position],
				   true, &decision, &segment);
		SetAnswer(batch, entry, &decision, decision.known, segment);
		MemoryContextSwitchTo(old);
		MemoryContextReset(batch->chunk);
	}
}

/* --- the whole batch */

/* Read the arguments ids and keys; NULL ids are left out unless it writes. */
static void
ReadEntries(Batch *batch, ArrayType *ids, ArrayType *keys)
{
	batch->ids = TextElements(ids, "ids", &batch->count);
	batch->entries = NEW_ARRAY(batch->context, Entry, batch->count);
	batch->answers = NEW_ARRAY(batch->context, Answer, batch->count);
	batch->groups = NEW_ARRAY(batch->context, PersonGroup, batch->count);
	for (int i = 0; i < batch->count; i++)
	{
		Entry	   *entry = &batch->entries[batch->nentries];

		if (batch->ids[i] == (Datum) 0)
		{
			if (batch->writes)
				FailNullId();
			continue;
		}
		entry->id = DatumGetTextPP(batch->ids[i]);
		entry->prefix = IdPrefix(entry->id);
		entry->position = i;
		batch->nentries++;
	}
	if (keys != NULL)
	{
		int			count;

		batch->keys = (text **) TextElements(keys, "keys", &count);
		if (count != batch->count)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("there are %d ids, but %d keys", batch->count,
							count),
					 errhint("Give one key for each id; it may be null.")));
	}
}

/* Make a batch of a call's arguments. */
static Batch *
MakeBatch(Reservation *reservation, bool writes)
{
	Batch	   *batch = palloc0(sizeof(Batch));

	batch->reservation = reservation;
	batch->writes = writes;
	batch->context = CurrentMemoryContext;
	batch->chunk = AllocSetContextCreate(batch->context,
										 "contact_pressure chunk",
										 ALLOCSET_DEFAULT_SIZES);
	batch->scratch = AllocSetContextCreate(batch->context,
										   "contact_pressure entry",
										   ALLOCSET_DEFAULT_SIZES);
	if (writes)
		batch->sequence = LogSequence();
	return batch;
}

/* Write down how many were refused on which ground. */
static void
WriteRefusals(Batch *batch)
{
	for (int i = 0; i < GROUND_BUCKETS; i++)
		for (Ground *ground = batch->grounds[i]; ground != NULL;
			 ground = ground->next)
			if (ground->refused > 0)
				CountRefusals(batch->reservation, ground->segment,
							  ground->reason, ground->layer, ground->rule,
							  ground->refused);
}

/* Decide about all entries, and write. */
static void
RunBatch(Batch *batch)
{
	ResolveMerges(batch);
	for (int first = 0; first < batch->ngroups; first += CHUNK_PERSONS)
		DoChunk(batch, first, Min(first + CHUNK_PERSONS, batch->ngroups));
	for (int i = 0; i < batch->ngroups; i++)
		if (batch->groups[i].aside)
			DoGroupAside(batch, &batch->groups[i]);
	if (batch->writes)
		WriteRefusals(batch);
	if (batch->unknown > 0)
		ereport(NOTICE,
				(errmsg_plural("%d id is unknown", "%d ids are unknown",
							   batch->unknown, batch->unknown)));
}

/* --- the result */

/* A text of a ground, or NULL. */
static void
SetGroundText(Datum *values, bool *nulls, int column, const text *value)
{
	values[column] = PointerGetDatum(value);
	nulls[column] = value == NULL;
}

/* The verdict of an answer as a row value. */
static Datum
AnswerVerdict(const Answer *answer, TupleDesc tupdesc)
{
	Datum		values[VERDICT_COLUMNS] = {0};
	bool		nulls[VERDICT_COLUMNS] = {0};

	values[VERDICT_ALLOWED] = BoolGetDatum(answer->allowed);
	SetGroundText(values, nulls, VERDICT_REASON, answer->ground->reason);
	SetGroundText(values, nulls, VERDICT_RULE, answer->ground->rule);
	SetGroundText(values, nulls, VERDICT_LAYER, answer->ground->layer);
	values[VERDICT_COUNTED] = Float8GetDatum(answer->counted);
	values[VERDICT_CAP] = Float8GetDatum(answer->cap);
	nulls[VERDICT_COUNTED] = nulls[VERDICT_CAP] = !answer->has_cap;
	values[VERDICT_RETRY_AT] = TimestampTzGetDatum(answer->retry_at);
	nulls[VERDICT_RETRY_AT] = !answer->has_retry;
	return HeapTupleGetDatum(heap_form_tuple(tupdesc, values, nulls));
}

/* One row for each id: person_id, log_id, at, verdict, known. */
static void
ReturnAnswers(Batch *batch, ReturnSetInfo *rsinfo)
{
	Oid			type = TupleDescAttr(rsinfo->setDesc, 3)->atttypid;
	TupleDesc	tupdesc = lookup_rowtype_tupdesc_copy(type, -1);
	MemoryContext old = MemoryContextSwitchTo(batch->scratch);

	for (int i = 0; i < batch->count; i++)
	{
		const Answer *answer = &batch->answers[i];
		Datum		values[5] = {batch->ids[i]};
		bool		nulls[5] = {false, true, true, true, true};

		if (answer->answered)
		{
			values[1] = Int64GetDatum(answer->log_id);
			nulls[1] = answer->log_id == 0;
			values[2] = TimestampTzGetDatum(answer->at);
			values[3] = AnswerVerdict(answer, tupdesc);
			values[4] = BoolGetDatum(answer->known);
			nulls[2] = nulls[3] = nulls[4] = false;
		}
		else
			nulls[0] = true;
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
							 nulls);
		MemoryContextReset(batch->scratch);
	}
	MemoryContextSwitchTo(old);
}

/* reserve_contacts(ids, channel, ...): one row for each id */
Datum
reserve_contacts(PG_FUNCTION_ARGS)
{
	static const ReservationArguments arguments = {
		.channel = 1, .purpose = 2, .at = 3, .campaign = 4, .owner = 5,
		.weight = 6, .cost = 7, .lease = 9, .wait = 10, .local_at = 11
	};
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Batch	   *batch;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (PG_ARGISNULL(0))
		FailNullId();
	batch = MakeBatch(ReadReservation(fcinfo, &arguments), true);
	ReadEntries(batch, PG_GETARG_ARRAYTYPE_P(0),
				PG_ARGISNULL(8) ? NULL : PG_GETARG_ARRAYTYPE_P(8));
	RunBatch(batch);
	ReturnAnswers(batch, rsinfo);
	return (Datum) 0;
}

/* check_contacts(ids, channel, ...): the same answers, nothing written */
Datum
check_contacts(PG_FUNCTION_ARGS)
{
	static const ReservationArguments arguments = {
		.channel = 1, .purpose = 2, .at = 3, .campaign = NO_ARGUMENT,
		.owner = NO_ARGUMENT, .weight = 4, .cost = NO_ARGUMENT,
		.lease = NO_ARGUMENT, .wait = 5, .local_at = 6
	};
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Batch	   *batch;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(arguments.channel) ||
		PG_ARGISNULL(arguments.at))
		return (Datum) 0;
	batch = MakeBatch(ReadReservation(fcinfo, &arguments), false);
	ReadEntries(batch, PG_GETARG_ARRAYTYPE_P(0), NULL);
	RunBatch(batch);
	ReturnAnswers(batch, rsinfo);
	return (Datum) 0;
}
