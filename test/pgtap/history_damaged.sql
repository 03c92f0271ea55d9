-- Bytes that are no history, stored or sent: an error, never anything else.

BEGIN;
SET search_path = contact_pressure, public;
SET timezone = 'UTC';
SET client_min_messages = warning;
SELECT plan(8);
SELECT setseed(0.2718) IS NOT NULL AS seeded \gset

-- The stored bytes, as bytea and back.
CREATE CAST (contact_history AS bytea) WITHOUT FUNCTION;
CREATE CAST (bytea AS contact_history) WITHOUT FUNCTION;

CREATE TEMP TABLE sound AS
SELECT row_number() OVER () AS n, h FROM (
	SELECT '[]'::contact_history AS h
	UNION ALL
	SELECT contact_history(timestamptz '2026-01-01' + i * interval '7 hours 13 seconds', 'a', 'b') FROM generate_series(1, 3) AS i
	UNION ALL
	SELECT contact_history(timestamptz '2026-01-01' + random() * interval '90 days', (array['email', 'sms'])[i % 2 + 1],
						   (array['promo', NULL, 'otp'])[i % 3 + 1], i % 4, (array['sent', 'opened', 'planned'])[i % 3 + 1])
	  FROM generate_series(1, 200) AS i GROUP BY i % 10
	UNION ALL
	SELECT set_outcome(h, last_contact_at(h), 'email', 'promo', 'clicked', '2026-05-01 00:00+00')
	  FROM (SELECT contact_history(timestamptz '2026-01-01' + i * interval '1 day', 'email', 'promo') AS h FROM generate_series(1, 20) AS i) AS s) AS s;
INSERT INTO sound SELECT n + 100, trim_contacts(h, '2026-02-01 00:00+00') FROM sound;
INSERT INTO sound SELECT n + 1000, a.h || b.h FROM (SELECT h FROM sound WHERE n = 104) AS a, sound b WHERE n > 100;

SELECT is_empty('SELECT n FROM sound WHERE h::bytea::contact_history <> h', 'stored bytes are what they are');

-- One to three bytes changed, or an end cut off, or something added.
CREATE FUNCTION pg_temp.damage(bytes bytea) RETURNS bytea LANGUAGE plpgsql AS $$
BEGIN
	IF random() < 0.2 THEN
		RETURN substr(bytes, 1, floor(random() * length(bytes))::int);
	ELSIF random() < 0.1 THEN
		RETURN bytes || substr(bytes, 1 + floor(random() * length(bytes))::int);
	END IF;
	FOR i IN 1 .. 1 + floor(random() * 3)::int LOOP
		bytes := set_byte(bytes, floor(random() * length(bytes))::int,
						  CASE WHEN random() < 0.5 THEN floor(random() * 256)::int ELSE (array[0, 1, 127, 128, 255])[1 + floor(random() * 5)::int] END);
	END LOOP;
	RETURN bytes;
END $$;

-- Everything that looks at a history; the SQLSTATE or 00000.
CREATE FUNCTION pg_temp.ask(h contact_history) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	states text[];
	question text;
BEGIN
	FOREACH question IN ARRAY array[
		'SELECT $1::text::contact_history::text', 'SELECT contact_history_send($1)', 'SELECT $1::jsonb',
		'SELECT count(*) FROM unnest($1)', 'SELECT cardinality($1)', 'SELECT $1 || ''[]''', 'SELECT $1 || $1',
		'SELECT add_contact($1, ''2026-03-01 00:00+00'', ''email'')', 'SELECT remove_contact($1, coalesce(last_contact_at($1), ''2026-01-01 00:00+00''), ''email'', ''promo'')',
		'SELECT trim_contacts($1, ''2026-03-01 00:00+00'')', 'SELECT contact_count($1, ''30 days'', ''2026-03-01 00:00+00'')',
		'SELECT contact_pressure($1, ''1 month'', ''2026-03-01 00:00+00'', ''email'', zone => ''Europe/Amsterdam'')',
		'SELECT contact_peak($1, ''1 month'')', 'SELECT last_contact_at($1, ''email'')', 'SELECT unanswered($1)',
		'SELECT contact_history(h) FROM (VALUES ($1), ($1)) AS v(h)', 'SELECT $1 = $1, contact_history_hash($1)'] LOOP
		BEGIN
			EXECUTE question USING h;
			states := states || text '00000';
		EXCEPTION WHEN OTHERS THEN
			states := states || SQLSTATE::text;
		END;
	END LOOP;
	RETURN states;
END $$;

CREATE TEMP TABLE damaged AS
SELECT n, pg_temp.damage(h::bytea)::contact_history AS h FROM sound, generate_series(1, 12);
CREATE TEMP TABLE answer AS
SELECT n, state FROM damaged, unnest(pg_temp.ask(h)) AS state;
SELECT is_empty($$SELECT state, count(*) FROM answer WHERE state NOT IN ('00000', 'XX001', '55000', '02000') GROUP BY state$$,
	'damaged bytes are found out, or taken for another history, or too little of one is left');
SELECT cmp_ok((SELECT count(*) FILTER (WHERE state = 'XX001') FROM answer), '>', (SELECT count(*) / 4 FROM answer), 'often enough');
SELECT is_empty($$
	SELECT n, array_agg(DISTINCT state) FROM sound, unnest(pg_temp.ask(h)) AS state
	 WHERE state NOT IN ('00000', '55000', '02000') GROUP BY n
	$$, 'sound ones are never called damaged');
SELECT is_empty($$
	SELECT n FROM damaged WHERE (pg_temp.ask(h))[1] = '00000' AND h::text::contact_history::text <> h::text
	$$, 'what is written can be read');

-- --- the wire form

CREATE FUNCTION pg_temp.receive(bytes bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	large oid;
	file text := current_setting('data_directory') || '/damaged.copy';
	frame bytea := '\x5047434f50590aff0d0a0000000000000000000001';
BEGIN
	frame := frame || int4send(length(bytes)) || bytes || '\xffff';
	large := lo_from_bytea(0, frame);
	PERFORM lo_export(large, file);
	PERFORM lo_unlink(large);
	EXECUTE format('COPY received FROM %L (FORMAT binary)', file);
	RETURN '00000';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
CREATE TEMP TABLE received (h contact_history);
CREATE TEMP TABLE sent AS
SELECT n, pg_temp.receive(contact_history_send(h)) AS sound, pg_temp.receive(pg_temp.damage(contact_history_send(h))) AS damaged
  FROM sound, generate_series(1, 8);
SELECT is_empty('SELECT DISTINCT sound FROM sent WHERE sound <> $$00000$$', 'what was sent is received');
SELECT is_empty($$SELECT damaged, count(*) FROM sent WHERE damaged NOT IN ('00000', '22P03', '54000') GROUP BY damaged$$,
	'what is damaged on the way is refused, or is another history');
SELECT is_empty('SELECT h FROM received WHERE h::text::contact_history <> h', 'which then is a good one');

SELECT * FROM finish();
ROLLBACK;
