/*
 * history_edit.c
 *		A history from others: merge, add, remove, set the outcome, trim.
 */
#include "postgres.h"

#include "history/history_pg.h"

PG_FUNCTION_INFO_V1(contact_history_merge);
PG_FUNCTION_INFO_V1(add_contact);
PG_FUNCTION_INFO_V1(remove_contact);
PG_FUNCTION_INFO_V1(set_outcome);
PG_FUNCTION_INFO_V1(trim_contacts);

/* Take all of a history into a builder. */
static void
AddHistory(HistoryBuilder *builder, const HistoryView *view)
{
	CoreError	err;

	if (!HistoryAddAll(builder, view, &err))
		ThrowCoreError(&err);
}

static void
AddContact(HistoryBuilder *builder, const Contact *contact)
{
	CoreError	err;

	if (!HistoryAdd(builder, contact, &err))
		ThrowCoreError(&err);
}

/* history || history: all contacts of both. */
Datum
contact_history_merge(PG_FUNCTION_ARGS)
{
	HistoryBuilder *builder;
	HistoryView view;

	if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
		PG_RETURN_NULL();
	builder = HistoryBuild();
	for (int arg = 0; arg < 2; arg++)
	{
		OpenHistoryArg(fcinfo, arg, &view);
		AddHistory(builder, &view);
	}
	PG_RETURN_HISTORY(builder);
}

/* One contact more. */
Datum
add_contact(PG_FUNCTION_ARGS)
{
	HistoryBuilder *builder = HistoryBuild();
	char		channel[LABEL_NAME_MAX + 1];
	char		purpose[LABEL_PURPOSE_MAX + 1];
	HistoryView view;
	Contact		contact = {0, INSTANT_NONE, WEIGHT_NONE, OUTCOME_SENT,
	channel, purpose};

	if (PG_ARGISNULL(1))
		FailNullArgument("the time of a contact");
	if (PG_ARGISNULL(2))
		FailNullArgument("the channel of a contact");
	contact.at = PG_GETARG_TIMESTAMPTZ(1);
	ChannelArg(fcinfo, 2, channel);
	PurposeArg(fcinfo, 3, purpose);
	contact.weight = WeightArg(fcinfo, 4);
	contact.outcome = OutcomeArg(fcinfo, 5);
	OpenHistoryArg(fcinfo, 0, &view);
	AddHistory(builder, &view);
	AddContact(builder, &contact);
	PG_RETURN_HISTORY(builder);
}

/* What a contact has to be like to be the one that is meant. */
typedef struct Wanted
{
	Instant		at;
	char		channel[LABEL_NAME_MAX + 1];
	char		purpose[LABEL_PURPOSE_MAX + 1];
	bool		any_weight;
	int64_t		weight;
	bool		any_outcome;
	Outcome		outcome;
	bool		any_answer;
	Instant		answered_at;
} Wanted;

/* The error for a contact that is not there, or not there any more. */
static void
FailNotFound(const HistoryView *view, const Wanted *wanted)
{
	char		at[INSTANT_TEXT_SIZE];
	char		before[INSTANT_TEXT_SIZE];

	(void) InstantWrite(wanted->at, at);
	if (wanted->at < HistoryHorizon(view))
	{
		(void) InstantWrite(HistoryHorizon(view), before);
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the contact at %s is behind the horizon of the "
						"history", at),
				 errdetail("Contacts before %s were trimmed and are known "
						   "by their number only.", before),
				 errhint("Trim later: keep contacts as long as they may "
						 "change.")));
	}
	ereport(ERROR,
			(errcode(ERRCODE_NO_DATA),
			 errmsg("no such contact at %s", at),
			 errdetail("The history has none with channel \"%s\", purpose "
					   "\"%s\"%s.", wanted->channel, wanted->purpose,
					   wanted->any_outcome && wanted->any_weight ?
					   "" : " and that weight or outcome"),
			 errhint("unnest() lists the contacts of a history.")));
}

static bool
IsWanted(const HistoryDictionary *dictionary, uint32_t index,
		 const Wanted *wanted)
{
	const HistoryKind *kind = &dictionary->kinds[index];
	const HistoryLabel *label = &dictionary->labels[kind->label];

	return strcmp(label->channel, wanted->channel) == 0 &&
		strcmp(label->purpose, wanted->purpose) == 0 &&
		(wanted->any_weight || kind->weight == wanted->weight) &&
		(wanted->any_outcome || kind->outcome == wanted->outcome);
}

/*
 * Take all of a history into a builder but the wanted contact; what is known
 * of that one, its weight.  Of several it is the least advanced one: the
 * first, since contacts of an instant and label are in the order of their
 * outcomes.
 */
static int64_t
AddAllBut(HistoryBuilder *builder, const HistoryView *view,
		  const Wanted *wanted)
{
	HistoryDictionary *dictionary = ReadDictionary(view);
	uint32_t	i = HistoryUpTo(view, wanted->at - 1);
	Instant    *answers = NULL;
	CoreError	err;

	if (!wanted->any_answer)
	{
		answers = palloc(Max(view->contacts, 1) * sizeof(Instant));
		HistoryAnswers(view, dictionary, answers);
	}
	while (i < view->contacts && HistoryAt(view, i) == wanted->at &&
		   !(IsWanted(dictionary, HistoryKindIndex(view, i), wanted) &&
			 (answers == NULL || answers[i] == wanted->answered_at)))
		i++;
	if (i >= view->contacts || HistoryAt(view, i) != wanted->at)
		FailNotFound(view, wanted);
	if (!HistoryAddAllBut(builder, view, i, &err))
		ThrowCoreError(&err);
	return dictionary->kinds[HistoryKindIndex(view, i)].weight;
}

