-- Reservations: keys, leases, waiting, local times, unknown ids, batches; and
-- a batch against the same calls one by one and against a twin in plain SQL.

BEGIN;
-- they all write the same tables: one after the other
LOCK TABLE contact_pressure.policy;
SET search_path = contact_pressure, public;
SET TimeZone = 'UTC';
SET client_min_messages = warning;
SELECT plan(109);

SELECT is(reserve_contact('nobody', 'email'), NULL, 'no policy at all: no');
SELECT results_eq(
	$$SELECT reason, layer, rule, refused FROM refusal$$,
	$$VALUES ('no_policy', NULL::text, NULL::text, 1::bigint)$$,
	'which is counted');
SELECT is((verdict).retry_at, 'infinity', 'no policy: never')
FROM reserve_contacts(ARRAY['nobody'], 'email');
SELECT is_empty('SELECT FROM person', 'nobody is made known by a refusal');
DELETE FROM refusal;

INSERT INTO policy (segment, rules) VALUES
	('everyone', 'any/service: transactional; sms: needs consent'),
	('default', 'email: max 2 per 7 days'),
	('one', 'any: max 1 per 1 day'),
	('night', 'any: quiet 21:00-08:00'),
	('gap', 'any: gap 25 hours'),
	('zoned', 'zone America/New_York'),
	('free', 'any: max 100000 per 1 day');
CREATE FUNCTION pg_temp.row_of(log_id bigint) RETURNS text
LANGUAGE sql AS $$
SELECT concat_ws(' ', status, outcome, reason) FROM contact_log AS l WHERE l.log_id = row_of.log_id
$$;
CREATE FUNCTION pg_temp.at_of(log_id bigint) RETURNS timestamptz
LANGUAGE sql AS 'SELECT at FROM contact_log AS l WHERE l.log_id = at_of.log_id';
CREATE FUNCTION pg_temp.reason_of(id text, channel text, at timestamptz) RETURNS text
LANGUAGE sql AS 'SELECT reason FROM contact_verdict(id, channel, ''marketing'', at)';

-- The persons whose history is not what their rows in the log add up to.
CREATE VIEW pg_temp.disagreeing AS
	SELECT p.person_id
	  FROM person AS p
	  LEFT JOIN LATERAL (
		SELECT contact_history(l.at, l.channel, l.purpose, l.weight, l.outcome, l.answered_at) AS history,
			   min(l.lease_until) FILTER (WHERE l.status = 'reserved') AS lease_until
		  FROM contact_log AS l
		 WHERE l.person_id = p.person_id AND l.status <> 'cancelled') AS l ON true
	 WHERE p.history <> coalesce(l.history, '[]')
		OR p.lease_until IS DISTINCT FROM l.lease_until;

-- --- one reservation

SELECT reserve_contact('a', 'Email ', 'Promo.Summer', campaign => 'c', owner => 'o', weight => 2, cost => 0.05) AS a1 \gset
SELECT results_eq(
	format('SELECT person_id, at, channel, purpose, campaign, owner, segment, weight, cost, key, status, outcome, lease_until, policy_version, source FROM contact_log WHERE log_id = %s', :a1),
	$$SELECT 'a', now(), 'email', 'promo.summer', 'c', 'o', NULL::text, 2::float8, 0.05, NULL::text, 'reserved', 'sent', NULL::timestamptz, (SELECT max(version) FROM policy_version), 'reserve'$$,
	'a reservation is a row of the log');
SELECT is(history, contact_history(now(), 'email', 'promo.summer', 2), 'and a contact of the history')
FROM person WHERE person_id = 'a' GROUP BY history;
SELECT reserve_contact('a', 'email', at => now() + interval '1 second') AS a2 \gset
SELECT is(pg_temp.row_of(:a2), 'reserved planned', 'later than now is planned');
SELECT is(reserve_contact('a', 'email'), NULL, 'planned contacts take their place');
SELECT isnt(reserve_contact('a', 'email', 'service'), NULL, 'a rule that does not bind does not refuse');
SELECT is(reserve_contact('a', 'sms'), NULL, 'no consent, no reservation');
SELECT is(reserve_contact('a', 'email', NULL), NULL, 'a purpose of null is marketing');
SELECT results_eq(
	$$SELECT reason, layer, rule, sum(refused)::int FROM refusal GROUP BY 1, 2, 3 ORDER BY 1$$,
	$$VALUES ('cap', 'default', 'email: max 2 per 7 days', 2), ('consent', 'everyone', 'sms: needs consent', 1)$$,
	'refusals name their rule');
