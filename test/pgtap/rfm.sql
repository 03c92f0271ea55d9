-- DESIGN 4, the summary: exact money in any order and split, refunds, dates,
-- text and binary forms, order and hash; each against plain SQL.

BEGIN;
SET search_path = contact_pressure, public;
SET TimeZone = 'UTC';
SELECT plan(46);

-- Random orders and refunds of 400 customers: few and many, small and large,
-- with up to 12 decimal places, some missing.
SELECT setseed(0.4);
CREATE TEMP TABLE purchase AS
	SELECT n AS id, 1 + floor(random() * random() * 400)::int AS customer,
		   CASE WHEN random() > 0.01 THEN timestamptz '2001-03-04' + random() * interval '25 years' END AS at,
		   CASE WHEN random() > 0.01 THEN
			 (CASE WHEN random() < 0.1 THEN 0 WHEN random() < 0.2 THEN -1 ELSE 1 END
			  * round((random() * power(10, floor(random() * 12)))::numeric, floor(random() * 13)::int))
		   END AS amount
	  FROM generate_series(1, 20000) n;
CREATE TEMP TABLE summary AS
	SELECT customer, rfm(at, amount) AS s FROM purchase GROUP BY customer;

-- --- the slow twin

CREATE TEMP VIEW twin AS
	SELECT customer,
		   min(at) FILTER (WHERE amount >= 0) AS first, max(at) FILTER (WHERE amount >= 0) AS last,
		   count(*) FILTER (WHERE amount >= 0) AS orders, sum(amount) AS amount
	  FROM purchase WHERE at IS NOT NULL AND amount IS NOT NULL GROUP BY customer;
SELECT cmp_ok(count(*), '>', 300::bigint, 'there are customers to look at') FROM summary;
SELECT is_empty($$
	SELECT customer, t, s FROM twin t FULL JOIN summary USING (customer)
	 WHERE (first_order_at(s), last_order_at(s), orders(s), amount(s)::text)
		IS DISTINCT FROM (t.first, t.last, t.orders, t.amount::text)
	$$, 'first, last, orders and the digits of the amount are those of min, max, count and sum');
SELECT is_empty($$
	SELECT customer FROM twin t JOIN summary USING (customer)
	 WHERE average_order(s) IS DISTINCT FROM t.amount / nullif(t.orders, 0)
	$$, 'average_order is amount / orders');

-- --- any order, any split

SELECT is_empty($$
	SELECT customer FROM summary JOIN (
		SELECT customer, rfm(at, amount ORDER BY md5(id::text)) AS other FROM purchase GROUP BY customer) x
		USING (customer)
	 WHERE rfm_send(s) IS DISTINCT FROM rfm_send(other)
	$$, 'another order of the rows gives the same bytes');
SELECT is_empty($$
	SELECT customer FROM summary JOIN (
		SELECT customer, rfm(part ORDER BY random()) AS merged
		  FROM (SELECT customer, rfm(at, amount) AS part FROM purchase
				 GROUP BY customer, floor(random() * 5)) parts
		 GROUP BY customer) x USING (customer)
	 WHERE rfm_send(s) IS DISTINCT FROM rfm_send(merged)
	$$, 'merged parts give the same bytes as one pass');
SELECT is_empty($$
	SELECT customer FROM summary JOIN (
		SELECT customer, rfm(at, amount) FILTER (WHERE id % 3 = 0) AS a,
			   rfm(at, amount) FILTER (WHERE id % 3 <> 0) AS b
		  FROM purchase GROUP BY customer) x USING (customer)
	 WHERE a IS NOT NULL AND b IS NOT NULL
	   AND NOT (s = a + b AND s = b + a AND rfm_send(a + b) = rfm_send(s))
	$$, 'a + b is the whole, and + is commutative');
SELECT is((SELECT rfm(s) FROM summary), (SELECT rfm(at, amount) FROM purchase), 'all of them as one');

