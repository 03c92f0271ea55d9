/*
 * check.c
 *		What the rows of person and policy may say.
 *
 * Row triggers: names are folded, patterns, zones and holds brought into one
 * form, so that everything that reads a row can take it as it is.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "compat.h"
#include "core_pg.h"
#include "policy/policy.h"

PG_FUNCTION_INFO_V1(contact_scope);
PG_FUNCTION_INFO_V1(segment_name);
PG_FUNCTION_INFO_V1(check_person);
PG_FUNCTION_INFO_V1(check_policy);
PG_FUNCTION_INFO_V1(policy_changed);

/* A row on its way into a table, and the columns changed so far. */
#define EDITS_MAX	6
typedef struct RowEdit
{
	HeapTuple	tuple;
	TupleDesc	tupdesc;
	int			n;
	int			columns[EDITS_MAX];
	Datum		values[EDITS_MAX];
	bool		nulls[EDITS_MAX];
} RowEdit;

/* One element of person.holds. */
enum
{
	HOLD_SCOPE,
	HOLD_UNTIL,
	HOLD_REASON,
	HOLD_COLUMNS
};

typedef struct Hold
{
	char	   *scope;
	TimestampTz until;
	Datum		values[HOLD_COLUMNS];
	bool		nulls[HOLD_COLUMNS];
} Hold;

/* --- the trigger protocol */

/* Begin with the new row of a trigger's call. */
static void
BeginEdit(FunctionCallInfo fcinfo, RowEdit *edit)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) ||
		!TRIGGER_FIRED_FOR_ROW(trigger->tg_event) ||
		!TRIGGER_FIRED_BEFORE(trigger->tg_event) ||
		TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("this function is for a trigger BEFORE INSERT OR UPDATE FOR EACH ROW")));
	memset(edit, 0, sizeof(*edit));
	edit->tuple = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ?
		trigger->tg_newtuple : trigger->tg_trigtuple;
	edit->tupdesc = RelationGetDescr(trigger->tg_relation);
}

/* The number of a column, and its value; false: it is NULL. */
static bool
GetColumn(const RowEdit *edit, const char *name, int *column, Datum *value)
{
	bool		isnull;

	*column = SPI_fnumber(edit->tupdesc, name);
	if (*column <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" does not exist", name)));
	*value = heap_getattr(edit->tuple, *column, edit->tupdesc, &isnull);
	return !isnull;
}

/* Put another value into a column. */
static void
SetColumn(RowEdit *edit, int column, Datum value, bool isnull)
{
	Assert(edit->n < EDITS_MAX);
	edit->columns[edit->n] = column;
	edit->values[edit->n] = value;
	edit->nulls[edit->n] = isnull;
	edit->n++;
}

/* What the trigger returns. */
static Datum
FinishEdit(RowEdit *edit)
{
	if (edit->n > 0)
		edit->tuple = heap_modify_tuple_by_cols(edit->tuple, edit->tupdesc,
												edit->n, edit->columns,
												edit->values, edit->nulls);
	return PointerGetDatum(edit->tuple);
}

/* --- names, zones */

/* An id has something in it. */
static void
CheckId(const RowEdit *edit)
{
	int			column;
	Datum		value;

	if (GetColumn(edit, "person_id", &column, &value) &&
		VARSIZE_ANY_EXHDR(DatumGetTextPP(value)) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the id of a person must not be empty"),
				 errhint("Give the id by which the CRM knows the person.")));
}

/*
 * The name of a segment, folded; segments are named as channels are.  shown:
 * as an error has it.
 */
static void
FoldSegment(const text *name, const char *shown,
			char segment[LABEL_NAME_MAX + 1])
{
	CoreError	err;

	if (LabelChannel(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), segment,
					 &err))
		return;
	CoreFail(&err, CORE_INVALID, "invalid segment: \"%s\"", shown);
	CoreHint(&err, "A segment is a name such as loyal or at_risk: letters, "
			 "digits, \"_\" and \"-\", a letter first, at most %d "
			 "characters; not any or each.", LABEL_NAME_MAX);
	ThrowCoreError(&err);
}

