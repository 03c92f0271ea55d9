-- src/segment/moves.sql: who was in which segment when, who moved, who will
--
-- At an instant a person is where the last move until then led, that moment's
-- included: where the first later one came from, else where the person is now.
-- So only those who moved since then need a look into segment_change.

-- Compiling these queries takes longer than it saves: jit is off for them.

-- There is one order, the best first: the segments of the map in force,
-- then that of the prospects, then none at all.  What else a segment is called
-- (set by hand, of an earlier map) has no place in it.

CREATE FUNCTION contact_pressure.segment_order(
	OUT names  text[],
	OUT ranked integer,
	OUT loyals text[]
)
LANGUAGE sql STABLE PARALLEL SAFE COST 100
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
	SELECT CASE WHEN m.prospects <> ALL (m.names)
				THEN m.names || m.prospects ELSE m.names END,
		   cardinality(m.names), m.loyals
	  FROM (SELECT v.prospects,
				   array_agg(s.segment ORDER BY s.rank) AS names,
				   coalesce(array_agg(s.segment ORDER BY s.rank)
							FILTER (WHERE s.loyal), '{}') AS loyals
			  FROM (SELECT l.map, l.prospects
					  FROM contact_pressure.segment_model AS l
					 ORDER BY l.version DESC
					 LIMIT 1) AS v,
				   contact_pressure.segment_map_segments(v.map) AS s
			 GROUP BY v.prospects) AS m
$$;
COMMENT ON FUNCTION contact_pressure.segment_order() IS
	'the segments of the map in force, the best first, then that of the prospects; how many the map has, and which it marks as loyal';

CREATE FUNCTION contact_pressure.check_period(
	since   timestamptz,
	"until" timestamptz
) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 10
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
BEGIN
	IF check_period.since > check_period.until THEN
		RAISE EXCEPTION 'a period that ends (%) before it begins (%)',
				check_period.until, check_period.since
			USING ERRCODE = 'invalid_parameter_value',
				  HINT = 'Give the earlier instant first.';
	END IF;
END
$$;
COMMENT ON FUNCTION contact_pressure.check_period(timestamptz, timestamptz) IS
	'an error when a period ends before it begins';

-- --- where somebody was

CREATE FUNCTION contact_pressure.segment_at(id text, at timestamptz)
RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 1000
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
DECLARE
	who   text := segment_at.id;
	p     record;
	was   text;
	moves boolean;
BEGIN
	LOOP
		SELECT o.known_since, o.merged_into, o.segment INTO p
		  FROM contact_pressure.person AS o
		 WHERE o.person_id = who;
		IF NOT FOUND THEN
			RETURN NULL;
		END IF;
		SELECT c.from_segment INTO was
		  FROM contact_pressure.segment_change AS c
		 WHERE c.person_id = who AND c.at > segment_at.at
		 ORDER BY c.at, c.change_id
		 LIMIT 1;
		moves := FOUND;
		EXIT WHEN moves OR p.merged_into IS NULL;
		-- was somebody else by then; an error where persons go in a circle
		who := CASE WHEN contact_pressure.person_of(who) IS NOT NULL
					THEN p.merged_into END;
	END LOOP;
	IF p.known_since > segment_at.at
	   AND NOT EXISTS (SELECT
						 FROM contact_pressure.segment_change AS c
						WHERE c.person_id = who AND c.at <= segment_at.at) THEN
		RETURN NULL;
	END IF;
	RETURN CASE WHEN moves THEN was ELSE p.segment END;
END
$$;
COMMENT ON FUNCTION contact_pressure.segment_at(text, timestamptz) IS
	'the segment a person was in at an instant; NULL: in none, or not known yet';

CREATE FUNCTION contact_pressure.segment_at(id bigint, at timestamptz)
RETURNS text LANGUAGE sql STABLE PARALLEL SAFE COST 1000
AS 'SELECT contact_pressure.segment_at($1::pg_catalog.text, $2)';
COMMENT ON FUNCTION contact_pressure.segment_at(bigint, timestamptz) IS
	'segment_at() for an id that is a number';

CREATE FUNCTION contact_pressure.segment_at(id uuid, at timestamptz)
RETURNS text LANGUAGE sql STABLE PARALLEL SAFE COST 1000
AS 'SELECT contact_pressure.segment_at($1::pg_catalog.text, $2)';
COMMENT ON FUNCTION contact_pressure.segment_at(uuid, timestamptz) IS
	'segment_at() for an id that is a UUID';

