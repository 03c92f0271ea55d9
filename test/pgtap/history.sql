-- contact_history against plain SQL over the log that it was made from.

BEGIN;
SET search_path = contact_pressure, public;
SET timezone = 'UTC';
SET client_min_messages = warning;
SELECT plan(45);
SELECT setseed(0.4711) IS NOT NULL AS seeded \gset

-- --- a log of 300 people, of 0 to 60 contacts each

CREATE TEMP TABLE log AS
SELECT row_number() OVER () AS id, who, at,
	   (array['email', 'sms', 'push', 'call'])[1 + floor(random() * 4)::int] AS channel,
	   (array['promo', 'promo.summer', 'promotion', 'marketing', NULL])
			[1 + floor(random() * 5)::int] AS purpose,
	   CASE WHEN random() < 0.3 THEN floor(random() * 5000000)::float8 / 1000000 END AS weight,
	   CASE WHEN random() < 0.9 THEN
			(array['planned', 'sent', 'sent', 'sent', 'sent', 'delivered', 'delivered', 'opened',
				   'clicked', 'replied', 'converted', 'declined', 'unsubscribed', 'complained',
				   'bounced', 'hard_bounced', 'rejected', 'failed', 'event'])
				[1 + floor(random() * 19)::int] END AS outcome,
	   at + CASE WHEN random() < 0.5 THEN random() * interval '10 days' END AS answered_at
  FROM (SELECT who,
			   timestamptz '2026-01-15' +
			   CASE who % 4
					WHEN 0 THEN floor(random() * 20) * interval '1 day'
					WHEN 1 THEN date_trunc('minute', random() * interval '150 days')
					WHEN 2 THEN date_trunc('second', random() * interval '150 days')
					ELSE random() * interval '150 days' END AS at
		  FROM generate_series(1, 300) AS who, generate_series(1, 60) AS n
		 WHERE n <= who % 61) AS s;

CREATE INDEX ON log (who, at);
ANALYZE log;

CREATE TEMP TABLE people AS
SELECT who, contact_history(at, channel, purpose, weight, outcome) AS history
  FROM log GROUP BY who;

-- The same with the times of the answers, which only JSON has.
CREATE TEMP TABLE answered AS
SELECT who, jsonb_agg(jsonb_build_object(
			'at', at, 'channel', channel, 'purpose', purpose, 'weight', weight,
			'outcome', outcome, 'answered_at', answered_at))::contact_history AS history
  FROM log GROUP BY who;

SELECT is((SELECT count(*) FROM people), (SELECT count(DISTINCT who) FROM log),
	'there is a history for everybody');

-- --- nothing is lost

SELECT is_empty($$
	SELECT who, at, channel, coalesce(purpose, 'marketing'), weight, coalesce(outcome, 'sent')
	  FROM log
	EXCEPT ALL
	SELECT who, u.* FROM people, unnest(history) AS u
	$$, 'every row of the log is in a history');
SELECT is_empty($$
	SELECT who, u.* FROM people, unnest(history) AS u
	EXCEPT ALL
	SELECT who, at, channel, coalesce(purpose, 'marketing'), weight, coalesce(outcome, 'sent')
	  FROM log
	$$, 'and nothing else is');
SELECT is_empty($$
	SELECT who FROM people WHERE cardinality(history) <> (SELECT count(*) FROM unnest(history))
	$$, 'cardinality counts what unnest lists');
SELECT is_empty($$
	SELECT who, n FROM (
		SELECT who, u.at, lag(u.at) OVER (PARTITION BY who ORDER BY n) AS before, n
		  FROM people, ROWS FROM (unnest(history)) WITH ORDINALITY AS u(at, c, p, w, o, n)) AS s
	 WHERE at < before
	$$, 'contacts are in order of time');
SELECT is_empty($$
	SELECT who FROM people WHERE history::text::contact_history <> history
	UNION ALL
	SELECT who FROM answered WHERE history::text::contact_history <> history
	$$, 'text and back is the same history');
SELECT is_empty($$
	SELECT who FROM people WHERE history::jsonb::contact_history <> history
	UNION ALL
	SELECT who FROM answered WHERE history::jsonb::contact_history <> history
	$$, 'jsonb and back is the same history');

CREATE TEMP TABLE copied (LIKE answered);
DO $$
DECLARE
	file text := current_setting('data_directory') || '/history.copy';