/*
 * The segment of a row.  One that the layers of a policy use otherwise is
 * none.  False: it is NULL.
 */
static bool
EditSegment(RowEdit *edit, bool of_person, char segment[LABEL_NAME_MAX + 1])
{
	char		quoted[CORE_QUOTE_SIZE];
	int			column;
	Datum		value;
	text	   *name;

	if (!GetColumn(edit, "segment", &column, &value))
		return false;
	name = DatumGetTextPP(value);
	FoldSegment(name, CoreQuote(quoted, VARDATA_ANY(name),
								VARSIZE_ANY_EXHDR(name)), segment);
	if (strcmp(segment, PREFERENCES) == 0 ||
		(of_person && strcmp(segment, "everyone") == 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid segment: \"%s\"", segment),
				 errdetail("The rules of that name are not those of a segment."),
				 errhint("Choose another name; a person without a segment is judged by the rows \"everyone\" and \"default\".")));
	SetColumn(edit, column, CStringGetTextDatum(segment), false);
	return true;
}

/* segment_name(segment): as it is stored, for a segment to move people to */
Datum
segment_name(PG_FUNCTION_ARGS)
{
	text	   *name = PG_GETARG_TEXT_PP(0);
	const char *shown = text_to_cstring(name);
	char		segment[LABEL_NAME_MAX + 1];

	FoldSegment(name, shown, segment);
	if (strcmp(segment, PREFERENCES) == 0 ||
		strcmp(segment, "everyone") == 0 || strcmp(segment, "default") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid segment: \"%s\"", shown),
				 errdetail("The rules of that name are not those of a segment."),
				 errhint("Choose another name.")));
	PG_RETURN_TEXT_P(cstring_to_text(segment));
}

/* The zone, in the spelling of the time zone data base. */
static void
EditZone(RowEdit *edit)
{
	int			column;
	Datum		value;
	text	   *name;
	Zone	   *zone;
	CoreError	err;

	if (!GetColumn(edit, "zone", &column, &value))
		return;
	name = DatumGetTextPP(value);
	zone = ZoneOpen(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), &err);
	if (zone == NULL)
		ThrowCoreError(&err);
	SetColumn(edit, column, CStringGetTextDatum(ZoneName(zone)), false);
	CoreFree(zone);
}

/* --- patterns */

/* A pattern in its one form; raises errors. */
static char *
CanonicalScope(text *scope)
{
	ListPattern pattern;
	CoreText	out;
	CoreError	err;

	if (!ListPatternParse(VARDATA_ANY(scope), VARSIZE_ANY_EXHDR(scope),
						  &pattern, &err))
		ThrowCoreError(&err);
	CoreTextInit(&out);
	ListPatternWrite(&pattern, &out);
	return out.data;
}

/* contact_scope(text): the same for SQL. */
Datum
contact_scope(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("scope must not be null"),
				 errhint("Write CHANNEL, CHANNEL/PURPOSE, any or any/PURPOSE, for example email/marketing.")));
	PG_RETURN_TEXT_P(cstring_to_text(CanonicalScope(PG_GETARG_TEXT_PP(0))));
}

/* Raise the error for a NULL among the elements of a list. */
static void
FailNullElement(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			 errmsg("a null among the elements of %s", name),
			 errhint("Leave it out; NULL for the whole list is fine.")));
}

