-- segments.sql: what every score, segment and move has to be, the slow and
-- obvious way
--
-- Plain SQL over the orders, the contacts and the stored model: dates by
-- subtraction, thresholds read from the model's JSON and counted, the lines of
-- the map tried one after the other, orders and contacts summed up anew each
-- time.  Nothing here calls a function of the extension but to read what a
-- stored summary says; only the column "summary" is by rfm() itself.
--
-- Whoever uses it creates the view segment_twin.fact (person_id, at, amount)
-- over the tables of orders.

CREATE SCHEMA segment_twin;
SET check_function_bodies = off;

-- --- the model and the map in force

CREATE VIEW segment_twin.version AS
SELECT v.version, v.map::text AS map, v.prospects,
	   j ->> 'zone' AS zone,
	   j ->> 'method' = 'r_rfm' AS equal_passes,
	   ARRAY(SELECT t::float8 FROM jsonb_array_elements_text(j -> 'recency') AS t) AS recency,
	   ARRAY(SELECT t::float8 FROM jsonb_array_elements_text(j -> 'frequency') AS t) AS frequency,
	   ARRAY(SELECT t::float8 FROM jsonb_array_elements_text(j -> 'monetary') AS t) AS monetary
  FROM contact_pressure.segment_model AS v, CAST(v.model::text AS jsonb) AS j
 WHERE v.version = (SELECT max(version) FROM contact_pressure.segment_model);

-- How many thresholds a value passes; more than eight there are not.
CREATE FUNCTION segment_twin.passed(v float8, t float8[], equal_passes boolean)
RETURNS integer LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN equal_passes THEN
	coalesce((v >= t[1])::integer, 0) + coalesce((v >= t[2])::integer, 0)
	+ coalesce((v >= t[3])::integer, 0) + coalesce((v >= t[4])::integer, 0)
	+ coalesce((v >= t[5])::integer, 0) + coalesce((v >= t[6])::integer, 0)
	+ coalesce((v >= t[7])::integer, 0) + coalesce((v >= t[8])::integer, 0)
ELSE
	coalesce((v > t[1])::integer, 0) + coalesce((v > t[2])::integer, 0)
	+ coalesce((v > t[3])::integer, 0) + coalesce((v > t[4])::integer, 0)
	+ coalesce((v > t[5])::integer, 0) + coalesce((v > t[6])::integer, 0)
	+ coalesce((v > t[7])::integer, 0) + coalesce((v > t[8])::integer, 0)
END
$$;

CREATE FUNCTION segment_twin.bounds(parts text, dimension text)
RETURNS integer[] LANGUAGE sql IMMUTABLE AS $$
SELECT (SELECT ARRAY[b[1], coalesce(nullif(b[2], ''), b[1])]::integer[]
		  FROM regexp_match(parts, ', *' || dimension || ' +(\d)(?:-(\d))?') AS b
		 WHERE b IS NOT NULL)
$$;

-- The lines of a map as rows; a NULL pair of bounds: any score.
CREATE FUNCTION segment_twin.lines(map text)
RETURNS TABLE (line bigint, segment text, r integer[], f integer[], m integer[], groups text[])
LANGUAGE sql IMMUTABLE AS $$
	WITH line AS (
		SELECT n, regexp_replace(trim(l), '^(else )?(loyal )?', '') AS text,
			   trim(l) LIKE 'else %' AS is_else
		  FROM regexp_split_to_table(map, '\n') WITH ORDINALITY AS s(l, n)
		 WHERE trim(l) <> ''
	), part AS (
		SELECT n, CASE WHEN is_else THEN text ELSE split_part(text, ':', 1) END AS name,
			   CASE WHEN is_else THEN '' ELSE ',' || split_part(text, ':', 2) END AS parts
		  FROM line
	)
	SELECT n, trim(name, ' "'),
		   segment_twin.bounds(parts, 'r'), segment_twin.bounds(parts, 'f'),
		   segment_twin.bounds(parts, 'm'),
		   (SELECT array_agg(DISTINCT CASE g WHEN 'never contacted' THEN 'never_contacted' ELSE g END)
			  FROM regexp_matches(parts, '(engaged|unengaged|fading|unresponsive|never contacted)', 'g') AS x(found),
				   unnest(CASE found[1] WHEN 'unengaged' THEN '{fading,unresponsive}' ELSE found END) AS g)
	  FROM part
$$;

