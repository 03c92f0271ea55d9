/*
 * rules.h
 *		What a policy means in words, what is wrong with it, and the open hours
 *		of its week: the cores behind policy_rules(), policy_lint() and
 *		policy_hours().
 */
#ifndef CONTACT_PRESSURE_RULES_H
#define CONTACT_PRESSURE_RULES_H

#include "policy/verdict.h"

/* --- policy_words.c: a statement, or one clause of it, in English */

/* In place of a PolicyClause's index: the statement has none (zone, week). */
#define NO_CLAUSE	(-1)

/* The kind of a row of policy_rules(): max, gap, ... */
extern const char *RuleKindWord(const Policy *policy, int statement,
								int clause);

/* What it means: exact, and the same on every machine. */
extern void PolicyMeaning(const Policy *policy, int statement, int clause,
						  CoreText *out);

/* A row's place in canonical text: "scope: clause", or the statement. */
extern void PolicyRuleText(const Policy *policy, int statement, int clause,
						   CoreText *out);

/* "email or sms contacts for promo purposes" */
extern void ScopeWords(const Policy *policy, int scope, CoreText *out);

/* Kinds of rule, or-ed: "max and gap" */
extern void RuleKindsWords(int kinds, CoreText *out);

extern const char *const WeekdayWords[7];	/* Monday ... */

/* --- policy_lint_core.c: what looks wrong */

typedef struct LintFinding
{
	int			statement;
	int			clause;			/* or NO_CLAUSE */
	int			order;			/* of being found */
	bool		note;			/* nothing wrong, but worth to know */
	const char *code;
	CoreText	message;
	CoreText	hint;
} LintFinding;

typedef struct LintReport
{
	LintFinding *findings;		/* in the order of the text */
	int			nfindings;
	int			space;
} LintReport;

extern LintReport *PolicyLint(const Policy *policy);

/* --- policy_week.c: the hours of a week of wall-clock time */

#define MINUTES_A_DAY	1440
#define MINUTES_A_WEEK	(7 * MINUTES_A_DAY)

/* A set of minutes of the week; minute 0 is Monday 00:00. */
typedef struct WeekSet
{
	uint64_t	bits[(MINUTES_A_WEEK + 63) / 64];
} WeekSet;

extern bool WeekHas(const WeekSet *set, int minute);
extern void WeekAdd(WeekSet *set, const WeekSet *more);
extern void WeekAddOthers(WeekSet *set, const WeekSet *not_these);
extern bool WeekCovers(const WeekSet *set, const WeekSet *part);
extern bool WeekIsEmpty(const WeekSet *set);
extern bool WeekHasDay(const WeekSet *set, int day);	/* all of it */

/* The minutes that a clock or weekday clause names. */
extern void ClauseWeek(const PolicyClause *clause, WeekSet *named);

/*
 * Add what a clock or weekday rule leaves closed (for "only TIME": all of the
 * group, asked of its first rule) on an ordinary date, one outside all dates
 * the policy names: "during" does not hold there, "outside" does.
 */
extern void RuleClosedWeek(const PolicyBinding *binding, int rule,
						   WeekSet *closed);

/* What the clock, weekday and never rules of a channel and purpose close. */
extern bool PolicyClosedWeek(const Policy *policy, const char *channel,
							 const char *purpose, WeekSet *closed,
							 CoreError *err);

/*
 * The next open span of the week from a minute on, cut at midnight; false
 * when there is none.
 */
extern bool WeekNextOpen(const WeekSet *closed, int from, int *opens,
						 int *closes);

#endif							/* CONTACT_PRESSURE_RULES_H */
