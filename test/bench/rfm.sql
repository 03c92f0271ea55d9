-- rfm.sql: purchase summaries, models, scores and segments, against plain SQL
-- that answers less.
\echo # :people customers, ten orders each in two years, in the order of time
CREATE TABLE bench.orders AS
SELECT (abs(hashint8extended(n, 27)) % :people)::int AS customer_id,
	timestamptz '2024-11-18 10:00+00'
		+ n * (interval '730 days' / (10 * :people)) AS ordered_at,
	round(5 + abs(hashint8extended(n, 28)) % 50000 / 100.0, 2) AS amount
FROM generate_series(1, 10 * :people) n;
VACUUM ANALYZE bench.orders;
CREATE TABLE bench.customers AS
SELECT customer_id, contact_pressure.rfm(ordered_at, amount) AS summary
FROM bench.orders GROUP BY customer_id;
VACUUM ANALYZE bench.customers;
CREATE TABLE bench.model AS
SELECT contact_pressure.rfm_model(summary, '2026-11-19') AS model
FROM bench.customers;

-- The same segments as a table, which the usual pipeline joins.
CREATE TABLE bench.grid AS
SELECT r, f, m, contact_pressure.rfm_segment(
	concat(r, f, m)::contact_pressure.rfm_score) AS segment
FROM generate_series(1, 5) r, generate_series(1, 5) f, generate_series(1, 5) m;
ANALYZE bench.grid;

CALL bench.compare('rfm() against max, count, sum',
$$SELECT count(s) FROM (SELECT customer_id,
	contact_pressure.rfm(ordered_at, amount) s
	FROM bench.orders GROUP BY customer_id) x$$,
$$SELECT count(s) FROM (SELECT customer_id, max(ordered_at), count(*),
	sum(amount) s FROM bench.orders GROUP BY customer_id) x$$,
'1.1 or less', 3);

CALL bench.compare('summary, model, score, segment against three ntile(5)',
$$WITH summaries AS MATERIALIZED (
	SELECT customer_id, contact_pressure.rfm(ordered_at, amount) AS summary
	FROM bench.orders GROUP BY customer_id),
model AS MATERIALIZED (
	SELECT contact_pressure.rfm_model(summary, '2026-11-19') AS model
	FROM summaries)
SELECT count(segment) FROM (
	SELECT customer_id, score, contact_pressure.rfm_segment(score) AS segment
	FROM (SELECT customer_id, contact_pressure.rfm_score(summary, model,
			'2026-11-19') AS score FROM summaries, model OFFSET 0) s) x$$,
$$SELECT count(segment) FROM (SELECT customer_id,
	ntile(5) OVER (ORDER BY recent) AS r, ntile(5) OVER (ORDER BY orders) AS f,
	ntile(5) OVER (ORDER BY amount) AS m
	FROM (SELECT customer_id, max(ordered_at) AS recent, count(*) AS orders,
		sum(amount) AS amount FROM bench.orders GROUP BY customer_id) x) y
LEFT JOIN bench.grid USING (r, f, m)$$,
'0.6 or less', 3);

CALL bench.compare('rfm_segment(rfm_score()) against a bare scan',
$$SELECT count(contact_pressure.rfm_segment(contact_pressure.rfm_score(
	summary, (SELECT model FROM bench.model), '2026-11-19')))
	FROM bench.customers$$,
$$SELECT count(*) FROM bench.customers WHERE pg_column_size(summary) > 0$$,
'3.0 or less', 9);

CALL bench.compare('rfm_model() against percentile_disc of the same',
$$SELECT contact_pressure.rfm_model(summary, '2026-11-19')
	FROM bench.customers$$,
$$SELECT percentile_disc(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (
		ORDER BY contact_pressure.recency_days(summary, '2026-11-19')),
	percentile_disc(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (
		ORDER BY contact_pressure.orders(summary)),
	percentile_disc(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (
		ORDER BY contact_pressure.amount(summary))
	FROM bench.customers$$,
NULL, 3);

-- Workers: the same query with two and with none, and the same answer.  The
-- planner wants them where not all groups fit into memory at once.
CREATE FUNCTION bench.with_workers(workers int, query text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	PERFORM set_config('max_parallel_workers_per_gather', workers::text, true);
	PERFORM set_config('work_mem', '64MB', true);
	EXECUTE query INTO answer;
	RETURN answer;
END $$;
CREATE FUNCTION bench.per_customer() RETURNS text IMMUTABLE
LANGUAGE sql RETURN
'SELECT sum(contact_pressure.rfm_hash_extended(s, 1))
 FROM (SELECT contact_pressure.rfm(ordered_at, amount) AS s
	FROM bench.orders GROUP BY customer_id) x';
CREATE FUNCTION bench.per_month() RETURNS text IMMUTABLE
LANGUAGE sql RETURN
'SELECT sum(contact_pressure.rfm_hash_extended(s, 1))
 FROM (SELECT contact_pressure.rfm(ordered_at, amount) AS s
	FROM bench.orders GROUP BY date_trunc(''month'', ordered_at, ''UTC'')) x';
CALL bench.compare('rfm() per customer, two workers against none',
$$SELECT bench.with_workers(2, bench.per_customer())$$,
$$SELECT bench.with_workers(0, bench.per_customer())$$,
'less than 1', 3);
CALL bench.compare('rfm() per month, two workers against none',
$$SELECT bench.with_workers(2, bench.per_month())$$,
$$SELECT bench.with_workers(0, bench.per_month())$$,
'less than 1', 3);
INSERT INTO bench.result
SELECT 'do two workers give the same? 1: yes',
	(bench.with_workers(2, q) = bench.with_workers(0, q))::int, NULL, NULL, '1'
FROM bench.per_customer() q;
DROP TABLE bench.orders, bench.customers;
