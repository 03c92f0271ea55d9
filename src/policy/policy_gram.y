/*
 * policy_gram.y
 *		The grammar of the policy language.
 *
 * Tokens travel as indexes into builder->tokens; an action hands them to
 * policy_build.c, which checks and records.  The grammar is left-recursive
 * throughout, so a small fixed stack reads a text of any length.
 */
%{
#include "policy/policy_build.h"

#include "policy/policy_gram.h"

/* The grammar needs about a dozen places; more means it was changed badly. */
#define YYINITDEPTH 64
#define YYMAXDEPTH 64
#define YYMALLOC CoreAlloc
#define YYFREE CoreFree

#define CHECK(done) \
	do { \
		if (!(done)) \
			YYABORT; \
	} while (0)

static int	policy_yylex(POLICY_YYSTYPE *value, PolicyBuilder *builder);
static void policy_yyerror(PolicyBuilder *builder, const char *message);
%}

%code requires
{
#include "policy/policy_build.h"
}

%require "3.6"
%define api.pure full
%define api.prefix {policy_yy}
%define api.token.prefix {WORD_}
%define parse.error custom
%define parse.lac full
%param {PolicyBuilder *builder}
%expect 0

%union
{
	int			token;			/* index into builder->tokens */
	int			pattern;
	int			scope;
	ClauseKind	kind;
	Span		span;
}

	/* What the tokens are called in errors; a space inside: not in quotes. */
%token END 0		"the end of the text"
%token NEWLINE		"the end of the line"
%token SEMICOLON	";"
%token COMMA		","
%token COLON		":"
%token BAR			"|"
%token SLASH		"/"
%token DOT			"."
%token DASH			"-"
%token PLUS			"+"
%token <token> NAME		"a name"
%token <token> NUMBER	"a number"
%token <token> TIME		"a time (HH:MM)"
%token <token> DATE		"a date (MM-DD or YYYY-MM-DD)"
%token <token> WEEKDAYS	"a weekday"
%token <token> ZONE_NAME "a zone name"
%token INVALID		"something else"

	/* keywords, in the order in which errors list them */
%token <token> ANY "any" EACH "each"
%token LAYER "layer" ZONE "zone"
%token <token> CHANNELS "channels" PURPOSES "purposes"
%token STARTS "starts"
%token EXCEPT "except"
%token MAX "max" GAP "gap" ONLY "only" NOT "not" QUIET "quiet" PAUSE "pause"
%token NEVER "never" NEEDS "needs" CONSENT "consent"
%token TRANSACTIONAL "transactional" EXEMPT "exempt" UNCOUNTED "uncounted"
%token OVERRIDE "override" WEIGHT "weight" ANSWER "answer"
%token PER "per" EVER "ever" OF "of" AFTER "after" WITHIN "within" ON "on"
%token FOREVER "forever" UNANSWERED "unanswered" FOR "for" ANSWERED "answered"
%token CALENDAR "calendar" BY "by"
%token DURING "during" OUTSIDE "outside" TO "to"
%token <token> MILLISECOND "millisecond" SECOND "second" MINUTE "minute"
%token <token> HOUR "hour" DAY "day" WEEK "week" MONTH "month"
%token <token> QUARTER "quarter" YEAR "year"

%type <token> part names_of_purpose purpose unit days
%type <token> calendar_unit larger_unit
%type <pattern> pattern patterns
%type <scope> scope
%type <kind> rule clause
%type <span> duration

%%

policy:
	  line
	| policy NEWLINE line
	| policy SEMICOLON line
	;

line:
	  %empty
	| statement
	;

statement:
	  LAYER NAME		{ CHECK(BuildLayer(builder, $2)); }
	| ZONE ZONE_NAME	{ CHECK(BuildZone(builder, $2)); }
	| WEEK STARTS WEEKDAYS	{ CHECK(BuildWeekStart(builder, $3)); }
	| CHANNELS
		{ CHECK(BuildDeclaration(builder, STATEMENT_CHANNELS, $1)); }
	  names
	| PURPOSES
		{ CHECK(BuildDeclaration(builder, STATEMENT_PURPOSES, $1)); }
	  names
	| scope COLON
		{ CHECK(BuildStatement(builder, $1)); }
	  clauses
	;