static int
CompareStrings(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/* A list of patterns: each in its one form, sorted, each once; empty: NULL. */
static void
EditPatterns(RowEdit *edit, const char *name)
{
	int			column;
	Datum		value;
	Datum	   *elements;
	bool	   *nulls;
	int			n;
	int			kept = 0;
	char	  **patterns;

	if (!GetColumn(edit, name, &column, &value))
		return;
	deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false,
					  TYPALIGN_INT, &elements, &nulls, &n);
	patterns = palloc(n * sizeof(char *));
	for (int i = 0; i < n; i++)
	{
		if (nulls[i])
			FailNullElement(name);
		patterns[i] = CanonicalScope(DatumGetTextPP(elements[i]));
	}
	qsort(patterns, n, sizeof(char *), CompareStrings);
	for (int i = 0; i < n; i++)
		if (i == 0 || strcmp(patterns[i], patterns[i - 1]) != 0)
			elements[kept++] = CStringGetTextDatum(patterns[i]);
	SetColumn(edit, column, kept == 0 ? (Datum) 0 :
			  PointerGetDatum(construct_array(elements, kept, TEXTOID, -1,
											  false, TYPALIGN_INT)),
			  kept == 0);
}

/* --- holds */

/* Read and check an element of person.holds. */
static void
ReadHold(Datum element, Hold *hold)
{
	HeapTupleHeader header = DatumGetHeapTupleHeader(element);

	for (int i = 0; i < HOLD_COLUMNS; i++)
		hold->values[i] = GetAttributeByNum(header, i + 1, &hold->nulls[i]);
	if (hold->nulls[HOLD_SCOPE] || hold->nulls[HOLD_UNTIL])
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a hold has a scope and an end"),
				 errhint("A hold without an end has the end infinity.")));
	hold->scope = CanonicalScope(DatumGetTextPP(hold->values[HOLD_SCOPE]));
	hold->values[HOLD_SCOPE] = CStringGetTextDatum(hold->scope);
	hold->until = DatumGetTimestampTz(hold->values[HOLD_UNTIL]);
	if (!InstantInRange(hold->until) && hold->until != INSTANT_NEVER)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("end of a hold out of range"),
				 errhint("It lies between the years 0001 and 9999, or is infinity.")));
}

/* By scope; of the same scope the one that ends last comes first. */
static int
CompareHolds(const void *a, const void *b)
{
	const Hold *x = a;
	const Hold *y = b;
	int			order = strcmp(x->scope, y->scope);

	if (order == 0)
		order = (x->until < y->until) - (x->until > y->until);
	return order;
}

/* Holds: each scope in its one form, sorted, each once; none: NULL. */
static void
EditHolds(RowEdit *edit)
{
	int			column;
	Datum		value;
	ArrayType  *array;
	Oid			type;
	TupleDesc	tupdesc;
	Datum	   *elements;
	bool	   *nulls;
	int			n;
	int			kept = 0;
	Hold	   *holds;

	if (!GetColumn(edit, "holds", &column, &value))
		return;
	array = DatumGetArrayTypeP(value);
	type = ARR_ELEMTYPE(array);
	deconstruct_array(array, type, -1, false, TYPALIGN_DOUBLE, &elements,
					  &nulls, &n);
	holds = palloc(n * sizeof(Hold));
	for (int i = 0; i < n; i++)
	{
		if (nulls[i])
			FailNullElement("holds");
		ReadHold(elements[i], &holds[i]);
	}
	qsort(holds, n, sizeof(Hold), CompareHolds);
	tupdesc = lookup_rowtype_tupdesc(type, -1);
	for (int i = 0; i < n; i++)
		if (i == 0 || strcmp(holds[i].scope, holds[i - 1].scope) != 0)
			elements[kept++] = HeapTupleGetDatum(heap_form_tuple(tupdesc,
																 holds[i].values,
																 holds[i].nulls));
	ReleaseTupleDesc(tupdesc);
	SetColumn(edit, column, kept == 0 ? (Datum) 0 :
			  PointerGetDatum(construct_array(elements, kept, type, -1, false,
											  TYPALIGN_DOUBLE)),
			  kept == 0);
}

/* --- policies */

