-- Maintenance: leases, plans, horizons, the log, refusals.  The procedures
-- commit, so test/maintain/run gives this a database of its own.

SET search_path = contact_pressure, public;
SET TimeZone = 'UTC';
SET client_min_messages = warning;
SELECT no_plan();

-- All contacts of a person, trimmed or not.
CREATE FUNCTION pg_temp.contacts(who text) RETURNS bigint LANGUAGE sql AS $$
SELECT cardinality(p.history) + coalesce((
		SELECT sum(n.value::bigint)
		  FROM jsonb_path_query(p.history::jsonb, '$[*].trimmed.groups[*].outcomes') AS g, jsonb_each_text(g) AS n), 0)
  FROM person AS p WHERE p.person_id = who
$$;

-- --- how far back policies look

SELECT results_eq($$SELECT rule, policy_reach(rule::contact_policy) FROM (VALUES
	(1, 'email: max 1 per calendar day'), (2, 'email: max 5 per 7 days'), (3, 'sms: max 3 per 2 calendar weeks by month'),
	(4, 'sms: max 2 ever'), (5, 'any: max 1 per calendar quarter outside 11-23 to 11-30'), (6, 'any: max 3 per 1500 milliseconds'),
	(7, 'email: gap 1 month 3 days after event'), (8, 'push: pause forever after 3 bounced'), (9, 'email: quiet 21:00-08:00'),
	(10, 'push: pause 30 days after 2 complained per 90 days'), (11, 'email: pause 60 days after 8 unanswered for 3 days'),
	(12, 'push: only within 14 days after email/service.delivered'), (13, 'post: weight 5, max 25 weight per 365 days'),
	(14, E'email: max 1 per 1 day\nsms: max 1 per 30 days\nlayer b\nany: max 1 per 2 days'), (15, ''),
	(16, 'email/year.month: max 1 per 4 hours')) AS r(n, rule) ORDER BY n$$,
	$$VALUES ('email: max 1 per calendar day', '1 day'::interval), ('email: max 5 per 7 days', '7 days'),
	('sms: max 3 per 2 calendar weeks by month', '1 month 14 days'), ('sms: max 2 ever', NULL),
	('any: max 1 per calendar quarter outside 11-23 to 11-30', '3 months'), ('any: max 3 per 1500 milliseconds', '1.5 seconds'),
	('email: gap 1 month 3 days after event', '1 month 3 days'), ('push: pause forever after 3 bounced', NULL), ('email: quiet 21:00-08:00', NULL),
	('push: pause 30 days after 2 complained per 90 days', '120 days'), ('email: pause 60 days after 8 unanswered for 3 days', '63 days'),
	('push: only within 14 days after email/service.delivered', '14 days'), ('post: weight 5, max 25 weight per 365 days', '365 days'),
	(E'email: max 1 per 1 day\nsms: max 1 per 30 days\nlayer b\nany: max 1 per 2 days', '30 days'), ('', NULL),
	('email/year.month: max 1 per 4 hours', '4 hours')$$, 'no rule looks further back than that');
SELECT is(longest_window(), NULL, 'without a policy nothing is known');

-- --- without a policy nothing is trimmed

SELECT record_contact('old', 'email', at => now() - interval '900 days') \g /dev/null
CALL maintain_ledger(keep => '1 day');
SELECT is((SELECT cardinality(history) FROM person WHERE person_id = 'old'), 1, 'without a policy nothing is trimmed');
SELECT is((SELECT count(*) FROM contact_log), 1::bigint, 'and nothing goes from the log');

-- --- leases and plans