-- By sorting, by hashing, by hashing that spills, and by workers.
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
-- Temporary tables have no workers.
CREATE TABLE rfm_purchase AS SELECT * FROM purchase;
\set per_customer 'SELECT customer, rfm_send(rfm(at, amount)) AS s FROM rfm_purchase GROUP BY customer'
\set everybody 'SELECT customer, rfm_send(s) FROM summary'
SET LOCAL enable_hashagg = off;
SELECT alike(pg_temp.plan_of(:'per_customer'), '%GroupAggregate%', 'sorted groups ...');
SELECT set_eq(:'per_customer', :'everybody', '... give the same');
RESET enable_hashagg;
SET LOCAL enable_sort = off;
SET LOCAL work_mem = '64kB';
SET LOCAL hash_mem_multiplier = 1;
SELECT alike(pg_temp.plan_of(:'per_customer'), '%HashAggregate%', 'hashed groups that do not fit into memory ...');
SELECT set_eq(:'per_customer', :'everybody', '... give the same');
RESET enable_sort;
RESET work_mem;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
SELECT matches(pg_temp.plan_of(:'per_customer'), 'Finalize.*Gather.*Partial', 'two workers ...');
SELECT set_eq(:'per_customer', :'everybody', '... give the same');
RESET max_parallel_workers_per_gather;

-- Changed in place, but never what somebody else still sees.
SELECT is_empty($$
	SELECT id FROM (
		SELECT id, customer, rfm(at, amount) OVER (PARTITION BY customer ORDER BY id) AS so_far FROM purchase) w
	 WHERE so_far IS DISTINCT FROM (
		SELECT rfm(at, amount) FROM purchase p WHERE p.customer = w.customer AND p.id <= w.id)
	   AND customer > 150
	$$, 'a running summary as a window function');
SELECT is_empty($$
	SELECT customer FROM (
		SELECT customer, s, rfm_accum(s, '2026-01-01', 5) AS more, rfm_merge(s, s) AS twice, s AS again
		  FROM summary) x
	 WHERE s <> again OR orders(more) <> orders(s) + 1 OR orders(twice) <> 2 * orders(s)
	$$, 'outside an aggregate nothing is changed in place');
CREATE TEMP TABLE packed AS SELECT array_agg(ROW(customer, s)::summary) AS everybody FROM summary;
SELECT is((SELECT rfm(u.s) FROM packed, unnest(everybody) u), (SELECT rfm(s) FROM summary), 'out of arrays of rows, too');

-- --- refunds and what is skipped

CREATE FUNCTION pg_temp.of(VARIADIC numeric[]) RETURNS rfm LANGUAGE sql AS $$
	SELECT rfm(timestamptz '2026-01-01' + n * interval '1 day', a) FROM unnest($1) WITH ORDINALITY AS u(a, n)
$$;
SELECT is(pg_temp.of(10, -4)::text,
	'{"first_order_at":"2026-01-02T00:00:00Z","last_order_at":"2026-01-02T00:00:00Z","orders":1,"amount":6}',
	'a refund lowers the amount and is neither an order nor a date');
SELECT is(pg_temp.of(0)::text,
	'{"first_order_at":"2026-01-02T00:00:00Z","last_order_at":"2026-01-02T00:00:00Z","orders":1,"amount":0}',
	'an amount of 0 is an order');
SELECT is(pg_temp.of(-4.50, -1)::text,
	'{"first_order_at":null,"last_order_at":null,"orders":0,"amount":-5.50}', 'refunds only: 0 orders');
SELECT ok((first_order_at(s), last_order_at(s), orders(s), amount(s), average_order(s), recency_days(s, '2026-02-01'))
	IS NOT DISTINCT FROM (NULL::timestamptz, NULL::timestamptz, 0, -5.50, NULL::numeric, NULL::int),
	'refunds only: no dates, no average, no recency') FROM pg_temp.of(-4.50, -1) s;
SELECT is(pg_temp.of(-4) + pg_temp.of(10), pg_temp.of(10) + pg_temp.of(-4), 'a refund merges from either side');
SELECT is(pg_temp.of(10, -14)::text,
	'{"first_order_at":"2026-01-02T00:00:00Z","last_order_at":"2026-01-02T00:00:00Z","orders":1,"amount":-4}',
	'net negative, but a customer');
SELECT is(rfm(at, amount), NULL, 'rows with a null are skipped, and nothing of nothing is null')
	FROM (VALUES (timestamptz '2026-01-01', NULL::numeric), (NULL, 3)) v(at, amount);
SELECT is(rfm(s), NULL, 'no summaries: null') FROM summary WHERE false;
SELECT is(rfm(s), pg_temp.of(3), 'null summaries are skipped')
	FROM (VALUES (NULL::rfm), (pg_temp.of(3)), (NULL)) v(s);

-- --- dates in zones

