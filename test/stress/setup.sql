-- The ledger that test/stress/run works on.
-- Rules of rolling windows only: audit.sql decides them again in plain SQL.

CREATE EXTENSION contact_pressure;
INSERT INTO contact_pressure.policy (segment, rules) VALUES
	('everyone', 'any: max 9 per 20 days
		sms: needs consent'),
	('default', 'email: max 4 per 7 days, max 2 per 1 day; push: max 2 per 3 days'),
	('vip', 'email: max 5 per 7 days, max 3 per 1 day; push: max 3 per 3 days');
INSERT INTO contact_pressure.person (person_id, opted_in)
SELECT who, CASE WHEN hashtext(who) % 2 = 0 THEN '{sms}'::text[] END
  FROM unnest(string_to_array(:'people', ',')) AS who;
ALTER DATABASE postgres SET TimeZone = 'UTC';
-- what maintenance has to trim
SELECT count(contact_pressure.record_contact(person_id, 'email',
			at => now() - n * interval '12 days'))
  FROM contact_pressure.person, generate_series(1, 8) AS n;

-- the CRM's own table of what was sent
CREATE TABLE mail (id serial PRIMARY KEY, who text, at timestamptz, key text, state text);
SELECT contact_pressure.track_contacts('mail', 'who', 'at', 'email', key_column => 'key', outcome_column => 'state');

-- and the shop's of what was bought
SET client_min_messages = warning;
CREATE TABLE orders (id serial PRIMARY KEY, who text, at timestamptz, amount numeric);
CREATE INDEX ON orders (who);
SELECT contact_pressure.track_purchases('orders', 'who', 'at', 'amount', answers => '3 days');
INSERT INTO orders (who, at, amount)
SELECT person_id, now() - n * interval '30 days' - hashtext(person_id) % 20 * interval '1 day', n * 7
  FROM contact_pressure.person, generate_series(1, 5) AS n
 WHERE hashtext(person_id) % 5 <> n;
CALL contact_pressure.fit_rfm_model(bins => 3,
	map => 'loyal vip: r 3, f 2-3; good: f 2-3; risky: r 1; else others');
\i :twin
CREATE VIEW segment_twin.fact AS SELECT who AS person_id, at, amount FROM orders;