-- Part of the query around it, which adds up or looks for what it wants: the
-- people are scanned once, and no row of them is kept.
CREATE FUNCTION contact_pressure.segments_then_and_now(
	since   timestamptz,
	"until" timestamptz
) RETURNS TABLE (
	person_id    text,
	from_segment text,
	to_segment   text,
	was_there    boolean,
	is_there     boolean
)
LANGUAGE sql STABLE PARALLEL SAFE COST 1000 ROWS 100000
AS $$
	WITH first AS (
		SELECT DISTINCT ON (c.person_id) c.person_id, c.from_segment
		  FROM contact_pressure.segment_change AS c
		 WHERE c.at OPERATOR(pg_catalog.>) $1
		 ORDER BY c.person_id, c.at, c.change_id
	), later AS (
		SELECT DISTINCT ON (c.person_id) c.person_id, c.from_segment
		  FROM contact_pressure.segment_change AS c
		 WHERE c.at OPERATOR(pg_catalog.>) $2
		 ORDER BY c.person_id, c.at, c.change_id
	)
	SELECT s.person_id,
		   CASE WHEN s.was_there
				THEN CASE WHEN s.moved THEN s.first_from ELSE s.segment END END,
		   CASE WHEN s.is_there
				THEN CASE WHEN s.moves_on THEN s.later_from ELSE s.segment END END,
		   s.was_there, s.is_there
	  FROM (SELECT p.person_id, p.segment,
				   f.person_id IS NOT NULL AS moved,
				   f.from_segment AS first_from,
				   l.person_id IS NOT NULL AS moves_on,
				   l.from_segment AS later_from,
				   -- who was merged was there until then
				   p.was_known AND (f.person_id IS NOT NULL OR p.merged_into IS NULL) AS was_there,
				   p.is_known AND (l.person_id IS NOT NULL OR p.merged_into IS NULL) AS is_there
			  FROM (SELECT o.person_id, o.segment, o.merged_into,
						   true AS was_known, true AS is_known
					  FROM contact_pressure.person AS o
					 WHERE o.known_since OPERATOR(pg_catalog.<=) $1
					 UNION ALL
					-- in a replay a person moves before anybody here knew of it
					SELECT n.person_id, n.segment, n.merged_into,
						   k.since OPERATOR(pg_catalog.<=) $1,
						   k.since OPERATOR(pg_catalog.<=) $2
					  FROM contact_pressure.person AS n
					 CROSS JOIN LATERAL (
							SELECT least(n.known_since, pg_catalog.min(c.at)) AS since
							  FROM contact_pressure.segment_change AS c
							 WHERE c.person_id OPERATOR(pg_catalog.=) n.person_id) AS k
					 WHERE n.known_since OPERATOR(pg_catalog.>) $1) AS p
			  LEFT JOIN first AS f ON f.person_id OPERATOR(pg_catalog.=) p.person_id
			  LEFT JOIN later AS l ON l.person_id OPERATOR(pg_catalog.=) p.person_id) AS s
	 WHERE s.was_there OR s.is_there
$$;
COMMENT ON FUNCTION contact_pressure.segments_then_and_now(timestamptz, timestamptz) IS
	'everybody who was known at one of two instants, with the segments of both, as segment_at() has them; becomes part of the query around it';

-- --- the matrix

CREATE FUNCTION contact_pressure.segment_migration(
	since   timestamptz,
	"until" timestamptz DEFAULT now()
) RETURNS TABLE (
	from_segment  text,
	to_segment    text,
	persons       bigint,
	share         numeric,
	share_of_base numeric
)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 1000000 ROWS 100
SET search_path = pg_catalog, contact_pressure, pg_temp
SET jit = off
AS $$
DECLARE
	names constant text[] := (SELECT o.names FROM contact_pressure.segment_order() AS o);
BEGIN
	PERFORM contact_pressure.check_period(segment_migration.since,
										  segment_migration.until);
	RETURN QUERY
	SELECT m.from_segment, m.to_segment, count(*),
		   round(count(*) / sum(count(*)) OVER (PARTITION BY m.from_segment), 6),
		   round(count(*) / sum(count(*)) OVER (), 6)
	  FROM contact_pressure.segments_then_and_now(segment_migration.since,
												  segment_migration.until) AS m
	 GROUP BY m.from_segment, m.to_segment
	 ORDER BY array_position(names, m.from_segment), m.from_segment COLLATE "C",
		   array_position(names, m.to_segment), m.to_segment COLLATE "C";
END
$$;
COMMENT ON FUNCTION contact_pressure.segment_migration(timestamptz, timestamptz) IS
	'how many people went from which segment to which between two instants, those who stayed included; NULL: no segment, or not there; adds up to everybody';

-- --- churn

