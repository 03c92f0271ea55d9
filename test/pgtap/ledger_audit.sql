-- check_ledger(): it says nothing about a ledger that is right, and names
-- whatever is wrong in one that is not.  The rows are written by hand here,
-- so that every wrong is there.

BEGIN;
-- they all write the same tables: one after the other
LOCK TABLE contact_pressure.policy;
SET search_path = contact_pressure, public;
SET TimeZone = 'UTC';
SELECT no_plan();

INSERT INTO policy (segment, rules) VALUES
	('everyone', 'sms: needs consent
		any: quiet 21:00-08:00'),
	('default', 'email: max 2 per 7 days
		push: pause 30 days after 2 unanswered');

-- One row of the log, as if written at that time, and the history with it.
CREATE FUNCTION pg_temp.log(
	who text, recorded_at timestamptz, at timestamptz, channel text,
	status text DEFAULT 'reserved', outcome text DEFAULT 'sent',
	settled_at timestamptz DEFAULT NULL, source text DEFAULT 'reserve',
	answered_at timestamptz DEFAULT NULL, key text DEFAULT NULL,
	lease_until timestamptz DEFAULT NULL, version bigint DEFAULT NULL
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	id bigint;
BEGIN
	INSERT INTO contact_pressure.person (person_id) VALUES (who)
	ON CONFLICT DO NOTHING;
	INSERT INTO contact_pressure.contact_log
		(person_id, at, channel, purpose, status, outcome, settled_at, source,
		 answered_at, key, lease_until, recorded_at, policy_version)
	VALUES (who, log.at, log.channel, 'marketing', log.status, log.outcome,
			log.settled_at, log.source, log.answered_at, log.key,
			log.lease_until, log.recorded_at,
			CASE WHEN log.source = 'reserve' THEN coalesce(version,
				(SELECT max(v.version) FROM contact_pressure.policy_version v)) END)
	RETURNING log_id INTO id;
	IF status <> 'cancelled' THEN
		UPDATE contact_pressure.person AS p
		   SET history = p.history || contact_pressure.logged_contact(
					log.at, log.channel, 'marketing', NULL, log.outcome,
					log.answered_at),
			   lease_until = least(p.lease_until, log.lease_until)
		 WHERE person_id = who;
	END IF;
	RETURN id;
END
$$;

CREATE FUNCTION pg_temp.problems(who text) RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(string_agg(problem || ': ' || detail, '; '
							   ORDER BY log_id, problem, detail), 'none')
	  FROM contact_pressure.check_ledger(who)
$$;

SELECT is_empty('SELECT * FROM check_ledger()', 'an empty ledger');

-- --- what is right

SELECT pg_temp.log('right', '2020-03-02 09:00Z', '2020-03-02 09:00Z', 'email');
SELECT pg_temp.log('right', '2020-03-02 10:00Z', '2020-03-03 09:00Z', 'email');
SELECT pg_temp.log('right', '2020-03-09 09:00Z', '2020-03-09 09:00Z', 'email');
SELECT is(pg_temp.problems('right'), 'none', 'two in every seven days');

SELECT pg_temp.log('freed', '2020-03-02 09:00Z', '2020-03-04 09:00Z', 'email', 'cancelled', 'planned', '2020-03-02 11:00Z');
SELECT pg_temp.log('freed', '2020-03-02 10:00Z', '2020-03-03 09:00Z', 'email');
SELECT pg_temp.log('freed', '2020-03-02 12:00Z', '2020-03-02 12:00Z', 'email');
SELECT is(pg_temp.problems('freed'), 'none', 'a place that was freed may be taken');

SELECT pg_temp.log('fact', '2020-03-02 09:00Z', '2020-03-02 09:00Z', 'email', source => 'record', status => 'recorded')
  FROM generate_series(1, 5);
SELECT is(pg_temp.problems('fact'), 'none', 'a fact may exceed a cap');

SELECT pg_temp.log('late', '2020-03-02 09:00Z', '2020-03-02 09:00Z', 'email');
SELECT pg_temp.log('late', '2020-03-02 10:00Z', '2020-03-02 10:00Z', 'email');
SELECT pg_temp.log('late', '2020-03-02 11:00Z', '2020-03-02 08:30Z', 'email', source => 'record', status => 'recorded');
SELECT is(pg_temp.problems('late'), 'none', 'what was recorded later counts from then on');

-- --- what a policy forbids

SELECT pg_temp.log('over', '2020-03-02 09:00Z', '2020-03-02 09:00Z', 'email');
SELECT pg_temp.log('over', '2020-03-02 10:00Z', '2020-03-03 09:00Z', 'email');
SELECT pg_temp.log('over', '2020-03-02 11:00Z', '2020-03-02 11:00Z', 'email');
SELECT matches(pg_temp.problems('over'),
	'^reserved against the policy: cap, email: max 2 per 7 days, counted 2, version \d+$',
	'a third one, though one of the two is planned');

SELECT pg_temp.log('early', '2020-03-02 09:00Z', '2020-03-04 09:00Z', 'email', 'cancelled', 'planned', '2020-03-02 12:00Z');
SELECT pg_temp.log('early', '2020-03-02 10:00Z', '2020-03-03 09:00Z', 'email');
SELECT pg_temp.log('early', '2020-03-02 11:00Z', '2020-03-02 12:00Z', 'email');
SELECT matches(pg_temp.problems('early'), '^reserved against the policy: cap, [^;]*$',
	'a place that was freed too late');

SELECT pg_temp.log('night', '2020-03-02 23:00Z', '2020-03-02 23:00Z', 'email');
SELECT matches(pg_temp.problems('night'), '^reserved against the policy: quiet, any: quiet', 'at night');

SELECT pg_temp.log('unasked', '2020-03-02 09:00Z', '2020-03-02 09:00Z', 'sms');
SELECT matches(pg_temp.problems('unasked'), '^reserved against the policy: consent', 'without consent');

-- --- the policy of then

INSERT INTO policy (segment, rules) VALUES ('vip', 'email: max 3 per 7 days');
INSERT INTO person (person_id, segment) VALUES ('rich', 'vip');
SELECT pg_temp.log('rich', '2020-03-02 09:00Z', '2020-03-02 09:00Z', 'email');
SELECT pg_temp.log('rich', '2020-03-02 10:00Z', '2020-03-02 10:00Z', 'email');
SELECT pg_temp.log('rich', '2020-03-02 11:00Z', '2020-03-02 11:00Z', 'email');
SELECT is(pg_temp.problems('rich'), 'none', 'the policy of the segment');
UPDATE policy SET rules = 'email: max 1 per 7 days' WHERE segment = 'vip';
SELECT is(pg_temp.problems('rich'), 'none', 'a stricter policy says nothing of before');
SELECT pg_temp.log('rich', '2020-03-08 09:00Z', '2020-03-08 09:00Z', 'email');
SELECT matches(pg_temp.problems('rich'), '^reserved against the policy: cap, email: max 1 per 7 days', '... only of what comes after');

SELECT pg_temp.log('gone', '2020-03-02 09:00Z', '2020-03-02 09:00Z', 'email', version => 0);
SELECT matches(pg_temp.problems('gone'), '^reserved against the policy: no_policy', 'before there was a policy');
SELECT pg_temp.log('future', '2020-03-02 09:00Z', '2020-03-02 09:00Z', 'email', version => 1000000);
SELECT matches(pg_temp.problems('future'), 'of a policy version that never was', 'a version that never was');

-- --- the person of then

SELECT pg_temp.log('changed', '2020-03-02 19:30Z', '2020-03-02 19:30Z', 'email');
UPDATE person SET zone = 'Asia/Tokyo', preferences = 'email: never', opted_out = '{email}' WHERE person_id = 'changed';
SELECT is(pg_temp.problems('changed'), 'none', 'zone, preferences and opt-outs of later are for later');
SELECT is((SELECT count(*) FROM person_version WHERE person_id = 'changed'), 1::bigint, 'one change, one version');
UPDATE person SET history = history, lease_until = NULL WHERE person_id = 'changed';
UPDATE person SET zone = zone WHERE person_id = 'changed';
SELECT is((SELECT count(*) FROM person_version WHERE person_id = 'changed'), 1::bigint, '... and none without a change');
UPDATE person_version SET until = '2020-03-02 19:00Z' WHERE person_id = 'changed';
SELECT matches(pg_temp.problems('changed'), '^reserved against the policy: opt_out', 'when they were there before');
UPDATE person SET opted_out = NULL WHERE person_id = 'changed';
UPDATE person_version SET until = '2020-03-03 19:00Z' WHERE person_id = 'changed' AND version_id = (SELECT max(version_id) FROM person_version);
SELECT matches(pg_temp.problems('changed'), '^reserved against the policy: opt_out', '... also when they were lifted since');

INSERT INTO person (person_id, holds) VALUES ('held', ARRAY[('email', '2020-03-05 00:00Z', 'ill')::person_hold]);
SELECT pg_temp.log('held', '2020-03-02 09:00Z', '2020-03-05 09:00Z', 'email');
SELECT is(pg_temp.problems('held'), 'none', 'planned for after a hold');
SELECT pg_temp.log('held', '2020-03-02 09:00Z', '2020-03-04 09:00Z', 'email');
SELECT matches(pg_temp.problems('held'), '^reserved against the policy: opt_out', 'planned within a hold');

INSERT INTO person (person_id, opted_in) VALUES ('asked', '{sms}');
SELECT pg_temp.log('asked', '2020-03-02 09:00Z', '2020-03-02 09:00Z', 'sms');
SELECT is(pg_temp.problems('asked'), 'none', 'with consent');

-- --- responses of then

SELECT pg_temp.log('silent', '2020-03-02 09:00Z', '2020-03-02 09:00Z', 'push');
SELECT pg_temp.log('silent', '2020-03-03 09:00Z', '2020-03-03 09:00Z', 'push', outcome => 'opened', answered_at => '2020-03-05 09:00Z') AS silent \gset
SELECT pg_temp.log('silent', '2020-03-06 09:00Z', '2020-03-06 09:00Z', 'push');
INSERT INTO response_log (person_id, log_id, at, outcome, source, recorded_at)
VALUES ('silent', :silent, '2020-03-05 09:00Z', 'opened', 'response', '2020-03-05 09:01Z');
SELECT is(pg_temp.problems('silent'), 'none', 'an answer ends the pause');
UPDATE response_log SET recorded_at = '2020-03-06 10:00Z' WHERE person_id = 'silent';
SELECT matches(pg_temp.problems('silent'), '^reserved against the policy: pause', '... not when it came too late');

SELECT pg_temp.log('bounce', '2020-03-02 09:00Z', '2020-03-02 09:00Z', 'email', outcome => 'delivered') AS bounce \gset
SELECT pg_temp.log('bounce', '2020-03-02 10:00Z', '2020-03-02 10:00Z', 'email');
SELECT pg_temp.log('bounce', '2020-03-02 12:00Z', '2020-03-02 12:00Z', 'email');
SELECT matches(pg_temp.problems('bounce'), '^reserved against the policy: cap', 'the third');
INSERT INTO response_log (person_id, log_id, at, outcome, source, recorded_at) VALUES
	('bounce', :bounce, '2020-03-02 09:00Z', 'bounced', 'response', '2020-03-02 11:00Z'),
	('bounce', :bounce, '2020-03-02 09:00Z', 'delivered', 'response', '2020-03-02 13:00Z');
SELECT is(pg_temp.problems('bounce'), 'none', 'allowed while the first had bounced, delivered since');

-- --- merged persons

SELECT pg_temp.log('one', '2020-03-02 09:00Z', '2020-03-02 09:00Z', 'email');
SELECT pg_temp.log('one', '2020-03-02 11:00Z', '2020-03-02 11:00Z', 'email');
SELECT pg_temp.log('two', '2020-03-02 10:00Z', '2020-03-02 10:00Z', 'email');
SELECT pg_temp.log('two', '2020-03-02 12:00Z', '2020-03-02 12:00Z', 'email');
UPDATE contact_log SET person_id = 'two' WHERE person_id = 'one';
UPDATE person SET merged_into = 'two', history = '[]' WHERE person_id = 'one';
UPDATE person_version SET until = '2020-03-03 00:00Z' WHERE person_id = 'one';
UPDATE person SET history = (SELECT contact_history(at, channel, purpose) FROM contact_log WHERE person_id = 'two') WHERE person_id = 'two';
SELECT is((SELECT array_agg(DISTINCT merged_from) FROM contact_log WHERE person_id = 'two'), ARRAY['one', NULL], 'whose it was is kept');
SELECT is(pg_temp.problems('two'), 'none', 'two persons had two each');
SELECT is(pg_temp.problems('one'), 'none', 'asked by the other id');
SELECT pg_temp.log('two', '2020-03-04 12:00Z', '2020-03-04 12:00Z', 'email');
SELECT is((SELECT count(*) FROM check_ledger('two')), 1::bigint, 'now they are one');
INSERT INTO person (person_id) VALUES ('three');
UPDATE contact_log SET person_id = 'three' WHERE person_id = 'two';
UPDATE person SET merged_into = 'three', history = '[]' WHERE person_id = 'two';
UPDATE person_version SET until = '2020-03-05 00:00Z' WHERE person_id = 'two';
UPDATE person SET history = (SELECT contact_history(at, channel, purpose) FROM contact_log WHERE person_id = 'three') WHERE person_id = 'three';
SELECT is((SELECT count(*) FROM check_ledger('one')), 1::bigint, 'merged twice');
SELECT pg_temp.log('three', '2020-03-09 09:00Z', '2020-03-09 09:00Z', 'email');
SELECT is((SELECT count(*) FROM check_ledger('three')), 2::bigint, 'and all of them count');
INSERT INTO contact_log (person_id, at, channel, purpose, status, outcome, source) VALUES ('one', '2020-03-02', 'email', 'x', 'recorded', 'sent', 'record');
SELECT matches((SELECT string_agg(problem, ';') FROM check_ledger() WHERE person_id = 'one'), 'contact of a person who was merged', 'a contact left behind');

-- --- histories

SELECT pg_temp.log('lost', '2020-03-02 09:00Z', '2020-03-02 09:00Z', 'email');
UPDATE person SET history = '[]' WHERE person_id = 'lost';
SELECT is(pg_temp.problems('lost'),
	'the history differs from its log: only in the log: {"at": "2020-03-02T09:00:00Z", "channel": "email", "purpose": "marketing"}',
	'a history that lacks a contact');
SELECT pg_temp.log('more', '2020-03-02 09:00Z', '2020-03-02 09:00Z', 'email');
UPDATE person SET history = history || history WHERE person_id = 'more';
SELECT matches(pg_temp.problems('more'), '^the history differs from its log: only in the history: ', 'a history that has one twice');
SELECT pg_temp.log('answer', '2020-03-02 09:00Z', '2020-03-02 09:00Z', 'email', outcome => 'opened', answered_at => '2020-03-02 10:00Z');
UPDATE contact_log SET answered_at = '2020-03-02 11:00Z' WHERE person_id = 'answer';
SELECT matches(pg_temp.problems('answer'), '^the history differs from its log: only in the log: .*; only in the history: ', 'another answer time');
DELETE FROM person WHERE person_id = 'more';
SELECT matches(pg_temp.problems('more'), '^contacts of nobody: ', 'contacts without a person');

-- --- trimmed histories

SELECT pg_temp.log('old', '2019-03-02 09:00Z'::timestamptz + n * interval '4 days', '2019-03-02 09:00Z'::timestamptz + n * interval '4 days', 'email')
  FROM generate_series(0, 20) AS n;
SELECT is(pg_temp.problems('old'), 'none', 'before it is trimmed');
UPDATE person SET history = trim_contacts(history, '2019-04-20 00:00Z') WHERE person_id = 'old';
SELECT is(pg_temp.problems('old'), 'none', 'trimmed, but all in the log');
DELETE FROM contact_log WHERE person_id = 'old' AND at < '2019-04-10 00:00Z';
SELECT is(pg_temp.problems('old'), 'none', 'trimmed, and gone from the log');
INSERT INTO contact_log (person_id, at, channel, purpose, status, outcome, source)
SELECT 'old', '2019-04-09', 'email', 'marketing', 'recorded', 'sent', 'record' FROM generate_series(1, 20);
SELECT matches(pg_temp.problems('old'), '^the history differs from its log: trimmed before .*: 13 of email/marketing, but 23 in the log$', 'more behind the horizon than was trimmed');
DELETE FROM contact_log WHERE person_id = 'old' AND at = '2019-04-09';
SELECT pg_temp.log('old', '2019-05-01 09:00Z', '2019-05-01 09:00Z', 'email');
SELECT matches(pg_temp.problems('old'), '^reserved against the policy: cap, ', 'after the horizon every reservation is decided again');

-- --- states that cannot be

SELECT pg_temp.log('lease', '2020-03-02 09:00Z', '2020-03-02 09:00Z', 'email', outcome => 'planned', lease_until => '2020-03-02 09:10Z');
SELECT is(pg_temp.problems('lease'), 'none', 'a lease');
UPDATE person SET lease_until = NULL WHERE person_id = 'lease';
SELECT matches(pg_temp.problems('lease'), '^wrong end of the first lease: none, but 2020-03-02 09:10', 'a lease that the person does not know of');
UPDATE contact_log SET status = 'confirmed' WHERE person_id = 'lease';
SELECT is(pg_temp.problems('lease'),
	'impossible state: confirmed, planned, on lease when it is not reserved; impossible state: confirmed, planned, settled without a time',
	'confirmed, but still on lease, and nobody knows when');

-- --- ids of all kinds

SELECT pg_temp.log('7', '2020-03-02 23:00Z', '2020-03-02 23:00Z', 'email');
SELECT pg_temp.log('6ba7b810-9dad-11d1-80b4-00c04fd430c8', '2020-03-02 23:00Z', '2020-03-02 23:00Z', 'email');
SELECT is((SELECT count(*) FROM check_ledger(7)), 1::bigint, 'a number');
SELECT is((SELECT count(*) FROM check_ledger('6ba7b810-9dad-11d1-80b4-00c04fd430c8'::uuid)), 1::bigint, 'a UUID');
SELECT results_eq($$SELECT c.* FROM (SELECT DISTINCT person_id COLLATE "C" AS who FROM contact_log WHERE person_id <> 'one') AS p, check_ledger(who) AS c ORDER BY 1, 2, 3, 4$$,
	$$SELECT * FROM check_ledger() WHERE person_id <> 'one' ORDER BY 1, 2, 3, 4$$, 'all at once, and each person');

SELECT * FROM finish();
ROLLBACK;
