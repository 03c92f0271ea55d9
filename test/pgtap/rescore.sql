-- rescore_at() against rfm_score() day by day and around clock changes: every
-- method, own cut points, zones without a midnight and with two.

BEGIN;
SET search_path = contact_pressure, public;
SET TimeZone = 'UTC';
SELECT plan(28);
SELECT setseed(0.5);

-- --- day by day, every method

CREATE TEMP TABLE customer AS
	SELECT p, n, rfm(NULL, timestamptz '2026-01-01' - floor(random() * random() * (10 + 8 * p)) * interval '1 day' - random() * interval '1 day', 1, 10) AS s
	  FROM generate_series(1, 12) p, generate_series(1, 2 + p * 3) n;
CREATE TEMP TABLE model AS
	SELECT p, method, rfm_model(s, '2026-01-01', 2 + p % 8, method) AS m
	  FROM customer, unnest(ARRAY['disc', 'cont', 'r_rfm', 'rank']) method GROUP BY p, method
	UNION ALL
	SELECT p, 'custom', rfm_model(ARRAY[p, p, p + 0.5, p * 10], ARRAY[1], ARRAY[1], k)
	  FROM generate_series(1, 12) p, (VALUES ('custom'), ('r_rfm')) v(k);
CREATE TEMP TABLE asked AS
	SELECT p, method, n, s, m, '2026-01-01'::timestamptz + (n * n) % 50 * interval '7 hours' AS as_of FROM model JOIN customer USING (p);
ALTER TABLE asked ADD got timestamptz, ADD want timestamptz;
UPDATE asked SET got = rescore_at(s, m, as_of), want = coalesce((
	SELECT min(day) FROM generate_series(date_trunc('day', as_of) + interval '1 day', as_of + interval '300 days', interval '1 day') AS day
	 WHERE rfm_score(s, m, day) <> rfm_score(s, m, as_of)), 'infinity');
SELECT is_empty(format('SELECT * FROM asked WHERE got <> want AND method = %L', k), 'the first day with another score, method ' || k)
  FROM unnest(ARRAY['disc', 'cont', 'r_rfm', 'rank', 'custom']) k;
SELECT is_empty($$
	SELECT * FROM asked WHERE got < 'infinity' AND
		(rfm_score(s, m, got) = rfm_score(s, m, as_of) OR rfm_score(s, m, got - interval '1 microsecond') <> rfm_score(s, m, as_of))
	$$, 'to the microsecond');
SELECT is_empty($$
	SELECT * FROM asked WHERE got < 'infinity' AND recency_score(rfm_score(s, m, got)) >= recency_score(rfm_score(s, m, as_of))
	$$, 'who does not buy falls');
SELECT ok(count(*) FILTER (WHERE got = 'infinity') > 100 AND count(*) FILTER (WHERE got < 'infinity') > 500, 'some stay, many change') FROM asked;

-- From one change to the next, every score that a customer will ever have.
SELECT is_empty($$
	WITH RECURSIVE change AS (
		SELECT p, method, n, s, m, as_of AS at FROM asked WHERE n <= 3
		UNION ALL
		SELECT p, method, n, s, m, rescore_at(s, m, at) FROM change WHERE rescore_at(s, m, at) < 'infinity')
	SELECT p, method, n, day FROM asked, generate_series(as_of, as_of + interval '300 days', interval '23 hours') AS day
	 WHERE n <= 3 AND rfm_score(s, m, day) <> (
		SELECT rfm_score(s, m, c.at) FROM change c WHERE c.p = asked.p AND c.method = asked.method AND c.n = asked.n AND c.m = asked.m AND c.at <= day
		 ORDER BY c.at DESC LIMIT 1)
	$$, 'from change to change: no score is missed');

-- --- around clock changes, half an hour by half an hour

CREATE TEMP TABLE around AS
	SELECT zone, change + b * interval '37 hours' + random() * interval '20 hours' AS last, change + a * interval '11 hours' + random() * interval '5 hours' AS as_of,
		   rfm_model(ARRAY[t, t + 1, t + 3], ARRAY[1], ARRAY[1], zone => zone) AS m
	  FROM (VALUES ('UTC', '2026-03-29 01:00Z'::timestamptz), ('Europe/Amsterdam', '2026-03-29 01:00Z'), ('Europe/Amsterdam', '2026-10-25 01:00Z'),
				('America/Havana', '2026-03-08 05:00Z'), ('America/Havana', '2026-11-01 05:00Z'), ('America/Sao_Paulo', '2017-10-15 03:00Z'),
				('America/Sao_Paulo', '2018-02-18 02:00Z'), ('America/St_Johns', '2010-11-07 02:31Z'), ('America/St_Johns', '2010-03-14 03:31Z'),
				('Pacific/Apia', '2011-12-30 10:00Z'), ('Pacific/Kwajalein', '1993-08-21 12:00Z'), ('Asia/Manila', '1844-12-31 00:00Z'),
				('America/Juneau', '1867-10-18 16:00Z'), ('Australia/Lord_Howe', '2026-04-04 15:00Z'), ('Asia/Kathmandu', '1985-12-31 18:30Z')) AS z(zone, change),
		   generate_series(-6, 6) a, generate_series(-4, -1) b, generate_series(-1, 6) t;
