-- The CRM's own tables feed the ledger: whatever a statement does to them,
-- the ledger says the same as a plain query over the table.

BEGIN;
-- they all write the same tables: one after the other
LOCK TABLE contact_pressure.policy;
SET search_path = contact_pressure, public;
SET TimeZone = 'UTC';
SET client_min_messages = warning;
SELECT no_plan();

INSERT INTO policy (segment, rules) VALUES ('everyone', 'any: max 1000 per 30 days');

-- What the ledger counts of a source, and that histories are their log.
CREATE FUNCTION pg_temp.counted(source text) RETURNS TABLE (contact text)
LANGUAGE sql AS $$
SELECT concat_ws('|', l.person_id, to_char(l.at, 'YYYY-MM-DD HH24:MI:SS.US'), l.channel, l.purpose,
		'c:' || l.campaign, 'o:' || l.owner, 'w:' || l.weight, 'p:' || l.cost, l.outcome)
  FROM contact_log AS l WHERE l.source = $1 AND l.status <> 'cancelled'
$$;

-- --- odd names, text ids, every column

CREATE SCHEMA crm;
CREATE DOMAIN crm.customer AS varchar(20);
CREATE TABLE crm."Message ""Log""" (
	"No" serial PRIMARY KEY, "Customer's Id" crm.customer, "Sent At" timestamptz, "Kanal" char(3), "what?" text,
	"Wave" integer, unit text, burden numeric, price money, "Result" text, "seen" timestamptz, note text);

CREATE VIEW pg_temp.log AS
SELECT concat_ws('|', "Customer's Id", to_char("Sent At", 'YYYY-MM-DD HH24:MI:SS.US'),
		CASE "Kanal" WHEN 'EM' THEN 'email' WHEN 'SM' THEN 'sms' ELSE lower("Kanal") END,
		coalesce(nullif(lower(trim("what?")), ''), 'promo'), 'c:' || "Wave"::text, 'o:' || coalesce(unit, 'shop'), 'w:' || burden::float8,
		'p:' || price::numeric,
		CASE WHEN "Result" = 'OPEN' THEN 'opened' WHEN "Result" = 'click' THEN 'clicked'
			WHEN "Sent At" > now() THEN 'planned' ELSE 'sent' END) AS contact
  FROM crm."Message ""Log"""
 WHERE nullif("Customer's Id", '') IS NOT NULL AND "Sent At" IS NOT NULL AND "Kanal" <> 'XX' AND "Result" IS DISTINCT FROM 'DRAFT';

CREATE FUNCTION pg_temp.agrees(what text) RETURNS SETOF text
LANGUAGE plpgsql AS $$
BEGIN
	RETURN NEXT bag_eq('SELECT contact FROM pg_temp.log',
		$q$SELECT contact FROM pg_temp.counted('track:crm."Message ""Log"""')$q$, what);
	RETURN NEXT is_empty('SELECT * FROM check_ledger()', what || ': the ledger agrees with itself');
END
$$;

INSERT INTO crm."Message ""Log""" ("Customer's Id", "Sent At", "Kanal", "what?", "Wave", unit, burden, price, "Result") VALUES
	('anna', '2026-01-01 10:00Z', 'EM', ' Promo.Winter', 7, 'north', 0.5, '1.25', NULL),
	('anna', '2026-01-02 10:00Z', 'SM', NULL, NULL, NULL, NULL, NULL, 'OPEN'),
	('bram', '2026-01-02 10:00Z', 'fax', '', 8, NULL, 2, NULL, 'sent'),
	('', '2026-01-02 10:00Z', 'EM', '', 8, NULL, 2, NULL, NULL),
	(NULL, '2026-01-02 10:00Z', 'EM', '', 8, NULL, 2, NULL, NULL),
	('bram', NULL, 'EM', '', 8, NULL, 2, NULL, NULL),
	('bram', '2026-01-02 10:00Z', 'XX', '', 8, NULL, 2, NULL, NULL),
	('bram', '2026-01-02 10:00Z', 'EM', '', 8, NULL, 2, NULL, 'DRAFT'),
	('cleo', now() + interval '3 days', 'EM', '', 8, NULL, 2, NULL, NULL);
CREATE FUNCTION pg_temp.track() RETURNS bigint LANGUAGE sql AS $$
SELECT track_contacts('crm."Message ""Log"""', 'Customer''s Id', 'Sent At', channel_column => 'Kanal',
	channels => '{"EM ": "Email", "SM ": "SMS", "EM": "email", "SM": "sms", "XX": null}', purpose => 'promo', purpose_column => 'what?',
	campaign_column => 'Wave', owner => 'shop', owner_column => 'unit', weight_column => 'burden', cost_column => 'price',
	outcome_column => 'Result', outcomes => '{"OPEN": "opened", "click": "clicked", "DRAFT": null}', answered_at_column => 'seen')
$$;
SELECT is(pg_temp.track(), 4::bigint, 'what is there is taken over');
SELECT pg_temp.agrees('taken over');
SELECT results_eq('SELECT person_id, cardinality(history) FROM person ORDER BY 1',
	$$VALUES ('anna', 2), ('bram', 1), ('cleo', 1)$$, 'people become known by their contacts');
SELECT is(pg_temp.track(), 0::bigint, 'again: nothing is new');
SELECT pg_temp.agrees('tracked twice');
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'contact_pressure_%' AND NOT tgisinternal AND tgrelid <> 'policy'::regclass), 4::bigint,
	'and there is one set of triggers');

INSERT INTO crm."Message ""Log""" ("Customer's Id", "Sent At", "Kanal", "Wave")
	SELECT 'p' || n % 7, '2026-02-01Z'::timestamptz + n * interval '1 hour', CASE WHEN n % 2 = 0 THEN 'EM' ELSE 'SM' END, n
	  FROM generate_series(1, 50) AS n;
SELECT pg_temp.agrees('INSERT ... SELECT');
COPY crm."Message ""Log""" ("Customer's Id", "Sent At", "Kanal", "what?", unit, burden) FROM stdin;
anna	2026-03-01 12:00+01	EM	review	south	3
p1	2026-03-01 12:00:00.000001+01	SM	\N	\N	\N
dora	2026-03-02 12:00+01	EM	review	south	0
\.
SELECT pg_temp.agrees('COPY');

