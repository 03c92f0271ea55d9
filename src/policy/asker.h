/*
 * asker.h
 *		Many questions about many people under few policies.
 *
 * An Asker keeps what repeats from question to question: the rules that bind
 * a channel and purpose under a policy, the zones, what each rule asks at an
 * instant in a zone, how the rules see the labels of a history.  All of it is
 * looked up by the bytes it was made from, never by their address; an Asker
 * is a memo and nothing else, so it can live as long as a call, a query or a
 * session and is never out of date.  Its memory is bounded.
 *
 * AskerBind() once for what is proposed, then for each person AskBegin(),
 * AskHistory() and one of the questions.  A binding lasts until the next
 * AskerBind() for the same Asker, all else until the next call for it, or as
 * long as the current memory context: answers and what is worked out on the
 * way are in that, so reset it now and then.  Errors are raised; the Asker is
 * as good as before.
 */
#ifndef CONTACT_PRESSURE_ASKER_H
#define CONTACT_PRESSURE_ASKER_H

#include "utils/array.h"

#include "policy/verdict.h"

typedef struct Asker Asker;
typedef struct AskerBinding AskerBinding;

/* What is proposed, whoever it is for. */
typedef struct Proposal
{
	struct varlena *policy;		/* as it came, perhaps toasted; NULL: none */
	text	   *channel;
	text	   *purpose;
	bool		has_weight;
	float8		weight;
} Proposal;

/* One person's question. */
typedef struct Question
{
	Asker	   *asker;
	AskerBinding *binding;
	Person		person;			/* for verdict.h */
	int			zone;			/* the asker's own affair */
	const Moments *moments;		/* likewise: AskMoments() */
	Instant		at;
} Question;

/* Its memory is a context below parent. */
extern Asker *AskerCreate(MemoryContext parent);

/*
 * One that lives no longer than a query: faster with a policy that is stored
 * out of line, which it knows by its TOAST pointer and does not read again.
 */
extern Asker *AskerCreateForQuery(MemoryContext parent);

extern AskerBinding *AskerBind(Asker *asker, const Proposal *proposal);

/*
 * Everything but the history.  zone NULL: the policy's own; the lists may be
 * NULL.
 */
extern void AskBegin(Asker *asker, AskerBinding *binding, TimestampTz at,
					 text *zone, ArrayType *opted_out, ArrayType *opted_in,
					 Question *question);

/* What each rule asks at that instant. */
extern const Moments *AskMoments(Question *question);

/* Is the answer no whatever the history is?  Cheap: no history is read. */
extern bool AskIsClosed(Question *question);

/* The history, detoasted; NULL: no contacts.  All that follows needs it. */
extern void AskHistory(Question *question, struct varlena *history);

extern bool AskMayContact(Question *question);
extern Instant AskNext(Question *question);
extern void AskVerdict(Question *question, Verdict *verdict);

/* --- answers as columns (asker_columns.c) */

/*
 * The columns of contact_verdict: allowed, reason, rule, layer, counted, cap,
 * retry_at.
 */
#define VERDICT_COLUMNS		7
extern void VerdictColumns(const Question *question, const Verdict *verdict,
						   Datum values[VERDICT_COLUMNS],
						   bool nulls[VERDICT_COLUMNS]);

/*
 * The columns of explain_contact: rule, layer, reason, passes, counted, cap,
 * passes_at, contacts.  For each rule of the binding, and before them
 * EXPLAIN_OPT_OUT when person.opted_out refuses; search: a NextSearchBegin()
 * for the question.
 */
#define EXPLAIN_COLUMNS		8
#define EXPLAIN_OPT_OUT		(-1)
extern void ExplainColumns(Question *question, NextSearch *search, int rule,
						   Datum values[EXPLAIN_COLUMNS],
						   bool nulls[EXPLAIN_COLUMNS]);

#endif							/* CONTACT_PRESSURE_ASKER_H */
