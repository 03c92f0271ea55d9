-- What the two senders got, and what the ledger says about it.

SET client_min_messages = warning;

CREATE FUNCTION pg_temp.number(n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT to_char(n, 'FM999,999,999') $$;
CREATE FUNCTION pg_temp.share(share float8) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT to_char(100 * share, 'FM990.0') || ' %' $$;

\pset title 'Two senders, the same people, at the same time'
SELECT owner AS "Sender", campaign AS "Campaign",
	   (SELECT pg_temp.number(count(*)) FROM recipient r WHERE r.sender = l.owner) AS "Asked for",
	   pg_temp.number(count(*)) AS "Reserved",
	   pg_temp.number(count(*) FILTER (WHERE status = 'confirmed')) AS "Sent",
	   pg_temp.number(count(*) FILTER (WHERE outcome IN ('opened', 'clicked'))) AS "Opened",
	   pg_temp.number(count(*) FILTER (WHERE outcome IN ('unsubscribed', 'complained'))) AS "Unsubscribed or complained",
	   pg_temp.number(count(*) FILTER (WHERE outcome IN ('bounced', 'hard_bounced'))) AS "Bounced"
  FROM contact_pressure.contact_log l
 WHERE source = 'reserve'
 GROUP BY owner, campaign ORDER BY owner;

\pset title 'Who was refused, by which rule'
SELECT campaign AS "Campaign", owner AS "Sender", reason AS "Reason", layer AS "Layer", rule AS "Rule",
	   pg_temp.number(refused) AS "Refused", pg_temp.share(share_of_asked) AS "Of those asked for"
  FROM refusal_report();

\pset title 'Those who opted out in the middle'
SELECT pg_temp.number(count(*)) AS "People",
	   pg_temp.number(sum(before)::bigint) AS "Written to by then",
	   pg_temp.number(sum(planned)::bigint) AS "Planned mails cancelled",
	   pg_temp.number(sum(since)::bigint) AS "Mails reserved since"
  FROM (SELECT count(l.log_id) FILTER (WHERE l.source = 'reserve' AND l.recorded_at <= c.at) AS before,
			   count(l.log_id) FILTER (WHERE l.reason = 'opted out: email/marketing') AS planned,
			   count(l.log_id) FILTER (WHERE l.source = 'reserve' AND l.recorded_at > c.at) AS since
		  FROM contact_pressure.consent_log c
		  LEFT JOIN contact_pressure.contact_log l USING (person_id)
		 WHERE c.action = 'opt_out' AND c.reason = 'list withdrawn'
		 GROUP BY c.consent_id) AS each;

\pset title 'What must not be'
SELECT "What", pg_temp.number("How often") AS "How often" FROM (
	SELECT 1 AS n, 'people with mails of both senders less than 20 hours apart' AS "What", count(*) AS "How often"
	  FROM contact_pressure.contact_log a
	  JOIN contact_pressure.contact_log b USING (person_id)
	  JOIN contact_pressure.person p USING (person_id)
	 WHERE a.source = 'reserve' AND a.owner = 'shop' AND b.source = 'reserve' AND b.owner = 'editors'
	   AND a.status <> 'cancelled' AND b.status <> 'cancelled'
	   AND a.outcome NOT IN ('bounced', 'hard_bounced') AND b.outcome NOT IN ('bounced', 'hard_bounced')
	   AND p.segment IS DISTINCT FROM 'lost'
	UNION ALL
	SELECT 2, 'mails reserved for somebody who had opted out', count(*)
	  FROM contact_pressure.contact_log l
	  JOIN contact_pressure.consent_log c USING (person_id)
	 WHERE l.source = 'reserve' AND c.action = 'opt_out' AND c.scope = 'email/marketing' AND l.recorded_at > c.at
	UNION ALL
	SELECT 3, 'what check_ledger() finds wrong', :problems
) AS x ORDER BY n;
