-- size.sql: bytes a contact, as pg_column_size() has them: microsecond times,
-- four pairs of channel and purpose.
SELECT setseed(0.26);
CREATE TABLE bench.sized AS
SELECT person, per_person, days,
	contact_pressure.contact_history(
		timestamptz '2026-11-18 10:00+00' - random() * days * interval '1 day',
		(ARRAY['email', 'email', 'push', 'sms'])[1 + n % 4],
		(ARRAY['promo', 'newsletter', 'promo', 'service'])[1 + n % 4])
		AS history
FROM (VALUES (10, 30), (10, 365), (40, 30), (40, 365)) v(per_person, days),
	generate_series(1, 10000) person, generate_series(1, per_person) n
GROUP BY person, per_person, days;
INSERT INTO bench.result
SELECT format('bytes a contact, %s a person in %s days', per_person, days),
	avg(pg_column_size(history) / per_person::float8), NULL, NULL,
	CASE WHEN per_person = 40 THEN '10 or less' END
FROM bench.sized GROUP BY per_person, days ORDER BY per_person, days;
\pset border 2
\pset null ''
SELECT what, round(ours::numeric, 2) AS ours, round(theirs::numeric, 2) AS theirs,
	round(ratio::numeric, 3) AS ratio,
	CASE WHEN ratio < 0.5 THEN round((1 / ratio)::numeric, 1) END AS "times less",
	target
FROM bench.result;