CREATE FUNCTION contact_pressure.churn(
	since   timestamptz,
	"until" timestamptz DEFAULT now()
) RETURNS TABLE (
	segment        text,
	rank           integer,
	loyal          boolean,
	at_start       bigint,
	stayed         bigint,
	fell           bigint,
	rose           bigint,
	gone           bigint,
	came_back      bigint,
	new            bigint,
	at_end         bigint,
	retention_rate numeric,
	churn_rate     numeric
)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 1000000 ROWS 15
SET search_path = pg_catalog, contact_pressure, pg_temp
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	names  text[];
	loyals text[];
	ranked integer;
BEGIN
	PERFORM contact_pressure.check_period(churn.since, churn.until);
	SELECT o.names, o.loyals, o.ranked INTO names, loyals, ranked
	  FROM contact_pressure.segment_order() AS o;
	RETURN QUERY
	WITH flow AS (
		SELECT m.from_segment, m.to_segment, m.is_there,
			   -- are those who come here for the first time?
			   CASE WHEN (m.to_segment <> m.from_segment) IS NOT FALSE
					THEN coalesce((
						SELECT true
						  FROM contact_pressure.segment_change AS c
						 WHERE c.person_id = m.person_id AND c.at <= churn.since
						   AND c.from_segment = m.to_segment
						 LIMIT 1), false) END AS again,
			   CASE WHEN m.to_segment = ANY (loyals)
					 AND (m.from_segment <> ALL (loyals)) IS NOT FALSE
					THEN coalesce((
						SELECT true
						  FROM contact_pressure.segment_change AS c
						 WHERE c.person_id = m.person_id AND c.at <= churn.since
						   AND c.from_segment = ANY (loyals)
						 LIMIT 1), false) END AS loyal_again,
			   count(*) AS persons
		  FROM contact_pressure.segments_then_and_now(churn.since, churn.until) AS m
		 WHERE m.from_segment IS NOT NULL OR m.to_segment IS NOT NULL
		 GROUP BY 1, 2, 3, 4, 5
	), placed AS (
		SELECT f.*,
			   array_position(names, f.from_segment) AS from_place,
			   CASE WHEN f.to_segment IS NOT NULL
					THEN array_position(names, f.to_segment)
					WHEN f.is_there THEN cardinality(names) + 1 END AS to_place,
			   coalesce(f.from_segment = ANY (loyals), false) AS was_loyal,
			   coalesce(f.to_segment = ANY (loyals), false) AS is_loyal
		  FROM flow AS f
	), entry AS (
		-- each segment by itself
		SELECT p.from_segment AS segment,
			   CASE WHEN p.to_segment = p.from_segment THEN 'stayed'
					WHEN p.to_place > p.from_place THEN 'fell'
					WHEN p.to_place < p.from_place THEN 'rose'
					ELSE 'gone' END AS what,
			   p.persons
		  FROM placed AS p
		 WHERE p.from_segment IS NOT NULL
		 UNION ALL
		SELECT p.to_segment,
			   CASE WHEN p.again THEN 'came_back' ELSE 'new' END,
			   p.persons
		  FROM placed AS p
		 WHERE p.to_segment IS NOT NULL AND p.again IS NOT NULL
		 UNION ALL
		-- the loyal ones together
		SELECT NULL,
			   CASE WHEN NOT p.was_loyal AND p.loyal_again THEN 'came_back'
					WHEN NOT p.was_loyal THEN 'new'
					WHEN p.is_loyal THEN 'stayed'
					WHEN p.to_place IS NOT NULL THEN 'fell'
					ELSE 'gone' END,
			   p.persons
		  FROM placed AS p
		 WHERE p.was_loyal OR p.is_loyal
	), line AS (
		SELECT n.segment FROM unnest(names) AS n(segment)
		 UNION
		SELECT e.segment FROM entry AS e
		 UNION
		SELECT NULL WHERE cardinality(loyals) > 0
	), figure AS (
		SELECT l.segment,
			   coalesce(sum(e.persons) FILTER (WHERE e.what = 'stayed'), 0)::bigint AS stayed,
			   coalesce(sum(e.persons) FILTER (WHERE e.what = 'fell'), 0)::bigint AS fell,
			   coalesce(sum(e.persons) FILTER (WHERE e.what = 'rose'), 0)::bigint AS rose,
			   coalesce(sum(e.persons) FILTER (WHERE e.what = 'gone'), 0)::bigint AS gone,
			   coalesce(sum(e.persons) FILTER (WHERE e.what = 'came_back'), 0)::bigint AS came_back,
			   coalesce(sum(e.persons) FILTER (WHERE e.what = 'new'), 0)::bigint AS new
		  FROM line AS l
		  LEFT JOIN entry AS e ON e.segment = l.segment
							   OR e.segment IS NULL AND l.segment IS NULL
		 GROUP BY l.segment
	)
	SELECT f.segment,
		   CASE WHEN array_position(names, f.segment) <= ranked
				THEN array_position(names, f.segment) END,
		   f.segment IS NULL OR coalesce(f.segment = ANY (loyals), false),
		   f.stayed + f.fell + f.rose + f.gone,
		   f.stayed, f.fell, f.rose, f.gone, f.came_back, f.new,
		   f.stayed + f.came_back + f.new,
		   1 - r.churn_rate, r.churn_rate
	  FROM figure AS f,
		   round(f.fell::numeric / nullif(f.stayed + f.fell + f.rose, 0), 6) AS r(churn_rate)
	 ORDER BY f.segment IS NULL, array_position(names, f.segment),
		   f.segment COLLATE "C";
