/*
 * segment_lint.c
 *		What looks wrong in a segment_map.
 *
 * The cube has at most 729 cells, so everything is counted out, cell by cell.
 */
#include "rfm/segment_map.h"

typedef struct Lint
{
	const SegmentMap *map;
	int			bins;
	int			n;
	int			space;
	SegmentFinding *findings;
	int16_t		line_of[SCORE_END]; /* -1: none yet */
} Lint;

/* The scores that there are with so many bins, the best first. */
static int
NextCell(int bins, int score)
{
	do
		score--;
	while (score >= 111 &&
		   (!ScoreIsValid(score) || SCORE_DIGIT(score, RECENCY) > bins ||
			SCORE_DIGIT(score, FREQUENCY) > bins ||
			SCORE_DIGIT(score, MONETARY) > bins));
	return score >= 111 ? score : 0;
}

#define FOR_EACH_CELL(score, bins) \
	for (int score = NextCell(bins, SCORE_END); score > 0; \
		 score = NextCell(bins, score))

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

/* Say what is to be said of a line that has lost cells to earlier ones. */
static void
LintTaken(Lint *lint, int line, int cells, int left, const int taken[])
{
	const SegmentLine *lines = lint->map->lines;
	SegmentFinding *finding;
	int			to_others = 0;

	for (int i = 0; i < line; i++)
		if (lines[i].segment != lines[line].segment)
			to_others += taken[i];
	if (left == 0)
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

/* Let a line take its cells, and say what looks wrong with it. */
static void
LintLine(Lint *lint, int line, int *taken)
{
	SegmentFinding *finding;
	int			cells = 0;
	int			left = 0;

	memset(taken, 0, sizeof(int) * (size_t) lint->map->nlines);
	FOR_EACH_CELL(score, lint->bins)
	{
		if (!SegmentLineHas(&lint->map->lines[line], score))
			continue;
		cells++;
		if (lint->line_of[score] >= 0)
			taken[lint->line_of[score]]++;
		else
		{
			lint->line_of[score] = (int16_t) line;
			left++;
		}
	}
	if (cells > 0)
	{
		LintTaken(lint, line, cells, left, taken);
		return;
	}
	finding = AddFinding(lint, false, "beyond_bins", line);
	CoreTextPrintf(&finding->message, "nobody gets here: with %d bins no "
				   "score is above %d", lint->bins, lint->bins);
	CoreTextPrintf(&finding->hint, "Lower the scores, or lint the map with "
				   "the bins of its model: segment_map_lint(map, %d).",
				   BINS_MAX);
}

/* Name the cells that no line takes. */
static void
LintUnassigned(Lint *lint)
{
	SegmentFinding *finding;
	int			cells = 0;

	FOR_EACH_CELL(score, lint->bins)
		cells += lint->line_of[score] < 0;
	if (cells == 0)
		return;
	finding = AddFinding(lint, false, "unassigned", -1);
	CoreTextPrintf(&finding->message, "%d of %d cells %s no segment:", cells,
				   lint->bins * lint->bins * lint->bins,
				   cells == 1 ? "has" : "have");
	FOR_EACH_CELL(score, lint->bins)
		if (lint->line_of[score] < 0)
			CoreTextPrintf(&finding->message, " %d", score);
	CoreTextPrintf(&finding->hint, "rfm_segment() is null for them; add "
				   "lines, or \"else NAME\" at the end.");
}

/* See segment_map.h. */
SegmentFinding *
SegmentMapLint(const SegmentMap *map, int bins, int *n)
{
	Lint		lint = {.map = map,.bins = bins};
	int		   *taken = CoreAlloc(sizeof(int) * (size_t) map->nlines);

	memset(lint.line_of, 0xff, sizeof(lint.line_of));
	for (int line = 0; line < map->nlines; line++)
	{
		CoreCheckInterrupts();
		LintLine(&lint, line, taken);
	}
	LintUnassigned(&lint);
	CoreFree(taken);
	*n = lint.n;
	return lint.findings;
}
