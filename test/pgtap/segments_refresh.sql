-- The calendar, models and maps move people; prospects, moves by hand, pins,
-- merges, erasure; jobs; who may do what.  test/segments/run has the procedures
-- themselves, which commit: here is what they are made of.

BEGIN;
-- they all write the same tables: one after the other
LOCK TABLE contact_pressure.policy;
SET search_path = public, contact_pressure, pg_catalog;
SET TimeZone = 'UTC';
SET client_min_messages = warning;
SET jit = off;

SELECT no_plan();

-- What refresh_base() does, in one transaction: what it looked at, how many.
CREATE FUNCTION pg_temp.refresh(as_of timestamptz, batch integer DEFAULT 7) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	everybody constant boolean := begin_refresh(as_of);
	pass text;
	b record;
	done text[];
	moved bigint;
BEGIN
	FOREACH pass IN ARRAY CASE WHEN everybody THEN '{everybody}' ELSE '{}'::text[] END || '{calendar}'
		|| CASE WHEN (SELECT segment_map_has_groups(map) FROM segment_model ORDER BY version DESC LIMIT 1)
		   THEN '{engagement}' ELSE '{}'::text[] END LOOP
		moved := 0;
		FOR b IN SELECT p.*, cardinality(p.ids) AS n FROM people_to_refresh(pass, as_of, batch) AS p LOOP
			moved := moved + (SELECT r.moved FROM refresh_batch(b.ids, as_of) AS r);
		END LOOP;
		done := done || format('%s %s moved %s', pass, coalesce(b.total, 0), moved);
		b := NULL;
	END LOOP;
	UPDATE segment_model SET applied_at = now() WHERE applied_at IS NULL;
	RETURN array_to_string(done, ', ');