CREATE TEMP TABLE seen AS SELECT log_id, xmin::text AS version, person_id FROM contact_log;
UPDATE crm."Message ""Log""" SET note = 'read';
SELECT results_eq('SELECT log_id, xmin::text, person_id FROM contact_log ORDER BY 1', 'SELECT * FROM seen ORDER BY 1',
	'UPDATE of a column that says nothing writes nothing');
UPDATE crm."Message ""Log""" SET "Wave" = 99, unit = 'west' WHERE "Customer's Id" = 'p1';
SELECT pg_temp.agrees('UPDATE of campaign and owner');
SELECT is_empty('SELECT log_id FROM contact_log EXCEPT SELECT log_id FROM seen', 'is no other contact');
UPDATE crm."Message ""Log""" SET price = '3.5' WHERE "Customer's Id" IN ('anna', 'p2');
SELECT pg_temp.agrees('UPDATE of the cost');
UPDATE crm."Message ""Log""" SET "Sent At" = "Sent At" + interval '90 minutes' WHERE "Customer's Id" IN ('anna', 'p1');
SELECT pg_temp.agrees('UPDATE of the time');
UPDATE crm."Message ""Log""" SET "Kanal" = 'EM' WHERE "Kanal" = 'SM';
SELECT pg_temp.agrees('UPDATE of the channel');
UPDATE crm."Message ""Log""" SET "what?" = 'review.late' WHERE "Customer's Id" IN ('p3', 'bram');
SELECT pg_temp.agrees('UPDATE of the purpose');
UPDATE crm."Message ""Log""" SET burden = 4.5 WHERE "Customer's Id" IN ('p3', 'bram');
SELECT pg_temp.agrees('UPDATE of the weight');
UPDATE crm."Message ""Log""" SET "Result" = 'OPEN' WHERE "Customer's Id" IN ('p4', 'bram') AND "Result" IS DISTINCT FROM 'DRAFT';
SELECT pg_temp.agrees('UPDATE of the outcome');
SELECT is((SELECT DISTINCT answered_at FROM contact_log WHERE person_id = 'p4' AND status <> 'cancelled'), now(), 'an answer that comes now is of now');
UPDATE crm."Message ""Log""" SET "Result" = 'click', seen = "Sent At" + interval '1 hour' WHERE "Customer's Id" = 'p4';
SELECT pg_temp.agrees('UPDATE of the outcome and its time');
SELECT is_empty($$SELECT FROM contact_log WHERE person_id = 'p4' AND status <> 'cancelled' AND (answered_at <> at + interval '1 hour' OR answered_at IS NULL)$$,
	'an answer that says when is of then');
UPDATE crm."Message ""Log""" SET "Customer's Id" = 'q' WHERE "Customer's Id" = 'p4';
SELECT pg_temp.agrees('UPDATE of the person');
SELECT results_eq($$SELECT cardinality(history) FROM person WHERE person_id IN ('p4', 'q') ORDER BY person_id$$, 'VALUES (0), (7)',
	'the contacts are somebody else''s');
UPDATE crm."Message ""Log""" SET "No" = -"No" WHERE "Customer's Id" IN ('q', 'anna');
SELECT pg_temp.agrees('UPDATE of the primary key');
UPDATE crm."Message ""Log""" SET "Sent At" = NULL WHERE "Customer's Id" = 'q' AND "Wave" < 30;
SELECT pg_temp.agrees('UPDATE to what is no contact');
UPDATE crm."Message ""Log""" SET "Sent At" = '2026-04-01Z' WHERE "Sent At" IS NULL;
SELECT pg_temp.agrees('UPDATE to what is one');
UPDATE crm."Message ""Log""" SET "Customer's Id" = 'r' || "Customer's Id", "Sent At" = "Sent At" - interval '1 year', "Kanal" = 'TV', "what?" = 'x',
	"Wave" = 1, unit = 'u', burden = 1, price = '1', "Result" = 'OPEN', "No" = "No" + 100000 WHERE "Customer's Id" LIKE 'p%';
SELECT pg_temp.agrees('UPDATE of everything');
DELETE FROM crm."Message ""Log""" WHERE "Wave" % 2 = 1;
SELECT pg_temp.agrees('DELETE');
SELECT ok(EXISTS (SELECT FROM contact_log WHERE status = 'cancelled' AND reason = 'not in crm."Message ""Log"""' AND settled_at IS NOT NULL),
	'what is deleted is cancelled in the log');
SELECT current_setting('server_version_num')::int >= 150000 AS has_merge \gset
\if :has_merge
MERGE INTO crm."Message ""Log""" AS m
	USING (VALUES ('anna', 'EM'), ('zoe', 'SM')) AS v(id, ch) ON m."Customer's Id" = v.id
	WHEN MATCHED AND m."Kanal" = 'EM' THEN DELETE
	WHEN MATCHED THEN UPDATE SET "Kanal" = 'TV'
	WHEN NOT MATCHED THEN INSERT ("Customer's Id", "Sent At", "Kanal") VALUES (v.id, '2026-05-05Z', v.ch);
SELECT pg_temp.agrees('MERGE');
\endif
INSERT INTO crm."Message ""Log""" ("No", "Customer's Id", "Sent At", "Kanal") VALUES (1000, 'yves', '2026-05-05Z', 'EM'), (1001, 'yves', '2026-05-06Z', 'EM');
INSERT INTO crm."Message ""Log""" ("No", "Customer's Id", "Sent At", "Kanal") VALUES (1000, 'yves', '2026-05-07Z', 'TV'), (1002, 'yves', '2026-05-08Z', 'EM')
	ON CONFLICT ("No") DO UPDATE SET "Kanal" = excluded."Kanal", "Sent At" = excluded."Sent At";
SELECT pg_temp.agrees('INSERT ... ON CONFLICT DO UPDATE');
SELECT throws_ok($$INSERT INTO crm."Message ""Log""" ("Customer's Id", "Sent At", "Kanal") VALUES ('anna', now(), '1,5')$$,
	'22023', NULL, 'a channel that is no name is an error, and the row is not there');
