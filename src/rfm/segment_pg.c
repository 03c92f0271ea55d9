/*
 * segment_pg.c
 *		The type segment_map, rfm_segment() and what else is asked of a map.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "fmgr.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "compat.h"
#include "core_pg.h"
#include "rfm/model_pg.h"
#include "rfm/segment_map.h"

PG_FUNCTION_INFO_V1(segment_map_in);
PG_FUNCTION_INFO_V1(segment_map_out);
PG_FUNCTION_INFO_V1(segment_map_recv);
PG_FUNCTION_INFO_V1(segment_map_send);
PG_FUNCTION_INFO_V1(segment_map_eq);
PG_FUNCTION_INFO_V1(segment_map_ne);
PG_FUNCTION_INFO_V1(segment_map_lt);
PG_FUNCTION_INFO_V1(segment_map_le);
PG_FUNCTION_INFO_V1(segment_map_gt);
PG_FUNCTION_INFO_V1(segment_map_ge);
PG_FUNCTION_INFO_V1(segment_map_cmp);
PG_FUNCTION_INFO_V1(segment_map_hash);
PG_FUNCTION_INFO_V1(segment_map_hash_extended);
PG_FUNCTION_INFO_V1(rfm_segments);
PG_FUNCTION_INFO_V1(rfm_segment);
PG_FUNCTION_INFO_V1(segment_rank);
PG_FUNCTION_INFO_V1(segment_is_loyal);
PG_FUNCTION_INFO_V1(segment_map_has_groups);
PG_FUNCTION_INFO_V1(segment_map_segments);
PG_FUNCTION_INFO_V1(segment_map_lint);

/* The published grid of eleven segments, on five scores a dimension. */
static const char GridText[] =
"loyal champions: r 5, f 4-5, m 4-5\n"
"loyal champions: r 4, f 5, m 4-5\n"
"loyal champions: r 4, f 4, m 5\n"
"loyal loyal: r 5, f 4, m 3\n"
"loyal loyal: r 4, f 4, m 4\n"
"loyal loyal: r 3-4, f 3, m 5\n"
"loyal loyal: r 3, f 4-5, m 4-5\n"
"potential_loyalists: r 5, f 3, m 1-3\n"
"potential_loyalists: r 4, f 3, m 1-2\n"
"potential_loyalists: r 3-5, f 5, m 1-3\n"
"potential_loyalists: r 3-5, f 4, m 1-2\n"
"potential_loyalists: r 3-4, f 2-3, m 3\n"
"new_customers: r 4-5, f 1, m 2\n"
"new_customers: r 4, f 2, m 1-2\n"
"new_customers: r 3-5, f 1, m 1\n"
"promising: r 5, f 2\n"
"promising: r 4, f 2, m 4-5\n"
"promising: r 3-5, f 1, m 3-5\n"
"need_attention: r 5, f 3, m 4-5\n"
"need_attention: r 3-4, f 4, m 3\n"
"need_attention: r 3-4, f 3, m 4\n"
"need_attention: r 3, f 2, m 4-5\n"
"about_to_sleep: r 3, f 2-3, m 1\n"
"about_to_sleep: r 3, f 1, m 2\n"
"about_to_sleep: r 2, f 2, m 1\n"
"about_to_sleep: r 2, f 1, m 3\n"
"at_risk: r 2, f 3-5, m 4-5\n"
"at_risk: r 1-2, f 4-5, m 2-3\n"
"at_risk: r 1-2, f 2, m 4-5\n"
"at_risk: r 1, f 4, m 5\n"
"at_risk: r 1, f 3, m 3-5\n"
"cannot_lose_them: r 2, f 1, m 4-5\n"
"cannot_lose_them: r 1, f 5, m 4-5\n"
"cannot_lose_them: r 1, f 4, m 4\n"
"cannot_lose_them: r 1, f 1, m 3-5\n"
"hibernating: r 2, f 3-5, m 1\n"
"hibernating: r 2, f 2-3, m 3\n"
"hibernating: r 2, f 1, m 1-2\n"
"hibernating: r 1-3, f 2-3, m 2\n"
"hibernating: r 1, f 2, m 3\n"
"lost: r 1, f 2-5, m 1\n"
"lost: r 1, f 1, m 1-2";

/* --- values */

