/*
 * segment_map.h
 *		segment_map: names for regions of the score cube, first match wins.
 *
 *		map		= { [line] (";" | NEWLINE) }
 *		line	= ["loyal"] name ":" part {"," part} | "else" ["loyal"] name
 *		part	= ("r" | "f" | "m") DIGIT ["-" DIGIT] | group {"|" group}
 *		group	= "engaged" | "fading" | "unresponsive" | "never contacted" |
 *				  "uncontacted" | "unengaged"
 *		name	= WORD | "..."
 *
 * A comment runs from # to the end of the line; a line goes on after ",", ":"
 * and "|".  "loyal" is a name itself where no name follows it.  Groups of one
 * line are alternatives, also with commas between them: nobody is in two.
 * Other words are kept free for parts to come.
 *
 * Stored bytes: a version byte, a flags byte (zero) and the canonical text,
 * which is small and read once a query.  Maps that say the same in the same
 * order have the same text.  A map without groups has version 1, which is
 * what releases that know no groups can read.
 */
#ifndef CONTACT_PRESSURE_SEGMENT_MAP_H
#define CONTACT_PRESSURE_SEGMENT_MAP_H

#include "core.h"
#include "history/ask.h"
#include "rfm/model.h"

#define SEGMENT_MAP_VERSION		2	/* the newest; 1: without groups */
#define SEGMENT_MAP_HEADER		2	/* version, flags */

#define SEGMENT_NAME_MAX		63	/* as long as an SQL identifier */

/* A cell each, and an else: more lines than that say nothing. */
#define SEGMENT_LINES_MAX		(BINS_MAX * BINS_MAX * BINS_MAX + 1)

/* Beyond the highest score. */
#define SCORE_END				1000

typedef struct Segment
{
	char		name[SEGMENT_NAME_MAX + 1];
	bool		loyal;			/* one must not lose these */
} Segment;

typedef struct SegmentLine
{
	uint16_t	segment;
	bool		otherwise;		/* else: all that is left */
	uint8_t		from[DIMENSIONS];	/* 1..9; what is not named is 1-9 */
	uint8_t		to[DIMENSIONS];
	uint8_t		groups;			/* EngagementBit()s; 0: whatever it is */
} SegmentLine;

/* An engagement as a set of one; the empty set: it is not given. */
#define NOT_GIVEN				0u

static inline unsigned
EngagementBit(Engagement engagement)
{
	return 1u << engagement;
}

typedef struct SegmentMap
{
	int			nsegments;		/* in the order of rank */
	int			nlines;
	uint8_t		groups;			/* of all lines */
	Segment	   *segments;
	SegmentLine *lines;
} SegmentMap;

/* One map, released by SegmentMapFree(); NULL with err filled. */
extern SegmentMap *SegmentMapParse(const char *text, size_t length,
								   CoreError *err);
extern void SegmentMapFree(SegmentMap *map);

/* Canonical text: one line each, without a newline behind the last. */
extern void SegmentMapWrite(const SegmentMap *map, CoreText *out);
extern void SegmentMapWriteLine(const SegmentMap *map, int line,
								CoreText *out);

/* "engaged | unengaged" */
extern void EngagementsWrite(unsigned groups, CoreText *out);

/* The least version that can say what a map says. */
static inline int
SegmentMapVersion(const SegmentMap *map)
{
	return map->groups == 0 ? 1 : SEGMENT_MAP_VERSION;
}

/* Has a line a score with an engagement, or with NOT_GIVEN? */
static inline bool
SegmentLineHas(const SegmentLine *line, int score, unsigned engagement)
{
	if (line->groups != 0 && (line->groups & engagement) == 0)
		return false;
	for (int d = 0; d < DIMENSIONS; d++)
	{
		int			digit = SCORE_DIGIT(score, d);

		if (digit < line->from[d] || digit > line->to[d])
			return false;
	}
	return true;
}

/* The line that a score with an engagement belongs to, -1: none. */
extern int	SegmentMapLine(const SegmentMap *map, int score,
						   unsigned engagement);

/* The index of a segment by its name, -1: none. */
extern int	SegmentMapFind(const SegmentMap *map, const char *name,
						   size_t length);

/* --- segment_lint.c */

typedef struct SegmentFinding
{
	bool		note;			/* nothing wrong, but worth to know */
	const char *code;
	int			line;			/* -1: of the map as a whole */
	CoreText	message;
	CoreText	hint;
} SegmentFinding;

/* What looks wrong in a map for scores of so many bins; *n findings. */
extern SegmentFinding *SegmentMapLint(const SegmentMap *map, int bins,
									  int *n);

#endif							/* CONTACT_PRESSURE_SEGMENT_MAP_H */
