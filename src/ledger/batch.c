/*
 * batch.c
 *		reserve_contacts() and check_contacts(): many people in one pass.
 *
 * The entries are sorted by the person they are about, bytewise, and taken in
 * chunks: the persons of a chunk are locked in that order, whoever is unknown
 * is inserted, the core decides entry by entry, then histories and log are
 * written (batch_write.c).  So batches lock in the same order, whatever
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
#include "utils/builtins.h"
#include "utils/tuplestore.h"
#include "utils/typcache.h"

#include "compat.h"
#include "core_pg.h"
#include "ledger/batch.h"
#include "ledger/row.h"

PG_FUNCTION_INFO_V1(reserve_contacts);
PG_FUNCTION_INFO_V1(check_contacts);

/*
 * Persons to a chunk: enough to make what each chunk costs cheap, few enough
 * for their histories to be in memory at once.
 */
#define CHUNK_PERSONS	2000

/* --- arrays */

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

/* --- entries */

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

/* Lock a person as most are: known, not merged, no lease that has ended. */
static bool
LockPlain(RowReader *reader, PersonGroup *group)
{
	LedgerPerson *person = &group->person;
	text	   *merged_into;

	memset(person, 0, sizeof(*person));
	group->known = ReaderFetch(reader, group->entries[0].id, NULL, person,
							   &merged_into) == ROW_FOUND &&
		(person->lease_until == DT_NOEND ||
		 person->lease_until > GetCurrentTimestamp());
	return group->known;
}

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
	RowReader  *reader = batch->writes ? OpenRowReader(ROW_LOCK) : NULL;

	for (int i = first; i < last; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (reader == NULL || !LockPlain(reader, &batch->groups[i]))
			FetchGroup(batch, &batch->groups[i]);
	}
	if (reader != NULL)
		CloseRowReader(reader);
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
			AddToWriting(batch->reservation, writing, &group->person, key,
						 decision);
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
		WriteChunk(batch, first, last, writing);
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