-- The first line that matches each score and engagement ('' is none).
CREATE TABLE segment_twin.cell (score text, engagement text, segment text,
								PRIMARY KEY (score, engagement));
CREATE TABLE segment_twin.map (map text, rank integer, segment text, loyal boolean);

CREATE PROCEDURE segment_twin.read_map() LANGUAGE plpgsql AS $$
DECLARE
	now text := (SELECT v.map FROM segment_twin.version AS v);
BEGIN
	IF now IS NULL OR EXISTS (SELECT FROM segment_twin.map AS m WHERE m.map = now) THEN
		RETURN;
	END IF;
	DELETE FROM segment_twin.map;
	DELETE FROM segment_twin.cell;
	INSERT INTO segment_twin.map
	SELECT now, row_number() OVER (ORDER BY min(line)), segment,
		   bool_or(now ~ ('(^|\n|else )\s*loyal "?' || segment || '"?(:|\n|$)'))
	  FROM segment_twin.lines(now) GROUP BY segment;
	INSERT INTO segment_twin.cell
	SELECT DISTINCT ON (r.s, f.s, m.s, e) r.s * 100 + f.s * 10 + m.s, e, l.segment
	  FROM generate_series(1, 9) AS r(s), generate_series(1, 9) AS f(s),
		   generate_series(1, 9) AS m(s),
		   unnest('{"",engaged,fading,unresponsive,never_contacted}'::text[]) AS e,
		   segment_twin.lines(now) AS l
	 WHERE (l.r IS NULL OR r.s BETWEEN l.r[1] AND l.r[2])
	   AND (l.f IS NULL OR f.s BETWEEN l.f[1] AND l.f[2])
	   AND (l.m IS NULL OR m.s BETWEEN l.m[1] AND l.m[2])
	   AND (l.groups IS NULL OR e = ANY (l.groups))
	 ORDER BY r.s, f.s, m.s, e, l.line;
	ANALYZE segment_twin.cell;
END
$$;

-- --- who is who after merges, and how they take our messages

CREATE VIEW segment_twin.survivor AS
WITH RECURSIVE chain(person_id, who, step) AS (
	SELECT person_id, merged_into, 1 FROM contact_pressure.person
	 WHERE merged_into IS NOT NULL
	 UNION ALL
	SELECT c.person_id, p.merged_into, c.step + 1
	  FROM chain AS c JOIN contact_pressure.person AS p ON p.person_id = c.who
	 WHERE p.merged_into IS NOT NULL AND c.step < 10000
)
SELECT DISTINCT ON (person_id) person_id, who
  FROM chain ORDER BY person_id, step DESC;

CREATE FUNCTION segment_twin.engagement(as_of timestamptz)
RETURNS TABLE (person_id text, engagement text) LANGUAGE sql STABLE AS $$
	SELECT l.person_id, CASE
		   WHEN max(a.answer) > as_of - interval '90 days' THEN 'engaged'
		   WHEN max(a.answer) IS NOT NULL THEN 'fading'
		   ELSE 'unresponsive' END
	  FROM contact_pressure.contact_log AS l,
		   LATERAL (SELECT CASE WHEN l.outcome IN ('opened', 'clicked', 'replied', 'converted')
							AND coalesce(l.answered_at, l.at) <= as_of
							THEN coalesce(l.answered_at, l.at) END AS answer) AS a
	 WHERE l.at <= as_of AND l.status <> 'cancelled'
	   AND l.outcome IN ('sent', 'delivered', 'opened', 'clicked', 'replied', 'converted',
						 'declined', 'unsubscribed', 'complained')
	 GROUP BY l.person_id
$$;

-- --- everybody with an order, as of an instant

-- one: only this person
CREATE FUNCTION segment_twin.customers(as_of timestamptz, one text DEFAULT NULL)
RETURNS TABLE (person_id text, first timestamptz, last timestamptz, orders bigint,
			   amount numeric, summary contact_pressure.rfm, score text, segment text,
			   engagement text)
