-- Who may do what with the ledger: as roles that are nobody, that have one of
-- the parts of grant_access(), and under row-level security.

BEGIN;
-- they all write the same tables: one after the other
LOCK TABLE contact_pressure.policy;
SET search_path = public, contact_pressure, pg_catalog;
SET TimeZone = 'UTC';
SET client_min_messages = warning;

SELECT plan(44);

CREATE ROLE ledger_nobody;
CREATE ROLE ledger_application;
CREATE ROLE ledger_call_centre;
CREATE ROLE "Ledger analyst";
CREATE ROLE ledger_administrator;
CREATE ROLE ledger_admin_of_nothing;

-- Run a statement as a role: its first value, or the state of its error.
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
	RETURN SQLSTATE;
END
$$;

INSERT INTO policy (segment, rules) VALUES ('everyone', 'sms: needs consent; email: max 5 per 7 days');
INSERT INTO person (person_id) VALUES ('ann'), ('ben'), ('cas'), ('dan');

-- --- what everybody may

SELECT is_empty($$
	SELECT p.oid::regprocedure FROM pg_proc AS p
	 WHERE p.pronamespace = 'contact_pressure'::regnamespace
	   AND p.provolatile = 'v'
	   AND has_function_privilege('ledger_nobody', p.oid, 'EXECUTE')
$$, 'nothing that writes is open to everybody');
SELECT is_empty($$
	SELECT c.oid::regclass FROM pg_class AS c
	 WHERE c.relnamespace = 'contact_pressure'::regnamespace
	   AND (c.relkind IN ('r', 'p', 'v') AND has_any_column_privilege('ledger_nobody', c.oid,
				'SELECT, INSERT, UPDATE, REFERENCES')
		 OR c.relkind = 'S' AND has_sequence_privilege('ledger_nobody', c.oid, 'USAGE, SELECT, UPDATE'))
$$, 'and no table is');
SELECT is(pg_temp.as_role('ledger_nobody', $$SELECT contact_pressure.may_contact('[]', 'any: max 1 per 1 day', 'email', 'promo', now())$$),
	'true', 'values are for everybody');
SELECT is(pg_temp.as_role('ledger_nobody', $$SELECT contact_pressure.grant_access('ledger_nobody', 'administrator')$$),
	'42501', 'nobody makes oneself an administrator');
SELECT is_empty($$
	SELECT p.oid::regprocedure FROM pg_proc AS p
	 WHERE p.pronamespace = 'contact_pressure'::regnamespace AND p.prosecdef
$$, 'no function lends its owner''s rights');

-- --- the parts

SELECT lives_ok($$SELECT grant_access('ledger_application', 'application'),
	grant_access('ledger_call_centre', ' Call_Centre '),
	grant_access('"Ledger analyst"', 'analyst'),
	grant_access('ledger_administrator', 'administrator')$$, 'each part is granted');
SELECT lives_ok($$SELECT grant_access('ledger_application', 'application')$$, 'also again');
SELECT throws_ok($$SELECT grant_access('ledger_nobody', 'boss')$$, '22023', 'unknown part: "boss"');
SELECT throws_ok($$SELECT grant_access('ledger_nobody', NULL)$$, '22004', 'grant_access needs a role and a part');
SELECT throws_ok($$SELECT grant_access('no_such_role', 'analyst')$$, '42704', NULL, 'an unknown role');
SELECT is(pg_temp.as_role('ledger_administrator', $$SELECT contact_pressure.grant_access('ledger_nobody', 'analyst')$$),
	'42501', 'an administrator hands nothing on');