SELECT pg_temp.agrees('after an error');
SAVEPOINT tried;
INSERT INTO crm."Message ""Log""" ("Customer's Id", "Sent At", "Kanal") VALUES ('anna', '2026-01-01Z', 'EM');
ROLLBACK TO tried;
SELECT pg_temp.agrees('a statement that is rolled back');

-- --- random statements

SELECT setseed(0.31);
DO $$
BEGIN
	FOR i IN 1 .. 60 LOOP
		CASE floor(random() * 4)
		WHEN 0 THEN
			INSERT INTO crm."Message ""Log""" ("Customer's Id", "Sent At", "Kanal", "what?", "Wave", burden)
			SELECT 'n' || floor(random() * 9), '2026-05-01Z'::timestamptz + floor(random() * 200) * interval '1 hour',
				(ARRAY['EM', 'SM', 'XX'])[1 + floor(random() * 3)], 'p' || floor(random() * 3), floor(random() * 5), floor(random() * 3)
			  FROM generate_series(1, 1 + (random() * 8)::int);
		WHEN 1 THEN
			UPDATE crm."Message ""Log""" SET "Customer's Id" = 'n' || floor(random() * 9), "Kanal" = (ARRAY['EM', 'SM', 'XX'])[1 + floor(random() * 3)]
			 WHERE "Customer's Id" LIKE 'n%' AND random() < 0.2;
		WHEN 2 THEN
			UPDATE crm."Message ""Log""" SET "Sent At" = "Sent At" + floor(random() * 3) * interval '1 hour', burden = floor(random() * 2), "Wave" = floor(random() * 5)
			 WHERE "Customer's Id" LIKE 'n%' AND random() < 0.3;
		ELSE
			DELETE FROM crm."Message ""Log""" WHERE "Customer's Id" LIKE 'n%' AND random() < 0.1;
		END CASE;
	END LOOP;
END
$$;
SELECT pg_temp.agrees('after sixty random statements');

-- --- not tracked for a while

SELECT is(untrack('crm."Message ""Log"""', 'contacts'), 1, 'untrack says how many kinds there were');
SELECT is(untrack('crm."Message ""Log"""'), 0, 'and none the second time');
SELECT pg_temp.agrees('what it brought stays');
UPDATE crm."Message ""Log""" SET "Sent At" = "Sent At" - interval '5 minutes' WHERE "Customer's Id" = 'n1';
DELETE FROM crm."Message ""Log""" WHERE "Customer's Id" = 'n2';
INSERT INTO crm."Message ""Log""" ("Customer's Id", "Sent At", "Kanal") VALUES ('n3', '2026-06-01Z', 'EM');
SELECT ok(pg_temp.track() > 0, 'tracked again');
SELECT pg_temp.agrees('changes that nobody saw are caught up with');
TRUNCATE crm."Message ""Log""";
SELECT pg_temp.agrees('TRUNCATE');
SELECT is_empty('SELECT FROM person WHERE cardinality(history) > 0', 'nothing is counted any more');
DROP TABLE crm."Message ""Log""" CASCADE;
SELECT lives_ok('SELECT contact_pressure.grant_access(''postgres'', ''analyst''), count(*) FROM tracked_table', 'a tracked table can be dropped');

-- --- numbers and UUIDs, clocks without a zone, keys that no setting changes

CREATE TABLE crm.letters (customer bigint, day date, letter uuid, at_desk timestamp, PRIMARY KEY (customer, day, at_desk));
INSERT INTO crm.letters VALUES (17, '2026-03-29', NULL, '2026-03-29 14:00'), (9007199254740993, '2026-10-25', NULL, '2026-10-25 02:30');
SELECT throws_ok($$SELECT track_contacts('crm.letters', 'customer', 'day', 'post')$$, '22023',
	'column "day" of table crm.letters is a time in an unknown zone', 'a date without a zone is an error');
SELECT is(track_contacts('crm.letters', 'customer', 'at_desk', 'post', zone => 'Europe/Amsterdam'), 2::bigint, 'bigint ids, a clock in a zone');
SELECT results_eq($$SELECT person_id, at FROM contact_log WHERE source = 'track:crm.letters' ORDER BY 1$$,
	$$VALUES ('17', '2026-03-29 12:00Z'::timestamptz), ('9007199254740993', '2026-10-25 01:30Z')$$, 'become text and instants');
SET DateStyle = 'German';
SET TimeZone = 'Asia/Tokyo';
SET IntervalStyle = 'iso_8601';
DELETE FROM crm.letters WHERE customer = 17;
RESET IntervalStyle;
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
SELECT results_eq($$SELECT person_id FROM contact_log WHERE source = 'track:crm.letters' AND status <> 'cancelled'$$, $$VALUES ('9007199254740993')$$,
	'a row is found again whatever the session''s settings are');
SELECT is(track_contacts('crm.letters', 'customer', 'day', 'post', zone => 'Europe/Amsterdam'), 1::bigint, 'other columns, tracked again');
SELECT results_eq($$SELECT at FROM contact_log WHERE source = 'track:crm.letters' AND status <> 'cancelled'$$, $$VALUES ('2026-10-24 22:00Z'::timestamptz)$$,
	'replace what the others said');
CREATE TABLE crm.pushes (id int PRIMARY KEY, member uuid, at timestamptz);
SELECT track_contacts('crm.pushes', 'member', 'at', 'push', weight => 0.25, campaign => 'app', cost => 0.001);
INSERT INTO crm.pushes VALUES (1, 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '2026-01-01Z');
SELECT results_eq($$SELECT campaign, weight, cost, key FROM contact_log WHERE person_id = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'$$,
	$$VALUES ('app', 0.25::float8, 0.001, 'track:crm.pushes:1')$$, 'UUIDs, and one value for all');

-- --- keys, and the reservations that have them