INSERT INTO policy (segment, rules) VALUES ('everyone', 'any: max 30 per 40 days, max 5000 ever');
SELECT put_person('pref', preferences => 'email: max 3 per 45 days') \g /dev/null
SELECT is(longest_window(), '45 days', 'preferences count, too');
SELECT reserve_contact('lease', 'email', key => 'a', lease => '1 millisecond') \g /dev/null
SELECT reserve_contact('lease', 'sms', key => 'b', lease => '1 hour') AS held \gset
SELECT reserve_contact('plan', 'email', key => 'a', at => now() + interval '20 milliseconds') \g /dev/null
SELECT reserve_contact('plan', 'email', key => 'b', at => now() + interval '1 hour') \g /dev/null
SELECT record_contact('plan', 'sms', key => 'c', at => now() + interval '20 milliseconds') \g /dev/null
SELECT reserve_contact('plan', 'push', key => 'd', at => now() + interval '20 milliseconds') \g /dev/null
SELECT cancel_contact('plan', 'd', 'no') \g /dev/null
SELECT pg_sleep(0.1) \g /dev/null
CALL maintain_ledger();
SELECT results_eq($$SELECT person_id, key, status, outcome, reason FROM contact_log WHERE person_id <> 'old' ORDER BY 1, 2$$,
	$$VALUES ('lease', 'a', 'cancelled', 'planned', 'lease expired'), ('lease', 'b', 'reserved', 'planned', NULL),
		('plan', 'a', 'reserved', 'sent', NULL), ('plan', 'b', 'reserved', 'planned', NULL), ('plan', 'c', 'recorded', 'sent', NULL),
		('plan', 'd', 'cancelled', 'planned', 'no')$$, 'leases that ended are free, plans whose time has passed were sent, the others stay');
SELECT ok((SELECT lease_until > now() FROM person WHERE person_id = 'lease'), 'the lease that is open is known');
SELECT results_eq($$SELECT (SELECT string_agg(outcome, ',' ORDER BY at, outcome) FROM unnest(history)) FROM person WHERE person_id IN ('lease', 'plan') ORDER BY person_id$$,
	$$VALUES ('planned'), ('sent,sent,planned')$$, 'and histories say the same');
SELECT is_empty('SELECT * FROM check_ledger()', 'the ledger agrees with itself');

-- --- horizons

SELECT is((SELECT cardinality(history) FROM person WHERE person_id = 'old'), 0, 'what no rule looks at any more is trimmed');
SELECT is(pg_temp.contacts('old'), 1::bigint, 'but counted');
SELECT record_contact('many', 'email', at => now() - n * interval '1 day') FROM generate_series(0, 99) AS n \g /dev/null
SELECT record_contact('many', 'email', at => now() - interval '60 days', key => 'x', outcome => 'opened') \g /dev/null
SELECT contact_verdict('many', 'email') AS before \gset
CALL maintain_ledger(batch => 1);
SELECT is((SELECT cardinality(history) FROM person WHERE person_id = 'many'), 48, 'the longest window and two days are kept');
SELECT is(contact_verdict('many', 'email')::text, :'before', 'and the answer is the same');
SELECT is((SELECT count(*) FROM contact_log WHERE person_id = 'many'), 101::bigint, 'the log keeps all without keep');
SELECT is_empty('SELECT * FROM check_ledger()', 'the ledger agrees with itself behind the horizon');
CREATE TEMP TABLE kept AS SELECT person_id, xmin::text AS version FROM person;
CALL maintain_ledger();
SELECT results_eq('SELECT person_id, xmin::text FROM person ORDER BY 1', 'SELECT * FROM kept ORDER BY 1', 'where there is nothing to do nothing is written');
SELECT record_contact('late', 'email', at => now() - interval '80 days', key => 'l') AS late \gset
CALL maintain_ledger();
SELECT is(record_response(:late, 'opened'), true, 'a response to a trimmed contact is no error');
SELECT is((SELECT outcome FROM contact_log WHERE log_id = :late), 'opened', 'and is in the log');

