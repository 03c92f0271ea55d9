-- Published results: CRAN rfm's documented orders ($SHARED/data/rfm_r) with
-- its thresholds, scores and segments, and the grid of eleven segments.

BEGIN;
SET search_path = contact_pressure, public;
SET TimeZone = 'UTC';

CREATE TEMP TABLE orders (customer text, ordered date, revenue numeric);
CREATE TEMP TABLE expected_default (customer text, days int, orders int, amount numeric, r int, f int, m int, score text);
CREATE TEMP TABLE expected_custom (LIKE expected_default);
CREATE TEMP TABLE thresholds_default (r_lower float8, r_upper float8, f_lower float8, f_upper float8, m_lower float8, m_upper float8);
CREATE TEMP TABLE thresholds_custom (LIKE thresholds_default);
CREATE TEMP TABLE segments_vignette (customer text, segment text, score text, orders int, days int, amount numeric, r int, f int, m int);
CREATE TEMP TABLE segments_test (LIKE segments_vignette);
CREATE TEMP TABLE summary_vignette (segment text, customers bigint, orders numeric, revenue numeric, aov numeric);
CREATE TEMP TABLE summary_test (LIKE summary_vignette);
CREATE TEMP TABLE grid (r int, f int, m int, segment text);

\copy orders FROM PROGRAM 'cat "${SHARED:-../shared}/data/rfm_r/rfm_data_orders.csv" 2>/dev/null || true' (FORMAT csv, HEADER)
\copy expected_default FROM PROGRAM 'cat "${SHARED:-../shared}/data/rfm_r/orders_default_scores.csv" 2>/dev/null || true' (FORMAT csv, HEADER)
\copy expected_custom FROM PROGRAM 'cat "${SHARED:-../shared}/data/rfm_r/orders_custom_scores.csv" 2>/dev/null || true' (FORMAT csv, HEADER)
\copy thresholds_default FROM PROGRAM 'cat "${SHARED:-../shared}/data/rfm_r/orders_default_thresholds.csv" 2>/dev/null || true' (FORMAT csv, HEADER)
\copy thresholds_custom FROM PROGRAM 'cat "${SHARED:-../shared}/data/rfm_r/orders_custom_thresholds.csv" 2>/dev/null || true' (FORMAT csv, HEADER)
\copy segments_vignette FROM PROGRAM 'cat "${SHARED:-../shared}/data/rfm_r/orders_default_segments_vignette.csv" 2>/dev/null || true' (FORMAT csv, HEADER)
\copy segments_test FROM PROGRAM 'cat "${SHARED:-../shared}/data/rfm_r/orders_default_segments_test.csv" 2>/dev/null || true' (FORMAT csv, HEADER)
\copy summary_vignette FROM PROGRAM 'cat "${SHARED:-../shared}/data/rfm_r/orders_default_segment_summary_vignette.csv" 2>/dev/null || true' (FORMAT csv, HEADER)
\copy summary_test FROM PROGRAM 'cat "${SHARED:-../shared}/data/rfm_r/orders_default_segment_summary_test.csv" 2>/dev/null || true' (FORMAT csv, HEADER)
\copy grid FROM PROGRAM 'cat "${SHARED:-../shared}/data/rfm_grid_11_segments.csv" 2>/dev/null || true' (FORMAT csv, HEADER)

SELECT count(*) = 0 AS absent FROM orders \gset
SELECT count(*) = 0 AS no_grid FROM grid \gset

SELECT plan(20);

-- --- the grid

\if :no_grid
SELECT skip('rfm_grid_11_segments.csv is not in ${SHARED:-../shared}/data', 3);
\else
SELECT is(count(*), 125::bigint, 'the published grid has 125 cells') FROM grid;
SELECT is_empty($$
	SELECT r, f, m, segment, rfm_segment(concat(r, f, m)::rfm_score) FROM grid
	 WHERE rfm_segment(concat(r, f, m)::rfm_score)
		IS DISTINCT FROM replace(lower(segment), ' ', '_')
	$$, 'rfm_segments() names every cell as the published grid does');