CREATE TABLE crm.sends (id serial PRIMARY KEY, who text, at timestamptz, message_key text, state text);
SELECT track_contacts('crm.sends', 'who', 'at', 'email', key_column => 'message_key', outcome_column => 'state');
SELECT reserve_contact('kim', 'email', at => now() - interval '1 minute', key => 'm1', campaign => 'c', lease => '10 minutes') AS m1 \gset
SELECT reserve_contact('kim', 'email', at => now() - interval '1 minute', key => 'm2', lease => '10 minutes') AS m2 \gset
INSERT INTO crm.sends (who, at, message_key) VALUES ('kim', now(), 'm1'), ('kim', now(), NULL);
SELECT results_eq($$SELECT key, status, outcome, campaign, source, lease_until IS NULL FROM contact_log WHERE person_id = 'kim' ORDER BY log_id$$,
	$$VALUES ('m1', 'confirmed', 'sent', 'c', 'reserve', true), ('m2', 'reserved', 'planned', NULL, 'reserve', false),
		('track:crm.sends:2', 'recorded', 'sent', NULL, 'track:crm.sends', true)$$,
	'a row with the key of a reservation confirms it, one without is a contact of its own');
SELECT is((SELECT cardinality(history) FROM person WHERE person_id = 'kim'), 3, 'and nothing counts twice');
SELECT ok((SELECT p.lease_until = l.lease_until FROM person AS p JOIN contact_log AS l USING (person_id) WHERE person_id = 'kim' AND l.key = 'm2'),
	'the lease that is left is the person''s');
SELECT is(reserve_contact('kim', 'email', key => 'm1', campaign => 'c'), :m1::bigint, 'a late retry of the reservation gets its id');
INSERT INTO crm.sends (who, at, message_key) VALUES ('kim', now() + interval '1 day', 'm2');
SELECT results_eq($$SELECT status, outcome FROM contact_log WHERE person_id = 'kim' AND key = 'm2'$$, $$VALUES ('confirmed', 'sent')$$,
	'also a row that is planned for later: the reservation''s time stands');
SELECT is((SELECT lease_until FROM person WHERE person_id = 'kim'), NULL, 'no lease is left');
UPDATE crm.sends SET state = 'opened' WHERE message_key = 'm1';
SELECT is((SELECT outcome FROM contact_log WHERE log_id = :m1), 'opened', 'its outcome arrives there, too');
SELECT reserve_contact('kim', 'email', at => now() + interval '2 days', key => 'm3') AS m3 \gset
SELECT ok(cancel_contact(:m3), 'a reservation is cancelled');
INSERT INTO crm.sends (who, at, message_key) VALUES ('kim', now() - interval '1 hour', 'm3');
SELECT results_eq($$SELECT status, outcome, source FROM contact_log WHERE person_id = 'kim' AND key = 'm3'$$, $$VALUES ('recorded', 'sent', 'track:crm.sends')$$,
	'but the message was sent, says its row: that counts');
SELECT is((SELECT status FROM contact_log WHERE log_id = :m3), 'cancelled', 'the cancelled reservation stays what it is');
SELECT reserve_contact('kim', 'email', at => now() + interval '20 days', key => 'm4', campaign => 'c') AS m4 \gset
INSERT INTO crm.sends (who, at, message_key) VALUES ('kim', now() - interval '2 hours', 'm4');
SELECT results_eq($$SELECT at, status, outcome, campaign, source FROM contact_log WHERE person_id = 'kim' AND key = 'm4'$$,
	$$VALUES (now() - interval '2 hours', 'recorded', 'sent', 'c', 'record')$$, 'a plan for later whose message went out is a fact of then');
DELETE FROM crm.sends WHERE message_key = 'm1';
SELECT is((SELECT status || ': ' || reason FROM contact_log WHERE log_id = :m1), 'cancelled: not in crm.sends', 'without its row there was no contact');
INSERT INTO crm.sends (who, at, message_key) VALUES ('lee', '2026-01-01Z', 'x'), ('lee', '2026-01-02Z', 'x'), ('max', '2026-01-01Z', 'x');
SELECT results_eq($$SELECT person_id, count(*) FROM contact_log WHERE key = 'x' AND status <> 'cancelled' GROUP BY 1 ORDER BY 1$$,
	$$VALUES ('lee', 1::bigint), ('max', 1)$$, 'a key is one contact a person');
DELETE FROM crm.sends WHERE at = '2026-01-01Z';
SELECT results_eq($$SELECT person_id FROM contact_log WHERE key = 'x' AND status <> 'cancelled'$$, $$VALUES ('lee')$$,
	'as long as one of its rows is there');
DELETE FROM crm.sends WHERE message_key = 'x';
SELECT is_empty($$SELECT FROM contact_log WHERE key = 'x' AND status <> 'cancelled'$$, 'and no longer');
INSERT INTO crm.sends (who, at, message_key) VALUES ('nia', now() + interval '5 days', 'n1');
SELECT is(opt_out('nia', 'email/marketing'), 1::bigint, 'an opt-out stops a plan that a table brought');
UPDATE crm.sends SET state = 'planned' WHERE who = 'nia';
SELECT is((SELECT status FROM contact_log WHERE key = 'n1'), 'cancelled', 'and it stays stopped');
UPDATE crm.sends SET at = now() - interval '1 hour', state = NULL WHERE who = 'nia';
SELECT is((SELECT status FROM contact_log WHERE key = 'n1' AND person_id = 'nia'), 'recorded', 'until the table says that it was sent after all');
INSERT INTO crm.sends (who, at, message_key, state) VALUES ('ole', '2026-01-01Z', 'o1', 'Unsubscribed'), ('ole', '2026-01-01Z', 'o2', 'hard_bounced');
SELECT is((SELECT opted_out FROM person WHERE person_id = 'ole'), '{email,email/marketing}', 'outcomes that say no opt out');
SELECT is_empty('SELECT * FROM check_ledger()', 'the ledger agrees with itself about keys');

-- --- people who were merged

