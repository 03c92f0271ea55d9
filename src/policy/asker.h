/*
 * asker.h
 *		Many questions about many people under few policies.
 *
 * An Asker keeps what repeats from question to question: the rules that bind
 * a channel and purpose under a policy, the zones, what each rule asks at an
 * instant in a zone, how the rules see the labels of a history.  All of it is
 * looked up by the bytes it was made from, never by their address; an Asker
 * is a memo and nothing else, so it can live as long as a call, a query or a
 * session and is never out of date.
 *
 * AskerBind() once for what is proposed, then for each person AskBegin(),
 * AskHistory() and one of the questions.  What they return lasts until the
 * next call for the same Asker.  Errors are raised.
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
	struct varlena *policy;		/* as it came, perhaps compressed; NULL: none */
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
	Instant		at;
} Question;

extern Asker *AskerCreate(MemoryContext parent);

extern AskerBinding *AskerBind(Asker *asker, const Proposal *proposal);

/*
 * Everything but the history.  zone NULL: the policy's own; the lists may be
 * NULL.
 */
extern void AskBegin(Asker *asker, AskerBinding *binding, TimestampTz at,
					 text *zone, ArrayType *opted_out, ArrayType *opted_in,
					 Question *question);

/* Is the answer no whatever the history is?  Cheap: no history is read. */
extern bool AskIsClosed(Question *question);

/* The history, detoasted; NULL: no contacts. */
extern void AskHistory(Question *question, struct varlena *history);

/* The questions. */
extern const Moments *AskMoments(Question *question);
extern bool AskMayContact(Question *question);
extern Instant AskNext(Question *question);
extern void AskVerdict(Question *question, Verdict *verdict);

/*
 * The columns of contact_verdict: allowed, reason, rule, layer, counted, cap,
 * retry_at.
 */
#define VERDICT_COLUMNS		7
extern void VerdictColumns(const Question *question, const Verdict *verdict,
						   Datum values[VERDICT_COLUMNS],
						   bool nulls[VERDICT_COLUMNS]);

#endif							/* CONTACT_PRESSURE_ASKER_H */
