-- The people of the ledger: what their rows may say, consent and its trail,
-- holds, merges, erasure; policies and their versions; what is refused and
-- what a stricter policy would refuse.

BEGIN;
-- they all write the same tables: one after the other
LOCK TABLE contact_pressure.policy;
SET search_path = public, contact_pressure, pg_catalog;
SET TimeZone = 'UTC';
SET client_min_messages = warning;

SELECT plan(145);

-- The history of each person is that of the person's contacts.
CREATE FUNCTION pg_temp.disagree() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT p.person_id
	  FROM person AS p
	 WHERE p.history <> coalesce((
			SELECT contact_history(c.at, c.channel, c.purpose, c.weight, c.outcome)
			  FROM contact_log AS c
			 WHERE c.person_id = p.person_id AND c.status <> 'cancelled'), '[]')
$$;

-- What is planned for somebody, in days from now.
CREATE FUNCTION pg_temp.planned(who text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(channel || '/' || purpose || ' '
		|| extract(epoch FROM at - now())::int / 86400, ', ' ORDER BY at, log_id)
	  FROM contact_log
	 WHERE person_id = who AND status <> 'cancelled' AND outcome = 'planned'
$$;

-- --- what a row may say

INSERT INTO person (person_id, segment, zone, preferences, opted_out, opted_in, holds)
VALUES ('form', '  Loyal ', 'europe/amsterdam', 'any: max 1 per 1 day',
	'{ Email / Marketing,sms,SMS,any/Promo,each/promo.each}', '{}',
	ARRAY[('Email', '2030-01-01', 'short'), ('call', '2031-01-01', NULL),
		  ('email', 'infinity', 'long')]::person_hold[]);
SELECT results_eq(
	$$SELECT segment, zone, opted_out, opted_in, holds FROM person WHERE person_id = 'form'$$,
	$$VALUES ('loyal', 'Europe/Amsterdam',
		'{any/promo,each/promo.each,email/marketing,sms}'::text[], NULL::text[],
		ARRAY[('call', '2031-01-01', NULL), ('email', 'infinity', 'long')]::person_hold[])$$,
	'names are folded, zones spelled as IANA does, lists sorted and without repetition; of two holds of a scope the longer stays');
SELECT lives_ok($$UPDATE person SET history = history, opted_out = opted_out, holds = holds$$,
	'what is in its one form stays in it');
SELECT is((SELECT opted_out FROM person WHERE person_id = 'form'),
	'{any/promo,each/promo.each,email/marketing,sms}', '... unchanged');
SELECT is(contact_scope(' Any '), 'any', 'any');
SELECT is(contact_scope('EACH/Promo.Summer'), 'each/promo.summer', 'a purpose with parts');

SELECT throws_ok(format('UPDATE person SET %s', assignment), state, message,
	assignment)
  FROM (VALUES
	('zone = ''Europe/Atlantis''', '22023', 'time zone "Europe/Atlantis" not recognized'),
	('zone = ''EST5''', '22023', 'time zone "EST5" not recognized'),
	('zone = ''localtime''', '22023', 'time zone "localtime" not recognized'),
	('segment = ''at risk''', '22023', 'invalid segment: "at risk"'),
	('segment = ''any''', '22023', 'invalid segment: "any"'),
	('segment = ''Everyone''', '22023', 'invalid segment: "everyone"'),
	('segment = ''preferences''', '22023', 'invalid segment: "preferences"'),
	('opted_out = ''{email,e mail}''', '22023', 'invalid opt-out or opt-in pattern "e mail"'),
	('opted_out = ''{email/}''', '22023', 'invalid opt-out or opt-in pattern "email/"'),
	('opted_out = ''{email,NULL}''', '22004', 'a null among the elements of opted_out'),
	('opted_in = ''{NULL}''', '22004', 'a null among the elements of opted_in'),
	('holds = ARRAY[NULL]::person_hold[]', '22004', 'a null among the elements of holds'),
	('holds = ARRAY[(''email'', NULL, NULL)]::person_hold[]', '22004', 'a hold has a scope and an end'),
	('holds = ARRAY[(NULL, ''infinity'', NULL)]::person_hold[]', '22004', 'a hold has a scope and an end'),
	('holds = ARRAY[(''email'', ''-infinity'', NULL)]::person_hold[]', '22008', 'end of a hold out of range'),
	('holds = ARRAY[(''/'', ''infinity'', NULL)]::person_hold[]', '22023', 'invalid opt-out or opt-in pattern "/"'),
	('preferences = ''layer vip; any: max 1 per 1 day''', '22023', 'a person''s preferences are in the layer "vip"'),
	('preferences = ''layer preferences; any: never; layer b; any: weight 2''', '22023', 'a person''s preferences are in the layer "b"'),
	('preferences = ''any: exempt''', '22P02', 'invalid input syntax for type contact_policy: "layer preferences; any: exempt"'),
	('preferences = ''zone UTC''', '22P02', 'invalid input syntax for type contact_policy: "layer preferences; zone UTC"'),
	('person_id = ''''', '22023', 'the id of a person must not be empty')
) AS wrong(assignment, state, message);
SELECT lives_ok($$UPDATE person SET preferences = 'layer preferences; any: max 2 per 7 days'$$,
	'preferences may name their own layer');
SELECT lives_ok($$UPDATE person SET preferences = ''$$, 'or have no rule');
SELECT throws_ok('SELECT contact_scope(NULL)', '22004', 'scope must not be null');
DELETE FROM person;
DELETE FROM person_version;

-- --- policies and their versions

INSERT INTO policy (segment, rules) VALUES
	('Everyone', 'channels email | sms | push | post | event
		purposes promo | service | newsletter
		any/service: transactional
		sms: needs consent'),
	('default', 'email: max 2 per 7 days');
SELECT results_eq(
	'SELECT segment, version FROM policy ORDER BY segment',
	'SELECT segment, version FROM policy_version WHERE rules IS NOT NULL ORDER BY segment',
	'each row of policy has its version');
SELECT is((SELECT count(*) FROM policy_version WHERE changed_by = session_user
			  AND changed_at BETWEEN now() AND clock_timestamp()),
	2::bigint, 'with time and role');
CREATE TEMP TABLE number AS SELECT max(version) AS first FROM policy_version;
CREATE FUNCTION pg_temp.versions() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT version - first || ' ' || segment || ': ' || coalesce(rules::text, '-')
	  FROM policy_version, number WHERE version > first ORDER BY version
$$;
UPDATE policy SET rules = rules, version = 0;
INSERT INTO policy (segment, rules) VALUES ('default', 'email: max 2 per 7 days')
	ON CONFLICT (segment) DO UPDATE SET rules = excluded.rules;
INSERT INTO policy (segment, rules) VALUES ('default', 'email: max 3 per 7 days')
	ON CONFLICT DO NOTHING;
SELECT is_empty('SELECT pg_temp.versions()', 'what changes nothing is no version');
INSERT INTO policy (segment, rules) VALUES ('default', 'email: max 3 per 7 days')
	ON CONFLICT (segment) DO UPDATE SET rules = excluded.rules;
INSERT INTO policy (segment, rules) VALUES (' VIP', 'email: max 4 per 7 days');
UPDATE policy SET segment = 'loyal' WHERE segment = 'vip';
DELETE FROM policy WHERE segment = 'loyal';
INSERT INTO policy (segment, rules) VALUES ('loyal', 'email: max 5 per 7 days');
SELECT results_eq('SELECT pg_temp.versions()', ARRAY[
	'1 default: email: max 3 per 7 days',
	'2 vip: email: max 4 per 7 days',
	'3 vip: -',
	'4 loyal: email: max 4 per 7 days',
	'5 loyal: -',
	'6 loyal: email: max 5 per 7 days'],
	'an insert, a change, a new name and an end are versions');
SELECT is((SELECT version FROM policy WHERE segment = 'loyal') - first, 6::bigint,
	'a row has the number of its last version') FROM number;
CREATE TEMP TABLE saved AS SELECT * FROM policy;
TRUNCATE policy;
SELECT results_eq('SELECT pg_temp.versions() OFFSET 6', ARRAY[
	'7 default: -', '8 everyone: -', '9 loyal: -'], 'so is the end of all by TRUNCATE');
INSERT INTO policy SELECT * FROM saved;
SELECT is((SELECT count(*) FROM policy_version, number WHERE version - first > 9),
	3::bigint, 'old rows that come back are new versions: the old ones had ended');
-- as in a restore: rows and versions, where the rows are in force
CREATE TEMP TABLE restored AS SELECT * FROM policy;
ALTER TABLE policy DISABLE TRIGGER end_policies;
TRUNCATE policy;
ALTER TABLE policy ENABLE TRIGGER end_policies;
INSERT INTO policy SELECT * FROM restored;
SELECT results_eq('SELECT segment, rules, version FROM policy ORDER BY segment',
	'SELECT segment, rules, version FROM restored ORDER BY segment',
	'rows that arrive with the versions in force keep them');
SELECT is((SELECT count(*) FROM policy_version, number WHERE version - first > 12),
	0::bigint, '... and make none');
SELECT ok((SELECT bool_and(changed_at > before) FROM (
	SELECT changed_at, lag(changed_at) OVER (ORDER BY version) AS before
	  FROM policy_version) AS v WHERE before IS NOT NULL),
	'versions rise with time');

SELECT throws_ok(statement, state, message, message)
  FROM (VALUES
	($$INSERT INTO policy (segment, rules) VALUES ('a b', '')$$, '22023', 'invalid segment: "a b"'),
	($$INSERT INTO policy (segment, rules) VALUES ('preferences', '')$$, '22023', 'invalid segment: "preferences"'),
	($$INSERT INTO policy (segment, rules) VALUES (NULL, '')$$, '23502',
		'null value in column "segment" of relation "policy" violates not-null constraint'),
	($$INSERT INTO policy (segment, rules) VALUES ('x', NULL)$$, '23502',
		'null value in column "rules" of relation "policy" violates not-null constraint'),
	($$UPDATE policy SET rules = 'layer preferences; any: never'$$, '22023',
		'the rules of a segment cannot be in the layer "preferences"'),
	($$UPDATE policy SET rules = 'fax: never' WHERE segment = 'default'$$, '22023',
		'contact policies do not fit together'),
	($$UPDATE policy SET rules = 'channels post' WHERE segment = 'everyone'$$, '22023',
		'contact policies do not fit together')
) AS wrong(statement, state, message);

UPDATE policy SET rules = 'email: max 2 per 7 days' WHERE segment = 'default';

-- --- put_person

SELECT is(put_person('ada', zone => 'europe/paris', segment => 'Loyal',
		preferences => 'any: max 9 per 7 days', opted_out => '{Post}', opted_in => '{sms,post}',
		known_since => '2020-01-01'), true, 'a new person');
SELECT results_eq(
	$$SELECT zone, segment, preferences::text, opted_out, opted_in, known_since FROM person WHERE person_id = 'ada'$$,
	$$VALUES ('Europe/Paris', 'loyal', 'any: max 9 per 7 days', '{post}'::text[], '{sms}'::text[], '2020-01-01'::timestamptz)$$,
	'all of it is stored; who says yes and no at once is taken at the no');
SELECT is(put_person('ada'), false, 'a known one');
SELECT is(put_person('ada', segment => 'slipping'), false, 'one column');
SELECT results_eq(
	$$SELECT zone, segment, opted_out, opted_in FROM person WHERE person_id = 'ada'$$,
	$$VALUES ('Europe/Paris', 'slipping', '{post}'::text[], '{sms}'::text[])$$,
	'NULL leaves a column as it is');
SELECT is(put_person('ada', opted_out => '{}', opted_in => '{push}'), false, 'lists replace lists');
SELECT results_eq(
	$$SELECT opted_out, opted_in FROM person WHERE person_id = 'ada'$$,
	$$VALUES (NULL::text[], '{push}'::text[])$$, '... an empty one empties');
SELECT results_eq(
	$$SELECT action || ' ' || scope || ' ' || reason FROM consent_log WHERE person_id = 'ada' ORDER BY consent_id$$,
	ARRAY['opt_in sms put_person', 'opt_out post put_person',
		'lift post put_person', 'withdraw sms put_person', 'opt_in push put_person'],
	'each change of the lists is in the trail');
SELECT throws_ok($$SELECT put_person(NULL::text)$$, '22004', 'the id of a person must not be null');
SELECT throws_ok($$SELECT put_person('bob', preferences => 'fax: never')$$, '22P02', NULL,
	'preferences that do not fit the policy are refused at once');
SELECT is((SELECT count(*) FROM person WHERE person_id = 'bob'), 0::bigint, '... and nobody is added');
SELECT is(put_person('bob', preferences => 'post: never'), true, 'some fit');
SELECT throws_ok($$UPDATE policy SET rules = 'channels email | sms | push | event' WHERE segment = 'everyone'$$,
	'22023', 'the policy does not fit the preferences of person "bob"');
DELETE FROM person WHERE person_id = 'bob';
SELECT throws_ok($$UPDATE policy SET rules = 'channels email | sms' WHERE segment = 'everyone'; SELECT may_contact('ada', 'post')$$,
	'22023', NULL, 'a policy is in force from the next statement on');

-- --- opt-outs

SELECT is(opt_in('cleo', 'sms', 'asked in the shop', 'receipt 17'), true, 'consent of somebody unknown');
SELECT is(opt_in('cleo', 'SMS ', 'again'), false, 'a second time it is not new');
SELECT ok(reserve_contact('cleo', 'email', 'promo', now() + interval '1 day') IS NOT NULL
	AND reserve_contact('cleo', 'email', 'service', now() + interval '1 day') IS NOT NULL
	AND reserve_contact('cleo', 'sms', 'promo', now() + interval '2 days') IS NOT NULL
	AND reserve_contact('cleo', 'push', 'newsletter', now() + interval '3 days') IS NOT NULL
	AND reserve_contact('cleo', 'email', 'promo', now(), lease => '1 hour') IS NOT NULL
	AND record_contact('cleo', 'email', 'promo', now() - interval '8 days') IS NOT NULL,
	'plans, one of them on lease since now, and one that was sent');
SELECT is(opt_out('cleo', 'Email/Marketing', 'link in the footer'), 2::bigint,
	'an unsubscribe cancels what is planned in its scope, on lease or not');
SELECT is(pg_temp.planned('cleo'), 'email/service 1, sms/promo 2, push/newsletter 3',
	'... not transactional contacts, not other channels');
SELECT results_eq(
	$$SELECT reason, lease_until IS NULL, settled_at >= now() FROM contact_log
	   WHERE person_id = 'cleo' AND status = 'cancelled'$$,
	$$VALUES ('opted out: email/marketing', true, true), ('opted out: email/marketing', true, true)$$,
	'they say why');
SELECT ok((SELECT lease_until IS NULL FROM person WHERE person_id = 'cleo'), 'no lease is left');
SELECT is(opt_out('cleo', 'email/marketing'), 0::bigint, 'the second time there is nothing to cancel');
SELECT is(opt_out('cleo', 'email', 'hard_bounced'), 1::bigint, 'a dead address stops service messages, too');
SELECT is((SELECT opted_out FROM person WHERE person_id = 'cleo'), '{email,email/marketing}', 'both are there');
SELECT is(lift_opt_out('cleo', 'EMAIL', 'new address'), true, 'the address is changed');
SELECT is((SELECT opted_out FROM person WHERE person_id = 'cleo'), '{email/marketing}',
	'the unsubscribe is not lifted with it');
SELECT is(lift_opt_out('cleo', 'email'), false, 'there is nothing more to lift');
SELECT is(lift_opt_out('nobody', 'email'), false, 'nor for somebody unknown');
SELECT is((SELECT count(*) FROM person WHERE person_id = 'nobody'), 0::bigint, '... who stays unknown');
SELECT is((contact_verdict('cleo', 'email', 'promo')).reason, 'opt_out', 'email is still closed');
SELECT is(opt_out('cleo', 'sms'), 1::bigint, 'an opt-out of what was opted into');
SELECT is((SELECT opted_in FROM person WHERE person_id = 'cleo'), NULL, 'takes the opt-in back');
SELECT is(opt_in('cleo', 'sms', 'double opt-in', 'token 8c1f'), true, 'and the other way round');
SELECT results_eq($$SELECT opted_out, opted_in FROM person WHERE person_id = 'cleo'$$,
	$$VALUES ('{email/marketing}'::text[], '{sms}'::text[])$$, '... exactly this scope');
SELECT results_eq(
	$$SELECT concat_ws(' ', action, scope, reason, proof) FROM consent_log WHERE person_id = 'cleo' ORDER BY consent_id$$,
	ARRAY['opt_in sms asked in the shop receipt 17', 'opt_in sms again',
		'opt_out email/marketing link in the footer', 'opt_out email/marketing',
		'opt_out email hard_bounced', 'lift email new address',
		'opt_out sms', 'opt_in sms double opt-in token 8c1f'],
	'the trail has it all, in order');
SELECT is(opt_out('dora', 'any'), 0::bigint, 'somebody unknown can opt out');
SELECT is(may_contact('dora', 'email', 'promo'), false, '... and is known from then on');
SELECT is_empty('SELECT pg_temp.disagree()', 'histories are those of the contacts');

-- Random people, opt-ins and opt-outs: what is cancelled is what the core
-- refuses for the opt-out.
SELECT setseed(0.42);
CREATE TEMP TABLE pattern AS
	SELECT c || p AS scope
	  FROM unnest('{any,each,email,sms,push}'::text[]) AS c,
		   unnest(ARRAY['', '/promo', '/promo.summer', '/service', '/marketing', '/promo.each']) AS p;
INSERT INTO person (person_id, opted_in)
SELECT 'r' || n, ARRAY(SELECT scope FROM pattern WHERE random() < 0.1 AND n > 0)
  FROM generate_series(1, 120) AS n;
SELECT count(record_contact(p.person_id, c, u, now() + n * interval '1 hour')) > 0
  FROM person AS p, unnest('{email,sms,push}'::text[]) AS c,
	   unnest('{promo,promo.summer,service,newsletter}'::text[]) AS u,
	   generate_series(1, 2) AS n
 WHERE p.person_id ~ '^r\d' AND random() < 0.5;
CREATE TEMP TABLE opted AS
	SELECT person_id, (SELECT scope FROM pattern WHERE person_id > '' ORDER BY random() LIMIT 1) AS scope
	  FROM person WHERE person_id ~ '^r\d';
CREATE TEMP TABLE stopped AS SELECT person_id, scope, opt_out(person_id, scope) AS cancelled FROM opted;
SELECT is_empty($$
	SELECT c.person_id, s.scope, p.opted_in, c.channel, c.purpose, c.status
	  FROM contact_log AS c
	  JOIN stopped AS s USING (person_id)
	  JOIN person AS p USING (person_id)
	 WHERE (c.status = 'cancelled') IS DISTINCT FROM
		   ((contact_verdict(NULL, 'any/service: transactional', c.channel, c.purpose, c.at,
				opted_out => ARRAY[s.scope], opted_in => p.opted_in)).reason
			IS NOT DISTINCT FROM 'opt_out')
$$, 'an opt-out cancels what the core refuses for it, and nothing else');
SELECT ok(sum(cancelled) BETWEEN 100 AND 1000 AND sum(cancelled) =
	(SELECT count(*) FROM contact_log WHERE status = 'cancelled' AND person_id ~ '^r\d'),
	'... and says how many') FROM stopped;
SELECT is_empty('SELECT pg_temp.disagree()', '... and takes them out of the history');
DELETE FROM contact_log WHERE person_id ~ '^r\d';
DELETE FROM consent_log WHERE person_id ~ '^r\d';
DELETE FROM person WHERE person_id ~ '^r\d';

-- --- holds

SELECT ok(reserve_contact('eve', 'email', 'promo', now() + interval '1 day') IS NOT NULL
	AND reserve_contact('eve', 'push', 'promo', now() + interval '2 days') IS NOT NULL
	AND reserve_contact('eve', 'push', 'promo', now() + interval '9 days') IS NOT NULL
	AND reserve_contact('eve', 'push', 'service', now() + interval '1 day') IS NOT NULL, 'plans');
SELECT is(hold_person('eve', 'any/marketing', now() + interval '5 days', 'complaint open'), 2::bigint,
	'a hold cancels what is planned before its end');
SELECT is(pg_temp.planned('eve'), 'push/service 1, push/promo 9', '... and nothing behind it');
SELECT results_eq(
	$$SELECT (v).allowed, (v).reason, (v).retry_at FROM contact_verdict('eve', 'push', 'promo') AS v$$,
	$$VALUES (false, 'opt_out', now() + interval '5 days')$$, 'nothing goes before its end');
SELECT is(hold_person('eve', 'Any / Marketing', now() + interval '3 days'), 0::bigint, 'another end');
SELECT is((SELECT holds FROM person WHERE person_id = 'eve'),
	ARRAY[('any/marketing', now() + interval '3 days', NULL)]::person_hold[],
	'... replaces the hold of the same scope');
SELECT is(hold_person('eve'), 2::bigint, 'without a scope and an end: everything, for good');
SELECT throws_ok($$SELECT hold_person('eve', until => now())$$, '22023', NULL, 'a hold has to end in the future');
SELECT is(release_person('eve', 'ANY'), 1, 'one of them is ended');
SELECT is(release_person('eve', 'any'), 0, '... once');
SELECT is(release_person('eve', reason => 'settled'), 1, 'or all of them');
SELECT ok((SELECT holds IS NULL FROM person WHERE person_id = 'eve') AND may_contact('eve', 'push', 'promo'),
	'then all is as before');
SELECT is(release_person('nobody'), 0, 'nobody is held who is unknown');
SELECT results_eq(
	$$SELECT concat_ws(' ', action, scope, until - now(), reason) FROM consent_log
	   WHERE person_id = 'eve' AND until IS DISTINCT FROM 'infinity' ORDER BY consent_id$$,
	ARRAY['hold any/marketing 5 days complaint open', 'hold any/marketing 3 days',
		'release any', 'release any/marketing settled'], 'holds have their trail');

-- --- merging

SELECT ok(put_person('old', zone => 'Europe/Rome', segment => 'loyal', opted_out => '{post}', opted_in => '{sms}')
	AND put_person('new', segment => 'vip', opted_in => '{push}'), 'two ids');
CREATE TEMP TABLE reserved AS SELECT
	reserve_contact('old', 'email', 'promo', now() + interval '1 day', key => 'spring') AS a,
	reserve_contact('new', 'email', 'promo', now() + interval '2 days', key => 'spring') AS b,
	reserve_contact('old', 'sms', 'promo', now() + interval '3 days', key => 'text', lease => '1 hour') AS c,
	record_contact('old', 'email', 'promo', now() - interval '20 days', key => 'winter') AS d;
SELECT ok(opt_out('new', 'sms') = 0 AND record_response(d, 'clicked') IS NOT NULL, 'an opt-out and a response')
  FROM reserved;
SELECT is(merge_persons('old', 'new'), 3::bigint, 'they are one person');
SELECT results_eq(
	$$SELECT segment, zone, opted_out, opted_in, cardinality(history), lease_until
		FROM person WHERE person_id = 'new'$$,
	$$VALUES ('vip', 'Europe/Rome', '{post,sms}'::text[], '{push}'::text[], 3, NULL::timestamptz)$$,
	'what either said no to, the one says no to; the rest is the second''s, else the first''s');
SELECT results_eq($$SELECT c.log_id, c.key, c.merged_from, c.status FROM contact_log AS c
		WHERE person_id = 'new' ORDER BY log_id$$,
	$$SELECT * FROM (SELECT a, NULL, 'old', 'reserved' FROM reserved
		UNION ALL SELECT b, 'spring', NULL, 'reserved' FROM reserved
		UNION ALL SELECT c, 'text', 'old', 'cancelled' FROM reserved
		UNION ALL SELECT d, 'winter', 'old', 'recorded' FROM reserved) AS x ORDER BY 1$$,
	'contacts keep their ids; of one key there is one contact; the opt-out stops plans of either');
SELECT results_eq($$SELECT person_id FROM response_log WHERE log_id = (SELECT d FROM reserved)$$,
	$$VALUES ('new')$$, 'responses move along');
SELECT results_eq(
	$$SELECT segment, zone, opted_out, opted_in, holds::text, lease_until, merged_into, history::text
		FROM person WHERE person_id = 'old'$$,
	$$VALUES (NULL::text, NULL::text, NULL::text[], NULL::text[], NULL::text, NULL::timestamptz, 'new', '[]')$$,
	'of the first only the way to the second is left');
SELECT ok(person_of('old') = 'new' AND opt_out('old', 'push') = 0, 'who asks for the first');
SELECT ok((SELECT 'push' = ANY (opted_out) FROM person WHERE person_id = 'new'), '... gets the second');
SELECT is(merge_persons('old', 'new'), 0::bigint, 'a second time there is nothing to do');
SELECT is(merge_persons('new', 'old'), 0::bigint, 'also the other way round: no circle');
SELECT is(merge_persons('new', 'newest'), 4::bigint, 'a chain of merges');
SELECT ok(person_of('old') = 'newest' AND person_of('new') = 'newest', '... is followed');
SELECT is(merge_persons('elsewhere', 'newest'), 0::bigint, 'an id that was never heard of is merged for later');
SELECT is(person_of('elsewhere'), 'newest', '... as well');
SELECT throws_ok($$SELECT merge_persons('old', NULL)$$, '22004', 'merge_persons needs two ids');
SELECT is_empty('SELECT pg_temp.disagree() EXCEPT VALUES (''newest'')', 'histories are those of the contacts');
SELECT is((SELECT sum(cardinality(history)) FROM person WHERE person_id IN ('old', 'new', 'newest')),
	(SELECT count(*) FROM contact_log WHERE person_id = 'newest' AND status <> 'cancelled'), '... also behind a merge');

-- --- forgetting

SELECT is_empty($$SELECT * FROM forget_person('nobody')$$, 'nothing is known of nobody');
SELECT results_eq($$SELECT what, rows > 0 FROM forget_person('old')$$,
	$$VALUES ('response_log', true), ('contact_log', true), ('consent_log', true),
		('opt-outs kept', true), ('person_version', true)$$, 'what was erased, by whichever id');
SELECT results_eq(
	$$SELECT segment, zone, preferences::text, opted_out, opted_in, history::text FROM person WHERE person_id = 'newest'$$,
	$$VALUES (NULL::text, NULL::text, NULL::text, '{post,push,sms}'::text[], NULL::text[], '[]')$$,
	'the id and its opt-outs are left');
SELECT is((SELECT count(*) FROM contact_log WHERE person_id IN ('old', 'new', 'newest'))
	+ (SELECT count(*) FROM response_log WHERE person_id IN ('old', 'new', 'newest'))
	+ (SELECT count(*) FROM person_version WHERE person_id IN ('old', 'new', 'newest')), 0::numeric::bigint,
	'... and nothing else');
SELECT is(put_person('old', segment => 'loyal'), false, 'the next import finds them');
SELECT is(may_contact('old', 'push', 'promo'), false, '... and does not write to them again');
SELECT results_eq($$SELECT what, rows FROM forget_person('newest', keep_opt_outs => false) WHERE what = 'person'$$,
	$$VALUES ('person', 4::bigint)$$, 'unless the opt-outs are to go, too');
SELECT is_empty($$SELECT person_id FROM person WHERE person_id IN ('old', 'new', 'newest', 'elsewhere')
	UNION ALL SELECT person_id FROM consent_log WHERE person_id = 'newest'
	UNION ALL SELECT person_id FROM person_version WHERE person_id = 'newest'$$, 'then nothing is left');
SELECT ok(hold_person('fay', 'any', now() + interval '1 day', 'ill since May') = 0, 'a hold');
SELECT is((SELECT rows FROM forget_person('fay') WHERE what = 'opt-outs kept'), 1::bigint, '... is kept');
SELECT is((SELECT holds FROM person WHERE person_id = 'fay'),
	ARRAY[('any', now() + interval '1 day', NULL)]::person_hold[], '... without its reason');

-- --- numbers and UUIDs as ids

SELECT ok(put_person(7, segment => 'loyal') AND opt_in(7, 'sms') AND NOT lift_opt_out(7, 'sms')
	AND opt_out(7, 'sms') = 0 AND hold_person(7, 'any') = 0 AND release_person(7) = 1
	AND merge_persons(7, 8::bigint) = 0, 'numbers');
SELECT is((SELECT array_agg(rows) FROM forget_person(7, false) WHERE what = 'person'), '{2}', '... and who they are');
SELECT ok(put_person(id, segment => 'loyal') AND opt_in(id, 'sms') AND NOT lift_opt_out(id, 'sms')
	AND opt_out(id, 'sms') = 0 AND hold_person(id, 'any') = 0 AND release_person(id) = 1
	AND merge_persons(id, '4b1d9a0e-0000-4000-8000-000000000002'::uuid) = 0, 'UUIDs')
  FROM (VALUES ('4b1d9a0e-0000-4000-8000-000000000001'::uuid)) AS u(id);
SELECT is((SELECT array_agg(rows) FROM forget_person('4b1d9a0e-0000-4000-8000-000000000001'::uuid, false) WHERE what = 'person'),
	'{2}', '... and who they are');

-- --- plans under another policy

SELECT is_empty('SELECT * FROM recheck_plans()', 'what was allowed is allowed');
CREATE TEMP TABLE plan AS
	SELECT n, reserve_contact('gus', 'email', 'promo', now() + n * interval '4 days', campaign => 'c' || n) AS log_id
	  FROM generate_series(4, 1, -1) AS n;
SELECT ok(record_contact('gus', 'email', 'promo', now() + interval '30 days') IS NOT NULL
	AND record_contact('gus', 'email', 'promo', now() + interval '30 days 1 hour') IS NOT NULL
	AND record_contact('gus', 'email', 'promo', now() + interval '30 days 2 hours') IS NOT NULL,
	'facts that nobody was asked about are nobody''s to recheck');
UPDATE policy SET rules = 'email: max 1 per 7 days' WHERE segment = 'default';
SELECT results_eq($$SELECT person_id, log_id, at, channel, purpose, campaign, (verdict).reason, (verdict).rule, (verdict).counted
		FROM recheck_plans() ORDER BY at DESC$$,
	$$SELECT 'gus', log_id, now() + n * interval '4 days', 'email', 'promo', 'c' || n, 'cap', 'email: max 1 per 7 days', 1::float8
		FROM plan WHERE n IN (3, 1) ORDER BY n DESC$$,
	'a stricter policy: first reserved, first kept');
SELECT results_eq($$SELECT log_id FROM recheck_plans(now() + interval '13 days')$$,
	$$SELECT log_id FROM plan WHERE n = 4$$, 'plans before the given time stand');
SELECT is((SELECT count(cancel_contact(log_id)) FROM recheck_plans()), 2::bigint, 'cancel these ...');
SELECT is_empty('SELECT * FROM recheck_plans()', '... and the rest is right');

-- --- refusals

DELETE FROM refusal;
SELECT is((SELECT count(reserve_contact('gus', 'email', 'promo', now() + interval '30 days',
		campaign => 'spring', owner => 'shop')) FROM generate_series(1, 3)), 0::bigint, 'three over the cap');
SELECT ok(reserve_contact('cleo', 'email', 'promo', campaign => 'spring', owner => 'shop') IS NULL
	AND reserve_contact('cleo', 'push', 'promo', campaign => 'spring', owner => 'shop') IS NOT NULL
	AND reserve_contact('gus', 'sms', 'promo', campaign => 'autumn') IS NULL, 'an opt-out, a yes, no consent');
SELECT results_eq('SELECT * FROM refusal_report()', $$VALUES
	('autumn', NULL, 'consent', 'everyone', 'sms: needs consent', 1::bigint, 1::float8, 1::bigint, 1::float8),
	('spring', 'shop', 'cap', 'default', 'email: max 1 per 7 days', 3::bigint, 0.75::float8, 5::bigint, 0.6::float8),
	('spring', 'shop', 'opt_out', NULL, 'opted out: email/marketing', 1::bigint, 0.25::float8, 5::bigint, 0.2::float8)$$,
	'who was stopped by which rule');
INSERT INTO refusal (day, campaign, channel, purpose, reason, refused) VALUES
	('2026-03-01', 'a', 'email', 'promo', 'cap', 1), ('2026-03-02', 'b', 'email', 'promo', 'cap', 2),
	('2026-03-02', 'b', 'push', 'promo', 'cap', 2), ('2026-03-03', 'c', 'email', 'promo', 'cap', 4);
SELECT results_eq($$SELECT campaign, refused FROM refusal_report('2026-03-02 12:00Z', '2026-03-03 00:00Z')$$,
	$$VALUES ('b', 4::bigint)$$, 'whole days in UTC, the end not included');
SELECT results_eq($$SELECT campaign, refused FROM refusal_report('2026-03-02', '2026-03-03 00:01Z')$$,
	$$VALUES ('b', 4::bigint), ('c', 4::bigint)$$, '... a day that has begun is');

SELECT * FROM finish();
ROLLBACK;
