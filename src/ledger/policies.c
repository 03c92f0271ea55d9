/*
 * policies.c
 *		The policy that applies to a stored person, and its version.
 *
 * A policy set is the whole of contact_pressure.policy, read once.  The
 * session keeps one and drops it when a row is changed: a trigger sends a
 * relation cache invalidation, which reaches every session as a change of the
 * schema does.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "core_pg.h"
#include "ledger/policies.h"

/* A row of contact_pressure.policy. */
typedef struct PolicyRow
{
	text	   *segment;
	struct varlena *rules;
	struct varlena *composed;	/* with "everyone", made when first asked for */
} PolicyRow;

/* Own preferences seldom repeat from person to person; a few do at once. */
#define PREFERENCE_SLOTS	16

/* What "a policy, then own preferences" came to. */
typedef struct PreferenceSlot
{
	const struct varlena *base; /* NULL: empty slot */
	struct varlena *preferences;
	struct varlena *composed;
} PreferenceSlot;

struct PolicySet
{
	MemoryContext context;
	int64		version;
	int			nrows;
	PolicyRow  *rows;
	PolicyRow  *everyone;		/* NULL: there is no such row */
	PolicyRow  *fallback;		/* the row "default", or NULL */
	int			next_slot;
	PreferenceSlot slots[PREFERENCE_SLOTS];
};

/* --- composing layers */

/*
 * Append a policy to out as a layer of that name, unless it names its first
 * layer itself.
 */
static void
AppendLayer(CoreText *out, struct varlena *rules, const char *name,
			size_t length)
{
	struct varlena *value = PG_DETOAST_DATUM(PointerGetDatum(rules));
	Policy		policy;
	CoreError	err;

	if (!PolicyOpen(value, VARSIZE(value), &policy, &err))
		ThrowCoreError(&err);
	if (policy.data->nlayers == 0 ||
		PolicyText(&policy, policy.layers[0])[0] == '\0')
		CoreTextPrintf(out, "layer %.*s\n", (int) length, name);
	PolicyWrite(&policy, out);
	CoreTextAppend(out, "\n", 1);
}

/* Compile text into a policy value of the current memory context. */
static struct varlena *
CompilePolicy(const CoreText *source)
{
	size_t		size;
	CoreError	err;
	struct varlena *value;

	value = (struct varlena *) PolicyParse(source->data, source->length,
										   &size, &err);
	if (value == NULL)
		ThrowCoreError(&err);
	SET_VARSIZE(value, size);
	return value;
}

/* "everyone", then a row of a segment; either may be missing. */
static struct varlena *
ComposeRows(const PolicyRow *everyone, const PolicyRow *row)
{
	CoreText	source;

	CoreTextInit(&source);
	if (everyone != NULL)
		AppendLayer(&source, everyone->rules, "everyone", strlen("everyone"));
	if (row != NULL)
		AppendLayer(&source, row->rules, VARDATA_ANY(row->segment),
					VARSIZE_ANY_EXHDR(row->segment));
	return CompilePolicy(&source);
}

/* A policy, then a person's own preferences. */
static struct varlena *
ComposePreferences(struct varlena *base, struct varlena *preferences)
{
	CoreText	source;

	CoreTextInit(&source);
	AppendLayer(&source, base, "everyone", strlen("everyone"));
	AppendLayer(&source, preferences, "preferences", strlen("preferences"));
	return CompilePolicy(&source);
}

/* A copy of a value that lasts as long as the set. */
static struct varlena *
KeepValue(PolicySet *set, struct varlena *value)
{
	Size		size = VARSIZE_ANY(value);

	return memcpy(MemoryContextAlloc(set->context, size), value, size);
}

/* The same, kept in the set for the next who has the same preferences. */
static struct varlena *
FindPreferences(PolicySet *set, struct varlena *base,
				struct varlena *preferences)
{
	Size		size = VARSIZE_ANY(preferences);
	PreferenceSlot *slot;
	PreferenceSlot made;

	for (int i = 0; i < PREFERENCE_SLOTS; i++)
	{
		slot = &set->slots[i];
		if (slot->base == base && VARSIZE_ANY(slot->preferences) == size &&
			memcmp(slot->preferences, preferences, size) == 0)
			return slot->composed;
	}
	made.base = base;
	made.composed = KeepValue(set, ComposePreferences(base, preferences));
	made.preferences = KeepValue(set, preferences);
	slot = &set->slots[set->next_slot];
	set->next_slot = (set->next_slot + 1) % PREFERENCE_SLOTS;
	if (slot->base != NULL)
	{
		pfree(slot->preferences);
		pfree(slot->composed);
	}
	*slot = made;
	return slot->composed;
}

/* See policies.h. */
LedgerPolicy
PolicySetFind(PolicySet *set, text *segment, struct varlena *preferences)
{
	LedgerPolicy found = {NULL, set->version};
	PolicyRow  *row = NULL;

	for (int i = 0; segment != NULL && i < set->nrows; i++)
	{
		if (SameText(set->rows[i].segment, segment))
		{
			row = &set->rows[i];
			break;
		}
	}
	/* a segment that is called "everyone" has no rules of its own */
	if (row == NULL || row == set->everyone)
		row = set->fallback;
	if (row == NULL)
		row = set->everyone;
	if (row == NULL)
		return found;
	if (row->composed == NULL)
		row->composed = KeepValue(set, ComposeRows(set->everyone,
												   row == set->everyone ?
												   NULL : row));
	found.policy = row->composed;
	if (preferences != NULL)
		found.policy = FindPreferences(set, row->composed, preferences);
	return found;
}