names:
	  NAME				{ CHECK(BuildDeclaredName(builder, $1)); }
	| names BAR NAME	{ CHECK(BuildDeclaredName(builder, $3)); }
	;

	/* --- scopes */

scope:
	  patterns
		{ CHECK(BuildScope(builder, $1, builder->npatterns, &$$)); }
	| patterns EXCEPT patterns
		{ CHECK(BuildScope(builder, $1, $3, &$$)); }
	;

	/* the first of them */
patterns:
	  pattern
	| patterns BAR pattern
	;

pattern:
	  part		{ CHECK(BuildPattern(builder, $1, NO_TOKEN, &$$)); }
	| ANY		{ CHECK(BuildPattern(builder, $1, NO_TOKEN, &$$)); }
	| part SLASH purpose	{ CHECK(BuildPattern(builder, $1, $3, &$$)); }
	| ANY SLASH purpose		{ CHECK(BuildPattern(builder, $1, $3, &$$)); }
	;

part:
	  NAME
	| EACH
	;

	/* its first token; policy_build.c reads on from there */
purpose:
	  part
	| names_of_purpose DOT part
	;

names_of_purpose:
	  NAME
	| names_of_purpose DOT NAME
	;

	/* --- clauses */

clauses:
	  clause				{ CHECK(BuildClause(builder, $1)); }
	| clauses COMMA clause	{ CHECK(BuildClause(builder, $3)); }
	;

clause:
	  rule
	| rule DURING DATE TO DATE
		{ CHECK(BuildDates(builder, $3, $5, &builder->clause.during)); }
	| rule OUTSIDE DATE TO DATE
		{
			CHECK(BuildDates(builder, $3, $5, &builder->clause.during));
			builder->clause.during.outside = 1;
		}
	| NEEDS CONSENT		{ $$ = CLAUSE_CONSENT; }
	| TRANSACTIONAL		{ $$ = CLAUSE_TRANSACTIONAL; }
	| EXEMPT			{ $$ = CLAUSE_EXEMPT; }
	| UNCOUNTED			{ $$ = CLAUSE_UNCOUNTED; }
	| OVERRIDE			{ $$ = CLAUSE_OVERRIDE; }
	| WEIGHT NUMBER
		{
			CHECK(BuildWeight(builder, $2));
			$$ = CLAUSE_WEIGHT;
		}
	| ANSWER NAME
		{
			CHECK(BuildAnswer(builder, $2));
			$$ = CLAUSE_ANSWER;
		}
	;

rule:
	  MAX NUMBER
		{ CHECK(BuildMax(builder, $2)); }
	  limit
	  of
		{ $$ = CLAUSE_MAX; }
	| MAX NUMBER WEIGHT
		{
			builder->clause.weighed = 1;
			CHECK(BuildMax(builder, $2));
		}
	  limit
	  of
		{ $$ = CLAUSE_MAX; }
	| GAP duration of
		{
			builder->clause.span = $2;
			$$ = CLAUSE_GAP;
		}
	| GAP duration after
		{
			builder->clause.span = $2;
			$$ = CLAUSE_GAP;
		}
	| ONLY WITHIN duration after
		{
			builder->clause.span = $3;
			$$ = CLAUSE_ONLY_WITHIN;
		}
	| QUIET TIME DASH TIME on
		{
			CHECK(BuildClock(builder, CLAUSE_QUIET, $2, $4));
			$$ = CLAUSE_QUIET;
		}
	| ONLY TIME DASH TIME on
		{
			CHECK(BuildClock(builder, CLAUSE_ONLY_TIME, $2, $4));
			$$ = CLAUSE_ONLY_TIME;
		}
	| ONLY ON day		{ $$ = CLAUSE_ONLY_ON; }
	| NOT ON day		{ $$ = CLAUSE_NOT_ON; }
	| PAUSE pause_span AFTER NUMBER UNANSWERED age
		{
			CHECK(BuildPause(builder, $4, NO_TOKEN));
			$$ = CLAUSE_PAUSE_UNANSWERED;
		}
	| PAUSE pause_span AFTER NUMBER NEVER ANSWERED
		{
			CHECK(BuildPause(builder, $4, NO_TOKEN));
			$$ = CLAUSE_PAUSE_NEVER_ANSWERED;
		}
	| PAUSE pause_span AFTER NUMBER NAME
		{ CHECK(BuildPause(builder, $4, $5)); }
	  pause_window
		{ $$ = CLAUSE_PAUSE_OUTCOME; }
	| NEVER				{ $$ = CLAUSE_NEVER; }
	;

