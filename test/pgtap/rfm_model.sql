-- DESIGN 4, the model: thresholds and scores of every method against plain
-- SQL on random populations full of ties; what a model keeps and refuses.

BEGIN;
SET search_path = contact_pressure, public;
SET TimeZone = 'UTC';
SELECT plan(51);

-- 36 populations of 1 to 150 customers, from all alike to all different.
SELECT setseed(0.6);
CREATE TEMP TABLE customer AS
	SELECT p, n, timestamptz '2026-01-01' - days * interval '1 day' - interval '1 hour' * floor(random() * 24) AS last,
		   orders, amount
	  FROM generate_series(1, 36) p,
		   LATERAL (SELECT 1 + (p * p % 150) AS size, power(10, p % 4) AS days_spread,
						   power(4, p % 5) AS orders_spread, power(8, p % 6) AS amount_spread) k,
		   LATERAL generate_series(1, k.size) n,
		   LATERAL (SELECT floor(random() * random() * days_spread) AS days,
						   1 + floor(random() * random() * orders_spread)::bigint AS orders,
						   round(((random() - 0.1) * amount_spread)::numeric, p % 3) AS amount) v;
CREATE TEMP TABLE base AS
	SELECT p, n, rfm(last, last, orders, amount) AS s, '2026-01-01'::date - last::date AS days, orders, amount
	  FROM customer;
CREATE TEMP TABLE asked AS
	SELECT p, bins, method FROM generate_series(1, 36) p, unnest(ARRAY[2, 3, 5, 8, 9]) bins,
		   unnest(ARRAY['disc', 'cont', 'r_rfm', 'rank']) method;
CREATE TEMP TABLE fitted AS
	SELECT p, bins, method, rfm_model(s, '2026-01-01', bins, method) AS model
	  FROM asked JOIN base USING (p) GROUP BY p, bins, method;

ANALYZE base, fitted;

-- --- thresholds

CREATE TEMP TABLE threshold AS
	SELECT p, bins, method, dimension, row_number() OVER (PARTITION BY p, bins, method, dimension ORDER BY v) AS k, v
	  FROM (SELECT p, bins, method, b.dimension, b.upper AS v
			  FROM fitted, rfm_model_bins(model) b WHERE b.upper IS NOT NULL) x;
CREATE TEMP TABLE value AS
	SELECT p, n, dimension, v FROM base,
		LATERAL (VALUES ('recency', days::float8), ('frequency', orders::float8), ('monetary', amount::float8)) d(dimension, v);
CREATE TEMP TABLE percentile AS
	SELECT p, bins, dimension, k,
		   percentile_disc(k::float8 / bins) WITHIN GROUP (ORDER BY v) AS disc,
		   percentile_cont(k::float8 / bins) WITHIN GROUP (ORDER BY v) AS cont
	  FROM value, unnest(ARRAY[2, 3, 5, 8, 9]) bins, LATERAL generate_series(1, bins - 1) k GROUP BY p, bins, dimension, k;
ANALYZE threshold, value, percentile;
SELECT is(count(*), (36 * (1 + 2 + 4 + 7 + 8) * 3 * 4)::bigint, 'every threshold is there') FROM threshold;
SELECT is_empty($$
	SELECT * FROM threshold JOIN percentile USING (p, bins, dimension, k) WHERE method = 'disc' AND v <> disc
	$$, 'disc: percentile_disc');
SELECT is_empty($$
	SELECT * FROM threshold JOIN percentile USING (p, bins, dimension, k) WHERE method = 'cont' AND v <> cont
	$$, 'cont: percentile_cont, to the last bit');
SELECT is_empty($$
	SELECT * FROM threshold JOIN percentile USING (p, bins, dimension, k) WHERE method = 'r_rfm' AND v <> cont + 1
	$$, 'r_rfm: percentile_cont and one');

-- --- scores: the slow twin

CREATE TEMP TABLE ranked AS
	SELECT *, max(r) OVER (PARTITION BY p, dimension) AS r_max
	  FROM (SELECT p, n, dimension, v, rank() OVER (PARTITION BY p, dimension ORDER BY v) AS r FROM value) x;
ANALYZE ranked;
CREATE TEMP TABLE slow AS
	SELECT p, bins, method, n, dimension,
		   CASE WHEN dimension = 'recency' THEN bins - passed ELSE 1 + passed END AS score
	  FROM (
		SELECT p, bins, method, n, dimension, count(*) FILTER (
				WHERE CASE method WHEN 'disc' THEN v > disc WHEN 'cont' THEN v > cont ELSE v >= cont + 1 END) AS passed
		  FROM value JOIN percentile USING (p, dimension), unnest(ARRAY['disc', 'cont', 'r_rfm']) method
		 GROUP BY p, bins, method, n, dimension
		UNION ALL
		-- the least k with r <= 1 + (r_max - 1) k / bins, less one
		SELECT p, bins, 'rank', n, dimension, min(k) - 1
		  FROM ranked, unnest(ARRAY[2, 3, 5, 8, 9]) bins, LATERAL generate_series(1, bins) k
		 WHERE r * bins <= bins + (r_max - 1) * k
		 GROUP BY p, bins, n, dimension) x;