LANGUAGE sql STABLE AS $$
	WITH base AS (
		SELECT b.keep, b.zone FROM contact_pressure.segment_base AS b
		 UNION ALL
		SELECT NULL, 'UTC' WHERE NOT EXISTS (SELECT FROM contact_pressure.segment_base)
	), version AS MATERIALIZED (
		SELECT v.*, v.map ~ '[:,|] *(engaged|unengaged|fading|unresponsive|never contacted)' AS has_groups
		  FROM segment_twin.version AS v
	), counting AS MATERIALIZED (
		SELECT CASE WHEN b.keep IS NOT NULL
			   THEN (date_trunc('month', as_of AT TIME ZONE b.zone)
					 - make_interval(months => b.keep)) AT TIME ZONE b.zone
			   ELSE '-infinity' END AS since
		  FROM base AS b
	), everybody AS (
		SELECT coalesce(s.who, f.person_id) AS person_id,
			   max(f.at) FILTER (WHERE f.amount >= 0 AND f.at >= c.since) AS last,
			   min(f.at) FILTER (WHERE f.amount >= 0 AND f.at >= c.since) AS first,
			   count(*) FILTER (WHERE f.amount >= 0 AND f.at >= c.since) AS orders,
			   coalesce(sum(f.amount) FILTER (WHERE f.at >= c.since), 0) AS amount,
			   contact_pressure.rfm(f.at, f.amount) FILTER (WHERE f.at >= c.since) AS summary
		  FROM segment_twin.fact AS f
		  LEFT JOIN segment_twin.survivor AS s ON s.person_id = f.person_id,
			   counting AS c
		 WHERE f.person_id IS NOT NULL AND f.person_id <> '' AND f.at IS NOT NULL
		   AND f.amount IS NOT NULL
		   AND (one IS NULL OR f.person_id = one OR s.who = one)
		 GROUP BY 1
	), measured AS MATERIALIZED (
		SELECT e.*, v.*, e.orders::float8 AS f, e.amount::float8 AS m,
			   ((as_of AT TIME ZONE v.zone)::date - (e.last AT TIME ZONE v.zone)::date)::float8 AS days
		  FROM everybody AS e LEFT JOIN version AS v ON true
	), scored AS MATERIALIZED (
		SELECT x.*,
			   CASE WHEN x.orders > 0 AND x.version IS NOT NULL THEN
				   100 * (cardinality(x.recency) + 1
						  - segment_twin.passed(x.days, x.recency, x.equal_passes))
				   + 10 * (1 + segment_twin.passed(x.f, x.frequency, x.equal_passes))
				   + 1 + segment_twin.passed(x.m, x.monetary, x.equal_passes)
			   END::text AS score,
			   g.engagement
		  FROM measured AS x
		  LEFT JOIN segment_twin.engagement(as_of) AS g USING (person_id)
	)
	SELECT s.person_id, s.first, s.last, s.orders, s.amount,
		   coalesce(s.summary, '{"first_order_at":null,"last_order_at":null,"orders":0,"amount":0}'),
		   s.score,
		   CASE WHEN s.score IS NULL THEN s.prospects ELSE c.segment END,
		   coalesce(s.engagement, 'never_contacted')
	  FROM scored AS s
	  LEFT JOIN segment_twin.cell AS c
		ON c.score = s.score
	   AND c.engagement = CASE WHEN s.has_groups THEN coalesce(s.engagement, 'never_contacted')
						  ELSE '' END
$$;

-- --- what is wrong as of an instant, after a refresh as of then