limit:
	  PER window
	| EVER				{ builder->clause.window_kind = WINDOW_EVER; }
	;

pause_window:
	  %empty			{ builder->clause.window_kind = WINDOW_EVER; }
	| PER window
	;

window:
	  duration
		{
			builder->clause.window = $1;
			builder->clause.window_kind = WINDOW_ROLLING;
		}
	| CALENDAR calendar_unit larger_unit
		{ CHECK(BuildCalendarWindow(builder, NO_TOKEN, $2, $3)); }
	| NUMBER CALENDAR calendar_unit larger_unit
		{ CHECK(BuildCalendarWindow(builder, $1, $3, $4)); }
	;

larger_unit:
	  %empty			{ $$ = NO_TOKEN; }
	| BY calendar_unit	{ $$ = $2; }
	;

of:
	  %empty
	| OF scope
		{
			builder->clause.look = LOOK_OF;
			builder->clause.look_scope = (uint16_t) $2;
		}
	;

after:
	  AFTER scope
		{
			builder->clause.look = LOOK_AFTER;
			builder->clause.look_scope = (uint16_t) $2;
		}
	;

pause_span:
	  duration			{ builder->clause.span = $1; }
	| FOREVER
	;

age:
	  %empty
	| FOR duration		{ builder->clause.age = $2; }
	;

on:
	  %empty
	| ON days			{ CHECK(BuildDays(builder, $2)); }
	;

day:
	  days				{ CHECK(BuildDays(builder, $1)); }
	| DATE
		{ CHECK(BuildDates(builder, $1, NO_TOKEN, &builder->clause.on)); }
	| DATE TO DATE
		{ CHECK(BuildDates(builder, $1, $3, &builder->clause.on)); }
	;

	/* --- small parts */

	/* the first token; policy_build.c reads on from there */
days:
	  WEEKDAYS
	| days DASH WEEKDAYS
	| days PLUS WEEKDAYS
	;

duration:
	  NUMBER unit
		{
			memset(&$$, 0, sizeof(Span));
			CHECK(BuildDuration(builder, $1, $2, &$$));
		}
	| duration NUMBER unit
		{
			$$ = $1;
			CHECK(BuildDuration(builder, $2, $3, &$$));
		}
	;

unit:
	  MILLISECOND
	| SECOND
	| MINUTE
	| HOUR
	| DAY
	| WEEK
	| MONTH
	| YEAR
	;

calendar_unit:
	  DAY
	| WEEK
	| MONTH
	| QUARTER
	| YEAR
	;

%%

/* Hand the next token to the parser. */
static int
policy_yylex(POLICY_YYSTYPE *value, PolicyBuilder *builder)
{
	return PolicyNextToken(builder, &value->token);
}

/* All that bison reports this way is that its stack is full. */
static void
policy_yyerror(PolicyBuilder *builder, const char *message)
{
	CoreFail(builder->err, CORE_LIMIT, "cannot read contact_policy: %s",
			 message);
}

/* Say what stands at the token just read and what could stand there. */
static int
yyreport_syntax_error(const yypcontext_t *context, PolicyBuilder *builder)
{
	yysymbol_kind_t kinds[YYNTOKENS];
	const char *names[YYNTOKENS];
	int			n = yypcontext_expected_tokens(context, kinds, YYNTOKENS);

	for (int i = 0; i < n; i++)
		names[i] = yysymbol_name(kinds[i]);
	PolicySyntaxError(builder, names, n);
	return 0;
}

/* Parse the tokens of builder; false with the error filled. */
bool
PolicyParseTokens(PolicyBuilder *builder)
{
	return policy_yyparse(builder) == 0;
}
