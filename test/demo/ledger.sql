-- The generated retailer starts a ledger: policies by segment, and its people
-- with their contacts of the last 14 days.  The ledger's clock is the real
-- one, so the Wednesday before Black Friday becomes now.

SET client_min_messages = warning;

INSERT INTO contact_pressure.policy (segment, rules) VALUES
('everyone', $policy$
zone Europe/Amsterdam
any/service | any/otp: transactional
any: max 8 per 14 days, gap 14 days after event/complaint
$policy$),
('default',   'email: max 3 per 7 days, gap 20 hours'),
('champions', 'email: max 5 per 7 days, gap 20 hours'),
('lost',      'email: max 1 per 14 days');

INSERT INTO contact_pressure.contact_log
	   (person_id, at, channel, purpose, status, outcome, answered_at, source)
SELECT l.person_id, l.at + n.shift, l.channel, l.purpose, 'recorded', l.outcome,
	   l.answered_at + n.shift, 'import'
  FROM public.contact_log AS l
  CROSS JOIN (SELECT as_of, now() - as_of AS shift FROM setting) AS n
 WHERE l.at > n.as_of - interval '14 days'
 ORDER BY l.person_id;

-- The segments are those of what they bought.
INSERT INTO contact_pressure.person
	   (person_id, segment, zone, opted_out, opted_in, history)
SELECT p.person_id, rfm_segment(c.score), p.zone, p.opted_out, p.opted_in,
	   coalesce(h.history, '[]')
  FROM public.person AS p
  LEFT JOIN public.customer AS c ON c.shop = 1 AND c.customer_id = p.person_id
  LEFT JOIN (SELECT person_id, contact_history(at, channel, purpose, weight, outcome, answered_at) AS history
			   FROM contact_pressure.contact_log
			  GROUP BY person_id) AS h ON h.person_id = p.person_id::text;

ANALYZE contact_pressure.person, contact_pressure.contact_log;

-- The sender's work list: who, and in which batch.
CREATE TABLE public.recipient AS
SELECT sender, person_id, floor(chance(person_id, seed) * :batches)::int + 1 AS batch
  FROM public.person, (VALUES ('shop', 41), ('editors', 42)) AS s(sender, seed);
CREATE INDEX ON public.recipient (sender, batch) INCLUDE (person_id);
