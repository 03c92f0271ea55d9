-- Published cases as policies: what the machine-readable rules of a case mean
-- in the policy language (twin.sql has the structured form), and what a case
-- calls its contacts.  Loaded by test/pgtap/published_cases.sql after twin.sql
-- and generate.sql.

-- "Black Friday" is black-friday
CREATE FUNCTION twin.slug(label text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
	SELECT btrim(regexp_replace(lower(label), '[^a-z0-9]+', '-', 'g'), '-')
$$;

-- A tag is a purpose; a nested tag is part of the purpose of its parent, and
-- the cases name the parent last.
CREATE FUNCTION twin.tags_purpose(tags jsonb) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
	SELECT string_agg(twin.slug(tag), '.' ORDER BY n DESC)
	FROM jsonb_array_elements_text(tags) WITH ORDINALITY AS t(tag, n)
$$;

CREATE FUNCTION twin.case_purpose(contact jsonb) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(twin.tags_purpose(coalesce(contact->'tags_at_send',
		contact->'tags')), contact->>'purpose')
$$;

CREATE FUNCTION twin.case_outcome(contact jsonb, planned boolean)
RETURNS text
LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE
		WHEN planned THEN 'planned'
		WHEN contact->>'status' = 'aborted' THEN 'rejected'
		ELSE coalesce(contact->>'status', 'sent')
	END
$$;

CREATE FUNCTION twin.case_log(c jsonb) RETURNS twin.contact[]
LANGUAGE sql STABLE AS $$
	SELECT ARRAY(
		SELECT ROW((contact->>'at')::timestamptz, contact->>'channel',
			twin.case_purpose(contact), NULL,
			twin.case_outcome(contact, planned), NULL)::twin.contact
		FROM (
			SELECT jsonb_array_elements(c->'history'), false
			UNION ALL
			SELECT jsonb_array_elements(c->'planned'), true
		) AS entry(contact, planned))
$$;

-- Seconds as the largest unit of exact time that gives a whole number.
CREATE FUNCTION twin.seconds_text(seconds bigint) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE
		WHEN seconds % 3600 = 0 THEN twin.units((seconds / 3600)::int, 'hour')
		WHEN seconds % 60 = 0 THEN twin.units((seconds / 60)::int, 'minute')
		ELSE twin.units(seconds::int, 'second')
	END
$$;

-- The window of a rule; NULL where the language has none that is the same.
CREATE FUNCTION twin.case_window(w jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
	SELECT jsonb_strip_nulls(CASE
		WHEN w->>'kind' = 'rolling' THEN
			jsonb_build_object('t', 'rolling', 'd',
				twin.seconds_text((w->>'seconds')::bigint)
				-- a closed window, on a clock of whole seconds
				|| CASE WHEN w->>'bounds' = '[]' THEN ' 1 second' ELSE '' END)
		WHEN w->>'kind' = 'any_window' THEN
			jsonb_build_object('t', 'rolling', 'd',
				twin.units((w->>'days')::int, 'day'))
		WHEN w->>'kind' = 'doubled' THEN
			-- the past half; the future half is what planned contacts get
			-- from the window itself
			jsonb_build_object('t', 'rolling', 'd',
				twin.seconds_text((w->>'seconds')::bigint))
		WHEN w->>'kind' = 'calendar' THEN
			jsonb_build_object('t', 'cal', 'n', 1, 'unit', w->>'unit')
		WHEN w->>'kind' = 'rolling_extended' THEN
			-- the day of the contact is one of the days
			jsonb_build_object('t', 'cal', 'unit', 'day',
				'n', greatest((w->>'days')::int, 1), 'by', w->>'extend')
	END)
$$;

CREATE FUNCTION twin.case_scope(rule jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
	SELECT jsonb_build_object('ex', '[]'::jsonb, 'in', (
		SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('ch', channel,
			'pu', twin.tags_purpose(rule->'tags'))) ORDER BY n)
		FROM jsonb_array_elements_text(
				coalesce(rule->'channels', '["any"]'))
			WITH ORDINALITY AS e(channel, n)))
$$;

-- The structured policy of a case with rules; NULL without.
CREATE FUNCTION twin.case_policy(c jsonb) RETURNS jsonb
LANGUAGE sql STABLE AS $$
	SELECT jsonb_build_object('layers', jsonb_build_array(
		jsonb_build_object('name', NULL, 'st', jsonb_agg(s ORDER BY part, n))))
	FROM (
		SELECT DISTINCT ON (rule->'window'->>'tz') 1, n,
			jsonb_build_object('zone', rule->'window'->>'tz')
		FROM jsonb_array_elements(c->'rules') WITH ORDINALITY AS e(rule, n)
		WHERE rule->'window' ? 'tz'
		UNION ALL
		SELECT 2, min(n), jsonb_build_object('week', CASE
				rule->'window'->>'week_start' WHEN 'sunday' THEN 6 ELSE 0 END)
		FROM jsonb_array_elements(c->'rules') WITH ORDINALITY AS e(rule, n)
		WHERE rule->'window' ? 'week_start'
		GROUP BY rule->'window'->>'week_start'
		UNION ALL
		-- exempt contacts that count are exempt, others are transactional
		SELECT 3, min(n), jsonb_build_object(
			'scope', jsonb_build_object('ex', '[]'::jsonb, 'in',
				jsonb_build_array(
					jsonb_build_object('ch', 'any', 'pu', purpose))),
			'clauses', jsonb_build_array(jsonb_build_object('k', CASE
				WHEN c->'history' @> '[{"counts": true}]' THEN 'exempt'
				ELSE 'transactional' END)))
		FROM jsonb_array_elements(c->'rules') WITH ORDINALITY AS e(rule, n),
			jsonb_array_elements_text(rule->'exempt_purposes') AS purpose
		GROUP BY purpose
		UNION ALL
		SELECT 4, min(n), jsonb_build_object(
			'scope', jsonb_build_object('ex', '[]'::jsonb, 'in',
				jsonb_build_array(
					jsonb_build_object('ch', 'any', 'pu', twin.slug(tag)))),
			'clauses', '[{"k": "uncounted"}]'::jsonb)
		FROM jsonb_array_elements(c->'rules') WITH ORDINALITY AS e(rule, n),
			jsonb_array_elements_text(rule->'exclude_tags') AS tag
		GROUP BY tag
		UNION ALL
		SELECT 5, n, jsonb_build_object('scope', twin.case_scope(rule),
			'clauses', jsonb_build_array(jsonb_build_object('k', 'max',
				'n', rule->'max', 'win', twin.case_window(rule->'window'))))
		FROM jsonb_array_elements(c->'rules') WITH ORDINALITY AS e(rule, n)
	) AS statement(part, n, s)
	WHERE c ? 'rules'
	HAVING bool_and(NOT s @> '{"clauses": [{"k": "max", "win": null}]}')
$$;

-- The zone of the question: the contact's, unless the rules count in another.
CREATE FUNCTION twin.case_zone(c jsonb) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT c->>'tz'
	WHERE NOT EXISTS (
		SELECT FROM jsonb_array_elements(c->'rules') AS rule
		WHERE rule->'window'->>'tz' <> c->>'tz')
$$;