-- Which part runs what; the others get 42501.
CREATE TEMP TABLE call (n serial, statement text, parts text);
INSERT INTO call (statement, parts) VALUES
	('may_contact(''ann'', ''email'')',                     'application call_centre analyst administrator'),
	('contact_verdict(''ann'', ''email'')',                 'application call_centre analyst administrator'),
	('count(*) FROM contact_pressure.explain_contact(''ann'', ''email'')', 'application call_centre analyst administrator'),
	('next_contact_at(''ann'', ''email'')',                 'application call_centre analyst administrator'),
	('person_policy(''ann'')',                              'application call_centre analyst administrator'),
	('count(*) FROM contact_pressure.contactable(''email'')', 'application call_centre analyst administrator'),
	('count(*) FROM contact_pressure.check_contacts(ARRAY[''ann''], ''email'')', 'application call_centre analyst administrator'),
	('count(*) FROM contact_pressure.recheck_plans()',      'application call_centre analyst administrator'),
	('count(*) FROM contact_pressure.refusal_report()',     'application analyst administrator'),
	('count(*) FROM contact_pressure.check_ledger()',       'analyst administrator'),
	('reserve_contact(''ben'', ''email'', key => current_user)', 'application administrator'),
	('reserve_contact(current_user, ''email'', at => now() + ''1 day'', key => ''k'')', 'application administrator'),
	('reserve_contact(''ben'', ''sms'')',                   'application administrator'),
	('count(*) FROM contact_pressure.reserve_contacts(ARRAY[''ben'', ''new '' || current_user], ''post'')', 'application administrator'),
	('record_contact(''ben'', ''post'', key => ''r'' || current_user)', 'application administrator'),
	('record_event(''ben'', ''order'')',                    'application administrator'),
	('confirm_contact(current_user, ''k'')',                'application administrator'),
	('count(*) FROM contact_pressure.confirm_contacts(ARRAY[current_user]::text[], ''{k}''::text[])', 'application administrator'),
	('record_response(''ben'', ''r'' || current_user, ''opened'')', 'application administrator'),
	('record_response(''ben'', ''r'' || current_user, ''unsubscribed'')', 'application administrator'),
	('cancel_contact(current_user, ''k'')',                 'application administrator'),
	('cancel_campaign(''none'')',                           'application administrator'),
	('put_person(''cas'', segment => lower(replace(current_user, '' '', ''_'')))', 'application administrator'),
	('put_person(''put '' || current_user, zone => ''UTC'')', 'application administrator'),
	('opt_in(''cas'', ''sms'')',                            'application administrator'),
	('opt_out(''cas'', ''sms'')',                           'application call_centre administrator'),
	('opt_out(''out '' || current_user, ''any'')',          'application call_centre administrator'),
	('hold_person(''dan'', ''email'')',                     'application call_centre administrator'),
	('release_person(''dan'')',                             'application call_centre administrator'),
	('lift_opt_out(''cas'', ''sms'')',                      'application administrator'),
	('merge_persons(''x '' || current_user, ''ann'')',      'administrator'),
	('count(*) FROM contact_pressure.forget_person(''x '' || current_user)', 'administrator');
SELECT is_empty(format($$
	SELECT c.n, c.statement, r.part, a.answer
	  FROM call AS c
	 CROSS JOIN (VALUES ('nobody', 'ledger_nobody'), (%L, 'ledger_%1$s')) AS r(part, role)
	 CROSS JOIN LATERAL (SELECT pg_temp.as_role(r.role, 'SELECT ' || CASE
			WHEN c.statement LIKE 'count%%' THEN '' ELSE 'contact_pressure.' END || c.statement)) AS a(answer)
	 WHERE (a.answer !~ '^[0-9A-Z]{5}$') <> (c.parts ~ ('\m' || r.part || '\M'))
	    OR a.answer ~ '^[0-9A-Z]{5}$' AND a.answer <> '42501'
	 ORDER BY c.n
$$, part), part || ': runs what it is for and nothing else')
  FROM unnest('{application,call_centre,administrator}'::text[]) AS part;
