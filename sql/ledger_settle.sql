-- the ledger: contacts confirmed, cancelled, answered, recorded; what is
-- refused, and how it says so
SET search_path = contact_pressure, public;
SET timezone = 'UTC';
\pset null '(null)'
ALTER SEQUENCE contact_log_log_id_seq RESTART 700001;
INSERT INTO policy (segment, rules) VALUES ('settle', 'email: max 2 per 7 days');
INSERT INTO person (person_id, segment) VALUES ('s1', 'settle'), ('s2', 'settle'), ('3', 'settle');

-- --- reserved, confirmed, cancelled

SELECT reserve_contact('s1', 'email', 'promo', '2999-01-01 10:00Z', key => 'a') AS a,
	   reserve_contact('s1', 'email', 'promo', '2999-01-02 10:00Z', key => 'b') AS b,
	   reserve_contact('s1', 'email', 'promo', '2999-01-03 10:00Z', key => 'c') AS c;
SELECT cancel_contact('s1', 'b', 'out of stock');
SELECT cancel_contact(700002, 'again');
SELECT reserve_contact('s1', 'email', 'promo', '2999-01-03 10:00Z', key => 'c', campaign => 'new year') AS c;
SELECT confirm_contact(700001), confirm_contact('s1', 'a'), confirm_contact(700002), confirm_contact('s1', 'c');
SELECT * FROM confirm_contacts(ARRAY[700003, 700002, 999]);
SELECT * FROM confirm_contacts(ARRAY['s1', 'nobody', 's1'], ARRAY['b', 'b', 'a']);
SELECT log_id, key, status, outcome, reason, campaign, lease_until FROM contact_log WHERE person_id = 's1' ORDER BY log_id;
SELECT cancel_campaign('new year', '2999-01-03 00:00Z', 'sold out');
SELECT cancel_contacts(ARRAY[700001, 700002, 700003, 999]);
SELECT cancel_contacts(ARRAY['s1', 'nobody'], ARRAY['a', 'a'], 'why');
SELECT history FROM person WHERE person_id = 's1';

-- --- recorded

SELECT record_contact('s2', 'Email', 'Promo', '2026-11-01 10:00Z', 'autumn', 'shop', 2, 0.01, 'k', 'opened', '2026-11-01 11:00Z', 'mailer') AS k,
	   record_contact('s2', 'email', 'promo', key => 'k') AS again,
	   record_contact('s2', 'sms', at => '2026-11-02 10:00Z') AS sms,
	   record_event('s2', 'order', '2026-11-03 10:00Z', key => 'o-1') AS event;
SELECT at, channel, purpose, campaign, owner, segment, weight, cost, key, status, outcome, answered_at, source
  FROM contact_log WHERE person_id = 's2' ORDER BY log_id;
SELECT jsonb_pretty(history::text::jsonb) FROM person WHERE person_id = 's2';
-- nobody known
SELECT record_contact('s9', 'call', at => '2026-11-01 10:00Z');
SELECT person_id, segment, history FROM person WHERE person_id = 's9';

-- --- answered

SELECT record_response(700004, 'delivered', '2026-11-01 10:05Z'),
	   record_response('s2', 'k', 'clicked', '2026-11-04 10:05Z'),
	   record_response('s2', outcome => 'replied', channel => 'sms', at => '2026-11-04 12:00Z');
SELECT record_responses(ARRAY[700004, 700005, 700004, 999], ARRAY['converted', 'opened', 'converted', 'opened'],
	ARRAY['2026-11-05 10:00Z', '2026-11-05 10:00Z', '2026-11-05 10:00Z', '2026-11-05 10:00Z']::timestamptz[]);
SELECT record_responses(ARRAY['s2', 's9'], ARRAY['k', 'k'], ARRAY['unsubscribed', 'opened'], ARRAY['2026-11-06 10:00Z', '2026-11-06 10:00Z']::timestamptz[]);
SELECT log_id, outcome, answered_at FROM contact_log WHERE person_id = 's2' ORDER BY log_id;
SELECT log_id, at, outcome, source FROM response_log WHERE person_id = 's2' ORDER BY response_id;
SELECT opted_out FROM person WHERE person_id = 's2';
SELECT action, scope, reason FROM consent_log WHERE person_id = 's2';

-- --- ids of other types

SELECT record_contact(3, 'email', at => '2026-11-01 10:00Z', key => 'x') AS log_id;
SELECT record_response(3, 'x', 'opened', '2026-11-01 11:00Z') AS by_key,
	   record_response(700008, 'clicked', '2026-11-01 12:00Z') AS by_log_id,
	   record_response(700008, 'replied', '2026-11-01 13:00Z'::timestamptz) AS with_type,
	   confirm_contact(3, 'x'), confirm_contact(700008);
SELECT outcome, answered_at FROM contact_log WHERE log_id = 700008;

-- --- refused

SELECT confirm_contact(999);
SELECT confirm_contact('s1', 'z');
SELECT confirm_contact(NULL);
SELECT confirm_contact(NULL::text, 'a');
SELECT * FROM confirm_contacts(NULL);
SELECT confirm_contacts(ARRAY[700001, NULL]);
SELECT confirm_contacts(ARRAY['s1'], ARRAY['a', 'b']);
SELECT cancel_contact(999);
SELECT cancel_contact(700004);
SELECT cancel_contact(700006);
SELECT cancel_campaign(NULL);
SELECT record_response(999, 'opened');
SELECT record_response(700004, 'opend');
SELECT record_response(700004, 'planned');
SELECT record_response(700004, 'event');
SELECT record_response(700006, 'opened');
SELECT record_response(700004, 'opened', at => '2026-10-01 10:00Z');
SELECT record_response(700004, 'opened', at => 'infinity');
SELECT record_response(700004, 'opened', 'yesteryear');
SELECT record_response(700004, NULL);
SELECT record_response('s2');
SELECT record_response('s2', outcome => 'opened');
SELECT record_response('s2', outcome => 'opened', channel => 'push');
SELECT record_response('s2', outcome => 'opened', channel => 'e mail');
SELECT record_responses(ARRAY[700004], ARRAY['opened', 'clicked']);
SELECT record_responses(ARRAY[700004], ARRAY['opend']);
SELECT record_responses(ARRAY[700004], ARRAY['opened'], ARRAY[NULL::timestamptz]);
SELECT record_contact(NULL::text, 'email');
SELECT record_contact('s2', NULL);
SELECT record_contact('s2', 'any');
SELECT record_contact('s2', 'email', 'pro mo');
SELECT record_contact('s2', 'email', at => '-infinity');
SELECT record_contact('s2', 'email', weight => 0.0000001);
SELECT record_contact('s2', 'email', outcome => 'lost');
SELECT record_contact('s2', 'email', at => '2026-11-01 10:00Z', outcome => 'opened', answered_at => '2026-11-01 09:00Z');
SELECT record_contact('s2', 'sms', key => 'k');
SELECT record_event('s2', NULL);

DELETE FROM contact_log WHERE log_id BETWEEN 700001 AND 700100;
DELETE FROM response_log WHERE log_id BETWEEN 700001 AND 700100;
DELETE FROM consent_log WHERE person_id = 's2';
DELETE FROM person WHERE person_id IN ('s1', 's2', 's9', '3');
DELETE FROM policy WHERE segment = 'settle';
