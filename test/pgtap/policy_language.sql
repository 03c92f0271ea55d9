-- The policy language: text -> policy -> text is stable, for random policies
-- in canonical and in careless writing; every word can be a name; damaged text
-- is refused with a place and a hint.

BEGIN;
SET search_path = contact_pressure, public;
SET timezone = 'America/New_York';
SELECT plan(20);

-- --- random policies, written canonically

CREATE FUNCTION pg_temp.pick(VARIADIC choices text[]) RETURNS text
LANGUAGE sql VOLATILE AS $$
SELECT choices[1 + floor(random() * cardinality(choices))::int]
$$;

CREATE FUNCTION pg_temp.upto(most int) RETURNS int
LANGUAGE sql VOLATILE AS $$
SELECT 1 + floor(random() * most)::int
$$;

CREATE FUNCTION pg_temp.keywords() RETURNS text[]
LANGUAGE sql IMMUTABLE AS $$
SELECT string_to_array('after answer answered by calendar channels consent day days during ever except exempt for forever gap '
	'hour hours layer max millisecond milliseconds minute minutes month months needs never not of on only outside override pause per '
	'purposes quarter quarters quiet second seconds starts to transactional unanswered uncounted week weeks weight within year years '
	'zone mon tuesday mon-fri sat-sun monday-wed-fri', ' ')
$$;

CREATE FUNCTION pg_temp.name() RETURNS text
LANGUAGE sql VOLATILE AS $$
SELECT CASE WHEN random() < 0.3 THEN pg_temp.pick(VARIADIC pg_temp.keywords())
	ELSE pg_temp.pick('email', 'sms', 'push', 'a', 'x-y_2', 'mon-friendly', 'promo', 'any-thing', 'marketing', 'eachother', 'preferences') END
$$;

CREATE FUNCTION pg_temp.purpose() RETURNS text
LANGUAGE sql VOLATILE AS $$
SELECT CASE WHEN random() < 0.15 THEN 'each' ELSE pg_temp.name()
	|| CASE WHEN random() < 0.3 THEN '.' || pg_temp.name() ELSE '' END
	|| CASE WHEN random() < 0.2 THEN '.each' ELSE '' END END
$$;

CREATE FUNCTION pg_temp.pattern() RETURNS text
LANGUAGE sql VOLATILE AS $$
SELECT CASE WHEN random() < 0.3 THEN pg_temp.pick('any', 'each') ELSE pg_temp.name() END
	|| CASE WHEN random() < 0.5 THEN '/' || pg_temp.purpose() ELSE '' END
$$;

CREATE FUNCTION pg_temp.patterns() RETURNS text
LANGUAGE sql VOLATILE AS $$
SELECT pg_temp.pattern() || CASE WHEN random() < 0.3 THEN ' | ' || pg_temp.pattern() ELSE '' END
	|| CASE WHEN random() < 0.1 THEN ' | ' || pg_temp.pattern() ELSE '' END
$$;

CREATE FUNCTION pg_temp.scope() RETURNS text
LANGUAGE sql VOLATILE AS $$
SELECT pg_temp.patterns() || CASE WHEN random() < 0.2 THEN ' except ' || pg_temp.patterns() ELSE '' END
$$;

