-- The verdict: may_contact, contact_verdict, explain_contact, next_contact_at.
SET search_path = public, contact_pressure;
SET TimeZone = 'UTC';
\pset null '(null)'

-- One policy and one history for most of what follows.
CREATE TABLE rules AS SELECT '
zone Europe/Amsterdam
channels email | push | sms | call | post | event
any/service | any/otp: transactional
sms | call: needs consent
any except post: quiet 21:00-08:00
call: only 09:00-20:00 on mon-fri, only 10:00-16:00 on sat, not on 12-25
any: max 12 per 30 days, gap 30 days after event/complaint
sms/otp: max 5 per 1 hour
layer default
email: max 1 per calendar day, max 5 per 7 days, answer clicked, pause 60 days after 8 unanswered for 3 days
sms: max 2 per 30 days, gap 24 hours after email | push
post: weight 5, max 25 weight per 365 days
email/cart: override, max 1 per 3 days
push/review: only within 14 days after email/service
'::contact_policy AS policy;

CREATE TABLE person AS SELECT '[
 {"at":"2026-11-01T09:00:00Z","channel":"email","purpose":"promo"},
 {"at":"2026-11-02T09:00:00Z","channel":"email","purpose":"promo"},
 {"at":"2026-11-03T09:00:00Z","channel":"email","purpose":"promo"},
 {"at":"2026-11-04T09:00:00Z","channel":"email","purpose":"promo"},
 {"at":"2026-11-05T09:00:00Z","channel":"email","purpose":"promo"},
 {"at":"2026-11-05T10:00:00Z","channel":"post","purpose":"promo"},
 {"at":"2026-11-05T11:00:00Z","channel":"email","purpose":"service"}
]'::contact_history AS history;

-- the answer, its reason, and from when on
SELECT question.*, (v).allowed, (v).reason, (v).rule, (v).layer, (v).counted,
	(v).cap, (v).retry_at
FROM rules, person, (VALUES
	('email', 'promo',   timestamptz '2026-11-05 15:00+00'),
	('email', 'promo',   '2026-11-06 09:00+00'),
	('email', 'promo',   '2026-11-08 08:59:59.999999+00'),
	('email', 'promo',   '2026-11-08 09:00+00'),
	('email', 'promo',   '2026-11-08 21:00+00'),
	('email', 'cart',    '2026-11-06 09:00+00'),
	('email', 'service', '2026-11-05 23:00+00'),
	('sms',   'promo',   '2026-11-20 12:00+00'),
	('sms',   'otp',     '2026-11-20 23:00+00'),
	('post',  'promo',   '2026-11-20 23:00+00'),
	('push',  'review',  '2026-11-18 12:00+00'),
	('push',  'review',  '2026-11-20 12:00+00')) question(channel, purpose, at),
	LATERAL contact_verdict(history, policy, question.channel,
		question.purpose, question.at) v
ORDER BY question.channel, question.purpose, question.at;

-- may_contact, contact_verdict and next_contact_at agree
SELECT count(*) AS asked,
	count(*) FILTER (WHERE may_contact(history, policy, c, p, t, 'America/New_York')
		<> (contact_verdict(history, policy, c, p, t, 'America/New_York')).allowed) AS verdict_differs,
	count(*) FILTER (WHERE may_contact(history, policy, c, p, t, 'America/New_York')
		<> (next_contact_at(history, policy, c, p, t, 'America/New_York') = t)) AS next_differs
FROM rules, person, unnest('{email,sms,call,post,push}'::text[]) c,
	unnest('{promo,cart,service,otp,review}'::text[]) p,
	generate_series(timestamptz '2026-10-25 00:00+00', '2026-12-27 00:00+00', '7 hours 13 minutes') t;

-- every rule that binds
SELECT e.* FROM rules, person,
	explain_contact(history, policy, 'email', 'promo', '2026-11-06 09:00+00') e;
SELECT rule, reason, passes, passes_at FROM rules, person,
	explain_contact(history, policy, 'call', 'promo', '2026-11-07 19:00+00',
		opted_in => '{call}') e;

-- planned contacts take their place: a new one must not break what is planned
SELECT t AS at, may_contact(h, 'email: max 2 per 7 days', 'email', 'promo', t) AS may,
	next_contact_at(h, 'email: max 2 per 7 days', 'email', 'promo', t) AS next
FROM (SELECT '[{"at":"2026-11-10T12:00:00Z","channel":"email","purpose":"promo"},
	{"at":"2026-11-14T12:00:00Z","channel":"email","purpose":"promo","outcome":"planned"}]'::contact_history AS h) x,
	unnest('{2026-11-07 13:00+00, 2026-11-07 12:00+00, 2026-11-11 00:00+00, 2026-11-17 12:00+00}'::timestamptz[]) t
ORDER BY t;