CREATE FUNCTION segment_twin.wrong(as_of timestamptz)
RETURNS TABLE (person_id text, problem text, detail text)
LANGUAGE plpgsql AS $$
BEGIN
	CALL segment_twin.read_map();
	RETURN QUERY
	WITH version AS MATERIALIZED (
		SELECT v.* FROM segment_twin.version AS v
	), pair AS MATERIALIZED (
		SELECT coalesce(c.person_id, v.person_id) AS person_id, c.person_id IS NOT NULL AS bought,
			   v.person_id IS NOT NULL AS known, c.first, c.last,
			   coalesce(c.orders, 0) AS orders, coalesce(c.amount, 0) AS amount, c.summary,
			   c.score, CASE WHEN c.person_id IS NULL THEN m.prospects ELSE c.segment END AS segment,
			   c.engagement, v.purchases, v.score AS has_score, v.segment AS has_segment,
			   v.engagement AS has_engagement, v.scored_at, v.rescore_at, v.pinned,
			   v.version, m.version AS in_force, p.person_id IS NOT NULL AS person,
			   p.segment AS person_segment
		  FROM segment_twin.customers(as_of) AS c
		  FULL JOIN contact_pressure.customer_value AS v USING (person_id)
		  LEFT JOIN contact_pressure.person AS p ON p.person_id = coalesce(c.person_id, v.person_id)
		  LEFT JOIN version AS m ON true
	)
	SELECT p.person_id, 'no row', '' FROM pair AS p WHERE p.bought AND NOT p.known
	 UNION ALL
	SELECT p.person_id, 'no person', '' FROM pair AS p WHERE NOT p.person
	 UNION ALL
	SELECT p.person_id, 'purchases', format('%s, not %s', p.purchases, (p.first, p.last, p.orders, p.amount))
	  FROM pair AS p
	 WHERE p.known AND (
		contact_pressure.first_order_at(p.purchases), contact_pressure.last_order_at(p.purchases),
		contact_pressure.orders(p.purchases), contact_pressure.amount(p.purchases))
		IS DISTINCT FROM (p.first, p.last, p.orders, p.amount)
	 UNION ALL
	SELECT p.person_id, 'summary', format('%s, not %s', p.purchases, p.summary)
	  FROM pair AS p
	 WHERE p.known AND p.bought AND NOT p.purchases OPERATOR(contact_pressure.=) p.summary
	 UNION ALL
	SELECT p.person_id, 'score', format('%s, not %s; scored at %s until %s', p.has_score, p.score, p.scored_at, p.rescore_at)
	  FROM pair AS p WHERE p.known AND p.has_score::text IS DISTINCT FROM p.score
	 UNION ALL
	SELECT p.person_id, 'segment', format('%s, not %s', p.has_segment, p.segment)
	  FROM pair AS p WHERE p.known AND p.has_segment IS DISTINCT FROM p.segment
	 UNION ALL
	SELECT p.person_id, 'engagement', format('%s, not %s', p.has_engagement, p.engagement)
	  FROM pair AS p
	 WHERE p.has_engagement IS NOT NULL AND p.has_score IS NOT NULL
	   AND p.has_engagement IS DISTINCT FROM p.engagement
	 UNION ALL
	SELECT p.person_id, 'person.segment', format('%s, not %s', p.person_segment, p.segment)
	  FROM pair AS p
	 WHERE p.person AND p.pinned IS NOT TRUE AND p.person_segment IS DISTINCT FROM p.segment
	 UNION ALL
	SELECT p.person_id, 'version', format('%s, not %s', p.version, p.in_force)
	  FROM pair AS p
	 WHERE p.known AND p.has_score IS NOT NULL AND p.version IS DISTINCT FROM p.in_force
	 UNION ALL
	SELECT p.person_id, 'due', format('scored at %s, due at %s, it is %s', p.scored_at, p.rescore_at, as_of)
	  FROM pair AS p
	 WHERE p.known AND p.in_force IS NOT NULL
	   AND (p.rescore_at <= as_of OR p.scored_at > greatest(as_of, p.last));
END
$$;

-- The score as of the stored instant and until rescore_at: of each row as it
-- is, whenever it was scored.  Slow: a computation each.
CREATE FUNCTION segment_twin.stale(one text)
RETURNS TABLE (person_id text, problem text, detail text)
LANGUAGE sql AS $$
	SELECT v.person_id, 'score as of scored_at',
		   format('%s %s at %s, not %s %s', v.score, v.segment, v.scored_at, c.score, c.segment)
	  FROM contact_pressure.customer_value AS v
	  LEFT JOIN LATERAL segment_twin.customers(v.scored_at, v.person_id) AS c USING (person_id)
	 WHERE v.person_id = one AND v.version IS NOT NULL
	   AND v.version = (SELECT max(version) FROM contact_pressure.segment_model)
	   AND (v.score::text, v.segment) IS DISTINCT FROM (c.score,
			CASE WHEN c.person_id IS NULL THEN (SELECT prospects FROM segment_twin.version) ELSE c.segment END)
	 UNION ALL
	SELECT v.person_id, 'rescore_at',
		   format('%s at %s, but %s a microsecond before %s', v.score, v.scored_at, c.score, v.rescore_at)
	  FROM contact_pressure.customer_value AS v,
		   LATERAL segment_twin.customers(v.rescore_at - interval '1 microsecond', v.person_id) AS c
	 WHERE v.person_id = one AND isfinite(v.rescore_at) AND v.version IS NOT NULL
	   AND v.version = (SELECT max(version) FROM contact_pressure.segment_model)
	   AND v.score::text IS DISTINCT FROM c.score
$$;

-- --- moves between two snapshots

CREATE TABLE segment_twin.snapshot (person_id text PRIMARY KEY, segment text);
CREATE TABLE segment_twin.moved_until (change_id bigint NOT NULL);
INSERT INTO segment_twin.moved_until VALUES (0);

