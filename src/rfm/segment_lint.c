/*
 * segment_lint.c
 *		What looks wrong in a segment_map.
 *
 * The cube has at most 729 scores, so everything is counted out, cell by cell.
 * In a map with groups a cell is a score with one of the four engagements;
 * what becomes of a score without one is looked at besides.
 */
#include "rfm/segment_map.h"

typedef struct Lint
{
	const SegmentMap *map;
	int			bins;
	int			n;
	int			space;
	SegmentFinding *findings;
	/* by engagement; -1: none yet */
	int16_t		line_of[ENGAGEMENTS][SCORE_END];
	int16_t		line_without[SCORE_END];	/* of a score with NOT_GIVEN */
} Lint;

/* How many cells a score has. */
static inline int
CellsOfScore(const Lint *lint)
{
	return lint->map->groups == 0 ? 1 : ENGAGEMENTS;
}

/* Is a cell in a line? */
static inline bool
LineHasCell(const Lint *lint, int line, int score, int cell)
{
	return SegmentLineHas(&lint->map->lines[line], score,
						  EngagementBit((Engagement) cell));
}

/* The scores that there are with so many bins, the best first. */
static int
NextScore(int bins, int score)
{
	do
		score--;
	while (score >= 111 &&
		   (!ScoreIsValid(score) || SCORE_DIGIT(score, RECENCY) > bins ||
			SCORE_DIGIT(score, FREQUENCY) > bins ||
			SCORE_DIGIT(score, MONETARY) > bins));
	return score >= 111 ? score : 0;
}

#define FOR_EACH_SCORE(score, bins) \
	for (int score = NextScore(bins, SCORE_END); score > 0; \
		 score = NextScore(bins, score))

/* A new finding, its texts empty. */
static SegmentFinding *
AddFinding(Lint *lint, bool note, const char *code, int line)
{
	SegmentFinding *finding;

	if (lint->n == lint->space)
	{
		lint->space = 2 * lint->space + 8;
		lint->findings = CoreRealloc(lint->findings, sizeof(SegmentFinding) *
									 (size_t) lint->space);
	}
	finding = &lint->findings[lint->n++];
	finding->note = note;
	finding->code = code;
	finding->line = line;
	CoreTextInit(&finding->message);
	CoreTextInit(&finding->hint);
	return finding;
}

/* "1 cell", "3 cells" */
static void
WriteCells(CoreText *out, int cells)
{
	CoreTextPrintf(out, "%d cell%s", cells, cells == 1 ? "" : "s");
}

/*
 * Name the earlier lines that take cells of a line; those of the same
 * segment only if asked for.
 */
static void
WriteTakers(Lint *lint, int line, const int taken[], bool same, CoreText *out)
{
	const SegmentMap *map = lint->map;
	const char *separator = "";

	for (int i = 0; i < line; i++)
	{
		if (taken[i] == 0 ||
			(!same && map->lines[i].segment == map->lines[line].segment))
			continue;
		CoreTextPrintf(out, "%s%s (line %d", separator,
					   map->segments[map->lines[i].segment].name, i + 1);
		CoreTextPrintf(out, ": ");
		WriteCells(out, taken[i]);
		CoreTextPrintf(out, ")");
		separator = ", ";
	}
}

/* Say that a line is for scores without an engagement alone. */
static void
LintOnlyWithout(Lint *lint, int line, const int taken[])
{
	SegmentFinding *finding = AddFinding(lint, true, "no_engagement", line);

	CoreTextPrintf(&finding->message, "only scores without an engagement get "
				   "here: all its cells belong to ");
	WriteTakers(lint, line, taken, true, &finding->message);
	CoreTextPrintf(&finding->hint, "That is so when rfm_segment() is called "
				   "without its third argument.");
}

/*
 * Say what is to be said of a line that has lost cells to earlier ones;
 * without: it has scores without an engagement.
 */
static void
LintTaken(Lint *lint, int line, int cells, int left, bool without,
		  const int taken[])
{
	const SegmentLine *lines = lint->map->lines;
	SegmentFinding *finding;
	int			to_others = 0;

	for (int i = 0; i < line; i++)
		if (lines[i].segment != lines[line].segment)
			to_others += taken[i];
	if (left == 0 && without)
	{
		if (!lines[line].otherwise)
			LintOnlyWithout(lint, line, taken);
	}
	else if (left == 0)
	{
		finding = AddFinding(lint, lines[line].otherwise, "unreachable", line);
		CoreTextPrintf(&finding->message, lines[line].otherwise ?
					   "no cell is left for else" :
					   "nobody gets here: all its cells belong to ");
		if (!lines[line].otherwise)
			WriteTakers(lint, line, taken, true, &finding->message);
		CoreTextPrintf(&finding->hint, lines[line].otherwise ?
					   "The lines before it name all cells; it does no harm." :
					   "Move the line before those, or delete it.");
	}
	else if (to_others > 0 && !lines[line].otherwise)
	{
		finding = AddFinding(lint, true, "overlap", line);
		CoreTextPrintf(&finding->message, "%d of its ", to_others);
		WriteCells(&finding->message, cells);
		CoreTextPrintf(&finding->message, " belong to earlier lines: ");
		WriteTakers(lint, line, taken, false, &finding->message);
		CoreTextPrintf(&finding->hint, "The first line that matches wins.");
	}
}

