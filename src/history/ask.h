/*
 * ask.h
 *		Questions to one history: how many, how much, how long ago.
 *
 * Only counted contacts matter (OutcomeIsCounted).  A question about times
 * before the horizon is answered where the summary of the trimmed contacts
 * knows the answer exactly, and is a CORE_HORIZON error elsewhere.
 */
#ifndef CONTACT_PRESSURE_ASK_H
#define CONTACT_PRESSURE_ASK_H

#include "history/calendar.h"
#include "history/history.h"

/* Whose contacts: of this channel, of this purpose or below; NULL: of any. */
typedef struct HistoryFilter
{
	const char *channel;
	const char *purpose;
} HistoryFilter;

extern bool HistoryFilterMatches(const HistoryFilter *filter,
								 const char *channel, const char *purpose);

/*
 * What a contact of each kind adds to the pressure, in millionths;
 * AMOUNT_NONE: it is not asked about.
 */
#define AMOUNT_NONE		INT64_C(-1)
extern void HistoryAmounts(const HistoryDictionary *dictionary,
						   const HistoryFilter *filter, int64_t *amounts);

/* A window of some length that ends at an instant. */
typedef struct HistoryWindow
{
	Zone	   *zone;
	Span		span;
	Instant		as_of;
	Reach		reach;			/* SpanReach(zone, as_of, &span) */
} HistoryWindow;

/* Number and pressure (millionths) of the contacts c <= as_of < c + span. */
extern bool HistorySum(const HistoryView *view, const int64_t *amounts,
					   uint32_t namounts, const HistoryFilter *filter,
					   const HistoryWindow *window, int64_t *count,
					   int64_t *pressure, CoreError *err);

/* The most contacts in any window of that length. */
extern bool HistoryPeak(const HistoryView *view,
						const HistoryDictionary *dictionary,
						const HistoryFilter *filter, Zone *zone,
						const Span *span, int64_t *most, CoreError *err);

/* The last contact up to as_of; INSTANT_NONE: there is none. */
extern bool HistoryLast(const HistoryView *view,
						const HistoryDictionary *dictionary,
						const HistoryFilter *filter, Instant as_of,
						Instant *last, CoreError *err);

/*
 * The contacts up to as_of, planned ones aside, that were sent after the
 * latest answer and after the latest contact that was answered, and have no
 * answer themselves.  An answer is that outcome or a better one, given up to
 * as_of.
 */
extern bool HistoryUnanswered(const HistoryView *view,
							  const HistoryDictionary *dictionary,
							  const HistoryFilter *filter, Instant as_of,
							  Outcome answer, int64_t *unanswered,
							  CoreError *err);

/* --- how somebody takes our messages */

typedef enum Engagement
{
	ENGAGED = 0,				/* gave an answer in the days before */
	FADING,						/* did once, but not in those days */
	UNRESPONSIVE,				/* was sent contacts, never gave an answer */
	NEVER_CONTACTED				/* was sent none */
} Engagement;

#define ENGAGEMENTS				4

/* An answer is this outcome or a better one, and lasts so long. */
#define ENGAGED_ANSWER			OUTCOME_OPENED
#define ENGAGED_FOR				(90 * MICROS_PER_DAY)

extern const char *const EngagementNames[ENGAGEMENTS];

/* Trimmed, folded; false with a hint that lists them. */
extern bool EngagementParse(const char *text, size_t length,
							Engagement *engagement, CoreError *err);

/*
 * Judged by the counted contacts that were sent up to as_of and by the
 * answers given up to then.
 */
extern bool HistoryEngagement(const HistoryView *view,
							  const HistoryDictionary *dictionary,
							  Instant as_of, Engagement *engagement,
							  CoreError *err);

/*
 * The first instant after as_of at which it is another, going by what the
 * history holds; INSTANT_NEVER: there is none.
 */
extern bool HistoryEngagementChanges(const HistoryView *view,
									 const HistoryDictionary *dictionary,
									 Instant as_of, Instant *change,
									 CoreError *err);

#endif							/* CONTACT_PRESSURE_ASK_H */
