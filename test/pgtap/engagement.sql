-- engagement() and engagement_changes_at() against plain SQL over the log, of
-- trimmed and merged histories too; by hand; in a segment_map.

BEGIN;
SET search_path = contact_pressure, public;
SET TimeZone = 'UTC';
SELECT plan(46);
SELECT setseed(0.31);

-- --- 400 people with few contacts in two years, mostly on whole days, so that
-- answers end and begin at the same instant

CREATE TEMP TABLE log AS
	SELECT who, id, at, (array['email', 'email', 'sms'])[1 + floor(random() * 3)::int] AS channel,
		   (array['promo', 'marketing'])[1 + floor(random() * 2)::int] AS purpose,
		   (array['planned', 'event', 'bounced', 'rejected', 'failed', 'hard_bounced', 'sent', 'sent', 'delivered', 'opened', 'opened', 'clicked', 'replied',
				'converted', 'declined', 'unsubscribed', 'complained'])[1 + floor(random() * CASE who % 4 WHEN 0 THEN 9 ELSE 17 END)::int] AS outcome,
		   CASE WHEN random() < 0.6 THEN at + floor(random() * 9) * interval '15 days' END AS answered_at
	  FROM (SELECT who, id, timestamptz '2025-01-01' + floor(random() * 49) * interval '15 days'
				+ CASE WHEN random() < 0.2 THEN random() * interval '1 day' ELSE '0' END AS at
			  FROM generate_series(1, 400) who, generate_series(1, 6) id WHERE id <= who % 7) x;
CREATE TEMP TABLE person AS
	SELECT who, jsonb_agg(jsonb_build_object('at', at, 'channel', channel, 'purpose', purpose, 'outcome', outcome)
			|| CASE WHEN answered_at IS NULL THEN '{}' ELSE jsonb_build_object('answered_at', answered_at) END)::contact_history AS history
	  FROM log GROUP BY who;
CREATE INDEX ON log (who);
ANALYZE log, person;

CREATE FUNCTION pg_temp.by_hand(who int, as_of timestamptz) RETURNS text LANGUAGE sql AS $$
	SELECT CASE
		WHEN count(*) FILTER (WHERE answer > as_of - interval '90 days') > 0 THEN 'engaged'
		WHEN count(answer) > 0 THEN 'fading'
		WHEN count(*) > 0 THEN 'unresponsive'
		ELSE 'never_contacted' END
	  FROM log l, LATERAL (SELECT CASE WHEN outcome IN ('opened', 'clicked', 'replied', 'converted') THEN coalesce(answered_at, at) END AS given) g,
		   LATERAL (SELECT CASE WHEN given <= as_of THEN given END AS answer) a
	 WHERE l.who = by_hand.who AND at <= as_of
	   AND outcome IN ('sent', 'delivered', 'opened', 'clicked', 'replied', 'converted', 'declined', 'unsubscribed', 'complained')
$$;
-- whatever may matter of a person
CREATE TEMP TABLE edge AS
	SELECT DISTINCT who, e FROM log, LATERAL (VALUES (at), (at + interval '90 days'), (answered_at), (answered_at + interval '90 days')) v(e) WHERE e IS NOT NULL;
CREATE TEMP TABLE question AS
	SELECT who, as_of, pg_temp.by_hand(who, as_of) AS want
	  FROM (SELECT who, e + d AS as_of FROM edge, unnest(ARRAY['0', '-1 microsecond', '7 days']::interval[]) d
			UNION SELECT who, '2024-12-31' FROM person) x;
CREATE INDEX ON question (who);
ANALYZE edge, question;

SELECT is_empty($$
	SELECT who, as_of, engagement(history, as_of), want FROM question JOIN person USING (who) WHERE engagement(history, as_of) <> want
	$$, 'engagement is what its definition says');
SELECT cmp_ok(count(*) FILTER (WHERE want = g)::float8 / count(*), '>', 0.03::float8, g || ' is among the answers')
  FROM question, unnest(ARRAY['engaged', 'fading', 'unresponsive', 'never_contacted']) g GROUP BY g ORDER BY g;