BEGIN
	EXECUTE format('COPY answered TO %L (FORMAT binary)', file);
	EXECUTE format('COPY copied FROM %L (FORMAT binary)', file);
END $$;
SELECT is_empty($$
	SELECT a.who FROM answered a FULL JOIN copied c USING (who)
	 WHERE a.history IS DISTINCT FROM c.history
	$$, 'binary COPY and back is the same history');

-- --- one value, one representation

SELECT is_empty($$
	SELECT l.who
	  FROM (SELECT who, contact_history(at, channel, purpose, weight, outcome ORDER BY random()) AS h
			  FROM log GROUP BY who) AS l
	  JOIN people p USING (who)
	 WHERE l.h <> p.history OR contact_history_hash(l.h) <> contact_history_hash(p.history)
		OR contact_history_hash_extended(l.h, 7) <> contact_history_hash_extended(p.history, 7)
	$$, 'the order of the rows does not matter');
SELECT is_empty($$
	SELECT p.who
	  FROM people p
	  JOIN (SELECT who, jsonb_agg(jsonb_build_object(
				'outcome', upper(outcome), 'channel', ' ' || upper(channel), 'purpose', upper(purpose) || ' ',
				'weight', weight, 'at', at AT TIME ZONE 'UTC' || '+00') ORDER BY random()) AS j
			  FROM log GROUP BY who) AS l USING (who)
	 WHERE l.j::contact_history <> p.history
	$$, 'names are trimmed and folded, times may be written otherwise');
SELECT is((SELECT count(DISTINCT history) FROM people), (SELECT count(DISTINCT history::text) FROM people),
	'distinct histories are those with distinct text');
SELECT is((SELECT string_agg(who::text, ',' ORDER BY history DESC, who) FROM people),
		  (SELECT string_agg(who::text, ',' ORDER BY n DESC, who) FROM
				(SELECT who, dense_rank() OVER (ORDER BY history) AS n FROM people) AS s),
	'the order of histories is one');

-- --- any split of the rows is the single pass

SELECT is_empty($$
	SELECT p.who
	  FROM people p
	  JOIN (SELECT who, contact_history(h ORDER BY random()) AS h
			  FROM (SELECT who, contact_history(at, channel, purpose, weight, outcome) AS h
					  FROM log GROUP BY who, floor(random() * 5)) AS parts
			 GROUP BY who) AS l USING (who)
	 WHERE l.h <> p.history
	$$, 'histories of parts merge into the history of all');
SELECT is_empty($$
	SELECT who FROM (
		SELECT who, contact_history(at, channel, purpose, weight, outcome) FILTER (WHERE id % 3 = 0) AS a,
			   contact_history(at, channel, purpose, weight, outcome) FILTER (WHERE id % 3 = 1) AS b,
			   contact_history(at, channel, purpose, weight, outcome) FILTER (WHERE id % 3 = 2) AS c
		  FROM log GROUP BY who) AS s
	  JOIN people USING (who)
	 WHERE a || b || c <> history OR c || (b || a) <> history
	$$, '|| is commutative and associative');
SELECT is_empty($$
	SELECT who FROM people JOIN answered a USING (who)
	 WHERE contact_pressure.cardinality(people.history || a.history) <> 2 * cardinality(people.history)
		OR a.history || '[]' <> a.history OR a.history || NULL <> a.history
	$$, '|| is a multiset union, and nothing adds nothing');

CREATE FUNCTION pg_temp.add_all(who int) RETURNS contact_history LANGUAGE plpgsql AS $$
DECLARE
	history contact_history;
	r record;
BEGIN
	FOR r IN SELECT * FROM log l WHERE l.who = $1 ORDER BY random() LOOP
		history := add_contact(history, r.at, r.channel, r.purpose, r.weight, r.outcome);
	END LOOP;
	RETURN history;
END $$;
SELECT is_empty($$
	SELECT who FROM people WHERE pg_temp.add_all(who) IS DISTINCT FROM history
	$$, 'adding contacts one by one makes the same history');
SELECT is_empty($$
	SELECT id FROM log JOIN people USING (who)
	 WHERE add_contact(remove_contact(history, at, channel, purpose, weight, coalesce(outcome, 'sent')),
					   at, channel, purpose, weight, outcome) <> history
	   AND weight IS NOT NULL
	$$, 'removing a contact and adding it again changes nothing');
SELECT is_empty($$
	SELECT id FROM log JOIN answered USING (who)
	 WHERE cardinality(remove_contact(history, at, channel, purpose)) <> cardinality(history) - 1
	$$, 'removing takes one contact');

