-- The slow twin: what a contact policy means, in plain SQL.
--
-- An independent and obvious implementation of the rules: it looks at one
-- contact after the other, adds durations by PostgreSQL's own operators and
-- finds instants by trying them.  It calls nothing of the extension, so that
-- the two can be compared (compare.sql) and it can be tested without it.
--
-- A policy is jsonb here, the structured form of which generate.sql writes
-- the text:
--
--   policy    {"layers": [{"name": text, "st": [statement]}]}
--   statement {"zone": text} | {"week": weekday}
--             | {"channels": [text]} | {"purposes": [text]}
--             | {"scope": scope, "clauses": [clause]}
--   scope     {"in": [pattern], "ex": [pattern]}
--   pattern   {"ch": text, "pu": text or absent, "each": true or absent}
--   clause    {"k": kind, ...}: see twin.clause_text() in generate.sql
--   window    {"t": "rolling", "d": interval} | {"t": "ever"}
--             | {"t": "cal", "n": int, "unit": text, "by": text or absent}
--   dates     {"from": date, "to": date, "outside": true or absent}
--   weekdays  are 0 = Monday ... 6 = Sunday

CREATE SCHEMA twin;

CREATE TYPE twin.contact AS (
	at timestamptz,
	channel text,
	purpose text,
	weight numeric,				-- NULL: none of its own
	outcome text,
	answered_at timestamptz
);

-- A clause of a policy, with where it stands.
CREATE TYPE twin.line AS (
	ord int,					-- in the order of the text
	layer int,
	layer_name text,
	st int,						-- statement within the layer
	scope jsonb,
	k text,
	a jsonb,
	plain boolean				-- its statement is transactional, so that
								-- "marketing" is a plain name in its scope
);

-- A contact as one rule sees it.
CREATE TYPE twin.seen AS (
	at timestamptz,
	weight numeric,
	outcome text,
	answer_at timestamptz		-- when it was answered, as that rule means it
);

-- A rule that binds the question, with all of the history it looks at.
CREATE TYPE twin.bound AS (
	ord int,
	layer_name text,
	k text,
	reason text,
	a jsonb,
	alternatives jsonb[],		-- "only TIME" rules of one scope and layer
	zone text,
	week_start int,
	seen twin.seen[],
	sees_self boolean,
	self_weight numeric,
	scope jsonb
);

-- ---------------------------------------------------------------- outcomes