/* A map's bytes from its text in whatever form. */
static Datum
MapFromText(const char *text, size_t length)
{
	CoreError	err;
	SegmentMap *map = SegmentMapParse(text, length, &err);
	CoreText	canonical;
	bytea	   *result;
	char	   *p;

	if (map == NULL)
		ThrowCoreError(&err);
	CoreTextInit(&canonical);
	SegmentMapWrite(map, &canonical);
	result = palloc(VARHDRSZ + SEGMENT_MAP_HEADER + canonical.length);
	SET_VARSIZE(result, VARHDRSZ + SEGMENT_MAP_HEADER + canonical.length);
	p = VARDATA(result);
	p[0] = (char) SegmentMapVersion(map);
	p[1] = 0;
	memcpy(p + SEGMENT_MAP_HEADER, canonical.data, canonical.length);
	CoreFree(canonical.data);
	SegmentMapFree(map);
	PG_RETURN_BYTEA_P(result);
}

/* The version of a map's bytes. */
static inline int
MapVersion(const struct varlena *map)
{
	return *VARDATA_ANY(map);
}

/* The canonical text in a map's bytes, not NUL-terminated. */
static const char *
MapText(const struct varlena *map, int *length)
{
	const char *p = VARDATA_ANY(map);
	int			size = VARSIZE_ANY_EXHDR(map);

	if (size < SEGMENT_MAP_HEADER || p[0] < 1 || p[0] > SEGMENT_MAP_VERSION ||
		p[1] != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("stored segment_map is damaged"),
				 errdetail("This release knows versions 1 to %d without flags.",
						   SEGMENT_MAP_VERSION)));
	*length = size - SEGMENT_MAP_HEADER;
	return p + SEGMENT_MAP_HEADER;
}

/* See model_pg.h. */
SegmentMap *
OpenSegmentMap(const struct varlena *bytes)
{
	int			length;
	const char *text = MapText(bytes, &length);
	CoreError	err;
	SegmentMap *map = SegmentMapParse(text, (size_t) length, &err);

	if (map == NULL)
	{
		err.code = CORE_CORRUPTED;
		ThrowCoreError(&err);
	}
	return map;
}

Datum
segment_map_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);

	PG_RETURN_DATUM(MapFromText(text, strlen(text)));
}

Datum
segment_map_out(PG_FUNCTION_ARGS)
{
	int			length;
	const char *text = MapText(PG_GETARG_VARLENA_PP(0), &length);

	PG_RETURN_CSTRING(pnstrdup(text, length));
}

Datum
segment_map_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			version = pq_getmsgbyte(buf);
	int			flags = pq_getmsgbyte(buf);
	char	   *text;
	int			length;
	Datum		map;

	if (version < 1 || version > SEGMENT_MAP_VERSION || flags != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("unknown version of binary segment_map: %d, flags %d",
						version, flags),
				 errhint("This release reads versions 1 to %d without flags.",
						 SEGMENT_MAP_VERSION)));
	text = pq_getmsgtext(buf, buf->len - buf->cursor, &length);
	map = MapFromText(text, (size_t) length);
	if (MapVersion((struct varlena *) DatumGetPointer(map)) > version)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("binary segment_map of version %d has groups of engagement",
						version),
				 errhint("Send it as version %d.", SEGMENT_MAP_VERSION)));
	PG_RETURN_DATUM(map);
}

Datum
segment_map_send(PG_FUNCTION_ARGS)
{
	int			length;
	struct varlena *map = PG_GETARG_VARLENA_PP(0);
	const char *text = MapText(map, &length);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, MapVersion(map));
	pq_sendbyte(&buf, 0);
	pq_sendtext(&buf, text, length);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* --- comparison: by the text's bytes */

static int
CompareMaps(FunctionCallInfo fcinfo)
{
	int			length_a;
	int			length_b;
	const char *a = MapText(PG_GETARG_VARLENA_PP(0), &length_a);
	const char *b = MapText(PG_GETARG_VARLENA_PP(1), &length_b);
	int			order = memcmp(a, b, Min(length_a, length_b));

	return order != 0 ? order :
		(length_a > length_b) - (length_a < length_b);
}

Datum
segment_map_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareMaps(fcinfo) == 0);
}

Datum
segment_map_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareMaps(fcinfo) != 0);
}

Datum
segment_map_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareMaps(fcinfo) < 0);
}

Datum
segment_map_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareMaps(fcinfo) <= 0);
}

Datum
segment_map_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareMaps(fcinfo) > 0);
}

Datum
segment_map_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareMaps(fcinfo) >= 0);
}