-- --- counts, in zones with clock changes

CREATE FUNCTION pg_temp.matches(channel text, purpose text, c text, p text) RETURNS boolean
LANGUAGE sql AS $$
	SELECT (c IS NULL OR channel = c) AND
		   (p IS NULL OR coalesce(purpose, 'marketing') = p OR purpose LIKE p || '.%')
$$;
CREATE FUNCTION pg_temp.counted(outcome text) RETURNS boolean LANGUAGE sql AS $$
	SELECT coalesce(outcome, 'sent') NOT IN ('bounced', 'hard_bounced', 'rejected', 'failed', 'event')
$$;
CREATE TEMP TABLE counted AS SELECT * FROM log WHERE pg_temp.counted(outcome);

CREATE TEMP TABLE question AS
SELECT within, channel, purpose, as_of
  FROM unnest(array['1 day', '7 days', '36 hours', '1 month', '1 month 3 days 5 hours', '90 days']::interval[]) AS within,
	   (VALUES (NULL, NULL), ('email', NULL), (NULL, 'promo'), ('sms', 'promo.summer'), ('push', 'marketing')) AS f(channel, purpose),
	   (SELECT timestamptz '2026-02-01' + random() * interval '130 days' AS as_of FROM generate_series(1, 8)
		UNION ALL SELECT at FROM (SELECT at FROM log ORDER BY id LIMIT 4) AS s
		UNION ALL VALUES ('2026-02-28 12:00+00'::timestamptz), ('2026-03-08 05:30+00'), ('2026-04-04 15:15+00'), ('2026-03-31 00:00+00')) AS a;

-- What plain SQL counts; the zone is that of the session.
CREATE FUNCTION pg_temp.wrong_counts(zone text) RETURNS TABLE (person int, question text, got int, want bigint)
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('timezone', zone, true);
	RETURN QUERY
	SELECT p.who, q::text,
		   contact_count(history, within, as_of, q.channel, q.purpose, zone), n
	  FROM people p CROSS JOIN question q
	 CROSS JOIN LATERAL (
		SELECT count(*) AS n, coalesce(sum(coalesce(weight::numeric, 1)), 0) AS pressure
		  FROM counted c
		 WHERE c.who = p.who AND at <= as_of AND as_of < at + within
		   AND (q.channel IS NULL OR c.channel = q.channel)
		   AND (q.purpose IS NULL OR coalesce(c.purpose, 'marketing') = q.purpose
				OR c.purpose LIKE q.purpose || '.%')) AS want
	 WHERE p.who % 9 = 0
	   AND (contact_count(history, within, as_of, q.channel, q.purpose, zone) <> n OR
			contact_pressure(history, within, as_of, q.channel, q.purpose, zone)::numeric <> pressure);
	PERFORM set_config('timezone', 'UTC', true);
END $$;
CREATE INDEX ON counted (who, at);
ANALYZE counted, people, question;
SELECT is_empty($$SELECT * FROM pg_temp.wrong_counts('UTC')$$, 'contact_count and contact_pressure in UTC');
SELECT is_empty($$SELECT * FROM pg_temp.wrong_counts('America/Havana')$$, 'contact_count in Havana, whose clock skips midnight');
SELECT is_empty($$SELECT * FROM pg_temp.wrong_counts('Australia/Lord_Howe')$$, 'contact_count on Lord Howe, whose clock moves half an hour');
SELECT is_empty($$
	SELECT who, zone, as_of, want FROM (
		SELECT zone, as_of, who, history, contact_count(history, '1 month 1 day', as_of, zone => zone) AS want
		  FROM (SELECT * FROM pg_timezone_names WHERE name ~ '^(Europe|Pacific)/[A-Z][a-z]+$' ORDER BY name LIMIT 40) AS z(zone),
			   people, (SELECT DISTINCT as_of FROM question) AS q
		 WHERE who % 60 = 59
		 ORDER BY zone, as_of OFFSET 0) AS by_zone
	  JOIN (SELECT DISTINCT within FROM question) AS q ON within = '1 day'		-- another order, other windows in between
	 WHERE want <> contact_count(history, '1 month' + within, as_of, zone => zone) + 0 * contact_count(history, within, as_of, zone => zone)
	 ORDER BY as_of, who, zone
	$$, 'many zones in one query');