END
$$;
CREATE FUNCTION pg_temp.was(id text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(format('%s %s>%s', why, coalesce(from_segment, '-'), coalesce(to_segment, '-')), ' ' ORDER BY change_id)
	  FROM segment_change WHERE person_id = id
$$;
CREATE FUNCTION pg_temp.segment(id text) RETURNS text LANGUAGE sql AS 'SELECT segment FROM person WHERE person_id = $1';

-- --- names of segments

SELECT is(segment_name(name), want, format('segment_name(%L)', name))
  FROM (VALUES ('vip', 'vip'), (E' \t\n Loyal_2-b\r\n', 'loyal_2-b'), (repeat('a', 63), repeat('a', 63)), (NULL, NULL)) AS v(name, want);
SELECT throws_ok(format('SELECT segment_name(%L)', name), '22023', format('invalid segment: "%s"', name), format('no segment: %L', name))
  FROM unnest(ARRAY['', ' ', '1a', 'a b', 'ä', 'any', 'EACH', 'everyone', 'Default', 'preferences', repeat('a', 64)]) AS name;
SELECT lives_ok($$SELECT check_segment_map(rfm_segments()), check_segment_map(NULL)$$, 'people can be in the segments of the published map');
SELECT throws_ok($$SELECT check_segment_map('good: r 3-5; "Bad": r 2; else x')$$, '22023', 'invalid segment: "Bad"', 'not in one with capitals');
SELECT throws_ok($$SELECT check_segment_map('good: r 3-5; else default')$$, '22023', 'invalid segment: "default"', 'nor in one that is the rest of the policy');
SELECT is(segment_map_has_groups(map::segment_map), want, 'groups of engagement: ' || map)
  FROM (VALUES ('engaged: r 4-5; unresponsive: f 1; else contacted', false), (rfm_segments()::text, false),
		('a: r 1-2, unengaged; else b', true), ('a: never contacted; else b', true), ('a: r 1; b: fading | unresponsive; else c', true),
		('a: engaged; else b', true), ('a: uncontacted; else b', true)) AS v(map, want);

-- --- nobody, no model

SELECT lives_ok('CALL refresh_segments()', 'without a model there is nothing to refresh');
SELECT throws_ok('CALL refresh_segments(NULL)', '22004', NULL, 'as of when?');
SELECT throws_ok($$CALL refresh_segments('infinity')$$, '22008', NULL, 'not at the end of time');
SELECT throws_ok('CALL refresh_segments(batch => 0)', '22023', 'a batch has at least one row');
SELECT throws_ok('CALL fit_rfm_model()', '55000', 'there are no customers to fit a model to');
SELECT throws_ok('CALL fit_rfm_model(1)', '22023', NULL, 'a model of one bin');
SELECT throws_ok($$CALL fit_rfm_model(method => 'guess')$$, '22023', NULL, 'a method nobody knows');
SELECT throws_ok($$CALL fit_rfm_model(zone => 'Mars')$$, '22023', NULL, 'a zone nobody knows');
SELECT throws_ok($$CALL fit_rfm_model(prospects => 'every one')$$, '22023', 'invalid segment: "every one"');
SELECT throws_ok($$CALL fit_rfm_model(map => 'everyone: r 1; else x')$$, '22023', 'invalid segment: "everyone"');
SELECT throws_ok($$CALL put_segment_map('a: r 1; else b')$$, '55000', 'there is no model yet');
SELECT throws_ok($$CALL put_segment_map(NULL)$$, '22004', 'put_segment_map needs a map');
SELECT ok(put_person('early', known_since => '2020-01-01') AND pg_temp.segment('early') IS NULL, 'who is new is in no segment');
SELECT ok(pin_segment('pinned early', 'VIP') AND pg_temp.segment('pinned early') = 'vip', 'a segment can be pinned all the same');
SELECT ok(unpin_segment('pinned early') AND pg_temp.segment('pinned early') = 'vip', '... and nothing else is known when it is not any more');
SELECT is(pg_temp.was('pinned early'), 'pin ->vip', '... with a row for what moved');

-- --- a shop

CREATE SCHEMA shop;
CREATE TABLE shop.orders (id serial PRIMARY KEY, who text, at timestamptz, amount numeric);
CREATE INDEX ON shop.orders (who);
INSERT INTO shop.orders (who, at, amount)
SELECT 'c' || c, timestamptz '2026-01-01' - (c * 7 + n * 31) % 365 * interval '1 day', 10 * (1 + (c + n) % 20)
  FROM generate_series(1, 100) AS c, generate_series(0, c % 5) AS n;
SELECT is(track_purchases('shop.orders', 'who', 'at', 'amount'), 100::bigint, 'a hundred customers');
SELECT is((SELECT count(segment) FROM person WHERE person_id LIKE 'c%'), 0::bigint, '... and no model yet');
SELECT is(round(avg(recency_score(rfm_score(v.purchases, m, '2026-01-02'))), 1), 2.5, 'fit_customers() fits to all of them')
  FROM customer_value AS v, fit_customers('2026-01-02', 4, 'disc', 'UTC') AS m WHERE orders(v.purchases) > 0;
INSERT INTO shop.orders (who, at, amount) VALUES ('tomorrow', '2026-01-09', 5);
SELECT is((fit_customers('2026-01-02', 5, 'disc', 'UTC')::jsonb ->> 'customers')::int, 101, '... an order of tomorrow is one of today');
DELETE FROM shop.orders WHERE who = 'tomorrow';

SELECT ok(put_segment_model('model', rfm_model('{30,60,120,240}'::float8[], '{1,2,3,4}'::float8[], '{50,100,200,300}'::float8[]),
	'loyal top: r 4-5, f 2-5; fresh: r 4-5; cooling: r 2-3; else cold', 'prospects', '2026-01-02') > 0, 'a model is put');
SELECT is(pg_temp.refresh('2026-01-02'), 'everybody 103 moved 103, calendar 0 moved 0', 'everybody is moved to it');
SELECT is_empty('SELECT * FROM check_segments()', '... and is where the model says');
SELECT is(pg_temp.was('early'), 'model ->prospects', '... who never bought is a prospect');
SELECT is(pg_temp.segment('pinned early'), 'prospects', '... also who was pinned once');
SELECT is(pg_temp.refresh('2026-01-02'), 'calendar 0 moved 0', 'a second run has nothing to do');
SELECT is((SELECT count(*) FROM segment_change WHERE at <> '2026-01-02' AND why = 'model'), 0::bigint, 'in a replay, moves are of then');

-- --- the calendar

CREATE TEMP TABLE night AS
	SELECT d, (SELECT count(*) FROM customer_value WHERE due_at <= d) AS due,
		   pg_temp.refresh(d) AS did, (SELECT count(*) FROM customer_value) AS customers
	  FROM generate_series(timestamptz '2026-01-03', '2026-03-20', '1 day') AS d;
SELECT ok(bool_and(did LIKE 'calendar % moved %') AND max(split_part(did, ' ', 2)::int) < 40, 'a night looks at few of them') FROM night;
SELECT ok((SELECT sum(split_part(did, ' ', 4)::int) FROM night) = (SELECT count(*) FROM segment_change WHERE why = 'calendar'),
	'... and says how many moved');
SELECT is_empty('SELECT * FROM check_segments()', 'after all those nights everybody is where the model says');
SELECT is_empty($$
	SELECT person_id FROM customer_value, (SELECT model, map, prospects FROM segment_model ORDER BY version DESC LIMIT 1) AS m
	 WHERE segment IS DISTINCT FROM coalesce(rfm_segment(rfm_score(purchases, model, '2026-03-20'), map), prospects)
	$$, '... as of the last of them, too');
SELECT ok((SELECT max(cardinality(ids)) = 10 AND count(*) FILTER (WHERE cardinality(ids) < 10) <= 1 FROM people_to_refresh('calendar', '9999-01-01', 10)),
	'batches are of the size asked for');
SELECT ok((SELECT bool_and(ids = ARRAY(SELECT i FROM unnest(ids) AS i ORDER BY i COLLATE "C")) AND sum(cardinality(ids)) = max(total) AND max(total) = min(total)
			 FROM people_to_refresh('calendar', '9999-01-01', 10)), '... in the lock order, and the total is that of all');

-- back in time
CREATE TEMP TABLE forth AS SELECT person_id, score, segment FROM customer_value;
SELECT matches(pg_temp.refresh('2026-02-01'), '^everybody \d+ moved \d+, calendar 0 moved 0$', 'back in time everybody is looked at');
SELECT is_empty('SELECT * FROM check_segments()', '... and is where they were');
SELECT is(pg_temp.refresh('2026-02-01'), 'calendar 0 moved 0', '... once');
SELECT matches(pg_temp.refresh('2026-03-20'), '^calendar \d+ moved \d+$', 'and forth again');
SELECT results_eq('SELECT person_id, score, segment FROM customer_value ORDER BY 1', 'SELECT person_id, score, segment FROM forth ORDER BY 1', '... to the same');

-- a map alone
SELECT ok(put_segment_model('map', (SELECT model FROM segment_model ORDER BY version DESC LIMIT 1),
	'asleep: r 1-3, unengaged; good: r 3-5; else bad', 'leads', '2026-03-20') > 0, 'another map');
SELECT matches(pg_temp.refresh('2026-03-20'), '^everybody \d+ moved \d+, calendar 0 moved 0, engagement 0 moved 0$', '... moves everybody');
SELECT is((SELECT array_agg(DISTINCT why) FROM segment_change AS c WHERE version = (SELECT max(version) FROM segment_model)), '{map}', '... and says why');
SELECT is(pg_temp.segment('early'), 'leads', '... prospects, too');
SELECT is((SELECT array_agg(DISTINCT engagement) FROM customer_value WHERE orders(purchases) > 0), '{never_contacted}', 'it asks for the engagement');
CREATE TEMP TABLE low AS SELECT person_id FROM customer_value WHERE recency_score(score) = 1 ORDER BY 1 LIMIT 3;
SELECT is((SELECT count(record_contact(person_id, 'email', at => '2026-03-19')) FROM low), 3::bigint, 'three of the bad get a message');
SELECT matches(pg_temp.refresh('2026-03-21'), 'engagement 3 moved 3$', '... and are asleep as of the next night');
SELECT is((SELECT array_agg(DISTINCT pg_temp.segment(person_id)) FROM low), '{asleep}', '... those three');
SELECT is_empty('SELECT * FROM check_segments()', '... and all is well');
SELECT ok(put_segment_model('map', (SELECT model FROM segment_model ORDER BY version DESC LIMIT 1),
	'loyal top: r 4-5, f 2-5; fresh: r 4-5; cooling: r 2-3; else cold', 'prospects', '2026-03-21') > 0, 'the map of before');
SELECT isnt(pg_temp.refresh('2026-03-21'), NULL, '... is in force again');

-- --- who is new

SELECT ok(put_person('new 1') AND pg_temp.segment('new 1') = 'prospects', 'who is new is a prospect');
SELECT ok(put_person('new 2', known_since => '2020-01-01') AND pg_temp.segment('new 2') = 'prospects', '... also who has long been known elsewhere');
SELECT ok(put_person('new 3', segment => 'vip') AND pg_temp.segment('new 3') = 'vip', '... but for who has a segment');
SELECT ok(record_contact('new 4', 'email', at => '2026-01-01') > 0 AND pg_temp.segment('new 4') = 'prospects', '... who is written to');
SELECT ok(opt_out('new 5', 'any') = 0 AND pg_temp.segment('new 5') = 'prospects', '... who wants no messages');
INSERT INTO person (person_id, known_since, merged_into) VALUES ('as it was', '2026-01-01', NULL), ('gone as it was', now(), 'new 1');
SELECT ok(pg_temp.segment('as it was') IS NULL AND pg_temp.segment('gone as it was') IS NULL, 'rows of a restore stay as they are');
SELECT is(pg_temp.was('new 1'), NULL, 'nobody moved there');
INSERT INTO shop.orders (who, at, amount) VALUES ('new 1', '2026-03-21', 100), ('new 6', '2026-03-21', 100);
SELECT is(pg_temp.was('new 1'), 'purchase prospects>fresh', 'a first purchase moves a prospect');
SELECT is(pg_temp.was('new 6'), 'purchase ->fresh', '... and who was not known at all');
SELECT is((SELECT known_since FROM person WHERE person_id = 'new 6'), '2026-03-21', '... and is known since then');

-- --- by hand

SELECT ok(NOT put_person('new 1', segment => 'VIP ') AND pg_temp.was('new 1') = 'purchase prospects>fresh hand fresh>vip', 'a move by hand has a row');
SELECT ok((SELECT from_score = to_score AND at = '2026-03-21 00:00:00.000001' FROM segment_change WHERE person_id = 'new 1' AND why = 'hand'), '... with the score, and of then');
SELECT ok(NOT put_person('new 1', segment => 'vip') AND pg_temp.was('new 1') NOT LIKE '%vip%vip%', '... not when it is none');
UPDATE person SET segment = 'gold' WHERE person_id IN ('new 1', 'new 2');
SELECT is(pg_temp.was('new 2'), 'hand prospects>gold', '... whoever moves them');
INSERT INTO shop.orders (who, at, amount) VALUES ('new 1', '2026-03-21', 1);
SELECT is(pg_temp.was('new 1'), 'purchase prospects>fresh hand fresh>vip hand vip>gold purchase gold>top', 'the next purchase moves on');

-- --- pins

SELECT ok(pin_segment('new 1', ' VIP') AND pg_temp.segment('new 1') = 'vip', 'who is pinned');
SELECT ok(NOT pin_segment('new 1', 'vip'), '... is, and need not be again');
DELETE FROM shop.orders WHERE who = 'new 1' AND amount = 1;
SELECT is(pg_temp.segment('new 1'), 'vip', '... stays, whatever is bought');
SELECT is((SELECT segment FROM customer_value WHERE person_id = 'new 1'), 'fresh', '... and what it would be is known');
SELECT ok(pin_segment('new 1', 'gold') AND pg_temp.segment('new 1') = 'gold', '... or is pinned elsewhere');
SELECT isnt(pg_temp.refresh('2026-06-01'), NULL, 'a night later');
SELECT is(pg_temp.segment('new 1'), 'gold', '... it is still there');
SELECT is_empty('SELECT * FROM check_segments()', '... and all is well');
SELECT ok(unpin_segment('new 1') AND pg_temp.segment('new 1') = 'cooling', 'without the pin it goes where it belongs');
SELECT is(pg_temp.was('new 1'), 'purchase prospects>fresh hand fresh>vip hand vip>gold purchase gold>top pin top>vip pin vip>gold unpin gold>cooling', '... each with its row');
SELECT ok(NOT unpin_segment('new 1') AND NOT unpin_segment('nobody'), 'who is not pinned cannot be unpinned');
SELECT ok(pin_segment('new 2', 'gold') AND pg_temp.was('new 2') = 'hand prospects>gold', 'to be pinned where one is, is no move');
SELECT ok(unpin_segment('new 2') AND pg_temp.was('new 2') = 'hand prospects>gold unpin gold>prospects', '... who never bought goes back to the prospects');
SELECT ok(pin_segment(42::bigint, 'vip') AND pin_segment('00000000-0000-0000-0000-000000000001'::uuid, 'vip')
	AND unpin_segment(42::bigint) AND unpin_segment('00000000-0000-0000-0000-000000000001'::uuid), 'ids may be numbers and UUIDs');
SELECT is(pg_temp.segment('42') || pg_temp.segment('00000000-0000-0000-0000-000000000001'), 'prospectsprospects', '... who were not known and are prospects now');
SELECT throws_ok($$SELECT pin_segment('new 1', NULL)$$, '22004', 'pin_segment needs an id and a segment');
SELECT throws_ok($$SELECT pin_segment(NULL::text, 'vip')$$, '22004', 'pin_segment needs an id and a segment');
SELECT throws_ok($$SELECT pin_segment('new 1', 'default')$$, '22023', 'invalid segment: "default"');
SELECT is_empty('SELECT * FROM check_segments()', 'all is well');

-- --- two who are one

CREATE TEMP TABLE before AS SELECT person_id, purchases FROM customer_value;
SELECT is((SELECT count(merge_persons(a, b)) FROM (VALUES ('c1', 'c2'), ('c3', 'new 3'), ('new 4', 'c4'), ('c2', 'c5'), ('new 2', 'new 5')) AS v(a, b)), 5::bigint, 'five are merged');
SELECT is((SELECT purchases FROM customer_value WHERE person_id = 'c5'),
	(SELECT rfm(purchases) FROM before WHERE person_id IN ('c1', 'c2', 'c5')), 'what they bought, one bought');
SELECT is((SELECT purchases FROM customer_value WHERE person_id = 'new 3'), (SELECT purchases FROM before WHERE person_id = 'c3'), '... also who bought nothing before');
SELECT is_empty($$SELECT * FROM customer_value WHERE person_id IN ('c1', 'c2', 'c3', 'new 4')$$, '... and nobody else did');
SELECT ok(pg_temp.was('c1') ~ 'merge [a-z]+>-$' AND pg_temp.was('c3') ~ 'merge [a-z]+>-$' AND pg_temp.was('new 4') = 'merge prospects>-', 'the last row of who is gone says so');
SELECT ok(pg_temp.was('new 3') ~ '^purchase vip>[a-z]+$', '... who stays moves');
SELECT is_empty('SELECT * FROM check_segments()', '... and all is well');
INSERT INTO shop.orders (who, at, amount) VALUES ('c1', '2026-06-01', 7), ('c2', '2026-06-01', 8);
SELECT is((SELECT purchases FROM customer_value WHERE person_id = 'c5'),
	(SELECT rfm(at, amount) FROM shop.orders WHERE who IN ('c1', 'c2', 'c5')), 'what the gone ones go on to buy, one buys');
SELECT ok(pin_segment('c6', 'vip') AND merge_persons('c7', 'c6') = 0 AND pg_temp.segment('c6') = 'vip', 'who is pinned stays so');
SELECT is_empty('SELECT * FROM check_segments()', '... and all is well');

-- --- who is forgotten

SELECT ok((SELECT count(*) FROM forget_person('c10')) > 0, 'one is forgotten');
SELECT is_empty($$SELECT person_id FROM customer_value WHERE person_id = 'c10' UNION ALL SELECT person_id FROM segment_change WHERE person_id = 'c10'$$, '... with all rows');
SELECT ok(opt_out('c5', 'email') = 0 AND (SELECT count(*) FROM forget_person('c5')) > 0 AND EXISTS (SELECT FROM person WHERE person_id = 'c5'),
	'one is forgotten but for an opt-out');
SELECT is_empty($$SELECT person_id FROM customer_value WHERE person_id IN ('c1', 'c2', 'c5')
	UNION ALL SELECT person_id FROM segment_change WHERE person_id IN ('c1', 'c2', 'c5')$$, '... with all rows, also of those who became that one');
SELECT is(pg_temp.segment('c5'), NULL, '... and the segment');
SELECT results_eq('SELECT person_id, problem FROM check_segments()', $$VALUES ('c10', 'purchases are not those of the sources')$$,
	'... and all is well but for orders of somebody whom nobody knows');
INSERT INTO consent_log (person_id, action, at) VALUES ('c11', 'forget', '2026-01-01');
SELECT ok(EXISTS (SELECT FROM customer_value WHERE person_id = 'c11'), 'a row of a restore forgets nobody');
DELETE FROM consent_log WHERE person_id = 'c11';
DELETE FROM person WHERE person_id IN ('c12', 'c13');
SELECT is_empty($$SELECT person_id FROM customer_value WHERE person_id IN ('c12', 'c13') UNION ALL SELECT person_id FROM segment_change WHERE person_id IN ('c12', 'c13')$$,
	'deleted persons leave no rows');

-- --- the hot path

SELECT is_empty($$
	SELECT tgname FROM pg_trigger
	 WHERE tgrelid = 'contact_pressure.person'::regclass AND NOT tgisinternal
	   AND tgtype & 16 <> 0 AND (tgattr = '' OR (SELECT attnum FROM pg_attribute WHERE attrelid = tgrelid AND attname = 'history') = ANY (tgattr)
			OR (SELECT attnum FROM pg_attribute WHERE attrelid = tgrelid AND attname = 'lease_until') = ANY (tgattr))
	$$, 'no trigger is fired by a contact');

-- --- a window of some months

SELECT is(untrack('shop.orders', 'purchases'), 1, 'the orders are tracked for ever no more');
SELECT ok(track_purchases('shop.orders', 'who', 'at', 'amount', keep => '3 months') > 50, '... but for three months');
SELECT is_empty('SELECT * FROM check_segments()', '... and all is well');
SELECT ok(bool_or(v.purchases <> o.purchases), '... which is not the same')
  FROM customer_value AS v JOIN (SELECT who, rfm(at, amount) AS purchases FROM shop.orders GROUP BY 1) AS o ON o.who = v.person_id;
SELECT isnt(pg_temp.refresh(d), NULL, 'the night of ' || d::date) FROM unnest('{2026-06-30,2026-07-01,2026-08-01}'::timestamptz[]) AS d;
SELECT is_empty('SELECT * FROM check_segments()', 'months have gone out of it, and all is well');
SELECT ok((SELECT count(*) FROM segment_change WHERE why = 'calendar' AND at = '2026-07-01' AND to_segment = 'prospects') > 0,
	'who bought nothing within it is a prospect again');
INSERT INTO shop.orders (who, at, amount) VALUES ('c20', '2026-06-02', 1), ('c20', '2026-07-02', 2), ('c21', '2026-06-03', 4), ('c21', '2026-07-03', 8), ('c21', '2026-05-05', 16);
SELECT is(merge_persons('c21', 'c20'), 0::bigint, 'two with months are merged');
SELECT is((SELECT months FROM customer_value WHERE person_id = 'c20'), (SELECT array_agg(DISTINCT date_trunc('month', at)::date ORDER BY date_trunc('month', at)::date)
	FROM shop.orders WHERE who IN ('c20', 'c21')), '... month by month');
SELECT is_empty('SELECT * FROM check_segments()', '... and all is well');
SELECT ok(fit_customers('2026-08-01', 4, 'disc', 'UTC')::jsonb ->> 'customers' = (SELECT count(*)::text FROM customer_value WHERE orders(purchases) > 0),
	'a model is fitted to what lies within');
SELECT is(fit_customers('2026-06-01', 4, 'disc', 'UTC')::jsonb -> 'customers', (SELECT to_jsonb(count(DISTINCT person_of(who))) FROM shop.orders
	WHERE at >= '2026-03-01' AND person_of(who) IN (SELECT person_id FROM customer_value)), '... as of then');

-- --- jobs

SELECT results_eq($$SELECT * FROM schedule_jobs(maintenance => NULL, weekly => '0 3 * * 1')$$,
	$$VALUES ('contact_pressure nightly', '15 2 * * *', 'CALL contact_pressure.refresh_segments()', false)$$,
	'a model of one''s own cut points is not fitted anew, and what is not asked for is left out');
SELECT ok(put_segment_model('model', fit_customers('2026-08-01', 3, 'r_rfm', 'Asia/Tokyo'), 'a: r 1; else b', NULL, '2026-08-01') > 0, 'a model that was fitted');
SELECT results_eq($$SELECT job, command, scheduled FROM schedule_jobs(keep => '2 years')$$, $$VALUES
	('contact_pressure nightly', 'CALL contact_pressure.refresh_segments()', false),
	('contact_pressure weekly', 'CALL contact_pressure.fit_rfm_model(bins => 3, method => ''r_rfm'', zone => ''Asia/Tokyo'')', false),
	('contact_pressure maintenance', 'CALL contact_pressure.maintain_ledger(keep => ''2 years'')', false)$$,
	'... is fitted anew in the same manner');
SELECT throws_ok($$SELECT schedule_jobs(keep => '-1 day')$$, '22023', NULL, 'nothing is kept for less than no time');
SELECT is(unschedule_jobs(), 0, 'without pg_cron there is no job to take away');
SELECT isnt(pg_temp.refresh('2026-08-01'), NULL, 'prospects have no segment any more');
SELECT ok(pg_temp.segment('early') IS NULL AND put_person('new 9') AND pg_temp.segment('new 9') IS NULL, '... neither the old ones nor a new one');
SELECT is_empty('SELECT * FROM check_segments()', '... and all is well');

-- --- who may do what

CREATE FUNCTION pg_temp.as_role(role text, statement text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	PERFORM set_config('role', role, true);
	EXECUTE statement INTO answer;
	PERFORM set_config('role', 'none', true);
	RETURN coalesce(answer, 'NULL');
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
CREATE ROLE segments_application;
CREATE ROLE segments_call_centre;
CREATE ROLE segments_analyst;
CREATE ROLE segments_administrator;
GRANT USAGE ON SCHEMA shop TO segments_application;
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON shop.orders TO segments_application;
GRANT USAGE ON SEQUENCE shop.orders_id_seq TO segments_application;
SELECT is(count(grant_access(('segments_' || part)::regrole, part)), 4::bigint, 'each part is granted')
  FROM unnest('{application,call_centre,analyst,administrator}'::text[]) AS part;
SELECT is(pg_temp.as_role('segments_' || role, statement), want, role || ': ' || statement)
  FROM (VALUES
	('application', $$INSERT INTO shop.orders (who, at, amount) VALUES ('c30', '2026-08-01', 3), ('by app', '2026-08-01', 4) RETURNING 'done'$$, 'done'),
	('application', $$WITH d AS (DELETE FROM shop.orders WHERE who = 'c31' RETURNING 1) SELECT count(*) > 0 FROM d$$, 'true'),
	('application', $$WITH d AS (UPDATE shop.orders SET who = 'c33' WHERE who = 'c32' RETURNING 1) SELECT count(*) > 0 FROM d$$, 'true'),
	('application', $$SELECT contact_pressure.put_person('c34', segment => 'vip')$$, 'false'),
	('application', $$SELECT contact_pressure.pin_segment('c35', 'vip') AND contact_pressure.unpin_segment('c35')$$, 'true'),
	('application', $$DELETE FROM contact_pressure.customer_value$$, '42501 permission denied for table customer_value'),
	('application', $$UPDATE contact_pressure.segment_change SET why = 'x'$$, '42501 permission denied for table segment_change'),
	('application', $$SELECT contact_pressure.put_segment_model('model', NULL, NULL, NULL, NULL)$$, '42501 permission denied for function put_segment_model'),
	('application', $$CALL contact_pressure.refresh_segments()$$, '42501 permission denied for procedure refresh_segments'),
	('call_centre', $$SELECT contact_pressure.opt_out('by phone', 'any')$$, '0'),
	('call_centre', $$SELECT contact_pressure.pin_segment('c35', 'vip')$$, '42501 permission denied for function pin_segment'),
	('call_centre', $$SELECT count(*) > 0 FROM contact_pressure.customer_value$$, 'true'),
	('analyst', $$SELECT count(*) > 0 FROM contact_pressure.segment_change JOIN contact_pressure.customer_value USING (person_id)$$, 'true'),
	('analyst', $$SELECT contact_pressure.weekly_fit() IS NOT NULL$$, 'true'),
	('analyst', $$SELECT contact_pressure.schedule_jobs()$$, '42501 permission denied for function schedule_jobs'),
	('administrator', $$SELECT count(*) FROM contact_pressure.schedule_jobs()$$, '3'),
	('administrator', $$SELECT contact_pressure.refresh_people('{c30}', '2026-08-02')$$, '0')
	) AS v(role, statement, want);
SELECT is_empty('SELECT * FROM check_segments()', 'what they did is as it should be');
SET LOCAL ROLE segments_application;
TRUNCATE shop.orders;
RESET ROLE;
SELECT is((SELECT count(*) FROM customer_value WHERE orders(purchases) > 0), 0::bigint, 'application: also empties the table');
SELECT is_empty('SELECT * FROM check_segments()', '... and all is well');

SELECT * FROM finish();
ROLLBACK;