INSERT INTO crm.sends (who, at, message_key) VALUES ('old', '2026-02-01Z', 'a1'), ('new', '2026-02-02Z', 'b1');
SELECT merge_persons('old', 'new');
INSERT INTO crm.sends (who, at, message_key) VALUES ('old', '2026-02-03Z', 'a2');
SELECT is((SELECT cardinality(history) FROM person WHERE person_id = 'new'), 3, 'rows of the old id are contacts of the one merged into');
UPDATE crm.sends SET at = '2026-02-04Z' WHERE who = 'old';
SELECT is((SELECT count(*) FROM contact_log WHERE person_id = 'new' AND at = '2026-02-04Z' AND status <> 'cancelled'), 2::bigint, 'also when they change');
SELECT is(track_contacts('crm.sends', 'who', 'at', 'email', key_column => 'message_key', outcome_column => 'state'), 0::bigint, 'tracked again: nothing new');
SELECT is((SELECT cardinality(history) FROM person WHERE person_id = 'new'), 3, 'and nothing lost');
DELETE FROM crm.sends WHERE who = 'old';
SELECT is((SELECT cardinality(history) FROM person WHERE person_id = 'new'), 1, 'and when they go');
SELECT is_empty($$SELECT * FROM check_ledger('new')$$, 'the ledger agrees with itself about merges');

-- --- partitions

CREATE TABLE crm.parted (id bigserial, who int, at timestamptz, ch text, PRIMARY KEY (id, at, ch)) PARTITION BY RANGE (at);
CREATE TABLE crm.parted_1 PARTITION OF crm.parted FOR VALUES FROM ('2026-01-01Z') TO ('2026-02-01Z');
CREATE FUNCTION pg_temp.parted_agrees(what text) RETURNS text LANGUAGE sql AS $$
SELECT bag_eq('SELECT who::text, at, ch FROM crm.parted',
	'SELECT person_id, at, channel FROM contact_log WHERE source = ''track:crm.parted'' AND status <> ''cancelled''', what)
$$;
INSERT INTO crm.parted (who, at, ch) VALUES (1, '2026-01-01Z', 'email'), (2, '2026-01-02Z', 'sms');
SELECT is(track_contacts('crm.parted', 'who', 'at', channel_column => 'ch'), 2::bigint, 'a partitioned table');
INSERT INTO crm.parted (who, at, ch) VALUES (1, '2026-01-03Z', 'email');
INSERT INTO crm.parted_1 (who, at, ch) VALUES (1, '2026-01-04Z', 'email');
SELECT pg_temp.parted_agrees('rows through the whole and into the part');
CREATE TABLE crm.parted_2 PARTITION OF crm.parted FOR VALUES FROM ('2026-02-01Z') TO ('2026-03-01Z') PARTITION BY LIST (ch);
CREATE TABLE crm.parted_2e PARTITION OF crm.parted_2 FOR VALUES IN ('email');
CREATE TABLE crm.parted_2s (LIKE crm.parted INCLUDING ALL);
INSERT INTO crm.parted_2s (who, at, ch) VALUES (3, '2026-02-01Z', 'sms'), (3, '2026-02-02Z', 'sms');
SELECT pg_temp.parted_agrees('a table that is no part yet');
ALTER TABLE crm.parted_2 ATTACH PARTITION crm.parted_2s FOR VALUES IN ('sms');
SELECT pg_temp.parted_agrees('attached with rows in it');
INSERT INTO crm.parted_2e (who, at, ch) VALUES (4, '2026-02-03Z', 'email');
INSERT INTO crm.parted_2 (who, at, ch) VALUES (4, '2026-02-04Z', 'email'), (4, '2026-02-04Z', 'sms');
SELECT pg_temp.parted_agrees('rows straight into parts that came later');
UPDATE crm.parted SET at = at + interval '1 month' WHERE at < '2026-01-03Z';
SELECT pg_temp.parted_agrees('rows that move from part to part');
UPDATE crm.parted_2 SET ch = CASE ch WHEN 'sms' THEN 'email' ELSE 'sms' END;
SELECT pg_temp.parted_agrees('and below');
DELETE FROM crm.parted_2s WHERE who = 4;
SELECT pg_temp.parted_agrees('DELETE in a part');
TRUNCATE crm.parted_2e;
SELECT pg_temp.parted_agrees('TRUNCATE of a part');
SELECT throws_ok($$SELECT track_contacts('crm.parted_1', 'who', 'at', 'email')$$, '55006', NULL, 'a part of a tracked table is not tracked by itself');
TRUNCATE crm.parted;
SELECT pg_temp.parted_agrees('TRUNCATE of all');
-- a table that was tracked by itself before, and one that is so after
CREATE TABLE crm.parted_4 (LIKE crm.parted INCLUDING ALL);
INSERT INTO crm.parted_4 (who, at, ch) VALUES (5, '2026-04-01Z', 'sms'), (6, '2026-04-02Z', 'sms'), (7, '2026-04-03Z', 'sms');
SELECT is(track_contacts('crm.parted_4', 'who', 'at', channel_column => 'ch'), 3::bigint, 'a table that is tracked by itself');
CREATE TEMP TABLE alone AS SELECT log_id, person_id FROM contact_log WHERE source = 'track:crm.parted_4';
ALTER TABLE crm.parted ATTACH PARTITION crm.parted_4 FOR VALUES FROM ('2026-04-01Z') TO ('2026-05-01Z');
SELECT pg_temp.parted_agrees('attached');
SELECT results_eq($$SELECT log_id, person_id FROM contact_log WHERE source = 'track:crm.parted' AND status <> 'cancelled' ORDER BY 1$$, 'SELECT * FROM alone ORDER BY 1',
	'its contacts go on as those of the whole');
INSERT INTO crm.parted_4 (who, at, ch) VALUES (5, '2026-04-04Z', 'sms');
UPDATE crm.parted SET at = at + interval '1 hour' WHERE who = 5;
SELECT pg_temp.parted_agrees('and change with it');
ALTER TABLE crm.parted DETACH PARTITION crm.parted_4;
UPDATE crm.parted_4 SET at = at + interval '1 hour' WHERE who = 6;
SELECT results_eq('SELECT who::text, at FROM crm.parted_4 ORDER BY 1, 2',
	$$SELECT person_id, at FROM contact_log WHERE source = 'track:crm.parted' AND status <> 'cancelled' ORDER BY 1, 2$$, 'detached, it is still followed');