CREATE TEMP TABLE moment AS
	SELECT n, timestamptz '1999-12-28' + random() * interval '30 years' AS at,
		   timestamptz '1999-12-28' + random() * interval '30 years' AS as_of,
		   (ARRAY['UTC', 'Europe/Amsterdam', 'America/Havana', 'Australia/Lord_Howe', 'Pacific/Apia',
				  'Asia/Kathmandu', 'America/St_Johns', NULL])[1 + n % 8] AS zone
	  FROM generate_series(1, 4000) n;
-- Some right at midnight, and a microsecond before.
INSERT INTO moment
	SELECT n + 10000, d AT TIME ZONE coalesce(zone, 'UTC') - (n % 2) * interval '1 microsecond', as_of, zone
	  FROM moment, LATERAL (SELECT date_trunc('day', at AT TIME ZONE coalesce(zone, 'UTC')) AS d) x;
SELECT is_empty($$
	SELECT * FROM moment
	 WHERE recency_days(rfm(at, at, 1, 5), as_of, zone) IS DISTINCT FROM
		   (as_of AT TIME ZONE coalesce(zone, 'UTC'))::date - (at AT TIME ZONE coalesce(zone, 'UTC'))::date
	$$, 'recency_days counts calendar days between local dates, in any zone');
SELECT is(recency_days(pg_temp.of(1), '2026-01-02 23:59:59'), 0, 'the zone is UTC when none is named');
SELECT is(recency_days(pg_temp.of(1), '2026-01-01 23:59:59'), -1, 'negative for an order after as_of');

-- --- customer-level figures

SELECT is(rfm(first_order_at(s), last_order_at(s), orders(s), amount(s)), s, 'the constructor takes what the accessors give')
	FROM (SELECT rfm(s) AS s FROM summary) x;
SELECT is_empty($$
	SELECT s FROM summary
	 WHERE rfm_send(rfm(first_order_at(s), last_order_at(s), orders(s), amount(s))) <> rfm_send(s)
	$$, 'for every customer, byte by byte');
SELECT is(rfm(NULL, '2026-01-05', 3, 9)::text,
	'{"first_order_at":null,"last_order_at":"2026-01-05T00:00:00Z","orders":3,"amount":9}',
	'the first order may be unknown ...');
SELECT is(rfm(NULL, '2026-01-05', 3, 9) + rfm('2026-01-01', '2026-01-07', 1, 1), rfm(NULL, '2026-01-07', 4, 10),
	'... and stays so');
SELECT is(rfm(NULL, '2026-01-05', 3, 9) + rfm(NULL, NULL, 0, -1), rfm(NULL, '2026-01-05', 3, 8),
	'... but a refund does not ask');
SELECT is(pg_temp.of(5) + rfm(NULL, NULL, 0, 0), pg_temp.of(5), 'an empty summary adds nothing');
SELECT is(rfm(NULL, NULL, NULL, NULL), NULL, 'nothing known: null');

-- --- text, binary, jsonb

SELECT is_empty('SELECT s FROM summary WHERE rfm_send(s::text::rfm) <> rfm_send(s)', 'text and back: the same bytes');
SELECT is_empty('SELECT s FROM summary WHERE rfm_send(s::jsonb::rfm) <> rfm_send(s)', 'jsonb and back: the same bytes');
SELECT is_empty('SELECT s FROM summary WHERE s::text::jsonb <> s::jsonb', 'the text is JSON, the same as the jsonb');
CREATE TEMP TABLE copied (customer int, s rfm);
DO $$
DECLARE
	path text := current_setting('data_directory') || '/rfm_binary_' || pg_backend_pid();
BEGIN
	EXECUTE format('COPY (SELECT customer, s FROM summary) TO %L (FORMAT binary)', path);
	EXECUTE format('COPY copied FROM %L (FORMAT binary)', path);
	EXECUTE format('COPY (SELECT 1 WHERE false) TO %L', path);
END $$;
SELECT is_empty($$
	SELECT customer FROM copied c FULL JOIN summary s USING (customer) WHERE rfm_send(c.s) IS DISTINCT FROM rfm_send(s.s)
	$$, 'binary COPY out and in: the same bytes');

-- --- order and hash

SELECT ok(pg_temp.of(1.0) = pg_temp.of(1.00) AND rfm_hash(pg_temp.of(1.0)) = rfm_hash(pg_temp.of(1.00))
	  AND rfm_hash_extended(pg_temp.of(1.0), 7) = rfm_hash_extended(pg_temp.of(1.00), 7)
	  AND amount(pg_temp.of(1.00))::text = '1.00',
	'1.0 and 1.00 are the same amount, shown as they were given');
