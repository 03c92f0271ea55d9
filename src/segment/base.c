/*
 * base.c
 *		The base as a whole: the model and the map in force, as of when
 *		scores stand, how far back purchases count.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "core_pg.h"
#include "rfm/model_pg.h"
#include "segment/segment.h"

PG_FUNCTION_INFO_V1(await_purchases);

/* A base that is refreshed as of further off the clock is a replay. */
#define REPLAY_DISTANCE		MICROS_PER_DAY

/* The columns of contact_pressure.segment_base, in order. */
enum
{
	BASE_ONE = 1,
	BASE_AS_OF,
	BASE_REFRESHED_AT,
	BASE_KEEP,
	BASE_ZONE,
	BASE_FILL,
	BASE_FILLED_AT,
	BASE_QUERY,
	BASE_NOTIFY,
	BASE_ATTRIBUTES = BASE_NOTIFY
};

/* Those of contact_pressure.segment_model that are read. */
enum
{
	MODEL_VERSION_NUMBER = 1,
	MODEL_WHY,
	MODEL_MODEL,
	MODEL_MAP,
	MODEL_PROSPECTS
};

/* --- the tables */

/* Open one of the two tables; to read it takes the privilege to. */
static Relation
OpenBaseTable(const char *name)
{
	Relation	relation = table_open(LedgerRelation(name), AccessShareLock);
	AclResult	allowed = pg_class_aclcheck(RelationGetRelid(relation),
											GetUserId(), ACL_SELECT);

	if (allowed != ACLCHECK_OK)
		aclcheck_error(allowed, OBJECT_TABLE, name);
	return relation;
}

/* Fill in what segment_base has; without a row, what a new base is like. */
static void
TakeBaseRow(Base *base, HeapTuple tuple, TupleDesc tupdesc)
{
	Datum		values[BASE_ATTRIBUTES];
	bool		nulls[BASE_ATTRIBUTES];
	CoreError	err;

#define COLUMN(attribute)	values[(attribute) - 1]
#define HAS(attribute)		(!nulls[(attribute) - 1])
	heap_deform_tuple(tuple, tupdesc, values, nulls);
	if (HAS(BASE_AS_OF))
		base->as_of = DatumGetTimestampTz(COLUMN(BASE_AS_OF));
	if (HAS(BASE_AS_OF) && HAS(BASE_REFRESHED_AT))
	{
		Instant		asked = DatumGetTimestampTz(COLUMN(BASE_REFRESHED_AT));

		base->replay = Abs(asked - base->as_of) > REPLAY_DISTANCE;
	}
	if (HAS(BASE_KEEP))
	{
		text	   *zone = DatumGetTextPP(COLUMN(BASE_ZONE));

		base->keep = DatumGetInt32(COLUMN(BASE_KEEP));
		base->zone = ZoneOpen(VARDATA_ANY(zone), VARSIZE_ANY_EXHDR(zone),
							  &err);
		if (base->zone == NULL)
			ThrowCoreError(&err);
	}
	base->fill = DatumGetInt32(COLUMN(BASE_FILL));
	base->filled = base->fill == 0 || HAS(BASE_FILLED_AT);
	base->loads = HAS(BASE_QUERY);
	base->notify = DatumGetBool(COLUMN(BASE_NOTIFY));
#undef COLUMN
#undef HAS
}

/* Read segment_base: there is one row, or none yet. */
static void
ReadBaseRow(Base *base, Snapshot snapshot)
{
	Relation	relation = OpenBaseTable("segment_base");
	SysScanDesc scan = systable_beginscan(relation, InvalidOid, false,
										  snapshot, 0, NULL);
	HeapTuple	tuple = systable_getnext(scan);

	base->as_of = INSTANT_NONE;
	base->filled = true;
	base->notify = true;
	if (HeapTupleIsValid(tuple))
		TakeBaseRow(base, tuple, RelationGetDescr(relation));
	systable_endscan(scan);
	table_close(relation, NoLock);
}

/*
 * A map that was read, kept by its bytes: to parse it costs a single purchase
 * as much as all else.  The same bytes always mean the same, so nothing can
 * make this stale.
 */
typedef struct KeptMap
{
	MemoryContext context;
	struct varlena *bytes;
	SegmentMap *map;
	text	  **names;			/* of its segments */
} KeptMap;