-- a contact on lease is not trimmed: it may still be cancelled
SELECT reserve_contact('slow', 'email', key => 's', at => now() - interval '100 days', lease => '200 days') AS slow \gset
SELECT record_contact('slow', 'email', at => now() - interval '110 days') \g /dev/null
SELECT record_contact('slow', 'email', at => now() - interval '90 days') \g /dev/null
CALL maintain_ledger(keep => '1 day');
SELECT is((SELECT cardinality(history) FROM person WHERE person_id = 'slow'), 2, 'a horizon stops before a contact on lease');
SELECT results_eq($$SELECT count(*) FROM contact_log WHERE person_id = 'slow'$$, 'VALUES (2::bigint)', 'and so does the log');
SELECT ok(cancel_contact(:slow), 'which can be cancelled');
CALL maintain_ledger(keep => '1 day');
SELECT is((SELECT cardinality(history) FROM person WHERE person_id = 'slow'), 0, 'then both go on');

-- --- the log

SELECT record_contact('many', 'email', at => now() - interval '70 days', key => 'y') AS y \gset
SELECT record_response(:y, 'clicked') \g /dev/null
CREATE TABLE public.old_contacts (LIKE contact_log, archived_at timestamptz DEFAULT now());
CREATE TEMP TABLE before AS SELECT * FROM contact_log;
CALL maintain_ledger(keep => '60 days', archive => 'public.old_contacts', batch => 2);
SELECT results_eq($$SELECT count(*) FROM contact_log WHERE person_id = 'many'$$, $$SELECT count(*) FROM before WHERE person_id = 'many' AND at >= now() - interval '60 days'$$,
	'the log keeps what is not older');
SELECT bag_eq('SELECT log_id, person_id, at, outcome FROM public.old_contacts', 'SELECT log_id, person_id, at, outcome FROM before EXCEPT SELECT log_id, person_id, at, outcome FROM contact_log',
	'the archive has the rest');
SELECT is_empty('SELECT FROM response_log AS r WHERE NOT EXISTS (SELECT FROM contact_log AS l WHERE l.log_id = r.log_id)', 'responses go with their contacts');
SELECT is(pg_temp.contacts('many'), 102::bigint, 'all of them are still counted');
SELECT is_empty('SELECT * FROM check_ledger()', 'the ledger agrees with itself without the old log');
CALL maintain_ledger(keep => '1 day');
SELECT is((SELECT min(at) >= now() - interval '48 days' AND min(at) < now() - interval '45 days' FROM contact_log WHERE person_id = 'many'), true,
	'what a rule can look at stays in the log however short keep is');
SELECT is_empty('SELECT * FROM check_ledger()', 'and agrees');

-- --- a tracked table whose old contacts are gone from the log

CREATE TABLE public.mailed (id int PRIMARY KEY, who text, at timestamptz, note text);
INSERT INTO public.mailed SELECT n, 'tracked', now() - n * interval '10 days' FROM generate_series(1, 20) AS n;
SELECT is(track_contacts('public.mailed', 'who', 'at', 'post'), 20::bigint, 'a tracked table');
CALL maintain_ledger(keep => '1 day');
SELECT results_eq($$SELECT count(*), count(*) FILTER (WHERE at < now() - interval '50 days') FROM contact_log WHERE source = 'track:public.mailed'$$,
	'VALUES (4::bigint, 0::bigint)', 'its old contacts go, too');
UPDATE public.mailed SET at = at - interval '1 second';
UPDATE public.mailed SET note = 'x';
SELECT is(track_contacts('public.mailed', 'who', 'at', 'post'), 0::bigint, 'tracked again, they do not come back');
CREATE TABLE public.noted (id int PRIMARY KEY, who text, at timestamptz);
INSERT INTO public.noted SELECT n, 'noted', now() - n * interval '10 days' FROM generate_series(1, 20) AS n;
SELECT track_contacts('public.noted', 'who', 'at', 'post') \g /dev/null
CALL maintain_ledger();
UPDATE public.noted SET at = at - interval '1 second' WHERE id > 8;
SELECT is(pg_temp.contacts('noted'), 20::bigint, 'a trimmed contact that is corrected counts once, in the log it stays as it was');
INSERT INTO public.noted VALUES (21, 'noted', now() - interval '210 days');
UPDATE public.noted SET at = at - interval '1 second' WHERE id < 3;
UPDATE public.noted SET at = at - interval '100 days' WHERE id = 2;
SELECT is(pg_temp.contacts('noted'), 21::bigint, 'one that becomes older than the horizon is in the summary');
SELECT is_empty('SELECT * FROM check_ledger()', 'the ledger agrees with itself about both sides of the horizon');
SELECT untrack('public.mailed') \g /dev/null
SELECT is(track_contacts('public.mailed', 'who', 'at', 'post'), 0::bigint, 'nor after it was not tracked');
SELECT is(pg_temp.contacts('tracked'), 20::bigint, 'and count once');
DELETE FROM public.mailed WHERE id > 3;
SELECT is(pg_temp.contacts('tracked'), 19::bigint, 'an old row that is deleted changes nothing, a new one does');
SELECT is_empty('SELECT * FROM check_ledger()', 'the ledger agrees with itself about tracked tables');