/* Say that a line has no cells. */
static void
LintBeyondBins(Lint *lint, int line)
{
	SegmentFinding *finding = AddFinding(lint, false, "beyond_bins", line);

	CoreTextPrintf(&finding->message, "nobody gets here: with %d bins no "
				   "score is above %d", lint->bins, lint->bins);
	CoreTextPrintf(&finding->hint, "Lower the scores, or lint the map with "
				   "the bins of its model: segment_map_lint(map, %d).",
				   BINS_MAX);
}

/* Let a line take its cells, and say what looks wrong with it. */
static void
LintLine(Lint *lint, int line, int *taken)
{
	int			cells = 0;
	int			left = 0;
	bool		without = false;

	memset(taken, 0, sizeof(int) * (size_t) lint->map->nlines);
	FOR_EACH_SCORE(score, lint->bins)
	{
		for (int cell = 0; cell < CellsOfScore(lint); cell++)
		{
			int16_t    *owner = &lint->line_of[cell][score];

			if (!LineHasCell(lint, line, score, cell))
				continue;
			cells++;
			if (*owner >= 0)
				taken[*owner]++;
			else
			{
				*owner = (int16_t) line;
				left++;
			}
		}
		if (lint->map->groups != 0 && lint->line_without[score] < 0 &&
			SegmentLineHas(&lint->map->lines[line], score, NOT_GIVEN))
		{
			lint->line_without[score] = (int16_t) line;
			without = true;
		}
	}
	if (cells > 0)
		LintTaken(lint, line, cells, left, without, taken);
	else
		LintBeyondBins(lint, line);
}

/* The engagements with which a score has no line. */
static unsigned
UnassignedGroups(const Lint *lint, int score)
{
	unsigned	groups = 0;

	for (int cell = 0; cell < CellsOfScore(lint); cell++)
		if (lint->line_of[cell][score] < 0)
			groups |= EngagementBit((Engagement) cell);
	return groups;
}

/* Write which engagements scores lack a line for, unless it is all. */
static void
WriteLacking(unsigned groups, unsigned all, CoreText *out)
{
	if (groups == all)
		return;
	CoreTextPrintf(out, " (");
	EngagementsWrite(groups, out);
	CoreTextPrintf(out, ")");
}

/*
 * Write scores without a line, each stretch that lacks the same engagements
 * with these behind it: " 555 554 (fading); 111".
 */
static void
WriteUnassigned(const Lint *lint, CoreText *out)
{
	unsigned	all = (1u << CellsOfScore(lint)) - 1;
	unsigned	before = 0;

	FOR_EACH_SCORE(score, lint->bins)
	{
		unsigned	groups = UnassignedGroups(lint, score);

		if (groups == 0)
			continue;
		if (before != 0 && before != groups)
		{
			WriteLacking(before, all, out);
			CoreTextPrintf(out, ";");
		}
		CoreTextPrintf(out, " %d", score);
		before = groups;
	}
	WriteLacking(before, all, out);
}

/* Name the cells that no line takes. */
static void
LintUnassigned(Lint *lint)
{
	SegmentFinding *finding;
	int			cells = 0;

	FOR_EACH_SCORE(score, lint->bins)
		cells += __builtin_popcount(UnassignedGroups(lint, score));
	if (cells == 0)
		return;
	finding = AddFinding(lint, false, "unassigned", -1);
	CoreTextPrintf(&finding->message, "%d of %d cells %s no segment:", cells,
				   lint->bins * lint->bins * lint->bins * CellsOfScore(lint),
				   cells == 1 ? "has" : "have");
	WriteUnassigned(lint, &finding->message);
	CoreTextPrintf(&finding->hint, "rfm_segment() is null for them; add "
				   "lines, or \"else NAME\" at the end.");
}

/* Count the scores that have a segment with an engagement alone. */
static void
LintWithout(Lint *lint)
{
	unsigned	all = (1u << CellsOfScore(lint)) - 1;
	SegmentFinding *finding;
	int			scores = 0;

	if (lint->map->groups == 0)
		return;
	FOR_EACH_SCORE(score, lint->bins)
		scores += lint->line_without[score] < 0 &&
			UnassignedGroups(lint, score) != all;
	if (scores == 0)
		return;
	finding = AddFinding(lint, true, "no_engagement", -1);
	CoreTextPrintf(&finding->message, "%d of %d scores %s a segment only "
				   "with an engagement", scores,
				   lint->bins * lint->bins * lint->bins,
				   scores == 1 ? "has" : "have");
	CoreTextPrintf(&finding->hint, "Call rfm_segment(score, map, engagement), "
				   "or add \"else NAME\" at the end.");
}

/* See segment_map.h. */
SegmentFinding *
SegmentMapLint(const SegmentMap *map, int bins, int *n)
{
	Lint		lint = {.map = map,.bins = bins};
	int		   *taken = CoreAlloc(sizeof(int) * (size_t) map->nlines);

	memset(lint.line_of, 0xff, sizeof(lint.line_of));
	memset(lint.line_without, 0xff, sizeof(lint.line_without));
	for (int line = 0; line < map->nlines; line++)
	{
		CoreCheckInterrupts();
		LintLine(&lint, line, taken);
	}
	LintUnassigned(&lint);
	LintWithout(&lint);
	CoreFree(taken);
	*n = lint.n;
	return lint.findings;
}