-- The next edge at which it is another.
CREATE TEMP TABLE change AS
	SELECT who, as_of, q.want AS now, coalesce((
		SELECT min(e) FROM edge WHERE edge.who = q.who AND e > as_of AND pg_temp.by_hand(q.who, e) <> q.want), 'infinity') AS want
	  FROM question q WHERE (who + extract(day FROM as_of)::int) % 3 = 0;
SELECT is_empty($$
	SELECT who, as_of, now, engagement_changes_at(history, as_of), want FROM change JOIN person USING (who)
	 WHERE engagement_changes_at(history, as_of) <> want
	$$, 'engagement_changes_at is the first instant with another engagement');
SELECT cmp_ok(count(*) FILTER (WHERE now = 'engaged' AND pg_temp.by_hand(who, want) = 'fading'), '>', 100::bigint, 'most often engaged becomes fading')
  FROM change WHERE want < 'infinity';
SELECT is_empty($$SELECT * FROM change WHERE now = 'engaged' AND want = 'infinity'$$, 'nobody stays engaged for ever');

-- --- trimmed: the same, or refused

CREATE FUNCTION pg_temp.try(question text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	EXECUTE question INTO answer;
	RETURN answer;
EXCEPTION WHEN object_not_in_prerequisite_state THEN
	RETURN 'behind the horizon';
END $$;
CREATE TEMP TABLE trimmed AS
	SELECT who, before, trim_contacts(history, before) AS history
	  FROM person, unnest(ARRAY['2025-06-01', '2025-12-15', '2026-09-01']::timestamptz[]) before
	UNION ALL
	-- and two halves, each trimmed by itself
	SELECT who, before, trim_contacts(a, before - interval '100 days') || trim_contacts(b, before)
	  FROM (SELECT who, contact_history(h) FILTER (WHERE id % 2 = 0) AS a, contact_history(h) FILTER (WHERE id % 2 = 1) AS b
			  FROM (SELECT who, id, jsonb_build_array(jsonb_build_object('at', at, 'channel', channel, 'purpose', purpose, 'outcome', outcome)
						|| CASE WHEN answered_at IS NULL THEN '{}' ELSE jsonb_build_object('answered_at', answered_at) END)::contact_history AS h
					  FROM log) x GROUP BY who) x, unnest(ARRAY['2025-12-15', '2026-09-01']::timestamptz[]) before;
CREATE TEMP TABLE try AS
	SELECT who, before, as_of, want, pg_temp.try(format('SELECT engagement(%L, %L)', history, as_of)) AS got,
		   pg_temp.try(format('SELECT engagement_changes_at(%L, %L)', history, as_of)) AS change
	  FROM trimmed JOIN question USING (who) WHERE random() < 0.2;
SELECT is_empty($$SELECT * FROM try WHERE got NOT IN (want, 'behind the horizon')$$, 'a trimmed history: right or refused');
SELECT is_empty($$
	SELECT * FROM try WHERE got = 'behind the horizon' AND as_of >= before
	   AND NOT EXISTS (SELECT FROM log l WHERE l.who = try.who AND at < before AND answered_at > as_of)
	$$, 'from the horizon on it is known, but for answers that come later to trimmed contacts');
SELECT is_empty($$
	SELECT * FROM try WHERE got = 'behind the horizon'
	   AND NOT EXISTS (SELECT FROM log l WHERE l.who = try.who AND at < before AND coalesce(greatest(at, answered_at), at) > as_of)
	$$, 'never refused when all that was trimmed is past');
SELECT ok(count(*) FILTER (WHERE got = 'behind the horizon') > 50 AND count(*) FILTER (WHERE got = 'engaged' AND as_of < before) > 20,
	'some are refused, and some are known before the horizon') FROM try;
SELECT is_empty($$
	SELECT t.*, x FROM try t JOIN person USING (who), LATERAL (SELECT engagement_changes_at(history, as_of)::text AS x) c
	 WHERE change NOT IN (x, 'behind the horizon')
	$$, 'its next change: right or refused');
SELECT is_empty($$
	SELECT * FROM try WHERE change = 'behind the horizon'
	   AND NOT EXISTS (SELECT FROM log l WHERE l.who = try.who AND at < before AND coalesce(greatest(at, answered_at), at) > as_of)
	$$, 'refused only for what was trimmed and is later');

-- --- by hand

CREATE FUNCTION pg_temp.of(as_of timestamptz, VARIADIC contacts text[]) RETURNS text LANGUAGE sql AS $$
	SELECT engagement(jsonb_agg(jsonb_build_object('at', split_part(c, ' ', 1), 'channel', 'email', 'outcome', split_part(c, ' ', 2))
		|| CASE WHEN split_part(c, ' ', 3) = '' THEN '{}' ELSE jsonb_build_object('answered_at', split_part(c, ' ', 3)) END)::contact_history, as_of)
	  FROM unnest(contacts) c
$$;
SELECT is(pg_temp.of('2026-02-01', '2026-01-01T00:00:00Z ' || o), e, format('%s: %s', o, e))
  FROM (VALUES ('planned', 'never_contacted'), ('event', 'never_contacted'), ('bounced', 'never_contacted'), ('hard_bounced', 'never_contacted'),
			('rejected', 'never_contacted'), ('failed', 'never_contacted'), ('sent', 'unresponsive'), ('delivered', 'unresponsive'), ('opened', 'engaged'),
			('clicked', 'engaged'), ('replied', 'engaged'), ('converted', 'engaged'), ('declined', 'unresponsive'), ('unsubscribed', 'unresponsive'),
			('complained', 'unresponsive')) v(o, e);
SELECT is(pg_temp.of(t, '2026-01-01T00:00:00Z clicked 2026-01-05T00:00:00Z'), e, format('a click on 5 January, on %s', t))
  FROM (VALUES ('2025-12-31 23:59:59Z'::timestamptz, 'never_contacted'), ('2026-01-01 00:00Z', 'unresponsive'), ('2026-01-04 23:59:59.999999Z', 'unresponsive'),
			('2026-01-05 00:00Z', 'engaged'), ('2026-04-04 23:59:59.999999Z', 'engaged'), ('2026-04-05 00:00Z', 'fading'), ('2030-01-01', 'fading')) v(t, e);
SELECT is(pg_temp.of('2026-03-01', '2026-01-01T00:00:00Z opened', '2026-02-01T00:00:00Z complained'), 'engaged', 'a complaint takes no answer back');
SELECT is(pg_temp.of('2026-06-01', '2026-01-01T00:00:00Z opened', '2026-05-30T00:00:00Z sent'), 'fading', 'another contact is no answer');
SELECT is(engagement(NULL, '2026-01-01'), 'never_contacted', 'no history: nobody was contacted');
SELECT is(engagement_changes_at(NULL, '2026-01-01'), 'infinity', 'and nothing changes that');
SELECT is(engagement('[]', NULL), NULL, 'NULL instant: NULL');
SELECT is(engagement_changes_at('[]', NULL), NULL, 'NULL instant: NULL for the change');
SELECT throws_ok($$SELECT engagement('[]', 'infinity')$$, '22008', NULL, 'an infinite instant');
SELECT throws_ok($$SELECT engagement_changes_at('[]', '-infinity')$$, '22008', NULL, 'an infinite instant for the change');
SELECT is(engagement_changes_at('[{"at":"9999-12-01T00:00:00Z","channel":"email","outcome":"opened"}]', '9999-12-02'), 'infinity',
	'not before the year 10000');

-- --- in a segment_map

SELECT is_empty($$
	SELECT who, as_of, s FROM question JOIN person USING (who), unnest(ARRAY['555', '321', '111']::rfm_score[]) s
	 WHERE rfm_segment(s, 'loyal best: r 3-5, engaged; asleep: r 1-2, unengaged; new: never contacted; else rest', engagement(history, as_of)) <>
		   CASE WHEN s >= '311' AND want = 'engaged' THEN 'best' WHEN s < '311' AND want IN ('fading', 'unresponsive') THEN 'asleep'
				WHEN want = 'never_contacted' THEN 'new' ELSE 'rest' END
	$$, 'segments by behaviour toward messages');

SELECT * FROM finish();
ROLLBACK;
