-- the ledger: reservations, one and many; what is refused, and how it says so
SET search_path = contact_pressure, public;
SET timezone = 'UTC';
\pset null '(null)'
\set SHOW_CONTEXT never
ALTER SEQUENCE contact_log_log_id_seq RESTART 800001;
DELETE FROM policy;
INSERT INTO policy (segment, rules) VALUES ('reserve', '
channels email | sms | push
any: max 2 per 7 days
sms: needs consent');
INSERT INTO person (person_id, segment, zone) VALUES
	('v1', 'reserve', 'Europe/Amsterdam'), ('v2', 'reserve', 'America/New_York'), ('v3', 'reserve', NULL);

-- --- one

SELECT reserve_contact('v1', 'email', 'promo', '2999-01-01 10:00Z') AS first,
	   reserve_contact('v1', 'email', 'promo', '2999-01-02 10:00Z', 'spring', 'shop', 2, 0.05, 'k') AS second,
	   reserve_contact('v1', 'email', 'promo', '2999-01-03 10:00Z', 'spring', 'shop') AS third,
	   reserve_contact('v1', 'sms', at => '2999-01-03 10:00Z') AS sms,
	   reserve_contact('v1', 'email', at => '2999-01-03 10:00Z', wait => '1 week') AS later,
	   reserve_contact('v1', 'email', local_at => '2999-07-01 10:00', lease => '1 hour') AS leased;
SELECT log_id, at, channel, purpose, campaign, owner, segment, weight, cost, key, status, outcome, lease_until, source
  FROM contact_log WHERE person_id = 'v1' ORDER BY log_id;
SELECT lease_until, jsonb_pretty(history::text::jsonb) AS history FROM person WHERE person_id = 'v1';
SELECT segment, campaign, owner, channel, purpose, reason, layer, rule, refused FROM refusal WHERE segment = 'reserve' ORDER BY refusal_id;

-- --- many

SELECT * FROM check_contacts(ARRAY['v3', 'v1', 'v4', 'v3', 'v2', 'v3'], 'email', at => '2999-01-03 10:00Z');
SELECT * FROM reserve_contacts(ARRAY['v3', 'v1', 'v3', 'v2', 'v3'], 'email', at => '2999-01-03 10:00Z', campaign => 'spring');
SELECT * FROM reserve_contacts(ARRAY['v3', 'v1', 'v2'], 'email', local_at => '2999-07-01 10:00', wait => '30 days', keys => ARRAY['a', NULL, 'a']);
SELECT reason, rule, refused FROM refusal WHERE segment = 'reserve' ORDER BY refusal_id OFFSET 2;

-- what a transaction did is seen by what it does next
BEGIN;
SELECT cancel_contact(800001);
SELECT reserve_contact('v1', 'email', 'promo', '2999-01-03 10:00Z');
UPDATE person SET opted_out = '{email}' WHERE person_id = 'v3';
SELECT person_id, (verdict).* FROM reserve_contacts(ARRAY['v3', 'v1'], 'email', at => '2999-02-03 10:00Z');
ROLLBACK;

-- the other levels of isolation
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT reserve_contact('v2', 'push', at => '2999-03-01 10:00Z') AS first, reserve_contact('v2', 'push', at => '2999-03-01 10:00Z') AS second,
	   reserve_contact('v2', 'push', at => '2999-03-01 10:00Z') AS third;
SELECT person_id, log_id, (verdict).reason, known FROM reserve_contacts(ARRAY['v2', 'v3', 'v3', 'v3'], 'push', at => '2999-03-01 10:00Z');
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT reserve_contact('v2', 'push', at => '2999-03-01 10:00Z') AS first, reserve_contact('v2', 'push', at => '2999-03-01 10:00Z') AS second,
	   reserve_contact('v2', 'push', at => '2999-03-01 10:00Z') AS third;
SELECT person_id, log_id, (verdict).reason, known FROM reserve_contacts(ARRAY['v2', 'v3', 'v3', 'v3'], 'push', at => '2999-03-01 10:00Z');
ROLLBACK;
BEGIN READ ONLY;
SELECT person_id, (verdict).allowed, known FROM check_contacts(ARRAY['v2', 'v3', 'v4'], 'push', at => '2999-03-01 10:00Z');
SELECT reserve_contact('v2', 'push', at => '2999-03-01 10:00Z');
ROLLBACK;

-- --- errors

SELECT reserve_contact(NULL::text, 'email');
SELECT reserve_contact('v2', NULL);
SELECT reserve_contact('v2', 'email', at => NULL);
SELECT reserve_contact('v2', 'email', at => 'infinity');
SELECT reserve_contact('v2', 'email', local_at => '-infinity');
SELECT reserve_contact('v2', 'email', at => '2999-01-01 10:00Z', local_at => '2999-01-01 10:00');
SELECT reserve_contact('v2', 'any');
SELECT reserve_contact('v2', 'e mail');
SELECT reserve_contact('v2', 'letter');
SELECT reserve_contact('v2', 'email', 'Promo!');
SELECT reserve_contact('v2', 'email', weight => -1);
SELECT reserve_contact('v2', 'email', weight => 'NaN');
SELECT reserve_contact('v2', 'email', lease => '0');
SELECT reserve_contact('v2', 'email', lease => '-1 hour');
SELECT reserve_contact('v2', 'email', wait => '-1 hour');
SELECT reserve_contact('v2', 'email', wait => '5000 years');
SELECT reserve_contact('', 'email', at => '2999-01-01 10:00Z');
SELECT reserve_contact('v1', 'email', key => 'k');
SELECT reserve_contact('v1', 'email', 'promo', key => 'k', campaign => 'autumn');
SELECT reserve_contact('v1', 'push', 'promo', key => 'k', campaign => 'spring');
SELECT * FROM reserve_contacts(NULL::text[], 'email');
SELECT * FROM reserve_contacts(ARRAY['v2', NULL], 'email');
SELECT * FROM reserve_contacts(ARRAY[['v2'], ['v3']], 'email');
SELECT * FROM reserve_contacts(ARRAY['v2', 'v3'], 'email', keys => ARRAY['a']);
SELECT * FROM reserve_contacts(ARRAY['v2', 'v3'], NULL);
SELECT * FROM reserve_contacts(ARRAY['v2', 'v1'], 'email', keys => ARRAY[NULL, 'k']);
SELECT * FROM reserve_contacts(ARRAY['v2', 'v1'], 'letter');
SELECT * FROM check_contacts(ARRAY['v2', 'v1'], 'letter');
SELECT * FROM check_contacts(ARRAY['v2'], 'email', at => '2999-01-01 10:00Z', local_at => '2999-01-01 10:00');
SELECT count(*) FROM check_contacts(NULL::text[], 'email');

-- nothing of it was written
SELECT count(*), max(log_id) FROM contact_log WHERE person_id LIKE 'v%';

DELETE FROM contact_log WHERE person_id LIKE 'v%';
DELETE FROM person WHERE person_id LIKE 'v%';
DELETE FROM refusal WHERE segment = 'reserve' OR reason = 'no_policy';
DELETE FROM policy WHERE segment = 'reserve';