SELECT is(policy_version, (SELECT max(version) FROM policy_version), 'the version is that of the whole table')
FROM contact_log WHERE log_id = :a2;

UPDATE policy SET rules = 'email: max 3 per 7 days' WHERE segment = 'default';
SELECT reserve_contact('a', 'email') AS a3 \gset
SELECT is(policy_version, (SELECT max(version) FROM policy_version), 'a policy changed in the same transaction decides')
FROM contact_log WHERE log_id = :a3;
UPDATE policy SET rules = 'email: max 2 per 7 days' WHERE segment = 'default';
DELETE FROM refusal;

-- --- unknown ids

SELECT is(reserve_contact('u', 'sms'), NULL, 'unknown and refused');
SELECT is_empty($$SELECT FROM person WHERE person_id = 'u'$$, 'stays unknown');
SELECT isnt(reserve_contact('u', 'email'), NULL, 'unknown and allowed');
SELECT results_eq($$SELECT known_since, segment, cardinality(history) FROM person WHERE person_id = 'u'$$,
	$$SELECT now(), NULL::text, 1$$, 'is known from then on');

-- --- keys

SELECT reserve_contact('k', 'email', key => '1', campaign => 'c') AS k1 \gset
SELECT is(reserve_contact('k', 'email', key => '1', campaign => 'c'), :'k1', 'the same key is the same contact');
SELECT is(reserve_contact('k', 'email', key => '1', campaign => 'c', at => now() + interval '1 day', owner => 'x', weight => 3), :'k1',
	'also from a retry at another time');
SELECT is(cardinality(history), 1, 'and counts once') FROM person WHERE person_id = 'k';
SELECT reserve_contact('k', 'email', key => '2') AS k2 \gset
SELECT isnt(:k1, :k2, 'another key is another contact');
SELECT is(reserve_contact('k', 'email', key => '3'), NULL, 'which may be refused');
SELECT is(reserve_contact('k', 'email', key => '1', campaign => 'c'), :'k1', 'a key that was allowed is allowed when the cap is full');
SELECT throws_ok($$SELECT reserve_contact('k', 'sms', key => '1', campaign => 'c')$$, '22023',
	'key "1" of person "k" stands for another contact', 'another channel');
SELECT throws_ok($$SELECT reserve_contact('k', 'email', 'promo', key => '1', campaign => 'c')$$, '22023', NULL, 'another purpose');
SELECT throws_ok($$SELECT reserve_contact('k', 'email', key => '1', campaign => 'd')$$, '22023', NULL, 'another campaign');
SELECT throws_ok($$SELECT reserve_contact('k', 'email', key => '1')$$, '22023', NULL, 'no campaign');
SELECT throws_ok($$SELECT reserve_contact('k', 'email', key => '2', campaign => 'd')$$, '22023', NULL, 'a campaign where there was none');
SELECT isnt(reserve_contact('k2', 'email', key => '1'), NULL, 'keys are each person''s own');
SELECT is(confirm_contact(:k1), true, 'confirmed');
SELECT is(reserve_contact('k', 'email', key => '1', campaign => 'c'), :'k1', 'a confirmed key is the same contact');
SELECT reserve_contact('k3', 'email', key => '1', at => now() + interval '1 day') AS k3 \gset
SELECT is(cancel_contact(:k3, 'wrong text'), true, 'cancelled');
SELECT is(reserve_contact('k3', 'email', key => '1'), NULL, 'a late retry does not bring back what was cancelled');
SELECT is(pg_temp.row_of(:k3), 'cancelled planned wrong text', 'nor change it');
SELECT is(reason, 'cancelled', 'the reason is counted') FROM refusal WHERE reason = 'cancelled';
SELECT results_eq($$SELECT log_id, (verdict).allowed, (verdict).reason, (verdict).retry_at FROM reserve_contacts(ARRAY['k3'], 'email', keys => ARRAY['1'])$$,
	$$VALUES (NULL::bigint, false, 'cancelled', timestamptz 'infinity')$$, 'the same answer from a batch');
SELECT record_contact('k4', 'email', key => 'r') AS k4 \gset
SELECT is(reserve_contact('k4', 'email', key => 'r'), :'k4', 'what was recorded with the key is the contact');
SELECT is_empty('SELECT * FROM pg_temp.disagreeing', 'history and log agree');

-- --- leases

