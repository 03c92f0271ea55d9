-- People and policies of the ledger: what the functions answer, and the errors.
SET search_path = contact_pressure, public;
SET TimeZone = 'UTC';
\pset null '(null)'
\set SHOW_CONTEXT never

-- the rows of policy
INSERT INTO policy (segment, rules) VALUES
	('Everyone', 'channels email | sms | post; sms: needs consent'),
	('default', 'email: max 2 per 7 days');
SELECT segment, rules, version FROM policy ORDER BY segment;
UPDATE policy SET rules = 'email: max 1 per 7 days' WHERE segment = 'default';
DELETE FROM policy WHERE segment = 'default';
SELECT version, segment, rules FROM policy_version ORDER BY version;
INSERT INTO policy (segment, rules) VALUES ('big spenders', '');
INSERT INTO policy (segment, rules) VALUES ('preferences', '');
INSERT INTO policy (segment, rules) VALUES ('vip', 'layer preferences; any: never');
INSERT INTO policy (segment, rules) VALUES ('vip', 'fax: never');
INSERT INTO policy (segment, rules) VALUES (NULL, '');

-- people
SELECT put_person('anna', zone => 'europe/amsterdam', segment => 'Loyal', opted_out => '{ Post }');
SELECT put_person('anna', opted_in => '{sms/promo}', preferences => 'any: max 4 per 30 days');
SELECT person_id, segment, zone, preferences, opted_out, opted_in, holds, history FROM person;
SELECT put_person(NULL::text);
SELECT put_person('');
SELECT put_person('anna', zone => 'Amsterdam');
SELECT put_person('anna', segment => 'everyone');
SELECT put_person('anna', preferences => 'layer mine; any: never');
SELECT put_person('anna', preferences => 'any: exempt');
SELECT put_person('anna', preferences => 'fax: never');
SELECT put_person('anna', opted_out => '{email,NULL}');
SELECT put_person('anna', opted_out => '{e mail}');

-- consent
SELECT opt_in('anna', 'sms', 'asked for it', 'confirmed by mail');
SELECT opt_out('anna', 'email/marketing', 'link in a mail');
SELECT lift_opt_out('anna', 'post'), lift_opt_out('anna', 'post');
SELECT person_id, action, scope, reason, proof FROM consent_log ORDER BY consent_id;
SELECT opt_out('anna', NULL);
SELECT opt_out(NULL::text, 'email');
SELECT opt_in('anna', 'email/promo/summer');
SELECT contact_scope(' Email / Promo.Summer '), contact_scope('any'), contact_scope('EACH/each');

-- holds
SELECT hold_person('anna', 'any', '2100-01-01', 'dispute');
SELECT holds FROM person WHERE person_id = 'anna';
SELECT release_person('anna', 'any'), release_person('anna');
SELECT hold_person('anna', until => '2001-01-01');
SELECT hold_person('anna', until => NULL);
UPDATE person SET holds = ARRAY[('email', '-infinity', NULL)]::person_hold[];

-- merges, and the end
SELECT merge_persons('hanna', 'anna'), merge_persons('hanna', 'anna');
SELECT person_of('hanna'), person_of('anna'), person_of('somebody');
SELECT merge_persons('anna', NULL);
SELECT * FROM forget_person('hanna');
SELECT person_id, merged_into, opted_out, opted_in FROM person ORDER BY person_id;
SELECT * FROM forget_person('anna', keep_opt_outs => false);
SELECT count(*) FROM person;
SELECT * FROM forget_person('anna');

-- who may do what
SELECT grant_access('pg_monitor', 'boss');
SELECT grant_access('pg_monitor', NULL);