CREATE FUNCTION twin.counted(outcome text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
	SELECT outcome IN ('planned', 'sent', 'delivered', 'opened', 'clicked',
		'replied', 'converted', 'declined', 'unsubscribed', 'complained')
$$;

-- "wanted" or better in the rising order, else just the same
CREATE FUNCTION twin.reaches(outcome text, wanted text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(
		array_position(ARRAY['planned', 'sent', 'delivered', 'opened',
			'clicked', 'replied', 'converted'], outcome)
		>= array_position(ARRAY['planned', 'sent', 'delivered', 'opened',
			'clicked', 'replied', 'converted'], wanted),
		outcome = wanted)
$$;

-- ---------------------------------------------------------------- matching

CREATE FUNCTION twin.purpose_matches(purpose text, wanted text)
RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
	SELECT purpose = wanted OR left(purpose, length(wanted) + 1) = wanted || '.'
$$;

-- How specific the match is: longer purpose first, then a named channel;
-- NULL when the pattern does not match.  transactional: is this contact
-- transactional?  plain: "marketing" is a name like any other.  With
-- proposed_* given, "each" asks for the channel or purpose proposed.
CREATE FUNCTION twin.pattern_rank(p jsonb, channel text, purpose text,
	transactional boolean, plain boolean,
	proposed_channel text, proposed_purpose text) RETURNS int
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	parts int := 0;
BEGIN
	IF p->>'ch' = 'each' THEN
		IF channel <> proposed_channel THEN
			RETURN NULL;
		END IF;
	ELSIF p->>'ch' <> 'any' AND p->>'ch' <> channel THEN
		RETURN NULL;
	END IF;

	IF p ? 'each' AND purpose <> proposed_purpose THEN
		RETURN NULL;
	END IF;
	IF p->>'pu' = 'marketing' AND NOT plain THEN
		IF transactional THEN
			RETURN NULL;
		END IF;
	ELSIF p ? 'pu' THEN
		IF NOT twin.purpose_matches(purpose, p->>'pu') THEN
			RETURN NULL;
		END IF;
		parts := cardinality(string_to_array(p->>'pu', '.'));
	END IF;
	RETURN 2 * parts
		+ CASE WHEN p->>'ch' IN ('any', 'each') THEN 0 ELSE 1 END;
END
$$;

-- Several patterns are one rule; it is as specific as the best that matches.
CREATE FUNCTION twin.scope_rank(scope jsonb, channel text, purpose text,
	transactional boolean, plain boolean,
	proposed_channel text DEFAULT NULL, proposed_purpose text DEFAULT NULL)
RETURNS int
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	p jsonb;
	best int;
BEGIN
	FOR p IN SELECT jsonb_array_elements(scope->'ex') LOOP
		IF twin.pattern_rank(p, channel, purpose, transactional, plain,
							 proposed_channel, proposed_purpose) IS NOT NULL
		THEN
			RETURN NULL;
		END IF;
	END LOOP;
	FOR p IN SELECT jsonb_array_elements(scope->'in') LOOP
		best := greatest(best,
			twin.pattern_rank(p, channel, purpose, transactional, plain,
							  proposed_channel, proposed_purpose));
	END LOOP;
	RETURN best;
END
$$;

CREATE FUNCTION twin.lines(policy jsonb) RETURNS twin.line[]
LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(array_agg(line ORDER BY (line).ord), '{}')
	FROM (
		SELECT ROW(row_number() OVER (ORDER BY ln, sn, cn), ln, l->>'name',
			sn, s->'scope', c->>'k', c,
			s->'clauses' @> '[{"k": "transactional"}]')::twin.line AS line
		FROM jsonb_array_elements(policy->'layers')
				WITH ORDINALITY AS layer(l, ln),
			jsonb_array_elements(l->'st')
				WITH ORDINALITY AS statement(s, sn),
			jsonb_array_elements(s->'clauses')
				WITH ORDINALITY AS clause(c, cn)
		WHERE s ? 'scope') AS all_lines
$$;

-- Is the contact transactional, by the layers up to this one?
CREATE FUNCTION twin.transactional(lines twin.line[], layer int, channel text,
	purpose text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
	SELECT EXISTS (
		SELECT FROM unnest(lines) AS l
		WHERE l.k = 'transactional' AND l.layer <= transactional.layer
			AND twin.scope_rank(l.scope, channel, purpose, false, true)
				IS NOT NULL)
$$;

-- The rank of the statement's scope for a contact, or NULL.
CREATE FUNCTION twin.line_rank(lines twin.line[], l twin.line, channel text,
	purpose text) RETURNS int
LANGUAGE sql IMMUTABLE AS $$
	SELECT twin.scope_rank(l.scope, channel, purpose,
		twin.transactional(lines, l.layer, channel, purpose), l.plain)
$$;

-- What the layers up to this one say last.
CREATE FUNCTION twin.setting(policy jsonb, layer int, name text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
	SELECT s->>name
	FROM jsonb_array_elements(policy->'layers')
			WITH ORDINALITY AS layer(l, ln),
		jsonb_array_elements(l->'st') WITH ORDINALITY AS statement(s, sn)
	WHERE s ? name AND ln <= setting.layer
	ORDER BY ln DESC, sn DESC
	LIMIT 1
$$;

-- The most specific "weight" or "answer" clause for a contact; among equally
-- specific ones the last.
CREATE FUNCTION twin.best_clause(lines twin.line[], layer int, kind text,
	channel text, purpose text) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
	SELECT l.a
	FROM unnest(lines) AS l,
		twin.line_rank(lines, l, channel, purpose) AS rank
	WHERE l.k = kind AND l.layer <= best_clause.layer AND rank IS NOT NULL
	ORDER BY rank DESC, l.ord DESC
	LIMIT 1
$$;

-- The kinds an override replaces.
CREATE FUNCTION twin.override_kind(k text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE
		WHEN k IN ('max', 'gap', 'within', 'never') THEN k
		WHEN k IN ('quiet', 'only') THEN 'clock'
		WHEN k IN ('only_on', 'not_on') THEN 'day'
		WHEN k = 'pause' THEN 'pause'
	END
$$;

CREATE FUNCTION twin.reason(k text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE k
		WHEN 'max' THEN 'cap' WHEN 'gap' THEN 'gap'
		WHEN 'within' THEN 'follow_up'
		WHEN 'quiet' THEN 'quiet' WHEN 'only' THEN 'quiet'
		WHEN 'only_on' THEN 'day' WHEN 'not_on' THEN 'day'
		WHEN 'pause' THEN 'pause' WHEN 'never' THEN 'never'
		WHEN 'consent' THEN 'consent'
	END
$$;

-- Does a rule of the policy bind this channel and purpose?
CREATE FUNCTION twin.binds(lines twin.line[], r twin.line, channel text,
	purpose text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	own int := twin.line_rank(lines, r, channel, purpose);
BEGIN
	IF own IS NULL THEN
		RETURN false;
	END IF;
	-- exempt: rules of its own and later layers, less specific than it
	IF EXISTS (
		SELECT FROM unnest(lines) AS s
		WHERE s.k IN ('exempt', 'transactional') AND s.layer <= r.layer
			AND twin.line_rank(lines, s, channel, purpose) > own)
	THEN
		RETURN false;
	END IF;
	-- a transactional message needs no consent
	IF r.k = 'consent'
		AND twin.transactional(lines, r.layer, channel, purpose)
	THEN
		RETURN false;
	END IF;
	-- override: less specific rules of the kinds it states, in its layer
	RETURN NOT EXISTS (
		SELECT FROM unnest(lines) AS s
			JOIN unnest(lines) AS stated USING (layer, st)
		WHERE s.k = 'override' AND s.layer = r.layer
			AND twin.override_kind(stated.k) = twin.override_kind(r.k)
			AND twin.line_rank(lines, s, channel, purpose) > own);
END
$$;

-- Does a rule that binds the proposed contact look at this one?
CREATE FUNCTION twin.looks_at(lines twin.line[], r twin.line, channel text,
	purpose text, proposed_channel text, proposed_purpose text)
RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	other jsonb := coalesce(r.a->'of', r.a->'after');
	looked int;
BEGIN
	looked := twin.scope_rank(coalesce(other, r.scope), channel, purpose,
		twin.transactional(lines, r.layer, channel, purpose),
		r.plain AND other IS NULL, proposed_channel, proposed_purpose);
	RETURN looked IS NOT NULL AND NOT EXISTS (
		SELECT FROM unnest(lines) AS s
		WHERE s.k IN ('uncounted', 'transactional') AND s.layer <= r.layer
			AND twin.line_rank(lines, s, channel, purpose) > looked);
END
$$;

-- Which outcomes count for a rule.
CREATE FUNCTION twin.outcome_counts(r twin.line, outcome text)
RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE
		WHEN r.k = 'pause' AND r.a ? 'outcome' THEN
			twin.reaches(outcome, r.a->>'outcome')
		WHEN r.k = 'pause' THEN
			twin.counted(outcome) AND outcome <> 'planned'
		WHEN r.a ? 'after' THEN
			twin.counted(outcome) OR outcome = 'event'
		ELSE twin.counted(outcome)
	END
$$;

-- A pattern of an opt-out or opt-in list.
CREATE FUNCTION twin.list_pattern(pattern text) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
	SELECT jsonb_strip_nulls(jsonb_build_object(
		'ch', split_part(lower(btrim(pattern)), '/', 1),
		'pu', nullif(split_part(lower(btrim(pattern)), '/', 2), '')))
$$;

-- The most specific pattern of a list that matches, with its rank.
CREATE FUNCTION twin.best_pattern(list text[], channel text, purpose text,
	transactional boolean, OUT pattern text, OUT rank int)
LANGUAGE sql IMMUTABLE AS $$
	SELECT p, r
	FROM unnest(list) WITH ORDINALITY AS l(p, n),
		twin.pattern_rank(twin.list_pattern(p), channel, purpose,
			transactional, false, NULL, NULL) AS r
	WHERE r IS NOT NULL
	ORDER BY r DESC, n
	LIMIT 1
$$;

-- Everything that binds the question, with what it looks at.
CREATE FUNCTION twin.bind(policy jsonb, log twin.contact[], channel text,
	purpose text, zone text, opted_out text[], opted_in text[],
	weight numeric) RETURNS twin.bound[]
LANGUAGE plpgsql AS $$
DECLARE
	lines twin.line[] := twin.lines(policy);
	last_layer int := jsonb_array_length(policy->'layers');
	service boolean;
	opt_out record;
	opt_in record;
	result twin.bound[] := '{}';
	r twin.line;
	b twin.bound;
	labels text[];
BEGIN
	-- opt-outs and consent
	service := twin.transactional(lines, last_layer, channel, purpose);
	SELECT * INTO opt_out
	FROM twin.best_pattern(opted_out, channel, purpose, service);
	SELECT * INTO opt_in
	FROM twin.best_pattern(opted_in, channel, purpose, service);
	IF opt_out.rank IS NOT NULL
		AND (opt_in.rank IS NULL OR opt_out.rank >= opt_in.rank)
	THEN
		b := NULL;
		b.ord := 0;
		b.k := 'never';
		b.reason := 'opt_out';
		b.a := '{}';
		b.zone := 'UTC';
		b.scope := to_jsonb(opt_out.pattern);
		result := result || b;
	END IF;

	FOREACH r IN ARRAY lines LOOP
		CONTINUE WHEN twin.reason(r.k) IS NULL;
		CONTINUE WHEN NOT twin.binds(lines, r, channel, purpose);
		CONTINUE WHEN r.k = 'consent' AND opt_in.rank IS NOT NULL;

		-- "only TIME" rules with one scope in one layer are alternatives
		IF r.k = 'only' AND EXISTS (
			SELECT FROM unnest(lines) AS other
			WHERE other.k = 'only' AND other.layer = r.layer
				AND other.scope = r.scope AND other.ord < r.ord)
		THEN
			CONTINUE;
		END IF;

		b := NULL;
		b.ord := r.ord;
		b.layer_name := r.layer_name;
		b.k := CASE WHEN r.k = 'consent' THEN 'never' ELSE r.k END;
		b.reason := twin.reason(r.k);
		b.a := r.a;
		b.scope := r.scope;
		b.zone := coalesce(zone, twin.setting(policy, r.layer, 'zone'), 'UTC');
		b.week_start :=
			coalesce(twin.setting(policy, r.layer, 'week')::int, 0);
		IF r.k = 'only' THEN
			b.a := '{}';
			b.alternatives := ARRAY(
				SELECT other.a FROM unnest(lines) AS other
				WHERE other.k = 'only' AND other.layer = r.layer
					AND other.scope = r.scope
				ORDER BY other.ord);
		END IF;

		-- the history as this rule sees it
		labels := ARRAY(
			SELECT DISTINCT c.channel || '/' || c.purpose
			FROM unnest(log) AS c
			WHERE r.k IN ('max', 'gap', 'within', 'pause'));
		labels := ARRAY(
			SELECT label FROM unnest(labels) AS label
			WHERE twin.looks_at(lines, r, split_part(label, '/', 1),
				split_part(label, '/', 2), channel, purpose));
		b.seen := ARRAY(
			SELECT ROW(c.at,
				CASE WHEN r.a ? 'weight' THEN
					coalesce(c.weight,
						(twin.best_clause(lines, r.layer, 'weight', c.channel,
							c.purpose)->>'w')::numeric, 1)
				ELSE 1 END,
				c.outcome,
				CASE WHEN twin.reaches(c.outcome,
						coalesce(twin.best_clause(lines, r.layer, 'answer',
							c.channel, c.purpose)->>'outcome', 'opened'))
				THEN coalesce(c.answered_at, c.at) END)::twin.seen
			FROM unnest(log) AS c
			WHERE c.channel || '/' || c.purpose = ANY (labels)
				AND twin.outcome_counts(r, c.outcome)
			ORDER BY c.at);
		b.sees_self := r.k = 'max' AND twin.looks_at(lines, r, channel,
			purpose, channel, purpose);
		b.self_weight := CASE WHEN r.a ? 'weight' THEN
				coalesce(weight,
					(twin.best_clause(lines, r.layer, 'weight', channel,
						purpose)->>'w')::numeric, 1)
			ELSE 1 END;
		result := result || b;
	END LOOP;
	RETURN result;
END
$$;

-- -------------------------------------------------------------------- time

CREATE FUNCTION twin.local_date(t timestamptz, zone text) RETURNS date
LANGUAGE sql IMMUTABLE AS $$
	SELECT (t AT TIME ZONE zone)::date
$$;

CREATE FUNCTION twin.unit_start(d date, unit text, week_start int)
RETURNS date
LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE unit
		WHEN 'day' THEN d
		WHEN 'week' THEN
			d - (extract(isodow FROM d)::int - 1 - week_start + 7) % 7
		ELSE date_trunc(unit, d::timestamp)::date
	END
$$;

-- The first local date that is in the calendar window of an instant on d.
CREATE FUNCTION twin.window_start(d date, w jsonb, week_start int)
RETURNS date
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	unit text := w->>'unit';
	s date := twin.unit_start(d, unit, week_start);
BEGIN
	s := s - CASE unit WHEN 'quarter' THEN interval '3 months'
			ELSE ('1 ' || unit)::interval END * ((w->>'n')::int - 1);
	IF w ? 'by' THEN
		s := twin.unit_start(s, w->>'by', week_start);
	END IF;
	RETURN s;
END
$$;

CREATE FUNCTION twin.date_within(d date, dates jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE
		WHEN length(dates->>'from') > 5 THEN
			d BETWEEN (dates->>'from')::date
				AND coalesce(dates->>'to', dates->>'from')::date
		WHEN dates->>'from' <= coalesce(dates->>'to', dates->>'from') THEN
			to_char(d, 'MM-DD') >= dates->>'from'
			AND to_char(d, 'MM-DD') <= coalesce(dates->>'to', dates->>'from')
		ELSE							-- over the turn of the year
			to_char(d, 'MM-DD') >= dates->>'from'
			OR to_char(d, 'MM-DD') <= dates->>'to'
	END
$$;

-- during or outside
CREATE FUNCTION twin.in_force(a jsonb, d date) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
	SELECT NOT a ? 'during'
		OR twin.date_within(d, a->'during') <> (a->'during' ? 'outside')
$$;

CREATE FUNCTION twin.weekday(d date) RETURNS int
LANGUAGE sql IMMUTABLE AS $$
	SELECT extract(isodow FROM d)::int - 1
$$;

-- Is the wall clock in the span?  An overnight span belongs to the day on
-- which it starts.
CREATE FUNCTION twin.in_span(a jsonb, local timestamp) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE
		WHEN (a->>'from')::time < (a->>'to')::time THEN
			local::time >= (a->>'from')::time
			AND local::time < (a->>'to')::time
			AND (NOT a ? 'days'
				OR a->'days' @> to_jsonb(twin.weekday(local::date)))
		ELSE
			local::time >= (a->>'from')::time
			AND (NOT a ? 'days'
				OR a->'days' @> to_jsonb(twin.weekday(local::date)))
			OR local::time < (a->>'to')::time
			AND (NOT a ? 'days'
				OR a->'days' @> to_jsonb(twin.weekday(local::date - 1)))
	END
$$;

-- timestamptz + interval reads the setting TimeZone: make it the rule's.
CREATE FUNCTION twin.use_zone(zone text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF current_setting('TimeZone') <> zone THEN
		PERFORM set_config('TimeZone', zone, true);
	END IF;
END
$$;

-- ------------------------------------------------------------------- rules

-- The contacts of the window that ends at e.
CREATE FUNCTION twin.in_window(seen twin.seen[], w jsonb, e timestamptz,
	zone text, week_start int) RETURNS SETOF twin.seen
LANGUAGE plpgsql AS $$
DECLARE
	first_date date;
BEGIN
	PERFORM twin.use_zone(zone);
	IF w->>'t' = 'ever' THEN
		RETURN QUERY SELECT * FROM unnest(seen) AS c WHERE c.at <= e;
	ELSIF w->>'t' = 'rolling' THEN
		RETURN QUERY SELECT * FROM unnest(seen) AS c
			WHERE c.at <= e AND e < c.at + (w->>'d')::interval;
	ELSE
		first_date := twin.window_start(twin.local_date(e, zone), w,
			week_start);
		RETURN QUERY SELECT * FROM unnest(seen) AS c
			WHERE c.at <= e AND twin.local_date(c.at, zone) >= first_date;
	END IF;
END
$$;

CREATE FUNCTION twin.filled(b twin.bound, e timestamptz) RETURNS numeric
LANGUAGE sql AS $$
	SELECT coalesce(sum(weight), 0)
	FROM twin.in_window(b.seen, b.a->'win', e, b.zone, b.week_start)
$$;

-- How full a cap is for a contact proposed at t: at t, or at the later contact
-- that has the proposed one in its window and is fullest.
CREATE FUNCTION twin.fullest(b twin.bound, t timestamptz) RETURNS numeric
LANGUAGE sql AS $$
	SELECT greatest(twin.filled(b, t), (
		SELECT max(twin.filled(b, c.at))
		FROM unnest(b.seen) AS c
		WHERE b.sees_self AND c.at > t
			AND EXISTS (SELECT FROM twin.in_window(
				ARRAY[ROW(t, 1, 'sent', NULL)::twin.seen], b.a->'win', c.at,
				b.zone, b.week_start))))
$$;

-- The run of unanswered contacts as it stands at t.
CREATE FUNCTION twin.run(seen twin.seen[], t timestamptz, age interval,
	OUT contacts int, OUT last_at timestamptz, OUT ever_answered boolean)
LANGUAGE plpgsql AS $$
DECLARE
	last_answer timestamptz;	-- the latest answer given up to t
	last_answered timestamptz;	-- the latest contact that has one
BEGIN
	SELECT max(c.answer_at), max(c.at) INTO last_answer, last_answered
	FROM unnest(seen) AS c
	WHERE c.at <= t AND c.answer_at <= t;

	SELECT count(*), max(c.at) INTO contacts, last_at
	FROM unnest(seen) AS c
	WHERE c.at <= t
		AND (c.answer_at IS NULL OR c.answer_at > t)
		AND c.at + age <= t
		AND c.at >= coalesce(last_answer, '-infinity')
		AND c.at > coalesce(last_answered, '-infinity');
	ever_answered := last_answer IS NOT NULL;
END
$$;

-- Does the rule let the proposed contact pass at t?
CREATE FUNCTION twin.passes(b twin.bound, t timestamptz) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
	today date := twin.local_date(t, b.zone);
	d interval := (b.a->>'d')::interval;
	n numeric := (b.a->>'n')::numeric;
	run record;
BEGIN
	IF NOT twin.in_force(b.a, today) THEN
		RETURN true;
	END IF;
	PERFORM twin.use_zone(b.zone);

	IF b.k = 'max' THEN
		IF n = 0 THEN
			RETURN false;
		END IF;
		IF NOT b.sees_self THEN
			RETURN twin.filled(b, t) <= n;
		END IF;
		RETURN twin.fullest(b, t) + b.self_weight <= n;

	ELSIF b.k = 'gap' THEN
		RETURN NOT EXISTS (
			SELECT FROM unnest(b.seen) AS c
			WHERE CASE
				WHEN c.at <= t THEN t < c.at + d
				WHEN b.a ? 'after' THEN false
				ELSE c.at < t + d
			END);

	ELSIF b.k = 'within' THEN
		RETURN EXISTS (
			SELECT FROM unnest(b.seen) AS c
			WHERE c.at <= t AND t <= c.at + d);

	ELSIF b.k = 'quiet' THEN
		RETURN NOT twin.in_span(b.a, t AT TIME ZONE b.zone);

	ELSIF b.k = 'only' THEN
		RETURN coalesce((
			SELECT bool_or(twin.in_span(a, t AT TIME ZONE b.zone))
			FROM unnest(b.alternatives) AS a
			WHERE twin.in_force(a, today)), true);

	ELSIF b.k IN ('only_on', 'not_on') THEN
		RETURN (b.k = 'only_on') = CASE
			WHEN b.a ? 'days' THEN
				b.a->'days' @> to_jsonb(twin.weekday(today))
			ELSE twin.date_within(today, b.a->'on')
		END;

	ELSIF b.k = 'pause' AND b.a ? 'outcome' THEN
		RETURN NOT EXISTS (
			SELECT FROM unnest(b.seen) AS c
			WHERE c.at <= t AND (d IS NULL OR t < c.at + d)
				AND (SELECT count(*) FROM twin.in_window(b.seen,
						coalesce(b.a->'win', '{"t": "ever"}'), c.at, b.zone,
						b.week_start)) >= n);

	ELSIF b.k = 'pause' THEN
		SELECT * INTO run
		FROM twin.run(b.seen, t, coalesce((b.a->>'age')::interval, '0'));
		RETURN run.contacts < n
			OR b.a->>'what' = 'never answered' AND run.ever_answered
			OR d IS NOT NULL AND t >= run.last_at + d;

	ELSIF b.k = 'never' THEN
		RETURN false;
	END IF;
	RAISE 'no such rule: %', b.k;
END
$$;

CREATE FUNCTION twin.allowed(rules twin.bound[], t timestamptz)
RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
	b twin.bound;
BEGIN
	FOREACH b IN ARRAY rules LOOP
		IF NOT twin.passes(b, t) THEN
			RETURN false;
		END IF;
	END LOOP;
	RETURN true;
END
$$;

-- --------------------------------------------------- the first instant when

CREATE FUNCTION twin.micros(t timestamptz) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
	SELECT round(extract(epoch FROM t)::numeric * 1000000)::bigint
$$;

CREATE FUNCTION twin.from_micros(m bigint) RETURNS timestamptz
LANGUAGE sql IMMUTABLE AS $$
	SELECT timestamptz '1970-01-01 00:00+00' + m * interval '1 microsecond'
$$;

CREATE FUNCTION twin.utc_offset(t timestamptz, zone text) RETURNS interval
LANGUAGE sql IMMUTABLE AS $$
	SELECT (t AT TIME ZONE zone) - (t AT TIME ZONE 'UTC')
$$;

-- Where the zone changes its offset within n days around t.
CREATE FUNCTION twin.transitions(zone text, t timestamptz, n int)
RETURNS SETOF timestamptz
LANGUAGE plpgsql AS $$
DECLARE
	lo bigint;
	hi bigint;
	day bigint;
	before interval;
BEGIN
	FOR day IN
		SELECT m
		FROM generate_series(twin.micros(t) - 2 * 86400000000,
			twin.micros(t) + n * 86400000000, 86400000000) AS m
		WHERE twin.utc_offset(twin.from_micros(m), zone)
			<> twin.utc_offset(twin.from_micros(m + 86400000000), zone)
	LOOP
		lo := day;
		hi := day + 86400000000;
		before := twin.utc_offset(twin.from_micros(lo), zone);
		WHILE hi - lo > 1 LOOP
			IF twin.utc_offset(twin.from_micros((lo + hi) / 2), zone) = before
			THEN
				lo := (lo + hi) / 2;
			ELSE
				hi := (lo + hi) / 2;
			END IF;
		END LOOP;
		RETURN NEXT twin.from_micros(hi);
	END LOOP;
END
$$;

-- Midnights and other local times may exist twice or not at all: look also
-- around them.
CREATE FUNCTION twin.around(t timestamptz) RETURNS SETOF timestamptz
LANGUAGE sql AS $$
	SELECT t + h * interval '30 minutes'
	FROM unnest(ARRAY[-48, -4, -2, -1, 0, 1, 2, 4, 48]) AS h
$$;

-- Instants at which the rule may begin to pass: those that its contacts and
-- its dates bring.  A generous list; first_pass() narrows it down.
CREATE FUNCTION twin.changes(b twin.bound, t timestamptz)
RETURNS SETOF timestamptz
LANGUAGE plpgsql AS $$
DECLARE
	a jsonb;
	dates jsonb;
	w jsonb := b.a->'win';
	d interval := coalesce(w->>'d', b.a->>'d')::interval;
	c twin.seen;
	on_date date;
	unit interval;
BEGIN
	PERFORM twin.use_zone(b.zone);
	FOREACH c IN ARRAY coalesce(b.seen, '{}') LOOP
		RETURN NEXT c.at;
		RETURN NEXT c.at + interval '1 microsecond';
		RETURN NEXT c.answer_at;
		IF d IS NOT NULL THEN
			RETURN NEXT c.at + d;
			RETURN NEXT c.at + d + interval '1 microsecond';
		END IF;
		RETURN NEXT c.at + (b.a->>'d')::interval;
		RETURN NEXT c.at + (b.a->>'age')::interval;
		-- where an instant + d passes this contact
		IF b.k IN ('max', 'gap') AND d IS NOT NULL AND c.at > t THEN
			RETURN QUERY SELECT * FROM twin.around(c.at - d);
			RETURN QUERY SELECT around
				FROM generate_series(-4, 4) AS n,
					twin.around(((c.at - d) AT TIME ZONE b.zone)::date
						::timestamp AT TIME ZONE b.zone
						+ n * interval '1 day') AS around;
		END IF;
		-- where the contact leaves a calendar window, or a later contact's
		-- window begins
		IF w->>'t' = 'cal' THEN
			unit := CASE w->>'unit' WHEN 'quarter' THEN interval '3 months'
				ELSE ('1 ' || (w->>'unit'))::interval END;
			on_date := twin.local_date(c.at, b.zone);
			RETURN QUERY
				SELECT around
				FROM generate_series(-1, (w->>'n')::int + 1) AS n,
					LATERAL (VALUES
						(twin.unit_start((on_date + n * unit)::date,
							w->>'unit', b.week_start)),
						(twin.unit_start((on_date + n * unit)::date,
							coalesce(w->>'by', w->>'unit'), b.week_start)),
						(twin.window_start(on_date, w, b.week_start))
					) AS day(d),
					twin.around(day.d::timestamp AT TIME ZONE b.zone);
			IF w ? 'by' THEN
				-- the windows that begin in the next larger units
				RETURN QUERY
					SELECT around
					FROM generate_series(0, 3) AS m,
						generate_series(0, (w->>'n')::int) AS n,
						twin.around(twin.unit_start((twin.unit_start(
								(on_date + m * CASE w->>'by'
									WHEN 'quarter' THEN interval '3 months'
									ELSE ('1 ' || (w->>'by'))::interval
								END)::date, w->>'by', b.week_start)
								+ n * unit)::date, w->>'unit', b.week_start)
							::timestamp AT TIME ZONE b.zone);
			END IF;
		END IF;
	END LOOP;

	FOR a IN
		SELECT b.a UNION ALL SELECT unnest(b.alternatives)
	LOOP
		FOR dates IN
			SELECT a->'during' WHERE a ? 'during'
			UNION ALL SELECT a->'on' WHERE a ? 'on'
		LOOP
			RETURN QUERY
				SELECT around
				FROM (
					SELECT (dates->>'from')::date
					WHERE length(dates->>'from') > 5
					UNION ALL
					SELECT coalesce(dates->>'to', dates->>'from')::date + 1
					WHERE length(dates->>'from') > 5
					UNION ALL
					-- the 29th of February is the 1st of March where there
					-- is none
					SELECT make_date(y, left(md, 2)::int, 1)
						+ right(md, 2)::int - 1 + past
					FROM generate_series(
							extract(year FROM t)::int - 1,
							extract(year FROM t)::int + 11) AS y,
						(VALUES (dates->>'from', 0),
							(coalesce(dates->>'to', dates->>'from'), 0),
							(coalesce(dates->>'to', dates->>'from'), 1))
							AS edge(md, past)
					WHERE length(dates->>'from') = 5
				) AS edges(day),
				twin.around(day::timestamp AT TIME ZONE b.zone);
		END LOOP;
	END LOOP;
END
$$;

-- The clock on the wall comes round: its edges in the sixteen days from t on.
CREATE FUNCTION twin.clock_edges(b twin.bound, t timestamptz)
RETURNS SETOF timestamptz
LANGUAGE plpgsql AS $$
BEGIN
	IF b.k NOT IN ('quiet', 'only', 'only_on', 'not_on') THEN
		RETURN;
	END IF;
	RETURN QUERY SELECT * FROM twin.transitions(b.zone, t, 17);
	RETURN QUERY
		SELECT around
		FROM (SELECT a->>'from'
				FROM unnest(b.alternatives || b.a) AS a
			UNION SELECT a->>'to' FROM unnest(b.alternatives || b.a) AS a
			UNION SELECT '00:00') AS edge(at),
			generate_series(-1, 16) AS n,
			twin.around((twin.local_date(t, b.zone) + n + edge.at::time)
				AT TIME ZONE b.zone)
		WHERE edge.at IS NOT NULL;
END
$$;

-- The first instant from t on at which the rule, alone, passes.
CREATE FUNCTION twin.first_pass(b twin.bound, t timestamptz)
RETURNS timestamptz
LANGUAGE plpgsql AS $$
DECLARE
	x timestamptz;
	lo bigint := twin.micros(t);
	hi bigint;
BEGIN
	IF twin.passes(b, t) THEN
		RETURN t;
	END IF;
	FOR x IN
		SELECT DISTINCT at
		FROM (SELECT twin.changes(b, t)
			UNION ALL SELECT twin.clock_edges(b, t)) AS candidate(at)
		WHERE at > t
		ORDER BY at
	LOOP
		IF twin.passes(b, x) THEN
			-- between the last that failed and this one lies the edge
			hi := twin.micros(x);
			WHILE hi - lo > 1 LOOP
				IF twin.passes(b, twin.from_micros((lo + hi) / 2)) THEN
					hi := (lo + hi) / 2;
				ELSE
					lo := (lo + hi) / 2;
				END IF;
			END LOOP;
			RETURN twin.from_micros(hi);
		END IF;
		lo := twin.micros(x);
	END LOOP;
	RETURN 'infinity';
END
$$;

-- The first instant from t on, up to a horizon, at which all pass: no rule
-- alone passes before the latest of their own first instants, so go there and
-- ask again.
CREATE FUNCTION twin.search(rules twin.bound[], t timestamptz,
	horizon timestamptz) RETURNS timestamptz
LANGUAGE plpgsql AS $$
DECLARE
	b twin.bound;
	x timestamptz := t;
	own timestamptz;
	moved boolean := true;
BEGIN
	WHILE moved LOOP
		moved := false;
		FOREACH b IN ARRAY rules LOOP
			own := twin.first_pass(b, x);
			IF own > horizon THEN
				RETURN 'infinity';
			END IF;
			IF own > x THEN
				x := own;
				moved := true;
			END IF;
		END LOOP;
	END LOOP;
	RETURN x;
END
$$;

CREATE FUNCTION twin.next(rules twin.bound[], t timestamptz)
RETURNS timestamptz
LANGUAGE plpgsql AS $$
DECLARE
	weekly twin.bound[];
	horizon timestamptz;
BEGIN
	SET LOCAL TimeZone = 'UTC';
	-- a week that never opens: not worth ten years of looking
	weekly := ARRAY(
		SELECT r::twin.bound FROM unnest(rules) AS r
		WHERE r.k IN ('quiet', 'only', 'only_on', 'not_on')
			AND NOT EXISTS (
				SELECT FROM unnest(r.alternatives || r.a) AS e(clause)
				WHERE clause ? 'during' OR clause ? 'on'));
	IF (SELECT count(DISTINCT zone) FROM unnest(weekly)) = 1
		AND twin.search(weekly, t, t + interval '15 days') = 'infinity'
	THEN
		RETURN 'infinity';
	END IF;

	SET LOCAL TimeZone = 'UTC';
	horizon := t + interval '10 years';
	IF NOT EXISTS (
		SELECT FROM unnest(rules) AS r,
			unnest(r.alternatives || r.a) AS e(clause)
		WHERE length(clause->'during'->>'from') = 5
			OR length(clause->'on'->>'from') = 5)
	THEN
		SELECT least(horizon, greatest(t, max(at)) + interval '15 days')
			INTO horizon
		FROM unnest(rules) AS r, twin.changes(r, t) AS at;
	END IF;
	RETURN twin.search(rules, t, horizon);
END
$$;

-- -------------------------------------------------------------- the answer

CREATE TYPE twin.verdict AS (
	allowed boolean,
	reason text,
	ord int,					-- the binding rule
	room numeric,				-- allowed: cap minus counted, the least
	retry_at timestamptz
);

CREATE FUNCTION twin.verdict(rules twin.bound[], t timestamptz)
RETURNS twin.verdict
LANGUAGE plpgsql AS $$
DECLARE
	v twin.verdict;
	zone text := current_setting('TimeZone');
BEGIN
	v.allowed := twin.allowed(rules, t);
	IF v.allowed THEN
		SELECT r.ord, (r.a->>'n')::numeric - twin.fullest(r, t) AS room
			INTO v.ord, v.room
		FROM unnest(rules) AS r
		WHERE r.k = 'max'
			AND twin.in_force(r.a, twin.local_date(t, r.zone))
		ORDER BY room, r.ord
		LIMIT 1;
	ELSE
		SELECT r.ord, r.reason INTO v.ord, v.reason
		FROM unnest(rules) AS r,
			twin.first_pass(r, t) AS own
		WHERE NOT twin.passes(r, t)
		ORDER BY CASE WHEN own > t + interval '10 years' THEN 'infinity'
			ELSE own END DESC, r.ord
		LIMIT 1;
		v.retry_at := twin.next(rules, t);
	END IF;
	PERFORM set_config('TimeZone', zone, true);
	RETURN v;
END
$$;

-- ---------------------------------------------------- counts of a history

CREATE FUNCTION twin.counted_contacts(log twin.contact[], channel text,
	purpose text) RETURNS twin.seen[]
LANGUAGE sql IMMUTABLE AS $$
	SELECT ARRAY(
		SELECT ROW(c.at, coalesce(c.weight, 1), c.outcome,
			coalesce(c.answered_at, c.at))::twin.seen
		FROM unnest(log) AS c
		WHERE twin.counted(c.outcome)
			AND (counted_contacts.channel IS NULL
				OR c.channel = counted_contacts.channel)
			AND (counted_contacts.purpose IS NULL
				OR twin.purpose_matches(c.purpose, counted_contacts.purpose)))
$$;

CREATE FUNCTION twin.count_and_weight(log twin.contact[], within interval,
	as_of timestamptz, channel text, purpose text, zone text,
	OUT contacts int, OUT weight numeric)
LANGUAGE sql AS $$
	SELECT count(*), coalesce(sum(c.weight), 0)
	FROM twin.in_window(twin.counted_contacts(log, channel, purpose),
		jsonb_build_object('t', 'rolling', 'd', within), as_of, zone, 0) AS c
$$;

CREATE FUNCTION twin.peak(log twin.contact[], within interval, channel text,
	purpose text, zone text) RETURNS int
LANGUAGE sql AS $$
	SELECT coalesce(max((
		SELECT count(*) FROM twin.in_window(seen,
			jsonb_build_object('t', 'rolling', 'd', within), e.at, zone, 0))),
		0)
	FROM twin.counted_contacts(log, channel, purpose) AS seen,
		unnest(seen) AS e
$$;

CREATE FUNCTION twin.last_at(log twin.contact[], channel text, purpose text,
	as_of timestamptz) RETURNS timestamptz
LANGUAGE sql AS $$
	SELECT max(c.at)
	FROM unnest(twin.counted_contacts(log, channel, purpose)) AS c
	WHERE c.at <= as_of
$$;

CREATE FUNCTION twin.unanswered(log twin.contact[], channel text,
	purpose text, as_of timestamptz, answer text) RETURNS int
LANGUAGE sql AS $$
	SELECT run.contacts
	FROM twin.run(ARRAY(
		SELECT ROW(c.at, c.weight, c.outcome,
			CASE WHEN twin.reaches(c.outcome, answer)
				THEN c.answer_at END)::twin.seen
		FROM unnest(twin.counted_contacts(log, channel, purpose)) AS c
		WHERE c.outcome <> 'planned'), as_of, '0') AS run
$$;
