-- The aggregates contact_history: every way the executor has of running them
-- gives the same histories.

BEGIN;
SET search_path = contact_pressure, public;
SET timezone = 'UTC';
SET client_min_messages = warning;
SELECT plan(33);
SELECT setseed(0.815) IS NOT NULL AS seeded \gset

-- A permanent table: workers cannot read a temporary one.
CREATE TABLE public.history_log AS
SELECT n, floor(random() * 400)::int AS who,
	   timestamptz '2026-01-01' + random() * interval '90 days' AS at,
	   (array['email', 'SMS', 'push', ' call '])[1 + floor(random() * 4)::int] AS channel,
	   (array['promo', 'newsletter', NULL])[1 + floor(random() * 3)::int] AS purpose,
	   CASE WHEN random() < 0.2 THEN floor(random() * 10) END AS weight,
	   (array['sent', 'opened', 'bounced', NULL])[1 + floor(random() * 4)::int] AS outcome
  FROM generate_series(1, 20000) AS n;
ANALYZE public.history_log;

-- The plain way: no aggregate of ours.
CREATE TEMP TABLE expected AS
SELECT who, jsonb_agg(jsonb_build_object('at', at, 'channel', channel, 'purpose', purpose,
										 'weight', weight, 'outcome', outcome))::contact_history AS h
  FROM public.history_log GROUP BY who;

CREATE FUNCTION pg_temp.plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	line text;
	plan text := '';
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || query LOOP
		plan := plan || line || E'\n';
	END LOOP;
	RETURN plan;
END $$;

CREATE TEMP VIEW build AS
	SELECT who, contact_history(at, channel, purpose, weight, outcome) AS h FROM public.history_log GROUP BY who;

-- --- hashed, spilled, sorted, parallel

SET max_parallel_workers_per_gather = 0;
SET enable_sort = off;
SELECT alike(pg_temp.plan_of('SELECT * FROM build'), '%HashAggregate%', 'hashed');
SELECT bag_eq('SELECT * FROM build', 'SELECT * FROM expected', 'a hashed aggregate');
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
SELECT bag_eq('SELECT * FROM build', 'SELECT * FROM expected', 'a hashed aggregate that spills to disk');
RESET work_mem;
RESET hash_mem_multiplier;
SET enable_sort = on;
SET enable_hashagg = off;
SELECT alike(pg_temp.plan_of('SELECT * FROM build'), '%GroupAggregate%', 'sorted');
SELECT bag_eq('SELECT * FROM build', 'SELECT * FROM expected', 'a sorted aggregate');
RESET enable_hashagg;

SET max_parallel_workers_per_gather = 3;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT alike(pg_temp.plan_of('SELECT * FROM build'), '%Finalize%Gather%Partial%', 'parallel');
SELECT bag_eq('SELECT * FROM build', 'SELECT * FROM expected', 'a parallel aggregate');
SET enable_sort = off;
SELECT bag_eq('SELECT * FROM build', 'SELECT * FROM expected', 'a parallel hashed aggregate');
RESET enable_sort;
SET enable_hashagg = off;
SELECT bag_eq('SELECT * FROM build', 'SELECT * FROM expected', 'a parallel sorted aggregate');
RESET enable_hashagg;
SELECT alike(pg_temp.plan_of('SELECT contact_history(at, channel, purpose, weight, outcome) FROM public.history_log'),
	'%Finalize%Gather%Partial%', 'parallel without groups');
SELECT results_eq('SELECT contact_history(at, channel, purpose, weight, outcome) FROM public.history_log',
				  'SELECT contact_history(h) FROM expected', 'a parallel aggregate without groups');
SELECT results_eq('SELECT contact_history(at, channel) FROM public.history_log WHERE n < 0',
				  'SELECT NULL::contact_history', 'no row at all is NULL in parallel too');
SELECT results_eq('SELECT contact_history(at, channel) FROM public.history_log WHERE n = 5 AND at IS NULL OR n < 0',
				  'SELECT NULL::contact_history', 'so it is when every worker finds none');
CREATE TABLE public.history_parts AS SELECT n % 7 AS part, contact_history(at, channel, purpose, weight, outcome) AS h
  FROM public.history_log GROUP BY n % 7, n % 1000;