/* The arguments at, channel and purpose of a contact that is meant. */
static void
WantedArgs(FunctionCallInfo fcinfo, Wanted *wanted)
{
	if (PG_ARGISNULL(1))
		FailNullArgument("the time of a contact");
	if (PG_ARGISNULL(2))
		FailNullArgument("the channel of a contact");
	wanted->at = CheckInstant(PG_GETARG_TIMESTAMPTZ(1),
							  "time of a contact");
	ChannelArg(fcinfo, 2, wanted->channel);
	PurposeArg(fcinfo, 3, wanted->purpose);
	wanted->any_weight = wanted->any_outcome = wanted->any_answer = true;
}

/* One contact less. */
Datum
remove_contact(PG_FUNCTION_ARGS)
{
	HistoryBuilder *builder = HistoryBuild();
	HistoryView view;
	Wanted		wanted;

	WantedArgs(fcinfo, &wanted);
	wanted.any_weight = PG_ARGISNULL(4);
	wanted.weight = WeightArg(fcinfo, 4);
	wanted.any_outcome = PG_ARGISNULL(5);
	wanted.outcome = OutcomeArg(fcinfo, 5);
	OpenHistoryArg(fcinfo, 0, &view);
	(void) AddAllBut(builder, &view, &wanted);
	PG_RETURN_HISTORY(builder);
}

/* What has become of a contact. */
Datum
set_outcome(PG_FUNCTION_ARGS)
{
	HistoryBuilder *builder = HistoryBuild();
	HistoryView view;
	Wanted		wanted;
	Contact		contact = {0, INSTANT_NONE, WEIGHT_NONE, OUTCOME_SENT,
	wanted.channel, wanted.purpose};

	WantedArgs(fcinfo, &wanted);
	if (PG_ARGISNULL(4))
		FailNullArgument("the outcome of a contact");
	contact.at = wanted.at;
	contact.outcome = OutcomeArg(fcinfo, 4);
	if (!PG_ARGISNULL(5))
		contact.answered_at = CheckInstant(PG_GETARG_TIMESTAMPTZ(5),
										   "time of an answer");
	OpenHistoryArg(fcinfo, 0, &view);
	contact.weight = AddAllBut(builder, &view, &wanted);
	AddContact(builder, &contact);
	PG_RETURN_HISTORY(builder);
}

/* Open a history that is a value; NULL is the empty one. */
static void
OpenHistory(struct varlena *history, HistoryView *view)
{
	CoreError	err;

	if (!HistoryOpen(history == NULL ? NULL : VARDATA_ANY(history),
					 history == NULL ? 0 : VARSIZE_ANY_EXHDR(history),
					 view, &err))
		ThrowCoreError(&err);
}

/* A history with one contact more; see history_pg.h. */
struct varlena *
HistoryWith(struct varlena *history, const Contact *contact)
{
	HistoryBuilder *builder;
	HistoryView view;
	struct varlena *value;
	size_t		length;

	OpenHistory(history, &view);
	value = history == NULL ? NULL :
		HistoryAppend(VARDATA_ANY(history), VARSIZE_ANY_EXHDR(history), &view,
					  contact, VARHDRSZ, &length);
	if (value != NULL)
	{
		SET_VARSIZE(value, length + VARHDRSZ);
		return value;
	}
	builder = HistoryBuild();
	AddHistory(builder, &view);
	AddContact(builder, contact);
	return FinishHistory(builder);
}

/* A history with exactly this contact less; see history_pg.h. */
struct varlena *
HistoryWithout(struct varlena *history, const Contact *contact)
{
	HistoryBuilder *builder = HistoryBuild();
	HistoryView view;
	Wanted		wanted = {.at = contact->at, .weight = contact->weight,
		.outcome = contact->outcome, .answered_at = contact->answered_at};

	strlcpy(wanted.channel, contact->channel, sizeof(wanted.channel));
	strlcpy(wanted.purpose, contact->purpose, sizeof(wanted.purpose));
	OpenHistory(history, &view);
	(void) AddAllBut(builder, &view, &wanted);
	return FinishHistory(builder);
}

/* Contacts before an instant become a summary. */
Datum
trim_contacts(PG_FUNCTION_ARGS)
{
	HistoryBuilder *builder;
	HistoryView view;
	Instant		before;
	CoreError	err;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (PG_ARGISNULL(1))
		FailNullArgument("the horizon of a history");
	before = CheckInstant(PG_GETARG_TIMESTAMPTZ(1), "horizon");
	OpenHistoryArg(fcinfo, 0, &view);
	if (before <= HistoryHorizon(&view))
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	builder = HistoryBuild();
	AddHistory(builder, &view);
	if (!HistoryTrim(builder, before, &err))
		ThrowCoreError(&err);
	PG_RETURN_HISTORY(builder);
}