/* --- reading the table */

/* A copy of a column of the current SPI result, detoasted; NULL for NULL. */
static struct varlena *
CopyColumn(HeapTuple tuple, int column)
{
	bool		isnull;
	Datum		datum = SPI_getbinval(tuple, SPI_tuptable->tupdesc, column,
									  &isnull);

	return isnull ? NULL : PG_DETOAST_DATUM_COPY(datum);
}

/* Fill a set from the rows that SPI has found, one at least. */
static void
FillSet(PolicySet *set)
{
	bool		isnull;
	text	   *everyone = cstring_to_text("everyone");
	text	   *fallback = cstring_to_text("default");

	set->version =
		DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0],
									SPI_tuptable->tupdesc, 1, &isnull));
	set->rows = MemoryContextAllocZero(set->context, SPI_processed *
									   sizeof(PolicyRow));
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		PolicyRow  *row = &set->rows[set->nrows];
		MemoryContext old = MemoryContextSwitchTo(set->context);

		row->segment = CopyColumn(tuple, 2);
		if (row->segment != NULL)
		{
			row->rules = CopyColumn(tuple, 3);
			set->nrows++;
			if (SameText(row->segment, everyone))
				set->everyone = row;
			else if (SameText(row->segment, fallback))
				set->fallback = row;
		}
		MemoryContextSwitchTo(old);
	}
}

/* See policies.h. */
PolicySet *
PolicySetRead(MemoryContext parent, Snapshot snapshot)
{
	static SPIPlanPtr plan = NULL;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "contact_pressure policies",
												  ALLOCSET_SMALL_SIZES);
	PolicySet  *set = MemoryContextAllocZero(context, sizeof(PolicySet));

	set->context = context;
	SPI_connect();
	if (plan == NULL)
	{
		plan = SPI_prepare("SELECT v.version, p.segment, p.rules"
						   "  FROM (SELECT coalesce(max(version), 0)"
						   "          FROM contact_pressure.policy_version)"
						   "       AS v(version)"
						   "  LEFT JOIN contact_pressure.policy AS p ON true",
						   0, NULL);
		if (plan == NULL)
			elog(ERROR, "SPI_prepare failed: %s",
				 SPI_result_code_string(SPI_result));
		SPI_keepplan(plan);
	}
	if (SPI_execute_snapshot(plan, NULL, NULL, snapshot, InvalidSnapshot,
							 true, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "cannot read contact_pressure.policy");
	FillSet(set);
	SPI_finish();
	/* only what is complete may live as long as the parent */
	MemoryContextSetParent(context, parent);
	return set;
}

/* --- the session's set */

static struct
{
	PolicySet  *set;			/* NULL: nothing read */
	bool		valid;
	Oid			relation;		/* contact_pressure.policy */
	Oid			user;			/* whose row security was applied */
	bool		transient;		/* read by a query's snapshot: ... */
	LocalTransactionId lxid;	/* ... good for this transaction alone */
	uint64		invalidations;
} session;

/* Somebody changed a row of contact_pressure.policy, or the table. */
static void
ForgetPolicies(Datum arg, Oid relation)
{
	if (relation == InvalidOid || relation == session.relation)
	{
		session.valid = false;
		session.invalidations++;
	}
}

/* Is what the session has as good as read now? */
static bool
SessionSetIsGood(void)
{
	return session.valid && session.user == GetUserId() &&
		(!session.transient ||
		 (IsInParallelMode() && session.lxid == MyLocalTransactionId()));
}

/*
 * Read the set anew.  A change that is committed while it is read may or may
 * not be in the snapshot: then once more.
 */
static void
ReadSessionSet(void)
{
	static bool registered = false;
	uint64		before;

	if (!registered)
	{
		CacheRegisterRelcacheCallback(ForgetPolicies, (Datum) 0);
		registered = true;
	}
	session.relation = LedgerRelation("policy");
	do
	{
		PolicySet  *old = session.set;

		CHECK_FOR_INTERRUPTS();
		before = session.invalidations;
		session.valid = false;
		session.transient = IsInParallelMode();
		session.lxid = MyLocalTransactionId();
		session.user = GetUserId();
		session.set = PolicySetRead(TopMemoryContext, session.transient ?
									GetActiveSnapshot() : GetLatestSnapshot());
		if (old != NULL)
			MemoryContextDelete(old->context);
	} while (session.invalidations != before);
	session.valid = true;
}

/* See ledger.h. */
LedgerPolicy
PolicyOfPerson(const LedgerPerson *person)
{
	/* what others committed while this transaction was running, too */
	AcceptInvalidationMessages();
	if (!SessionSetIsGood())
		ReadSessionSet();
	return PolicySetFind(session.set, person->segment, person->preferences);
}