CREATE FUNCTION pg_temp.counted(n int, unit text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
SELECT n || ' ' || unit || CASE WHEN n = 1 THEN '' ELSE 's' END
$$;

CREATE FUNCTION pg_temp.span() RETURNS text
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	parts text[] := '{}';
	units text[] := '{year,month,day,hour,minute,second,millisecond}';
	most  int[]  := '{800,11,36500,99999,59,59,999}';
BEGIN
	FOR i IN 1 .. 7 LOOP
		IF random() < 0.2 OR (i = 7 AND parts = '{}') THEN
			parts := parts || pg_temp.counted(pg_temp.upto(pg_temp.upto(most[i])), units[i]);
		END IF;
	END LOOP;
	RETURN array_to_string(parts, ' ');
END $$;

CREATE FUNCTION pg_temp.window() RETURNS text
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	units text[] := '{day,week,month,quarter,year}';
	unit  int := pg_temp.upto(5);
	n     int := pg_temp.upto(3);
BEGIN
	IF random() < 0.5 THEN
		RETURN 'per ' || pg_temp.span();
	END IF;
	RETURN 'per ' || CASE WHEN n = 1 THEN 'calendar ' || units[unit] ELSE format('%s calendar %ss', n, units[unit]) END
		|| CASE WHEN unit < 5 AND random() < 0.4 THEN ' by ' || units[unit + pg_temp.upto(5 - unit)] ELSE '' END;
END $$;

CREATE FUNCTION pg_temp.date(yearly boolean, half int) RETURNS text
LANGUAGE sql VOLATILE AS $$
SELECT to_char(CASE WHEN yearly THEN date '2024-01-01' + (half * 180) + floor(random() * 180)::int
	ELSE date '0001-01-01' + (half * 1800000) + floor(random() * 1800000)::int END, CASE WHEN yearly THEN 'MM-DD' ELSE 'YYYY-MM-DD' END)
$$;

CREATE FUNCTION pg_temp.dates() RETURNS text
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	yearly boolean := random() < 0.6;
BEGIN
	RETURN pg_temp.date(yearly, 0) || ' to ' || pg_temp.date(yearly, 1);
END $$;

CREATE FUNCTION pg_temp.days() RETURNS text
LANGUAGE sql VOLATILE AS $$
SELECT pg_temp.pick('mon', 'mon-fri', 'sat+sun', 'mon+wed+fri', 'tue-thu+sun', 'mon-wed+fri-sun', 'tue', 'mon-sat')
$$;

CREATE FUNCTION pg_temp.clock() RETURNS text
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	a int := floor(random() * 1440);
	b int := (a + pg_temp.upto(1439)) % 1440;
BEGIN
	RETURN CASE WHEN random() < 0.05 THEN '09:00-24:00'
		ELSE format('%s:%s-%s:%s', to_char(a / 60, 'FM00'), to_char(a % 60, 'FM00'), to_char(b / 60, 'FM00'), to_char(b % 60, 'FM00')) END
		|| CASE WHEN random() < 0.5 THEN ' on ' || pg_temp.days() ELSE '' END;
END $$;

CREATE FUNCTION pg_temp.number() RETURNS text
LANGUAGE sql VOLATILE AS $$
SELECT trim_scale((floor(random() * 1e9) / 10 ^ (2 + floor(random() * 5)::int))::numeric(20, 6))::text
$$;

CREATE FUNCTION pg_temp.rule() RETURNS text
LANGUAGE sql VOLATILE AS $$
SELECT CASE floor(random() * 12)::int
	WHEN 0 THEN 'max ' || floor(random() * 20)::int || ' ' || pg_temp.window()
	WHEN 1 THEN 'max ' || pg_temp.number() || ' weight ' || pg_temp.window() || CASE WHEN random() < 0.5 THEN ' of ' || pg_temp.scope() ELSE '' END
	WHEN 2 THEN 'max ' || floor(random() * 1000)::int || ' ever' || CASE WHEN random() < 0.5 THEN ' of ' || pg_temp.scope() ELSE '' END
	WHEN 3 THEN 'gap ' || pg_temp.span()
	WHEN 4 THEN 'gap ' || pg_temp.span() || pg_temp.pick(' of ', ' after ') || pg_temp.scope()
	WHEN 5 THEN 'only within ' || pg_temp.span() || ' after ' || pg_temp.scope()
	WHEN 6 THEN pg_temp.pick('quiet ', 'only ') || pg_temp.clock()
	WHEN 7 THEN pg_temp.pick('only', 'not') || ' on ' || CASE floor(random() * 3)::int WHEN 0 THEN pg_temp.days() WHEN 1 THEN pg_temp.dates() ELSE pg_temp.date(random() < 0.5, 0) END
	WHEN 8 THEN 'pause ' || CASE WHEN random() < 0.2 THEN 'forever' ELSE pg_temp.span() END || ' after ' || pg_temp.upto(9) || ' '
		|| CASE WHEN random() < 0.3 THEN 'never answered' ELSE 'unanswered' || CASE WHEN random() < 0.4 THEN ' for ' || pg_temp.span() ELSE '' END END
	WHEN 9 THEN 'pause ' || CASE WHEN random() < 0.2 THEN 'forever' ELSE pg_temp.span() END || ' after ' || pg_temp.upto(9) || ' '
		|| pg_temp.pick('bounced', 'hard_bounced', 'clicked', 'declined', 'event', 'failed') || CASE WHEN random() < 0.5 THEN ' ' || pg_temp.window() ELSE '' END
	ELSE 'never' END
$$;

CREATE FUNCTION pg_temp.clause() RETURNS text
LANGUAGE sql VOLATILE AS $$
SELECT CASE WHEN random() < 0.8
	THEN pg_temp.rule() || CASE WHEN random() < 0.2 THEN pg_temp.pick(' during ', ' outside ') || pg_temp.dates() ELSE '' END
	ELSE pg_temp.pick('needs consent', 'transactional', 'exempt', 'uncounted', 'override', 'weight ' || pg_temp.upto(1000) || '.5', 'weight 0',
		'answer ' || pg_temp.pick('sent', 'opened', 'converted')) END
$$;

-- A word that is there already says nothing new.
CREATE FUNCTION pg_temp.clauses() RETURNS text
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	result text[] := ARRAY[pg_temp.clause()];
	clause text;
BEGIN
	WHILE random() < 0.5 LOOP
		clause := pg_temp.clause();
		IF clause <> ALL (result) THEN
			result := result || clause;
		END IF;
	END LOOP;
	RETURN array_to_string(result, ', ');
END $$;

CREATE FUNCTION pg_temp.policy() RETURNS text
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	lines text[] := '{}';
BEGIN
	FOR i IN 1 .. floor(random() * 6)::int LOOP
		lines := lines || CASE floor(random() * 20)::int
			WHEN 0 THEN 'layer ' || coalesce(nullif(pg_temp.name(), 'preferences'), 'other')
			WHEN 1 THEN 'zone ' || pg_temp.pick('Europe/Amsterdam', 'Australia/Lord_Howe', 'America/Port-au-Prince', 'Etc/GMT+5', 'UTC')
			WHEN 2 THEN 'week starts ' || pg_temp.pick('monday', 'saturday', 'sunday')
			ELSE pg_temp.scope() || ': ' || pg_temp.clauses() END;
	END LOOP;
	RETURN array_to_string(lines, E'\n');
END $$;

-- The same policy in careless writing.
CREATE FUNCTION pg_temp.careless(policy text) RETURNS text
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	policy := CASE floor(random() * 3)::int WHEN 0 THEN upper(policy) WHEN 1 THEN initcap(policy) ELSE policy END;
	policy := replace(policy, ', ', pg_temp.pick(',', E'  ,\t', E' , # caps,and:more\n\n   ', E',\r\n'));
	policy := replace(policy, ': ', pg_temp.pick(':', ' :  ', E':\n\n\n', E': # "quoted"\n'));
	policy := replace(policy, ' | ', pg_temp.pick('|', ' |', E'|\n', E' | # or\n# or else\n'));
	policy := regexp_replace(policy, '( \d+) (?=[a-zA-Z])', pg_temp.pick('\1', '\1  ', '\1 '), 'g');
	policy := regexp_replace(policy, '(:\d\d)-(?=\d\d:)', pg_temp.pick('\1-', '\1 - '), 'g');
	policy := regexp_replace(policy, '(?<=[0-9] *)(second|minute|hour|day|month|year)s?(?![A-Za-z0-9_-])', pg_temp.pick('\1', '\1s'), 'gi');
	policy := replace(policy, E'\n', pg_temp.pick(E'\n', E'\n', E'\n\t\n', E'\r\n  '));
	RETURN pg_temp.pick('', ' ', E'# header\n\n', ';') || policy || pg_temp.pick('', ' ', E'\n', E'\n# end', ' ;');
END $$;

SELECT setseed(0.20260101);
CREATE TEMP TABLE sample AS SELECT i, pg_temp.policy() AS canonical FROM generate_series(1, 3000) i;
ALTER TABLE sample ADD careless text, ADD p contact_policy;
UPDATE sample SET careless = pg_temp.careless(canonical);
UPDATE sample SET p = canonical::contact_policy;

SELECT is_empty($$ SELECT canonical, p FROM sample WHERE p::text IS DISTINCT FROM canonical $$,
	'3,000 random policies: canonical text comes back as it is');
SELECT is_empty($$ SELECT careless, careless::contact_policy, canonical FROM sample WHERE careless::contact_policy IS DISTINCT FROM p $$,
	'in careless writing they are the same policies');
SELECT is_empty($$ SELECT canonical FROM sample WHERE convert_from(substr(contact_policy_send(p), 2), 'UTF8')::contact_policy <> p $$,
	'binary is the canonical text behind a version byte');
SELECT is_empty($$ SELECT a.p, b.p FROM sample a JOIN sample b ON b.i = a.i % 3000 + 1 WHERE (a.p || b.p)::text::contact_policy <> a.p || b.p $$,
	'joined policies can be read back');
SELECT is_empty($$
	SELECT a.p, b.p, c.p FROM sample a JOIN sample b ON b.i = a.i + 1 JOIN sample c ON c.i = a.i + 2
	 WHERE (a.p || b.p) || c.p <> a.p || (b.p || c.p) $$,
	'joining is associative');
SELECT is_empty($$ SELECT p FROM sample WHERE '' || p <> p OR p || '' <> p $$,
	'joining nothing changes nothing');
SELECT is_empty($$
	SELECT a.p, b.p FROM sample a JOIN sample b ON b.i = a.i % 3000 + 1
	 WHERE (a.p = b.p) <> (a.canonical = b.canonical)
		OR (a.p = b.p AND contact_policy_hash(a.p) <> contact_policy_hash(b.p))
		OR contact_policy_cmp(a.p, b.p) <> - contact_policy_cmp(b.p, a.p) $$,
	'policies are equal when their canonical text is');

-- --- every word of the grammar can be a name

SELECT is_empty($$
	SELECT text FROM unnest(pg_temp.keywords()) k,
		   unnest(ARRAY[
			k || ': never', k || '/promo: never', k || ' | email: never', k || ' except email: never',
			'email | ' || k || ': never', 'email except ' || k || ': never', 'email except ' || k || ' | ' || k || ': never',
			'any/' || k || ': never', 'any/promo.' || k || '.each: never', 'email: gap 1 day after ' || k, 'email: gap 1 day of ' || k || ' except ' || k,
			'email: max 1 ever of ' || k || ' during 11-23 to 11-30', 'email: only within 1 day after ' || k || '/' || k || ', never',
			'layer ' || k, 'layer ' || k || E'\nany: never', 'channels ' || k, 'channels ' || k || ' | email', 'purposes ' || k || ' | promo', 'channels email | ' || k,
			k || ' except ' || k || ': never']) text
	 WHERE text::contact_policy::text <> text $$,
	'a word of the grammar is a name where a name must stand');
SELECT is_empty($$
	SELECT k FROM unnest(pg_temp.keywords()) k WHERE upper(k || ': NEVER')::contact_policy <> (k || ': never')::contact_policy $$,
	'words fold case');

-- --- sets of weekdays

SELECT is_empty($$
	SELECT days, text
	  FROM (SELECT string_agg(day, '+' ORDER BY n) AS days
			  FROM generate_series(1, 127) mask,
				   unnest(ARRAY['mon', 'tuesday', 'wed', 'thu', 'Friday', 'sat', 'sun']) WITH ORDINALITY d(day, n)
			 WHERE mask & (1 << (n::int - 1)) <> 0 GROUP BY mask) s,
		   LATERAL (SELECT ('any: only on ' || days)::contact_policy::text) t(text)
	 WHERE text::contact_policy::text <> text OR length(text) > length('any: only on ' || days)
		OR text::contact_policy <> ('any: only on ' || days)::contact_policy $$,
	'all 127 sets of weekdays');
SELECT is('any: only on fri-mon'::contact_policy, 'any: only on mon+fri+sat+sun', 'a stretch of days may go over the weekend');
SELECT is('any: only on mon-wed-fri'::contact_policy, 'any: only on mon-fri', 'stretches may be chained');

-- --- what is damaged is refused with a place and a hint, or means something

CREATE FUNCTION pg_temp.refusal(policy text, OUT state text, OUT detail text, OUT hint text)
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM policy::contact_policy;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END $$;

CREATE TEMP TABLE damaged AS
	SELECT i, text, (pg_temp.refusal(text)).*
	  FROM (SELECT i, overlay(canonical PLACING pg_temp.pick('', '', ',', ':', '|', '/', '-', '.', ' 7 ', ' per ', ' any ', ' x ', '"', E'\n', '0', 'mon', ' to ')
							  FROM pg_temp.upto(length(canonical)) FOR floor(random() * 4)::int) AS text
			  FROM sample WHERE canonical <> '') s;
SELECT cmp_ok(count(*) FILTER (WHERE state IS NOT NULL), '>', 1000::bigint, 'damage is noticed') FROM damaged;
SELECT is_empty($$ SELECT * FROM damaged WHERE state IS NOT NULL AND (state <> '22P02' OR detail !~ '^At line \d+, column \d+: .*\.$' OR hint = '') $$,
	'every refusal names line and column and says what to do');
SELECT is_empty($$
	SELECT text FROM damaged
	 WHERE state IS NULL AND text::contact_policy::text::contact_policy::text <> text::contact_policy::text $$,
	'what is still accepted is stable');
SELECT is_empty($$
	SELECT d.text, d.detail FROM damaged d,
		   LATERAL (SELECT regexp_match(d.detail, 'line (\d+), column (\d+): found ("?)(.*?)\3, expected') AS m) f,
		   LATERAL (SELECT substr((string_to_array(d.text, E'\n'))[m[1]::int], m[2]::int) AS rest) r
	 WHERE m[3] = '"' AND left(r.rest, length(m[4])) <> m[4] AND length(m[4]) < 64 $$,
	'what was found is at that line and column');

-- --- the page on the language is right

\set document `cat doc/policy-language.md`
SELECT set_config('test.document', :'document', true) IS NULL AS set \gset
CREATE FUNCTION pg_temp.section(document text, title text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
SELECT split_part(split_part(document, E'\n## ' || title || E'\n', 2), E'\n## ', 1)
$$;
CREATE TEMP TABLE page AS
	SELECT title, replace(cells[1], '\|', '|') AS written, replace(cells[2], '\|', '|') AS hint
	  FROM unnest(ARRAY['Scopes', 'Clauses', 'Errors']) title,
		   regexp_matches(pg_temp.section(:'document', title), '^\| (`.*?`) \| ([^\n]*) \|$', 'gn') cells;
CREATE TEMP TABLE written AS
	SELECT title, part[1] AS written, hint FROM page, regexp_matches(written, '`([^`]*)`', 'g') part;
SELECT cmp_ok(count(*), '>', 50::bigint, 'doc/policy-language.md has its tables') FROM written;
SELECT is_empty($$
	SELECT written, lint FROM written,
		   LATERAL (SELECT ('zone Europe/Amsterdam; any: max 99 per 365 days, max 999 weight per 365 days, pause 300 days after 99 unanswered; '
							|| CASE title WHEN 'Scopes' THEN written || ': not on 12-25' ELSE 'email: ' || written END)::contact_policy) p(p),
		   policy_lint(p) lint
	 WHERE title <> 'Errors' AND lint.severity = 'warning' $$,
	'every scope and clause on it is right and draws no lint beside others');
SELECT is_empty($$
	SELECT written, w.hint, r.* FROM written w, pg_temp.refusal(written) r WHERE title = 'Errors' AND w.hint IS DISTINCT FROM r.hint $$,
	'every mistake on it gets that hint');
SELECT is_empty($$
	SELECT word FROM unnest(pg_temp.keywords()) word
	 WHERE word !~ '^(mon|tue|sat|.*s$)' AND pg_temp.section(current_setting('test.document'), 'Grammar') !~ ('\m' || word || '\M') $$,
	'every word of the grammar is in the grammar');

SELECT * FROM finish();
ROLLBACK;