CREATE TEMP TABLE fast AS
	SELECT p, bins, method, n, dimension, score
	  FROM fitted JOIN base USING (p), LATERAL (SELECT rfm_score(s, model, '2026-01-01') AS c) c,
		   LATERAL (VALUES ('recency', recency_score(c)), ('frequency', frequency_score(c)), ('monetary', monetary_score(c))) d(dimension, score);
ANALYZE slow, fast;
SELECT is(count(*), (SELECT count(*) FROM fast), 'as many scores') FROM slow;
SELECT is_empty(format($$
	SELECT * FROM fast f JOIN slow s USING (p, bins, method, n, dimension) WHERE f.score <> s.score AND method = %L
	$$, m), 'scores of method ' || m) FROM unnest(ARRAY['disc', 'cont', 'r_rfm', 'rank']) m;
SELECT is_empty($$
	SELECT p, bins, method, dimension, v FROM fast JOIN value USING (p, n, dimension)
	 GROUP BY p, bins, method, dimension, v HAVING count(DISTINCT score) > 1
	$$, 'equal values always have equal scores');

-- --- the population

SELECT is_empty($$
	SELECT p, bins, method, dimension, score, customers, counted
	  FROM (SELECT p, bins, method, b.dimension, b.score, b.customers FROM fitted, rfm_model_bins(model) b) b
	  FULL JOIN (SELECT p, bins, method, dimension, score, count(*) AS counted FROM fast GROUP BY 1, 2, 3, 4, 5) f
		USING (p, bins, method, dimension, score)
	 WHERE coalesce(counted, 0) <> customers
	$$, 'rfm_model_bins counts the customers of each score');
SELECT is_empty($$
	SELECT p FROM fitted JOIN (SELECT p, count(*) AS n FROM base GROUP BY p) b USING (p)
	 WHERE (model::jsonb ->> 'customers')::bigint <> b.n
	$$, 'and all of them');

-- --- order of rows, workers, forms

SELECT is_empty($$
	SELECT p FROM fitted JOIN (
		SELECT p, bins, method, rfm_model(s, '2026-01-01', bins, method ORDER BY md5(n::text)) AS other
		  FROM asked JOIN base USING (p) GROUP BY p, bins, method) x USING (p, bins, method)
	 WHERE rfm_model_send(model) <> rfm_model_send(other)
	$$, 'another order of the rows gives the same bytes');
CREATE TABLE rfm_base AS SELECT base.* FROM base, generate_series(1, 10);
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	line text;
	plan text := '';
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		plan := plan || line || E'\n';
	END LOOP;
	RETURN plan;
END $$;
\set of_all 'SELECT rfm_model(s, \'2026-01-01\', 7, \'rank\') FROM rfm_base'
SELECT rfm_model(s, '2026-01-01', 7, 'rank') AS serial FROM rfm_base \gset
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
SELECT matches(pg_temp.plan_of(:'of_all'), 'Finalize.*Gather.*Partial', 'two workers ...');
SELECT results_eq(:'of_all', ARRAY[:'serial'::rfm_model], '... fit the same model');
SELECT results_eq('SELECT rfm_model(s, ''2026-01-01'') FROM rfm_base WHERE false', ARRAY[NULL::rfm_model],
	'... and none of nobody');
RESET max_parallel_workers_per_gather;
SELECT is_empty('SELECT p FROM fitted WHERE rfm_model_send(model::text::rfm_model) <> rfm_model_send(model)', 'text and back: the same bytes');
SELECT is_empty('SELECT p FROM fitted WHERE rfm_model_send(model::jsonb::rfm_model) <> rfm_model_send(model)', 'jsonb and back: the same bytes');
CREATE TEMP TABLE copied (LIKE fitted);
DO $$
DECLARE
	path text := current_setting('data_directory') || '/rfm_model_binary_' || pg_backend_pid();
BEGIN
	EXECUTE format('COPY (SELECT * FROM fitted) TO %L (FORMAT binary)', path);
	EXECUTE format('COPY copied FROM %L (FORMAT binary)', path);
	EXECUTE format('COPY (SELECT 1 WHERE false) TO %L', path);
END $$;
SELECT is_empty($$
	SELECT p FROM copied c FULL JOIN fitted f USING (p, bins, method) WHERE rfm_model_send(c.model) IS DISTINCT FROM rfm_model_send(f.model)
	$$, 'binary COPY out and in: the same bytes');
