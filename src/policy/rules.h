/*
 * rules.h
 *		What a policy means in words, what is wrong with it, and the open hours
 *		of its week: the cores behind policy_rules(), policy_lint() and
 *		policy_hours().
 */
#ifndef CONTACT_PRESSURE_RULES_H
#define CONTACT_PRESSURE_RULES_H

#include "policy/policy.h"

/* --- policy_words.c: a statement, or one clause of it, in English */

/* In place of a PolicyClause's index: the statement has none (zone, week). */
#define NO_CLAUSE	(-1)

/* The kind of a row of policy_rules(): max, gap, ... */
extern const char *RuleKindWord(const Policy *policy, int statement,
								int clause);

/* What it means: exact, and the same on every machine. */
extern void PolicyMeaning(const Policy *policy, int statement, int clause,
						  CoreText *out);

/* "email or sms contacts for promo purposes" */
extern void ScopeWords(const Policy *policy, int scope, CoreText *out);

/* "the kinds of rule stated": "max and gap" */
extern void RuleKindsWords(int kinds, CoreText *out);

#endif							/* CONTACT_PRESSURE_RULES_H */