SELECT set_eq(
	'SELECT segment FROM segment_map_segments()',
	$$SELECT DISTINCT replace(lower(segment), ' ', '_') FROM grid$$,
	'rfm_segments() has the segments of the grid and no other');
\endif
SELECT is_empty('SELECT * FROM segment_map_lint(rfm_segments())',
	'rfm_segments() is complete and disjoint: nothing to lint');
SELECT is(rfm_segment('999'), NULL, 'a score of nine bins is beyond the grid');

-- --- CRAN rfm

\if :absent
SELECT skip('rfm_r is not in ${SHARED:-../shared}/data', 15);
SELECT * FROM finish();
ROLLBACK;
\quit
\endif

CREATE TEMP TABLE customer AS
	SELECT customer, rfm(ordered, revenue) AS summary FROM orders GROUP BY customer;
-- The analysis date of its documentation.
CREATE TEMP TABLE model AS
	SELECT rfm_model(summary, '2006-12-31', 5, 'r_rfm') AS model FROM customer;

SELECT is(count(*), 995::bigint, '995 customers') FROM customer;
SELECT is_empty($$
	SELECT customer FROM customer FULL JOIN expected_default e USING (customer)
	 WHERE recency_days(summary, '2006-12-31') IS DISTINCT FROM e.days
		OR orders(summary) IS DISTINCT FROM e.orders
		OR amount(summary) IS DISTINCT FROM e.amount
	$$, 'recency, orders and amount of each customer');
SELECT is_empty($$
	SELECT customer, rfm_score(summary, model, '2006-12-31'), e.score
	  FROM model, customer FULL JOIN expected_default e USING (customer)
	 WHERE rfm_score(summary, model, '2006-12-31')::text IS DISTINCT FROM e.score
	$$, 'method r_rfm gives each of 995 customers the published score');

-- Its table lists where each bin begins; the lowest begins at the minimum.
CREATE FUNCTION pg_temp.lower_edges(model rfm_model, which text) RETURNS float8[]
LANGUAGE sql AS $$
	SELECT array_agg(lower ORDER BY lower) FILTER (WHERE lower IS NOT NULL)
	  FROM rfm_model_bins(model) WHERE dimension = which
$$;
SELECT is(array_agg(r_lower ORDER BY r_lower), 1::float8 || pg_temp.lower_edges(model, 'recency'), 'its recency thresholds')
	FROM thresholds_default, model GROUP BY model;
SELECT is(array_agg(f_lower ORDER BY f_lower), 1::float8 || pg_temp.lower_edges(model, 'frequency'), 'its frequency thresholds')
	FROM thresholds_default, model GROUP BY model;
SELECT is(array_agg(m_lower ORDER BY m_lower), 12::float8 || pg_temp.lower_edges(model, 'monetary'), 'its monetary thresholds')
	FROM thresholds_default, model GROUP BY model;

-- Own cut points, "at least" as there, and as "more than" one day or coin less.
CREATE TEMP TABLE custom AS
	SELECT rfm_model(array_agg(r_lower ORDER BY r_lower) FILTER (WHERE r_lower > 1),
					 array_agg(f_lower ORDER BY f_lower) FILTER (WHERE f_lower > 1),
					 array_agg(m_lower ORDER BY m_lower) FILTER (WHERE m_lower > 12), 'r_rfm') AS at_least,
		   rfm_model(array_agg(r_lower - 1 ORDER BY r_lower) FILTER (WHERE r_lower > 1),
					 array_agg(f_lower - 1 ORDER BY f_lower) FILTER (WHERE f_lower > 1),
					 array_agg(m_lower - 1 ORDER BY m_lower) FILTER (WHERE m_lower > 12)) AS more_than
	  FROM thresholds_custom;
SELECT is_empty($$
	SELECT customer FROM custom, customer FULL JOIN expected_custom e USING (customer)
	 WHERE rfm_score(summary, at_least, '2006-12-31')::text IS DISTINCT FROM e.score
	$$, 'its own cut points give each of 995 customers the published score');