SELECT is(track_contacts('crm.parted_4', 'who', 'at', channel_column => 'ch'), 0::bigint, 'and can be tracked by itself again');
SELECT results_eq('SELECT who::text, at FROM crm.parted_4 ORDER BY 1, 2',
	$$SELECT person_id, at FROM contact_log WHERE source IN ('track:crm.parted', 'track:crm.parted_4') AND status <> 'cancelled' ORDER BY 1, 2$$, 'nothing counts twice');
DELETE FROM crm.parted_4;
SELECT pg_temp.parted_agrees('without it');
DROP TABLE crm.parted_4;
SELECT is_empty('SELECT * FROM check_ledger()', 'the ledger agrees with itself about partitions');
SELECT untrack('crm.parted');
SELECT is_empty($$SELECT FROM pg_trigger WHERE tgrelid::regclass::text LIKE 'crm.parted%' AND tgname LIKE 'contact_pressure%'$$, 'untracked with all its parts');
CREATE TABLE crm.parted_3 PARTITION OF crm.parted FOR VALUES FROM ('2026-03-01Z') TO ('2026-04-01Z');
SELECT is_empty($$SELECT FROM pg_trigger WHERE tgrelid = 'crm.parted_3'::regclass AND tgname LIKE 'contact_pressure%'$$, 'and so are later ones');

-- --- events

CREATE TABLE crm.orders (no int PRIMARY KEY, buyer int, at timestamptz, kind text);
INSERT INTO crm.orders VALUES (1, 70, '2026-01-01Z', 'Web'), (2, 71, '2026-01-02Z', 'shop');
SELECT is(track_events('crm.orders', 'buyer', 'at', 'order', purpose_column => 'kind', purposes => '{"Web": "order.web", "test": null}'), 2::bigint, 'events');
INSERT INTO crm.orders VALUES (3, 71, '2026-01-03Z', 'test'), (4, 71, '2026-01-04Z', NULL);
SELECT results_eq($$SELECT person_id, channel, purpose, outcome, key FROM contact_log WHERE source = 'track:crm.orders' ORDER BY at$$,
	$$VALUES ('70', 'event', 'order.web', 'event', 'track:crm.orders/event:1'), ('71', 'event', 'shop', 'event', 'track:crm.orders/event:2'),
		('71', 'event', 'order', 'event', 'track:crm.orders/event:4')$$, 'are what happened, and count nowhere');
SELECT is(track_contacts('crm.orders', 'buyer', 'at', 'email', 'service'), 4::bigint, 'the same rows can be contacts, too');
UPDATE crm.orders SET kind = 'test' WHERE no = 1;
DELETE FROM crm.orders WHERE no = 2;
SELECT results_eq($$SELECT person_id, channel FROM contact_log WHERE source = 'track:crm.orders' AND status <> 'cancelled' ORDER BY at, channel$$,
	$$VALUES ('70', 'email'), ('71', 'email'), ('71', 'email'), ('71', 'event')$$, 'and each kind knows its own');
SELECT is(track_events('crm.orders', 'buyer', 'at', 'order', purpose_column => 'kind', purposes => '{"Web": "order.web", "test": null}'), 0::bigint,
	'tracked again: nothing new');
SELECT is((SELECT count(*) FROM contact_log WHERE source = 'track:crm.orders' AND status <> 'cancelled'), 4::bigint, 'and nothing lost');
SELECT is(untrack('crm.orders'), 2, 'both end at once');

-- --- responses

CREATE TABLE crm.mails (mail int PRIMARY KEY, who text, at timestamptz);
CREATE TABLE crm.clicks (id serial, mail int REFERENCES crm.mails ON DELETE CASCADE, kind text, at timestamptz);
INSERT INTO crm.mails SELECT n, 'm' || n, '2026-01-01Z' FROM generate_series(1, 6) AS n;
SELECT throws_ok($$SELECT track_responses('crm.clicks', at_column => 'at', contact_column => 'mail', outcome_column => 'kind')$$, '55000', NULL,
	'responses to contacts that are not tracked');
SELECT track_contacts('crm.mails', 'who', 'at', 'email');
INSERT INTO crm.clicks (mail, kind, at) VALUES (1, 'O', '2026-01-02Z'), (1, 'C', '2026-01-03Z'), (2, 'O', '2026-01-02Z'), (3, 'processed', '2026-01-02Z'), (NULL, 'O', now());
SELECT is(track_responses('crm.clicks', at_column => 'at', contact_column => 'mail', outcome_column => 'kind',
	outcomes => '{"O": "opened", "C": "clicked", "U": "unsubscribed", "*": null}'), 3::bigint, 'responses that are there are taken over');
CREATE FUNCTION pg_temp.outcomes() RETURNS TABLE (who text, outcome text, answered_at timestamptz) LANGUAGE sql AS $$
SELECT person_id, outcome, answered_at FROM contact_log WHERE source = 'track:crm.mails' AND outcome <> 'sent' ORDER BY 1
$$;
SELECT results_eq('SELECT * FROM pg_temp.outcomes()', $$VALUES ('m1', 'clicked', '2026-01-03Z'::timestamptz), ('m2', 'opened', '2026-01-02Z')$$, 'through the foreign key');
INSERT INTO crm.clicks (mail, kind, at) VALUES (4, 'U', '2026-01-05Z'), (2, 'C', '2025-12-31Z'), (2, 'O', '2026-01-02Z');
SELECT results_eq('SELECT * FROM pg_temp.outcomes()',
	$$VALUES ('m1', 'clicked', '2026-01-03Z'::timestamptz), ('m2', 'clicked', '2026-01-01Z'), ('m4', 'unsubscribed', '2026-01-05Z')$$,
	'INSERT; one that is too early is of its contact''s time');
SELECT is((SELECT opted_out FROM person WHERE person_id = 'm4'), '{email/marketing}', 'an unsubscribe opts out');
DELETE FROM crm.clicks WHERE kind = 'C';
SELECT results_eq('SELECT * FROM pg_temp.outcomes()',
	$$VALUES ('m1', 'opened', '2026-01-02Z'::timestamptz), ('m2', 'opened', '2026-01-02Z'), ('m4', 'unsubscribed', '2026-01-05Z')$$, 'DELETE takes back');
