/*
 * base.c
 *		The base as a whole: the model and the map in force, as of when
 *		scores stand, how far back purchases count.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "compat.h"
#include "core_pg.h"
#include "rfm/model_pg.h"
#include "segment/segment.h"

/* A base that is refreshed as of further off the clock is a replay. */
#define REPLAY_DISTANCE		MICROS_PER_DAY

/* The columns of READ_BASE. */
enum
{
	BASE_AS_OF = 1,
	BASE_REFRESHED_AT,
	BASE_KEEP,
	BASE_ZONE,
	BASE_FILL,
	BASE_FILLED,
	BASE_NOTIFY,
	BASE_VERSION,
	BASE_WHY,
	BASE_MODEL,
	BASE_MAP,
	BASE_PROSPECTS
};

#define READ_BASE \
	"SELECT b.as_of, b.refreshed_at, b.keep, b.zone, b.fill," \
	"       b.filled_at IS NOT NULL, b.notify," \
	"       m.version, m.why, m.model, m.map, m.prospects" \
	"  FROM (VALUES (true)) AS one" \
	"  LEFT JOIN contact_pressure.segment_base AS b ON true" \
	"  LEFT JOIN (SELECT * FROM contact_pressure.segment_model" \
	"              ORDER BY version DESC LIMIT 1) AS m ON true"

/* A column of the row that SPI has found; the value is SPI's. */
static Datum
BaseColumn(int column, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc,
						 column, isnull);
}

/* The same, or another value for NULL. */
static Datum
BaseColumnOr(int column, Datum otherwise)
{
	bool		isnull;
	Datum		datum = BaseColumn(column, &isnull);

	return isnull ? otherwise : datum;
}

/* Read the model's part of the row, in the current context. */
static void
ReadModel(Base *base)
{
	bool		isnull;
	char	   *why;

	base->version = DatumGetInt32(BaseColumnOr(BASE_VERSION, 0));
	if (base->version == 0)
		return;
	why = TextDatumGetCString(BaseColumn(BASE_WHY, &isnull));
	base->new_map = strcmp(why, "map") == 0;
	base->model = *DatumGetModel(BaseColumn(BASE_MODEL, &isnull));
	base->model_zone = ModelOpenZone(&base->model);
	base->map = OpenSegmentMap(PG_DETOAST_DATUM_PACKED(
							BaseColumn(BASE_MAP, &isnull)));
	base->names = palloc(base->map->nsegments * sizeof(text *));
	for (int i = 0; i < base->map->nsegments; i++)
		base->names[i] = cstring_to_text(base->map->segments[i].name);
	base->prospects = (text *) DatumGetPointer(BaseColumnOr(BASE_PROSPECTS,
															(Datum) 0));
	if (base->prospects != NULL)
		base->prospects =
			DatumGetTextPCopy(PointerGetDatum(base->prospects));
}

/* See segment.h. */
Base *
ReadBase(void)
{
	static SPIPlanPtr plan = NULL;
	MemoryContext old = CurrentMemoryContext;
	Base	   *base = palloc0(sizeof(Base));
	Instant		refreshed_at;
	bool		isnull;
	CoreError	err;

	SPI_connect();
	LedgerPlan(&plan, READ_BASE, 0, NULL);
	(void) LedgerExecute(plan, NULL, NULL, false);
	old = MemoryContextSwitchTo(old);
	base->as_of = DatumGetTimestampTz(BaseColumnOr(BASE_AS_OF,
									TimestampTzGetDatum(INSTANT_NONE)));
	refreshed_at = DatumGetTimestampTz(BaseColumnOr(BASE_REFRESHED_AT,
									TimestampTzGetDatum(INSTANT_NONE)));
	base->replay = base->as_of != INSTANT_NONE &&
		refreshed_at != INSTANT_NONE &&
		Abs(refreshed_at - base->as_of) > REPLAY_DISTANCE;
	base->keep = DatumGetInt32(BaseColumnOr(BASE_KEEP, 0));
	if (base->keep > 0)
	{
		text	   *zone = DatumGetTextPP(BaseColumn(BASE_ZONE, &isnull));

		base->zone = ZoneOpen(VARDATA_ANY(zone), VARSIZE_ANY_EXHDR(zone),
							  &err);
		if (base->zone == NULL)
			ThrowCoreError(&err);
	}
	base->fill = DatumGetInt32(BaseColumnOr(BASE_FILL, 0));
	base->filled = base->fill == 0 ||
		DatumGetBool(BaseColumn(BASE_FILLED, &isnull));
	base->notify = DatumGetBool(BaseColumnOr(BASE_NOTIFY,
											 BoolGetDatum(true)));
	ReadModel(base);
	MemoryContextSwitchTo(old);
	SPI_finish();
	return base;
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

/* See segment.h. */
bool
IsProspects(const Base *base, const text *segment)
{
	static SPIPlanPtr plan = NULL;
	static const Oid types[] = {TEXTOID};
	Datum		values[] = {PointerGetDatum(segment)};
	bool		found;

	if (SameText(segment, base->prospects))
		return true;
	SPI_connect();
	LedgerPlan(&plan,
			   "SELECT FROM contact_pressure.segment_model"
			   " WHERE prospects = $1", lengthof(types), types);
	found = LedgerExecute(plan, values, NULL, false) > 0;
	SPI_finish();
	return found;
}