ANALYZE public.history_parts;
SELECT alike(pg_temp.plan_of('SELECT part, contact_history(h) FROM public.history_parts GROUP BY part'),
	'%Finalize%Gather%Partial%', 'merging is parallel');
SELECT bag_eq('SELECT part, contact_history(h) FROM public.history_parts GROUP BY part',
			  'SELECT n % 7, contact_history(at, channel, purpose, weight, outcome) FROM public.history_log GROUP BY n % 7',
			  'parts merged in parallel');
RESET max_parallel_workers_per_gather;

-- --- several aggregates, grouping sets, DISTINCT, ORDER BY, FILTER

SELECT bag_eq($$
	SELECT who, contact_history(at, channel, purpose, weight, outcome) FROM public.history_log
	 GROUP BY GROUPING SETS ((who), ()) $$, $$
	SELECT who, h FROM expected UNION ALL SELECT NULL, contact_history(h) FROM expected $$,
	'grouping sets');
SELECT bag_eq($$
	SELECT who, channel, contact_history(at, channel) FROM public.history_log GROUP BY CUBE (who, channel) $$, $$
	SELECT who, channel, contact_history(at, channel) FROM public.history_log GROUP BY who, channel UNION ALL
	SELECT who, NULL, contact_history(at, channel) FROM public.history_log GROUP BY who UNION ALL
	SELECT NULL, channel, contact_history(at, channel) FROM public.history_log GROUP BY channel UNION ALL
	SELECT NULL, NULL, contact_history(at, channel) FROM public.history_log $$,
	'a cube');
SELECT is_empty($$
	SELECT who FROM (
		SELECT who, contact_history(at, channel, purpose, weight, outcome) AS a,
			   contact_history(at, channel, purpose, weight, outcome ORDER BY at DESC) AS b,
			   contact_history(at, channel, purpose, weight, outcome) FILTER (WHERE n % 2 = 0) AS c,
			   contact_history(at, channel, purpose, weight, outcome) FILTER (WHERE n % 2 = 1) AS d,
			   array_agg(at) AS e
		  FROM public.history_log GROUP BY who) AS s
	  JOIN expected USING (who)
	 WHERE a <> h OR b <> h OR c || d <> h OR cardinality(a) <> pg_catalog.cardinality(e)
	$$, 'several aggregates side by side');
SELECT results_eq($$
	SELECT cardinality(contact_history(DISTINCT t, 'email')) FROM (VALUES ('2026-01-01'::timestamptz), ('2026-01-01'), ('2026-01-02')) AS v(t)
	$$, 'SELECT 2', 'DISTINCT');
SELECT is_empty($$
	SELECT w.who FROM (SELECT who, x.h FROM expected, LATERAL (
		SELECT contact_history(at, channel, purpose, weight, outcome) AS h FROM public.history_log l WHERE l.who = expected.who) AS x) AS w
	  JOIN expected USING (who) WHERE w.h <> expected.h
	$$, 'an aggregate that is started again for each row');

-- --- windows

SELECT is_empty($$
	SELECT who FROM (
		SELECT who, contact_history(at, channel, purpose, weight, outcome) OVER (PARTITION BY who) AS all_of_it,
			   contact_history(at, channel, purpose, weight, outcome) OVER (PARTITION BY who ORDER BY at) AS so_far,
			   last_value(n) OVER (PARTITION BY who ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) = n AS is_last,
			   row_number() OVER (PARTITION BY who ORDER BY at) AS number
		  FROM public.history_log) AS s
	  JOIN expected USING (who)
	 WHERE all_of_it <> h OR is_last AND so_far <> h OR cardinality(so_far) <> number
	$$, 'as a window function the state goes on after each result');
SELECT is_empty($$
	SELECT who FROM (
		SELECT who, cardinality(contact_history(at, channel) OVER (PARTITION BY who ORDER BY at ROWS BETWEEN 3 PRECEDING AND CURRENT ROW)) AS got,
			   least(4, row_number() OVER (PARTITION BY who ORDER BY at)) AS want
		  FROM public.history_log) AS s
	 WHERE got <> want
	$$, 'a frame that moves');

-- --- the state is a history, whatever becomes of it

CREATE AGGREGATE pg_temp.no_final(timestamptz, text) (
	SFUNC = contact_history_transition, STYPE = contact_history,
	COMBINEFUNC = contact_history_combine, PARALLEL = SAFE);