DELETE FROM crm.clicks WHERE id = (SELECT max(id) FROM crm.clicks WHERE mail = 2);
SELECT is((SELECT outcome FROM pg_temp.outcomes() WHERE who = 'm2'), 'opened', 'but not what another row says, too');
UPDATE crm.clicks SET kind = 'O', at = '2026-01-06Z' WHERE mail = 4;
SELECT results_eq($$SELECT * FROM pg_temp.outcomes() WHERE who = 'm4'$$, $$VALUES ('m4', 'opened', '2026-01-06Z'::timestamptz)$$, 'UPDATE');
SELECT is((SELECT opted_out FROM person WHERE person_id = 'm4'), '{email/marketing}', 'what was opted out of stays so');
SELECT is_empty('SELECT * FROM check_ledger()', 'the ledger agrees with itself about responses');
TRUNCATE crm.clicks;
SELECT is_empty('SELECT * FROM pg_temp.outcomes()', 'TRUNCATE');
INSERT INTO crm.clicks (mail, kind, at) VALUES (1, 'O', '2026-01-02Z');
SELECT results_eq('SELECT * FROM pg_temp.outcomes()', $$VALUES ('m1', 'opened', '2026-01-02Z'::timestamptz)$$, 'what was taken back can be said again');
DELETE FROM crm.mails WHERE mail = 1;
SELECT is((SELECT status FROM contact_log WHERE key = 'track:crm.mails:1'), 'cancelled', 'a contact that is deleted takes its responses along');

CREATE TABLE crm.calls_back (log bigint, who text, key text, said text, at timestamptz, ch text);
SELECT record_contact('rob', 'call', at => '2026-01-01Z', key => 'r1') AS r1 \gset
SELECT record_contact('rob', 'call', at => '2026-01-02Z', key => 'r2') AS r2 \gset
SELECT track_responses('crm.calls_back', log_id_column => 'log', outcome_column => 'said', at_column => 'at');
INSERT INTO crm.calls_back (log, said, at) VALUES (:r1, 'replied', '2026-01-03Z'), (-1, 'replied', '2026-01-03Z');
SELECT is((SELECT outcome FROM contact_log WHERE log_id = :r1), 'replied', 'by log id; others are left alone');
SELECT track_responses('crm.calls_back', 'who', 'at', key_column => 'key', outcome_column => 'said');
INSERT INTO crm.calls_back (who, key, said, at) VALUES ('rob', 'r2', 'declined', '2026-01-03Z'), ('rob', 'r3', 'declined', '2026-01-03Z');
SELECT is((SELECT outcome FROM contact_log WHERE log_id = :r2), 'declined', 'by person and key');
SELECT track_responses('crm.calls_back', 'who', 'at', 'converted', channel_column => 'ch', channels => '{"phone": "call"}');
INSERT INTO crm.calls_back (who, at, ch) VALUES ('rob', '2026-01-01 12:00Z', 'phone'), ('nobody', '2026-01-01 12:00Z', 'phone');
SELECT is((SELECT outcome FROM contact_log WHERE log_id = :r1), 'converted', 'by person and channel: the last one sent');
SELECT is_empty('SELECT * FROM check_ledger()', 'the ledger agrees with itself about all of them');

-- --- a large table, page by page (the procedure is tested where it can commit)

CREATE TABLE crm.later (id int PRIMARY KEY, who text, at timestamptz, note text);
INSERT INTO crm.later VALUES (1, 'u1', '2026-01-01Z'), (2, 'u2', '2026-01-01Z'), (3, 'u3', '2026-01-01Z');
SELECT is(track_contacts('crm.later', 'who', 'at', 'email', backfill => false), NULL, 'from now on only');
UPDATE crm.later SET note = 'moved behind the backfill' WHERE id = 2;
INSERT INTO crm.later VALUES (4, 'u4', '2026-01-01Z');
SELECT results_eq($$SELECT person_id FROM contact_log WHERE source = 'track:crm.later' ORDER BY 1$$, $$VALUES ('u2'), ('u4')$$,
	'until all is taken over, each row that is written is');

-- --- another table of the same name

DROP TABLE crm.later;
CREATE TABLE crm.later (id int PRIMARY KEY, who text, at timestamptz, note text);
INSERT INTO crm.later VALUES (2, 'u2', '2026-02-01Z');
SELECT is(track_contacts('crm.later', 'who', 'at', 'email'), 1::bigint, 'a table that takes the place of a dropped one');
SELECT results_eq($$SELECT source, at FROM contact_log WHERE person_id = 'u2' AND status <> 'cancelled' ORDER BY 1$$,
	$$VALUES ('track:crm.later', '2026-01-01Z'::timestamptz), ('track:crm.later#2', '2026-02-01Z')$$, 'has contacts of its own');

-- --- who may

