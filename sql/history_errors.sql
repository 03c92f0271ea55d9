-- contact_history: what is refused, and how it says so
SET search_path = contact_pressure, public;
SET timezone = 'UTC';

-- --- text: what is no JSON of a history

SELECT ''::contact_history;
SELECT 'null'::contact_history;
SELECT '{}'::contact_history;
SELECT '['::contact_history;
SELECT '[] []'::contact_history;
SELECT '[{}]'::contact_history;
SELECT '[1]'::contact_history;
SELECT '[{"at"}]'::contact_history;
SELECT '[{"at":"2026-11-01T09:00:00Z","channel":"email"},]'::contact_history;
SELECT '[{"at":"2026-11-01T09:00:00Z","channel":"email",}]'::contact_history;
SELECT '[{"at":"2026-11-01T09:00:00Z","channel":"email"} {}]'::contact_history;
SELECT '[{"at":"2026-11-01T09:00:00Z","channel":"email]'::contact_history;
SELECT '[{"at":"2026-11-01T09:00:00Z","channel":"em\ail"}]'::contact_history;
SELECT E'[{"at":"2026-11-01T09:00:00Z",\n  "channel":"em\nail"}]'::contact_history;
SELECT '[{"at":"2026-11-01T09:00:00Z","channel":"\u00e9"}]'::contact_history;
SELECT '[{"at":"2026-11-01T09:00:00Z","channel":"\u0000"}]'::contact_history;
SELECT ('[{"at":"2026-11-01T09:00:00Z","channel":"' || repeat('a', 2000) || '"}]')::contact_history;
-- keys
SELECT '[{"at":"2026-11-01T09:00:00Z"}]'::contact_history;
SELECT '[{"channel":"email"}]'::contact_history;
SELECT '[{"at":null,"channel":"email"}]'::contact_history;
SELECT '[{"at":"2026-11-01T09:00:00Z","channel":"email","time":"now"}]'::contact_history;
SELECT '[{"at":"2026-11-01T09:00:00Z","at":"2026-11-01T09:00:00Z","channel":"email"}]'::contact_history;
-- times
SELECT '[{"at":"2026-11-01T09:00:00","channel":"email"}]'::contact_history;
SELECT '[{"at":"2026-11-01","channel":"email"}]'::contact_history;
SELECT '[{"at":"2026-11-01T09Z","channel":"email"}]'::contact_history;
SELECT '[{"at":"01-11-2026T09:00:00Z","channel":"email"}]'::contact_history;
SELECT '[{"at":"2026-02-29T09:00:00Z","channel":"email"}]'::contact_history;
SELECT '[{"at":"2026-11-01T24:00:00Z","channel":"email"}]'::contact_history;
SELECT '[{"at":"2026-11-01T09:00:00.1234567Z","channel":"email"}]'::contact_history;
SELECT '[{"at":"2026-11-01T09:00:00.Z","channel":"email"}]'::contact_history;
SELECT '[{"at":"2026-11-01T09:00:00 CET","channel":"email"}]'::contact_history;
SELECT '[{"at":"2026-11-01T09:00:00+16:00","channel":"email"}]'::contact_history;
SELECT '[{"at":"2026-11-01T09:00:00Z ","channel":"email"}]'::contact_history;
SELECT '[{"at":"infinity","channel":"email"}]'::contact_history;
SELECT '[{"at":"0000-11-01T09:00:00Z","channel":"email"}]'::contact_history;
SELECT '[{"at":"0001-01-01T00:00:00+01:00","channel":"email"}]'::contact_history;
SELECT '[{"at":1793523600,"channel":"email"}]'::contact_history;
-- names
SELECT '[{"at":"2026-11-01T09:00:00Z","channel":""}]'::contact_history;
SELECT '[{"at":"2026-11-01T09:00:00Z","channel":"e mail"}]'::contact_history;
SELECT '[{"at":"2026-11-01T09:00:00Z","channel":"1email"}]'::contact_history;
SELECT '[{"at":"2026-11-01T09:00:00Z","channel":"any"}]'::contact_history;
SELECT '[{"at":"2026-11-01T09:00:00Z","channel":"Each"}]'::contact_history;
SELECT ('[{"at":"2026-11-01T09:00:00Z","channel":"' || repeat('a', 64) || '"}]')::contact_history;
SELECT '[{"at":"2026-11-01T09:00:00Z","channel":"email","purpose":"promo..summer"}]'::contact_history;
SELECT '[{"at":"2026-11-01T09:00:00Z","channel":"email","purpose":"promo."}]'::contact_history;
SELECT ('[{"at":"2026-11-01T09:00:00Z","channel":"email","purpose":"' || repeat('aaaa.', 51) || 'a"}]')::contact_history;
SELECT '[{"at":"2026-11-01T09:00:00Z","channel":"email","outcome":"opend"}]'::contact_history;
-- weights and answers
SELECT '[{"at":"2026-11-01T09:00:00Z","channel":"email","weight":-1}]'::contact_history;
SELECT '[{"at":"2026-11-01T09:00:00Z","channel":"email","weight":0.0000001}]'::contact_history;
SELECT '[{"at":"2026-11-01T09:00:00Z","channel":"email","weight":1.00000000000000000000001}]'::contact_history;
SELECT '[{"at":"2026-11-01T09:00:00Z","channel":"email","weight":1000000.000001}]'::contact_history;
SELECT '[{"at":"2026-11-01T09:00:00Z","channel":"email","weight":1e99999999999}]'::contact_history;
SELECT '[{"at":"2026-11-01T09:00:00Z","channel":"email","weight":"2"}]'::contact_history;
SELECT '[{"at":"2026-11-01T09:00:00Z","channel":"email","weight":01}]'::contact_history;
SELECT '[{"at":"2026-11-01T09:00:00Z","channel":"email","answered_at":"2026-11-01T08:59:59Z"}]'::contact_history;
SELECT '[{"at":"2026-11-01T09:00:00Z","channel":"email"}]'::jsonb #- '{0,at}' #>> '{}' AS j \gset
SELECT (:'j'::jsonb)::contact_history;
SELECT '{"a":1}'::jsonb::contact_history;