Datum
segment_map_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(CompareMaps(fcinfo));
}

Datum
segment_map_hash(PG_FUNCTION_ARGS)
{
	int			length;
	const char *text = MapText(PG_GETARG_VARLENA_PP(0), &length);

	PG_RETURN_DATUM(hash_any((const unsigned char *) text, length));
}

Datum
segment_map_hash_extended(PG_FUNCTION_ARGS)
{
	int			length;
	const char *text = MapText(PG_GETARG_VARLENA_PP(0), &length);

	PG_RETURN_DATUM(hash_any_extended((const unsigned char *) text, length,
									  PG_GETARG_INT64(1)));
}

/* --- asking */

/* The map of the row before, which most often is that of this row. */
typedef struct MapCache
{
	MemoryContext context;
	bool		fixed;			/* the executor promises that it stays */
	struct varlena *bytes;
	SegmentMap *map;
	text	  **names;			/* of the segments */
	/* by engagement, the last: it is not given; -1: none */
	int16		segment_of[ENGAGEMENTS + 1][SCORE_END];
} MapCache;

/* Look up all scores with an engagement. */
static void
FillMapCache(MapCache *cache, int row, unsigned engagement)
{
	for (int score = 0; score < SCORE_END; score++)
	{
		int			line = ScoreIsValid(score) ?
			SegmentMapLine(cache->map, score, engagement) : -1;

		cache->segment_of[row][score] = (int16)
			(line < 0 ? -1 : cache->map->lines[line].segment);
	}
}

/* Make the call's cache the one for a map. */
static MapCache *
OpenMapCache(FunctionCallInfo fcinfo, const struct varlena *bytes)
{
	MapCache   *cache = fcinfo->flinfo->fn_extra;
	MemoryContext old;

	if (cache == NULL)
	{
		cache = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt,
									   sizeof(MapCache));
		cache->context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt,
											   "contact_pressure segment_map",
											   ALLOCSET_SMALL_SIZES);
		cache->fixed = get_fn_expr_arg_stable(fcinfo->flinfo, 1);
		fcinfo->flinfo->fn_extra = cache;
	}
	cache->bytes = NULL;
	MemoryContextReset(cache->context);
	old = MemoryContextSwitchTo(cache->context);
	cache->map = OpenSegmentMap(bytes);
	cache->names = palloc(sizeof(text *) * cache->map->nsegments);
	for (int i = 0; i < cache->map->nsegments; i++)
		cache->names[i] = cstring_to_text(cache->map->segments[i].name);
	FillMapCache(cache, ENGAGEMENTS, NOT_GIVEN);
	if (cache->map->groups != 0)
		for (int i = 0; i < ENGAGEMENTS; i++)
			FillMapCache(cache, i, EngagementBit((Engagement) i));
	cache->bytes = palloc(VARSIZE_ANY(bytes));
	memcpy(cache->bytes, bytes, VARSIZE_ANY(bytes));
	MemoryContextSwitchTo(old);
	return cache;
}

/* The call's cache, for the map in the second argument. */
static inline MapCache *
GetMapCache(FunctionCallInfo fcinfo)
{
	MapCache   *cache = fcinfo->flinfo->fn_extra;
	struct varlena *bytes;

	if (cache != NULL && cache->fixed && cache->bytes != NULL)
		return cache;
	bytes = PG_GETARG_VARLENA_PP(1);
	if (cache == NULL || cache->bytes == NULL ||
		VARSIZE_ANY(cache->bytes) != VARSIZE_ANY(bytes) ||
		memcmp(cache->bytes, bytes, VARSIZE_ANY(bytes)) != 0)
		cache = OpenMapCache(fcinfo, bytes);
	return cache;
}

/* rfm_segments(): the map that is used when none is named */
Datum
rfm_segments(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(MapFromText(GridText, sizeof(GridText) - 1));
}

/* The row of a cache for an argument that may be NULL. */
static int
EngagementRow(FunctionCallInfo fcinfo, int arg, const MapCache *cache)
{
	text	   *name;
	Engagement	engagement;
	CoreError	err;

	if (PG_ARGISNULL(arg))
		return ENGAGEMENTS;
	name = PG_GETARG_TEXT_PP(arg);
	if (!EngagementParse(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name),
						 &engagement, &err))
		ThrowCoreError(&err);
	/* a map without groups has no other row */
	return cache->map->groups != 0 ? (int) engagement : ENGAGEMENTS;
}

