-- The extension against its slow twin, on random cases.  Every function here
-- takes a seed, so that what differs can be looked at again:
--
--   SELECT * FROM twin.differences(4711);
--   SELECT twin.show(4711);
--
-- Loaded after twin.sql and generate.sql, with the extension installed.

CREATE FUNCTION twin.rule_text(r twin.bound) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT CASE
		WHEN r.reason = 'opt_out' THEN 'opted out: ' || (r.scope #>> '{}')
		ELSE twin.scope_text(r.scope) || ': '
			|| twin.clause_text(coalesce(r.alternatives[1], r.a))
	END
$$;

-- The question, its policy and its history, as SQL to run.
CREATE FUNCTION twin.show(seed int) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	r twin.random_case := twin.random_case(seed);
BEGIN
	RETURN format($sql$-- seed %s
SELECT at, v.*, next_contact_at(h, p, c, u, at, z, o, i, w)
FROM (SELECT %L::contact_history AS h,
		%L::contact_policy AS p,
		%L AS c, %L AS u, %L::text AS z, %L::text[] AS o, %L::text[] AS i,
		%L::numeric AS w) AS q,
	unnest(%L::timestamptz[]) AS at,
	contact_verdict(h, p, c, u, at, z, o, i, w) AS v;
$sql$,
		seed, twin.history_text(r.log), twin.policy_text(r.policy), r.channel,
		r.purpose, r.zone, r.opted_out, r.opted_in, r.weight, r.questions);
END
$$;

-- What the extension and the twin say of one instant.
CREATE FUNCTION twin.verdict_differences(r twin.random_case,
	rules twin.bound[], h contact_pressure.contact_history,
	p contact_pressure.contact_policy, t timestamptz)
RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
	mine contact_pressure.contact_verdict;
	next_at timestamptz;
	may boolean;
	theirs twin.verdict;
	rule twin.bound;
BEGIN
	may := contact_pressure.may_contact(h, p, r.channel, r.purpose, t, r.zone,
		r.opted_out, r.opted_in, r.weight);
	mine := contact_pressure.contact_verdict(h, p, r.channel, r.purpose, t,
		r.zone, r.opted_out, r.opted_in, r.weight);
	next_at := contact_pressure.next_contact_at(h, p, r.channel, r.purpose, t,
		r.zone, r.opted_out, r.opted_in, r.weight);
	theirs := twin.verdict(rules, t);
	SELECT * INTO rule FROM unnest(rules) AS b WHERE b.ord = theirs.ord;

	IF may IS DISTINCT FROM theirs.allowed THEN
		RETURN NEXT format('may_contact %s, twin %s (%s)', may,
			theirs.allowed, twin.rule_text(rule));
	END IF;
	IF mine.allowed IS DISTINCT FROM may THEN
		RETURN NEXT format('verdict %s, may_contact %s', mine.allowed, may);
	END IF;
	IF next_at IS DISTINCT FROM coalesce(theirs.retry_at, t) THEN
		RETURN NEXT format('next_contact_at %s, twin %s', next_at,
			coalesce(theirs.retry_at, t));
	END IF;
	IF may IS DISTINCT FROM theirs.allowed
		OR mine.allowed IS DISTINCT FROM theirs.allowed
	THEN
		RETURN;
	END IF;

	IF NOT theirs.allowed THEN
		IF mine.retry_at IS DISTINCT FROM next_at THEN
			RETURN NEXT format('retry_at %s, next_contact_at %s',
				mine.retry_at, next_at);
		END IF;
		IF mine.reason IS DISTINCT FROM theirs.reason THEN
			RETURN NEXT format('reason %s (%s), twin %s (%s)', mine.reason,
				mine.rule, theirs.reason, twin.rule_text(rule));
		ELSIF mine.rule IS DISTINCT FROM twin.rule_text(rule)
			AND coalesce(cardinality(rule.alternatives), 0) < 2
		THEN
			RETURN NEXT format('rule "%s", twin "%s"', mine.rule,
				twin.rule_text(rule));
		END IF;
		IF mine.reason = 'cap' AND mine.rule = twin.rule_text(rule)
			AND mine.counted IS DISTINCT FROM twin.fullest(rule, t)::float8
		THEN
			RETURN NEXT format('counted %s, twin %s', mine.counted,
				twin.fullest(rule, t));
		END IF;
	ELSE
		IF mine.reason IS NOT NULL THEN
			RETURN NEXT format('allowed, but reason %s', mine.reason);
		END IF;
		IF round((mine.cap - mine.counted)::numeric, 6)
			IS DISTINCT FROM round(theirs.room, 6)
		THEN
			RETURN NEXT format('least left: %s of %s (%s), twin %s (%s)',
				mine.counted, mine.cap, mine.rule, theirs.room,
				twin.rule_text(rule));
		END IF;
	END IF;
	IF nullif(mine.layer, '') IS DISTINCT FROM rule.layer_name
		AND mine.rule = twin.rule_text(rule)
	THEN
		RETURN NEXT format('layer %s, twin %s', mine.layer, rule.layer_name);
	END IF;
END
$$;

-- Which rules refuse, and each one's own first passing instant.
CREATE FUNCTION twin.explain_differences(r twin.random_case,
	rules twin.bound[], h contact_pressure.contact_history,
	p contact_pressure.contact_policy, t timestamptz)
RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
	saved text := current_setting('TimeZone');
BEGIN
	RETURN QUERY
		SELECT format('explain: "%s" passes at %s, twin "%s" at %s',
			mine.rule, mine.passes_at, theirs.rule, theirs.passes_at)
		FROM (
			SELECT DISTINCT e.rule, e.passes_at
			FROM contact_pressure.explain_contact(h, p, r.channel, r.purpose,
				t, r.zone, r.opted_out, r.opted_in, r.weight) AS e
			WHERE NOT e.passes AND e.rule !~ ': only [0-9]'
		) AS mine
		FULL JOIN (
			SELECT DISTINCT twin.rule_text(b) AS rule, CASE
				WHEN own > t + interval '10 years' THEN 'infinity' ELSE own
				END AS passes_at
			FROM unnest(rules) AS b, twin.first_pass(b, t) AS own
			WHERE b.k <> 'only' AND NOT twin.passes(b, t)
		) AS theirs
		ON mine.rule = theirs.rule AND mine.passes_at = theirs.passes_at
		WHERE mine.rule IS NULL OR theirs.rule IS NULL;
	PERFORM set_config('TimeZone', saved, true);
END
$$;

-- The layers of a policy, parsed one by one and joined, are the policy; and
-- without a policy only opt-outs refuse.
CREATE FUNCTION twin.policy_differences(r twin.random_case,
	h contact_pressure.contact_history, p contact_pressure.contact_policy)
RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
	layer jsonb;
	joined contact_pressure.contact_policy := '';
	refused boolean;
BEGIN
	IF p::text::contact_pressure.contact_policy::text <> p::text THEN
		RETURN NEXT 'the text of a policy is not stable';
	END IF;
	FOR layer IN SELECT jsonb_array_elements(r.policy->'layers') LOOP
		joined := joined OPERATOR(contact_pressure.||) twin.policy_text(
			jsonb_build_object('layers', jsonb_build_array(layer)))
			::contact_pressure.contact_policy;
	END LOOP;
	IF joined::text <> p::text THEN
		RETURN NEXT format('layers joined: %s', joined);
	END IF;
	refused := cardinality(twin.bind('{"layers": []}', r.log, r.channel,
		r.purpose, r.zone, r.opted_out, r.opted_in, r.weight)) > 0;
	IF contact_pressure.may_contact(h, NULL, r.channel, r.purpose,
		r.questions[1], r.zone, r.opted_out, r.opted_in, r.weight) = refused
	THEN
		RETURN NEXT format('no policy: may_contact %s', NOT refused);
	END IF;
END
$$;

-- The functions that count in a history.
CREATE FUNCTION twin.count_differences(r twin.random_case,
	h contact_pressure.contact_history, t timestamptz)
RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
	within interval := twin.pick(VARIADIC r.durations)::interval;
	ch text := CASE WHEN twin.chance(0.5) THEN 'email' END;
	pu text := CASE WHEN twin.chance(0.5)
		THEN twin.pick('promo', 'promo.summer', 'otp', 'news') END;
	zone text := coalesce(r.zone, 'UTC');
	answer text := twin.pick('opened', 'clicked', 'delivered', 'converted',
		'sent', 'replied');
	what text := format('(%s, %s, %s, %s, %s)', within, t, ch, pu, zone);
	theirs record;
	mine record;
BEGIN
	SELECT * INTO theirs
	FROM twin.count_and_weight(r.log, within, t, ch, pu, zone);
	SELECT contact_pressure.contact_count(h, within, t, ch, pu, zone)
			AS contacts,
		contact_pressure.contact_pressure(h, within, t, ch, pu, zone)
			AS weight,
		contact_pressure.contact_peak(h, within, ch, pu, zone) AS peak,
		contact_pressure.last_contact_at(h, ch, pu, t) AS last_at,
		contact_pressure.unanswered(h, ch, pu, t, answer) AS unanswered
	INTO mine;
	IF mine.contacts IS DISTINCT FROM theirs.contacts THEN
		RETURN NEXT format('contact_count%s %s, twin %s', what,
			mine.contacts, theirs.contacts);
	END IF;
	IF round(mine.weight::numeric, 6) IS DISTINCT FROM round(theirs.weight, 6)
	THEN
		RETURN NEXT format('contact_pressure%s %s, twin %s', what,
			mine.weight, theirs.weight);
	END IF;
	IF mine.peak IS DISTINCT FROM twin.peak(r.log, within, ch, pu, zone) THEN
		RETURN NEXT format('contact_peak%s %s, twin %s', what, mine.peak,
			twin.peak(r.log, within, ch, pu, zone));
	END IF;
	IF mine.last_at IS DISTINCT FROM twin.last_at(r.log, ch, pu, t) THEN
		RETURN NEXT format('last_contact_at%s %s, twin %s', what,
			mine.last_at, twin.last_at(r.log, ch, pu, t));
	END IF;
	IF mine.unanswered IS DISTINCT FROM
		twin.unanswered(r.log, ch, pu, t, answer)
	THEN
		RETURN NEXT format('unanswered%s by %s: %s, twin %s', what, answer,
			mine.unanswered, twin.unanswered(r.log, ch, pu, t, answer));
	END IF;

	-- the same count over the rows of a log
	RETURN QUERY
		SELECT format('rolling_contacts(%s, %s) %s, twin %s', at, within,
			rolled, looked)
		FROM (
			SELECT c.at, contact_pressure.rolling_contacts(c.at, within)
					OVER (PARTITION BY c.channel ORDER BY c.at) AS rolled,
				(SELECT count(*) FROM unnest(r.log) AS o
				WHERE o.channel = c.channel AND o.at <= c.at
					AND c.at AT TIME ZONE 'UTC'
						< o.at AT TIME ZONE 'UTC' + within) AS looked
			FROM unnest(r.log) AS c) AS both_ways
		WHERE rolled <> looked;
END
$$;

-- A history that was trimmed gives the same answer or none.
CREATE FUNCTION twin.trim_differences(r twin.random_case,
	h contact_pressure.contact_history, p contact_pressure.contact_policy,
	before timestamptz, t timestamptz, expected boolean)
RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
	may boolean;
BEGIN
	may := contact_pressure.may_contact(
		contact_pressure.trim_contacts(h, before), p, r.channel, r.purpose, t,
		r.zone, r.opted_out, r.opted_in, r.weight);
	IF may IS DISTINCT FROM expected THEN
		RETURN NEXT format('trimmed before %s: may_contact %s, twin %s',
			before, may, expected);
	END IF;
EXCEPTION
	WHEN object_not_in_prerequisite_state THEN
		RETURN;					-- it reaches behind the horizon
END
$$;

CREATE FUNCTION twin.trimmed_count_differences(r twin.random_case,
	h contact_pressure.contact_history, before timestamptz, t timestamptz)
RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
	d text;
BEGIN
	FOR d IN
		SELECT * FROM twin.count_differences(r,
			contact_pressure.trim_contacts(h, before), t)
	LOOP
		RETURN NEXT format('trimmed before %s: %s', before, d);
	END LOOP;
EXCEPTION
	WHEN object_not_in_prerequisite_state THEN
		RETURN;
END
$$;

-- The aggregate over the rows of the log makes the history the text made.
CREATE FUNCTION twin.history_differences(r twin.random_case,
	h contact_pressure.contact_history) RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
	built contact_pressure.contact_history;
	halves contact_pressure.contact_history;
BEGIN
	SELECT contact_pressure.contact_history(c.at, c.channel, c.purpose,
			c.weight, c.outcome) INTO built
	FROM unnest(r.log) AS c
	WHERE c.answered_at IS NULL;
	SELECT contact_pressure.contact_history(half) INTO halves
	FROM (
		SELECT contact_pressure.contact_history(c.at, c.channel, c.purpose,
			c.weight, c.outcome) AS half
		FROM unnest(r.log) WITH ORDINALITY AS c
		WHERE c.answered_at IS NULL
		GROUP BY c.ordinality % 3) AS parts;
	IF halves::text IS DISTINCT FROM built::text THEN
		RETURN NEXT 'histories merged are not the history of all';
	END IF;
	IF NOT EXISTS (
		SELECT FROM unnest(r.log) AS c WHERE c.answered_at IS NOT NULL)
		AND built::text IS DISTINCT FROM h::text AND cardinality(r.log) > 0
	THEN
		RETURN NEXT 'the aggregate differs from the text';
	END IF;
	IF h::text::contact_pressure.contact_history::text <> h::text THEN
		RETURN NEXT 'the text of a history is not stable';
	END IF;
END
$$;

-- All that differs in a case; nothing when the two agree.
CREATE FUNCTION twin.differences(seed int)
RETURNS TABLE (at timestamptz, difference text)
LANGUAGE plpgsql AS $$
DECLARE
	r twin.random_case := twin.random_case(seed);
	rules twin.bound[] := twin.bind(r.policy, r.log, r.channel, r.purpose,
		r.zone, r.opted_out, r.opted_in, r.weight);
	h contact_pressure.contact_history;
	p contact_pressure.contact_policy;
	saved text := current_setting('TimeZone');
	t timestamptz;
	may boolean;
	message text;
BEGIN
	h := twin.history_text(r.log)::contact_pressure.contact_history;
	p := twin.policy_text(r.policy)::contact_pressure.contact_policy;
	RETURN QUERY SELECT NULL::timestamptz, d
		FROM twin.policy_differences(r, h, p) AS d;
	RETURN QUERY SELECT NULL::timestamptz, d
		FROM twin.history_differences(r, h) AS d;
	FOREACH t IN ARRAY r.questions LOOP
		RETURN QUERY SELECT t, d
			FROM twin.verdict_differences(r, rules, h, p, t) AS d;
		RETURN QUERY SELECT t, d
			FROM twin.explain_differences(r, rules, h, p, t) AS d;
		RETURN QUERY SELECT t, d FROM twin.count_differences(r, h, t) AS d;
		may := twin.allowed(rules, t);
		PERFORM set_config('TimeZone', saved, true);
		RETURN QUERY SELECT t, d
			FROM twin.trim_differences(r, h, p,
				r.questions[twin.between(1, 5)], t, may) AS d;
		RETURN QUERY SELECT t, d
			FROM twin.trimmed_count_differences(r, h,
				r.questions[twin.between(1, 5)], t) AS d;
	END LOOP;

	-- more instants, cheaply: may_contact alone
	FOR i IN 1..10 LOOP
		t := twin.random_time(r.questions[1], r.questions
			|| ARRAY(SELECT c.at FROM unnest(r.log) AS c), r.durations,
			coalesce(r.zone, 'UTC'));
		may := twin.allowed(rules, t);
		PERFORM set_config('TimeZone', saved, true);
		IF may IS DISTINCT FROM contact_pressure.may_contact(h, p, r.channel,
			r.purpose, t, r.zone, r.opted_out, r.opted_in, r.weight)
		THEN
			RETURN QUERY SELECT t,
				format('may_contact %s, twin %s', NOT may, may);
		END IF;
	END LOOP;
EXCEPTION
	WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
		RETURN QUERY SELECT t, format('error: %s', message);
END
$$;

-- The seeds of a range in which something differs.
CREATE FUNCTION twin.compare(first int, last int)
RETURNS TABLE (seed int, at timestamptz, difference text)
LANGUAGE sql AS $$
	SELECT s, d.at, d.difference
	FROM generate_series(first, last) AS s, twin.differences(s) AS d
$$;
