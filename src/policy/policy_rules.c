/*
 * policy_rules.c
 *		The SQL side of policy_rules(), policy_lint() and policy_hours(): the
 *		cores find and word, here findings become rows.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "compat.h"
#include "core_pg.h"
#include "history/history_pg.h"
#include "policy/policy_pg.h"
#include "policy/rules.h"

PG_FUNCTION_INFO_V1(policy_rules);
PG_FUNCTION_INFO_V1(policy_lint);
PG_FUNCTION_INFO_V1(policy_hours);

/* A text value, NULL for none. */
static void
SetText(Datum *value, bool *isnull, const char *text)
{
	*isnull = text == NULL || text[0] == '\0';
	*value = *isnull ? (Datum) 0 : CStringGetTextDatum(text);
}

/* The name of a layer, empty for the one before any "layer" statement. */
static const char *
LayerName(const Policy *policy, int layer)
{
	return PolicyText(policy, policy->layers[layer]);
}

/* The line of the canonical text on which a statement stands. */
static int
StatementLine(const Policy *policy, int statement)
{
	int			line = statement + 1;

	for (int i = 0; i <= policy->statements[statement].layer; i++)
		if (LayerName(policy, i)[0] != '\0')
			line++;
	return line;
}

/* One row of policy_rules(). */
static void
PutRule(ReturnSetInfo *rsinfo, const Policy *policy, int statement,
		int clause)
{
	const PolicyStatement *from = &policy->statements[statement];
	CoreText	scope;
	CoreText	rule;
	CoreText	meaning;
	Datum		values[6];
	bool		nulls[6] = {false};

	CoreTextInit(&scope);
	CoreTextInit(&rule);
	CoreTextInit(&meaning);
	if (clause != NO_CLAUSE)
		PolicyWriteScope(policy, from->scope, &scope);
	PolicyRuleText(policy, statement, clause, &rule);
	PolicyMeaning(policy, statement, clause, &meaning);

	SetText(&values[0], &nulls[0], LayerName(policy, from->layer));
	values[1] = Int32GetDatum(StatementLine(policy, statement));
	SetText(&values[2], &nulls[2], scope.data);
	SetText(&values[3], &nulls[3], RuleKindWord(policy, statement, clause));
	SetText(&values[4], &nulls[4], rule.data);
	SetText(&values[5], &nulls[5], meaning.data);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/*
 * policy_rules(contact_policy) returns setof record: each clause of each
 * statement with its meaning in words.
 */
Datum
policy_rules(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Policy		policy;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	OpenPolicyArg(fcinfo, 0, &policy);
	for (int i = 0; i < policy.data->nstatements; i++)
	{
		const PolicyStatement *statement = &policy.statements[i];

		CHECK_FOR_INTERRUPTS();
		if (statement->kind != STATEMENT_SCOPE)
			PutRule(rsinfo, &policy, i, NO_CLAUSE);
		for (int j = 0; j < statement->nclauses; j++)
			PutRule(rsinfo, &policy, i, statement->first_clause + j);
	}
	return (Datum) 0;
}

/* policy_lint(contact_policy) returns setof record: what looks wrong. */
Datum
policy_lint(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Policy		policy;
	LintReport *report;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	OpenPolicyArg(fcinfo, 0, &policy);
	report = PolicyLint(&policy);
	for (int i = 0; i < report->nfindings; i++)
	{
		const LintFinding *finding = &report->findings[i];
		const PolicyStatement *statement =
			&policy.statements[finding->statement];
		CoreText	rule;
		Datum		values[6];
		bool		nulls[6] = {false};

		CoreTextInit(&rule);
		PolicyRuleText(&policy, finding->statement, finding->clause, &rule);
		SetText(&values[0], &nulls[0], finding->note ? "note" : "warning");
		SetText(&values[1], &nulls[1], finding->code);
		SetText(&values[2], &nulls[2], LayerName(&policy, statement->layer));
		SetText(&values[3], &nulls[3], rule.data);
		SetText(&values[4], &nulls[4], finding->message.data);
		SetText(&values[5], &nulls[5], finding->hint.data);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
							 nulls);
	}
	return (Datum) 0;
}

/* "monday" */
static Datum
DayDatum(int day)
{
	char		name[16];

	strlcpy(name, WeekdayWords[day], sizeof(name));
	name[0] = pg_tolower((unsigned char) name[0]);
	return CStringGetTextDatum(name);
}

/* "HH:MM" of a minute of the week, 24:00 for the end of a day. */
static Datum
ClockDatum(int minute, int day)
{
	char		buf[16];

	minute -= day * MINUTES_A_DAY;
	snprintf(buf, sizeof(buf), "%02d:%02d", minute / 60, minute % 60);
	return CStringGetTextDatum(buf);
}

/* What the arguments of policy_hours() leave closed; NULL is no rule. */
static void
ClosedWeek(FunctionCallInfo fcinfo, WeekSet *closed)
{
	char		channel[LABEL_NAME_MAX + 1];
	char		purpose[LABEL_PURPOSE_MAX + 1];
	Policy		policy;
	CoreError	err;

	memset(closed, 0, sizeof(*closed));
	ChannelArg(fcinfo, 1, channel);
	PurposeArg(fcinfo, 2, purpose);
	if (PG_ARGISNULL(0))
		return;
	OpenPolicyArg(fcinfo, 0, &policy);
	if (!PolicyClosedWeek(&policy, channel, purpose, closed, &err))
		ThrowCoreError(&err);
}

/*
 * policy_hours(contact_policy, channel, purpose) returns setof record: the
 * open spans of an ordinary week.
 */
Datum
policy_hours(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	WeekSet		closed;
	int			opens;
	int			closes = 0;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return (Datum) 0;
	ClosedWeek(fcinfo, &closed);
	while (WeekNextOpen(&closed, closes, &opens, &closes))
	{
		int			day = opens / MINUTES_A_DAY;
		Datum		values[4];
		bool		nulls[4] = {false};

		values[0] = DayDatum(day);
		values[1] = Int32GetDatum(day + 1);
		values[2] = ClockDatum(opens, day);
		values[3] = ClockDatum(closes, day);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
							 nulls);
	}
	return (Datum) 0;
}
