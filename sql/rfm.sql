-- The type rfm, its aggregates and functions, and their errors.
SET search_path = contact_pressure, public;
SET TimeZone = 'Europe/Amsterdam';
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

-- from orders; the refund is neither order nor date
CREATE TABLE shop_order (customer text, ordered_at timestamptz, amount numeric);
INSERT INTO shop_order VALUES
	('ann', '2026-01-05 11:00+01', 20.00), ('ann', '2026-03-01 17:30+01', 103.5),
	('ann', '2026-03-02 09:00+01', -3.5), ('bob', '2026-02-28 23:30+01', 0),
	('cas', '2026-02-01 12:00+01', -10), ('dot', NULL, 5), ('dot', '2026-01-01 00:00+01', NULL);
SELECT customer, rfm(ordered_at, amount) FROM shop_order GROUP BY customer ORDER BY customer;
SELECT customer, first_order_at(r), last_order_at(r), orders(r), amount(r), round(average_order(r), 4) AS average,
	recency_days(r, '2026-03-10 00:30+01') AS days, recency_days(r, '2026-03-10 00:30+01', 'Europe/Amsterdam') AS local_days
FROM (SELECT customer, rfm(ordered_at, amount) AS r FROM shop_order GROUP BY customer) s ORDER BY customer;
SELECT rfm(r) FROM (SELECT rfm(ordered_at, amount) AS r FROM shop_order GROUP BY customer) s;
SELECT rfm('2026-01-05 11:00+01', '2026-03-01 17:30+01', 2, 120) + rfm(NULL, NULL, 0, -1.25);

-- text, in any order and spelling; to jsonb and back
SELECT '{"amount": 1.50e1, "orders": 2, "last_order_at": "2026-03-01T17:30:00+01:00",
	"first_order_at": "2026-01-05 10:00Z"}'::rfm;
SELECT '{"orders": 0, "amount": 0}'::rfm;
SELECT '{"orders": 7, "amount": -3.10, "first_order_at": null, "last_order_at": "9999-12-31T23:59:59.999999Z"}'::rfm;
SELECT rfm(NULL, '2026-03-01', 9223372036854775807, 99999999999999999999999999999999999999)::jsonb;
SELECT '{"orders": 1, "amount": 5.00, "last_order_at": "2026-01-01T00:00:00Z"}'::jsonb::rfm;
SELECT rfm_send('{"orders": 1, "amount": -1.23, "last_order_at": "2000-01-01T00:00:01Z", "first_order_at": "2000-01-01T00:00:00Z"}');

-- order
SELECT r FROM (VALUES (rfm('2026-01-01Z', '2026-01-02Z', 2, 10)), (rfm('2026-01-01Z', '2026-01-03Z', 1, 1)),
	(rfm('2026-01-01Z', '2026-01-02Z', 3, 1)), (rfm('2026-01-01Z', '2026-01-02Z', 2, 10.00)), (rfm(NULL, NULL, 0, -1))) v(r) ORDER BY r, r::text;
SELECT count(DISTINCT r) FROM (VALUES (rfm('2026-01-01Z', '2026-01-02Z', 2, 10)), (rfm('2026-01-01Z', '2026-01-02Z', 2, 10.00))) v(r);

-- errors: text
SELECT pg_temp.try(s) FROM unnest(ARRAY[
	$$''::rfm$$,
	$$'null'::rfm$$,
	$$'[]'::rfm$$,
	$$'{}'::rfm$$,
	$$'{"orders": 1}'::rfm$$,
	$$'{"orders": 1, "amount": 2}'::rfm$$,
	$$'{"orders": 1.5, "amount": 2}'::rfm$$,
	$$'{"orders": -1, "amount": 2}'::rfm$$,
	$$'{"orders": 1, "orders": 1, "amount": 2}'::rfm$$,
	$$'{"orders": 1, "amount": 2, "average": 2}'::rfm$$,
	$$'{"orders": 1, "amount": "2"}'::rfm$$,
	$$'{"orders": 0, "amount": 2}'::rfm$$,
	$$'{"orders": 0, "amount": 0, "last_order_at": "2026-01-01T00:00:00Z"}'::rfm$$,
	$$'{"orders": 1, "amount": 2, "last_order_at": "2026-01-01T00:00:00"}'::rfm$$,
	$$'{"orders": 1, "amount": 2, "last_order_at": "2026-01-01T00:00:00Z", "first_order_at": "2026-01-02T00:00:00Z"}'::rfm$$,
	$$'{"orders": 1, "amount": 1e38, "last_order_at": "2026-01-01T00:00:00Z"}'::rfm$$,
	$$'{"orders": 1, "amount": 1e-39, "last_order_at": "2026-01-01T00:00:00Z"}'::rfm$$,
	$$'{"orders": 9223372036854775808, "amount": 1, "last_order_at": "2026-01-01T00:00:00Z"}'::rfm$$,
	$$'{"orders": 1, "amount": 1, "last_order_at": "2026-01-01T00:00:00Z"} x'::rfm$$,
	$$'[1]'::jsonb::rfm$$
]) AS s;

