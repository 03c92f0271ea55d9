/*
 * purchase.c
 *		The trigger of a tracked table of orders: what a statement did to its
 *		rows, summed up by person.
 *
 * An UPDATE takes all old rows away and adds all new ones; persons for whom
 * both are the same are left alone.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "common/hashfn.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/cash.h"
#include "utils/date.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/rel.h"
#include "utils/tuplestore.h"

#include "compat.h"
#include "core_pg.h"
#include "rfm/rfm_pg.h"
#include "segment/segment.h"

PG_FUNCTION_INFO_V1(purchase_changed);

/* What the triggers of tracked tables are called, and then kind and event. */
#define OUR_TRIGGERS	"contact_pressure_"

/* --- sums by person and month */

/* What is made room for at once; more of them let it grow. */
#define SUMS_START		200000

/* The person and month of a sum. */
typedef struct SumKey
{
	text	   *id;
	DateADT		month;
} SumKey;

typedef struct SumEntry
{
	SumKey		key;
	uint32		hash;
	char		status;			/* of simplehash.h */
	RfmData		plus;
	RfmData		minus;
} SumEntry;

/* The hash of a key. */
static inline uint32
HashSum(SumKey key)
{
	return hash_bytes((const unsigned char *) VARDATA_ANY(key.id),
					  (int) VARSIZE_ANY_EXHDR(key.id)) ^
		murmurhash32((uint32) key.month);
}

#define SH_PREFIX		sums
#define SH_ELEMENT_TYPE	SumEntry
#define SH_KEY_TYPE		SumKey
#define SH_KEY			key
#define SH_HASH_KEY(table, key)		HashSum(key)
#define SH_EQUAL(table, a, b) \
	((a).month == (b).month && SameText((a).id, (b).id))
#define SH_STORE_HASH
#define SH_GET_HASH(table, entry)	(entry)->hash
#define SH_SCOPE		static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* --- a row of the table of orders */

/* A column, and how it is read. */
typedef struct OrderColumn
{
	AttrNumber	number;
	Oid			type;			/* behind a domain */
	Oid			output;			/* of a type without a way of its own */
} OrderColumn;

typedef struct OrderReader
{
	Relation	relation;
	OrderColumn id;
	OrderColumn at;
	OrderColumn amount;
	Zone	   *zone;			/* of times without one */
	const Base *base;
	sums_hash  *sums;
	MemoryContext context;		/* as long as the statement */
	Size		id_size;		/* of the buffer */
	text	   *id_buffer;
} OrderReader;

/* Find a column by its name. */
static OrderColumn
FindColumn(Relation relation, const char *name)
{
	OrderColumn column = {0};
	bool		varlena;
	int			number = SPI_fnumber(RelationGetDescr(relation), name);

	if (number <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("table %s is tracked by a column \"%s\" that it does not have",
						RelationGetRelationName(relation), name),
				 errhint("A column was renamed or dropped: call contact_pressure.track_purchases() again, or contact_pressure.untrack().")));
	column.number = (AttrNumber) number;
	column.type = getBaseType(TupleDescAttr(RelationGetDescr(relation),
											number - 1)->atttypid);
	getTypeOutputInfo(column.type, &column.output, &varlena);
	return column;
}

/* Can the type be read as an amount? */
static bool
IsAmount(Oid type)
{
	return type == NUMERICOID || type == INT2OID || type == INT4OID ||
		type == INT8OID || type == FLOAT4OID || type == FLOAT8OID ||
		type == CASHOID;
}

/* Read the arguments of the trigger: id, at, amount column, zone. */
static void
OpenReader(const Trigger *trigger, Relation relation, OrderReader *reader)
{
	CoreError	err;

	if (trigger->tgnargs != 4)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("purchase_changed is given the columns of a tracked table and its zone"),
				 errhint("Call contact_pressure.track_purchases().")));
	memset(reader, 0, sizeof(*reader));
	reader->relation = relation;
	reader->id = FindColumn(relation, trigger->tgargs[0]);
	reader->at = FindColumn(relation, trigger->tgargs[1]);
	reader->amount = FindColumn(relation, trigger->tgargs[2]);
	if ((reader->at.type != TIMESTAMPTZOID &&
		 reader->at.type != TIMESTAMPOID && reader->at.type != DATEOID) ||
		!IsAmount(reader->amount.type))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("a column of table %s is no time or no amount any more",
						RelationGetRelationName(relation)),
				 errhint("Call contact_pressure.track_purchases() again, or contact_pressure.untrack().")));
	if (reader->at.type != TIMESTAMPTZOID)
	{
		const char *zone = trigger->tgargs[3];

		reader->zone = ZoneOpen(zone, strlen(zone), &err);
		if (reader->zone == NULL)
			ThrowCoreError(&err);
	}
	reader->base = ReadBase(false);
	reader->context = CurrentMemoryContext;
}

/* How many rows a statement changed, at most. */
static uint32
CountRows(const TriggerData *trigger)
{
	int64		rows = 0;

	if (trigger->tg_oldtable != NULL)
		rows += tuplestore_tuple_count(trigger->tg_oldtable);
	if (trigger->tg_newtable != NULL)
		rows += tuplestore_tuple_count(trigger->tg_newtable);
	return (uint32) Min(rows, SUMS_START);
}

