/*
 * verdict.h
 *		May this contact happen, why not, and from when?
 *
 * Three steps, each as seldom as it can be: PolicyBind() finds the rules that
 * bind a proposed channel and purpose (once a query), RuleMomentAt() what each
 * of them asks at an instant in a zone (once a zone and instant), RulePasses()
 * holds a history against it (once a row).
 */
#ifndef CONTACT_PRESSURE_VERDICT_H
#define CONTACT_PRESSURE_VERDICT_H

#include "history/history.h"
#include "policy/policy.h"

/* --- who is bound by what (policy_bind.c) */

/* A rule that binds the proposed contact. */
typedef struct BoundRule
{
	const PolicyClause *clause;
	int			statement;
	int			clause_index;
	int			layer;
	int			rank;			/* how specifically its own scope matches */
	int			group;			/* "only TIME" with the same scope and layer: the
								 * index of the first of them, else its own */
	RuleKind	kind;
	bool		looks;			/* at the history */
	bool		sees_proposed;	/* once recorded, it would look at it itself */
	int64_t		proposed_amount;	/* what the proposed adds: weight or 1 */
	CalendarWindow window;
	int			zone;			/* index into zone_names */
} BoundRule;

typedef struct PolicyBinding
{
	Policy		policy;
	const char *channel;
	const char *purpose;
	bool		transactional;	/* in the view of the last layer */
	int			nrules;
	BoundRule  *rules;			/* in the order of the text */
	int			nzones;			/* of the policy's own zones */
	const char **zone_names;	/* NULL: UTC */
} PolicyBinding;

/*
 * Bind.  policy, channel and purpose must outlive the result.  weight:
 * millionths, or WEIGHT_NONE.  NULL with err filled when the policy declares
 * channels or purposes and these are others.
 */
extern PolicyBinding *PolicyBind(const Policy *policy, const char *channel,
								 const char *purpose, int64_t weight,
								 CoreError *err);

/* Does the rule look at contacts of this channel and purpose? */
extern bool RuleLooksAt(const PolicyBinding *binding, const BoundRule *rule,
						const char *channel, const char *purpose);

/* What a rule sees in a contact of one kind. */
#define SEEN_COUNTED	0x01	/* looked at and counted */
#define SEEN_EVENT		0x02	/* looked at, an event */
#define SEEN_SENT		0x04	/* counted and no longer planned */
#define SEEN_ANSWERED	0x08	/* its outcome is an answer */
#define SEEN_OUTCOME	0x10	/* has the outcome the pause is about */

/* The kinds of a history's dictionary as the rules see them. */
typedef struct KindTable
{
	uint32_t	nkinds;
	HistoryDictionary *dictionary;
	uint8_t   **seen;			/* [rule][kind] */
	int64_t   **amount;			/* [rule][kind]: 1, or millionths */
} KindTable;

/* Owned by the caller: one allocation each for table and dictionary. */
extern KindTable *KindTableFor(const PolicyBinding *binding,
							   HistoryDictionary *dictionary);

/* --- one person's question */

typedef struct Person
{
	const PolicyBinding *binding;
	Zone	  **zones;			/* for each of the binding's zones */
	HistoryView history;
	const KindTable *kinds;
	const Trimmed *trimmed;		/* NULL: never trimmed */
	const char *opted_out;		/* the pattern that refuses, or NULL */
	bool		opted_in;		/* an opt-in matches */
} Person;

/* What one rule asks at an instant t in a zone, whoever is asked about. */
typedef struct RuleMoment
{
	Reach		reach;			/* the contacts up to t that matter */
	Reach		young;			/* "for A": those not yet old enough */
	Instant		later_end;		/* later contacts before it are touched */
	int32_t		date;			/* t's local date */
	int32_t		window_date;	/* calendar window: its first local date */
	bool		holds;			/* during / outside */
	bool		open;			/* clock and day rules: passes */
} RuleMoment;

extern void RuleMomentAt(const BoundRule *rule, Zone *zone, Instant t,
						 RuleMoment *moment);

/* The same for all rules that bind. */
typedef struct Moments
{
	Instant		at;
	bool		closed;			/* a rule refuses whatever the history */
	RuleMoment	rules[];		/* one for each rule of the binding */
} Moments;

extern size_t MomentsSize(const PolicyBinding *binding);
extern void MomentsAt(const PolicyBinding *binding, Zone **zones, Instant t,
					  Moments *moments);

typedef enum Passes
{
	PASSES_NO,
	PASSES_YES,
	PASSES_UNKNOWN				/* err says why: behind the horizon */
} Passes;

/* What a rule found in the history; for verdicts and explanations. */
typedef struct RuleFindings
{
	int64_t		counted;		/* max: without the proposed, in its own unit,
								 * at the fullest instant that is judged */
	InstantList contacts;		/* the contacts that fill it */
} RuleFindings;

/* Does the rule ("only TIME": do its alternatives) pass?  findings: or NULL. */
extern Passes RulePasses(const Person *person, int rule,
						 const Moments *moments, RuleFindings *findings,
						 CoreError *err);

/* All rules and opt-outs together; stops at the first refusal. */
extern Passes MayContact(const Person *person, const Moments *moments,
						 CoreError *err);

/* --- when, then (verdict_next.c) */

/*
 * The first instants, from "from" on, at which rules pass.  A search holds
 * what it has worked out for one person; verdict_next.c.
 */
typedef struct NextSearch NextSearch;

extern NextSearch *NextSearchBegin(const Person *person, Instant from);

/* One rule alone; INSTANT_NEVER: not before the end of the search. */
extern bool NextForRule(NextSearch *search, int rule, Instant *next,
						CoreError *err);

/* All of them together, opt-outs included. */
extern bool NextForAll(NextSearch *search, Instant *next, CoreError *err);

/* --- the whole answer */

typedef struct Verdict
{
	bool		allowed;
	const char *reason;			/* a code, NULL when allowed */
	int			rule;			/* binding's rule; -1: none, or an opt-out */
	bool		has_cap;
	double		counted;
	double		cap;
	Instant		retry_at;		/* when refused */
} Verdict;

extern bool ContactVerdict(const Person *person, Instant at,
						   Verdict *verdict, CoreError *err);

extern const char *RuleReason(const BoundRule *rule);

/* The cap of a max rule and what is counted, as numbers for people. */
extern double RuleAmount(const BoundRule *rule, int64_t amount);

#endif							/* CONTACT_PRESSURE_VERDICT_H */
