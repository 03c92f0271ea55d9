-- The text of a policy given as jsonb (twin.sql has its form), and random
-- policies, histories and questions.  A case follows from its seed alone.

-- -------------------------------------------------------------- the writer

-- 1 day, 2 days
CREATE FUNCTION twin.units(n int, unit text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
	SELECT n || ' ' || unit || CASE WHEN n = 1 THEN '' ELSE 's' END
$$;

CREATE FUNCTION twin.pattern_text(p jsonb) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
	SELECT p->>'ch'
		|| CASE
			WHEN p ? 'pu' AND p ? 'each' THEN '/' || (p->>'pu') || '.each'
			WHEN p ? 'pu' THEN '/' || (p->>'pu')
			WHEN p ? 'each' THEN '/each'
			ELSE ''
		END
$$;

CREATE FUNCTION twin.scope_text(scope jsonb) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
	SELECT (SELECT string_agg(twin.pattern_text(p), ' | ' ORDER BY n)
			FROM jsonb_array_elements(scope->'in') WITH ORDINALITY AS e(p, n))
		|| coalesce(' except ' || (
			SELECT string_agg(twin.pattern_text(p), ' | ' ORDER BY n)
			FROM jsonb_array_elements(scope->'ex')
				WITH ORDINALITY AS e(p, n)), '')
$$;

CREATE FUNCTION twin.window_text(w jsonb) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE w->>'t'
		WHEN 'rolling' THEN 'per ' || (w->>'d')
		WHEN 'ever' THEN 'ever'
		ELSE 'per '
			|| CASE WHEN (w->>'n')::int = 1 THEN 'calendar ' || (w->>'unit')
				ELSE (w->>'n') || ' calendar ' || (w->>'unit') || 's' END
			|| coalesce(' by ' || (w->>'by'), '')
	END
$$;

-- Three days or more in a row become a range, as in mon-fri+sun.
CREATE FUNCTION twin.days_text(days jsonb) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
	SELECT string_agg(CASE days WHEN 1 THEN '' WHEN 2 THEN first || '+'
			ELSE first || '-' END || last, '+' ORDER BY day)
	FROM (
		SELECT min(day) AS day, count(*) AS days,
			(ARRAY['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'])[
				min(day) + 1] AS first,
			(ARRAY['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'])[
				max(day) + 1] AS last
		FROM (SELECT day::int, day::int - row_number() OVER (ORDER BY day)
				FROM jsonb_array_elements_text(days) AS d(day)) AS r(day, run)
		GROUP BY run) AS runs
$$;

CREATE FUNCTION twin.clause_text(c jsonb) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE c->>'k'
		WHEN 'max' THEN 'max ' || trim_scale((c->>'n')::numeric)
			|| CASE WHEN c ? 'weight' THEN ' weight ' ELSE ' ' END
			|| twin.window_text(c->'win')
			|| coalesce(' of ' || twin.scope_text(c->'of'), '')
		WHEN 'gap' THEN 'gap ' || (c->>'d')
			|| coalesce(' of ' || twin.scope_text(c->'of'), '')
			|| coalesce(' after ' || twin.scope_text(c->'after'), '')
		WHEN 'within' THEN 'only within ' || (c->>'d') || ' after '
			|| twin.scope_text(c->'after')
		WHEN 'quiet' THEN 'quiet ' || (c->>'from') || '-' || (c->>'to')
			|| coalesce(' on ' || twin.days_text(c->'days'), '')
		WHEN 'only' THEN 'only ' || (c->>'from') || '-' || (c->>'to')
			|| coalesce(' on ' || twin.days_text(c->'days'), '')
		WHEN 'only_on' THEN 'only on '
			|| coalesce(twin.days_text(c->'days'), (c->'on'->>'from')
				|| coalesce(' to ' || (c->'on'->>'to'), ''))
		WHEN 'not_on' THEN 'not on '
			|| coalesce(twin.days_text(c->'days'), (c->'on'->>'from')
				|| coalesce(' to ' || (c->'on'->>'to'), ''))
		WHEN 'pause' THEN 'pause ' || coalesce(c->>'d', 'forever') || ' after '
			|| (c->>'n') || ' ' || coalesce(c->>'outcome', c->>'what')
			|| coalesce(' for ' || (c->>'age'), '')
			|| coalesce(' ' || twin.window_text(c->'win'), '')
		WHEN 'consent' THEN 'needs consent'
		WHEN 'weight' THEN 'weight ' || (c->>'w')
		WHEN 'answer' THEN 'answer ' || (c->>'outcome')
		ELSE c->>'k'
	END
	|| CASE WHEN c ? 'during' THEN
		CASE WHEN c->'during' ? 'outside' THEN ' outside ' ELSE ' during ' END
		|| (c->'during'->>'from') || ' to ' || (c->'during'->>'to')
	ELSE '' END
$$;

CREATE FUNCTION twin.statement_text(s jsonb) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE
		WHEN s ? 'zone' THEN 'zone ' || (s->>'zone')
		WHEN s ? 'week' THEN 'week starts '
			|| (ARRAY['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'])[
				(s->>'week')::int + 1]
		WHEN s ? 'channels' THEN 'channels ' || (
			SELECT string_agg(name, ' | ')
			FROM jsonb_array_elements_text(s->'channels') AS name)
		WHEN s ? 'purposes' THEN 'purposes ' || (
			SELECT string_agg(name, ' | ')
			FROM jsonb_array_elements_text(s->'purposes') AS name)
		ELSE twin.scope_text(s->'scope') || ': ' || (
			SELECT string_agg(twin.clause_text(c), ', ' ORDER BY n)
			FROM jsonb_array_elements(s->'clauses')
				WITH ORDINALITY AS e(c, n))
	END
$$;

CREATE FUNCTION twin.policy_text(policy jsonb) RETURNS text
LANGUAGE sql IMMUTABLE STRICT AS $$
	SELECT coalesce(string_agg(line, E'\n' ORDER BY ln, sn), '')
	FROM (
		SELECT ln, 0 AS sn, 'layer ' || (l->>'name') AS line
		FROM jsonb_array_elements(policy->'layers')
			WITH ORDINALITY AS layer(l, ln)
		UNION ALL
		SELECT ln, sn, twin.statement_text(s)
		FROM jsonb_array_elements(policy->'layers')
				WITH ORDINALITY AS layer(l, ln),
			jsonb_array_elements(l->'st') WITH ORDINALITY AS statement(s, sn)
	) AS all_lines
	WHERE line IS NOT NULL
$$;

-- ---------------------------------------------------- policies made by hand

CREATE FUNCTION twin.pattern(pattern text) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
	SELECT jsonb_strip_nulls(jsonb_build_object(
		'ch', split_part(pattern, '/', 1),
		'pu', nullif(regexp_replace(split_part(pattern, '/', 2),
			'(^|[.])each$', ''), ''),
		'each', CASE WHEN pattern ~ '[/.]each$' THEN true END))
$$;

-- A scope as it is written: email/promo | sms except any/otp
CREATE FUNCTION twin.scope(scope text) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
	SELECT jsonb_build_object(
		'in', (SELECT jsonb_agg(twin.pattern(p)) FROM
			unnest(string_to_array(
				split_part(scope, ' except ', 1), ' | ')) AS p),
		'ex', (SELECT coalesce(jsonb_agg(twin.pattern(p)), '[]') FROM
			unnest(string_to_array(
				nullif(split_part(scope, ' except ', 2), ''),
				' | ')) AS p))
$$;

CREATE FUNCTION twin.statement(scope text, VARIADIC clauses jsonb[])
RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
	SELECT jsonb_build_object('scope', twin.scope(scope),
		'clauses', to_jsonb(clauses))
$$;

CREATE FUNCTION twin.layer(name text, VARIADIC statements jsonb[])
RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
	SELECT jsonb_build_object('name', name, 'st', to_jsonb(statements))
$$;

CREATE FUNCTION twin.policy(VARIADIC layers jsonb[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
	SELECT jsonb_build_object('layers', to_jsonb(layers))
$$;

-- ------------------------------------------------------------------ chance

CREATE FUNCTION twin.start(seed int) RETURNS void
LANGUAGE sql AS $$
	SELECT setseed((seed::bigint * 7919 % 2000003) / 2000003.0)
$$;

CREATE FUNCTION twin.chance(p float8) RETURNS boolean
LANGUAGE sql VOLATILE AS $$
	SELECT random() < p
$$;

CREATE FUNCTION twin.between(lo int, hi int) RETURNS int
LANGUAGE sql VOLATILE AS $$
	SELECT lo + floor(random() * (hi - lo + 1))::int
$$;

CREATE FUNCTION twin.pick(VARIADIC choices text[]) RETURNS text
LANGUAGE sql VOLATILE AS $$
	SELECT choices[1 + floor(random() * cardinality(choices))::int]
$$;

-- ------------------------------------------------------- random policies

CREATE FUNCTION twin.random_channel() RETURNS text
LANGUAGE sql VOLATILE AS $$
	SELECT twin.pick('email', 'email', 'email', 'email', 'sms', 'push', 'call')
$$;

CREATE FUNCTION twin.random_purpose() RETURNS text
LANGUAGE sql VOLATILE AS $$
	SELECT twin.pick('promo', 'promo', 'promo.summer', 'promo.summer',
		'promo.summer.late', 'otp', 'news', 'marketing', 'promotion', 'marketing.test')
$$;

CREATE FUNCTION twin.random_pattern(may_be_each boolean) RETURNS jsonb
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	p jsonb := jsonb_build_object('ch', CASE
		WHEN twin.chance(0.4) THEN 'any'
		WHEN may_be_each AND twin.chance(0.12) THEN 'each'
		ELSE twin.random_channel() END);
BEGIN
	IF twin.chance(0.45) THEN
		p := p || jsonb_build_object('pu', twin.pick('promo', 'promo', 'promo',
			'promo.summer', 'promo.summer', 'otp', 'news', 'marketing', 'marketing'));
	END IF;
	IF may_be_each AND twin.chance(0.1) AND p->>'pu' IS DISTINCT FROM 'marketing' THEN
		p := p || '{"each": true}';
	END IF;
	RETURN p;
END
$$;

CREATE FUNCTION twin.random_scope() RETURNS jsonb
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	included jsonb := jsonb_build_array(twin.random_pattern(true));
	excepted jsonb := '[]';
BEGIN
	WHILE twin.chance(0.25) LOOP
		included := included || jsonb_build_array(twin.random_pattern(true));
	END LOOP;
	WHILE twin.chance(0.12) LOOP
		excepted := excepted || jsonb_build_array(twin.random_pattern(false));
	END LOOP;
	RETURN jsonb_build_object('in', included, 'ex', excepted);
END
$$;

-- Few durations in one case, so that its edges meet.
CREATE FUNCTION twin.random_duration() RETURNS text
LANGUAGE sql VOLATILE AS $$
	SELECT twin.pick('1 day', '24 hours', '2 days', '7 days', '7 days',
		'1 hour', '36 hours', '1 month', '30 days', '3 days 1 hour',
		'1 hour 30 minutes', '1 second', '250 milliseconds', '1 month 1 day 3 hours',
		'2 months', '1 year', '25 hours', '23 hours', '14 days')
$$;

CREATE FUNCTION twin.random_days() RETURNS jsonb
LANGUAGE sql VOLATILE AS $$
	SELECT CASE WHEN twin.chance(0.4) THEN '[0, 1, 2, 3, 4]'::jsonb
		ELSE (SELECT coalesce(jsonb_agg(d), '[6]') FROM (
			SELECT d FROM generate_series(0, 6) AS d
			WHERE random() < 0.6 ORDER BY d LIMIT 6) AS days)
		END
$$;

CREATE FUNCTION twin.random_dates(base date, may_be_one boolean)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	first date := base + twin.between(-20, 20);
	last date := first + twin.between(0, 30);
	format text := CASE WHEN twin.chance(0.5) THEN 'MM-DD'
		ELSE 'YYYY-MM-DD' END;
BEGIN
	IF format = 'MM-DD'
		AND extract(year FROM first) <> extract(year FROM last)
	THEN
		last := make_date(extract(year FROM first)::int, 12, 31);
	END IF;
	IF may_be_one AND (first = last OR twin.chance(0.4)) THEN
		RETURN jsonb_build_object('from', to_char(first, format));
	END IF;
	RETURN jsonb_build_object('from', to_char(first, format),
		'to', to_char(last, format));
END
$$;

CREATE FUNCTION twin.random_clock() RETURNS jsonb
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	first text := twin.pick('00:00', '00:30', '02:00', '02:15', '08:00',
		'09:30', '12:00', '21:00', '23:59', '24:00');
	last text := twin.pick('00:00', '01:00', '02:30', '03:00', '08:00',
		'17:00', '20:00', '22:00', '24:00');
BEGIN
	IF first = last OR first = '24:00' AND last = '00:00' THEN
		last := '19:45';
	END IF;
	RETURN jsonb_build_object('from', first, 'to', last)
		|| CASE WHEN twin.chance(0.4)
			THEN jsonb_build_object('days', twin.random_days())
			ELSE '{}' END;
END
$$;

CREATE FUNCTION twin.random_window(durations text[]) RETURNS jsonb
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	units text[] := '{day,week,month,quarter,year}';
	unit int := twin.between(1, 5);
	w jsonb;
BEGIN
	IF twin.chance(0.5) THEN
		RETURN jsonb_build_object('t', 'rolling', 'd',
			twin.pick(VARIADIC durations));
	END IF;
	IF twin.chance(0.5) THEN
		unit := twin.between(1, 2);
	END IF;
	w := jsonb_build_object('t', 'cal', 'unit', units[unit],
		'n', CASE WHEN twin.chance(0.5) THEN 1 ELSE twin.between(1, 4) END);
	IF unit < 5 AND twin.chance(0.25) THEN
		w := w || jsonb_build_object('by', units[twin.between(unit + 1, 5)]);
	END IF;
	RETURN w;
END
$$;

CREATE FUNCTION twin.random_rule(durations text[], base date,
	preferences boolean) RETURNS jsonb
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	k text := twin.pick('max', 'max', 'max', 'max', 'max', 'max', 'gap',
		'gap', 'gap', CASE WHEN twin.chance(0.5) THEN 'within' ELSE 'max' END,
		'quiet', 'only', 'only', 'only_on', 'not_on', 'pause', 'pause',
		'pause', 'pause', 'pause', 'never');
	c jsonb;
BEGIN
	IF preferences AND k = 'within' THEN
		k := 'max';
	END IF;
	IF k = 'never' AND twin.chance(0.8) THEN
		k := 'max';
	END IF;
	c := jsonb_build_object('k', k);
	CASE k
	WHEN 'max' THEN
		c := c || jsonb_build_object('n', twin.between(1, 5));
		IF twin.chance(0.03) THEN
			c := c || '{"n": 0}';
		END IF;
		IF twin.chance(0.3) THEN
			c := c || jsonb_build_object('weight', true, 'n',
				(c->>'n')::numeric * (2 - twin.between(0, 2) * 0.125));
		END IF;
		c := c || jsonb_build_object('win', CASE WHEN twin.chance(0.06)
			THEN '{"t": "ever"}' ELSE twin.random_window(durations) END);
		IF twin.chance(0.2) THEN
			c := c || jsonb_build_object('of', twin.random_scope());
		END IF;
	WHEN 'gap' THEN
		c := c || jsonb_build_object('d', twin.pick(VARIADIC durations));
		IF twin.chance(0.5) THEN
			c := c || jsonb_build_object(twin.pick('of', 'after'),
				twin.random_scope());
		END IF;
	WHEN 'within' THEN
		c := c || jsonb_build_object('d', twin.pick(VARIADIC durations),
			'after', CASE WHEN twin.chance(0.5) THEN twin.scope('any')
				ELSE twin.random_scope() END);
	WHEN 'quiet', 'only' THEN
		c := c || twin.random_clock();
	WHEN 'only_on', 'not_on' THEN
		IF twin.chance(0.6) THEN
			c := c || jsonb_build_object('days', twin.random_days());
		ELSE
			c := c || jsonb_build_object('on',
				twin.random_dates(base, true));
		END IF;
	WHEN 'pause' THEN
		c := c || jsonb_build_object('n', twin.pick('1', '2', '2',
			'3')::int);
		IF twin.chance(0.93) THEN
			c := c || jsonb_build_object('d', twin.pick(VARIADIC durations));
		END IF;
		IF twin.chance(0.5) THEN
			c := c || '{"what": "unanswered"}';
			IF twin.chance(0.4) THEN
				c := c || jsonb_build_object('age',
					twin.pick(VARIADIC durations));
			END IF;
		ELSIF twin.chance(0.3) THEN
			c := c || '{"what": "never answered"}';
		ELSE
			c := c || jsonb_build_object('outcome', twin.pick('bounced',
				'hard_bounced', 'declined', 'complained', 'opened', 'opened',
				'sent', 'sent', 'clicked', 'planned', 'event', 'failed', 'rejected', 'converted', 'delivered'));
			IF twin.chance(0.5) THEN
				c := c || jsonb_build_object('win',
					twin.random_window(durations));
			END IF;
		END IF;
	ELSE
		NULL;
	END CASE;
	IF twin.chance(0.12) THEN
		c := c || jsonb_build_object('during',
			twin.random_dates(base, false)
			|| CASE WHEN twin.chance(0.5) THEN '{"outside": true}'
				ELSE '{}' END::jsonb);
	END IF;
	RETURN c;
END
$$;

CREATE FUNCTION twin.random_statement(durations text[], base date,
	preferences boolean) RETURNS jsonb
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	scope jsonb := twin.random_scope();
	clauses jsonb := '[]';
	only_time jsonb;
	rules int := twin.between(0, 2);
BEGIN
	FOR i IN 1..rules LOOP
		clauses := clauses || jsonb_build_array(
			twin.random_rule(durations, base, preferences));
	END LOOP;
	-- alternatives
	IF clauses @> '[{"k": "only"}]' AND twin.chance(0.5) THEN
		only_time := '{"k": "only"}'::jsonb || twin.random_clock();
		IF NOT clauses @> jsonb_build_array(only_time) THEN
			clauses := clauses || jsonb_build_array(only_time);
		END IF;
	END IF;
	IF NOT preferences THEN
		IF rules > 0 AND twin.chance(0.2) THEN
			clauses := jsonb_build_array('{"k": "override"}'::jsonb)
				|| clauses;
		END IF;
		IF twin.chance(0.1) THEN
			clauses := clauses || '[{"k": "transactional"}]';
		ELSE
			IF twin.chance(0.1) THEN
				clauses := clauses || '[{"k": "exempt"}]';
			END IF;
			IF twin.chance(0.1) THEN
				clauses := clauses || '[{"k": "uncounted"}]';
			END IF;
		END IF;
		IF twin.chance(0.04) THEN
			clauses := clauses || '[{"k": "consent"}]';
		END IF;
		IF twin.chance(0.2) THEN
			clauses := clauses || jsonb_build_array(jsonb_build_object('k',
				'weight', 'w', twin.pick('2', '0.5', '1.25', '0', '0.000001',
				'3')::numeric));
		END IF;
		IF twin.chance(0.2) THEN
			clauses := clauses || jsonb_build_array(jsonb_build_object('k',
				'answer', 'outcome', twin.pick('clicked', 'replied',
				'delivered', 'sent', 'opened', 'converted')));
		END IF;
	END IF;
	IF clauses = '[]' THEN
		clauses := jsonb_build_array(
			twin.random_rule(durations, base, preferences));
	END IF;
	-- whether "marketing" is a plain name also for the other clauses of a
	-- transactional statement is nothing that anybody should rely on
	IF clauses @> '[{"k": "transactional"}]' AND scope::text ~ '"marketing"'
	THEN
		clauses := '[{"k": "transactional"}]';
	END IF;
	RETURN jsonb_build_object('scope', scope, 'clauses', clauses);
END
$$;

-- zones with a change of clocks that is worth a look, and when it is
CREATE FUNCTION twin.random_place(OUT zone text, OUT base date)
LANGUAGE sql VOLATILE AS $$
	SELECT split_part(place, ' ', 1), split_part(place, ' ', 2)::date
	FROM twin.pick(
		'America/Havana 2026-03-08', 'America/Havana 2026-11-01',
		'Australia/Lord_Howe 2026-04-05', 'Australia/Lord_Howe 2026-10-04',
		'America/New_York 2026-03-08', 'America/New_York 2026-11-01',
		'Europe/Amsterdam 2026-03-29', 'Europe/Amsterdam 2026-10-25',
		'Asia/Kathmandu 2026-02-28', 'Asia/Kathmandu 1985-12-31',
		'Pacific/Apia 2011-12-30', 'Pacific/Apia 2021-04-04',
		'America/Sao_Paulo 2018-11-04', 'America/Sao_Paulo 2019-02-17',
		'America/St_Johns 2006-10-29', 'America/St_Johns 2007-04-01',
		'Africa/Casablanca 2026-02-15', 'UTC 2028-02-29', 'UTC 2026-01-31',
		'UTC 2026-12-31', 'Europe/Amsterdam 2026-12-31',
		'Antarctica/Troll 2026-03-29') AS place
$$;

CREATE FUNCTION twin.random_policy(durations text[], base date, zone text)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	layers jsonb := '[]';
	statements jsonb;
	name text;
	nlayers int := twin.pick('1', '1', '1', '2', '2', '3')::int;
BEGIN
	FOR i IN 1..nlayers LOOP
		name := CASE WHEN i = 1 THEN NULL
			WHEN i = nlayers AND twin.chance(0.5) THEN 'preferences'
			ELSE 'layer' || i END;
		statements := '[]';
		IF name IS DISTINCT FROM 'preferences' THEN
			IF twin.chance(0.4) THEN
				statements := statements || jsonb_build_array(
					jsonb_build_object('zone', CASE WHEN twin.chance(0.7)
						THEN zone ELSE (twin.random_place()).zone END));
			END IF;
			IF twin.chance(0.3) THEN
				statements := statements || jsonb_build_array(
					jsonb_build_object('week', twin.between(0, 6)));
			END IF;
			IF twin.chance(0.1) THEN
				statements := statements
					|| '[{"channels": ["email", "sms", "push", "call", "event"]}]';
			END IF;
			IF twin.chance(0.1) THEN
				statements := statements
					|| '[{"purposes": ["promo", "otp", "news", "promotion", "marketing"]}]';
			END IF;
		END IF;
		FOR j IN 1..twin.between(1, 4) LOOP
			statements := statements || jsonb_build_array(
				twin.random_statement(durations, base,
					name IS NOT DISTINCT FROM 'preferences'));
		END LOOP;
		layers := layers || jsonb_build_array(
			jsonb_build_object('name', name, 'st', statements));
	END LOOP;
	RETURN jsonb_build_object('layers', layers);
END
$$;

-- ----------------------------------------------------------- random cases

CREATE TYPE twin.random_case AS (
	seed int,
	policy jsonb,
	log twin.contact[],
	channel text,
	purpose text,
	zone text,
	opted_out text[],
	opted_in text[],
	weight numeric,
	durations text[],
	questions timestamptz[]
);

-- A time on or near an edge that contacts and durations make.
CREATE FUNCTION twin.random_time(base timestamptz, others timestamptz[],
	durations text[], zone text) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	t timestamptz := base + twin.between(-40, 40) * interval '6 hours';
	d interval := twin.pick(VARIADIC durations)::interval;
BEGIN
	PERFORM twin.use_zone(zone);
	IF cardinality(others) > 0 AND twin.chance(0.75) THEN
		t := others[twin.between(1, cardinality(others))];
		t := CASE twin.between(1, 5)
			WHEN 1 THEN t
			WHEN 2 THEN t - d
			WHEN 3 THEN t + d * twin.between(1, 2)
			ELSE t + d END;
	ELSIF twin.chance(0.3) THEN
		-- near the base, where the clocks change
		t := base + twin.between(-16, 16) * interval '15 minutes';
	ELSIF twin.chance(0.3) THEN
		t := base + twin.between(-90, 90) * interval '1 day';
	ELSIF twin.chance(0.3) THEN
		t := t + random() * interval '1 day';
	END IF;
	IF twin.chance(0.2) THEN
		t := t + twin.between(-1, 1) * interval '1 microsecond';
	END IF;
	RETURN t;
END
$$;

CREATE FUNCTION twin.random_list() RETURNS text[]
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	list text[] := '{}';
BEGIN
	WHILE twin.chance(0.5) LOOP
		list := list || (twin.pick('any', 'email', 'email', 'sms', 'push',
				'call')
			|| CASE WHEN twin.chance(0.7) THEN '/'
				|| twin.pick('promo', 'promo.summer', 'otp', 'marketing',
					'news') ELSE '' END);
	END LOOP;
	RETURN list;
END
$$;

CREATE FUNCTION twin.random_case(seed int) RETURNS twin.random_case
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	r twin.random_case;
	place record;
	base timestamptz;
	c twin.contact;
	times timestamptz[] := '{}';
	saved text := current_setting('TimeZone');
BEGIN
	PERFORM twin.start(seed);
	r.seed := seed;
	place := twin.random_place();
	base := place.base::timestamp AT TIME ZONE place.zone;
	r.durations := ARRAY(
		SELECT twin.random_duration() FROM generate_series(1, 3));
	r.policy := twin.random_policy(r.durations, place.base, place.zone);
	r.zone := CASE WHEN twin.chance(0.6) THEN place.zone END;

	FOR i IN 1..CASE WHEN twin.chance(0.25) THEN twin.between(0, 25)
		ELSE twin.between(0, 10) END
	LOOP
		c := NULL;
		c.at := twin.random_time(base, times, r.durations, place.zone);
		c.channel := twin.random_channel();
		c.purpose := twin.random_purpose();
		c.outcome := CASE
			WHEN twin.chance(0.4) THEN 'sent'
			WHEN twin.chance(0.2) THEN 'planned'
			ELSE twin.pick('delivered', 'opened', 'opened', 'clicked',
				'replied', 'converted', 'declined', 'unsubscribed',
				'complained', 'bounced', 'bounced', 'hard_bounced',
				'rejected', 'failed', 'event', 'event') END;
		IF twin.chance(0.25) THEN
			c.weight := twin.pick('1', '2', '0.5', '0.25', '0', '1.000001',
				'7')::numeric;
		END IF;
		IF twin.chance(0.4)
			AND c.outcome IN ('opened', 'clicked', 'replied', 'converted')
		THEN
			c.answered_at := greatest(c.at, twin.random_time(c.at, times,
				r.durations, place.zone));
		END IF;
		times := times || c.at || c.answered_at;
		times := array_remove(times, NULL);
		r.log := r.log || c;
	END LOOP;
	r.log := coalesce(r.log, '{}');

	r.channel := twin.random_channel();
	r.purpose := twin.random_purpose();
	r.opted_out := CASE WHEN twin.chance(0.1) THEN twin.random_list() END;
	r.opted_in := CASE WHEN twin.chance(0.4) THEN twin.random_list() END;
	IF twin.chance(0.2) THEN
		r.weight := twin.pick('1', '2', '0.5', '0', '1.5')::numeric;
	END IF;
	r.questions := ARRAY(
		SELECT twin.random_time(base, times, r.durations, place.zone)
		FROM generate_series(1, 5));
	PERFORM set_config('TimeZone', saved, true);
	RETURN r;
END
$$;

-- The log as the text form of a contact_history.
CREATE FUNCTION twin.history_text(log twin.contact[]) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
		'at', to_char(c.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
		'channel', c.channel, 'purpose', c.purpose, 'weight', c.weight,
		'outcome', c.outcome, 'answered_at', to_char(
			c.answered_at AT TIME ZONE 'UTC',
			'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')))), '[]')::text
	FROM unnest(log) AS c
$$;