SELECT is_empty($$
	SELECT a.s, b.s FROM (SELECT s FROM summary LIMIT 120) a, (SELECT s FROM summary LIMIT 120) b
	 WHERE rfm_cmp(a.s, b.s) IS DISTINCT FROM CASE
		WHEN (coalesce(last_order_at(a.s), '-infinity'), orders(a.s), amount(a.s), coalesce(first_order_at(a.s), 'infinity'))
		   < (coalesce(last_order_at(b.s), '-infinity'), orders(b.s), amount(b.s), coalesce(first_order_at(b.s), 'infinity')) THEN -1
		WHEN (coalesce(last_order_at(a.s), '-infinity'), orders(a.s), amount(a.s), coalesce(first_order_at(a.s), 'infinity'))
		   > (coalesce(last_order_at(b.s), '-infinity'), orders(b.s), amount(b.s), coalesce(first_order_at(b.s), 'infinity')) THEN 1
		ELSE 0 END
		OR (a.s < b.s) <> (rfm_cmp(a.s, b.s) < 0) OR (a.s <= b.s) <> (rfm_cmp(a.s, b.s) <= 0)
		OR (a.s > b.s) <> (rfm_cmp(a.s, b.s) > 0) OR (a.s >= b.s) <> (rfm_cmp(a.s, b.s) >= 0)
		OR (a.s = b.s) <> (rfm_cmp(a.s, b.s) = 0) OR (a.s <> b.s) <> (rfm_cmp(a.s, b.s) <> 0)
	$$, 'ordered by last order, orders, amount, first order');
SELECT is_empty($$
	SELECT a, b FROM (VALUES (-3::numeric), (0), (0.00), (99999999999999999999999999999999999999),
		(9999999999999999999999999999999999999.9), (0.00000000000000000000000000000000000001), (10), (1e1), (1.5), (1.50)) x(a),
		(VALUES (-3::numeric), (0), (0.00), (99999999999999999999999999999999999999),
		(9999999999999999999999999999999999999.9), (0.00000000000000000000000000000000000001), (10), (1e1), (1.5), (1.50)) y(b)
	 WHERE sign(a - b) <> CASE WHEN a >= 0 AND b >= 0 THEN rfm_cmp(pg_temp.of(a), pg_temp.of(b)) ELSE sign(a - b) END
		OR (a = b AND rfm_hash(pg_temp.of(a)) <> rfm_hash(pg_temp.of(b)))
	$$, 'amounts of any scale compare as numbers');
CREATE TEMP TABLE unique_summary (s rfm PRIMARY KEY);
INSERT INTO unique_summary SELECT s FROM summary ON CONFLICT DO NOTHING;
SELECT is((SELECT count(*) FROM unique_summary), (SELECT count(DISTINCT s) FROM summary), 'summaries can be a key');

-- --- numeric, as it is stored

-- Every length, sign, weight and scale that fits.
CREATE TEMP TABLE figure AS
	SELECT (repeat('9', whole) || '.' || repeat(d, places))::numeric AS a
	  FROM generate_series(0, 38) whole, generate_series(0, 38) places, (VALUES ('0'), ('1'), ('9')) v(d)
	 WHERE whole + places BETWEEN 1 AND 38
	UNION ALL
	SELECT round((random() * power(10::numeric, e))::numeric, p)
	  FROM generate_series(-10, 20) e, generate_series(0, 17) p, generate_series(1, 3);
SELECT is_empty($$
	SELECT a FROM figure
	 WHERE amount(rfm('2026-01-01', '2026-01-01', 1, a))::text <> a::text
		OR amount(rfm(NULL, NULL, 0, -a))::text <> (-a)::text
		OR amount(rfm('2026-01-01', '2026-01-01', 1, a)::text::rfm)::text <> a::text
	$$, 'any amount of up to 38 digits comes back as it was given');
SELECT throws_ok(format('SELECT rfm(%L, %s)', timestamptz '2026-01-01', a), '22003', 'amount out of range', 'not ' || left(a, 30))
	FROM (VALUES ('1e38'), ('0.' || repeat('0', 38) || '1')) v(a);

SELECT * FROM finish();
ROLLBACK;
