/*
 * asker_columns.c
 *		Answers of an Asker as columns of SQL; see asker.h.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "core_pg.h"
#include "policy/asker.h"

/* The text of a bound rule. */
static Datum
RuleTextDatum(const PolicyBinding *binding, const BoundRule *rule)
{
	CoreText	out;

	CoreTextInit(&out);
	PolicyWriteRule(&binding->policy, rule->statement, rule->clause_index,
					&out);
	return PointerGetDatum(cstring_to_text_with_len(out.data,
													(int) out.length));
}

/* The name of a bound rule's layer; the first may have none. */
static Datum
LayerDatum(const PolicyBinding *binding, const BoundRule *rule, bool *isnull)
{
	const char *name = PolicyText(&binding->policy,
								  binding->policy.layers[rule->layer]);

	*isnull = name[0] == '\0';
	return *isnull ? (Datum) 0 : CStringGetTextDatum(name);
}

/* The rule column of an opt-out that refuses. */
static Datum
OptOutDatum(const Question *question)
{
	return PointerGetDatum(cstring_to_text(psprintf("opted out: %s",
													question->person.opted_out)));
}

/* See asker.h. */
void
VerdictColumns(const Question *question, const Verdict *verdict,
			   Datum values[VERDICT_COLUMNS], bool nulls[VERDICT_COLUMNS])
{
	const PolicyBinding *binding = question->person.binding;

	memset(values, 0, VERDICT_COLUMNS * sizeof(Datum));
	memset(nulls, true, VERDICT_COLUMNS * sizeof(bool));
	values[0] = BoolGetDatum(verdict->allowed);
	nulls[0] = false;
	if (verdict->reason != NULL)
	{
		values[1] = CStringGetTextDatum(verdict->reason);
		values[6] = TimestampTzGetDatum(verdict->retry_at);
		nulls[1] = nulls[6] = false;
	}
	if (verdict->rule >= 0)
	{
		const BoundRule *rule = &binding->rules[verdict->rule];

		values[2] = RuleTextDatum(binding, rule);
		values[3] = LayerDatum(binding, rule, &nulls[3]);
		nulls[2] = false;
	}
	else if (question->person.opted_out != NULL)
	{
		values[2] = OptOutDatum(question);
		nulls[2] = false;
	}
	if (verdict->has_cap)
	{
		values[4] = Float8GetDatum(verdict->counted);
		values[5] = Float8GetDatum(verdict->cap);
		nulls[4] = nulls[5] = false;
	}
}

/* The instants that fill a rule, ascending, as timestamptz[]. */
static Datum
InstantsDatum(InstantList *list)
{
	Datum	   *elements = palloc((list->count + 1) * sizeof(Datum));

	InstantListSort(list);
	for (size_t i = 0; i < list->count; i++)
		elements[i] = TimestampTzGetDatum(list->items[i]);
	return PointerGetDatum(construct_array(elements, (int) list->count,
										   TIMESTAMPTZOID, sizeof(TimestampTz),
										   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* The columns of the opt-out that refuses. */
static void
ExplainOptOut(const Question *question, Datum *values, bool *nulls)
{
	InstantList none = {0};

	values[0] = OptOutDatum(question);
	nulls[1] = true;
	values[2] = CStringGetTextDatum("opt_out");
	values[3] = BoolGetDatum(false);
	values[6] = TimestampTzGetDatum(INSTANT_NEVER);
	values[7] = InstantsDatum(&none);
}

/* The columns of a rule that binds. */
static void
ExplainRule(Question *question, NextSearch *search, int index, Datum *values,
			bool *nulls)
{
	const PolicyBinding *binding = question->person.binding;
	const BoundRule *rule = &binding->rules[index];
	RuleFindings findings = {0};
	CoreError	err;
	Instant		own;
	Passes		passes;

	passes = RulePasses(&question->person, index, AskMoments(question),
						&findings, &err);
	if (passes == PASSES_UNKNOWN || !NextForRule(search, index, &own, &err))
		ThrowCoreError(&err);
	values[0] = RuleTextDatum(binding, rule);
	values[1] = LayerDatum(binding, rule, &nulls[1]);
	values[2] = CStringGetTextDatum(RuleReason(rule));
	values[3] = BoolGetDatum(passes == PASSES_YES);
	if (rule->kind == RULE_MAX)
	{
		values[4] = Float8GetDatum(RuleAmount(rule, findings.counted));
		values[5] = Float8GetDatum(RuleAmount(rule, rule->clause->amount));
		nulls[4] = nulls[5] = false;
	}
	values[6] = TimestampTzGetDatum(own);
	values[7] = InstantsDatum(&findings.contacts);
}

/* See asker.h. */
void
ExplainColumns(Question *question, NextSearch *search, int rule,
			   Datum values[EXPLAIN_COLUMNS], bool nulls[EXPLAIN_COLUMNS])
{
	memset(values, 0, EXPLAIN_COLUMNS * sizeof(Datum));
	memset(nulls, false, EXPLAIN_COLUMNS * sizeof(bool));
	nulls[4] = nulls[5] = true;
	if (rule == EXPLAIN_OPT_OUT)
		ExplainOptOut(question, values, nulls);
	else
		ExplainRule(question, search, rule, values, nulls);
}
