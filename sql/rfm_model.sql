-- The types rfm_model and rfm_score, their functions and errors.
SET search_path = contact_pressure, public;
SET TimeZone = 'UTC';
\pset format unaligned

-- a statement, then its result; or SQLSTATE and message, detail, hint
CREATE FUNCTION pg_temp.try(statement text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	result text; detail text; hint text;
BEGIN
	EXECUTE 'SELECT ' || statement INTO result;
	RETURN format(E'> %s\n  %s', statement, coalesce(result, 'NULL'));
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN format(E'> %s\n  %s %s', statement, SQLSTATE, SQLERRM) ||
		CASE WHEN detail <> '' THEN E'\n  ' || detail ELSE '' END ||
		CASE WHEN hint <> '' THEN E'\n  ' || hint ELSE '' END;
END $$;

CREATE TEMP TABLE customer AS
	SELECT n, rfm('2025-01-01', timestamptz '2026-01-01' - n * n * interval '1 day', 1 + n % 4, round(n * 10.1, 2)) AS s
	FROM generate_series(0, 12) n;
SELECT method, rfm_model(s, '2026-01-01', 3, method) FROM customer, unnest(ARRAY['disc', 'cont', 'r_rfm', 'rank']) method
GROUP BY method ORDER BY method;
SELECT rfm_model(s, '2026-01-01 10:00+10', 2, 'disc', 'australia/sydney') FROM customer;
SELECT b.* FROM (SELECT rfm_model(s, '2026-01-01', 4) AS m FROM customer) x, rfm_model_bins(m) b;
SELECT b.* FROM (SELECT rfm_model(s, '2026-01-01', 2, 'r_rfm') AS m FROM customer) x, rfm_model_bins(m) b;
SELECT string_agg(concat(n, ':', rfm_score(s, m, '2026-01-01')), ' ' ORDER BY n) FROM customer, (SELECT rfm_model(s, '2026-01-01') AS m FROM customer) x;

-- own cut points
SELECT rfm_model(ARRAY[30, 90, 180.5, 365], ARRAY[1, 2, 4, 8], ARRAY[50, 100, 200, 500]);
SELECT rfm_model(ARRAY[30], ARRAY[1, 2, 3, 4, 5, 6, 7, 8], ARRAY[0.1, 1e300], method => 'R_RFM', zone => 'europe/berlin');
SELECT '{"monetary": [10, 20], "frequency":[1], "recency": [7], "customers": 3, "as_of": "2026-01-01T01:00+01:00",
	"method": "cont", "zone": "utc", "population": {"recency": [1, 2], "frequency": [0, 3], "monetary": [1, 1, 1]}}'::rfm_model;
SELECT '{"monetary": [10], "frequency":[1], "recency": [7]}'::jsonb::rfm_model::jsonb;
SELECT rfm_model_send(rfm_model(ARRAY[30], ARRAY[1], ARRAY[50]));

-- errors: text
SELECT pg_temp.try(format('%L::rfm_model', s)) FROM unnest(ARRAY[
	'', '{}', '{"recency": [1], "frequency": [1]}',
	'{"recency": [2, 1], "frequency": [1], "monetary": [1]}',
	'{"recency": [], "frequency": [1], "monetary": [1]}',
	'{"recency": [1], "frequency": [1,2,3,4,5,6,7,8,9], "monetary": [1]}',
	'{"recency": [1], "frequency": [1], "monetary": [1e999]}',
	'{"recency": [1], "frequency": [1], "monetary": ["NaN"]}',
	'{"recency": [1], "frequency": [1], "monetary": [1], "method": "ntile"}',
	'{"recency": [1], "frequency": [1], "monetary": [1], "zone": "Mars/Olympus"}',
	'{"recency": [1], "frequency": [1], "monetary": [1], "as_of": "infinity"}',
	'{"recency": [1], "frequency": [1], "monetary": [1], "bins": 2}',
	'{"recency": [1], "frequency": [1], "monetary": [1], "customers": 2}',
	'{"recency": [1], "frequency": [1], "monetary": [1], "customers": 2, "population": {"recency": [1, 1], "frequency": [1, 1], "monetary": [1]}}',
	'{"recency": [1], "frequency": [1], "monetary": [1], "customers": 2, "population": {"recency": [1, 1], "frequency": [1, 1], "monetary": [1, 2]}}',
	'{"recency": [1], "frequency": [1], "monetary": [1], "customers": -2}'
]) AS s;