/* Read a map, or find it kept from before. */
static const KeptMap *
KeepMap(const struct varlena *bytes)
{
	static KeptMap *kept = NULL;
	MemoryContext context;
	MemoryContext old;
	KeptMap    *fresh;
	Size		size = VARSIZE_ANY(bytes);

	if (kept != NULL && VARSIZE_ANY(kept->bytes) == size &&
		memcmp(kept->bytes, bytes, size) == 0)
		return kept;
	context = AllocSetContextCreate(CurrentMemoryContext,
									"contact_pressure segment map",
									ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	fresh = palloc(sizeof(KeptMap));
	fresh->context = context;
	fresh->map = OpenSegmentMap(bytes);
	fresh->names = palloc(fresh->map->nsegments * sizeof(text *));
	for (int i = 0; i < fresh->map->nsegments; i++)
		fresh->names[i] = cstring_to_text(fresh->map->segments[i].name);
	fresh->bytes = memcpy(palloc(size), bytes, size);
	MemoryContextSwitchTo(old);
	/* somebody up the stack may still read the one before */
	if (kept != NULL)
		MemoryContextSetParent(kept->context, TopTransactionContext);
	MemoryContextSetParent(context, TopMemoryContext);
	kept = fresh;
	return kept;
}

/* Fill in the model and the map of a version. */
static void
TakeModelRow(Base *base, HeapTuple tuple, TupleDesc tupdesc)
{
	bool		isnull;
	char	   *why = TextDatumGetCString(heap_getattr(tuple, MODEL_WHY,
													   tupdesc, &isnull));
	Datum		map = heap_getattr(tuple, MODEL_MAP, tupdesc, &isnull);
	Datum		prospects;
	const KeptMap *kept = KeepMap(PG_DETOAST_DATUM_PACKED(map));

	base->version = DatumGetInt32(heap_getattr(tuple, MODEL_VERSION_NUMBER,
											   tupdesc, &isnull));
	base->new_map = strcmp(why, "map") == 0;
	base->model = *DatumGetModel(heap_getattr(tuple, MODEL_MODEL, tupdesc,
											  &isnull));
	base->model_zone = ModelOpenZone(&base->model);
	base->map = kept->map;
	base->names = kept->names;
	prospects = heap_getattr(tuple, MODEL_PROSPECTS, tupdesc, &isnull);
	if (!isnull)
		base->prospects = DatumGetTextPCopy(prospects);
}

/* Read the latest version of segment_model, if there is any. */
static void
ReadModelRow(Base *base, Snapshot snapshot)
{
	Relation	relation = OpenBaseTable("segment_model");
	Relation	index = index_open(RelationGetPrimaryKeyOid(relation),
								   AccessShareLock);
	SysScanDesc scan = systable_beginscan_ordered(relation, index, snapshot,
												  0, NULL);
	HeapTuple	tuple = systable_getnext_ordered(scan, BackwardScanDirection);

	if (HeapTupleIsValid(tuple))
		TakeModelRow(base, tuple, RelationGetDescr(relation));
	systable_endscan_ordered(scan);
	index_close(index, NoLock);
	table_close(relation, NoLock);
}

/*
 * See segment.h.  Not by a query: it would cost each purchase more than the
 * rest of it.
 */
Base *
ReadBase(bool with_model)
{
	Base	   *base = palloc0(sizeof(Base));
	Snapshot	snapshot;

	/*
	 * Models act like the schema: what is in force is what was last committed,
	 * whatever the transaction's snapshot is, or what this transaction did.
	 */
	CommandCounterIncrement();
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	ReadBaseRow(base, snapshot);
	if (with_model)
		ReadModelRow(base, snapshot);
	UnregisterSnapshot(snapshot);
	return base;
}

/*
 * await_purchases(): waits for the transactions that may have scored somebody
 * by what was in force before: those that have read segment_model and are
 * still open.  Nobody has to wait for this one.
 */
Datum
await_purchases(PG_FUNCTION_ARGS)
{
	LOCKTAG		tag;

	SET_LOCKTAG_RELATION(tag, MyDatabaseId, LedgerRelation("segment_model"));
	WaitForLockers(tag, AccessExclusiveLock, false);
	PG_RETURN_VOID();
}

/* See segment.h. */
Instant
BaseClock(const Base *base)
{
	return base->replay ? base->as_of : GetCurrentTransactionStartTimestamp();
}

/* See segment.h. */
DateADT
BaseMonth(const Base *base, Instant at)
{
	if (base->keep == 0 || !InstantInRange(at))
		return 0;
	return UnitStart(ZoneDate(base->zone, at), UNIT_MONTH, 0);
}

/* What versions call prospects, all of them. */
struct ProspectNames
{
	int			count;
	int			space;
	text	  **names;
};

/* Read them once a base. */
static ProspectNames *
ReadProspectNames(void)
{
	ProspectNames *all = palloc0(sizeof(ProspectNames));
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	Relation	relation = OpenBaseTable("segment_model");
	SysScanDesc scan = systable_beginscan(relation, InvalidOid, false,
										  snapshot, 0, NULL);
	HeapTuple	tuple;

	all->space = 4;
	all->names = palloc(all->space * sizeof(text *));
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		isnull;
		Datum		name = heap_getattr(tuple, MODEL_PROSPECTS,
										RelationGetDescr(relation), &isnull);

		if (isnull ||
			(all->count > 0 &&
			 SameText(all->names[all->count - 1], DatumGetTextPP(name))))
			continue;
		if (all->count == all->space)
			all->names = repalloc(all->names, (all->space *= 2) * sizeof(text *));
		all->names[all->count++] = DatumGetTextPCopy(name);
	}
	systable_endscan(scan);
	table_close(relation, NoLock);
	UnregisterSnapshot(snapshot);
	return all;
}

/* See segment.h. */
bool
IsProspects(Base *base, const text *segment)
{
	if (SameText(segment, base->prospects))
		return true;
	if (base->ever == NULL)
		base->ever = ReadProspectNames();
	for (int i = 0; i < base->ever->count; i++)
		if (SameText(segment, base->ever->names[i]))
			return true;
	return false;
}