/* Open a contact_policy of the row; false: it is NULL. */
static bool
OpenPolicyColumn(const RowEdit *edit, const char *name, Policy *policy)
{
	int			column;
	Datum		value;
	struct varlena *block;
	CoreError	err;

	if (!GetColumn(edit, name, &column, &value))
		return false;
	block = PG_DETOAST_DATUM(value);
	if (!PolicyOpen(block, VARSIZE(block), policy, &err))
		ThrowCoreError(&err);
	return true;
}

/*
 * A person's preferences: one layer, that of this name, which holds them to
 * the rules that only add limits.
 */
static void
CheckPreferences(const RowEdit *edit)
{
	Policy		policy;
	CoreText	source;
	size_t		size;
	CoreError	err;

	if (!OpenPolicyColumn(edit, "preferences", &policy))
		return;
	for (int i = 0; i < policy.data->nlayers; i++)
	{
		const char *layer = PolicyText(&policy, policy.layers[i]);

		if (layer[0] != '\0' && strcmp(layer, PREFERENCES) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a person's preferences are in the layer \"%s\"",
							layer),
					 errhint("Leave the layer statement out: they are the layer \"%s\".",
							 PREFERENCES)));
	}
	CoreTextInit(&source);
	if (policy.data->nlayers > 0 &&
		PolicyText(&policy, policy.layers[0])[0] == '\0')
		CoreTextPrintf(&source, "layer %s; ", PREFERENCES);
	PolicyWrite(&policy, &source);
	if (PolicyParse(source.data, source.length, &size, &err) == NULL)
		ThrowCoreError(&err);
}

/* The rules of a segment: in no layer of a person's own. */
static void
CheckRules(const RowEdit *edit)
{
	Policy		policy;

	if (!OpenPolicyColumn(edit, "rules", &policy))
		return;
	for (int i = 0; i < policy.data->nlayers; i++)
		if (strcmp(PolicyText(&policy, policy.layers[i]), PREFERENCES) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the rules of a segment cannot be in the layer \"%s\"",
							PREFERENCES),
					 errhint("That layer holds what a person asked for: put_person(id, preferences => ...).")));
}

/* Can there be a layer of the segment's name? */
static void
CheckLayerName(const char *segment)
{
	CoreText	source;
	size_t		size;
	CoreError	err;

	CoreTextInit(&source);
	CoreTextPrintf(&source, "layer %s", segment);
	if (PolicyParse(source.data, source.length, &size, &err) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid segment: \"%s\"", segment),
				 errdetail("It is a word of the policy language, and layers are named by segments."),
				 errhint("Choose another name.")));
}

/* --- the triggers */

/* person, BEFORE INSERT OR UPDATE. */
Datum
check_person(PG_FUNCTION_ARGS)
{
	RowEdit		edit;
	char		segment[LABEL_NAME_MAX + 1];

	BeginEdit(fcinfo, &edit);
	CheckId(&edit);
	EditSegment(&edit, true, segment);
	EditZone(&edit);
	CheckPreferences(&edit);
	EditPatterns(&edit, "opted_out");
	EditPatterns(&edit, "opted_in");
	EditHolds(&edit);
	return FinishEdit(&edit);
}

/* policy, BEFORE INSERT OR UPDATE. */
Datum
check_policy(PG_FUNCTION_ARGS)
{
	RowEdit		edit;
	char		segment[LABEL_NAME_MAX + 1];

	BeginEdit(fcinfo, &edit);
	if (EditSegment(&edit, false, segment))
		CheckLayerName(segment);
	CheckRules(&edit);
	return FinishEdit(&edit);
}

/*
 * policy, AFTER any change: tell all sessions as of the commit, and this one
 * as of its next command, that what they know of the table is out of date.
 */
Datum
policy_changed(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("this function is for a trigger")));
	CacheInvalidateRelcache(((TriggerData *) fcinfo->context)->tg_relation);
	return PointerGetDatum(NULL);
}
