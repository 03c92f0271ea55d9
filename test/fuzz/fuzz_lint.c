/*
 * fuzz_lint.c
 *		The readers of a policy: meanings, lint and hours work on whatever
 *		opens, are the same each time, and find a rule that stands twice.
 *
 * The input is as in fuzz_policy.c: a text, and behind a NUL, if there is
 * one, pairs of bytes that damage the compiled block.
 */
#include "policy/rules.h"

#include <stdlib.h>

#include "standalone.h"

/* More than this takes the comparisons long under a sanitizer. */
#define MANY_CLAUSES	100

static void
Require(bool condition)
{
	if (!condition)
		abort();
}

/* Every row of policy_rules(). */
static void
Read(const Policy *policy, CoreText *out)
{
	for (int i = 0; i < policy->data->nstatements; i++)
	{
		const PolicyStatement *statement = &policy->statements[i];

		for (int j = statement->nclauses == 0 ? NO_CLAUSE : 0;
			 j < statement->nclauses; j++)
		{
			int			clause = j == NO_CLAUSE ? NO_CLAUSE :
				statement->first_clause + j;
			size_t		before;

			Require(RuleKindWord(policy, i, clause)[0] != '\0');
			PolicyRuleText(policy, i, clause, out);
			before = out->length;
			PolicyMeaning(policy, i, clause, out);
			Require(out->length > before && out->data[out->length - 1] == '.');
		}
	}
}

/* Every row of policy_lint(), in the order of the text. */
static void
Lint(const Policy *policy, CoreText *out)
{
	LintReport *report = PolicyLint(policy);

	for (int i = 0; i < report->nfindings; i++)
	{
		const LintFinding *finding = &report->findings[i];

		Require(finding->message.length > 0);
		Require(finding->note || finding->hint.length > 0);
		Require(i == 0 ||
				finding->statement >= report->findings[i - 1].statement);
		CoreTextPrintf(out, "%s %d %d %s\n", finding->code,
					   finding->statement, finding->clause,
					   finding->message.data);
	}
}

/* The open spans follow one another and end on Sunday. */
static void
Hours(const Policy *policy)
{
	WeekSet		closed;
	CoreError	err;
	int			opens;
	int			closes = 0;
	int			last = 0;

	if (!PolicyClosedWeek(policy, "email", "promo", &closed, &err))
		return;
	while (WeekNextOpen(&closed, closes, &opens, &closes))
	{
		Require(opens >= last && closes > opens && closes <= MINUTES_A_WEEK);
		Require(opens / MINUTES_A_DAY == (closes - 1) / MINUTES_A_DAY);
		last = closes;
	}
}

/* All of it, twice. */
static void
Check(const void *data, size_t size)
{
	Policy		policy;
	CoreError	err;
	CoreText	first;
	CoreText	second;

	if (!PolicyOpen(data, size, &policy, &err) ||
		policy.data->nclauses > MANY_CLAUSES)
		return;
	CoreTextInit(&first);
	CoreTextInit(&second);
	Read(&policy, &first);
	Read(&policy, &second);
	Lint(&policy, &first);
	Lint(&policy, &second);
	Require(first.length == second.length &&
			memcmp(first.data, second.data, first.length) == 0);
	Hours(&policy);
}

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = size == 0 ? NULL : memchr(data, '\0', size);
	size_t		length = nul == NULL ? size : (size_t) (nul - data);
	size_t		block_size;
	size_t		place = 0;
	CoreError	err;
	unsigned char *block =
		(unsigned char *) PolicyParse((const char *) data, length, &block_size,
									  &err);

	if (block == NULL)
	{
		StandaloneReset();
		return 0;
	}
	Check(block, block_size);
	for (size_t i = length + 1; i + 1 < size; i += 2)
	{
		place = (place + data[i]) % block_size;
		block[place] ^= data[i + 1];
	}
	if (nul != NULL)
		Check(block, block_size);
	StandaloneReset();
	return 0;
}