-- --- a large table, taken over page by page

CREATE TABLE public.large (id int PRIMARY KEY, who text, at timestamptz, filler text);
INSERT INTO public.large SELECT n, 'g' || n % 300, now() - n * interval '1 minute', repeat('x', 200) FROM generate_series(1, 2000) AS n;
SELECT is(track_contacts('public.large', 'who', 'at', 'post', backfill => false), NULL, 'tracked from now on');
CALL backfill('public.large', batch => 500);
SELECT is((SELECT count(*) FROM contact_log WHERE source = 'track:public.large'), 2000::bigint, 'and taken over in batches');
SELECT results_eq($$SELECT done = total, finished_at IS NOT NULL FROM job_progress WHERE job = 'backfill'$$, 'VALUES (true, true)', 'with its progress');
SELECT ok((SELECT complete_at IS NOT NULL FROM tracked_table WHERE relation = 'public.large'::regclass), 'it is complete');
CALL backfill('public.large');
SELECT is((SELECT count(*) FROM contact_log WHERE source = 'track:public.large'), 2000::bigint, 'again: nothing is new');
SELECT is_empty('SELECT * FROM check_ledger()', 'the ledger agrees with itself about what was taken over');
SELECT throws_ok($$CALL backfill('public.old_contacts')$$, '55000', 'table public.old_contacts is not tracked', 'a table that is not tracked');

-- --- refusals

INSERT INTO refusal (day, campaign, channel, purpose, reason, rule, refused)
	SELECT current_date - n / 10, 'c' || n % 2, 'email', 'promo', 'cap', NULL, n + 1 FROM generate_series(0, 99) AS n;
CREATE TEMP TABLE refused AS SELECT day, campaign, sum(refused) AS refused FROM refusal GROUP BY 1, 2;
CALL maintain_ledger();
SELECT results_eq('SELECT day, campaign, sum(refused) FROM refusal GROUP BY 1, 2 ORDER BY 1, 2', 'SELECT * FROM refused ORDER BY 1, 2', 'refusals are summed up, none is lost');
SELECT is((SELECT max(n) FROM (SELECT count(*) AS n FROM refusal WHERE day < current_date - 1 GROUP BY day, campaign) AS d), 1::bigint, 'a row for each of the days that are over');

-- --- progress and errors

SELECT is_empty($$SELECT * FROM job_progress WHERE done <> total AND step <> 'people trimmed' OR finished_at IS NULL OR pid <> pg_backend_pid()$$, 'every step says how far it came');
SELECT throws_ok('CALL maintain_ledger(batch => 0)', '22023', NULL, 'no batch');
SELECT throws_ok($$CALL maintain_ledger(keep => '-1 day')$$, '22023', NULL, 'a negative time to keep');
SELECT throws_ok($$CALL maintain_ledger(archive => 'public.old_contacts')$$, '22004', NULL, 'an archive, but nothing to put there');
SELECT throws_ok($$CALL maintain_ledger(keep => '1 day', archive => 'public.mailed')$$, '42703', 'table public.mailed cannot hold what is archived', 'no archive');

SELECT * FROM finish();
