-- src/segment/check.sql: do the customers agree with their orders?
--
-- As check_ledger() does, check_segments() trusts none of the code that wrote
-- the rows: it counts, scores and names everybody again.

CREATE FUNCTION contact_pressure.check_segments(
	id    text        DEFAULT NULL,
	as_of timestamptz DEFAULT NULL
) RETURNS TABLE (person_id text, problem text, detail text)
LANGUAGE plpgsql STABLE COST 100000 ROWS 10
SET search_path = pg_catalog, contact_pressure, pg_temp
SET TimeZone = 'UTC'
SET DateStyle = 'ISO, YMD'
SET IntervalStyle = 'postgres'
SET extra_float_digits = 1
SET bytea_output = 'hex'
SET jit = off
AS $check$
#variable_conflict use_column
DECLARE
	who  CONSTANT text := CASE WHEN check_segments.id IS NOT NULL
		THEN coalesce(contact_pressure.person_of(check_segments.id), check_segments.id) END;
	sums CONSTANT text := contact_pressure.purchase_sums(who IS NOT NULL);
	ids  text[];
BEGIN
	IF who IS NOT NULL THEN
		WITH RECURSIVE same(person_id) AS (
			SELECT who
			 UNION
			SELECT p.person_id FROM contact_pressure.person AS p
			  JOIN same ON p.merged_into = same.person_id)
		SELECT array_agg(s.person_id) INTO ids FROM same AS s;
	END IF;
	-- All of it from scratch and in one snapshot: the orders from the sources,
	-- what counts of them as of scored_at, and all that follows from that.
	RETURN QUERY EXECUTE replace($query$
	WITH base AS (
		SELECT b.*, coalesce($3, least(b.as_of, contact_pressure.segment_clock())) AS due,
			   b.fill > 0 AND b.filled_at IS NULL AS filling
		  FROM contact_pressure.segment_base AS b
	), latest AS (
		SELECT m.version, m.applied_at FROM contact_pressure.segment_model AS m
		 ORDER BY m.version DESC LIMIT 1
	), target AS MATERIALIZED (
		SELECT p.person_id AS id, contact_pressure.person_of(p.person_id) AS root
		  FROM contact_pressure.person AS p WHERE p.merged_into IS NOT NULL
	), counted AS (
		SELECT coalesce(t.root, s.person_id) AS person_id, s.month,
			   contact_pressure.rfm(s.purchases) AS purchases
		  FROM (<sums>) AS s LEFT JOIN target AS t ON t.id = s.person_id COLLATE "C"
		 GROUP BY 1, 2
	), value AS (
		SELECT v.*, m.model, m.map, m.prospects, b.filling AND v.fill <> b.fill AS waits,
			   CASE WHEN b.keep IS NOT NULL
			   THEN date_trunc('month', v.scored_at AT TIME ZONE b.zone)::date
					- make_interval(months => b.keep) END AS since
		  FROM contact_pressure.customer_value AS v
		  LEFT JOIN contact_pressure.segment_model AS m USING (version)
		 CROSS JOIN base AS b
		 WHERE $1 IS NULL OR v.person_id = $1
	), stored AS (
		-- by month where there are months, else all in all
		SELECT v.person_id, m.month, m.purchases
		  FROM value AS v,
			   LATERAL (SELECT NULL::date, v.purchases WHERE v.since IS NULL
						 UNION ALL
						SELECT * FROM unnest(v.months, v.monthly) WHERE v.since IS NOT NULL)
			   AS m(month, purchases)
		 WHERE m.purchases <> contact_pressure.rfm(NULL, NULL, 0, 0)
	), expected AS (
		SELECT v.*,
			   CASE WHEN v.since IS NULL THEN v.purchases
			   ELSE coalesce((SELECT contact_pressure.rfm(m.purchases)
								FROM unnest(v.months, v.monthly) AS m(month, purchases)
							   WHERE m.month >= v.since),
							 contact_pressure.rfm(NULL, NULL, 0, 0)) END AS counts,
			   (SELECT min(m.month + make_interval(months => b.keep + 1))
				  FROM unnest(v.months) AS m(month), base AS b
				 WHERE m.month >= v.since) AT TIME ZONE (SELECT b.zone FROM base AS b) AS expires
		  FROM value AS v
	), result AS (
		SELECT e.*, contact_pressure.rfm_score(e.counts, e.model, e.scored_at) AS right_score,
			   least(coalesce(contact_pressure.rescore_at(e.counts, e.model, e.scored_at), 'infinity'),
					 coalesce(e.expires, 'infinity')) AS right_time
		  FROM expected AS e
		 WHERE NOT e.waits
	), last AS (
		SELECT DISTINCT ON (c.person_id) c.person_id, c.why, c.to_segment
		  FROM contact_pressure.segment_change AS c
		 WHERE $1 IS NULL OR c.person_id = $1
		 ORDER BY c.person_id, c.change_id DESC
	)
	SELECT NULL, 'purchases are being counted anew', format('fill %s', b.fill)
	  FROM base AS b WHERE b.filling
	UNION ALL
	SELECT x.person_id, 'purchases are not those of the sources',
		   concat(x.month || ': ', coalesce(x.stored::text, 'nothing'), ', but there is ',
				  coalesce(x.counted::text, 'nothing'))
	  FROM (SELECT u.person_id, u.month,
				   (array_agg(u.purchases) FILTER (WHERE u.here))[1] AS stored,
				   (array_agg(u.purchases) FILTER (WHERE NOT u.here))[1] AS counted
			  FROM (SELECT s.*, true AS here FROM stored AS s
					 UNION ALL
					SELECT c.*, false FROM counted AS c) AS u
			 GROUP BY 1, 2) AS x
	  LEFT JOIN value AS v ON v.person_id = x.person_id
	 WHERE $2 AND x.stored IS DISTINCT FROM x.counted AND v.waits IS NOT TRUE
	   -- who was forgotten but for an opt-out is not counted any more; of who
	   -- was forgotten altogether nobody knows, and the orders have to go, too
	   AND (v.person_id IS NOT NULL
			OR NOT (SELECT b.filling FROM base AS b)
			   AND NOT EXISTS (SELECT FROM contact_pressure.consent_log AS g
								WHERE g.person_id = x.person_id AND g.action = 'forget'))
	UNION ALL
	SELECT r.person_id, 'other purchases count',
		   format('%s, but it should be %s', r.purchases, r.counts)
	  FROM result AS r WHERE r.purchases <> r.counts
	UNION ALL
	SELECT r.person_id, 'wrong score', format('%s, but it should be %s as of %s',
		   coalesce(r.score::text, 'none'), coalesce(r.right_score::text, 'none'), r.scored_at)
	  FROM result AS r WHERE r.score IS DISTINCT FROM r.right_score
	UNION ALL
	SELECT r.person_id, 'wrong segment', format('%s, but it should be %s',
		   coalesce(r.segment, 'none'), coalesce(r.should, 'none'))
	  FROM (SELECT r.*, CASE WHEN r.right_score IS NULL THEN r.prospects
						ELSE contact_pressure.rfm_segment(r.right_score, r.map, r.engagement)
						END AS should
			  FROM result AS r) AS r
	 WHERE r.segment IS DISTINCT FROM r.should
	UNION ALL
	-- a change of the engagement may come before
	SELECT r.person_id, 'wrong time of the next change', format('%s, but it should be %s',
		   r.rescore_at, r.right_time)
	  FROM result AS r
	 WHERE r.rescore_at > r.right_time
		OR r.rescore_at < r.right_time AND (r.engagement IS NULL OR r.rescore_at <= r.scored_at)
	UNION ALL
	SELECT r.person_id, 'the refresh comes late', format('it looks at %s, after %s', r.due_at, r.rescore_at)
	  FROM result AS r WHERE r.due_at > r.rescore_at
	UNION ALL
	SELECT v.person_id, 'not refreshed', format('due at %s, and the base stands at %s',
		   v.rescore_at, b.due)
	  FROM value AS v, base AS b WHERE v.rescore_at <= b.due AND NOT v.waits
	UNION ALL
	SELECT v.person_id, 'not of the latest model', format('version %s, but %s is in force',
		   coalesce(v.version::text, 'none'), l.version)
	  FROM value AS v, latest AS l
	 WHERE l.applied_at IS NOT NULL AND v.version IS DISTINCT FROM l.version AND NOT v.waits
	UNION ALL
	SELECT v.person_id, 'not the latest engagement',
		   format('%s, but it is %s', coalesce(v.engagement, 'none'), e.engagement)
	  FROM value AS v
	  JOIN contact_pressure.person AS p USING (person_id),
		   LATERAL (SELECT contact_pressure.engagement(p.history, greatest($3, v.scored_at))) AS e(engagement)
	 WHERE $3 IS NOT NULL AND v.engagement <> e.engagement
	UNION ALL
	SELECT v.person_id, 'the person is in another segment',
		   format('%s, but it should be %s', coalesce(p.segment, 'none'), coalesce(v.segment, 'none'))
	  FROM value AS v
	  JOIN contact_pressure.person AS p USING (person_id)
	  LEFT JOIN last AS l USING (person_id)
	 WHERE NOT v.pinned AND NOT v.waits AND v.version IS NOT NULL
	   AND p.segment IS DISTINCT FROM v.segment
	   AND l.why IS DISTINCT FROM 'hand'
	UNION ALL
	SELECT l.person_id, 'the last move went elsewhere',
		   format('to %s, and the person is in %s', coalesce(l.to_segment, 'none'),
				  coalesce(p.segment, 'none'))
	  FROM last AS l JOIN contact_pressure.person AS p USING (person_id)
	 WHERE l.to_segment IS DISTINCT FROM p.segment
	UNION ALL
	SELECT v.person_id, 'not a person', 'there is a row of what was bought, but no person'
	  FROM value AS v
	 WHERE NOT EXISTS (SELECT FROM contact_pressure.person AS p
						WHERE p.person_id = v.person_id AND p.merged_into IS NULL)
	ORDER BY 1, 2, 3
	$query$, '<sums>', replace(coalesce(sums,
		'SELECT NULL::text AS person_id, NULL::date AS month,'
		' NULL::contact_pressure.rfm AS purchases WHERE false'), '$1', '$4'))
	USING who, sums IS NOT NULL, check_segments.as_of, ids;
END
$check$;
COMMENT ON FUNCTION contact_pressure.check_segments(text, timestamptz) IS
	'audit of the customers, or of one: purchases that are not those of the sources, scores, segments and moves that do not follow from them, whoever was not refreshed as of the base''s or the given instant; no row when all is well';

CREATE FUNCTION contact_pressure.check_segments(id bigint, as_of timestamptz DEFAULT NULL)
RETURNS TABLE (person_id text, problem text, detail text)
LANGUAGE sql STABLE COST 100000 ROWS 10
AS $$
	SELECT * FROM contact_pressure.check_segments($1::pg_catalog.text, $2)
$$;
COMMENT ON FUNCTION contact_pressure.check_segments(bigint, timestamptz) IS
	'the same for a bigint id';

CREATE FUNCTION contact_pressure.check_segments(id uuid, as_of timestamptz DEFAULT NULL)
RETURNS TABLE (person_id text, problem text, detail text)
LANGUAGE sql STABLE COST 100000 ROWS 10
AS $$
	SELECT * FROM contact_pressure.check_segments($1::pg_catalog.text, $2)
$$;
COMMENT ON FUNCTION contact_pressure.check_segments(uuid, timestamptz) IS
	'the same for a uuid id';