CREATE FUNCTION pg_temp.wrong_peaks(zone text) RETURNS TABLE (person int, length interval, got int, want bigint)
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('timezone', zone, true);
	RETURN QUERY
	SELECT p.who, q.within, contact_peak(history, q.within, q.channel, q.purpose, zone), peak
	  FROM people p
	 CROSS JOIN (SELECT DISTINCT within, channel, purpose FROM question) AS q
	 CROSS JOIN LATERAL (
		SELECT coalesce(max(n), 0) AS peak
		  FROM (SELECT (SELECT count(*) FROM counted c
						 WHERE c.who = p.who AND c.at <= e.at AND e.at < c.at + q.within
						   AND pg_temp.matches(c.channel, c.purpose, q.channel, q.purpose)) AS n
				  FROM counted e
				 WHERE e.who = p.who AND pg_temp.matches(e.channel, e.purpose, q.channel, q.purpose)) AS s) AS want
	 WHERE p.who % 10 = 3 AND contact_peak(history, q.within, q.channel, q.purpose, zone) <> peak;
	PERFORM set_config('timezone', 'UTC', true);
END $$;
SELECT is_empty($$SELECT * FROM pg_temp.wrong_peaks('Europe/Amsterdam')$$, 'contact_peak is the most of all contact_counts');

SELECT is_empty($$
	SELECT who, as_of FROM people CROSS JOIN (SELECT DISTINCT channel, purpose, as_of FROM question) AS q
	 WHERE last_contact_at(history, channel, purpose, as_of) IS DISTINCT FROM
		   (SELECT max(at) FROM counted c
			 WHERE c.who = people.who AND at <= as_of AND pg_temp.matches(c.channel, c.purpose, q.channel, q.purpose))
	$$, 'last_contact_at is the latest of them');
SELECT is_empty($$
	SELECT who FROM people
	 WHERE last_contact_at(history) IS DISTINCT FROM (SELECT max(at) FROM counted c WHERE c.who = people.who)
	$$, 'last_contact_at without a time is the latest of all');

-- --- rolling_contacts

SELECT is_empty($$
	SELECT * FROM (
		SELECT who, at, within, rolling_contacts(at, within) OVER (PARTITION BY who, within ORDER BY at) AS got,
			   (SELECT count(*) FROM log m WHERE m.who = l.who AND m.at <= l.at AND l.at < m.at + within) AS want
		  FROM log l CROSS JOIN (SELECT DISTINCT within FROM question) AS q
		 WHERE who % 3 = 0 AND within = interval '1 month') AS s
	 WHERE got <> want
	$$, 'rolling_contacts over months is the same count');
SELECT is_empty($$
	SELECT * FROM (
		SELECT who, at, rolling_contacts(at, interval '36 hours') OVER (PARTITION BY who ORDER BY at) AS got,
			   (SELECT count(*) FROM log m WHERE m.who = l.who AND m.at <= l.at AND l.at < m.at + interval '36 hours') AS want
		  FROM log l) AS s
	 WHERE got <> want
	$$, 'rolling_contacts over hours is the same count');
SELECT is_empty($$
	SELECT * FROM (
		SELECT l.who, at, rolling_contacts(at, interval '7 days') OVER (PARTITION BY l.who ORDER BY at) AS got,
			   contact_count(history, interval '7 days', at) AS want
		  FROM counted l JOIN people USING (who)) AS s
	 WHERE got <> want
	$$, 'rolling_contacts over a log and contact_count over its history agree');

-- --- unanswered

CREATE FUNCTION pg_temp.level(outcome text) RETURNS int LANGUAGE sql AS $$
	SELECT array_position(array['sent', 'delivered', 'opened', 'clicked', 'replied', 'converted'],
						  coalesce(outcome, 'sent'))
$$;
CREATE FUNCTION pg_temp.count_unanswered(who int, c text, p text, until timestamptz, answer text)
RETURNS bigint LANGUAGE sql AS $$
	WITH contact AS (
		SELECT at, CASE WHEN pg_temp.level(outcome) >= pg_temp.level(answer) AND coalesce(answered_at, at) <= until
						THEN coalesce(answered_at, at) END AS answered
		  FROM counted l
		 WHERE l.who = $1 AND at <= until AND coalesce(outcome, 'sent') <> 'planned'
		   AND pg_temp.matches(l.channel, l.purpose, c, p))
	SELECT count(*) FROM contact
	 WHERE answered IS NULL
	   AND at >= coalesce((SELECT max(answered) FROM contact), '-infinity')
	   AND at > coalesce((SELECT max(at) FROM contact WHERE answered IS NOT NULL), '-infinity')
