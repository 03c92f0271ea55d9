/*
 * policy_words.h
 *		Phrases of which the meaning of a rule is made (policy_meaning.c).
 */
#ifndef CONTACT_PRESSURE_POLICY_WORDS_H
#define CONTACT_PRESSURE_POLICY_WORDS_H

#include "policy/rules.h"

/* How a scope becomes a noun phrase. */
typedef struct Noun
{
	bool		plural;
	bool		looking;		/* "each" means: the same as the new contact */
	bool		plain_marketing;	/* "marketing" is an ordinary purpose */
	const char *conjunction;	/* "or", "and" */
} Noun;

extern const Noun BoundNouns;	/* those a rule binds: "each" is "any" */
extern const Noun LookedNouns;	/* those it looks at */
extern const Noun LookedNoun;	/* one of them */

extern void Say(CoreText *out, const char *words);

/* What goes before item i of n in "a, b or c". */
extern const char *Separator(int i, int n, const char *conjunction,
							 char buf[16]);

/* "email or sms contacts for promo purposes (...excepted)" */
extern void SayScope(const Policy *policy, int scope, const Noun *noun,
					 CoreText *out);
/* The same, "all contacts" where the scope is any. */
extern void SayAll(const Policy *policy, int scope, const Noun *noun,
				   CoreText *out);
extern bool ScopeIsAny(const Policy *policy, int scope);

/* Might a contact of scope a be one of scope b? */
extern bool ScopesMeet(const Policy *policy, int a, int b);

/* ", events included", where the scope is not events anyway */
extern void SayEvents(const Policy *policy, int scope, CoreText *out);

/* ", by the clock (date) in the person's zone, else in UTC" */
extern void SayZone(const Policy *policy, int layer, const char *what,
					CoreText *out);

extern void SayDays(int days, CoreText *out);
extern void SayDates(const PolicyDates *dates, CoreText *out);
extern void SayTimes(const PolicyClause *clause, CoreText *out);

/*
 * "in any 7 days (...)", "in one calendar day"; now: only the window up to
 * the new contact
 */
extern void SayWindow(const Policy *policy, int layer,
					  const PolicyClause *clause, bool now, CoreText *out);

/* "clicked or better" */
extern void SayOutcome(Outcome outcome, CoreText *out);

#endif							/* CONTACT_PRESSURE_POLICY_WORDS_H */