-- opt-outs and opt-ins
SELECT o AS opted_out, i AS opted_in, p AS purpose,
	(contact_verdict(NULL, 'any/service: transactional
		email: needs consent', 'email', p, '2026-11-20 12:00+00',
		opted_out => o::text[], opted_in => i::text[])).*
FROM (VALUES
	(NULL, NULL, 'promo'), (NULL, '{email}', 'promo'),
	('{email/marketing}', '{email}', 'promo'),
	('{email/marketing}', '{email/promo}', 'promo'),
	('{email/marketing}', NULL, 'service'),
	('{email}', NULL, 'service'),
	('{any/service}', '{email}', 'service'),
	('{any/service}', '{email/service}', 'service'),
	('{sms}', '{any}', 'promo'),
	('{}', '{ EMAIL / Promo }', 'promo.summer')) v(o, i, p);

-- NULL in every position: never a yes that nobody gave
SELECT may_contact(NULL, NULL, 'email', 'promo', '2026-11-20 12:00+00') AS no_rule,
	may_contact(NULL, 'any: never', 'email', 'promo', '2026-11-20 12:00+00') AS no_history,
	may_contact(history, policy, NULL, 'promo', '2026-11-20 12:00+00') AS no_channel,
	may_contact(history, policy, 'email', NULL, '2026-11-20 12:00+00') AS no_purpose,
	may_contact(history, policy, 'email', 'promo', NULL) AS no_instant,
	contact_verdict(history, policy, 'email', 'promo', NULL) AS no_verdict,
	next_contact_at(history, policy, NULL, 'promo', '2026-11-20 12:00+00') AS no_next,
	(SELECT count(*) FROM explain_contact(history, policy, NULL, 'promo', '2026-11-20 12:00+00')) AS no_rows
FROM rules, person;

-- errors
SELECT may_contact(history, policy, 'fax', 'promo', '2026-11-20 12:00+00') FROM rules, person;
SELECT may_contact(history, policy, 'e mail', 'promo', '2026-11-20 12:00+00') FROM rules, person;
SELECT may_contact(history, policy, 'any', 'promo', '2026-11-20 12:00+00') FROM rules, person;
SELECT may_contact(history, policy, 'email', repeat('x', 64), '2026-11-20 12:00+00') FROM rules, person;
SELECT may_contact(history, policy, 'email', 'promo', 'infinity') FROM rules, person;
SELECT next_contact_at(history, policy, 'email', 'promo', '-infinity') FROM rules, person;
SELECT may_contact(history, policy, 'email', 'promo', '2026-11-20 12:00+00', 'Mars/Olympus') FROM rules, person;
SELECT may_contact(history, policy, 'email', 'promo', '2026-11-20 12:00+00', 'UTC+3') FROM rules, person;
SELECT may_contact(history, policy, 'email', 'promo', '2026-11-20 12:00+00', '') FROM rules, person;
SELECT may_contact(history, policy, 'email', 'promo', '2026-11-20 12:00+00', opted_out => '{e-mail/!}') FROM rules, person;
SELECT may_contact(history, policy, 'email', 'promo', '2026-11-20 12:00+00', opted_out => '{sms,NULL}') FROM rules, person;
SELECT may_contact(history, policy, 'email', 'promo', '2026-11-20 12:00+00', weight => -1) FROM rules, person;
SELECT may_contact(history, policy, 'email', 'promo', '2026-11-20 12:00+00', weight => 'NaN') FROM rules, person;
\set VERBOSITY sqlstate
SELECT may_contact(history, policy, 'fax', 'promo', '2026-11-20 12:00+00') FROM rules, person;
SELECT may_contact(history, policy, 'email', 'promo', 'infinity') FROM rules, person;
\set VERBOSITY default

-- a policy, zone and instant that change from row to row, through one cache
SELECT count(*) FILTER (WHERE a IS DISTINCT FROM b) AS differences, count(*) AS asked
FROM (SELECT
	may_contact(history, p.policy, c, 'promo', t, z) AS a,
	next_contact_at(history, p.policy, c, 'promo', t, z) = t AS b
FROM person, (SELECT policy FROM rules UNION ALL VALUES
	('email: max 2 per 3 days'::contact_policy), (NULL), ('any: only 10:00-12:00')) p(policy),
	unnest('{email,post}'::text[]) c,
	unnest(array['Europe/Amsterdam', NULL, 'America/Havana', 'Australia/Lord_Howe']) z,
	generate_series(timestamptz '2026-11-01 00:00+00', '2026-11-12 00:00+00', '5 hours') t) x;

-- what makes the answer is the same in a prepared statement and in PL/pgSQL
CREATE FUNCTION ask(p contact_policy) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	RETURN contact_pressure.may_contact(NULL, p, 'email', 'promo', '2026-11-20 12:00+00');
END $$;
SELECT ask('any: never') AS never, ask('any: max 1 per 1 day') AS may, ask(NULL) AS no_policy,
	ask('any: never') AS never_again;
DROP FUNCTION ask(contact_policy);
DROP TABLE rules, person;
