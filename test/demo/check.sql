-- A sample of the refusals: at its retry time the answer is a yes, and a
-- moment before it is still a no.

DO $$
DECLARE
	wrong bigint;
BEGIN
	SELECT count(*) INTO wrong
	  FROM (SELECT * FROM answer
			 WHERE NOT allowed AND isfinite(retry_at)
			 ORDER BY hashint8extended(person_id, 7), channel LIMIT 5000) AS a
	  JOIN person p USING (person_id)
	  JOIN question q USING (channel)
	  CROSS JOIN setting s
	 WHERE NOT may_contact(p.history, s.policy, q.channel, q.purpose,
						   a.retry_at, p.zone, p.opted_out, p.opted_in)
		OR may_contact(p.history, s.policy, q.channel, q.purpose,
					   a.retry_at - interval '1 microsecond', p.zone, p.opted_out, p.opted_in);
	IF wrong > 0 THEN
		RAISE EXCEPTION '% retry times are wrong', wrong;
	END IF;
END
$$;
