-- src/segment/value.sql: what keeps the rows of customers

CREATE FUNCTION contact_pressure.segment_clock() RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
SELECT coalesce((SELECT b.as_of
				   FROM contact_pressure.segment_base AS b
				  WHERE b.as_of OPERATOR(pg_catalog.<) (b.refreshed_at
						OPERATOR(pg_catalog.-) '24 hours'::pg_catalog.interval)
					 OR b.as_of OPERATOR(pg_catalog.>) (b.refreshed_at
						OPERATOR(pg_catalog.+) '24 hours'::pg_catalog.interval)),
				pg_catalog.now())
$$;
COMMENT ON FUNCTION contact_pressure.segment_clock() IS
	'the instant as of which a purchase is scored: now, or where a replay of the past stands';

CREATE FUNCTION contact_pressure.put_purchases(
	ids       text[],
	purchases contact_pressure.rfm[],
	months    date[]  DEFAULT NULL,
	fill      integer DEFAULT NULL,
	scanned   boolean DEFAULT false,
	waits     boolean DEFAULT true
) RETURNS text[]
AS 'MODULE_PATHNAME', 'put_purchases'
LANGUAGE C COST 10000;
COMMENT ON FUNCTION contact_pressure.put_purchases(text[], contact_pressure.rfm[], date[], integer, boolean, boolean) IS
	'what persons bought is this; what was scanned is not put where a purchase or a merge came meanwhile, which marks the row; whom it left out since somebody holds them';

CREATE FUNCTION contact_pressure.refresh_people(ids text[], as_of timestamptz)
RETURNS bigint
AS 'MODULE_PATHNAME', 'refresh_people'
LANGUAGE C COST 10000;
COMMENT ON FUNCTION contact_pressure.refresh_people(text[], timestamptz) IS
	'brings scores and segments of persons up to an instant; how many moved';

-- Orders lock their buyers in whatever order they come: who waits for them
-- may hold one lock and no more.
CREATE FUNCTION contact_pressure.refresh_batch(
	ids         text[],
	as_of       timestamptz,
	OUT moved   bigint,
	OUT skipped text[]
)
AS 'MODULE_PATHNAME', 'refresh_batch'
LANGUAGE C COST 10000;
COMMENT ON FUNCTION contact_pressure.refresh_batch(text[], timestamptz) IS
	'refreshes those persons whom nobody holds; how many moved, and who was held';

CREATE FUNCTION contact_pressure.purchase_changed() RETURNS trigger
AS 'MODULE_PATHNAME', 'purchase_changed'
LANGUAGE C;
COMMENT ON FUNCTION contact_pressure.purchase_changed() IS
	'trigger: takes what a statement did to a tracked table of orders into customer_value';

CREATE FUNCTION contact_pressure.await_purchases() RETURNS void
AS 'MODULE_PATHNAME', 'await_purchases'
LANGUAGE C COST 10000;
COMMENT ON FUNCTION contact_pressure.await_purchases() IS
	'waits until the transactions have ended that may have scored somebody by an earlier model';