$$;
CREATE TEMP TABLE unanswered_question AS
SELECT who, channel, purpose, as_of, answer
  FROM generate_series(1, 300) AS who, (SELECT DISTINCT channel, purpose FROM question) AS f,
	   (VALUES ('2026-03-01'::timestamptz), ('2026-04-15'), ('2026-12-31')) AS t(as_of),
	   (VALUES ('opened'), ('converted'), ('sent')) AS a(answer)
 WHERE random() < 0.5;
ALTER TABLE unanswered_question ADD want bigint;
UPDATE unanswered_question SET want = pg_temp.count_unanswered(who, channel, purpose, as_of, answer);
SELECT is_empty($$
	SELECT q.* FROM unanswered_question q JOIN answered USING (who)
	 WHERE unanswered(history, channel, purpose, as_of, answer) <> want
	$$, 'unanswered is what its definition counts');
SELECT cmp_ok((SELECT count(DISTINCT want) FROM unanswered_question), '>', 5::bigint, 'with some variety');

-- --- trimming: the same answer, or none, never another one

CREATE FUNCTION pg_temp.try(question text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	EXECUTE question INTO answer;
	RETURN coalesce(answer, 'null');
EXCEPTION WHEN object_not_in_prerequisite_state THEN
	RETURN 'behind the horizon';
END $$;

CREATE TEMP TABLE trimmed AS
SELECT who, before, trim_contacts(history, before) AS history, history AS whole
  FROM answered, (VALUES ('2026-02-10'::timestamptz), ('2026-03-31 00:00+00'), ('2026-04-20 13:14:15.16+00')) AS t(before);
SELECT is_empty($$
	SELECT who FROM trimmed
	 WHERE history::text::contact_history <> history OR history::jsonb::contact_history <> history
	$$, 'a trimmed history survives text and jsonb');
CREATE TEMP TABLE trimmed_copy (LIKE trimmed);
DO $$
DECLARE
	file text := current_setting('data_directory') || '/trimmed.copy';
BEGIN
	EXECUTE format('COPY trimmed TO %L (FORMAT binary)', file);
	EXECUTE format('COPY trimmed_copy FROM %L (FORMAT binary)', file);
END $$;
SELECT is_empty($$
	SELECT who FROM trimmed t JOIN trimmed_copy c USING (who, before) WHERE t.history <> c.history
	$$, 'and binary COPY');
SELECT is_empty($$
	SELECT who FROM trimmed
	 WHERE cardinality(history) <> (SELECT count(*) FROM unnest(whole) WHERE at >= before)
	$$, 'what is older than the horizon goes, the rest stays');
SELECT is_empty($$
	SELECT t.who, t.before FROM trimmed t JOIN trimmed u USING (who)
	 WHERE u.before > t.before AND
		   (trim_contacts(t.history, u.before) <> u.history OR trim_contacts(u.history, t.before) <> u.history)
	$$, 'trimming twice is trimming once');
SELECT is_empty($$
	SELECT who, g.* FROM trimmed,
		   jsonb_to_recordset(history::jsonb -> 0 -> 'trimmed' -> 'groups') AS g(channel text, purpose text, outcomes jsonb, weighted bigint, weight numeric, last_at timestamptz)
	 WHERE (SELECT sum(value::bigint) FROM jsonb_each_text(outcomes)) <>
		   (SELECT count(*) FROM log l WHERE l.who = trimmed.who AND l.channel = g.channel
			   AND coalesce(l.purpose, 'marketing') = g.purpose AND at < before)
		OR row(coalesce(g.weighted, 0), coalesce(g.weight, 0), g.last_at) IS DISTINCT FROM
		   (SELECT row(count(weight), coalesce(sum(weight::numeric), 0), max(at)) FROM counted l WHERE l.who = trimmed.who
			   AND l.channel = g.channel AND coalesce(l.purpose, 'marketing') = g.purpose AND at < before)
	$$, 'the summary has the right numbers');

CREATE TEMP TABLE try_count AS
SELECT who, before, as_of, within, q.channel, q.purpose,
	   pg_temp.try(format('SELECT contact_count(%L, %L, %L, %L, %L)', history, within, as_of, q.channel, q.purpose)) AS got,
	   contact_count(whole, within, as_of, q.channel, q.purpose)::text AS want
  FROM trimmed CROSS JOIN question q WHERE random() < 0.01;
SELECT is_empty($$SELECT * FROM try_count WHERE got NOT IN (want, 'behind the horizon')$$,
	'contact_count of a trimmed history: right or refused');
SELECT is_empty($$
	SELECT * FROM try_count WHERE got = 'behind the horizon' AND as_of - within >= before
	$$, 'refused only when the window reaches behind the horizon');
SELECT is_empty($$
	SELECT * FROM try_count t WHERE got = 'behind the horizon' AND NOT EXISTS (
		SELECT FROM counted c
		 WHERE c.who = t.who AND at < before AND pg_temp.matches(c.channel, c.purpose, t.channel, t.purpose)
		   -- a month after an earlier day may be later than one after this day
		   AND (at + within > as_of OR date_trunc('day', at) - interval '1 microsecond' + within > as_of))
	$$, 'and there was something behind it that could matter');

CREATE TEMP TABLE try_unanswered AS
SELECT who, before, as_of, channel, purpose, answer,
	   pg_temp.try(format('SELECT unanswered(%L, %L, %L, %L, %L)', history, channel, purpose, as_of, answer)) AS got,
	   want::text AS want
  FROM trimmed JOIN unanswered_question USING (who) WHERE random() < 0.1;
SELECT is_empty($$SELECT * FROM try_unanswered WHERE got NOT IN (want, 'behind the horizon')$$,
	'unanswered of a trimmed history: right or refused');
SELECT is_empty($$
	SELECT * FROM try_unanswered
	 WHERE got = 'behind the horizon' AND as_of > '2026-06-30' AND channel IS NOT NULL AND purpose = 'marketing'
	$$, 'of one channel and purpose it is always known');
SELECT cmp_ok((SELECT count(*) FILTER (WHERE got = 'behind the horizon')::float8 / count(*)
				 FROM try_unanswered WHERE as_of > '2026-06-30'), '<', 0.2::float8,
	'of several it nearly always is');

-- Two trimmed histories of one person, merged.
CREATE TEMP TABLE merged AS
SELECT who, trim_contacts(a, before_a) || trim_contacts(b, before_b) AS history
  FROM (SELECT who, contact_history(h) FILTER (WHERE id % 2 = 0) AS a, contact_history(h) FILTER (WHERE id % 2 = 1) AS b
		  FROM (SELECT who, id, jsonb_build_array(jsonb_build_object(
					'at', at, 'channel', channel, 'purpose', purpose, 'weight', weight,
					'outcome', outcome, 'answered_at', answered_at))::contact_history AS h
				  FROM log) AS s GROUP BY who) AS s,
	   (VALUES ('2026-02-10'::timestamptz, '2026-03-31'::timestamptz), ('2026-04-20', '2026-03-01'), ('2026-03-01', '2026-03-01')) AS t(before_a, before_b);
SELECT is_empty($$
	SELECT * FROM (
		SELECT who, channel, purpose, answer,
			   pg_temp.try(format('SELECT unanswered(%L, %L, %L, %L, %L)', history, channel, purpose, as_of, answer)) AS got,
			   want::text AS want
		  FROM merged JOIN unanswered_question USING (who) WHERE as_of > '2026-06-30' AND who % 3 = 0) AS s
	 WHERE got NOT IN (want, 'behind the horizon')
	$$, 'unanswered after a merge of trimmed histories: right or refused');
SELECT is_empty($$
	SELECT who FROM merged
	 WHERE history::text::contact_history <> history OR history::jsonb::contact_history <> history
	$$, 'such histories survive text and jsonb');
SELECT is_empty($$
	SELECT who FROM merged
	 WHERE history || '[]' <> history
	$$, 'and merging nothing changes nothing');

-- --- size

SELECT cmp_ok((SELECT avg(pg_column_size(h))::float8 / 40 FROM (
		SELECT contact_history(timestamptz '2026-01-01' + random() * interval '365 days',
			(array['email', 'sms', 'push', 'email'])[1 + n % 4],
			(array['promo', 'promo', 'newsletter', 'service'])[1 + n % 4]) AS h
		  FROM generate_series(1, 100) AS who, generate_series(1, 40) AS n GROUP BY who) AS s),
	'<=', 10::float8, '40 contacts of a year take at most 10 bytes each');

SELECT * FROM finish();
ROLLBACK;