-- errors: constructor and aggregate
SELECT pg_temp.try(s) FROM unnest(ARRAY[
	$$rfm_model(ARRAY[2, 1], ARRAY[1], ARRAY[1])$$,
	$$rfm_model(ARRAY[1], ARRAY['NaN']::float8[], ARRAY[1])$$,
	$$rfm_model(ARRAY[1], ARRAY[1], '{1, Infinity}'::float8[])$$,
	$$rfm_model(ARRAY[1], ARRAY[1, NULL], ARRAY[1])$$,
	$$rfm_model(ARRAY[1], ARRAY[[1, 2], [3, 4]], ARRAY[1])$$,
	$$rfm_model(ARRAY[]::float8[], ARRAY[1], ARRAY[1])$$,
	$$rfm_model(ARRAY[1], ARRAY[1, 2, 3, 4, 5, 6, 7, 8, 9], ARRAY[1])$$,
	$$rfm_model(ARRAY[1], ARRAY[1], ARRAY[1], 'quintile')$$,
	$$rfm_model(ARRAY[1], ARRAY[1], ARRAY[1], 'custom', 'EST5EDT6')$$,
	$$rfm_model(ARRAY[1], NULL, ARRAY[1])$$,
	$$rfm_model(s, '2026-01-01', 1) FROM customer$$,
	$$rfm_model(s, '2026-01-01', 10) FROM customer$$,
	$$rfm_model(s, '2026-01-01', 5, 'ntile') FROM customer$$,
	$$rfm_model(s, '2026-01-01', 5, 'custom') FROM customer$$,
	$$rfm_model(s, '2026-01-01', 5, 'disc', 'Nowhere') FROM customer$$,
	$$rfm_model(s, 'infinity') FROM customer$$,
	$$rfm_model(s, '2025-12-31') FROM customer$$,
	$$rfm_model(s, timestamptz '2026-01-01' + n * interval '1 day') FROM customer$$,
	$$rfm_model(s, '2026-01-01', 2 + n % 2) FROM customer$$,
	$$rfm_model(s, '2026-01-01', 5, CASE n WHEN 3 THEN 'cont' ELSE 'disc' END) FROM customer$$,
	$$rfm_model(s, '2026-01-01', 5, 'disc', CASE n WHEN 3 THEN 'Europe/Paris' ELSE 'UTC' END) FROM customer$$,
	$$rfm_model(s, '2026-01-01', 5, CASE n WHEN 3 THEN 'Disc' ELSE 'disc' END) = rfm_model(s, '2026-01-01') FROM customer$$,
	$$rfm_score(s, rfm_model(ARRAY[1], ARRAY[1], ARRAY[1]), '2025-12-31') FROM customer$$,
	$$rfm_score(s, rfm_model(ARRAY[1], ARRAY[1], ARRAY[1]), 'infinity') FROM customer$$
]) AS s;

-- scores
SELECT '543'::rfm_score, ' 111 '::rfm_score, recency_score('543'), frequency_score('543'), monetary_score('543'), rfm_total('543'), rfm_total('999');
SELECT rfm_letters('555'), rfm_letters('543'), rfm_letters('111'), rfm_letters('999', 9), rfm_letters('321', 3),
	rfm_letters('321', rfm_model(ARRAY[1, 2], ARRAY[1], ARRAY[1]));
SELECT string_agg(s::text, ' ' ORDER BY s DESC), min(s::text), count(DISTINCT s) FROM unnest('{111,555,543,345,999,543}'::rfm_score[]) s;
SELECT '543'::rfm_score < '544' AS lt, '543'::rfm_score <= '543' AS le, '543'::rfm_score > '544' AS gt, '543'::rfm_score >= '543' AS ge,
	'543'::rfm_score = '543' AS eq, '543'::rfm_score <> '543' AS ne, rfm_score_cmp('543', '345') > 0 AS cmp, rfm_score_send('543');
