-- One part of the people: the verdict on each for every channel.

WITH answered AS (
	INSERT INTO answer
	SELECT p.person_id, q.channel, v.*
	  FROM person p
	  CROSS JOIN setting s
	  CROSS JOIN question q
	  CROSS JOIN LATERAL contact_verdict(p.history, s.policy, q.channel, q.purpose,
										 s.as_of, p.zone, p.opted_out, p.opted_in) AS v
	 WHERE p.person_id % :parts = :part - 1
	RETURNING 1
)
SELECT count(*) AS done FROM answered;
