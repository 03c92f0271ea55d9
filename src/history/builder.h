/*
 * builder.h
 *		What a history is made in; history_build.c fills it, history_finish.c
 *		writes it out.
 */
#ifndef CONTACT_PRESSURE_BUILDER_H
#define CONTACT_PRESSURE_BUILDER_H

#include "history/history_parts.h"
#include "history/slots.h"

/* What most histories need is part of the builder's one allocation. */
#define INLINE_KINDS	16
#define INLINE_ENTRIES	48
#define INLINE_NAMES	256

typedef struct BuilderLabel
{
	uint32_t	channel;		/* offsets into names */
	uint32_t	purpose;
	uint32_t	order;			/* its index once sorted */
	int32_t		group;			/* in groups, -1: none yet */
} BuilderLabel;

typedef struct BuilderKind
{
	HistoryKind kind;			/* label: as interned, not yet sorted */
	uint32_t	uses;
	uint32_t	order;			/* its index once sorted */
} BuilderKind;

typedef struct Entry
{
	Instant		at;
	Instant		answered_at;
	uint32_t	kind;
} Entry;

struct HistoryBuilder
{
	BuilderLabel *labels;
	uint32_t	nlabels;
	uint32_t	label_space;
	Slots		label_slots;	/* none while they are few */

	BuilderKind *kinds;
	uint32_t	nkinds;
	uint32_t	kind_space;
	Slots		kind_slots;

	Entry	   *entries;
	uint32_t	nentries;
	uint32_t	entry_space;

	char	   *names;			/* NUL-terminated, one after the other */
	size_t		names_length;
	size_t		names_space;

	Instant		before;			/* the horizon, INSTANT_NONE: none */
	TrimmedGroup *groups;		/* channel and purpose: NULL until the end */
	uint32_t   *group_labels;
	uint32_t	ngroups;
	uint32_t	group_space;

	BuilderLabel inline_labels[INLINE_KINDS];
	BuilderKind inline_kinds[INLINE_KINDS];
	Entry		inline_entries[INLINE_ENTRIES];
	char		inline_names[INLINE_NAMES];
};

static inline const char *
LabelChannelName(const HistoryBuilder *b, const BuilderLabel *label)
{
	return b->names + label->channel;
}

static inline const char *
LabelPurposeName(const HistoryBuilder *b, const BuilderLabel *label)
{
	return b->names + label->purpose;
}

/* The group of a label, a new one if need be. */
extern TrimmedGroup *GroupOf(HistoryBuilder *b, uint32_t label);

/* The error for a history that would hold too much. */
extern bool FailTooMany(CoreError *err);

#endif							/* CONTACT_PRESSURE_BUILDER_H */