SELECT is_empty($$
	SELECT c.n, c.statement, a.answer
	  FROM call AS c
	 CROSS JOIN LATERAL (SELECT pg_temp.as_role('Ledger analyst', 'SELECT ' || CASE
			WHEN c.statement LIKE 'count%' THEN '' ELSE 'contact_pressure.' END || c.statement)) AS a(answer)
	 WHERE (a.answer <> '42501') <> (c.parts ~ '\manalyst\M')
	 ORDER BY c.n
$$, 'analyst: reads and nothing else');
SELECT ok((SELECT count(*) = 5 FROM contact_log AS c WHERE c.person_id IN ('ledger_application', 'ben')
		AND c.key IN ('ledger_application', 'k', 'rledger_application')
		 OR c.person_id = 'ben' AND c.channel = 'event' AND c.log_id = (SELECT min(log_id) FROM contact_log WHERE channel = 'event')
		 OR c.person_id = 'new ledger_application'),
	'what the application was granted did its work');

-- The tables behind the functions
SELECT is(pg_temp.as_role('ledger_call_centre', statement), '42501', 'call centre: ' || statement)
  FROM (VALUES
	('DELETE FROM contact_pressure.person'),
	('UPDATE contact_pressure.person SET segment = ''vip'''),
	('UPDATE contact_pressure.person SET zone = ''UTC'''),
	('UPDATE contact_pressure.contact_log SET outcome = ''sent'''),
	('INSERT INTO contact_pressure.policy (segment, rules) VALUES (''vip'', '''')'),
	('UPDATE contact_pressure.consent_log SET reason = ''''')
) AS s(statement);
SELECT is(pg_temp.as_role('ledger_application', statement), '42501', 'application: ' || statement)
  FROM (VALUES
	('UPDATE contact_pressure.policy SET rules = '''''),
	('DELETE FROM contact_pressure.contact_log'),
	('DELETE FROM contact_pressure.consent_log'),
	('UPDATE contact_pressure.policy_version SET changed_by = ''me'''),
	('TRUNCATE contact_pressure.person')
) AS s(statement);
SELECT is(pg_temp.as_role('ledger_administrator',
	$$INSERT INTO contact_pressure.policy (segment, rules) VALUES ('vip', 'email: max 9 per 7 days') RETURNING segment$$),
	'vip', 'an administrator writes policies');
SELECT is((SELECT count(*) FROM policy_version WHERE segment = 'vip'), 1::bigint, '... and their versions');

-- Who writes to a tracked table writes to the ledger.
CREATE TABLE mail (id serial PRIMARY KEY, customer text, sent_at timestamptz);
SELECT track_contacts('mail', 'customer', 'sent_at', channel => 'post') \g /dev/null
GRANT SELECT, INSERT, UPDATE, DELETE ON mail TO ledger_application, ledger_nobody;
GRANT USAGE ON SEQUENCE mail_id_seq TO ledger_application, ledger_nobody;
SELECT is(pg_temp.as_role('ledger_application', statement), 'zoe', 'application: ' || statement)
  FROM (VALUES
	('INSERT INTO mail (customer, sent_at) VALUES (''zoe'', now()) RETURNING customer'),
	('UPDATE mail SET sent_at = sent_at - interval ''1 day'' RETURNING customer'),
	('DELETE FROM mail RETURNING customer')
) AS s(statement);
SELECT ok((SELECT bool_and(status = 'cancelled') FROM contact_log WHERE person_id = 'zoe'), '... is followed');
SELECT is(pg_temp.as_role('ledger_nobody', 'INSERT INTO mail (customer, sent_at) VALUES (''zoe'', now()) RETURNING customer'),
	'42501', 'who has no part in the ledger does not write to a tracked table');

-- --- row-level security: tenants, by what their ids begin with

