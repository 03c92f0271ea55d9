-- data.sql: people, ten contacts each in 30 days, four zones, one person in
-- ten with a planned contact.
\echo # :people people, ten contacts each in the 30 days before 2026-11-18 10:00 UTC
SELECT setseed(0.26);
CREATE TABLE bench.log AS
SELECT (random() * :people)::int AS contact_id,
	timestamptz '2026-11-18 10:00+00' - random() * interval '30 days' AS at,
	(ARRAY['email', 'email', 'push', 'sms'])[1 + n % 4] AS channel,
	(ARRAY['promo', 'newsletter', 'promo', 'service'])[1 + n % 4] AS purpose,
	'sent' AS outcome
FROM generate_series(1, 10 * :people) n;
INSERT INTO bench.log
SELECT n, timestamptz '2026-11-18 10:00+00' + random() * interval '7 days',
	'email', 'promo', 'planned'
FROM generate_series(1, :people, 10) n;
CREATE INDEX ON bench.log (contact_id, at) INCLUDE (channel, purpose);
CREATE TABLE bench.people AS
SELECT contact_id,
	(ARRAY['Europe/Amsterdam', 'Europe/London', 'Europe/Athens',
		   'America/New_York'])[1 + contact_id % 4] AS zone,
	contact_pressure.contact_history(at, channel, purpose, NULL, outcome)
		AS history
FROM bench.log GROUP BY contact_id;
ALTER TABLE bench.people ADD PRIMARY KEY (contact_id);
VACUUM ANALYZE bench.log;
VACUUM ANALYZE bench.people;