SELECT pg_temp.try(s) FROM unnest(ARRAY[
	$$'54'::rfm_score$$, $$'5432'::rfm_score$$, $$'503'::rfm_score$$, $$'5 3'::rfm_score$$, $$''::rfm_score$$, $$'-43'::rfm_score$$, $$'abc'::rfm_score$$,
	$$rfm_letters('666')$$, $$rfm_letters('543', 4)$$, $$rfm_letters('222', 1)$$, $$rfm_letters('222', 10)$$,
	$$rfm_letters('333', rfm_model(ARRAY[1, 2], ARRAY[1], ARRAY[1]))$$, $$rfm_letters(NULL)$$, $$recency_score(NULL)$$
]) AS s;

-- when a score changes
SELECT t, rfm_score(s, m, t), rescore_at(s, m, t)
FROM (SELECT rfm(NULL, '2026-01-01 23:59Z', 3, 100) AS s, rfm_model(ARRAY[30, 90, 90.5], ARRAY[1, 2], ARRAY[50]) AS m) x,
	 unnest('{2026-01-02, 2026-01-31 23:59:59.999999Z, 2026-02-01, 2026-04-02}'::timestamptz[]) t;
SELECT rescore_at(rfm(NULL, '2026-02-06 12:00Z', 1, 1), rfm_model(ARRAY[29], ARRAY[1], ARRAY[1], zone => 'America/Havana'), '2026-03-01') AS no_midnight;
SELECT pg_temp.try(s) FROM unnest(ARRAY[
	$$rescore_at(s, m, '2026-01-01') FROM customer, (SELECT rfm_model(s, '2026-01-01') AS m FROM customer) x WHERE n = 3$$,
	$$rescore_at(rfm(NULL, NULL, 0, -1), m, '2026-01-01') FROM (SELECT rfm_model(s, '2026-01-01') AS m FROM customer) x$$,
	$$rescore_at(s, m, '2025-01-01') FROM customer, (SELECT rfm_model(s, '2026-01-01') AS m FROM customer) x WHERE n = 3$$,
	$$rescore_at(s, m, 'infinity') FROM customer, (SELECT rfm_model(s, '2026-01-01') AS m FROM customer) x WHERE n = 3$$,
	$$rescore_at(s, NULL, '2026-01-01') FROM customer WHERE n = 3$$
]) AS s;

-- errors: binary (a COPY of one column, from bytes)
CREATE FUNCTION pg_temp.receive(type regtype, bytes bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	path text := current_setting('data_directory') || '/rfm_bytes_' || pg_backend_pid();
	result text;
	hint text;
BEGIN
	EXECUTE format('CREATE TEMP TABLE received (v %s)', type);
	-- a large object is the way to write bytes to a file
	PERFORM lo_from_bytea(4242, '\x5047434f50590aff0d0a00' || int4send(0) || int4send(0) || int2send(1::int2)
		|| int4send(length(bytes)) || bytes || int2send((-1)::int2));
	PERFORM lo_export(4242, path), lo_unlink(4242);
	BEGIN
		EXECUTE format('COPY received FROM %L (FORMAT binary)', path);
		EXECUTE 'SELECT v::text FROM received' INTO result;
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
		result := SQLSTATE || ' ' || SQLERRM || CASE WHEN hint <> '' THEN ' ' || hint ELSE '' END;
	END;
	EXECUTE format('COPY (SELECT 1 WHERE false) TO %L', path);
	DROP TABLE received;
	RETURN result;
END $$;
-- a method, a number of bins, a threshold, the zone that there are not; cut off
SELECT pg_temp.receive('rfm_model', b) FROM rfm_model_send(rfm_model(ARRAY[30], ARRAY[1], ARRAY[50])) AS good,
	LATERAL unnest(ARRAY[good, '\x', substring(good FROM 1 FOR 20), substring(good FROM 1 FOR length(good) - 1),
		set_byte(good, 0, 2), set_byte(good, 1, 1), set_byte(good, 2, 5), set_byte(good, 3, 1), set_byte(good, 4, 10),
		set_byte(good, 5, 0), overlay(good PLACING '\x7ff8000000000000' FROM 23 FOR 8), set_byte(good, 14, 127), good || '\x00', good || 'x'
	]) WITH ORDINALITY AS u(b, n) ORDER BY n;
SELECT pg_temp.receive('rfm_score', b) FROM unnest(ARRAY['\x021f', '\x0000', '\x006f', '\x03e8', '\x00c8', '\x01', '\xffff']::bytea[]) WITH ORDINALITY AS u(b, n) ORDER BY n;