-- --- text: summaries that no trimming has left

SELECT '[{"trimmed":{}}]'::contact_history;
SELECT '[{"trimmed":{"groups":[],"before":"2026-01-01T00:00:00Z"}}]'::contact_history;
SELECT '[{"trimmed":{"before":"infinity"}}]'::contact_history;
SELECT '[{"trimmed":{"before":"2026-01-01T00:00:00Z"},"at":"2026-11-01T09:00:00Z"}]'::contact_history;
SELECT '[{"trimmed":{"before":"2026-01-01T00:00:00Z"}},{"trimmed":{"before":"2026-01-01T00:00:00Z"}}]'::contact_history;
SELECT '[{"trimmed":{"before":"2026-01-01T00:00:00Z","groups":[{"channel":"a"}]}}]'::contact_history;
SELECT '[{"trimmed":{"before":"2026-01-01T00:00:00Z","groups":[{"outcomes":{"sent":1}}]}}]'::contact_history;
SELECT '[{"trimmed":{"before":"2026-01-01T00:00:00Z","groups":[{"channel":"a","outcomes":{"sent":-1}}]}}]'::contact_history;
SELECT '[{"trimmed":{"before":"2026-01-01T00:00:00Z","groups":[{"channel":"a","outcomes":{"sent":5000000}}]}}]'::contact_history;
SELECT '[{"trimmed":{"before":"2026-01-01T00:00:00Z","groups":[{"channel":"a","outcomes":{"sent":1},"last_at":"2026-01-01T00:00:00Z"}]}}]'::contact_history;
SELECT '[{"trimmed":{"before":"2026-01-01T00:00:00Z","groups":[{"channel":"a","outcomes":{"bounced":1},"weighted":1,"weight":1}]}}]'::contact_history;
SELECT '[{"trimmed":{"before":"2026-01-01T00:00:00Z","groups":[{"channel":"a","outcomes":{"opened":1},"last_at":"2025-01-01T00:00:00Z"}]}}]'::contact_history;
SELECT '[{"trimmed":{"before":"2026-01-01T00:00:00Z","groups":[{"channel":"a","outcomes":{"declined":1},"last_at":"2025-01-01T00:00:00Z","answers":{"sent":{"at_least":1}}}]}}]'::contact_history;

