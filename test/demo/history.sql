-- One part of the people: their histories from the log.  Most contacts need
-- the aggregate only; answers with a time of their own come in as JSON.

WITH built AS (
	SELECT person_id, count(*) AS contacts,
		   contact_history(at, channel, purpose, NULL, outcome)
			   FILTER (WHERE answered_at IS NULL) AS unanswered,
		   jsonb_agg(jsonb_build_object(
				'at', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
				'channel', channel, 'purpose', purpose, 'outcome', outcome,
				'answered_at', to_char(answered_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')))
			   FILTER (WHERE answered_at IS NOT NULL)::contact_history AS answered
	  FROM contact_log
	 WHERE person_id % :parts = :part - 1
	 GROUP BY person_id
), stored AS (
	-- who unsubscribed, or whose address is dead, has said so in the log
	UPDATE person p
	   SET history = coalesce(unanswered || answered, unanswered, answered),
		   opted_out = p.opted_out || ARRAY(
				SELECT DISTINCT l.channel || CASE l.outcome WHEN 'unsubscribed' THEN '/marketing' ELSE '' END
				  FROM contact_log l
				 WHERE l.person_id = p.person_id
				   AND l.outcome IN ('unsubscribed', 'hard_bounced') ORDER BY 1)
	  FROM built b
	 WHERE b.person_id = p.person_id
	RETURNING b.contacts
)
SELECT sum(contacts) AS done FROM stored;