INSERT INTO person (person_id, segment) VALUES ('l1', 'one'), ('l2', 'one'), ('l3', 'one'), ('l4', 'one');
SELECT reserve_contact('l1', 'email', key => 'x', lease => '1 hour') AS l1 \gset
SELECT is(pg_temp.row_of(:l1), 'reserved planned', 'a lease is planned until it is confirmed');
SELECT ok(lease_until - interval '1 hour' BETWEEN now() AND clock_timestamp(), 'it runs from now') FROM contact_log WHERE log_id = :l1;
SELECT is(reserve_contact('l1', 'email'), NULL, 'and holds its place');
SELECT is(reserve_contact('l1', 'email', key => 'x', lease => '1 hour'), :'l1', 'the key of a lease');
SELECT reserve_contact('l2', 'email', key => 'x', at => now() + interval '1 day', lease => '10 minutes') AS l2 \gset
SELECT is(lease_until, now() + interval '1 day 10 minutes', 'the lease of a planned contact runs from its time')
FROM contact_log WHERE log_id = :l2;
SELECT reserve_contact('l3', 'email', key => 'x', lease => '1 millisecond') AS l3 \gset
SELECT pg_sleep(0.01);
SELECT is(pg_temp.row_of(:l3), 'reserved planned', 'an expired lease is still in the log');
SELECT is((verdict).allowed, true, 'but not in the way of a question') FROM check_contacts(ARRAY['l3'], 'email');
SELECT is(pg_temp.row_of(:l3), 'reserved planned', 'which writes nothing');
SELECT reserve_contact('l3', 'push') AS l3b \gset
SELECT isnt(:l3b, NULL, 'nor of a reservation');
SELECT is(pg_temp.row_of(:l3), 'cancelled planned lease expired', 'which cancels it');
SELECT is(reserve_contact('l3', 'email', key => 'x'), NULL, 'then its key is decided afresh: no');
SELECT cancel_contact(:l3b) \gset c_
SELECT is(reserve_contact('l3', 'email', key => 'x', at => now() + interval '2 days', cost => 7), :'l3', 'yes: the same row again');
SELECT results_eq(format('SELECT at, status, outcome, cost, reason, settled_at, lease_until, key FROM contact_log WHERE log_id = %s', :l3),
	$$SELECT now() + interval '2 days', 'reserved', 'planned', 7::numeric, NULL::text, NULL::timestamptz, NULL::timestamptz, 'x'$$,
	'as if it had never been');
SELECT reserve_contact('l4', 'email', key => 'x', lease => '1 millisecond') AS l4 \gset
SELECT pg_sleep(0.01);
SELECT results_eq($$SELECT log_id, (verdict).allowed FROM reserve_contacts(ARRAY['l4', 'l4'], 'email', keys => ARRAY['x', 'x'])$$,
	format('VALUES (%s::bigint, true), (%s, true)', :l4, :l4), 'a batch takes an expired lease again, too');
SELECT is_empty('SELECT * FROM pg_temp.disagreeing', 'history and log agree');

-- --- wait

INSERT INTO person (person_id, segment, zone) VALUES
	('w1', 'one', NULL), ('w2', 'night', 'Asia/Tokyo'), ('w3', 'gap', 'Europe/Amsterdam');
SELECT reserve_contact('w1', 'email') AS w1 \gset
SELECT is(reserve_contact('w1', 'email', wait => '23 hours 59 minutes 59.999999 seconds'), NULL, 'not long enough');
SELECT reserve_contact('w1', 'email', wait => '1 day') AS w1b \gset
SELECT is(pg_temp.at_of(:w1b), now() + interval '1 day', 'the first free moment is the last that will do');
SELECT is(pg_temp.row_of(:w1b), 'reserved planned', 'recorded as planned');
SELECT is(reserve_contact('w1', 'email', wait => '0'), NULL, 'not to wait');
SELECT results_eq($$SELECT at, (verdict).allowed, (verdict).reason FROM check_contacts(ARRAY['w1', 'w1', 'w1'], 'email', wait => '3 days')$$,
	$$VALUES (now() + interval '2 days', true, NULL), (now() + interval '3 days', true, NULL), (now(), false, 'cap')$$,
	'each takes the next');