END
$$;
COMMENT ON FUNCTION contact_pressure.churn(timestamptz, timestamptz) IS
	'what became of the people of each segment between two instants, and where those who are in it came from, with retention and churn; the line without a segment: the loyal ones as one';

CREATE FUNCTION contact_pressure.churned(
	since   timestamptz,
	"until" timestamptz DEFAULT now()
) RETURNS TABLE (
	person_id    text,
	what         text,
	from_segment text,
	to_segment   text,
	at           timestamptz
)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 1000000 ROWS 1000000
SET search_path = pg_catalog, contact_pressure, pg_temp
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	names  text[];
	loyals text[];
BEGIN
	PERFORM contact_pressure.check_period(churned.since, churned.until);
	SELECT o.names, o.loyals INTO names, loyals
	  FROM contact_pressure.segment_order() AS o;
	RETURN QUERY
	SELECT m.person_id,
		   CASE WHEN m.fell THEN 'fell'
				WHEN EXISTS (SELECT
							   FROM contact_pressure.segment_change AS c
							  WHERE c.person_id = m.person_id
								AND c.at <= churned.since
								AND c.from_segment = ANY (loyals)) THEN 'came_back'
				ELSE 'new' END,
		   m.from_segment, m.to_segment,
		   coalesce((SELECT c.at
					   FROM contact_pressure.segment_change AS c
					  WHERE c.person_id = m.person_id
						AND c.at > churned.since AND c.at <= churned.until
						AND coalesce(c.from_segment = ANY (loyals), false) = m.fell
						AND coalesce(c.to_segment = ANY (loyals), false) <> m.fell
					  ORDER BY c.at DESC, c.change_id DESC
					  LIMIT 1),
					(SELECT p.known_since
					   FROM contact_pressure.person AS p
					  WHERE p.person_id = m.person_id))
	  FROM (SELECT t.*, coalesce(t.from_segment = ANY (loyals), false) AS fell,
				   coalesce(t.to_segment = ANY (loyals), false) AS comes
			  FROM contact_pressure.segments_then_and_now(churned.since,
														  churned.until) AS t) AS m
	 WHERE m.fell <> m.comes
	   -- who left by another way has not fallen
	   AND (m.comes
			OR m.is_there AND m.to_segment IS NULL
			OR m.to_segment = ANY (names))
	 ORDER BY 5, m.person_id COLLATE "C";
END
$$;
COMMENT ON FUNCTION contact_pressure.churned(timestamptz, timestamptz) IS
	'who fell out of the loyal segments between two instants, who is new there, who came back, and when';

-- --- who will fall