-- --- contacts as arguments

SELECT add_contact('[]', NULL, 'email');
SELECT add_contact('[]', '2026-01-01 00:00+00', NULL);
SELECT add_contact('[]', 'infinity', 'email');
SELECT add_contact('[]', '-infinity', 'email');
SELECT add_contact('[]', '10000-01-01 00:00+00', 'email');
SELECT add_contact('[]', '2026-01-01 00:00+00', 'any');
SELECT add_contact('[]', '2026-01-01 00:00+00', 'email', '');
SELECT add_contact('[]', '2026-01-01 00:00+00', 'email', 'promo', -1);
SELECT add_contact('[]', '2026-01-01 00:00+00', 'email', 'promo', 'NaN');
SELECT add_contact('[]', '2026-01-01 00:00+00', 'email', 'promo', 1e7);
SELECT add_contact('[]', '2026-01-01 00:00+00', 'email', 'promo', 0.12345678);
SELECT add_contact('[]', '2026-01-01 00:00+00', 'email', 'promo', 1, 'opend');
SELECT remove_contact('[]', '2026-01-01 00:00+00', 'email');
SELECT remove_contact('[{"at":"2026-01-01T00:00:00Z","channel":"email"}]', '2026-01-01 00:00+00', 'email', weight => 1);
SELECT set_outcome(NULL, '2026-01-01 00:00+00', 'email', 'promo', 'opened');
SELECT set_outcome('[]', '2026-01-01 00:00+00', 'email', 'promo', NULL);
SELECT set_outcome('[{"at":"2026-01-01T00:00:00Z","channel":"email"}]', '2026-01-01 00:00+00', 'email', 'marketing', 'opened', '2025-01-01 00:00+00');
SELECT set_outcome('[{"at":"2026-01-01T00:00:00Z","channel":"email"}]', '2026-01-01 00:00+00', 'email', 'marketing', 'opened', 'infinity');
SELECT remove_contact(trim_contacts('[{"at":"2026-01-01T00:00:00Z","channel":"email"}]', '2026-02-01 00:00+00'), '2026-01-01 00:00+00', 'email');
SELECT set_outcome(trim_contacts('[{"at":"2026-01-01T00:00:00Z","channel":"email"}]', '2026-02-01 00:00+00'), '2026-01-01 00:00+00', 'email', 'marketing', 'opened');
SELECT trim_contacts('[]', NULL);
SELECT trim_contacts('[]', 'infinity');
SELECT contact_history('infinity'::timestamptz, 'email');
SELECT contact_history('2026-01-01 00:00+00'::timestamptz, 'e mail');
SELECT contact_history('2026-01-01 00:00+00'::timestamptz, 'email', 'pro mo');
SELECT contact_history('2026-01-01 00:00+00'::timestamptz, 'email', 'promo', 0.12345678);
SELECT contact_history('2026-01-01 00:00+00'::timestamptz, 'email', 'promo', 1, 'opend');

-- --- questions

SELECT contact_count('[]', '0', '2026-01-01 00:00+00');
SELECT contact_count('[]', '-1 day', '2026-01-01 00:00+00');
SELECT contact_count('[]', '1 month -1 day', '2026-01-01 00:00+00');
SELECT contact_count('[]', '1001 years', '2026-01-01 00:00+00');
SELECT contact_count('[]', '1 day', 'infinity');
SELECT contact_count('[]', '1 day', '2026-01-01 00:00+00', 'each');
SELECT contact_count('[]', '1 day', '2026-01-01 00:00+00', NULL, 'promo/summer');
SELECT contact_count('[]', '1 day', '2026-01-01 00:00+00', zone => 'Mars/Olympus');
SELECT contact_pressure('[]', '1 day', '-infinity');
SELECT contact_peak('[]', '0 days');
SELECT last_contact_at('[]', as_of => '-infinity');
SELECT unanswered('[]', as_of => '-infinity');
SELECT unanswered('[]', answer => 'planned');
SELECT unanswered('[]', answer => 'declined');
SELECT unanswered('[]', answer => 'read');
SELECT engagement('[]', 'infinity');
SELECT engagement_changes_at('[]', '-infinity');
-- behind the horizon
SELECT trim_contacts('[{"at":"2026-01-01T00:00:00Z","channel":"email"},{"at":"2026-01-02T00:00:00Z","channel":"email","outcome":"opened","answered_at":"2026-02-05T00:00:00Z"},
	{"at":"2026-01-03T00:00:00Z","channel":"email"},{"at":"2026-02-01T00:00:00Z","channel":"email"}]', '2026-02-01 00:00+00') AS t \gset
