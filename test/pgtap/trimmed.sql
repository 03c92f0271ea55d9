-- A trimmed history answers like the untrimmed one, or says that it cannot
-- (55000): random histories, policies and questions, from a fixed seed.  With
-- psql -v cases=100000 -v seed=0.7 there are as many more as one likes.

\if :{?cases}
\else
	\set cases 1500
\endif
\if :{?seed}
\else
	\set seed 0.42
\endif

BEGIN;
SET search_path = contact_pressure, public;
SET TimeZone = 'UTC';
SELECT plan(18);

CREATE FUNCTION pg_temp.pick(VARIADIC choices text[]) RETURNS text
LANGUAGE sql VOLATILE AS $$
SELECT choices[1 + floor(random() * cardinality(choices))::int]
$$;

CREATE FUNCTION pg_temp.num(low int, high int) RETURNS int
LANGUAGE sql VOLATILE AS $$
SELECT low + floor(random() * (high - low + 1))::int
$$;

-- An instant in a stretch with ends of months and clock changes: mostly on
-- the hour, so that windows end exactly where contacts are.
CREATE FUNCTION pg_temp.instant() RETURNS timestamptz
LANGUAGE sql VOLATILE AS $$
SELECT '2026-01-25 00:00Z'::timestamptz
	+ CASE WHEN random() < 0.3 THEN pg_temp.num(3, 10) ELSE pg_temp.num(0, 75) END * interval '1 day'
	+ CASE WHEN random() < 0.7 THEN pg_temp.num(0, 23) * interval '1 hour'
		ELSE random() * interval '1 day' END
$$;

CREATE FUNCTION pg_temp.contacts(n int) RETURNS jsonb
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	contacts jsonb := '[]';
	contact jsonb;
	at timestamptz := pg_temp.instant();