/* An id as text, in the reader's buffer; NULL for an empty one. */
static text *
ReadId(OrderReader *reader, Datum datum)
{
	char		digits[MAXINT8LEN + 1];
	const char *string = digits;
	Size		length;

	switch (reader->id.type)
	{
		case TEXTOID:
		case VARCHAROID:
			{
				text	   *value = DatumGetTextPP(datum);

				string = VARDATA_ANY(value);
				length = VARSIZE_ANY_EXHDR(value);
				break;
			}
		case INT2OID:
			length = (Size) pg_ltoa(DatumGetInt16(datum), digits);
			break;
		case INT4OID:
			length = (Size) pg_ltoa(DatumGetInt32(datum), digits);
			break;
		case INT8OID:
			length = (Size) pg_lltoa(DatumGetInt64(datum), digits);
			break;
		case BOOLOID:
			/* as a cast to text has it, here and below */
			string = DatumGetBool(datum) ? "true" : "false";
			length = strlen(string);
			break;
		default:
			string = OidOutputFunctionCall(reader->id.output, datum);
			length = strlen(string);
			while (reader->id.type == BPCHAROID && length > 0 &&
				   string[length - 1] == ' ')
				length--;
	}
	if (length == 0)
		return NULL;
	if (reader->id_size < length + VARHDRSZ)
	{
		reader->id_size = Max(length + VARHDRSZ, 32);
		reader->id_buffer = MemoryContextAlloc(reader->context,
											   reader->id_size);
	}
	SET_VARSIZE(reader->id_buffer, length + VARHDRSZ);
	memcpy(VARDATA(reader->id_buffer), string, length);
	return reader->id_buffer;
}

/* The instant of an order. */
static Instant
ReadAt(const OrderReader *reader, Datum datum)
{
	Timestamp	local;

	if (reader->at.type == TIMESTAMPTZOID)
		return DatumGetTimestampTz(datum);
	if (reader->at.type == DATEOID)
	{
		DateADT		date = DatumGetDateADT(datum);

		if (DATE_NOT_FINITE(date))
			return DATE_IS_NOBEGIN(date) ? DT_NOBEGIN : DT_NOEND;
		return ZoneInstant(reader->zone, date * MICROS_PER_DAY);
	}
	local = DatumGetTimestamp(datum);
	return TIMESTAMP_NOT_FINITE(local) ? local :
		ZoneInstant(reader->zone, local);
}

/* The amount of an order. */
static Decimal
ReadAmount(const OrderReader *reader, Datum datum)
{
	Decimal		amount = {0, 0};

	switch (reader->amount.type)
	{
		case INT2OID:
			amount.units = DatumGetInt16(datum);
			return amount;
		case INT4OID:
			amount.units = DatumGetInt32(datum);
			return amount;
		case INT8OID:
			amount.units = DatumGetInt64(datum);
			return amount;
		case FLOAT4OID:
			datum = DirectFunctionCall1(float4_numeric, datum);
			break;
		case FLOAT8OID:
			datum = DirectFunctionCall1(float8_numeric, datum);
			break;
		case CASHOID:
			datum = DirectFunctionCall1(cash_numeric, datum);
			break;
		default:
			datum = PointerGetDatum(PG_DETOAST_DATUM_PACKED(datum));
	}
	return DecimalFromNumeric(datum);
}

/* Add a row to the sums, or take it from them. */
static void
SumRow(OrderReader *reader, TupleTableSlot *slot, bool gone)
{
	bool		no_id;
	bool		no_at;
	bool		no_amount;
	Datum		id = slot_getattr(slot, reader->id.number, &no_id);
	Datum		at_datum = slot_getattr(slot, reader->at.number, &no_at);
	Datum		amount_datum = slot_getattr(slot, reader->amount.number,
											&no_amount);
	Instant		at;
	Decimal		amount;
	SumKey		key;
	SumEntry   *entry;
	bool		found;
	CoreError	err;

	if (no_id || no_at || no_amount)
		return;
	key.id = ReadId(reader, id);
	if (key.id == NULL)
		return;
	at = ReadAt(reader, at_datum);
	key.month = BaseMonth(reader->base, at);
	amount = ReadAmount(reader, amount_datum);
	entry = sums_insert(reader->sums, key, &found);
	if (!found)
	{
		/* the buffer is now the entry's */
		reader->id_size = 0;
		RfmInit(&entry->plus);
		RfmInit(&entry->minus);
	}
	if (!RfmAddOrder(gone ? &entry->minus : &entry->plus, at, &amount, &err))
		ThrowCoreError(&err);
}

/* Say of which table an order is that cannot be counted. */
static void
OrderContext(void *arg)
{
	const OrderReader *reader = arg;

	errcontext("order in table %s, tracked as purchases (a row whose amount is NULL is left out: a generated column can see to that)",
			   RelationGetRelationName(reader->relation));
}

