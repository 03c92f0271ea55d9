-- Worked examples from the documentation and the test suites of systems that
-- do this job: $SHARED/cases/policy_cases.jsonl, when it is there.
--
-- Most cases carry their rules in a form for machines, which
-- test/twin/published.sql puts into the policy language; the others have a
-- policy here.  Each is asked of the extension and, where it can be, of the
-- slow twin.  doc/published-cases.md names what is answered differently on
-- purpose and what the language cannot say.

BEGIN;
SET search_path = contact_pressure, public;
SET TimeZone = 'UTC';
\ir ../twin/twin.sql
\ir ../twin/generate.sql
\ir ../twin/published.sql

\set cases `cat "${SHARED:-../shared}/cases/policy_cases.jsonl" 2>/dev/null`
\set document `cat doc/published-cases.md 2>/dev/null`

CREATE TEMP TABLE published AS
	SELECT n, line::jsonb->>'id' AS id, line::jsonb AS c
	FROM string_to_array(:'cases', E'\n') AS lines,
		unnest(lines) WITH ORDINALITY AS e(line, n)
	WHERE line <> '';

SELECT count(*) = 0 AS absent FROM published \gset
\if :absent
SELECT plan(1);
SELECT skip('policy_cases.jsonl is not in ${SHARED:-../shared}/cases', 1);
SELECT * FROM finish();
ROLLBACK;
\quit
\endif

-- --- policies for the cases whose rules are words only

-- n contacts, one a day, the last on the day before t
CREATE FUNCTION pg_temp.daily(n int, channel text, purpose text,
	t timestamptz) RETURNS twin.contact[]
LANGUAGE sql AS $$
	SELECT ARRAY(
		SELECT ROW(t - day * interval '1 day', channel, purpose, NULL, 'sent',
			NULL)::twin.contact
		FROM generate_series(1, n) AS day)
$$;

CREATE TEMP TABLE by_hand (
	id text PRIMARY KEY,
	policy text,
	more twin.contact[],		-- contacts that the case tells in words
	zone text,					-- instead of the case's
	expected text,				-- instead of the case's: differs on purpose
	next_at timestamptz
);

INSERT INTO by_hand (id, policy, more) VALUES
('braze-quiet', 'any: quiet 00:00-08:00', '{}'),
('ajo-lookahead', 'journey_entry: max 5 per calendar month',
	pg_temp.daily(4, 'journey_entry', 'marketing', '2026-03-09 09:00Z')),
('ajo-quiet-monday', 'any: quiet 21:00-09:00 on mon', '{}'),
('ajo-quiet-monday-early', 'any: quiet 21:00-09:00 on mon', '{}'),
('ajo-quiet-gap',
	'any: quiet 00:00-24:00 on sat+sun, quiet 21:00-09:00 on mon-fri', '{}'),
('hubspot-graymail-never-10',
	'email: pause forever after 11 never answered, pause forever after 16 unanswered',
	pg_temp.daily(10, 'email', 'marketing', '2026-03-07 10:00Z')),
('hubspot-graymail-never-11',
	'email: pause forever after 11 never answered, pause forever after 16 unanswered',
	pg_temp.daily(11, 'email', 'marketing', '2026-03-07 10:00Z')),
('mautic-zero', '', '{}'),		-- 0 there says that there is no rule
('mautic-failed-counted',
	'email: max 1 per 24 hours 1 second, pause 24 hours 1 second after 1 failed',
	'{}'),
('mautic-win-end', 'any: only 08:00-10:00', '{}'),
('mautic-win-start', 'any: only 10:00-11:00', '{}'),
('mautic-win-after', 'any: only 08:00-10:00', '{}'),
('mautic-win-combo', 'any: only 08:00-10:00 on fri+sat', '{}'),
('mautic-win-tz', 'any: only 08:00-10:00', '{}'),
('mautic-win-dst', 'any: only 08:00-20:00', '{}'),
('race-rollback', 'any: max 1 per 24 hours', '{}');

-- what is answered differently on purpose: here the first instant of an
-- allowed day, not the hour at which it was asked
INSERT INTO by_hand (id, policy, more, zone, expected, next_at) VALUES
('mautic-win-dow', 'any: only on wed+fri', '{}', NULL, 'defer',
	'2018-10-24 00:00Z'),
-- and here what the cases themselves call a defect or a limit of the peer
('braze-tag-removed', 'push/promotional: max 1 per 7 days', '{}', NULL,
	'deny', '2026-03-09 09:00Z'),
('braze-tag-100', 'email/promotional: max 2 per 7 days',
	pg_temp.daily(101, 'email', 'lifecycle', '2026-03-06 00:00Z')
	|| pg_temp.daily(2, 'email', 'promotional', '2026-03-05 09:00Z'), NULL,
	'deny', '2026-03-10 09:00Z'),
('acs-doubled', 'any: max 3 per 7 days', '{}', NULL, 'allow', NULL),
('acs-immediate', 'email: max 1 per 7 days', '{}', NULL, 'deny',
	'2026-03-12 11:00Z'),
('ajo-daily-utc', 'any: max 1 per calendar day', '{}', 'America/New_York',
	'deny', '2026-03-04 05:00Z'),
('ajo-lag', 'journey_entry: max 1 per calendar day', '{}', NULL, 'deny',
	'2026-03-03 00:00Z'),
('ajo-quiet-notz', E'zone America/New_York\nany: quiet 21:00-09:00', '{}',
	NULL, 'defer', '2026-03-02 14:00Z'),
