-- One part of the people: their contacts of the last 90 days, a planned one
-- for one in ten, an order or a complaint for some.

SET client_min_messages = warning;

WITH drawn AS MATERIALIZED (	-- every number is drawn once
	SELECT p.person_id, p.zone, s.as_of, (s.as_of AT TIME ZONE p.zone)::date AS today,
		   chance(key, 5) AS which_channel, chance(key, 6) AS which_purpose,
		   floor(chance(key, 7) * 90)::int AS days_ago,
		   chance(key, 8) AS hour, chance(key, 9) AS luck
	  FROM person p
	  CROSS JOIN setting s
	  -- some people hear from us all the time, most do not: 10 on average
	  CROSS JOIN generate_series(1, round(-10 * ln(1 - chance(p.person_id, 4)))::int) AS n
	  CROSS JOIN LATERAL (SELECT p.person_id::bigint * 1000 + n AS key OFFSET 0) AS k
	 WHERE p.person_id % :parts = :part - 1
), sorted AS MATERIALIZED (
	SELECT d.*, k.channel,
		   CASE WHEN k.channel = 'post' THEN 'promo'
				WHEN k.channel = 'sms' AND which_purpose < 0.5 THEN 'otp'
				WHEN which_purpose < 0.45 THEN 'promo'
				WHEN which_purpose < 0.72 THEN 'newsletter'
				WHEN which_purpose < 0.80 THEN 'cart'
				WHEN which_purpose < 0.84 THEN 'review'
				ELSE 'service' END AS purpose
	  FROM drawn d
	  CROSS JOIN LATERAL (SELECT CASE
			WHEN which_channel < 0.62 THEN 'email'
			WHEN which_channel < 0.85 THEN 'push'
			WHEN which_channel < 0.93 THEN 'sms'
			ELSE 'post' END AS channel OFFSET 0) AS k
), timed AS MATERIALIZED (
	-- newsletters leave at ten, the post at nine, the rest in waking hours
	SELECT s.*,
		   (today - days_ago + CASE WHEN purpose = 'newsletter' THEN time '10:00'
									WHEN channel = 'post' THEN time '09:00'
									ELSE time '08:00' + floor(hour * 43200) * interval '1 second' END)
			   AT TIME ZONE zone AS at
	  FROM sorted s
), sent AS (
	INSERT INTO contact_log
	SELECT person_id, at, channel, purpose,
		   CASE WHEN channel = 'post' THEN 'sent'
				WHEN luck < 0.030 THEN 'converted'
				WHEN luck < 0.100 THEN 'clicked'
				WHEN luck < 0.300 THEN 'opened'
				WHEN luck < 0.960 THEN 'delivered'
				WHEN luck < 0.975 THEN 'bounced'
				WHEN luck < 0.977 THEN 'unsubscribed'
				WHEN luck < 0.978 THEN 'hard_bounced'
				ELSE 'sent' END,
		   -- answers come minutes to two days later
		   CASE WHEN channel <> 'post' AND luck < 0.3
				THEN least(as_of, date_trunc('second', at + luck * luck * interval '22 days')) END
	  FROM timed
	 WHERE at < as_of
	RETURNING 1
), planned AS (
	INSERT INTO contact_log (person_id, at, channel, purpose, outcome)
	SELECT person_id,
		   ((as_of AT TIME ZONE p.zone)::date + 1 + floor(chance(person_id, 11) * 6)::int
			+ time '10:00') AT TIME ZONE p.zone,
		   CASE WHEN chance(person_id, 12) < 0.7 THEN 'email' ELSE 'push' END,
		   'promo', 'planned'
	  FROM person p CROSS JOIN setting
	 WHERE person_id % :parts = :part - 1 AND chance(person_id, 10) < 0.1
	RETURNING 1
), happened AS (
	INSERT INTO contact_log (person_id, at, channel, purpose, outcome)
	SELECT person_id,
		   date_trunc('second', as_of - chance(person_id, 14) * interval '60 days'),
		   'event',
		   CASE WHEN chance(person_id, 13) < 0.02 THEN 'complaint' ELSE 'order' END,
		   'event'
	  FROM person p CROSS JOIN setting
	 WHERE person_id % :parts = :part - 1 AND chance(person_id, 13) < 0.3
	RETURNING 1
)
SELECT (SELECT count(*) FROM sent) + (SELECT count(*) FROM planned)
	   + (SELECT count(*) FROM happened) AS done;