DELETE FROM around WHERE last > as_of;
ALTER TABLE around ADD s rfm, ADD got timestamptz;
UPDATE around SET s = rfm(NULL, last, 1, 10);
UPDATE around SET got = rescore_at(s, m, as_of);
SELECT is_empty($$
	SELECT zone, last, as_of, got FROM around, LATERAL (SELECT rfm_score(s, m, as_of) AS now) x
	 WHERE got <= as_of OR CASE WHEN got < 'infinity' THEN rfm_score(s, m, got) = now OR rfm_score(s, m, got - interval '1 microsecond') <> now END
	$$, 'around clock changes: another score there, the same before');
SELECT is_empty($$
	SELECT zone, last, as_of, got, t FROM around,
		generate_series(date_trunc('hour', as_of) + interval '30 minutes', least(got, as_of + interval '13 days') - interval '1 microsecond', interval '30 minutes') AS t
	 WHERE t > as_of AND rfm_score(s, m, t) <> rfm_score(s, m, as_of)
	$$, 'and nowhere between');
SELECT cmp_ok(count(DISTINCT (got AT TIME ZONE zone)::time), '>', 3::bigint, 'not every one of them is a midnight') FROM around WHERE got < 'infinity';

-- --- by hand

CREATE FUNCTION pg_temp.at(last timestamptz, as_of timestamptz, zone text DEFAULT 'UTC', days float8[] DEFAULT '{30}', method text DEFAULT 'custom')
RETURNS timestamptz LANGUAGE sql AS $$
	SELECT rescore_at(rfm(NULL, last, 1, 10), rfm_model(days, ARRAY[1], ARRAY[1], method, zone), as_of)
$$;
SELECT is(pg_temp.at('2026-01-01 23:59Z', '2026-01-02 12:00Z'), '2026-02-01', 'more than 30 days ago: from the 31st day on');
SELECT is(pg_temp.at('2026-01-01 23:59Z', '2026-01-02 12:00Z', method => 'r_rfm'), '2026-01-31', 'r_rfm: 30 days are enough');
SELECT is(pg_temp.at('2026-01-01', '2026-01-02', days => '{30.5}', method => m), '2026-02-01', 'half a day never comes alone, method ' || m)
  FROM unnest(ARRAY['custom', 'r_rfm']) m;
SELECT is(pg_temp.at('2026-01-01', '2026-02-01 00:00Z', days => '{30, 30, 30, 90}'), '2026-04-02', 'thresholds that are equal are passed together');
SELECT is(pg_temp.at('2026-01-01', '2026-01-31 23:59:59.999999Z'), '2026-02-01', 'a microsecond before');
SELECT is(pg_temp.at('2026-01-01', '2026-02-01'), 'infinity', 'the lowest score stays');
SELECT is(pg_temp.at('2026-01-01', '2026-01-01', days => '{-5, 1e300}'), 'infinity', 'thresholds that days cannot reach');
SELECT is(pg_temp.at('9999-12-20', '9999-12-21', days => '{11, 12}'), 'infinity', 'and not before the year 10000');
SELECT is(pg_temp.at('9999-12-20', '9999-12-21', days => '{10}'), '9999-12-31', 'but on its eve');
SELECT is(pg_temp.at('2026-02-06 12:00Z', '2026-03-01', 'America/Havana', '{29}'), '2026-03-08 05:00Z', 'a midnight that does not exist: the clock goes to one o''clock');
SELECT is(array_agg(pg_temp.at('2010-10-08 12:00Z', t, 'America/St_Johns', '{29}') ORDER BY t),
	ARRAY['2010-11-07 02:30Z', '2010-11-07 02:31Z', '2010-11-07 03:30Z', 'infinity']::timestamptz[],
	'a clock set back over midnight: the day begins, ends and begins again')
  FROM unnest(ARRAY['2010-11-06 12:00Z', '2010-11-07 02:30:30Z', '2010-11-07 02:31Z', '2010-11-07 03:30Z']::timestamptz[]) t;
SELECT is(pg_temp.at('2011-12-01 12:00Z', '2011-12-29 12:00Z', 'Pacific/Apia', '{28}'), '2011-12-30 10:00Z', 'a day that does not exist: the next one');

-- --- nobody to score

SELECT is(rescore_at(rfm(NULL, NULL, 0, -5), m, '2026-01-01'), 'infinity', 'no order: no score, now and later') FROM model WHERE p = 1 AND method = 'disc';
SELECT throws_ok($$SELECT rescore_at(rfm(NULL, '2026-01-02', 1, 1), m, '2026-01-01') FROM model WHERE p = 1 AND method = 'disc'$$,
	'22023', 'a summary with an order after as_of cannot be scored', 'an order to come: an error as for the score');
SELECT is(count(rescore_at(s, m, t)), 0::bigint, 'NULL for NULL')
  FROM (VALUES (NULL::rfm, rfm_model(ARRAY[1], ARRAY[1], ARRAY[1]), '2026-01-01'::timestamptz), (rfm(NULL, '2026-01-01', 1, 1), NULL, '2026-01-01'),
		(rfm(NULL, '2026-01-01', 1, 1), rfm_model(ARRAY[1], ARRAY[1], ARRAY[1]), NULL)) v(s, m, t);

SELECT * FROM finish();
ROLLBACK;