-- What of a customer's purchases counts at an instant, what that means by a
-- model and a map, and until when.  Part of the query around it.
CREATE FUNCTION contact_pressure.segment_outlook(
	purchases contact_pressure.rfm,
	months    date[],
	monthly   contact_pressure.rfm[],
	history   contact_pressure.contact_history,
	model     contact_pressure.rfm_model,
	map       contact_pressure.segment_map,
	prospects text,
	keep      integer,
	zone      text,
	at        timestamptz
) RETURNS TABLE (
	score   contact_pressure.rfm_score,
	segment text,
	"until" timestamptz
)
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 100 ROWS 1
AS $$
	SELECT s.score,
		   CASE WHEN contact_pressure.orders(s.counted) OPERATOR(pg_catalog.>) 0
				THEN contact_pressure.rfm_segment(s.score, $6,
					CASE WHEN $4 IS NOT NULL
						 THEN contact_pressure.engagement($4, $10) END)
				ELSE $7 END,
		   least(contact_pressure.rescore_at(s.counted, $5, $10),
				 -- the first month that is too long ago then
				 (s.oldest OPERATOR(pg_catalog.+) pg_catalog.make_interval(0, $8 OPERATOR(pg_catalog.+) 1))
				 AT TIME ZONE $9,
				 contact_pressure.engagement_changes_at($4, $10))
	  FROM (SELECT c.counted, c.oldest,
				   contact_pressure.rfm_score(c.counted, $5, $10) AS score
			  FROM (SELECT CASE WHEN $8 IS NULL THEN $1
								ELSE (SELECT contact_pressure.rfm(($3)[i])
										FROM pg_catalog.generate_subscripts($2, 1) AS i
									   WHERE ($2)[i] OPERATOR(pg_catalog.>=) f.first) END AS counted,
						   CASE WHEN $8 IS NOT NULL
								THEN (SELECT pg_catalog.min(($2)[i])
										FROM pg_catalog.generate_subscripts($2, 1) AS i
									   WHERE ($2)[i] OPERATOR(pg_catalog.>=) f.first) END AS oldest
					  FROM (SELECT pg_catalog.date_trunc('month', $10 AT TIME ZONE $9)
								   OPERATOR(pg_catalog.-) pg_catalog.make_interval(0, $8) AS first) AS f) AS c) AS s
$$;
COMMENT ON FUNCTION contact_pressure.segment_outlook(contact_pressure.rfm, date[], contact_pressure.rfm[],
	contact_pressure.contact_history, contact_pressure.rfm_model,
	contact_pressure.segment_map, text, integer, text, timestamptz) IS
	'score and segment of a customer who buys nothing more, at an instant to come, and until when they hold; history NULL: the map asks for none';

CREATE FUNCTION contact_pressure.slipping(
	within  interval,
	segment text DEFAULT NULL
) RETURNS TABLE (
	person_id    text,
	from_segment text,
	to_segment   text,
	at           timestamptz,
	from_score   contact_pressure.rfm_score,
	to_score     contact_pressure.rfm_score
)
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1000000 ROWS 10000
SET search_path = pg_catalog, contact_pressure, pg_temp
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	clock   constant timestamptz := contact_pressure.segment_clock();
	horizon constant timestamptz := clock + slipping.within;
	asked   constant text := lower(btrim(slipping.segment));
	names   constant text[] := (SELECT o.names FROM contact_pressure.segment_order() AS o);
	base    contact_pressure.segment_base;
BEGIN
	IF horizon < clock THEN
		RAISE EXCEPTION 'slipping looks ahead, not %', slipping.within
			USING ERRCODE = 'invalid_parameter_value',
				  HINT = 'Give a positive interval such as ''30 days''.';
	END IF;
	SELECT b.* INTO base FROM contact_pressure.segment_base AS b;
	RETURN QUERY
	WITH RECURSIVE course AS (
		SELECT v.person_id, v.segment AS from_segment, v.score AS from_score,
			   coalesce(array_position(names, v.segment),
						cardinality(names) + 1) AS from_place,
			   v.scored_at AS at, NULL::contact_pressure.rfm_score AS score,
			   NULL::text AS segment, v.rescore_at AS until, false AS falls
		  FROM contact_pressure.customer_value AS v
		 -- due_at: that is in the index
		 WHERE v.due_at <= horizon AND v.rescore_at <= horizon AND NOT v.pinned
		   AND (asked IS NULL OR v.segment = asked)
		 UNION ALL
		SELECT c.person_id, c.from_segment, c.from_score, c.from_place,
			   c.until, o.score, o.segment, o.until,
			   coalesce(array_position(names, o.segment),
						cardinality(names) + 1) > c.from_place
		  FROM course AS c
		  JOIN contact_pressure.customer_value AS v ON v.person_id = c.person_id
		  JOIN contact_pressure.segment_model AS m ON m.version = v.version
		  LEFT JOIN contact_pressure.person AS p
			ON v.engagement IS NOT NULL AND p.person_id = v.person_id
		 CROSS JOIN LATERAL contact_pressure.segment_outlook(
				v.purchases, v.months, v.monthly, p.history, m.model, m.map,
				m.prospects, base.keep, base.zone, c.until) AS o
		 WHERE c.until <= horizon AND NOT c.falls
	)
	SELECT c.person_id, c.from_segment, c.segment, c.at, c.from_score, c.score
	  FROM course AS c
	 WHERE c.falls
	 ORDER BY c.at, c.person_id COLLATE "C";
END
$$;
COMMENT ON FUNCTION contact_pressure.slipping(interval, text) IS
	'who will be in a worse segment within that time, in which, from when on, unless they buy';