BEGIN
	FOR i IN 1..n LOOP
		IF random() > 0.1 THEN
			at := pg_temp.instant();
		END IF;
		contact := jsonb_build_object('at', to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
			'channel', pg_temp.pick('email', 'email', 'sms'),
			'purpose', pg_temp.pick('marketing', 'promo', 'promo.summer', 'service'),
			'outcome', pg_temp.pick('planned', 'sent', 'sent', 'sent', 'sent', 'delivered', 'opened',
				'clicked', 'declined', 'complained', 'bounced', 'hard_bounced', 'event'));
		IF random() < 0.2 THEN
			contact := contact || jsonb_build_object('weight', pg_temp.num(0, 5) / 2.0);
		END IF;
		IF contact->>'outcome' IN ('opened', 'clicked') AND random() < 0.6 THEN
			contact := contact || jsonb_build_object('answered_at', to_char(
				at + pg_temp.num(0, 400) * interval '1 hour', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'));
		END IF;
		contacts := contacts || contact;
	END LOOP;
	RETURN contacts;
END
$$;

CREATE FUNCTION pg_temp.span() RETURNS text
LANGUAGE sql VOLATILE AS $$
SELECT CASE pg_temp.num(1, 6)
	WHEN 1 THEN pg_temp.num(1, 200) || ' hours'
	WHEN 2 THEN pg_temp.num(1, 30) || ' days'
	WHEN 3 THEN pg_temp.num(1, 9) || ' days'
	WHEN 4 THEN '1 month'
	WHEN 5 THEN '1 month ' || pg_temp.num(1, 3) || ' days'
	ELSE pg_temp.num(1, 5) || ' weeks' END
$$;

CREATE FUNCTION pg_temp.scope() RETURNS text
LANGUAGE sql VOLATILE AS $$
SELECT pg_temp.pick('any', 'any', 'email', 'sms', 'any/promo', 'email/promo', 'each', 'any except sms', 'any/marketing', 'any/each')
$$;

CREATE FUNCTION pg_temp.rule() RETURNS text
LANGUAGE sql VOLATILE AS $$
SELECT CASE pg_temp.num(1, 13)
	WHEN 1 THEN format('max %s per %s', pg_temp.num(1, 4), pg_temp.span())
	WHEN 2 THEN format('max %s weight per %s', pg_temp.num(1, 8), pg_temp.span())
	WHEN 3 THEN format('max %s per %s calendar %s', pg_temp.num(1, 4), pg_temp.num(1, 4),
		pg_temp.pick('days', 'weeks', 'days by month'))
	WHEN 4 THEN format('max %s ever', pg_temp.num(1, 15))
	WHEN 5 THEN format('max %s weight ever', pg_temp.num(1, 25))
	WHEN 6 THEN format('gap %s', pg_temp.span())
	WHEN 7 THEN format('gap %s after %s', pg_temp.span(), pg_temp.scope())
	WHEN 8 THEN format('gap %s of %s', pg_temp.span(), pg_temp.scope())
	WHEN 9 THEN format('only within %s after %s', pg_temp.span(), pg_temp.scope())
	WHEN 10 THEN format('pause %s after %s %s', pg_temp.pick('forever', pg_temp.span(), pg_temp.span()), pg_temp.num(1, 4),
		pg_temp.pick('unanswered', 'never answered'))
	WHEN 11 THEN format('pause %s after %s unanswered for %s', pg_temp.pick('forever', pg_temp.span(), pg_temp.span()),
		pg_temp.num(1, 4), pg_temp.span())
	WHEN 12 THEN format('pause %s after %s %s', pg_temp.pick('forever', pg_temp.span(), pg_temp.span()), pg_temp.num(1, 3),
		pg_temp.pick('sent', 'opened', 'complained', 'bounced', 'declined', 'event', 'planned'))
	ELSE format('pause %s after %s %s per %s', pg_temp.pick('forever', pg_temp.span(), pg_temp.span()), pg_temp.num(1, 3),
		pg_temp.pick('sent', 'clicked', 'hard_bounced'), pg_temp.pick(pg_temp.span(), '2 calendar weeks'))
	END
$$;

CREATE FUNCTION pg_temp.policy() RETURNS text
LANGUAGE sql VOLATILE AS $$
SELECT string_agg(pg_temp.scope() || ': ' || pg_temp.rule()
	|| CASE WHEN random() < 0.2 THEN ', ' || pg_temp.rule() ELSE '' END, E'\n')
	|| CASE WHEN random() < 0.3 THEN E'\n' || pg_temp.scope() || ': answer ' || pg_temp.pick('clicked', 'delivered', 'converted') ELSE '' END
	|| CASE WHEN random() < 0.2 THEN E'\n' || pg_temp.scope() || ': weight 2' ELSE '' END
	|| CASE WHEN random() < 0.2 THEN E'\nany/service: ' || pg_temp.pick('transactional', 'exempt', 'uncounted') ELSE '' END
FROM generate_series(1, CASE WHEN random() < 0.5 THEN 1 ELSE 2 END)
$$;

-- A case: contacts that came by two ways, trimmed one by one, twice, or each
-- way by itself and then merged.
CREATE TEMP TABLE cases (
	id int, untrimmed contact_history, trimmed contact_history, horizon timestamptz,
	policy contact_policy, channel text, purpose text, at timestamptz, zone text,
	span interval, filter_channel text, filter_purpose text, answer text);

CREATE FUNCTION pg_temp.make(n int, seed float8) RETURNS int
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	a contact_history;
	b contact_history;
	c cases;
	way float8;
	earlier timestamptz;
BEGIN
	PERFORM setseed(seed);
	FOR i IN 1..n LOOP
		a := pg_temp.contacts(pg_temp.num(0, 12))::contact_history;
		b := pg_temp.contacts(pg_temp.num(0, 5))::contact_history;
		c.id := i;
		c.untrimmed := a || b;
		c.horizon := pg_temp.instant();
		earlier := c.horizon - random() * interval '20 days';
		way := random();
		c.trimmed := CASE
			WHEN way < 0.4 THEN trim_contacts(a || b, c.horizon)
			WHEN way < 0.5 THEN trim_contacts(trim_contacts(a || b, earlier), c.horizon)
			WHEN way < 0.6 THEN trim_contacts(trim_contacts(a, earlier) || b, c.horizon)
			WHEN way < 0.7 THEN trim_contacts(a, c.horizon) || b
			WHEN way < 0.8 THEN trim_contacts(a, c.horizon) || trim_contacts(b, earlier)
			ELSE trim_contacts(a, c.horizon) || trim_contacts(b, c.horizon) END;
		c.policy := pg_temp.policy();
		c.channel := pg_temp.pick('email', 'sms');
		c.purpose := pg_temp.pick('marketing', 'promo', 'promo.summer', 'service');
		c.at := CASE WHEN random() < 0.2 THEN pg_temp.instant()
			ELSE c.horizon + pg_temp.num(0, 1000) * interval '1 hour' END;
		c.zone := pg_temp.pick('UTC', 'Europe/Paris', 'America/Havana', 'Australia/Lord_Howe', 'America/St_Johns');
		c.span := pg_temp.span();
		c.filter_channel := pg_temp.pick(NULL, 'email', 'sms');
		c.filter_purpose := pg_temp.pick(NULL, 'marketing', 'promo', 'service');
		c.answer := pg_temp.pick('sent', 'delivered', 'opened', 'clicked', 'converted');
		INSERT INTO cases SELECT c.*;
	END LOOP;
	RETURN n;
END
$$;

CREATE FUNCTION pg_temp.ask(question text, h contact_history, c cases) RETURNS text
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	RETURN CASE question
		WHEN 'may_contact' THEN may_contact(h, c.policy, c.channel, c.purpose, c.at, c.zone)::text
		WHEN 'next_contact_at' THEN next_contact_at(h, c.policy, c.channel, c.purpose, c.at, c.zone)::text
		WHEN 'contact_verdict' THEN contact_verdict(h, c.policy, c.channel, c.purpose, c.at, c.zone)::text
		-- all but the contacts: trimmed ones cannot be listed
		WHEN 'explain_contact' THEN (
			SELECT string_agg(format('%s %s %s %s %s %s', rule, reason, passes, counted, cap, passes_at), E'\n')
			FROM explain_contact(h, c.policy, c.channel, c.purpose, c.at, c.zone))
		WHEN 'contact_count' THEN contact_count(h, c.span, c.at, c.filter_channel, c.filter_purpose, c.zone)::text
		WHEN 'contact_pressure' THEN contact_pressure(h, c.span, c.at, c.filter_channel, c.filter_purpose, c.zone)::text
		WHEN 'contact_peak' THEN contact_peak(h, c.span, c.filter_channel, c.filter_purpose, c.zone)::text
		WHEN 'last_contact_at' THEN last_contact_at(h, c.filter_channel, c.filter_purpose, c.at)::text
		WHEN 'unanswered' THEN unanswered(h, c.filter_channel, c.filter_purpose, c.at, c.answer)::text
		END;
EXCEPTION WHEN object_not_in_prerequisite_state THEN
	RETURN '55000';
END
$$;

CREATE TEMP TABLE made AS SELECT pg_temp.make(:cases, :seed);

CREATE TEMP TABLE answers AS
SELECT c.id, question, pg_temp.ask(question, c.trimmed, c) AS trimmed,
	pg_temp.ask(question, c.untrimmed, c) AS untrimmed, c.at >= c.horizon AS ahead
FROM cases c, unnest(ARRAY['may_contact', 'next_contact_at', 'contact_verdict', 'explain_contact',
	'contact_count', 'contact_pressure', 'contact_peak', 'last_contact_at', 'unanswered']) AS question;

CREATE FUNCTION pg_temp.judge(asked text, share float8) RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
	wrong record;
	answered float8;
BEGIN
	SELECT a.*, c.at, c.zone, c.channel, c.purpose, c.horizon, c.policy, c.untrimmed AS history,
		c.trimmed AS trimmed_history, format('%s, %s, %s, %s', span, filter_channel, filter_purpose, answer) AS filter
	INTO wrong
	FROM answers AS a JOIN cases AS c USING (id)
	WHERE question = asked AND a.trimmed IS DISTINCT FROM '55000'
		AND a.trimmed IS DISTINCT FROM a.untrimmed
	ORDER BY id LIMIT 1;
	IF FOUND THEN
		RETURN NEXT fail(asked || ': as untrimmed, or 55000');
		RETURN NEXT diag(format(E'case %s: %s\nuntrimmed %s\nat %s in %s, %s %s, horizon %s\n%s\n%s\n%s\n%s',
			wrong.id, wrong.trimmed, wrong.untrimmed, wrong.at, wrong.zone, wrong.channel, wrong.purpose,
			wrong.horizon, wrong.policy, wrong.history, wrong.trimmed_history, wrong.filter));
	ELSE
		RETURN NEXT pass(asked || ': as untrimmed, or 55000');
	END IF;
	-- nobody wants a history that mostly says that it cannot answer
	SELECT avg((trimmed IS DISTINCT FROM '55000')::int) INTO answered
	FROM answers WHERE question = asked AND (ahead OR asked = 'contact_peak');
	RETURN NEXT cmp_ok(answered, '>=', share,
		asked || ': share of answers among questions from the horizon on');
END
$$;

SELECT judge.* FROM (VALUES ('may_contact', 0.9), ('next_contact_at', 0.9), ('contact_verdict', 0.9),
	('explain_contact', 0.9), ('contact_count', 0.8), ('contact_pressure', 0.8), ('contact_peak', 0.4),
	('last_contact_at', 0.95), ('unanswered', 0.95)) AS v(asked, share), pg_temp.judge(asked, share);

SELECT * FROM finish();
ROLLBACK;