CREATE AGGREGATE pg_temp.with_start(timestamptz, text) (
	SFUNC = contact_history_transition, STYPE = contact_history, FINALFUNC = contact_history_final,
	INITCOND = '[{"at":"2020-01-01T00:00:00Z","channel":"x"}]');
CREATE TEMP TABLE states AS SELECT who, pg_temp.no_final(at, channel) AS h FROM public.history_log GROUP BY who;
SELECT bag_eq('SELECT * FROM states', 'SELECT who, contact_history(at, channel) FROM public.history_log GROUP BY who',
	'a state that is stored is a history');
SELECT bag_eq($$
	SELECT who, contact_history(state::contact_history) FROM (
		SELECT who, pg_temp.no_final(at, channel)::text AS state FROM public.history_log GROUP BY who, n % 3) AS s GROUP BY who $$,
	'SELECT * FROM states', 'states shipped as text combine on the other side');
SELECT is_empty($$
	SELECT who FROM (SELECT who, pg_temp.no_final(at, channel) AS h FROM public.history_log GROUP BY who) AS s
	 WHERE cardinality(h) <> (SELECT count(*) FROM unnest(h)) OR h <> h::text::contact_history
	$$, 'a state can be asked');
SELECT results_eq($$
	SELECT pg_temp.with_start(t, 'a') FROM (VALUES ('2026-01-01'::timestamptz), ('2026-01-02')) AS v(t) $$, $$
	SELECT '[{"at":"2020-01-01T00:00:00Z","channel":"x"},{"at":"2026-01-01T00:00:00Z","channel":"a"},{"at":"2026-01-02T00:00:00Z","channel":"a"}]'::contact_history $$,
	'a state may start as a history');
SELECT results_eq($$SELECT pg_temp.with_start(t, 'a') FROM (VALUES ('2026-01-01'::timestamptz)) AS v(t) WHERE false$$,
	$$SELECT '[{"at":"2020-01-01T00:00:00Z","channel":"x"}]'::contact_history$$, 'and stay one');

-- --- what does not fit into the state's words

SELECT is_empty($$
	SELECT g FROM (
		SELECT g, contact_history(at, channel, 'p' || (n % 3), weight) AS h,
			   contact_history(jsonb_build_array(jsonb_build_object('at', at, 'channel', channel, 'purpose', 'p' || (n % 3), 'weight', weight))::contact_history) AS want
		  FROM (SELECT n, n % 5 AS g, timestamptz '2026-01-01' + n * interval '1 minute' AS at, 'email' AS channel, n::float8 / 1000 AS weight
				  FROM generate_series(1, 12000) AS n) AS s GROUP BY g) AS s
	 WHERE h <> want
	$$, 'ten thousand kinds of contacts');
SELECT is_empty($$
	SELECT g FROM (
		SELECT g, contact_history(at, channel, purpose) AS h,
			   contact_history(jsonb_build_array(jsonb_build_object('at', at, 'channel', channel, 'purpose', purpose))::contact_history) AS want
		  FROM (SELECT n % 3 AS g, timestamptz '1900-01-01' + n * interval '10 days' AS at,
					   'c' || repeat('x', n % 60) AS channel, 'p' || repeat('.' || repeat('y', 1 + n % 40), 1 + n % 6) AS purpose
				  FROM generate_series(1, 9000) AS n) AS s GROUP BY g) AS s
	 WHERE h <> want
	$$, 'two centuries and long names');

-- --- large ones

CREATE TEMP TABLE large AS
SELECT contact_history(timestamptz '2020-01-01' + n * interval '17 minutes', 'c' || n % 7, 'p' || n % 11, n % 5) AS h
  FROM generate_series(1, 100000) AS n;
SELECT is((SELECT cardinality(h) FROM large), 100000, 'a hundred thousand contacts of one person');
SELECT is((SELECT cardinality(h || h) FROM large), 200000, 'merge');
SELECT is((SELECT h::text::contact_history = h AND h::jsonb::contact_history = h FROM large), true, 'are written and read');
SELECT is((SELECT contact_peak(h, '1 month') >= contact_count(h, '1 month', last_contact_at(h)) AND unanswered(h) = 100000 FROM large), true, 'and asked');

SELECT * FROM finish();
ROLLBACK;