-- errors: amounts
SELECT pg_temp.try(s) FROM unnest(ARRAY[
	$$rfm('2026-01-01Z', amount) FROM (VALUES (1), ('NaN'::numeric)) v(amount)$$,
	$$rfm('2026-01-01Z', amount) FROM (VALUES (1), ('Infinity'::numeric)) v(amount)$$,
	$$rfm('2026-01-01Z', '2026-01-01Z', 1, '-Infinity')$$,
	$$rfm('2026-01-01Z', 1e38)$$,
	$$rfm('2026-01-01Z', 0.000000000000000000000000000000000000001)$$,
	$$rfm('2026-01-01Z', amount) FROM (VALUES (99999999999999999999999999999999999999), (1)) v(amount)$$,
	$$rfm('2026-01-01Z', amount) FROM (VALUES (1e30), (0.000000001)) v(amount)$$,
	$$amount(rfm('2026-01-01Z', amount)) FROM (VALUES (99999999999999999999999999999999999999), (-1)) v(amount)$$,
	$$rfm(NULL, NULL, 0, -99999999999999999999999999999999999999) + rfm(NULL, NULL, 0, -1)$$
]) AS s;

-- errors: times and numbers
SELECT pg_temp.try(s) FROM unnest(ARRAY[
	$$rfm('infinity', 1)$$,
	$$rfm('-infinity', -1)$$,
	$$rfm('4713-01-01 BC', 1)$$,
	$$rfm('12026-01-01', 1)$$,
	$$rfm('2026-01-01Z', '2026-01-01Z', -1, 1)$$,
	$$rfm('2026-01-01Z', NULL, 1, 1)$$,
	$$rfm('2026-01-02Z', '2026-01-01Z', 1, 1)$$,
	$$rfm('2026-01-01Z', '2026-01-01Z', 0, 0)$$,
	$$rfm(NULL, NULL, 0, 1)$$,
	$$rfm('2026-01-01Z', 'infinity', 1, 1)$$,
	$$rfm('2026-01-01Z', '2026-01-01Z', 9223372036854775807, 1) + rfm('2026-01-01Z', '2026-01-01Z', 1, 1)$$,
	$$recency_days(rfm('2026-01-01Z', '2026-01-01Z', 1, 1), 'infinity')$$,
	$$recency_days(rfm('2026-01-01Z', '2026-01-01Z', 1, 1), '2026-01-01Z', 'Europe/Atlantis')$$
]) AS s;

-- nulls
SELECT recency_days(r, '2026-01-01Z', NULL), recency_days(NULL, '2026-01-01Z'), recency_days(r, NULL), rfm(NULL, NULL, 1, NULL)
FROM rfm('2026-01-01Z', '2026-01-01Z', 1, 1) r;

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
SELECT pg_temp.receive('rfm', b) FROM rfm_send(rfm('2000-01-01 00:00Z', '2000-01-01 00:00:01Z', 1, -1.23)) AS good,
	LATERAL unnest(ARRAY[
		good,
		'\x',
		substring(good FROM 1 FOR 43),
		good || '\x00',
		set_byte(good, 0, 2),
		set_byte(good, 1, 1),
		set_byte(good, 3, 39),
		set_byte(good, 28, 127),
		set_byte(good, 20, 255),
		set_byte(good, 12, 127),
		set_byte(good, 4, 64)
	]) WITH ORDINALITY AS u(b, n) ORDER BY n;

DROP TABLE shop_order;
