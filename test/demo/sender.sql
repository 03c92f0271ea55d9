-- One batch of one sender, as it would run anywhere: take the places, look
-- once more, hand over, report what the mail provider says.  Each statement
-- is a transaction.

SELECT coalesce(array_agg(log_id) FILTER (WHERE log_id IS NOT NULL), '{}') AS taken, count(*) AS asked
  FROM reserve_contacts(ARRAY(SELECT person_id::bigint FROM recipient
							   WHERE sender = :'sender' AND batch = :batch),
						'email', :'purpose', campaign => :'campaign', owner => :'sender',
						lease => '5 minutes') \gset
SELECT coalesce(array_agg(log_id) FILTER (WHERE confirmed), '{}') AS sent
  FROM confirm_contacts(:'taken'::bigint[]) \gset

-- here the mails would go out

SELECT record_responses(array_agg(log_id), array_agg(outcome)) AS changed
  FROM (SELECT log_id, CASE WHEN luck < 0.003 THEN 'unsubscribed'
							WHEN luck < 0.004 THEN 'complained'
							WHEN luck < 0.010 THEN 'hard_bounced'
							WHEN luck < 0.025 THEN 'bounced'
							WHEN luck < 0.060 THEN 'clicked'
							WHEN luck < 0.220 THEN 'opened' END AS outcome
		  FROM (SELECT log_id, chance(log_id, 43) AS luck
				  FROM unnest(:'sent'::bigint[]) AS log_id) AS drawn) AS answered
 WHERE outcome IS NOT NULL \gset
\echo :asked