('mautic-other-channel-hole',
	E'email: max 1 per 24 hours\nlayer preferences\nsms: max 1 per 24 hours',
	'{}', NULL, 'deny', '2026-03-03 09:00Z'),
('mautic-txn-counted',
	E'any/transactional: transactional\nemail: max 1 per 24 hours', '{}',
	NULL, 'allow', NULL),
('mautic-pause',
	E'layer preferences\nemail: not on 2022-11-01 to 2022-11-30', '{}', NULL,
	'defer', '2022-12-01 00:00Z'),
('mautic-attempts', 'email: max 1 per 24 hours', '{}', NULL, 'allow', NULL),
('mautic-win-overnight', 'any: only 10:00-08:00', '{}', NULL, 'allow', NULL);

-- --- the questions

CREATE TEMP TABLE question AS
	SELECT p.n, p.id, p.c->>'stance' AS stance,
		coalesce(h.policy, twin.policy_text(m.policy)) AS policy,
		CASE WHEN h.policy IS NULL THEN m.policy END AS structured,
		log, twin.history_text(log)::contact_history AS history,
		p.c->'question'->>'channel' AS channel,
		twin.case_purpose(p.c->'question') AS purpose,
		(p.c->'question'->>'at')::timestamptz AS at,
		coalesce(h.zone, twin.case_zone(p.c)) AS zone,
		coalesce(h.expected, p.c->>'expected') AS expected,
		CASE WHEN h.expected IS NULL THEN (p.c->>'next_allowed')::timestamptz
			ELSE h.next_at END AS next_at,
		h.expected IS NOT NULL AS on_purpose
	FROM published AS p
		LEFT JOIN by_hand AS h USING (id),
		twin.case_policy(p.c) AS m(policy),
		LATERAL (SELECT twin.case_log(p.c) || coalesce(h.more, '{}')) AS l(log)
	WHERE coalesce(h.policy, twin.policy_text(m.policy)) IS NOT NULL;

SELECT plan((SELECT count(*)::int FROM question) + 7);

SELECT is(
	ROW(CASE WHEN may_contact(history, policy::contact_policy, channel,
			purpose, at, zone) THEN 'allow' ELSE 'refuse' END,
		CASE WHEN next_at IS NOT NULL THEN next_contact_at(history,
			policy::contact_policy, channel, purpose, at, zone) END)::text,
	ROW(CASE expected WHEN 'allow' THEN 'allow' ELSE 'refuse' END,
		next_at)::text,
	format('%s (%s): %s', id, stance,
		replace(nullif(policy, ''), E'\n', '; ')))
FROM question
ORDER BY n;

-- --- all of them

SELECT is_empty($$
	SELECT q.id, q.policy
	FROM question AS q,
		contact_verdict(q.history, q.policy::contact_policy, q.channel,
			q.purpose, q.at, q.zone) AS v
	WHERE v.allowed <> (q.expected = 'allow')
		OR v.allowed <> (v.reason IS NULL)
		OR NOT v.allowed AND v.retry_at <> next_contact_at(q.history,
			q.policy::contact_policy, q.channel, q.purpose, q.at, q.zone)
		OR q.expected = 'defer' AND (isfinite(v.retry_at) IS NOT TRUE)
	$$, 'the verdict says the same, and when it could go');

SELECT is_empty($$
	SELECT q.id, v.*
	FROM question AS q,
		twin.verdict(twin.bind(q.structured, q.log, q.channel, q.purpose,
			q.zone, NULL, NULL, NULL), q.at) AS v
	WHERE q.structured IS NOT NULL
		AND (v.allowed <> (q.expected = 'allow')
			OR q.next_at <> v.retry_at)
	$$, 'the slow twin says the same');

SELECT is_empty($$
	SELECT id FROM published
	WHERE c->>'stance' = 'adopt'
		AND id NOT IN (SELECT id FROM question)
	$$, 'every case to adopt is answered');

-- the name of a case in the document, in backquotes
SELECT set_config('published.document', :'document', true) <> '' AS document
\gset
SELECT is_empty($$
	SELECT id FROM published
	WHERE (id NOT IN (SELECT id FROM question)
			OR id IN (SELECT id FROM question WHERE on_purpose))
		AND position('`' || id || '`'
			IN current_setting('published.document')) = 0
	$$, 'doc/published-cases.md names what is not answered, or differently');

-- --- three cases say more than their question

SELECT is(
	(SELECT min(noon)
	FROM question,
		generate_series(at, at + interval '7 days', interval '1 day') AS noon
	WHERE id = 'mautic-win-dow'
		AND may_contact(history, policy::contact_policy, channel, purpose,
			noon, zone)),
	(SELECT (c->>'next_allowed')::timestamptz
	FROM published WHERE id = 'mautic-win-dow'),
	'mautic-win-dow: the next day that is allowed, at the same hour');

SELECT ok(coalesce(
	(SELECT NOT may_contact(taken, policy::contact_policy, channel, purpose,
			at)
		AND may_contact(remove_contact(taken, at - interval '5 minutes',
			channel, purpose), policy::contact_policy, channel, purpose, at)
	FROM question,
		add_contact(history, at - interval '5 minutes', channel, purpose)
			AS taken
	WHERE id = 'race-rollback'), true),
	'race-rollback: what is taken back frees its place');

SELECT ok(coalesce(
	(SELECT EXISTS (SELECT FROM policy_lint(policy::contact_policy))
	FROM question WHERE id = 'ajo-quiet-gap'), true),
	'ajo-quiet-gap: the hole on Monday morning draws a lint');

SELECT * FROM finish();
ROLLBACK;