SELECT is_empty($$
	SELECT a.p, b.p FROM (SELECT * FROM fitted WHERE p < 5) a, (SELECT * FROM fitted WHERE p < 5) b
	 WHERE (a.model = b.model) <> (rfm_model_send(a.model) = rfm_model_send(b.model))
		OR (a.model = b.model) <> (rfm_model_cmp(a.model, b.model) = 0)
		OR (a.model < b.model) <> (rfm_model_cmp(a.model, b.model) < 0)
		OR (a.model = b.model AND rfm_model_hash(a.model) <> rfm_model_hash(b.model))
	$$, 'equality, order and hash');

-- --- a stored model, later

CREATE TEMP TABLE five AS SELECT model FROM fitted WHERE p = 23 AND bins = 5 AND method = 'disc';
SELECT is(rfm_score(rfm('0001-01-01', '0001-01-01', 1, -1e30), model, '2026-01-01'), '111', 'out of range falls into the lowest bin') FROM five;
SELECT is(rfm_score(rfm('2025-12-31', '2026-01-01', 9e18::bigint, 1e30), model, '2026-01-01'), '555', 'and into the highest') FROM five;
SELECT is_empty($$
	SELECT n FROM five, base WHERE p = 23 AND days < 10
	   AND recency_score(rfm_score(s, model, '2036-01-01')) <> 1
	$$, 'the same customers ten years later: the model stays, the days pass');
SELECT is(rfm_score(NULL, model, '2026-01-01'), NULL, 'no summary: no score') FROM five;
SELECT is(rfm_score(rfm(NULL, NULL, 0, -5), model, '2026-01-01'), NULL, 'refunds only: no score') FROM five;
SELECT is(rfm_score(rfm('2025-01-01', '2025-01-01', 1, 1), NULL, '2026-01-01'), NULL, 'no model: no score');
SELECT is(rfm_score(rfm('2025-01-01', '2025-01-01', 1, 1), model, NULL), NULL, 'no date: no score') FROM five;
SELECT throws_ok($$SELECT rfm_score(rfm('2026-01-01', '2026-01-01 00:00:00.000001', 2, 1), model, '2026-01-01') FROM five$$,
	'22023', 'a summary with an order after as_of cannot be scored', 'the future cannot be scored');
SELECT throws_ok($$SELECT rfm_model(rfm('2026-01-01', '2026-01-01 00:00:00.000001', 2, 1), '2026-01-01')$$,
	'22023', 'a summary with an order after as_of cannot be scored', 'nor made a model of');

-- More models than one in a query: the one of each row is used.
SELECT is_empty($$
	SELECT * FROM (
		SELECT p, bins, method, n, rfm_score(s, model, '2026-01-01') AS mixed FROM fitted JOIN base USING (p)
		 WHERE p BETWEEN 20 AND 35 ORDER BY md5(concat(p, bins, method, n))) x
	  JOIN (SELECT p, bins, method, n, string_agg(score::text, '' ORDER BY array_position(ARRAY['recency', 'frequency', 'monetary'], dimension)) AS digits
			  FROM slow GROUP BY p, bins, method, n) y USING (p, bins, method, n)
	 WHERE mixed::text <> digits
	$$, 'models that change from row to row');

-- --- edges

CREATE FUNCTION pg_temp.of(days int[], method text) RETURNS jsonb LANGUAGE sql AS $$
	SELECT rfm_model(rfm(d, d, 1, 1), '2026-01-01', 3, method)::jsonb
	  FROM unnest(days) AS x, LATERAL (SELECT timestamptz '2026-01-01' - x * interval '1 day' AS d) y
$$;
SELECT is(rfm_model(s, '2026-01-01'), NULL, 'nobody: no model') FROM base WHERE false;
SELECT is(rfm_model(v.s, '2026-01-01'), NULL, 'nobody who ever ordered: no model')
	FROM (VALUES (NULL::rfm), (rfm(NULL, NULL, 0, -3))) v(s);
SELECT is(rfm_model(s, as_of), (SELECT rfm_model(s, '2026-01-01') FROM base WHERE p = 7), 'rows without summary or date are skipped')
	FROM (SELECT s, '2026-01-01'::timestamptz FROM base WHERE p = 7 UNION ALL VALUES (NULL, timestamptz '2026-01-01'),
		  (rfm('2020-01-01', '2020-01-01', 999, 1e9), NULL), (rfm(NULL, NULL, 0, -3), '2026-01-01')) v(s, as_of);
SELECT is(pg_temp.of('{4}', m) -> 'recency', t, 'one customer, method ' || m)
	FROM (VALUES ('disc', jsonb '[4, 4]'), ('cont', '[4, 4]'), ('r_rfm', '[5, 5]'), ('rank', '[4, 4]')) v(m, t);