/*
 * rfm_segment(score, map, engagement); NULL when no line matches.  An
 * engagement that is NULL is not given.
 */
Datum
rfm_segment(PG_FUNCTION_ARGS)
{
	RfmScore	score;
	MapCache   *cache;
	int			row;
	int			segment;
	text	   *name;
	text	   *copy;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	score = PG_GETARG_INT16(0);
	cache = GetMapCache(fcinfo);
	row = EngagementRow(fcinfo, 2, cache);
	segment = ScoreIsValid(score) ? cache->segment_of[row][score] : -1;
	if (segment < 0)
		PG_RETURN_NULL();
	name = cache->names[segment];
	copy = palloc(VARSIZE(name));
	memcpy(copy, name, VARSIZE(name));
	PG_RETURN_TEXT_P(copy);
}

/* The segment that the first argument names, -1: the map has none such. */
static int
NamedSegment(FunctionCallInfo fcinfo, const SegmentMap *map)
{
	text	   *name = PG_GETARG_TEXT_PP(0);

	return SegmentMapFind(map, VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
}

/* segment_rank(name, map): 1 is best; NULL for a name the map has not */
Datum
segment_rank(PG_FUNCTION_ARGS)
{
	int			segment = NamedSegment(fcinfo, GetMapCache(fcinfo)->map);

	if (segment < 0)
		PG_RETURN_NULL();
	PG_RETURN_INT32(segment + 1);
}

/* segment_is_loyal(name, map) */
Datum
segment_is_loyal(PG_FUNCTION_ARGS)
{
	const SegmentMap *map = GetMapCache(fcinfo)->map;
	int			segment = NamedSegment(fcinfo, map);

	if (segment < 0)
		PG_RETURN_NULL();
	PG_RETURN_BOOL(map->segments[segment].loyal);
}

/* segment_map_has_groups(map): does it ask for the engagement? */
Datum
segment_map_has_groups(PG_FUNCTION_ARGS)
{
	SegmentMap *map = OpenSegmentMap(PG_GETARG_VARLENA_PP(0));

	PG_RETURN_BOOL(map->groups != 0);
}

/* segment_map_segments(map): the segments as rows, by rank */
Datum
segment_map_segments(PG_FUNCTION_ARGS)
{
	SegmentMap *map = OpenSegmentMap(PG_GETARG_VARLENA_PP(0));
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < map->nsegments; i++)
	{
		Datum		values[] = {
			Int32GetDatum(i + 1),
			CStringGetTextDatum(map->segments[i].name),
			BoolGetDatum(map->segments[i].loyal)
		};
		bool		nulls[lengthof(values)] = {false};

		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
							 nulls);
	}
	return (Datum) 0;
}

enum
{
	LINT_SEVERITY, LINT_CODE, LINT_LINE, LINT_RULE, LINT_MESSAGE, LINT_HINT,
	LINT_COLUMNS
};

/* segment_map_lint(map, bins): what looks wrong, as rows */
Datum
segment_map_lint(PG_FUNCTION_ARGS)
{
	SegmentMap *map = OpenSegmentMap(PG_GETARG_VARLENA_PP(0));
	int			bins = PG_GETARG_INT32(1);
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	SegmentFinding *findings;
	int			n;

	if (bins < BINS_MIN || bins > BINS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%d bins: there are %d to %d", bins, BINS_MIN,
						BINS_MAX)));
	findings = SegmentMapLint(map, bins, &n);
	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < n; i++)
	{
		const SegmentFinding *finding = &findings[i];
		Datum		values[LINT_COLUMNS] = {0};
		bool		nulls[LINT_COLUMNS] = {false};
		CoreText	rule;

		CoreTextInit(&rule);
		if (finding->line >= 0)
			SegmentMapWriteLine(map, finding->line, &rule);
		nulls[LINT_LINE] = nulls[LINT_RULE] = finding->line < 0;
		values[LINT_SEVERITY] =
			CStringGetTextDatum(finding->note ? "note" : "warning");
		values[LINT_CODE] = CStringGetTextDatum(finding->code);
		values[LINT_LINE] = Int32GetDatum(finding->line + 1);
		values[LINT_RULE] = CStringGetTextDatum(rule.data);
		values[LINT_MESSAGE] = CStringGetTextDatum(finding->message.data);
		values[LINT_HINT] = CStringGetTextDatum(finding->hint.data);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
							 nulls);
	}
	return (Datum) 0;
}