CREATE ROLE track_application;
CREATE ROLE track_nobody;
CREATE ROLE track_owner;
SELECT grant_access('track_application', 'application');
GRANT USAGE ON SCHEMA crm TO PUBLIC;
CREATE TABLE crm.shared (id int PRIMARY KEY, who text, at timestamptz, k text, said text);
CREATE TABLE crm.split (id int, who text, at timestamptz, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
GRANT ALL ON crm.shared TO track_application, track_nobody;
SELECT track_contacts('crm.shared', 'who', 'at', 'email', key_column => 'k');
SELECT track_responses('crm.shared', 'who', 'at', key_column => 'k', outcome_column => 'said');
SELECT track_contacts('crm.split', 'who', 'at', 'email');
SET ROLE track_application;
INSERT INTO crm.shared VALUES (1, 'via', '2026-01-01Z', 's1'), (2, 'via', '2026-01-02Z', 's2'), (3, 'vob', '2026-01-02Z', 's3');
UPDATE crm.shared SET said = 'complained' WHERE id = 1;
UPDATE crm.shared SET at = '2026-01-03Z' WHERE id = 2;
UPDATE crm.shared SET said = 'opened' WHERE id = 2;
UPDATE crm.shared SET said = NULL WHERE id = 2;
DELETE FROM crm.shared WHERE id = 3;
RESET ROLE;
SELECT results_eq($$SELECT key, at, outcome, status FROM contact_log WHERE source = 'track:crm.shared' AND key IS NOT NULL ORDER BY key$$,
	$$VALUES ('s1', '2026-01-01Z'::timestamptz, 'complained', 'recorded'), ('s2', '2026-01-03Z', 'sent', 'recorded'), ('s3', '2026-01-02Z', 'sent', 'cancelled')$$,
	'an application''s role may do all that to a tracked table');
SELECT is((SELECT opted_out FROM person WHERE person_id = 'via'), '{email/marketing}', 'and opts out by it');
SET ROLE track_application;
TRUNCATE crm.shared;
RESET ROLE;
SELECT is_empty($$SELECT FROM contact_log WHERE source = 'track:crm.shared' AND status <> 'cancelled'$$, 'also by TRUNCATE');
SET ROLE track_nobody;
SELECT throws_ok($$INSERT INTO crm.shared VALUES (9, 'via', '2026-01-01Z', 's9')$$, '42501', NULL, 'a role without access to the ledger cannot write past it');
RESET ROLE;
SELECT is_empty('SELECT FROM crm.shared', 'nor into the table');
GRANT CREATE ON SCHEMA crm TO track_owner;
ALTER TABLE crm.split OWNER TO track_owner;
SET ROLE track_owner;
SET client_min_messages = error;
SELECT lives_ok($$CREATE TABLE crm.split_1 PARTITION OF crm.split FOR VALUES FROM ('2026-01-01Z') TO ('2027-01-01Z')$$,
	'whoever may not track can add a partition all the same');
SET client_min_messages = warning;
RESET ROLE;
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgrelid = 'crm.split_1'::regclass), 0::bigint, 'with a warning that it is not tracked');
INSERT INTO crm.split VALUES (1, 'vic', '2026-01-01Z');
INSERT INTO crm.split_1 VALUES (2, 'vic', '2026-01-02Z');
SELECT is(track_contacts('crm.split', 'who', 'at', 'email'), 1::bigint, 'until somebody does who may');

-- --- errors

CREATE TABLE crm.bare (who text, at timestamptz, n bigint, ref text);
CREATE VIEW crm.seen AS SELECT * FROM crm.bare;
CREATE TEMP TABLE passing (id int PRIMARY KEY, who text, at timestamptz);
SELECT throws_ok($$SELECT track_contacts('crm.bare', 'whom', 'at', 'email')$$, '42703', 'table crm.bare has no column "whom"', 'no such column');
SELECT throws_ok($$SELECT track_contacts('crm.bare', 'who', 'n', 'email', key_column => 'ref')$$, '55000', 'the rows of table crm.bare cannot be told apart', 'no primary key');
ALTER TABLE crm.bare ALTER ref SET NOT NULL;
SELECT throws_ok($$SELECT track_contacts('crm.bare', 'who', 'n', 'email', key_column => 'ref')$$, '42804', 'column "n" of table crm.bare is no time', 'no time');
SELECT throws_ok($$SELECT track_contacts('crm.bare', 'who', 'at', key_column => 'ref')$$, '22004', NULL, 'no channel');
SELECT throws_ok($$SELECT track_contacts('crm.bare', 'who', 'at', channel_column => 'n', channels => '[]', key_column => 'ref')$$, '22023', NULL, 'names that are no object');
SELECT throws_ok($$SELECT track_contacts('crm.bare', 'who', 'at', 'e mail', key_column => 'ref')$$, '22023', NULL, 'a channel that is none');
SELECT throws_ok($$SELECT track_contacts('crm.bare', 'who', 'at', 'email', outcome_column => 'who', outcomes => '{"O": "open"}', key_column => 'ref')$$,
	'22023', NULL, 'an outcome that is none');
SELECT throws_ok($$SELECT track_contacts('crm.bare', 'who', 'at', 'email', zone => 'Europe/Amsterdan', key_column => 'ref')$$, '22023', NULL, 'a zone that is none');
SELECT throws_ok($$SELECT track_events('crm.bare', 'who', 'at', key_column => 'ref')$$, '22004', NULL, 'an event of no kind');
SELECT throws_ok($$SELECT track_responses('crm.bare', 'who', 'at')$$, '22004', NULL, 'a response that says nothing');
SELECT throws_ok($$SELECT track_responses('crm.bare', 'who', 'at', 'opened')$$, '22004', NULL, 'to no contact');
SELECT throws_ok($$SELECT track_contacts('crm.seen', 'who', 'at', 'email')$$, '42809', NULL, 'a view');
SELECT throws_ok($$SELECT track_contacts('passing', 'who', 'at', 'email')$$, '42809', NULL, 'a temporary table');
SELECT throws_ok($$SELECT track_contacts('contact_log', 'person_id', 'at', 'email')$$, '42809', NULL, 'the ledger itself');
SELECT throws_ok($$SELECT track_contacts(NULL, 'who', 'at', 'email')$$, '22004', NULL, 'no table');
SELECT throws_ok($$SELECT untrack('crm.bare', 'contact')$$, '22023', 'there is no tracking of "contact"', 'no such kind');
SELECT lives_ok($$SELECT track_contacts('crm.bare', 'who', 'at', 'email', key_column => 'ref')$$, 'a key that is NOT NULL is enough');

-- only white space is cut from a name
CREATE TABLE crm.spots (id bigint PRIMARY KEY, who text, at timestamptz, ch text);
INSERT INTO crm.spots VALUES (1, 'v1', '2026-01-01Z', E' TV\x0b'), (2, 'v1', '2026-01-02Z', 'vod');
SELECT track_contacts('crm.spots', 'who', 'at', channel_column => 'ch', purpose => 'vip');
SELECT results_eq($$SELECT channel, purpose FROM contact_log WHERE person_id = 'v1' ORDER BY at$$,
	$$VALUES ('tv', 'vip'), ('vod', 'vip')$$, 'a v is no white space');

SELECT * FROM finish();
ROLLBACK;
