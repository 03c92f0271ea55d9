-- policy_rules, policy_lint and policy_hours against the language itself: what
-- they say of a policy is compared with what may_contact does with it.

BEGIN;
SET search_path = public, contact_pressure, pg_catalog;
SET TimeZone = 'UTC';

SELECT plan(22);

-- --- samples

CREATE TEMP TABLE sample (policy contact_policy);
INSERT INTO sample VALUES ('
zone Europe/Amsterdam
channels email | push | sms | call | post | event
purposes promo | newsletter | cart | review | service | otp | complaint | order
any/service | any/otp: transactional
sms | call:            needs consent
any except post:       quiet 21:00-08:00
call:                  only 09:00-20:00 on mon-fri, only 10:00-16:00 on sat, not on 12-25
any:                   max 12 per 30 days, gap 30 days after event/complaint
sms/otp:               max 5 per 1 hour

email:       max 1 per calendar day, max 5 per 7 days, answer clicked, pause 60 days after 8 unanswered for 3 days
each except sms: max 1 per calendar day outside 11-23 to 11-30, max 2 per calendar day during 11-23 to 11-30
sms:         max 2 per 30 days, gap 24 hours after email | push
post:        weight 5, max 25 weight per 365 days
email/cart:  override, max 1 per 3 days
push/review: only within 14 days after email/service.delivered
');

SELECT is_empty($$
	SELECT finding.* FROM sample, policy_lint(policy) AS finding
	WHERE severity = 'warning'
$$, 'the sample of the language draws no warning');

SELECT results_eq($$
	SELECT severity, code, rule, message FROM sample, policy_lint(policy)
$$, $$
	VALUES ('note', 'override', 'email/cart: override',
		'for email contacts for cart purposes this switches off '
		'"any: max 12 per 30 days", "email: max 1 per calendar day", '
		'"email: max 5 per 7 days", '
		'"each except sms: max 1 per calendar day outside 11-23 to 11-30", '
		'"each except sms: max 2 per calendar day during 11-23 to 11-30"')
$$, 'and one note: what its override switches off');

-- --- rows

SELECT results_eq($$
	SELECT split_part(policy::text, E'\n', line),
		string_agg(CASE WHEN scope IS NULL THEN rule
			ELSE substr(rule, length(scope) + 3) END, ', ' ORDER BY n)
	FROM (SELECT 'layer law; zone UTC; email: max 5 per 7 days, gap 1 day
		layer empty
		layer house; week starts sun; sms|push: never, exempt; post: weight 2'
		::contact_policy AS policy) AS p,
		policy_rules(policy) WITH ORDINALITY AS r(layer, line, scope, kind,
			rule, meaning, n)
	GROUP BY 1, line ORDER BY line
$$, $$
	VALUES ('zone UTC', 'zone UTC'),
		('email: max 5 per 7 days, gap 1 day', 'max 5 per 7 days, gap 1 day'),
		('week starts sunday', 'week starts sunday'),
		('sms | push: never, exempt', 'never, exempt'),
		('post: weight 2', 'weight 2')
$$, 'line is the line of the canonical text');

SELECT results_eq($$
	SELECT layer, line, kind FROM policy_rules('email: never
		layer b; layer c; email: exempt' ::contact_policy)
$$, $$
	VALUES (NULL, 1, 'never'), ('c', 4, 'exempt')
$$, 'the layer before any layer statement has no name');

SELECT is_empty($$
	SELECT rule FROM sample, policy_rules(policy)
	WHERE (rule::contact_policy)::text <> rule
$$, 'each rule is canonical text of its own');

SELECT is_empty($$
	SELECT rule FROM sample, policy_rules(policy)
	WHERE meaning !~ '^[A-Z].*[a-z0-9)]\.$' OR meaning ~ '  | ,'
$$, 'each meaning is a sentence');

SELECT is(
	(SELECT meaning FROM policy_rules('email: max 5 per 7 days')),
	'At most 5 email contacts in any 7 days (a contact sent exactly 7 days '
	'ago no longer counts), planned ones included.',
	'a meaning says on which side of the limit the limit lies');

-- --- what draws a finding, and what nearly does

CREATE TEMP TABLE lint (n int GENERATED ALWAYS AS IDENTITY, policy text,
	codes text[]);
INSERT INTO lint (policy, codes) VALUES
-- caps of the same contacts
('email: max 5 per 7 days, max 1 per 7 days', '{shadowed}'),
('email: max 1 per 7 days, max 5 per 7 days', '{shadowed}'),
('email: max 10 per 1 day, max 3 per 7 days', '{shadowed}'),
('email: max 1 per 1 day, max 3 per 7 days', '{}'),
('email: max 5 per 1 hour, max 5 per 7 days', '{shadowed}'),
('email: max 5 per 7 days; email: max 5 per 7 days', '{duplicate}'),
('email: max 5 per 7 days; email: max 5 per 1 week', '{duplicate}'),
('email: max 3 per 24 hours, max 3 per 1 day', '{}'),
('email: max 3 per 24 hours, max 3 per 7 days', '{shadowed}'),
('email: max 3 per 30 days, max 3 per 1 month', '{}'),
('email: max 3 per 2 months, max 3 per 30 days', '{shadowed}'),
('email: max 3 per 30 days, max 2 ever', '{shadowed}'),
('zone UTC; email: max 3 per calendar day, max 3 per 1 day', '{shadowed}'),
('zone UTC; email: max 3 per calendar day, max 3 per 24 hours', '{}'),
('zone UTC; email: max 3 per calendar month, max 3 per 31 days', '{shadowed}'),
('zone UTC; email: max 3 per calendar month, max 3 per 30 days', '{}'),
('zone UTC; email: max 3 per calendar month, max 3 per calendar quarter', '{shadowed}'),
('zone UTC; email: max 3 per calendar week, max 3 per calendar month', '{}'),
('zone UTC; email: max 3 per calendar week by month, max 3 per calendar week', '{shadowed}'),
('zone UTC; email: max 1 per calendar day, max 5 per 7 days', '{}'),
('email: max 3 weight per 7 days, max 5 per 7 days', '{}'),
('email: max 3 weight per 7 days, max 5 weight per 7 days', '{shadowed}'),
('email: max 0 per 7 days, max 5 per 30 days', '{shadowed}'),
('email: never, max 5 per 30 days', '{shadowed}'),
('email: never, max 0 ever', '{duplicate}'),
('zone UTC; email: never during 11-23 to 11-30, max 5 per 30 days', '{}'),
('email: never, needs consent', '{}'),
-- other contacts
('any: max 5 per 7 days; email: max 5 per 7 days', '{shadowed}'),
('any: max 5 per 7 days; email: max 4 per 7 days', '{}'),
('any/promo: max 5 per 7 days; email/promo.summer: max 6 per 7 days', '{shadowed}'),
('email/promo: max 5 per 7 days; any/promo: max 6 per 7 days', '{}'),
('any except email: max 5 per 7 days; email: max 6 per 7 days', '{}'),
('any except email: max 5 per 7 days; sms: max 6 per 7 days', '{shadowed}'),
('channels email; any: max 5 per 7 days; email: max 5 per 7 days', '{shadowed}'),
('each: max 1 per 1 day; any: max 3 per 1 day', '{}'),
('any: max 3 per 1 day; each: max 3 per 1 day', '{shadowed}'),
('any/each: max 3 per 1 day; each/each: max 4 per 1 day', '{shadowed}'),
('any: max 3 per 1 day; any/a: exempt, max 5 per 1 day', '{}'),
('any: max 3 per 1 day; any/a: uncounted, max 5 per 1 day', '{}'),
('any/a: uncounted; any: max 3 per 1 day; email: max 4 per 1 day of any', '{shadowed}'),
('any/a: uncounted; any: max 3 per 1 day; email: max 4 per 1 day of any | any/a', '{}'),
('email: max 3 per 1 day of sms; email: max 4 per 1 day of sms/a', '{shadowed}'),
-- layers: a later one adds limits
('layer a; any: max 5 per 7 days; layer b; any: max 3 per 7 days', '{}'),
('layer a; any: max 3 per 7 days; layer b; any: max 5 per 7 days', '{shadowed}'),
('layer a; any: max 3 per 7 days; layer b; any: max 3 per 7 days', '{duplicate}'),
('layer a; any: max 3 weight per 7 days; layer b; email: weight 2; any: max 4 weight per 7 days', '{}'),
-- gaps
('email: gap 1 day, gap 3 days', '{shadowed}'),
('email: gap 1 day after sms, gap 3 days', '{}'),
('email: gap 1 day after sms, gap 3 days after sms', '{shadowed}'),
('email: gap 1 day after sms, gap 3 days after any', '{shadowed}'),
('email: gap 3 days, max 2 per 1 day', '{shadowed}'),
('email: gap 3 days, max 2 per 4 days', '{}'),
('email: gap 3 days after email, max 2 per 1 day', '{}'),
('email: max 1 per 7 days, gap 3 days', '{shadowed}'),
('email: max 1 per 7 days, gap 3 days of any', '{}'),
('email: max 1 per 7 days of sms, gap 3 days of sms', '{}'),
('email: max 2 per 7 days, gap 3 days', '{}'),
-- only within
('push: only within 3 days after email, only within 5 days after email', '{shadowed}'),
('push: only within 3 days after email, only within 5 days after any', '{shadowed}'),
('push: only within 3 days after any, only within 5 days after email', '{}'),
('push: only within 1 day after email, gap 2 days after email', '{contradiction}'),
('push: only within 1 day after email, gap 2 days after any', '{contradiction}'),
('push: only within 1 day after email, gap 2 days after email/a', '{}'),
('push: only within 2 days after email, gap 2 days after email', '{}'),
('push: only within 1 day after email, gap 2 days of email', '{}'),
('push: only within 1 day after email except email', '{contradiction}'),
-- pauses
('email: pause 60 days after 8 unanswered, pause 30 days after 10 unanswered', '{shadowed}'),
('email: pause 60 days after 8 unanswered, pause 30 days after 6 unanswered', '{}'),
('email: pause 60 days after 8 unanswered, pause forever after 10 unanswered', '{}'),
('email: pause 60 days after 8 unanswered for 1 day, pause 30 days after 10 unanswered', '{}'),
('email: pause 60 days after 8 unanswered, pause 30 days after 8 never answered', '{shadowed}'),
('any: pause 60 days after 8 unanswered; email: pause 30 days after 10 unanswered', '{}'),
('any: pause forever after 1 complained; email: pause 30 days after 2 complained per 30 days', '{shadowed}'),
('email: pause 30 days after 1 clicked, pause 60 days after 1 opened', '{shadowed}'),
('email: pause 30 days after 2 opened per 7 days, pause 60 days after 2 opened per 5 days', '{}'),
('any: answer sent; email: pause 10 days after 3 unanswered', '{pause_never}'),
('any: answer sent; email/a: answer opened; email: pause 10 days after 3 unanswered', '{}'),
-- consent
('any: needs consent; sms: needs consent', '{shadowed}'),
('sms: needs consent; any/promo: needs consent', '{}'),
-- clock, days and dates
('email: quiet 21:00-08:00', '{no_zone}'),
('email: quiet 21:00-08:00, max 1 per calendar day', '{no_zone}'),
('zone UTC; email: quiet 21:00-08:00', '{}'),
('email: quiet 21:00-08:00; zone UTC', '{}'),
('layer a; email: not on sat; layer b; zone UTC; email: not on sun', '{no_zone}'),
('email: max 1 per 1 day during 11-23 to 11-30', '{no_zone}'),
('layer preferences; email: not on sat', '{}'),
('zone UTC; email: quiet 21:00-08:00, quiet 22:00-06:00', '{shadowed}'),
('zone UTC; email: quiet 21:00-08:00, quiet 22:00-09:00', '{}'),
('zone UTC; email: quiet 21:00-08:00, only 09:00-20:00', '{shadowed}'),
('zone UTC; email: only on mon-fri, quiet 00:00-24:00 on sat-sun', '{duplicate}'),
('zone UTC; email: only on mon-fri, not on sun', '{shadowed}'),
('zone UTC; any: only on mon-fri; email: only on mon-sat', '{shadowed}'),
('zone UTC; email: only 09:00-20:00 on mon-fri, only 10:00-16:00 on sat', '{}'),
('zone UTC; email: only 09:00-20:00 on mon-fri, only 10:00-16:00 on fri', '{shadowed}'),
('zone UTC; email: only 09:00-20:00, only 09:00-20:00', '{duplicate}'),
('zone UTC; email: only 09:00-20:00, only 21:00-22:00 during 11-23 to 11-30', '{}'),
('zone UTC; email: only 09:00-20:00, only 10:00-12:00 during 11-23 to 11-30', '{shadowed}'),
('zone UTC; email: not on 12-25, not on 12-20 to 12-31', '{shadowed}'),
('zone UTC; email: only on 11-23 to 11-30, not on 12-25', '{shadowed}'),
('zone UTC; email: only on mon-sun', '{never_binds}'),
('zone UTC; email: not on 12-25 during 11-01 to 11-30', '{never_binds}'),
('zone UTC; email: not on 12-25 outside 12-01 to 12-31', '{never_binds}'),
('zone UTC; email: not on 12-25 outside 11-01 to 11-30', '{}'),
('zone UTC; email: only on mon; email: only on tue', '{contradiction}'),
('zone UTC; any: only on mon-fri; email: only on sat', '{contradiction}'),
('zone UTC; email: only on mon; sms: only on tue', '{}'),
('zone UTC; email: quiet 08:00-20:00, only 09:00-17:00', '{contradiction}'),
('zone UTC; email: quiet 08:00-16:59, only 09:00-17:00', '{}'),
('zone UTC; email: quiet 00:00-24:00', '{contradiction}'),
('zone UTC; email: not on mon-sun', '{contradiction}'),
('zone UTC; email: quiet 00:00-24:00 on mon-thu, not on fri, only on mon-fri', '{contradiction}'),
('zone UTC; email: only on 12-25, not on 12-25', '{contradiction}'),
('zone UTC; email: only on 12-25, not on 12-24', '{shadowed}'),
('zone UTC; email: only on 11-23, only on 11-24', '{contradiction}'),
('zone UTC; email: only on 2026-11-28 to 2026-11-29, only on mon-fri', '{contradiction}'),
('zone UTC; email: only on 2026-11-27 to 2026-11-29, only on mon-fri', '{}'),
('zone UTC; email: only on 2026-11-27 to 2026-11-29, not on 11-20 to 11-30', '{contradiction}'),
('zone UTC; email: only on 12-25, not on 12-25 during 12-25 to 12-25', '{}'),
('zone UTC; call: only 09:00-20:00; any: only 21:00-23:00', '{contradiction}'),
('zone UTC; layer a; any: only on mon-fri; layer b; any: only on sat', '{contradiction}'),
('zone UTC; any: quiet 00:00-24:00 on sat-sun, quiet 21:00-09:00 on mon-fri', '{open_morning}'),
('zone UTC; any: only on mon-fri, quiet 21:00-09:00 on mon-fri', '{open_morning}'),
('zone UTC; any: quiet 00:00-24:00 on sat-sun, quiet 21:00-09:00', '{}'),
('zone UTC; any: quiet 00:00-24:00 on sat-sun, quiet 21:00-09:00 on sun-fri', '{}'),
('zone UTC; any: quiet 21:00-08:00 on mon-fri, quiet 22:00-10:00 on sat-sun', '{}'),
('zone UTC; any: quiet 21:00-09:00; post: weight 5, max 20 weight per 30 days', '{quiet_post}'),
('zone UTC; any except post: quiet 21:00-09:00; post: max 5 per 30 days', '{}'),
('zone UTC; post: only on mon-fri', '{}'),
('zone UTC; channels email | post; any: only 09:00-17:00', '{quiet_post}'),
-- who is bound
('email except email: max 3 per 7 days', '{never_binds}'),
('email/a except email: max 3 per 7 days, gap 1 day', '{never_binds}'),
('email except email/a: max 3 per 7 days', '{}'),
('email: max 5 per 7 days of email except email', '{never_binds}'),
('channels email; any: max 3 per 7 days; email: override, max 5 per 7 days', '{never_binds,override}'),
('channels email | sms; any: max 3 per 7 days; email: override, max 5 per 7 days', '{override}'),
('channels email; purposes a; any: max 5 per 7 days; any/a | any/marketing: exempt', '{}'),
('channels email; any: max 3 per 7 days; email: exempt', '{never_binds}'),
('any/service: transactional; email: max 3 per 7 days; email/service: max 4 per 7 days', '{}'),
('any/service: transactional; any/service: needs consent', '{never_binds}'),
('any/service: needs consent; layer b; any/service: transactional', '{}'),
('channels email; layer a; email: max 1 per 1 day; layer b; channels sms', '{never_binds}'),
('email: override, max 3 per 7 days', '{override_idle}'),
('email: override, gap 3 days; any: max 3 per 7 days', '{override_idle}'),
('email: override, max 3 per 7 days; email: max 4 per 7 days', '{override_idle,shadowed}'),
('layer a; any: max 1 per 7 days; layer b; email: override, max 3 per 30 days', '{override_idle}'),
('any/service: exempt', '{exempt_idle}'),
('any/service: exempt; any: max 3 per 7 days', '{}'),
('any: max 3 per 7 days; layer b; any/service: exempt', '{exempt_idle}'),
('any/service: exempt; any/service: exempt; any: max 3 per 7 days', '{exempt_idle}'),
('any/service: transactional; any/service: exempt; any: max 3 per 7 days', '{exempt_idle}'),
('any/service: uncounted; any: max 3 per 7 days', '{}'),
('any/service: uncounted; any/service: max 3 per 7 days', '{uncounted_idle}'),
('zone UTC; any/service: uncounted; any: quiet 21:00-08:00', '{uncounted_idle}'),
-- weights and answers
('post: weight 5', '{weight_unused}'),
('post: weight 5, max 25 weight per 30 days', '{}'),
('post: weight 5; sms: max 25 weight per 30 days', '{weight_unused}'),
('post: weight 5; post: weight 4; any: max 25 weight per 30 days', '{weight_unused}'),
('any: weight 5; post: weight 4; post: max 25 weight per 30 days', '{weight_unused}'),
('any: max 25 weight per 30 days; layer b; post: weight 4', '{weight_unused}'),
('any: max 3 weight per 7 days; post: weight 5', '{too_heavy}'),
('any: max 3 weight per 7 days; post: weight 3', '{}'),
('any: answer clicked', '{answer_unused}'),
('any: answer clicked; email: pause 10 days after 3 unanswered', '{}'),
('any: answer clicked; email: pause 10 days after 3 bounced', '{answer_unused}'),
-- each
('each | email: max 1 per 1 day', '{each_named}'),
('each/a | email/b: max 1 per 1 day', '{each_named}'),
('email/each: max 1 per 1 day', '{}'),
('any/each: max 1 per 1 day', '{}'),
('each except sms: max 1 per 1 day', '{}'),
('each: gap 1 day after email', '{each_idle}'),
('each: gap 1 day after email, max 1 per 7 days', '{}'),
('any: gap 1 day after each', '{}'),
('zone UTC; each: quiet 21:00-08:00', '{}');

SELECT results_eq($$
	SELECT n, policy, ARRAY(SELECT code FROM policy_lint(policy::contact_policy)
		ORDER BY code COLLATE "C") FROM lint ORDER BY n
$$, $$
	SELECT n, policy, codes FROM lint ORDER BY n
$$, 'what draws a finding, and what nearly does');

SELECT is_empty($$
	SELECT n, finding.* FROM lint, policy_lint(policy::contact_policy) AS finding
	WHERE message IS NULL OR (severity = 'warning') <> (hint IS NOT NULL)
		OR (severity = 'note') <> (code = 'override') OR hint !~ '\.$'
$$, 'each warning has a hint');

SELECT bag_eq($$
	SELECT DISTINCT unnest(codes) FROM lint
$$, $$
	VALUES ('shadowed'), ('duplicate'), ('contradiction'), ('never_binds'),
		('no_zone'), ('open_morning'), ('quiet_post'), ('pause_never'),
		('override'), ('override_idle'), ('exempt_idle'), ('uncounted_idle'),
		('weight_unused'), ('answer_unused'), ('too_heavy'), ('each_named'),
		('each_idle')
$$, 'every finding is drawn');

SELECT is(
	(SELECT string_agg(rule || ' < ' || message, E'\n' ORDER BY rule)
	 FROM policy_lint('layer law; any: gap 3 days
		layer house; email: gap 2 days; sms: gap 4 days; sms: gap 1 day')),
	'email: gap 2 days < this rule never refuses what is not refused by '
	'"any: gap 3 days" of layer law' || E'\n'
	'sms: gap 1 day < this rule never refuses what is not refused by '
	'"any: gap 3 days" of layer law',
	'a rule of another layer is named with its layer');

SELECT is(
	(SELECT string_agg(rule || ' < ' || message || '. ' || hint, E'\n')
	 FROM policy_lint('zone UTC
		any: only 08:00-12:00, only 14:00-20:00
		email: only 07:00-13:00, only 14:00-21:00')),
	'email: only 07:00-13:00 < this rule and its alternatives never refuse '
	'what is not refused by "any: only 08:00-12:00" and its alternatives. '
	'Remove all of them, or make them stricter than the other one.',
	'alternatives are judged together');

SELECT is(
	(SELECT string_agg(rule || ' < ' || hint, E'\n')
	 FROM policy_lint('email: max 1 per 7 days
		layer b; any: max 3 per 7 days; email: override, max 2 per 1 day')
	 WHERE severity = 'warning'),
	'email: max 2 per 1 day < It only serves the override beside it, which '
	'replaces rules of its kind.',
	'a rule can be idle and still serve its override');

SELECT results_eq($$
	SELECT severity, code FROM policy_lint((SELECT string_agg(
		format('c%s/p%s: max %s per 1 day', i, i, i), ';')
		FROM generate_series(1, 300) AS i)::contact_policy)
$$, $$
	VALUES ('note', 'too_large')
$$, 'what would take too long is said, not tried');

-- --- a rule that lint calls idle changes nothing

CREATE FUNCTION pg_temp.pick(VARIADIC choices text[]) RETURNS text
LANGUAGE sql VOLATILE AS $$
	SELECT choices[1 + floor(random() * cardinality(choices))::int]
$$;

CREATE FUNCTION pg_temp.random_scope() RETURNS text
LANGUAGE sql VOLATILE AS $$
	SELECT pg_temp.pick('any', 'any', 'email', 'email', 'sms', 'each', 'any/a',
		'email/a', 'email/a.x', 'any/b', 'email | sms', 'any/each',
		'any except email', 'any except any/a', 'email/a | sms',
		'any/marketing')
$$;

CREATE FUNCTION pg_temp.random_window() RETURNS text
LANGUAGE sql VOLATILE AS $$
	SELECT pg_temp.pick('per 1 day', 'per 24 hours', 'per 2 days', 'per 7 days',
		'per 1 month', 'per 30 days', 'per calendar day', 'per calendar week',
		'per 2 calendar days', 'per calendar month',
		'per calendar week by month', 'ever')
$$;

CREATE FUNCTION pg_temp.random_clause() RETURNS text
LANGUAGE sql VOLATILE AS $$
	SELECT CASE floor(random() * 15)::int
		WHEN 0 THEN 'gap ' || pg_temp.pick('1 hour', '24 hours', '1 day',
			'3 days', '1 month') || pg_temp.pick('', '',
			' of ' || pg_temp.random_scope(), ' after ' || pg_temp.random_scope())
		WHEN 1 THEN 'only within ' || pg_temp.pick('1 day', '25 hours', '3 days')
			|| ' after ' || pg_temp.random_scope()
		WHEN 2 THEN 'quiet ' || pg_temp.pick('21:00-08:00', '22:00-06:00',
			'12:00-13:00', '21:00-08:00 on mon-fri', '00:00-24:00 on sat-sun')
		WHEN 3 THEN 'only ' || pg_temp.pick('09:00-20:00', '10:00-16:00',
			'09:00-20:00 on mon-fri', '18:00-02:00')
		WHEN 4 THEN pg_temp.pick('only on mon-fri', 'not on sun',
			'only on mon-sat', 'not on 03-29', 'not on 03-25 to 03-31')
		WHEN 5 THEN 'pause ' || pg_temp.pick('1 day', '3 days', 'forever')
			|| ' after ' || pg_temp.pick('1', '2') || pg_temp.pick(' unanswered',
			' never answered', ' unanswered for 1 day', ' complained',
			' opened per 3 days', ' clicked')
		WHEN 6 THEN pg_temp.pick('never', 'needs consent', 'max 0 ever')
		WHEN 7 THEN pg_temp.pick('exempt', 'uncounted', 'exempt, uncounted',
			'override', 'override')
		WHEN 8 THEN pg_temp.pick('weight 2', 'weight 3', 'answer clicked',
			'answer sent')
		WHEN 9 THEN 'max ' || pg_temp.pick('2', '3') || ' weight '
			|| pg_temp.random_window()
		WHEN 10 THEN 'max 2 ' || pg_temp.random_window() || ' of '
			|| pg_temp.random_scope()
		ELSE 'max ' || pg_temp.pick('1', '2', '3') || ' '
			|| pg_temp.random_window() END
		|| CASE WHEN random() < 0.1 THEN '!' ELSE '' END
$$;

-- '!' stands for dates, which only rules can have
CREATE FUNCTION pg_temp.random_policy() RETURNS contact_policy
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	policy text := pg_temp.pick('', 'zone Europe/Amsterdam;',
		'zone Australia/Lord_Howe;');
	clause text;
BEGIN
	IF random() < 0.3 THEN
		policy := policy || pg_temp.pick('any/b: transactional;',
			'any/marketing: transactional;');
	END IF;
	FOR i IN 1 .. 2 + floor(random() * 5)::int LOOP
		IF random() < 0.1 THEN
			policy := policy || format('layer l%s;', i);
		END IF;
		clause := pg_temp.random_clause();
		IF random() < 0.4 THEN
			clause := clause || ', ' || pg_temp.random_clause();
		END IF;
		-- dates at the end of a rule, nothing behind the rest
		clause := regexp_replace(clause,
			'(exempt|uncounted|override|weight \d|answer \w+|needs consent)!',
			'\1', 'g');
		policy := policy || pg_temp.random_scope() || ': ' || replace(clause,
			'!', pg_temp.pick(' during 03-25 to 03-31', ' outside 03-25 to 03-31'))
			|| ';';
	END LOOP;
	RETURN policy;
EXCEPTION WHEN invalid_text_representation THEN
	RETURN NULL;	-- an override that no rule follows, and the like
END
$$;

CREATE FUNCTION pg_temp.random_history(around timestamptz) RETURNS contact_history
LANGUAGE sql VOLATILE AS $$
	SELECT contact_history(at, channel, purpose, weight, outcome)
	FROM (SELECT around + CASE WHEN outcome = 'planned' THEN 1 ELSE -1 END
				* pg_temp.pick('0 hours', '1 hour', '5 hours', '23 hours',
					'24 hours', '25 hours', '2 days', '3 days', '6 days',
					'7 days', '29 days', '31 days')::interval
				+ CASE WHEN random() < 0.2 THEN interval '1 microsecond'
					ELSE '0' END,
			pg_temp.pick('email', 'email', 'sms', 'post'),
			pg_temp.pick('a', 'a.x', 'b', 'marketing'),
			CASE WHEN random() < 0.1 THEN 1.5 END::float8,
			outcome
		FROM (SELECT pg_temp.pick('sent', 'sent', 'sent', 'opened', 'clicked',
				'complained', 'planned', 'planned', 'event', 'declined') AS outcome
			FROM generate_series(1, floor(random() * 6)::int)) AS o
		) AS c(at, channel, purpose, weight, outcome)
$$;

-- the policy without one of its rows
CREATE FUNCTION pg_temp.without(policy contact_policy, left_out bigint)
RETURNS contact_policy
LANGUAGE sql STABLE AS $$
	SELECT coalesce(string_agg(coalesce(prefix, '') || statement, E'\n'
		ORDER BY line), '')::contact_policy
	FROM (SELECT line,
			CASE WHEN layer IS DISTINCT FROM lag(layer) OVER (ORDER BY line)
				THEN 'layer ' || layer || E'\n' END AS prefix,
			statement
		FROM (SELECT layer, line,
				CASE WHEN scope IS NULL THEN min(rule)
					ELSE scope || ': ' || string_agg(
						substr(rule, length(scope) + 3), ', ' ORDER BY n) END
			FROM policy_rules(policy) WITH ORDINALITY AS r(layer, line, scope,
				kind, rule, meaning, n)
			WHERE n <> left_out
			GROUP BY layer, line, scope) AS s(layer, line, statement)) AS t
$$;

SELECT setseed(0.4711);

CREATE TEMP TABLE random_policies AS
SELECT policy FROM (SELECT pg_temp.random_policy() AS policy
	FROM generate_series(1, 2000) AS i) AS p WHERE policy IS NOT NULL;

CREATE TEMP TABLE idle AS
SELECT policy, code, rule, n, pg_temp.without(policy, n) AS other
FROM random_policies, LATERAL (
	SELECT DISTINCT ON (r.n) f.code, f.layer, f.rule, r.n
	FROM policy_lint(policy) AS f
	JOIN policy_rules(policy) WITH ORDINALITY AS r(layer, line, scope, kind,
			rule, meaning, n)
		ON r.rule = f.rule AND r.layer IS NOT DISTINCT FROM f.layer
	-- without such a rule an override replaces less; and one alternative of
	-- several is not left out alone
	WHERE f.hint !~ 'serves the override|Remove all' AND f.code IN ('shadowed', 'duplicate', 'never_binds', 'weight_unused',
		'answer_unused', 'exempt_idle', 'uncounted_idle', 'override_idle')
	ORDER BY r.n, f.code) AS flagged
-- of two rules that read the same one is flagged, and the row cannot say
-- which; it only matters where an override stands beside one of them
WHERE policy::text !~ 'override' OR
	(SELECT count(*) FROM policy_rules(policy) AS r
	 WHERE r.rule = flagged.rule
		AND r.layer IS NOT DISTINCT FROM flagged.layer) = 1;

SELECT cmp_ok((SELECT count(*) FROM idle), '>', 1000::bigint,
	'random policies draw more than a thousand findings');

SELECT is((SELECT count(DISTINCT code) FROM idle), 8::bigint, 'of every kind');

CREATE TEMP TABLE asked AS
SELECT idle.*, q.*,
	pg_temp.random_history(at) AS history
FROM idle, LATERAL (
	SELECT channel, purpose, zone,
		-- both clock changes of Amsterdam and Lord Howe are near
		timestamptz '2026-03-29 01:00+00' + pg_temp.pick('0', '1 day', '7 days',
			'2 days 7 hours', '-1 day', '10 hours', '-3 hours',
			'25 weeks 5 hours')::interval AS at,
		CASE WHEN random() < 0.5 THEN ARRAY['any'] END AS opted_in
	FROM (SELECT pg_temp.pick('email', 'email', 'sms', 'post') AS channel,
			pg_temp.pick('a', 'a.x', 'b', 'marketing') AS purpose,
			pg_temp.pick('Europe/Amsterdam', 'Australia/Lord_Howe', NULL) AS zone
		FROM generate_series(1, 20 + n::int * 0)) AS r) AS q;

SELECT is_empty($$
	SELECT policy::text, code, rule, other::text, channel, purpose, at, zone,
		opted_in, history::text
	FROM asked
	WHERE may_contact(history, policy, channel, purpose, at, zone, NULL, opted_in)
		<> may_contact(history, other, channel, purpose, at, zone, NULL, opted_in)
	LIMIT 3
$$, 'no answer changes when a rule is left out that lint calls idle');

SELECT cmp_ok((SELECT count(DISTINCT may_contact(history, policy, channel,
		purpose, at, zone, NULL, opted_in)) FROM asked), '=', 2::bigint,
	'the answers differ');

-- --- hours and contradictions, half hour by half hour

CREATE FUNCTION pg_temp.random_hours() RETURNS text
LANGUAGE sql VOLATILE AS $$
	SELECT CASE floor(random() * 5)::int
		WHEN 0 THEN 'quiet ' || pg_temp.pick('21:00-08:00', '12:00-13:30',
			'00:00-24:00', '08:00-20:00', '22:00-00:00', '24:00-02:00')
			|| pg_temp.pick('', ' on mon-fri', ' on sat-sun', ' on sun', ' on wed')
		WHEN 1 THEN 'only ' || pg_temp.pick('09:00-20:00', '10:00-16:00',
			'18:00-02:00', '00:00-24:00', '20:30-21:00')
			|| pg_temp.pick('', ' on mon-fri', ' on sat-sun', ' on sun', ' on wed')
		WHEN 2 THEN pg_temp.pick('only on mon-fri', 'only on sat+sun',
			'not on sun', 'only on mon', 'not on mon-wed', 'not on thu-sun')
		WHEN 3 THEN pg_temp.pick('only on 12-25', 'not on 12-25',
			'only on 12-20 to 12-31', 'only on 2026-12-26 to 2026-12-27',
			'not on 12-01 to 12-26', 'only on 11-27')
		ELSE pg_temp.pick('override', 'exempt', 'max 3 per 7 days', 'gap 1 day')
		END
$$;

CREATE FUNCTION pg_temp.hours_policy(scopes text[], dates boolean)
RETURNS contact_policy
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	policy text := pg_temp.pick('', 'layer a;');
	clause text;
BEGIN
	FOR i IN 1 .. 1 + floor(random() * 4)::int LOOP
		IF random() < 0.2 THEN
			policy := policy || format('layer b%s;', i);
		END IF;
		clause := pg_temp.random_hours();
		IF random() < 0.5 THEN
			clause := clause || ', ' || pg_temp.random_hours();
		END IF;
		IF clause ~ '-' AND random() < 0.1 AND clause !~ '(exempt|override)$' THEN
			clause := clause || pg_temp.pick(' during', ' outside')
				|| ' 11-23 to 11-30';
		END IF;
		CONTINUE WHEN NOT dates AND clause ~ 'on \d|during|outside';
		policy := policy || pg_temp.pick(VARIADIC scopes) || ': ' || clause || ';';
	END LOOP;
	RETURN policy;
EXCEPTION WHEN invalid_text_representation THEN
	RETURN NULL;
END
$$;

CREATE TEMP TABLE hours AS
SELECT id, policy, channel
FROM (SELECT row_number() OVER () AS id, pg_temp.hours_policy(
		'{any,email,sms,any except sms,email | sms,any/a}', true) AS policy
	FROM generate_series(1, 300)) AS p,
	unnest('{email,sms}'::text[]) AS channel
WHERE policy IS NOT NULL AND policy::text !~ 'only on \d';

-- June, a week without any of the dates
CREATE TEMP TABLE week AS
SELECT at, extract(isodow FROM at) AS day, to_char(at, 'HH24:MI') AS clock
FROM generate_series(timestamptz '2026-06-01', '2026-06-07 23:30',
	interval '30 minutes') AS at;

SELECT set_eq($$
	SELECT id, channel, at FROM hours, policy_hours(policy, channel, 'a'), week
	WHERE day_number = week.day AND opens <= clock AND clock < closes
$$, $$
	SELECT id, channel, at FROM hours, week
	WHERE may_contact(NULL, policy, channel, 'a', at)
$$, 'policy_hours says when an ordinary week is open');

SELECT is_empty($$
	SELECT policy::text, opens, closes, next
	FROM hours,
		LATERAL (SELECT *, lead(opens) OVER (PARTITION BY day_number
				ORDER BY opens) AS next
			FROM policy_hours(policy, channel, 'a')) AS h
	WHERE next <= closes OR opens >= closes OR opens !~ '^[0-2]\d:[0-5]\d$'
		OR day <> trim(to_char(date '2026-06-01' + day_number - 1, 'day'))
$$, 'its spans are merged and named by their day');

-- an ordinary week, and the dates of the rules on all days of the week
CREATE TEMP TABLE instant AS
SELECT at FROM (SELECT date '2026-06-01' + i FROM generate_series(0, 6) AS i
	UNION ALL
	SELECT make_date(year, 11, 27) FROM generate_series(2026, 2033) AS year
	UNION ALL
	SELECT make_date(year, 12, 19) + i FROM generate_series(2026, 2033) AS year,
		generate_series(0, 12) AS i) AS d(day),
	generate_series(timestamp '2000-01-01', '2000-01-01 23:30',
		interval '30 minutes') AS clock,
	LATERAL (SELECT (day + clock::time) AT TIME ZONE 'UTC') AS a(at);

CREATE TEMP TABLE year AS
SELECT policy,
	EXISTS (SELECT FROM instant WHERE may_contact(NULL, policy, 'email', 'a', at))
		AS open,
	EXISTS (SELECT FROM policy_lint(policy) WHERE code = 'contradiction')
		AS contradiction
FROM (SELECT DISTINCT pg_temp.hours_policy('{email}', random() < 0.5) AS policy
	FROM generate_series(1, 600)) AS p
WHERE policy IS NOT NULL AND policy::text !~ 'during|outside|exempt';

SELECT is_empty($$
	SELECT policy::text, open, contradiction FROM year
	WHERE open = contradiction LIMIT 3
$$, 'a contradiction of hours and dates is found, and nothing else is called one');

SELECT cmp_ok((SELECT least(count(*) FILTER (WHERE contradiction),
		count(*) FILTER (WHERE NOT contradiction)) FROM year), '>', 50::bigint,
	'both occur');

SELECT * FROM finish();
ROLLBACK;
