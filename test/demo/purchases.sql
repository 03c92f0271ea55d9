-- One part of the people: what they bought and gave back in two years.  About
-- one in ten has never ordered; a few of those returned an order that is older
-- than the data.

SET client_min_messages = warning;

WITH drawn AS MATERIALIZED (	-- every number is drawn once
	SELECT p.person_id, p.zone, s.shop, s.as_of,
		   chance(key, 22) AS day, chance(key, 23) AS hour, chance(key, 24) AS size,
		   chance(key, 25) AS luck,
		   -- some have been away for long; some buy big
		   730 * chance(p.person_id, 26) ^ 3 AS away, chance(p.person_id, 27) AS wealth
	  FROM person p
	  CROSS JOIN shop s
	  CROSS JOIN generate_series(1, round(-4 * ln(1 - chance(p.person_id, 21)))::int) AS n
	  CROSS JOIN LATERAL (SELECT p.person_id::bigint * 1000 + n AS key OFFSET 0) AS k
	 WHERE p.person_id % :parts = :part - 1
), ordered AS MATERIALIZED (
	SELECT shop, person_id, as_of, luck,
		   ((as_of AT TIME ZONE zone)::date - floor(away + (730 - away) * day)::int - 1
			+ time '07:00' + floor(hour * 57600) * interval '1 second') AT TIME ZONE zone AS at,
		   round(exp(2.2 + 1.4 * wealth + 1.6 * size)::numeric, 2) AS amount
	  FROM drawn
), bought AS (
	INSERT INTO purchase SELECT shop, person_id, at, amount FROM ordered
	RETURNING 1
), returned AS (				-- all of an order or half of it, within two weeks
	INSERT INTO purchase
	SELECT shop, person_id, at + luck * interval '200 days',
		   CASE WHEN luck < 0.04 THEN -amount ELSE -round(amount / 2, 2) END
	  FROM ordered
	 WHERE luck < 0.07 AND at + luck * interval '200 days' < as_of
	RETURNING 1
), returned_late AS (
	INSERT INTO purchase
	SELECT shop, person_id, as_of - (700 + 30 * chance(person_id, 28)) * interval '1 day',
		   -round((10 + 90 * chance(person_id, 29))::numeric, 2)
	  FROM person CROSS JOIN shop
	 WHERE person_id % :parts = :part - 1
	   AND chance(person_id, 21) < 0.005
	RETURNING 1
)
SELECT (SELECT count(*) FROM bought) + (SELECT count(*) FROM returned)
	   + (SELECT count(*) FROM returned_late) AS done;