SELECT reserve_contact('w2', 'email', at => '2026-06-01 13:00Z', wait => '12 hours') AS w2 \gset
SELECT is(pg_temp.at_of(:w2), '2026-05-31 23:00Z'::timestamptz + interval '1 day', 'until the night is over in Tokyo');
SELECT reserve_contact('w3', 'email', at => '2027-10-30 12:00+02') AS w3 \gset
SELECT is(reserve_contact('w3', 'email', at => '2027-10-30 12:00+02', wait => '24 hours'), NULL, '24 hours are 24 hours');
SELECT reserve_contact('w3', 'email', at => '2027-10-30 12:00+02', wait => '1 day') AS w3b \gset
SELECT is(pg_temp.at_of(:w3b), '2027-10-31 12:00+01', 'a day is until the same time of the next');
SELECT reserve_contact('w3', 'email', at => '2027-10-31 12:00+01', wait => '2 days', lease => '1 day') AS w3c \gset
SELECT results_eq(format('SELECT at, lease_until FROM contact_log WHERE log_id = %s', :w3c),
	$$VALUES (timestamptz '2027-11-01 13:00+01', timestamptz '2027-11-02 13:00+01')$$, 'the lease runs from the moment that was found');

-- --- local_at

INSERT INTO person (person_id, segment, zone) SELECT 'z-' || zone, 'free', zone
FROM unnest(ARRAY['Europe/Amsterdam', 'Asia/Tokyo', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe']) AS zone;
INSERT INTO person (person_id, segment) VALUES ('z', 'free'), ('z-policy', 'zoned');
SELECT results_eq(
	format($$SELECT at FROM reserve_contacts(ARRAY(SELECT person_id FROM person WHERE person_id LIKE 'z-%%/%%' ORDER BY 1), 'email', local_at => %L)$$, local),
	format($$SELECT timestamp %L AT TIME ZONE zone FROM person WHERE person_id LIKE 'z-%%/%%' ORDER BY person_id$$, local),
	'on each person''s clock: ' || local)
FROM unnest(ARRAY['2026-11-30 10:00', '2026-10-25 02:30', '2027-03-28 02:30', '2027-03-14 02:15', '2026-11-01 01:30', '2027-04-04 01:45']) AS local;
SELECT is(pg_temp.at_of(reserve_contact('z', 'email', local_at => '2026-11-30 10:00')), '2026-11-30 10:00Z', 'without a zone it is UTC');
SELECT is(pg_temp.at_of(reserve_contact('z-policy', 'email', local_at => '2026-11-30 10:00')), '2026-11-30 10:00-05', 'or the policy''s zone');
SELECT reserve_contact('w2', 'email', local_at => '2026-06-10 22:00', wait => '12 hours') AS z2 \gset
SELECT is(pg_temp.at_of(:z2), '2026-06-11 08:00+09', 'local_at and wait');

-- --- batches

SELECT results_eq(
	$$SELECT person_id, log_id IS NOT NULL, at = now(), (verdict).allowed, (verdict).reason, (verdict).counted, (verdict).cap, known
	  FROM reserve_contacts(ARRAY['b2', 'b1', 'b2', 'b2', 'a', 'b1'], 'email')$$,
	$$VALUES ('b2', true, true, true, NULL, 0::float8, 2::float8, false), ('b1', true, true, true, NULL, 0, 2, false),
		('b2', true, true, true, NULL, 1, 2, true), ('b2', false, true, false, 'cap', 2, 2, true),
		('a', false, true, false, 'cap', 3, 2, true), ('b1', true, true, true, NULL, 1, 2, true)$$,
	'rows in the order of the ids, duplicates one after the other');
SELECT is_empty($$SELECT * FROM reserve_contacts('{}'::text[], 'email')$$, 'no ids, no rows');
SELECT is_empty($$SELECT * FROM check_contacts('{}'::text[], 'email')$$, 'no ids, no rows: a question');
SELECT results_eq($$SELECT person_id, log_id, at IS NULL, verdict IS NULL, known FROM check_contacts(ARRAY['b1', NULL], 'email')$$,
	$$VALUES ('b1', NULL::bigint, false, false, true), (NULL, NULL, true, true, NULL)$$, 'a question about nobody has no answer');
SELECT is_empty($$SELECT * FROM check_contacts(ARRAY['b1'], NULL)$$, 'nor has one about no channel');
SELECT results_eq($$SELECT person_id, (verdict).allowed, known FROM check_contacts(ARRAY['x', 'x', 'x'], 'email')$$,
	$$VALUES ('x', true, false), ('x', true, true), ('x', false, true)$$, 'a question sees its own duplicates');
SELECT is_empty($$SELECT FROM person WHERE person_id = 'x'$$, 'and writes nothing');

-- keys in a batch
SELECT results_eq(
	$$SELECT (verdict).allowed, dense_rank() OVER (ORDER BY log_id)::int FROM reserve_contacts(
		ARRAY['b4', 'b3', 'b4', 'b3', 'b4', 'b4'], 'email', keys => ARRAY['1', '1', '1', NULL, '2', '3']) WITH ORDINALITY ORDER BY ordinality$$,
	$$VALUES (true, 3), (true, 1), (true, 3), (true, 2), (true, 4), (false, 5)$$, 'the same key in a batch');
SELECT results_eq(
	$$SELECT b.log_id FROM reserve_contacts(ARRAY['b4', 'b3', 'b4', 'b4'], 'email', keys => ARRAY['1', '1', '3', '2']) WITH ORDINALITY AS b ORDER BY ordinality$$,
	$$SELECT l.log_id FROM (VALUES ('b4', '1'), ('b3', '1'), ('b4', '3'), ('b4', '2')) AS v(id, key) CROSS JOIN LATERAL (SELECT max(l.log_id) AS log_id FROM contact_log AS l WHERE l.person_id = v.id AND l.key = v.key) AS l$$,
	'and in the next');
SELECT throws_ok($$SELECT * FROM reserve_contacts(ARRAY['b9', 'b4'], 'push', keys => ARRAY['1', '1'])$$, '22023', NULL, 'a key of another contact in a batch');
SELECT is_empty($$SELECT FROM person WHERE person_id = 'b9'$$, 'ends all of it');

-- refusals, one row for each ground
DELETE FROM refusal;
INSERT INTO person (person_id, segment, opted_out) SELECT 'r' || i, CASE WHEN i % 3 > 0 THEN 'one' END, CASE WHEN i % 4 = 0 THEN ARRAY['email'] END
FROM generate_series(1, 24) AS i;
SELECT count(*) FROM reserve_contacts(ARRAY(SELECT 'r' || i FROM generate_series(1, 24) AS i, generate_series(1, 3)), 'email', campaign => 'c', owner => 'o') \gset r_
SELECT results_eq(
	$$SELECT day, segment, campaign, owner, channel, purpose, reason, layer, rule, refused FROM refusal ORDER BY segment, reason$$,
	$$SELECT now()::date, segment, 'c', 'o', 'email', 'marketing', reason, layer, rule, refused::bigint FROM (VALUES
		('one', 'cap', 'one', 'any: max 1 per 1 day', 24), ('one', 'opt_out', NULL, 'opted out: email', 12),
		(NULL, 'cap', 'default', 'email: max 2 per 7 days', 6), (NULL, 'opt_out', NULL, 'opted out: email', 6)) AS v(segment, reason, layer, rule, refused)
	  ORDER BY segment, reason$$,
	'refusals of a batch are counted by ground');

-- somebody who was merged
INSERT INTO person (person_id, segment) VALUES ('m1', 'free'), ('m2', 'one'), ('m3', 'one');
UPDATE person SET merged_into = 'm2' WHERE person_id = 'm1';
UPDATE person SET merged_into = 'm1' WHERE person_id = 'm3';
SELECT results_eq($$SELECT person_id, (verdict).allowed, known FROM check_contacts(ARRAY['m3', 'm2', 'm1'], 'email')$$,
	$$VALUES ('m3', true, true), ('m2', false, true), ('m1', false, true)$$, 'they are one person: a question');
SELECT results_eq($$SELECT person_id, (verdict).allowed, known FROM reserve_contacts(ARRAY['m3', 'm2', 'm1'], 'email')$$,
	$$VALUES ('m3', true, true), ('m2', false, true), ('m1', false, true)$$, 'they are one person: a batch');
SELECT is(person_id, 'm2', 'the contact is that of the one they became') FROM contact_log WHERE person_id LIKE 'm%';
SELECT is(reserve_contact('m1', 'email'), NULL, 'and one by one');

-- other ids
SELECT isnt(reserve_contact(7, 'email'), NULL, 'a number');
SELECT reserve_contact(7::bigint, 'email', key => 'n') AS n \gset
SELECT is(person_id, '7', 'a bigint') FROM contact_log WHERE log_id = :n;
SELECT isnt(reserve_contact('7b7e0c5e-1b1c-4c52-8a8e-5a1f3e1d2c3b'::uuid, 'email'), NULL, 'a UUID');
SELECT results_eq($$SELECT person_id, (verdict).reason FROM reserve_contacts(ARRAY[7, 8]::bigint[], 'email')$$, $$VALUES ('7', 'cap'), ('8', NULL)$$, 'numbers');
SELECT results_eq($$SELECT person_id, (verdict).reason FROM check_contacts(ARRAY[8, 7]::bigint[], 'email')$$, $$VALUES ('8', NULL), ('7', 'cap')$$, 'numbers, a question');
SELECT is((verdict).counted, 1::float8, 'UUIDs') FROM reserve_contacts(ARRAY['7b7e0c5e-1b1c-4c52-8a8e-5a1f3e1d2c3b']::uuid[], 'email');
SELECT is((verdict).counted, 2::float8, 'UUIDs, a question') FROM check_contacts(ARRAY['7b7e0c5e-1b1c-4c52-8a8e-5a1f3e1d2c3b']::uuid[], 'email');
SELECT is_empty('SELECT * FROM pg_temp.disagreeing', 'history and log agree');

-- --- random data: a batch, the same calls one by one, and plain SQL

SELECT setseed(0.4);
CREATE TEMPORARY TABLE crowd AS
SELECT i, (ARRAY['one', 'night', 'gap', 'zoned', 'free', NULL])[1 + floor(random() * 6)::int] AS segment,
	(ARRAY['Europe/Amsterdam', 'Asia/Tokyo', 'America/New_York', NULL])[1 + floor(random() * 4)::int] AS zone,
	CASE WHEN random() < 0.2 THEN ARRAY['any/marketing'] WHEN random() < 0.2 THEN ARRAY['sms'] END AS opted_out,
	CASE WHEN random() < 0.5 THEN ARRAY['sms'] END AS opted_in,
	CASE WHEN random() < 0.3 THEN 'email: max 1 per 2 days'::contact_policy END AS preferences
FROM generate_series(1, 150) AS i;
-- the last third is unknown; batch-, single-, query- are the same people
INSERT INTO person (person_id, segment, zone, opted_out, opted_in, preferences)
SELECT kind || i, segment, zone, opted_out, opted_in, preferences
FROM crowd, unnest(ARRAY['batch-', 'single-', 'query-']) AS kind WHERE i <= 100;
CREATE TEMPORARY TABLE call AS
SELECT c, (ARRAY['email', 'sms', 'push'])[1 + floor(random() * 3)::int] AS channel,
	(ARRAY['promo', 'service', 'marketing'])[1 + floor(random() * 3)::int] AS purpose,
	now() + floor(random() * 60) * interval '1 hour' AS at,
	CASE WHEN random() < 0.4 THEN floor(1 + random() * 30) * interval '1 hour' END AS wait,
	CASE WHEN random() < 0.3 THEN interval '1 day' END AS lease,
	CASE WHEN random() < 0.3 THEN 1 + floor(random() * 4) END AS weight,
	CASE WHEN random() < 0.3 THEN '2026-12-01 10:00'::timestamp + floor(random() * 48) * interval '1 hour' END AS local_at,
	random() < 0.5 AS keyed
FROM generate_series(1, 12) AS c;
CREATE TEMPORARY TABLE entry AS
SELECT c, n, 1 + floor(random() * 150)::int AS i, floor(random() * 3)::text AS key
FROM generate_series(1, 12) AS c, generate_series(1, 200) AS n;
CREATE TEMPORARY TABLE answer (kind text, c int, n bigint, allowed boolean, at timestamptz, verdict text);

-- What reserve_contact() does, by the core's own functions.
CREATE FUNCTION pg_temp.reserve_by_query(id text, call call, key text, OUT allowed boolean, OUT at timestamptz) LANGUAGE plpgsql AS $$
DECLARE
	who person;
	rules contact_policy;
	zone text;
	taken timestamptz;
	free timestamptz;
	leased boolean := call.lease IS NOT NULL;
BEGIN
	SELECT * INTO who FROM person WHERE person_id = id;
	rules := person_policy(id);
	zone := coalesce(who.zone, CASE WHEN who.segment = 'zoned' THEN 'America/New_York' END, 'UTC');
	at := coalesce(call.local_at AT TIME ZONE zone, call.at);
	IF key IS NOT NULL THEN
		SELECT l.at INTO taken FROM contact_log AS l WHERE l.person_id = id AND l.key = reserve_by_query.key;
		IF FOUND THEN
			allowed := true;
			at := taken;
			RETURN;
		END IF;
	END IF;
	free := next_contact_at(who.history, rules, call.channel, call.purpose, at, zone, who.opted_out, who.opted_in, call.weight);
	PERFORM set_config('TimeZone', zone, true);
	allowed := free <= at + coalesce(call.wait, '0');
	PERFORM set_config('TimeZone', 'UTC', true);
	IF allowed THEN
		at := free;
		INSERT INTO person (person_id) VALUES (id) ON CONFLICT DO NOTHING;
		UPDATE person SET history = add_contact(coalesce(who.history, '[]'), reserve_by_query.at, call.channel, call.purpose, call.weight,
				CASE WHEN leased OR reserve_by_query.at > now() THEN 'planned' ELSE 'sent' END)
			WHERE person_id = id;
		INSERT INTO contact_log (person_id, at, channel, purpose, key, status, outcome, source)
		VALUES (id, at, call.channel, call.purpose, key, 'reserved', 'sent', 'reserve');
	END IF;
END
$$;

DO $$
DECLARE
	call call;
	one record;
	ids text[];
	keys text[];
	singles bigint;
BEGIN
	FOR call IN SELECT * FROM call ORDER BY c LOOP
		SELECT array_agg('batch-' || i ORDER BY n), CASE WHEN call.keyed THEN array_agg('k' || call.c || '-' || key ORDER BY n) END
		INTO ids, keys FROM entry WHERE entry.c = call.c;
		-- half of them on the way through queries, as row-level security has it
		EXECUTE 'ALTER TABLE person ' || CASE WHEN call.c % 2 = 0 THEN 'ENABLE' ELSE 'DISABLE' END || ' ROW LEVEL SECURITY';
		IF NOT call.keyed THEN
			INSERT INTO answer
			SELECT 'check', call.c, n, (b.verdict).allowed, b.at, verdict::text
			FROM check_contacts(ids, call.channel, call.purpose, CASE WHEN call.local_at IS NULL THEN call.at ELSE now() END,
				weight => call.weight, wait => call.wait, local_at => call.local_at)
				WITH ORDINALITY AS b(person_id, log_id, at, verdict, known, n);
		END IF;
		INSERT INTO answer
		SELECT 'batch', call.c, n, (b.verdict).allowed, b.at, verdict::text
		FROM reserve_contacts(ids, call.channel, call.purpose, CASE WHEN call.local_at IS NULL THEN call.at ELSE now() END,
			weight => call.weight, wait => call.wait, lease => call.lease, local_at => call.local_at, keys => keys)
			WITH ORDINALITY AS b(person_id, log_id, at, verdict, known, n);
		FOR one IN SELECT * FROM entry WHERE entry.c = call.c ORDER BY n LOOP
			singles := reserve_contact('single-' || one.i, call.channel, call.purpose, CASE WHEN call.local_at IS NULL THEN call.at ELSE now() END,
				weight => call.weight, wait => call.wait, lease => call.lease, local_at => call.local_at,
				key => CASE WHEN call.keyed THEN 'k' || call.c || '-' || one.key END);
			INSERT INTO answer SELECT 'single', call.c, one.n, singles IS NOT NULL, (SELECT at FROM contact_log WHERE log_id = singles);
			INSERT INTO answer SELECT 'query', call.c, one.n, q.allowed, q.at
			FROM pg_temp.reserve_by_query('query-' || one.i, call, CASE WHEN call.keyed THEN 'k' || call.c || '-' || one.key END) AS q;
		END LOOP;
	END LOOP;
	EXECUTE 'ALTER TABLE person DISABLE ROW LEVEL SECURITY';
END
$$;
SELECT cmp_ok(count(*) FILTER (WHERE allowed), '>', 300::bigint, 'enough were allowed') FROM answer WHERE kind = 'batch';
SELECT cmp_ok(count(*) FILTER (WHERE NOT allowed), '>', 300::bigint, 'and refused') FROM answer WHERE kind = 'batch';
SELECT is_empty($$
	SELECT c, n, b.allowed, b.at, o.kind, o.allowed, o.at
	FROM answer AS b JOIN answer AS o USING (c, n)
	WHERE b.kind = 'batch' AND o.kind IN ('single', 'query', 'check')
		AND (b.allowed <> o.allowed OR (b.allowed AND b.at <> o.at))$$,
	'a batch, the same calls one by one, a question and plain SQL agree');
SELECT is_empty($$
	SELECT c, n, b.verdict, o.verdict FROM answer AS b JOIN answer AS o USING (c, n)
	WHERE b.kind = 'batch' AND o.kind = 'check' AND b.verdict <> o.verdict$$,
	'verdicts of a batch and of a question agree');
SELECT is_empty($$
	SELECT i, b.history, s.history, q.history FROM crowd
		LEFT JOIN person AS b ON b.person_id = 'batch-' || i
		LEFT JOIN person AS s ON s.person_id = 'single-' || i
		LEFT JOIN person AS q ON q.person_id = 'query-' || i
	WHERE b.history IS DISTINCT FROM s.history OR b.history IS DISTINCT FROM q.history$$,
	'so do the histories, and who is known');
DELETE FROM contact_log WHERE person_id LIKE 'query-%';
DELETE FROM person WHERE person_id LIKE 'query-%';
SELECT is_empty('SELECT * FROM pg_temp.disagreeing', 'history and log agree');

-- --- many

INSERT INTO person (person_id, segment) SELECT 'many' || i, 'free' FROM generate_series(1, 100000, 2) AS i;
SELECT results_eq(
	$$SELECT count(*), count(log_id), count(DISTINCT log_id), count(*) FILTER (WHERE known) FROM reserve_contacts(
		ARRAY(SELECT 'many' || i FROM generate_series(1, 100000) AS i ORDER BY md5(i::text)), 'email')$$,
	$$VALUES (100000::bigint, 100000::bigint, 100000::bigint, 50000::bigint)$$,
	'100,000 ids, half of them unknown');
SELECT results_eq($$SELECT count(*), sum(cardinality(history)) FROM person WHERE person_id LIKE 'many%'$$,
	$$VALUES (100000::bigint, 100000::bigint)$$, 'all of them have one contact');

-- --- triggers of somebody else's are fired, by one and by many

CREATE TEMPORARY TABLE fired (what text);
CREATE FUNCTION pg_temp.fire() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO fired VALUES (TG_TABLE_NAME || ' ' || lower(TG_OP) || ' ' || lower(TG_LEVEL));
	RETURN NEW;
END
$$;
CREATE TRIGGER fire_row BEFORE INSERT OR UPDATE ON contact_log FOR EACH ROW EXECUTE FUNCTION pg_temp.fire();
CREATE TRIGGER fire_row AFTER UPDATE OF history ON person FOR EACH ROW EXECUTE FUNCTION pg_temp.fire();
CREATE TRIGGER fire_statement AFTER UPDATE ON person FOR EACH STATEMENT EXECUTE FUNCTION pg_temp.fire();
SELECT count(log_id) FROM reserve_contacts(ARRAY['f2', 'f1', 'f3'], 'email') \gset f_
SELECT results_eq('SELECT what, count(*) FROM fired GROUP BY what ORDER BY what COLLATE "C"',
	$$VALUES ('contact_log insert row', 3::bigint), ('person update row', 3), ('person update statement', 1)$$, 'by a batch');
TRUNCATE fired;
SELECT reserve_contact('f1', 'email') AS f1 \gset
SELECT results_eq('SELECT what, count(*) FROM fired GROUP BY what ORDER BY what COLLATE "C"',
	$$VALUES ('contact_log insert row', 1::bigint), ('person update row', 1), ('person update statement', 1)$$, 'by one');
DROP TRIGGER fire_row ON contact_log;
DROP TRIGGER fire_row ON person;
DROP TRIGGER fire_statement ON person;

-- so are constraints
ALTER TABLE contact_log ADD CONSTRAINT known_owner CHECK (owner <> 'nobody');
SELECT throws_ok($$SELECT count(*) FROM reserve_contacts(ARRAY['f4', 'f5'], 'email', owner => 'nobody')$$, '23514', NULL, 'a constraint holds for a batch');
ALTER TABLE contact_log DROP CONSTRAINT known_owner;
-- a column more, with a default
ALTER TABLE contact_log ADD COLUMN note text DEFAULT 'new';
SELECT count(log_id) FROM reserve_contacts(ARRAY['f4', 'f5'], 'email') \gset f_
SELECT is(count(*), 2::bigint, 'a column that was added has its default') FROM contact_log WHERE person_id IN ('f4', 'f5') AND note = 'new';
ALTER TABLE contact_log DROP COLUMN note;
SELECT is_empty($$SELECT * FROM pg_temp.disagreeing WHERE person_id LIKE 'f%'$$, 'history and log agree');

SELECT * FROM finish();
ROLLBACK;