CREATE VIEW segment_twin.now AS
SELECT person_id, segment FROM contact_pressure.person WHERE merged_into IS NULL;

CREATE FUNCTION segment_twin.wrong_moves()
RETURNS TABLE (person_id text, problem text, detail text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH move AS (
		SELECT c.*, row_number() OVER w AS n, lag(to_segment) OVER w AS before,
			   lead(change_id) OVER w IS NULL AS is_last
		  FROM contact_pressure.segment_change AS c
		 WHERE c.change_id > (SELECT change_id FROM segment_twin.moved_until)
		WINDOW w AS (PARTITION BY c.person_id ORDER BY c.at, c.change_id)
	), prospects AS (
		-- whoever was new to the ledger had this one without a move
		SELECT (SELECT prospects FROM segment_twin.version) AS segment
	)
	SELECT m.person_id, 'to the same segment', format('%s %s', m.change_id, m.to_segment)
	  FROM move AS m WHERE m.from_segment IS NOT DISTINCT FROM m.to_segment
	 UNION ALL
	SELECT m.person_id, 'not from where the last one went', format('%s: from %s, not %s', m.change_id, m.from_segment, m.before)
	  FROM move AS m WHERE m.n > 1 AND m.from_segment IS DISTINCT FROM m.before
	 UNION ALL
	SELECT m.person_id, 'not from the segment of the snapshot', format('%s: from %s, not %s', m.change_id, m.from_segment, s.segment)
	  FROM move AS m LEFT JOIN segment_twin.snapshot AS s USING (person_id)
	 WHERE m.n = 1 AND m.from_segment IS DISTINCT FROM s.segment
	   AND NOT (s.person_id IS NULL AND m.from_segment IS NOT DISTINCT FROM (SELECT segment FROM prospects))
	 UNION ALL
	SELECT m.person_id, 'not to the segment of now', format('%s: to %s, not %s', m.change_id, m.to_segment, p.segment)
	  FROM move AS m JOIN segment_twin.now AS p USING (person_id)
	 WHERE m.is_last AND m.to_segment IS DISTINCT FROM p.segment
	 UNION ALL
	SELECT p.person_id, 'another segment without a move', format('%s, was %s', p.segment, s.segment)
	  FROM segment_twin.now AS p LEFT JOIN segment_twin.snapshot AS s USING (person_id)
	 WHERE p.segment IS DISTINCT FROM s.segment
	   AND NOT EXISTS (SELECT FROM move AS m WHERE m.person_id = p.person_id)
	   AND NOT (s.person_id IS NULL AND p.segment IS NOT DISTINCT FROM (SELECT segment FROM prospects))
	 UNION ALL
	-- sums: what it had, and what came, and what went
	SELECT NULL, 'the moves of a segment do not add up', format('%s: had %s, has %s, moves say %s', sum.segment, sum.had, sum.has, sum.came)
	  FROM (SELECT segment, sum(had) AS had, sum(has) AS has, sum(came) AS came
			  FROM (SELECT segment, 1 AS had, 0 AS has, 0 AS came FROM segment_twin.snapshot
					 UNION ALL SELECT segment, 0, 1, 0 FROM segment_twin.now
					 UNION ALL SELECT to_segment, 0, 0, 1 FROM move
					 UNION ALL SELECT m.from_segment, 0, 0, -1 FROM move AS m
					 UNION ALL
					-- new people without a move, and where those came from who
					-- have one
					SELECT CASE WHEN m.person_id IS NULL THEN p.segment ELSE m.from_segment END, 0, 0, 1
					  FROM segment_twin.now AS p
					  LEFT JOIN segment_twin.snapshot AS s USING (person_id)
					  LEFT JOIN move AS m ON m.person_id = p.person_id AND m.n = 1
					 WHERE s.person_id IS NULL) AS x
			 GROUP BY segment) AS sum
	 WHERE sum.had + sum.came <> sum.has;
END
$$;

CREATE PROCEDURE segment_twin.take_snapshot() LANGUAGE plpgsql AS $$
BEGIN
	TRUNCATE segment_twin.snapshot;
	INSERT INTO segment_twin.snapshot SELECT * FROM segment_twin.now;
	UPDATE segment_twin.moved_until
	   SET change_id = (SELECT coalesce(max(c.change_id), 0) FROM contact_pressure.segment_change AS c);
END
$$;

RESET check_function_bodies;