SELECT is(pg_temp.of('{4, 4, 4, 4}', m) -> 'population' -> 'recency', t, 'all alike are in one bin, method ' || m)
	FROM (VALUES ('disc', jsonb '[0, 0, 4]'), ('cont', '[0, 0, 4]'), ('r_rfm', '[0, 0, 4]'), ('rank', '[0, 0, 4]')) v(m, t);
SELECT is(rfm_model(s, '2026-01-01', NULL, NULL, NULL), rfm_model(s, '2026-01-01', 5, ' DISC ', 'utc'), 'null bins, method and zone are the defaults')
	FROM base WHERE p = 11;
SELECT is(rfm_model(s, '2026-01-01'), rfm_model(s, '2026-01-01', 5), 'so are those not named') FROM base WHERE p = 11;

-- --- recency in a zone

SELECT is_empty($$
	SELECT zone FROM unnest(ARRAY['Europe/Amsterdam', 'America/Havana', 'Pacific/Auckland', 'Asia/Kathmandu']) zone,
		LATERAL (SELECT rfm_model(s, '2026-01-01 11:30', 9, 'disc', zone) AS model FROM base WHERE p = 31) m,
		LATERAL (SELECT s, (timestamptz '2026-01-01 11:30' AT TIME ZONE zone)::date - (last_order_at(s) AT TIME ZONE zone)::date AS days
				   FROM base WHERE p = 31) b
	 WHERE recency_score(rfm_score(s, model, '2026-01-01 11:30')) <> 9 - (
		SELECT count(*) FROM generate_series(1, 8) k
		 WHERE b.days > (SELECT percentile_disc(k / 9::float8) WITHIN GROUP (
			ORDER BY (timestamptz '2026-01-01 11:30' AT TIME ZONE zone)::date - (last_order_at(s) AT TIME ZONE zone)::date) FROM base WHERE p = 31))
	$$, 'a model keeps the zone whose dates its recency counts');

-- --- own cut points

CREATE TEMP TABLE own AS SELECT rfm_model(ARRAY[30, 90.5], ARRAY[1, 2, 5, 10], ARRAY[100]) AS model;
SELECT is(model::text, '{"method":"custom","zone":"UTC","recency":[30,90.5],"frequency":[1,2,5,10],"monetary":[100]}',
	'as many as one likes in each dimension') FROM own;
SELECT is(array_agg(rfm_score(rfm(d, d, orders, amount), model, '2026-01-01')::text ORDER BY n), ARRAY['311', '222', '132', '351'],
	'a value has to exceed a cut point')
	FROM own, (VALUES (1, 30, 1, 100.00), (2, 31, 2, 100.01), (3, 91, 5, 200), (4, 0, 11, 1)) v(n, days, orders, amount),
		LATERAL (SELECT timestamptz '2026-01-01' - days * interval '1 day' AS d) x;
SELECT is(array_agg(meaning ORDER BY n), ARRAY['more than 90.5 days', 'more than 30, up to 90.5 days', 'up to 30 days', 'up to 1 orders',
	'more than 1, up to 2 orders', 'more than 2, up to 5 orders', 'more than 5, up to 10 orders', 'more than 10 orders', 'up to 100', 'more than 100'],
	'in words') FROM own, rfm_model_bins(model) WITH ORDINALITY AS b(dimension, score, lower, upper, customers, meaning, n);
SELECT is(rfm_letters('351', model), 'AAB', 'letters by the bins of each dimension') FROM own;
SELECT is(rfm_model(ARRAY[1, 1, 1.0], ARRAY[-0.0], ARRAY[0.1])::text, '{"method":"custom","zone":"UTC","recency":[1,1,1],"frequency":[0],"monetary":[0.1]}',
	'equal cut points are allowed; -0 is 0');
SELECT is(array_agg(customers), ARRAY[NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL]::bigint[], 'of nobody knows how many') FROM own, rfm_model_bins(model);
-- 0.1 as numeric does not exceed 0.1 as float8, whatever the last bits are
SELECT is_empty($$
	SELECT a FROM generate_series(-20, 20) n, generate_series(1, 18) p, LATERAL (SELECT round(n / 7.0, p) AS a) x
	 WHERE monetary_score(rfm_score(rfm('2025-01-01', '2025-01-01', 1, a), rfm_model(ARRAY[1], ARRAY[1], ARRAY[a::float8]), '2026-01-01')) <> 1
		OR monetary_score(rfm_score(rfm('2025-01-01', '2025-01-01', 1, a * 1000000000000), rfm_model(ARRAY[1], ARRAY[1], ARRAY[(a * 1000000000000)::float8]), '2026-01-01')) <> 1
	$$, 'an amount compares as the float8 it is nearest to');

SELECT * FROM finish();
ROLLBACK;
