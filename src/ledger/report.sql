-- src/ledger/report.sql: what was refused, and what would be refused now

CREATE INDEX contact_log_recorded_at_idx
	ON contact_pressure.contact_log USING brin (recorded_at);

CREATE FUNCTION contact_pressure.refusal_report(
	since   timestamptz DEFAULT '-infinity',
	"until" timestamptz DEFAULT 'infinity'
) RETURNS TABLE (
	campaign         text,
	owner            text,
	reason           text,
	layer            text,
	rule             text,
	refused          bigint,
	share_of_refused float8,
	asked            bigint,
	share_of_asked   float8
)
LANGUAGE sql STABLE PARALLEL SAFE COST 10000 ROWS 100
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
	WITH stopped AS (
		SELECT r.campaign, r.owner, r.reason, r.layer, r.rule,
			   sum(r.refused)::bigint AS refused
		  FROM contact_pressure.refusal AS r
		 WHERE r.day >= ($1 AT TIME ZONE 'UTC')::date
		   AND r.day < $2 AT TIME ZONE 'UTC'
		 GROUP BY r.campaign, r.owner, r.reason, r.layer, r.rule
	), went AS (
		-- whole days, as refusals are counted
		SELECT c.campaign, c.owner, count(*) AS reserved
		  FROM contact_pressure.contact_log AS c
		 WHERE c.source = 'reserve'
		   AND c.recorded_at >= date_trunc('day', $1, 'UTC')
		   AND c.recorded_at < date_trunc('day', $2 - interval '1 microsecond',
										  'UTC') + interval '24 hours'
		 GROUP BY c.campaign, c.owner
	), total AS (
		SELECT s.campaign, s.owner, sum(s.refused)::bigint AS refused
		  FROM stopped AS s
		 GROUP BY s.campaign, s.owner
	)
	SELECT s.campaign, s.owner, s.reason, s.layer, s.rule, s.refused,
		   s.refused::float8 / t.refused,
		   t.refused + coalesce(w.reserved, 0),
		   s.refused::float8 / (t.refused + coalesce(w.reserved, 0))
	  FROM stopped AS s
	  JOIN total AS t ON t.campaign IS NOT DISTINCT FROM s.campaign
					 AND t.owner IS NOT DISTINCT FROM s.owner
	  LEFT JOIN went AS w ON w.campaign IS NOT DISTINCT FROM s.campaign
						 AND w.owner IS NOT DISTINCT FROM s.owner
	 ORDER BY s.campaign COLLATE "C", s.owner COLLATE "C", s.refused DESC,
		   s.reason COLLATE "C", s.layer COLLATE "C", s.rule COLLATE "C"
$$;
COMMENT ON FUNCTION contact_pressure.refusal_report(timestamptz, timestamptz) IS
	'how many reservations which rule refused, by campaign and owner: counts, their share of the refusals, and of all that were asked for; whole UTC days';

CREATE FUNCTION contact_pressure.recheck_plans(
	since timestamptz DEFAULT now()
) RETURNS TABLE (
	person_id text,
	log_id    bigint,
	at        timestamptz,
	channel   text,
	purpose   text,
	campaign  text,
	verdict   contact_pressure.contact_verdict
)
AS 'MODULE_PATHNAME', 'recheck_plans'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000 ROWS 100;
COMMENT ON FUNCTION contact_pressure.recheck_plans(timestamptz) IS
	'planned contacts that the policies and consents of today do not allow, first reserved, first kept: cancel these and the rest is right';