/* Sum up a transition table. */
static void
SumRows(OrderReader *reader, Tuplestorestate *rows, bool gone)
{
	ErrorContextCallback context = {error_context_stack, OrderContext,
	reader};
	TupleTableSlot *slot =
		MakeSingleTupleTableSlot(RelationGetDescr(reader->relation),
								 &TTSOpsMinimalTuple);
	MemoryContext row = AllocSetContextCreate(CurrentMemoryContext,
											  "contact_pressure order",
											  ALLOCSET_SMALL_SIZES);
	int			pointer = tuplestore_alloc_read_pointer(rows,
														EXEC_FLAG_REWIND);

	/* others read it, too, each by a pointer of its own */
	tuplestore_select_read_pointer(rows, pointer);
	tuplestore_rescan(rows);
	error_context_stack = &context;
	while (tuplestore_gettupleslot(rows, true, false, slot))
	{
		MemoryContext old = MemoryContextSwitchTo(row);

		CHECK_FOR_INTERRUPTS();
		SumRow(reader, slot, gone);
		MemoryContextSwitchTo(old);
		MemoryContextReset(row);
	}
	error_context_stack = context.previous;
	MemoryContextDelete(row);
	ExecDropSingleTupleTableSlot(slot);
}

/*
 * An id of whatever type reads the same in every session, as purchases_of()
 * reads it; most types need no setting for that.
 */
static void
FixSettings(Oid id_type)
{
	static const char *const settings[][2] = {
		{"DateStyle", "ISO, YMD"},
		{"TimeZone", "UTC"},
		{"IntervalStyle", "postgres"},
		{"extra_float_digits", "1"},
		{"bytea_output", "hex"}
	};

	switch (id_type)
	{
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case NUMERICOID:
		case UUIDOID:
			return;
		default:
			break;
	}
	for (int i = 0; i < (int) lengthof(settings); i++)
		(void) set_config_option(settings[i][0], settings[i][1], PGC_USERSET,
								 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0,
								 false);
}

/* What is left of the sums where something changed. */
static PurchaseDelta *
ChangedSums(OrderReader *reader, int *count)
{
	PurchaseDelta *deltas =
		palloc_extended(((Size) reader->sums->members + 1) *
						sizeof(PurchaseDelta), MCXT_ALLOC_HUGE);
	sums_iterator iterator;
	SumEntry   *entry;

	*count = 0;
	sums_start_iterate(reader->sums, &iterator);
	while ((entry = sums_iterate(reader->sums, &iterator)) != NULL)
	{
		PurchaseDelta *delta = &deltas[*count];

		if (RfmCompare(&entry->plus, &entry->minus) == 0)
			continue;
		delta->id = entry->key.id;
		delta->month = entry->key.month;
		delta->plus = entry->plus;
		delta->minus = entry->minus;
		(*count)++;
	}
	sums_destroy(reader->sums);
	return deltas;
}

/*
 * May another trigger of the table have changed or deleted the rows again
 * before this one was fired?
 */
static bool
HasOtherTriggers(Relation relation)
{
	TriggerDesc *triggers = relation->trigdesc;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		const Trigger *other = &triggers->triggers[i];

		if (!other->tgisinternal && TRIGGER_FOR_AFTER(other->tgtype) &&
			strncmp(other->tgname, OUR_TRIGGERS, strlen(OUR_TRIGGERS)) != 0)
			return true;
	}
	return false;
}

/* A TRUNCATE leaves no list of what went: everything is counted again. */
static void
CountAllAgain(void)
{
	SPI_connect();
	if (SPI_execute("SELECT contact_pressure.count_again()", false, 0) !=
		SPI_OK_SELECT)
		elog(ERROR, "cannot count the purchases again");
	SPI_finish();
}

/*
 * purchase_changed(id column, at column, amount column, zone): trigger AFTER
 * each statement
 */
Datum
purchase_changed(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	OrderReader reader;
	PurchaseDelta *deltas;
	int			count;
	int			guc_level;

	if (!CALLED_AS_TRIGGER(fcinfo) ||
		!TRIGGER_FIRED_FOR_STATEMENT(trigger->tg_event) ||
		!TRIGGER_FIRED_AFTER(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("this function is for a trigger AFTER ... FOR EACH STATEMENT")));
	if (TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event))
	{
		CountAllAgain();
		PG_RETURN_POINTER(NULL);
	}
	OpenReader(trigger->tg_trigger, trigger->tg_relation, &reader);
	reader.sums = sums_create(reader.context, CountRows(trigger), NULL);
	guc_level = NewGUCNestLevel();
	FixSettings(reader.id.type);
	if (trigger->tg_oldtable != NULL)
		SumRows(&reader, trigger->tg_oldtable, true);
	if (trigger->tg_newtable != NULL)
		SumRows(&reader, trigger->tg_newtable, false);
	AtEOXact_GUC(true, guc_level);
	deltas = ChangedSums(&reader, &count);
	if (count > 0)
		ApplyPurchases(deltas, count,
					   HasOtherTriggers(trigger->tg_relation));
	PG_RETURN_POINTER(NULL);
}