SELECT contact_count(:'t', '30 days', '2026-02-01 00:00+00');
SELECT contact_count(:'t', '1 day', '2026-01-15 00:00+00');
SELECT contact_count(:'t', '1 day', '2026-01-01 12:00+00');
SELECT contact_peak(:'t', '1 day');
SELECT last_contact_at(:'t', as_of => '2026-01-02 00:00+00');
SELECT unanswered(:'t', as_of => '2026-02-02 00:00+00');
SELECT engagement(:'t', '2026-01-15');
SELECT engagement_changes_at(:'t', '2026-02-02');
-- what the summary does know
SELECT engagement(:'t', '2026-02-05'), engagement(:'t', '2026-06-01'), engagement_changes_at(:'t', '2026-02-05');
SELECT contact_count(:'t', '1 day', '2026-02-01 00:00+00'), contact_count(:'t', '30 days', '2026-02-01 00:00+00', 'sms'), last_contact_at(:'t', as_of => '2026-01-31 00:00+00'), unanswered(:'t'), contact_peak(:'t', '1 day', 'sms');

-- --- rolling_contacts

SELECT rolling_contacts(at, '1 day') OVER (ORDER BY at DESC) FROM (VALUES ('2026-01-01 00:00+00'::timestamptz), ('2026-01-02 00:00+00')) AS v(at);
SELECT rolling_contacts(at, w) OVER (ORDER BY at) FROM (VALUES ('2026-01-01 00:00+00'::timestamptz, interval '1 day'), ('2026-01-02 00:00+00', '2 days')) AS v(at, w);
SELECT rolling_contacts(at, '-1 day') OVER (ORDER BY at) FROM (VALUES ('2026-01-01 00:00+00'::timestamptz)) AS v(at);
SELECT rolling_contacts(at, '1 day') OVER (ORDER BY at) FROM (VALUES ('infinity'::timestamptz)) AS v(at);
SELECT rolling_contacts('2026-01-01 00:00+00', '1 day');

-- --- aggregate functions are called by the executor only

SELECT contact_history_transition(NULL, '2026-01-01 00:00+00', 'email');
SELECT contact_history_merge_transition('[]', '[]');
SELECT contact_history_combine('[]', '[]');
SELECT contact_history_final('[]');

-- --- SQLSTATEs

CREATE FUNCTION pg_temp.sqlstate_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
SELECT statement, pg_temp.sqlstate_of('SELECT ' || statement) FROM unnest(array[
	$$'[1]'::contact_history$$,
	$$'[{"at":"2026-11-01T09:00:00","channel":"email"}]'::contact_history$$,
	$$add_contact('[]', 'infinity', 'email')$$,
	$$add_contact('[]', '2026-01-01 00:00+00', 'e mail')$$,
	$$add_contact('[]', '2026-01-01 00:00+00', 'email', weight => -1)$$,
	$$add_contact('[]', '2026-01-01 00:00+00', 'email', weight => 1e9)$$,
	$$add_contact('[]', NULL, 'email')$$,
	$$remove_contact('[]', '2026-01-01 00:00+00', 'email')$$,
	$$contact_peak(trim_contacts('[{"at":"2026-01-01T00:00:00Z","channel":"email"}]', '2026-02-01 00:00+00'), '1 day')$$,
	$$contact_count('[]', '0 days', '2026-01-01 00:00+00')$$,
	$$contact_count('[]', '1001 years', '2026-01-01 00:00+00')$$,
	$$contact_count('[]', '1 day', '2026-01-01 00:00+00', zone => 'X')$$
]) WITH ORDINALITY AS s(statement, n) ORDER BY n;