CREATE ROLE tenant_a;
CREATE ROLE tenant_b;
SELECT grant_access('tenant_a', 'application'), grant_access('tenant_b', 'application') \g /dev/null
SELECT format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t),
	   format('CREATE POLICY tenant ON %s USING (split_part(person_id, '':'', 1) = current_user)', t)
  FROM unnest('{person,contact_log,response_log,consent_log,person_version}'::regclass[]) AS t \gexec

-- Each tenant in turn, in one session, with the same saved plans.
CREATE FUNCTION pg_temp.both(statement text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT pg_temp.as_role(role, 'SELECT contact_pressure.' || statement)
	  FROM unnest('{tenant_a,tenant_b,tenant_a}'::text[]) WITH ORDINALITY AS r(role, n) ORDER BY n
$$;
SELECT results_eq($$SELECT pg_temp.both('reserve_contact(current_user || '':1'', ''email'', key => ''k'') IS NOT NULL')$$,
	ARRAY['true', 'true', 'true'], 'each tenant reserves for its own people');
SELECT results_eq($$SELECT pg_temp.both('reserve_contact(''tenant_a:1'', ''email'', key => ''k'') IS NOT NULL')$$,
	ARRAY['true', '42501', 'true'], '... and not for another''s');
SELECT results_eq($$SELECT pg_temp.both('reserve_contact(''tenant_a:9'', ''email'', key => ''k'') IS NOT NULL')$$,
	ARRAY['true', '42501', 'true'], '... not even for unknown ones');
SELECT results_eq($$SELECT pg_temp.both('opt_out(''tenant_a:1'', ''sms'')')$$,
	ARRAY['0', '42501', '0'], '... nor opts them out');
SELECT results_eq($$SELECT pg_temp.both('put_person(''tenant_a:1'', segment => ''vip'')')$$,
	ARRAY['false', '42501', 'false'], '... nor changes them');
SELECT results_eq($$SELECT pg_temp.both('record_response(''tenant_a:1'', ''k'', ''opened'', now() + ''1 s'')')$$,
	ARRAY['true', '02000', 'false'], '... nor answers for them');
SELECT results_eq($$SELECT pg_temp.both('hold_person(current_user || '':2'', ''any'')')$$,
	ARRAY['0', '0', '0'], 'each holds its own');
SELECT results_eq($$
	SELECT pg_temp.as_role(r.role, 'SELECT string_agg(id, '' '' ORDER BY id) FROM contact_pressure.contactable(''email'') AS id')
	  FROM unnest('{tenant_a,tenant_b,tenant_a}'::text[]) WITH ORDINALITY AS r(role, n) ORDER BY n
$$, ARRAY['tenant_a:1 tenant_a:9', 'tenant_b:1', 'tenant_a:1 tenant_a:9'], 'each sees its own in contactable');
SELECT results_eq($$
	SELECT pg_temp.as_role(r.role, 'SELECT string_agg(person_id || '' '' || known, '', '' ORDER BY person_id)
		FROM contact_pressure.check_contacts(ARRAY[''tenant_a:1'', ''tenant_b:1''], ''email'')')
	  FROM unnest('{tenant_a,tenant_b,tenant_a}'::text[]) WITH ORDINALITY AS r(role, n) ORDER BY n
$$, ARRAY['tenant_a:1 true, tenant_b:1 false', 'tenant_a:1 false, tenant_b:1 true', 'tenant_a:1 true, tenant_b:1 false'],
	'another''s people are unknown in a batch');

-- Policies of one's own
ALTER TABLE policy ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON policy USING (segment IN ('everyone', current_user));
INSERT INTO policy (segment, rules) VALUES ('tenant_a', 'push: never'), ('tenant_b', 'post: never');
UPDATE person SET segment = split_part(person_id, ':', 1) WHERE person_id ~ '^tenant';
SELECT results_eq($$SELECT pg_temp.both('may_contact(current_user || '':1'', ''push'')')$$,
	ARRAY['false', 'true', 'false'], 'each is judged by the policies it sees');

SELECT * FROM finish();
ROLLBACK;
