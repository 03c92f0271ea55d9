-- Real customers ($SHARED/data): CDNOW, 69,659 orders of 23,570 customers,
-- and Online Retail II, 54,716 invoices with 8,432 refunds.

BEGIN;
SET search_path = contact_pressure, public;
SET TimeZone = 'UTC';
SELECT plan(32);

CREATE TABLE rfm_cdnow (customer int, ordered date, cds int, amount numeric);
CREATE TABLE rfm_retail (invoice text, at timestamptz, customer int, domestic boolean, types int, quantity int, amount numeric);
\copy rfm_cdnow FROM PROGRAM 'cat "${SHARED:-../shared}/data/cdnow/cdnow_master.csv" 2>/dev/null || true' (FORMAT csv, HEADER)
\copy rfm_retail FROM PROGRAM 'cat "${SHARED:-../shared}/data/online_retail_2/online_retail_ii_invoices.csv" 2>/dev/null || true' (FORMAT csv, HEADER)
ANALYZE rfm_cdnow, rfm_retail;
SELECT count(*) = 0 AS no_cdnow FROM rfm_cdnow \gset
SELECT count(*) = 0 AS no_retail FROM rfm_retail \gset

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

-- --- CDNOW

\if :no_cdnow
SELECT skip('cdnow_master.csv is not in ${SHARED:-../shared}/data/cdnow', 19);
\else
CREATE TEMP TABLE cdnow AS
	SELECT customer, rfm(ordered, amount) AS s, max(ordered) AS last, count(*) AS orders, sum(amount) AS amount
	  FROM rfm_cdnow GROUP BY customer;
CREATE TEMP TABLE model AS
	SELECT method, rfm_model(s, '1998-07-01', 5, method) AS model
	  FROM cdnow, unnest(ARRAY['disc', 'cont', 'r_rfm', 'rank']) method GROUP BY method;
CREATE TEMP TABLE score AS
	SELECT method, customer, rfm_score(s, model, '1998-07-01') AS score FROM cdnow, model;
ANALYZE cdnow, score;

SELECT is(count(*), 23570::bigint, 'CDNOW: 23,570 customers') FROM cdnow;
SELECT is_empty($$
	SELECT customer FROM cdnow WHERE (last_order_at(s)::date, orders(s), amount(s)) <> (last, orders, amount)
	$$, 'last order, orders and amount of each');

-- Shuffled orders, summaries merged from parts, the model from a shuffle.
CREATE TEMP TABLE shuffled AS
	SELECT customer, rfm(part) AS s
	  FROM (SELECT customer, rfm(ordered, amount) AS part
			  FROM (SELECT *, random() AS shuffle FROM rfm_cdnow ORDER BY shuffle) x GROUP BY customer, floor(shuffle * 4)) parts
	 GROUP BY customer;
SELECT is_empty('SELECT customer FROM cdnow c FULL JOIN shuffled s USING (customer) WHERE rfm_send(c.s) IS DISTINCT FROM rfm_send(s.s)',
	'orders in another order, in four parts: the same summaries');
SELECT is((SELECT rfm_model(s, '1998-07-01', 5, method) FROM (SELECT s FROM shuffled ORDER BY random()) x), model,
	'the same model of method ' || method) FROM model ORDER BY method;
-- Scoring in one go, of those who are there; and by the stored model.
SELECT is_empty($$
	WITH summary AS (SELECT customer, rfm(ordered, amount) AS s FROM rfm_cdnow GROUP BY customer),
		 fit AS (SELECT rfm_model(s, '1998-07-01') AS m FROM summary)
	SELECT customer FROM (SELECT customer, rfm_score(s, m, '1998-07-01') AS score FROM summary, fit) go
	  FULL JOIN (SELECT * FROM score WHERE method = 'disc') stored USING (customer)
	 WHERE go.score IS DISTINCT FROM stored.score
	$$, 'scores by the stored model are those given in one go');
SELECT is_empty($$
	SELECT customer FROM score JOIN cdnow USING (customer), (SELECT model::text::rfm_model AS m FROM model WHERE method = 'disc') later
	 WHERE method = 'disc' AND rfm_score(s, m, '1998-07-01') <> score AND customer % 100 = 7
	$$, 'a few customers alone get the score they had among all');

-- Workers.
\set groups 'SELECT cds, rfm_send(rfm(ordered, amount)) FROM rfm_cdnow GROUP BY cds'
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
SELECT matches(pg_temp.plan_of(:'groups'), 'Finalize.*Gather.*Partial', 'two workers ...');
CREATE TEMP TABLE in_parallel AS :groups;
RESET max_parallel_workers_per_gather;
SELECT set_eq(:'groups', 'SELECT * FROM in_parallel', '... give the same');

-- Thresholds.
CREATE TEMP VIEW value AS
	SELECT customer, dimension, v FROM cdnow,
		LATERAL (VALUES ('recency', ('1998-07-01'::date - last)::float8), ('frequency', orders::float8), ('monetary', amount::float8)) d(dimension, v);
SELECT is_empty(format($$
	SELECT dimension, k FROM (
		SELECT dimension, k, percentile_%1$s(k / 5::float8) WITHIN GROUP (ORDER BY v) AS t FROM value, generate_series(1, 4) k GROUP BY 1, 2) t
	  FULL JOIN (SELECT dimension, row_number() OVER (PARTITION BY dimension ORDER BY upper) AS k, upper
				   FROM model, rfm_model_bins(model) WHERE method = %1$L AND upper IS NOT NULL) m USING (dimension, k)
	 WHERE t IS DISTINCT FROM upper
	$$, m), 'the thresholds of ' || m || ' are those of percentile_' || m) FROM unnest(ARRAY['disc', 'cont']) m;