SELECT is_empty($$
	SELECT customer FROM custom, customer FULL JOIN expected_custom e USING (customer)
	 WHERE rfm_score(summary, more_than, '2006-12-31')::text IS DISTINCT FROM e.score
	$$, 'so do cut points that have to be exceeded, for whole numbers');

-- --- its segments

CREATE TEMP TABLE maps AS SELECT
'"Champions": r 5, f 5, m 5
"Potential Loyalist": r 3-5, f 3-5, m 2-5
"Loyal Customers": r 2-4, f 2-4, m 2-4
"Promising": r 3-4, f 1-3, m 3-5
"New Customers": r 4-5, f 1-3, m 1-5
"Can''t Lose Them": r 1-2, f 3-4, m 4-5
"At Risk": r 1-2, f 2-5, m 4-5
"Need Attention": r 1-3, f 3-5, m 3-5
"About To Sleep": r 2-3, f 1-3, m 1-4
"Lost": r 1, f 1-5, m 1-5
else "Others"'::segment_map AS vignette,
'loyal "Champions": r 4-5, f 4-5, m 4-5
loyal "Loyal Customers": r 2-5, f 3-5, m 3-5
"Potential Loyalist": r 3-5, f 1-3, m 1-3
"New Customers": r 4-5, f 1, m 1
"Promising": r 3-4, f 1, m 1
"Need Attention": r 2-3, f 2-3, m 2-3
"About To Sleep": r 2-3, f 1-2, m 1-2
"At Risk": r 1-2, f 2-5, m 2-5
"Can''t Lose Them": r 1, f 4-5, m 4-5
"Lost": r 1-2, f 1-2, m 1-2
else "Others"'::segment_map AS test;

SELECT is_empty($$
	SELECT customer, rfm_segment(rfm_score(summary, model, '2006-12-31'), vignette), e.segment
	  FROM model, maps, customer FULL JOIN segments_vignette e USING (customer)
	 WHERE rfm_segment(rfm_score(summary, model, '2006-12-31'), vignette) IS DISTINCT FROM e.segment
	$$, 'the vignette''s map gives each customer the published segment');
SELECT is_empty($$
	SELECT customer, rfm_segment(rfm_score(summary, model, '2006-12-31'), test), e.segment
	  FROM model, maps, customer FULL JOIN segments_test e USING (customer)
	 WHERE rfm_segment(rfm_score(summary, model, '2006-12-31'), test) IS DISTINCT FROM e.segment
	$$, 'so does the map of its test suite');

CREATE FUNCTION pg_temp.segment_table(map segment_map)
RETURNS TABLE (segment text, customers bigint, orders numeric, revenue numeric, aov numeric)
LANGUAGE sql AS $$
	SELECT rfm_segment(rfm_score(summary, model, '2006-12-31'), map), count(*),
		   orders(rfm(summary)), amount(rfm(summary)), round(average_order(rfm(summary)), 2)
	  FROM model, customer GROUP BY 1
$$;
SELECT set_eq('SELECT * FROM pg_temp.segment_table((SELECT vignette FROM maps))',
	'SELECT * FROM summary_vignette',
	'the vignette''s segment table: customers, orders, revenue, average order');
SELECT set_eq('SELECT * FROM pg_temp.segment_table((SELECT test FROM maps))',
	'SELECT * FROM summary_test',
	'the test suite''s segment table');

-- What its authors may not have seen.
SELECT set_eq(
	$$SELECT code, line FROM maps, segment_map_lint(test) WHERE severity = 'warning'$$,
	$$VALUES ('unreachable', 4), ('unreachable', 5), ('unreachable', 9)$$,
	'lint: nobody gets to three segments of the test suite''s map');
SELECT is_empty(
	$$SELECT code, line FROM maps, segment_map_lint(vignette) WHERE severity = 'warning'$$,
	'lint: somebody may get to each segment of the vignette''s map');
SELECT is(segment_rank('Lost', vignette), 10, 'rank is the order of the lines') FROM maps;

SELECT * FROM finish();
ROLLBACK;