SELECT is_empty($$
	SELECT dimension, v, method FROM score JOIN value USING (customer)
	 GROUP BY dimension, v, method HAVING count(DISTINCT CASE dimension WHEN 'recency' THEN recency_score(score)
		WHEN 'frequency' THEN frequency_score(score) ELSE monetary_score(score) END) > 1
	$$, 'equal values have equal scores, by every method');
-- What the usual NTILE(5) does on the same data.
SELECT is(sum(n)::int, 17428, 'NTILE splits a frequency that 17,428 customers share')
	FROM (SELECT orders, count(*) AS n FROM (SELECT orders, ntile(5) OVER (ORDER BY orders) AS tile FROM cdnow) t
		   GROUP BY orders HAVING count(DISTINCT tile) > 1) split;
-- The slow twin of every score.
SELECT is_empty($$
	WITH rank AS (SELECT customer, dimension, v, rank() OVER w AS r FROM value WINDOW w AS (PARTITION BY dimension ORDER BY v)),
	last AS (SELECT dimension, max(r) AS r_max FROM rank GROUP BY dimension)
	SELECT customer, dimension FROM rank JOIN last USING (dimension) JOIN score USING (customer)
	 WHERE method = 'rank' AND (SELECT min(k) FROM generate_series(1, 5) k WHERE r * 5 <= 5 + (r_max - 1) * k) <> CASE dimension
		WHEN 'recency' THEN 6 - recency_score(score) WHEN 'frequency' THEN frequency_score(score) ELSE monetary_score(score) END
	$$, 'method rank: equal widths of the smallest rank');
SELECT is_empty($$
	SELECT method, dimension, b.score FROM model, rfm_model_bins(model) b
	  LEFT JOIN LATERAL (SELECT count(*) AS n FROM score s WHERE s.method = model.method AND b.score = CASE b.dimension
		WHEN 'recency' THEN recency_score(s.score) WHEN 'frequency' THEN frequency_score(s.score) ELSE monetary_score(s.score) END) c ON true
	 WHERE n <> customers
	$$, 'rfm_model_bins counts the customers of each score');
SELECT cmp_ok(min(customers), '=', 0::bigint, 'a collapsed bin is seen: half of them bought once')
	FROM model, rfm_model_bins(model) WHERE method = 'disc' AND dimension = 'frequency';
SELECT is(sum(customers), 23570::numeric, 'the segments hold everybody') FROM (
	SELECT rfm_segment(score) AS segment, count(*) AS customers FROM score WHERE method = 'disc' GROUP BY 1) s WHERE segment IS NOT NULL;
\endif

-- --- Online Retail II

\if :no_retail
SELECT skip('online_retail_ii_invoices.csv is not in ${SHARED:-../shared}/data/online_retail_2', 13);
\else
CREATE TEMP TABLE retail AS
	SELECT customer, rfm(at, amount) AS s FROM rfm_retail WHERE customer IS NOT NULL GROUP BY customer;
CREATE TEMP TABLE retail_model AS
	SELECT rfm_model(s, '2011-12-10') AS m FROM retail;
SELECT is(count(*), 54716::bigint, 'Online Retail II: 54,716 invoices') FROM rfm_retail;
SELECT is(count(*), 8432::bigint, '8,432 of them are refunds') FROM rfm_retail WHERE amount < 0;
SELECT is(orders(rfm(at, amount)), (54716 - 8432)::bigint, 'every other one is an order') FROM rfm_retail;
SELECT is(amount(rfm(at, amount))::text, sum(amount)::text, 'the revenue, to the last of its many digits') FROM rfm_retail;
SELECT is_empty($$
	SELECT customer FROM retail FULL JOIN (
		SELECT customer, min(at) FILTER (WHERE amount >= 0) AS first, max(at) FILTER (WHERE amount >= 0) AS last,
			   count(*) FILTER (WHERE amount >= 0) AS orders, sum(amount)::text AS amount
		  FROM rfm_retail WHERE customer IS NOT NULL GROUP BY customer) twin USING (customer)
	 WHERE (first_order_at(s), last_order_at(s), orders(s), amount(s)::text) IS DISTINCT FROM (first, last, orders, amount)
	$$, 'every summary against plain SQL');
SELECT is(count(*), 83::bigint, '83 customers are net negative') FROM retail WHERE amount(s) < 0;
SELECT is(count(*), 61::bigint, '61 have refunds only: 0 orders') FROM retail WHERE orders(s) = 0;
SELECT is(count(*), 61::bigint, 'and no score') FROM retail, retail_model WHERE rfm_score(s, m, '2011-12-10') IS NULL;
SELECT is(count(*), 22::bigint, 'the other 22 have the lowest monetary score')
	FROM retail, retail_model WHERE amount(s) < 0 AND monetary_score(rfm_score(s, m, '2011-12-10')) = 1;
SELECT is(sum(customers)::bigint, (SELECT count(*) - 61 FROM retail), 'none is lost in the model') FROM retail_model, rfm_model_bins(m) WHERE dimension = 'recency';
SELECT is(count(*), (SELECT count(*) - 61 FROM retail), 'nor in the segments') FROM retail, retail_model
	WHERE rfm_segment(rfm_score(s, m, '2011-12-10')) IS NOT NULL;
SELECT throws_ok('SELECT rfm_model(s, ''2011-12-01'') FROM retail', '22023', 'a summary with an order after as_of cannot be scored',
	'a date before the last orders is refused');
SELECT lives_ok($$
	SELECT rfm_model(s, '2011-12-01') FROM (SELECT rfm(at, amount) FILTER (WHERE at <= '2011-12-01') AS s FROM rfm_retail WHERE customer IS NOT NULL GROUP BY customer) x
	$$, 'unless later orders are left out');
\endif

SELECT * FROM finish();
ROLLBACK;
