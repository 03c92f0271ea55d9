-- src/segment/purchases.sql: where purchases come from, and counting them
--
-- The sources are the tables tracked as purchases, or the query last given to
-- load_purchases().  From day to day the triggers keep customer_value; here
-- is what counts the sources themselves: some persons whose figures cannot be
-- kept, or everybody when the set of sources changes (a fill).
--
-- A fill counts while others write.  The triggers leave customers who are not
-- of this fill yet as they are and mark their rows (fill = -n); those are
-- counted once more, each under its person's lock.  What the one large scan
-- reads is complete for all others: it begins after everybody who wrote to a
-- source without knowing of the fill is done.
--
-- Orders lock their buyers in whatever order they come.  A fill takes those
-- whom nobody holds, and waits for the others one by one.  A merge can still
-- lead it from one to another, whom it then waits for: of a deadlock it does
-- not make an error, but comes again later.

-- None of these queries is long enough to be worth compiling: jit is off.

-- --- the sources as a query

CREATE FUNCTION contact_pressure.id_as_bigint(id text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
SELECT CASE WHEN $1 OPERATOR(pg_catalog.~) '^(0|-?[1-9][0-9]{0,18})$'
	THEN CASE WHEN $1::pg_catalog.numeric
				   BETWEEN -9223372036854775808 AND 9223372036854775807
		 THEN $1::pg_catalog.int8 END END
$$;
COMMENT ON FUNCTION contact_pressure.id_as_bigint(text) IS
	'the number that is written so; NULL: none is';

CREATE FUNCTION contact_pressure.id_as_uuid(id text) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
SELECT CASE WHEN $1 OPERATOR(pg_catalog.~)
	'^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
	THEN $1::pg_catalog.uuid END
$$;
COMMENT ON FUNCTION contact_pressure.id_as_uuid(text) IS
	'the UUID that is written so; NULL: none is';

CREATE FUNCTION contact_pressure.purchase_rows(chosen boolean DEFAULT false)
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
	-- chosen: of the persons in $1, found by an index on the column if it has one
	SELECT coalesce(
		(SELECT string_agg(CASE WHEN chosen
				THEN format('SELECT %s FROM unnest($1) AS wanted(id) JOIN %s AS r'
							' ON %s AND r.%I::text = wanted.id COLLATE "C"',
							t.columns ->> 'row', t.relation,
							format(CASE WHEN k.type IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
								   THEN 'r.%I = contact_pressure.id_as_bigint(wanted.id)'
								   WHEN k.type = 'uuid'::regtype
								   THEN 'r.%I = contact_pressure.id_as_uuid(wanted.id)'
								   WHEN k.type IN ('text'::regtype, 'varchar'::regtype)
								   THEN 'r.%I = wanted.id'
								   WHEN k.type = 'bpchar'::regtype
								   THEN 'r.%I = wanted.id::bpchar'
								   ELSE 'r.%I IS NOT NULL' END, t.columns ->> 'id_column'),
							t.columns ->> 'id_column')
				ELSE format('SELECT %s FROM %s AS r', t.columns ->> 'row', t.relation) END,
				' UNION ALL ' ORDER BY t.relation::oid)
		   FROM contact_pressure.tracked_table AS t
		   JOIN pg_class AS c ON c.oid = t.relation,
				LATERAL (SELECT contact_pressure.tracked_type(t.relation, t.columns ->> 'id_column')) AS k(type)
		  WHERE t.kind = 'purchases' AND t.ended_at IS NULL),
		(SELECT format('SELECT nullif(q.person_id::text, '''') AS person_id, q.at,'
					   ' q.amount::numeric AS amount FROM (%s) AS q(person_id, at, amount)%s',
					   b.query, CASE WHEN chosen THEN ' WHERE q.person_id::text = ANY ($1)' ELSE '' END)
		   FROM contact_pressure.segment_base AS b WHERE b.query IS NOT NULL))
$$;
COMMENT ON FUNCTION contact_pressure.purchase_rows(boolean) IS
	'the query for all orders of all sources, or those of the persons $1: person_id, at, amount; NULL: there is no source';

CREATE FUNCTION contact_pressure.purchase_sums(chosen boolean DEFAULT false)
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
	-- summed up before who was merged is looked for: workers do it
	SELECT format(
		'SELECT s.person_id, %s AS month, contact_pressure.rfm(s.at, s.amount) AS purchases'
		' FROM (%s) AS s WHERE s.person_id IS NOT NULL AND s.at IS NOT NULL'
		' AND s.amount IS NOT NULL GROUP BY 1, 2',
		coalesce((SELECT format('date_trunc(''month'', timezone(%L, s.at))::date', b.zone)
					FROM contact_pressure.segment_base AS b WHERE b.keep IS NOT NULL),
				 'NULL::date'),
		q.rows)
	  FROM (SELECT contact_pressure.purchase_rows(chosen)) AS q(rows)
	 WHERE q.rows IS NOT NULL
$$;
COMMENT ON FUNCTION contact_pressure.purchase_sums(boolean) IS
	'the query for the summaries of all orders, or of those of the persons $1, by person and month';

-- --- some persons

CREATE FUNCTION contact_pressure.purchases_of(ids text[])
RETURNS TABLE (person_id text, month date, purchases contact_pressure.rfm)
LANGUAGE plpgsql COST 10000 ROWS 10
SET search_path = pg_catalog, contact_pressure, pg_temp
SET TimeZone = 'UTC'
SET DateStyle = 'ISO, YMD'
SET IntervalStyle = 'postgres'
SET extra_float_digits = 1
SET bytea_output = 'hex'
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	sums  CONSTANT text := contact_pressure.purchase_sums(true);
	same  text[];		-- all ids they ever had
	roots text[];		-- whose those are
BEGIN
	IF sums IS NULL OR cardinality(ids) = 0 OR ids IS NULL THEN
		RETURN;
	ELSIF EXISTS (SELECT FROM contact_pressure.tracked_table AS t
					JOIN pg_class AS c ON c.oid = t.relation
				   WHERE t.kind = 'purchases' AND t.ended_at IS NULL
					 AND row_security_active(c.oid)) THEN
		-- what a policy hides would be taken for gone
		RAISE EXCEPTION 'role % may not see all orders', current_user
			USING ERRCODE = 'insufficient_privilege',
				  DETAIL = 'The purchases of a customer are counted anew, and row-level security is active for a table of orders.',
				  HINT = 'Whoever deletes or moves orders needs BYPASSRLS, or a function of their owner.';
	ELSIF NOT EXISTS (SELECT FROM contact_pressure.person AS p
					   WHERE p.merged_into = ANY (ids)) THEN
		RETURN QUERY EXECUTE sums USING ids;
		RETURN;
	END IF;
	WITH RECURSIVE one(id, root) AS (
		SELECT w.id, w.id FROM unnest(ids) AS w(id)
		 UNION
		SELECT p.person_id, o.root
		  FROM one AS o JOIN contact_pressure.person AS p ON p.merged_into = o.id
	)
	SELECT array_agg(o.id), array_agg(o.root) INTO same, roots FROM one AS o;
	RETURN QUERY EXECUTE format(
		'SELECT w.root, s.month, contact_pressure.rfm(s.purchases) FROM (%s) AS s'
		' JOIN unnest($1, $2) AS w(id, root) ON w.id = s.person_id COLLATE "C"'
		' GROUP BY 1, 2', sums) USING same, roots;
END
$$;
COMMENT ON FUNCTION contact_pressure.purchases_of(text[]) IS
	'what the sources say these persons bought, and those who were merged into them: all in all, or by month where purchases count for some months only';

CREATE FUNCTION contact_pressure.recount_people(
	ids  text[],
	fill integer DEFAULT NULL
) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	known     text[] := contact_pressure.lock_people(ids);
	counted   text[];
	purchases contact_pressure.rfm[];
	months    date[];
	nothing   CONSTANT contact_pressure.rfm := contact_pressure.rfm(NULL, NULL, 0, 0);
BEGIN
	-- Under their locks: what a trigger is to add later is not here yet.
	SELECT array_agg(p.person_id), array_agg(p.purchases),
		   CASE WHEN bool_and(p.month IS NOT NULL) THEN array_agg(p.month) END
	  INTO counted, purchases, months
	  FROM contact_pressure.purchases_of(known) AS p;
	IF counted IS NOT NULL THEN
		PERFORM contact_pressure.put_purchases(counted, purchases, months, fill);
	END IF;
	known := ARRAY(SELECT k FROM unnest(known) AS k
				   EXCEPT SELECT c FROM unnest(counted) AS c);
	IF cardinality(known) > 0 THEN
		PERFORM contact_pressure.put_purchases(
			known, array_fill(nothing, ARRAY[cardinality(known)]), NULL, fill);
	END IF;
END
$$;
COMMENT ON FUNCTION contact_pressure.recount_people(text[], integer) IS
	'counts what some known persons bought anew';

CREATE FUNCTION contact_pressure.number_of_buyers(
	setting contact_pressure.tracked_table,
	counted bigint		-- in all sources
) RETURNS bigint
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
DECLARE
	buyers bigint;
BEGIN
	IF NOT EXISTS (SELECT FROM contact_pressure.tracked_table AS t
					WHERE t.kind = 'purchases' AND t.ended_at IS NULL
					  AND t.relation <> setting.relation) THEN
		RETURN counted;
	END IF;
	EXECUTE format('SELECT count(DISTINCT v.person_id COLLATE "C") FROM (SELECT %s FROM %s AS r) AS v'
				   ' WHERE v.at IS NOT NULL AND v.amount IS NOT NULL',
				   setting.columns ->> 'row', setting.relation) INTO buyers;
	RETURN buyers;
END
$$;
COMMENT ON FUNCTION contact_pressure.number_of_buyers(contact_pressure.tracked_table, bigint) IS
	'how many customers a tracked table of orders has';

CREATE FUNCTION contact_pressure.count_buyers(
	partition regclass,
	setting   contact_pressure.tracked_table
) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
SET TimeZone = 'UTC'
SET DateStyle = 'ISO, YMD'
SET IntervalStyle = 'postgres'
SET extra_float_digits = 1
SET bytea_output = 'hex'
SET jit = off
AS $$
DECLARE
	ids   text[];
	since timestamptz[];
BEGIN
	EXECUTE format('SELECT array_agg(b.person_id ORDER BY b.person_id COLLATE "C"),'
				   ' array_agg(b.at ORDER BY b.person_id COLLATE "C")'
				   ' FROM (SELECT v.person_id, min(v.at) AS at FROM (SELECT %s FROM ONLY %s AS r) AS v'
				   ' WHERE v.person_id IS NOT NULL AND v.at IS NOT NULL AND v.amount IS NOT NULL'
				   ' GROUP BY 1) AS b', setting.columns ->> 'row', partition)
	   INTO ids, since;
	IF ids IS NULL THEN
		RETURN 0;
	END IF;
	-- all of them there and locked, known before or not, in the lock order
	INSERT INTO contact_pressure.person AS p (person_id, known_since)
	SELECT b.id, least(now(), b.since)
	  FROM unnest(ids, since) AS b(id, since)
	 ORDER BY b.id COLLATE "C"
		ON CONFLICT ON CONSTRAINT person_pkey
		DO UPDATE SET lease_until = p.lease_until WHERE false;
	PERFORM contact_pressure.recount_people(ARRAY(
		SELECT DISTINCT contact_pressure.person_of(i) FROM unnest(ids) AS i));
	RETURN cardinality(ids);
END
$$;
COMMENT ON FUNCTION contact_pressure.count_buyers(regclass, contact_pressure.tracked_table) IS
	'counts those anew who bought something in a new partition';

CREATE FUNCTION contact_pressure.leave_source(member regclass) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
SET TimeZone = 'UTC'
SET DateStyle = 'ISO, YMD'
SET IntervalStyle = 'postgres'
SET extra_float_digits = 1
SET bytea_output = 'hex'
SET jit = off
AS $$
DECLARE
	id_column name;
	ids       text[];
BEGIN
	SELECT split_part(encode(t.tgargs, 'escape'), '\000', 1) INTO id_column
	  FROM pg_trigger AS t
	 WHERE t.tgrelid = member AND t.tgname = 'contact_pressure_purchases_insert'
	   AND NOT EXISTS (SELECT FROM contact_pressure.tracked_table AS s
						WHERE s.relation = member AND s.kind = 'purchases'
						  AND s.ended_at IS NULL);
	IF id_column IS NULL THEN
		RETURN;
	END IF;
	PERFORM contact_pressure.set_tracking(m, k, NULL)
	   FROM contact_pressure.tracked_members(member) AS m,
			unnest(contact_pressure.tracked_kinds('purchases')) AS k;
	EXECUTE format('SELECT array_agg(DISTINCT contact_pressure.person_of(r.%I::text)) FROM %s AS r',
				   id_column, member)
	   INTO ids;
	PERFORM contact_pressure.recount_people(ids);
END
$$;
COMMENT ON FUNCTION contact_pressure.leave_source(regclass) IS
	'a partition that was detached from a tracked table of orders is none any more, and its customers are counted without it';

-- --- everybody: what a fill is made of

CREATE FUNCTION contact_pressure.purchase_months(keep interval)
RETURNS integer
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
DECLARE
	months numeric := 12 * EXTRACT(year FROM keep) + EXTRACT(month FROM keep);
BEGIN
	IF months < 1 OR keep <> make_interval(months => months::integer)
	   OR EXTRACT(day FROM keep) <> 0 THEN
		RAISE EXCEPTION 'purchases cannot be kept for %', keep
			USING ERRCODE = 'invalid_parameter_value',
				  DETAIL = 'They are summed up by calendar months.',
				  HINT = 'Say a number of months or years: keep => ''24 months'', keep => ''2 years''.';
	END IF;
	RETURN months;
END
$$;
COMMENT ON FUNCTION contact_pressure.purchase_months(interval) IS
	'an interval of whole months as their number; NULL: for ever';

CREATE FUNCTION contact_pressure.begin_fill() RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
DECLARE
	number integer;
BEGIN
	INSERT INTO contact_pressure.segment_base DEFAULT VALUES ON CONFLICT DO NOTHING;
	UPDATE contact_pressure.segment_base AS b
	   SET fill = b.fill + 1, filled_at = NULL
	RETURNING b.fill INTO number;
	RETURN number;
END
$$;
COMMENT ON FUNCTION contact_pressure.begin_fill() IS
	'from now on everybody has to be counted anew; the number of that fill';

CREATE FUNCTION contact_pressure.lock_sources() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
DECLARE
	source regclass;
BEGIN
	FOR source IN SELECT t.relation FROM contact_pressure.tracked_table AS t
					JOIN pg_class AS c ON c.oid = t.relation
				   WHERE t.kind = 'purchases' AND t.ended_at IS NULL
				   ORDER BY t.relation::oid LOOP
		EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', source);
	END LOOP;
END
$$;
COMMENT ON FUNCTION contact_pressure.lock_sources() IS
	'nobody writes to a tracked table of orders until the end of the transaction, and who did is done';

-- Whoever holds a table may want a person that we hold, or another table; and
-- while we wait nobody else writes.  So we do not wait long, unless that was in
-- vain some times.
CREATE FUNCTION contact_pressure.try_lock_sources(tried integer) RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
SET lock_timeout = '200ms'
AS $$
BEGIN
	PERFORM set_config('lock_timeout', (200 * 2 ^ least(tried, 8))::text, true);
	PERFORM contact_pressure.lock_sources();
	RETURN true;
EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
	RETURN false;
END
$$;
COMMENT ON FUNCTION contact_pressure.try_lock_sources(integer) IS
	'lock_sources() if that can be had soon, less so the oftener it was tried; false: it cannot';

CREATE FUNCTION contact_pressure.is_fill(number integer, step bigint DEFAULT NULL)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
BEGIN
	-- one at a time puts what it counted; not a session's lock, so that it
	-- works behind a pooler
	PERFORM pg_advisory_xact_lock(hashtextextended('contact_pressure.fill_purchases', 0));
	-- of two that load, the one that reads last
	IF is_fill.step IS NOT NULL AND contact_pressure.loads_purchases() THEN
		IF EXISTS (SELECT FROM contact_pressure.job_progress AS j
					WHERE j.job = 'load_purchases' AND j.job_id > is_fill.step) THEN
			RETURN false;
		END IF;
	END IF;
	RETURN EXISTS (SELECT FROM contact_pressure.segment_base AS b WHERE b.fill = number);
END
$$;
COMMENT ON FUNCTION contact_pressure.is_fill(integer, bigint) IS
	'is this the latest fill, and this the latest step of one? If so none begins, and no other puts anything, until the end of the transaction';

CREATE FUNCTION contact_pressure.lock_free_people(ids text[])
RETURNS text[]
LANGUAGE sql
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
	SELECT ARRAY(SELECT p.person_id FROM contact_pressure.person AS p
				  WHERE p.person_id = ANY (ids) AND p.merged_into IS NULL
				  ORDER BY p.person_id COLLATE "C"
					FOR NO KEY UPDATE SKIP LOCKED)
$$;
COMMENT ON FUNCTION contact_pressure.lock_free_people(text[]) IS
	'locks those persons whom nobody else holds, nor has merged';

CREATE FUNCTION contact_pressure.count_sources() RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
SET TimeZone = 'UTC'
SET DateStyle = 'ISO, YMD'
SET IntervalStyle = 'postgres'
SET extra_float_digits = 1
SET bytea_output = 'hex'
SET jit = off
AS $$
DECLARE
	sums    text := contact_pressure.purchase_sums();
	persons bigint;
BEGIN
	IF to_regclass('pg_temp.contact_pressure_counted') IS NOT NULL THEN
		DROP TABLE pg_temp.contact_pressure_counted;
	END IF;
	IF sums IS NULL THEN
		sums := 'SELECT NULL::text AS person_id, NULL::date AS month,'
				' NULL::contact_pressure.rfm AS purchases WHERE false';
	ELSIF EXISTS (SELECT FROM contact_pressure.person AS p WHERE p.merged_into IS NOT NULL) THEN
		sums := format(
			'SELECT coalesce(m.root, s.person_id) AS person_id, s.month,'
			' contact_pressure.rfm(s.purchases) AS purchases FROM (%s) AS s'
			' LEFT JOIN (SELECT p.person_id AS id, contact_pressure.person_of(p.person_id) AS root'
			' FROM contact_pressure.person AS p WHERE p.merged_into IS NOT NULL) AS m'
			' ON m.id = s.person_id COLLATE "C" GROUP BY 1, 2', sums);
	END IF;
	-- not INSERT: only this takes workers
	EXECUTE format('CREATE TEMPORARY TABLE contact_pressure_counted AS'
				   ' SELECT dense_rank() OVER (ORDER BY s.person_id COLLATE "C") AS place,'
				   ' s.* FROM (%s) AS s', sums);
	CREATE INDEX ON pg_temp.contact_pressure_counted (place);
	ANALYZE pg_temp.contact_pressure_counted;
	EXECUTE 'SELECT coalesce(max(c.place), 0) FROM pg_temp.contact_pressure_counted AS c'
	   INTO persons;
	RETURN persons;
END
$$;
COMMENT ON FUNCTION contact_pressure.count_sources() IS
	'sums up all sources in the temporary table contact_pressure_counted; how many persons there are';

CREATE FUNCTION contact_pressure.put_counted(
	number integer,		-- of the fill
	first  bigint,		-- person
	last   bigint,
	whom   text DEFAULT 'all'	-- new: who is no person yet; free: whom nobody holds;
								-- late: all, each in a transaction of its own
) RETURNS bigint[]
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
SET jit = off
AS $$
#variable_conflict use_variable
DECLARE
	ids       text[];
	purchases contact_pressure.rfm[];
	months    date[];
	places    bigint[];
	held      text[];
BEGIN
	-- Who is of this fill already is kept by triggers, and right; where there
	-- are none, the figures tell.
	-- (No joins, but a look at the row of each: nothing knows of a fill's
	-- number how many rows have it.)
	EXECUTE 'SELECT array_agg(c.person_id), array_agg(m.purchases), array_agg(m.month), array_agg(c.place)'
			' FROM (SELECT c.place, c.person_id, array_agg(c.month ORDER BY c.month) AS months,'
			' array_agg(c.purchases ORDER BY c.month) AS monthly'
			' FROM pg_temp.contact_pressure_counted AS c'
			' WHERE c.place BETWEEN $1 AND $2 GROUP BY 1, 2) AS c,'
			' unnest(c.months, c.monthly) AS m(month, purchases)'
			' WHERE (SELECT v.fill = $3'
			|| (SELECT CASE WHEN b.query IS NULL THEN ''
					   WHEN b.keep IS NULL THEN ' AND v.purchases = c.monthly[1]'
					   ELSE ' AND v.months = c.months AND v.monthly = c.monthly' END
				  FROM contact_pressure.segment_base AS b) ||
			' FROM contact_pressure.customer_value AS v WHERE v.person_id = c.person_id) IS NOT TRUE'
			|| CASE WHEN whom = 'new'
			   THEN ' AND (SELECT true FROM contact_pressure.person AS p'
					' WHERE p.person_id = c.person_id) IS NOT TRUE'
			   ELSE '' END
	   INTO ids, purchases, months, places USING first, last, number;
	IF ids IS NULL THEN
		RETURN '{}';
	END IF;
	BEGIN
		held := contact_pressure.put_purchases(ids, purchases,
			CASE WHEN months[1] IS NOT NULL THEN months END, number, true,
			whom IN ('all', 'late'));
	EXCEPTION WHEN deadlock_detected THEN
		-- such as of two who make the same persons known, each some first
		IF whom = 'all' THEN
			RAISE;
		END IF;
		-- who is free comes next
		held := CASE WHEN whom = 'new' THEN '{}' ELSE ids END;
	END;
	RETURN ARRAY(SELECT DISTINCT c.place FROM unnest(ids, places) AS c(id, place)
				   JOIN unnest(held) AS h(id) USING (id) ORDER BY c.place);
END
$$;
COMMENT ON FUNCTION contact_pressure.put_counted(integer, bigint, bigint, text) IS
	'makes what was counted of some persons their figures, but not of those to whom a purchase or a merge came meanwhile; the places of whom it left out since somebody holds them';

CREATE FUNCTION contact_pressure.loads_purchases() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
	SELECT EXISTS (SELECT FROM contact_pressure.segment_base AS b WHERE b.query IS NOT NULL)
$$;
COMMENT ON FUNCTION contact_pressure.loads_purchases() IS
	'do purchases come from a query, and not from tracked tables?';

CREATE FUNCTION contact_pressure.count_rest(
	number integer,
	batch  integer,
	whom   text DEFAULT 'all'	-- free: whom nobody holds; late: all, in a transaction of their own
) RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
SET jit = off
AS $$
#variable_conflict use_variable
DECLARE
	nothing CONSTANT contact_pressure.rfm := contact_pressure.rfm(NULL, NULL, 0, 0);
	ids     text[];
	nobody  text[];
	touched boolean;
BEGIN
	-- a purchase came while they were counted
	ids := ARRAY(SELECT v.person_id FROM contact_pressure.customer_value AS v
				  WHERE v.fill = -number
				  ORDER BY v.person_id COLLATE "C" LIMIT batch);
	touched := cardinality(ids) > 0;
	IF NOT touched THEN
		-- no source has them
		ids := ARRAY(SELECT v.person_id FROM contact_pressure.customer_value AS v
					  WHERE v.fill <> number AND v.fill <> -number
					  ORDER BY v.person_id COLLATE "C" LIMIT batch);
		IF cardinality(ids) = 0 AND contact_pressure.loads_purchases() THEN
			EXECUTE 'SELECT ARRAY(SELECT v.person_id FROM contact_pressure.customer_value AS v'
					' WHERE (v.purchases <> $1 OR v.monthly <> ARRAY[$1])'
					' AND NOT EXISTS (SELECT FROM pg_temp.contact_pressure_counted AS c'
					' WHERE c.person_id = v.person_id)'
					' ORDER BY v.person_id COLLATE "C" LIMIT $2)'
			   INTO ids USING nothing, batch;
		END IF;
	END IF;
	IF cardinality(ids) = 0 THEN
		RETURN false;
	ELSIF whom = 'free' THEN
		ids := contact_pressure.lock_free_people(ids);
		IF cardinality(ids) = 0 THEN
			RETURN NULL;
		END IF;
	END IF;
	-- of nobody any more, or of somebody merged since, whose orders are
	-- another's; whoever may not delete mostly need not
	nobody := ARRAY(SELECT i FROM unnest(ids) AS i
					 WHERE NOT EXISTS (SELECT FROM contact_pressure.person AS p
										WHERE p.person_id = i AND p.merged_into IS NULL));
	IF cardinality(nobody) > 0 THEN
		DELETE FROM contact_pressure.customer_value AS v WHERE v.person_id = ANY (nobody);
	END IF;
	IF touched THEN
		PERFORM contact_pressure.recount_people(ids, number);
		IF contact_pressure.loads_purchases() THEN
			EXECUTE 'INSERT INTO pg_temp.contact_pressure_counted (place, person_id)'
					' SELECT 0, contact_pressure.person_of(i) FROM unnest($1) AS i' USING ids;
		END IF;
	ELSE
		PERFORM contact_pressure.put_purchases(
			ids, array_fill(nothing, ARRAY[cardinality(ids)]), NULL, number, true);
	END IF;
	RETURN true;
EXCEPTION WHEN deadlock_detected THEN
	IF whom = 'all' THEN
		RAISE;
	END IF;
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION contact_pressure.count_rest(integer, integer, text) IS
	'counts some of those whom the one scan did not settle; false: there are none left; NULL: somebody holds them';

CREATE FUNCTION contact_pressure.end_fill(number integer) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
BEGIN
	UPDATE contact_pressure.segment_base AS b
	   SET filled_at = clock_timestamp() WHERE b.fill = number;
	UPDATE contact_pressure.tracked_table AS t
	   SET complete_at = clock_timestamp()
	 WHERE t.kind = 'purchases' AND t.ended_at IS NULL AND t.complete_at IS NULL;
	IF to_regclass('pg_temp.contact_pressure_counted') IS NOT NULL THEN
		DROP TABLE pg_temp.contact_pressure_counted;
	END IF;
END
$$;
COMMENT ON FUNCTION contact_pressure.end_fill(integer) IS
	'everybody is counted';

-- --- everybody: at once

CREATE FUNCTION contact_pressure.count_again() RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
DECLARE
	batch   CONSTANT integer := 10000;
	number  integer;
	persons bigint;
BEGIN
	PERFORM contact_pressure.lock_sources();
	PERFORM contact_pressure.is_fill(0);
	IF contact_pressure.keeps_snapshot()
	   AND EXISTS (SELECT FROM contact_pressure.segment_base AS b
					WHERE b.fill > 0 AND b.filled_at IS NULL) THEN
		RAISE EXCEPTION 'purchases are being counted anew'
			USING ERRCODE = 'serialization_failure',
				  DETAIL = format('A %s transaction may not see the latest orders of who waits for that.',
								  current_setting('transaction_isolation')),
				  HINT = 'Use READ COMMITTED, or wait until segment_base.filled_at is set.';
	END IF;
	number := contact_pressure.begin_fill();
	persons := contact_pressure.count_sources();
	FOR place IN 1 .. persons::integer BY batch LOOP
		PERFORM contact_pressure.put_counted(number, place, place + batch - 1);
	END LOOP;
	WHILE contact_pressure.count_rest(number, batch) LOOP
	END LOOP;
	PERFORM contact_pressure.end_fill(number);
	RETURN persons;
END
$$;
COMMENT ON FUNCTION contact_pressure.count_again() IS
	'counts the purchases of everybody anew, in this transaction, while nobody writes to the sources; how many customers there are';

-- --- everybody: while others write

-- No SET clause: a procedure that has one cannot commit.
CREATE PROCEDURE contact_pressure.fill_purchases(
	batch integer DEFAULT 10000,
	job   text    DEFAULT 'backfill'
)
LANGUAGE plpgsql
AS $$
#variable_conflict use_variable
DECLARE
	path    CONSTANT text := 'pg_catalog, contact_pressure, pg_temp';
	number  integer;
	persons bigint;
	first   bigint;
	last    bigint;
	late    bigint[] := '{}';		-- whom somebody held
	whom    text;
	id      bigint;
	is_ours boolean := true;
	rest    boolean;
	tries   integer := 0;
BEGIN
	PERFORM pg_catalog.set_config('search_path', path, true);
	-- one that was interrupted goes on; a query is compared with what is there
	SELECT b.fill INTO number FROM contact_pressure.segment_base AS b
	 WHERE b.fill > 0 AND (b.filled_at IS NULL OR b.query IS NOT NULL);
	IF number IS NULL THEN
		number := contact_pressure.begin_fill();
	END IF;
	-- who wrote to a source without knowing of it is done then
	LOOP
		CALL contact_pressure.next_transaction();
		EXIT WHEN contact_pressure.try_lock_sources(tries);
		tries := tries + 1;
		COMMIT;
		PERFORM pg_catalog.pg_sleep(1);
	END LOOP;
	tries := 0;
	CALL contact_pressure.next_transaction();
	persons := contact_pressure.count_sources();
	id := contact_pressure.begin_step(job, 'customers counted', persons);

	<<batches>>
	FOR place IN 0 .. (persons - 1) / batch LOOP
		first := place * batch + 1;
		last := least(first + batch - 1, persons);
		FOREACH whom IN ARRAY '{new,free}'::text[] LOOP
			CALL contact_pressure.next_transaction();
			is_ours := contact_pressure.is_fill(number, id);
			EXIT batches WHEN NOT is_ours;
			late := late || contact_pressure.put_counted(number, first, last, whom);
		END LOOP;
		PERFORM contact_pressure.continue_step(id, last - first + 1);
	END LOOP;
	<<later>>
	FOREACH first IN ARRAY late LOOP
		LOOP
			CALL contact_pressure.next_transaction();
			is_ours := is_ours AND contact_pressure.is_fill(number, id);
			EXIT later WHEN NOT is_ours;
			EXIT WHEN contact_pressure.put_counted(number, first, first, 'late') OPERATOR(pg_catalog.=) '{}';
		END LOOP;
	END LOOP;
	LOOP
		CALL contact_pressure.next_transaction();
		is_ours := is_ours AND contact_pressure.is_fill(number, id);
		EXIT WHEN NOT is_ours;
		rest := contact_pressure.count_rest(number, batch, 'free');
		CONTINUE WHEN rest;
		IF rest IS NULL THEN
			PERFORM contact_pressure.count_rest(number, 1, 'late');
		ELSIF contact_pressure.try_lock_sources(tries) THEN
			-- the last look, while nobody writes
			LOOP
				rest := contact_pressure.count_rest(number, batch, 'free');
				EXIT WHEN rest IS NOT TRUE;
			END LOOP;
			IF NOT rest THEN
				PERFORM contact_pressure.end_fill(number);
				PERFORM contact_pressure.continue_step(id, NULL);
				EXIT;
			END IF;
		ELSE
			tries := tries + 1;
			COMMIT;
			PERFORM pg_catalog.pg_sleep(1);
		END IF;
	END LOOP;
	IF NOT is_ours THEN
		RAISE NOTICE 'somebody else counts purchases anew, and began later';
	END IF;
	COMMIT;
END
$$;
COMMENT ON PROCEDURE contact_pressure.fill_purchases(integer, text) IS
	'counts the purchases of everybody from the sources while others write, committing as it goes; can be interrupted and repeated';

-- --- starting it: tables of orders

CREATE FUNCTION contact_pressure.set_sources(
	relation regclass,		-- the table that becomes one; NULL: the query does
	query    text,
	keep     interval,
	zone     text
) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	months CONSTANT integer := contact_pressure.purchase_months(keep);
	others text;
	base   contact_pressure.segment_base;
BEGIN
	PERFORM contact_pressure.is_fill(0);
	INSERT INTO contact_pressure.segment_base DEFAULT VALUES ON CONFLICT DO NOTHING;
	SELECT b.* INTO STRICT base FROM contact_pressure.segment_base AS b FOR UPDATE;
	SELECT string_agg(t.relation::text, ', ' ORDER BY t.relation::text) INTO others
	  FROM contact_pressure.tracked_table AS t
	  JOIN pg_class AS c ON c.oid = t.relation
	 WHERE t.kind = 'purchases' AND t.ended_at IS NULL
	   AND t.relation IS DISTINCT FROM relation;
	IF relation IS NOT NULL AND base.query IS NOT NULL THEN
		RAISE EXCEPTION 'purchases are loaded by a query'
			USING ERRCODE = 'object_not_in_prerequisite_state',
				  DETAIL = format('CALL load_purchases() was given: %s', base.query),
				  HINT = 'Purchases come from tables or from a query. CALL contact_pressure.load_purchases(NULL) forgets the query.';
	ELSIF query IS NOT NULL AND others IS NOT NULL THEN
		RAISE EXCEPTION 'purchases come from tracked tables'
			USING ERRCODE = 'object_not_in_prerequisite_state',
				  DETAIL = format('Tracked are: %s.', others),
				  HINT = 'Purchases come from tables or from a query. End the former: SELECT contact_pressure.untrack(''...'', ''purchases'').';
	ELSIF others IS NOT NULL AND months IS DISTINCT FROM base.keep THEN
		RAISE EXCEPTION 'other tables keep purchases %',
			coalesce('for ' || base.keep || ' months', 'for ever')
			USING ERRCODE = 'object_not_in_prerequisite_state',
				  DETAIL = format('Tracked are: %s.', others),
				  HINT = 'All tables together have one window: '
						 || coalesce(format('say keep => ''%s months''', base.keep), 'leave out keep')
						 || ', or untrack() the others before.';
	END IF;
	IF others IS NOT NULL THEN
		zone := base.zone;
	END IF;
	UPDATE contact_pressure.segment_base AS b
	   SET keep = months, query = set_sources.query, zone = coalesce(set_sources.zone, 'UTC')
	 WHERE (b.keep, b.query, b.zone) IS DISTINCT FROM
		   (months, set_sources.query, coalesce(set_sources.zone, 'UTC'));
	IF FOUND AND query IS NOT NULL OR relation IS NOT NULL THEN
		PERFORM contact_pressure.begin_fill();
	END IF;
END
$$;
COMMENT ON FUNCTION contact_pressure.set_sources(regclass, text, interval, text) IS
	'purchases come from this table, too, or from this query, and count for so long: checks it, and begins a fill';

CREATE FUNCTION contact_pressure.answered_contact(
	person_id text,
	at        timestamptz,
	within    interval
) RETURNS bigint
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 500
SET search_path = pg_catalog, contact_pressure, pg_temp
SET enable_seqscan = off
AS $$
DECLARE
	person text := contact_pressure.person_of(answered_contact.person_id);
	answer bigint;
BEGIN
	-- The one that this order, or another one then, was taken as the answer
	-- to, whatever was recorded since.
	SELECT r.log_id INTO answer
	  FROM contact_pressure.response_log AS r
	 WHERE r.person_id = person AND r.at = answered_contact.at
	   AND r.outcome = 'converted' AND r.source <> 'taken back'
	 ORDER BY r.response_id LIMIT 1;
	IF answer IS NULL THEN
		SELECT l.log_id INTO answer
		  FROM contact_pressure.contact_log AS l
		 WHERE l.person_id = person
		   AND l.at <= answered_contact.at
		   AND l.at + within > answered_contact.at
		   AND l.status <> 'cancelled'
		   AND l.outcome NOT IN ('planned', 'event', 'bounced', 'hard_bounced',
								 'rejected', 'failed')
		 ORDER BY l.at DESC, l.log_id DESC LIMIT 1;
	END IF;
	RETURN answer;
END
$$;
COMMENT ON FUNCTION contact_pressure.answered_contact(text, timestamptz, interval) IS
	'the log id of the contact that an order answers: the last one sent before it; NULL: there was none within that time';

CREATE FUNCTION contact_pressure.track_purchases(
	relation      regclass,
	id_column     name,
	at_column     name,
	amount_column name,
	zone          text     DEFAULT NULL,
	keep          interval DEFAULT NULL,
	answers       interval DEFAULT NULL,
	backfill      boolean  DEFAULT true
) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	source text;
	id     text;
	at     text;
	amount text;
	type   regtype;
	buyers bigint;
BEGIN
	IF contact_pressure.keeps_snapshot() THEN
		RAISE EXCEPTION 'purchases cannot be tracked from within a % transaction',
			current_setting('transaction_isolation')
			USING ERRCODE = 'invalid_transaction_state',
				  DETAIL = 'It does not see the orders that were committed just before the table was locked.',
				  HINT = 'Use READ COMMITTED.';
	END IF;
	-- all sources in one order, and then the new one
	PERFORM contact_pressure.lock_sources();
	source := contact_pressure.begin_tracking(relation, 'purchases');
	id := format('nullif(%s::text, '''') AS person_id',
				 contact_pressure.tracked_column(relation, 'id_column', id_column));
	at := contact_pressure.tracked_time(relation, 'at_column', at_column, zone);
	amount := contact_pressure.tracked_column(relation, 'amount_column', amount_column) || '::numeric';
	type := contact_pressure.tracked_type(relation, amount_column);
	IF type NOT IN ('numeric'::regtype, 'money'::regtype, 'int2'::regtype, 'int4'::regtype,
					'int8'::regtype, 'float4'::regtype, 'float8'::regtype) THEN
		RAISE EXCEPTION 'column "%" of table % is no amount', amount_column, relation
			USING ERRCODE = 'datatype_mismatch',
				  DETAIL = format('The argument amount_column names a column of type %s.', type),
				  HINT = 'A generated column of type numeric can hold the amount; where it is NULL the row is no order.';
	ELSIF answers <= interval '0' THEN
		RAISE EXCEPTION 'an answer comes within some time, not within %', answers
			USING ERRCODE = 'invalid_parameter_value',
				  HINT = 'Such as answers => ''7 days''.';
	ELSIF answers IS NOT NULL AND contact_pressure.tracked_primary_key(relation) IS NULL THEN
		RAISE EXCEPTION 'the rows of table % cannot be told apart', relation
			USING ERRCODE = 'object_not_in_prerequisite_state',
				  DETAIL = 'It has no primary key.',
				  HINT = 'An order that is deleted takes its event back, and that must be found again: add a primary key, or leave out answers.';
	END IF;
	PERFORM contact_pressure.set_sources(relation, NULL, keep, zone);
	buyers := contact_pressure.start_tracking(relation, 'purchases', source,
		jsonb_strip_nulls(jsonb_build_object(
			'id_column', id_column, 'at_column', at_column,
			'amount_column', amount_column, 'zone', zone, 'keep', keep,
			'answers', answers,
			'clock', CASE WHEN at LIKE '%::timestamptz' THEN '' ELSE zone END,
			'row', format('%s, %s AS at, %s AS amount', id, at, amount))),
		backfill);
	IF answers IS NULL THEN
		-- such as it may have had before
		PERFORM contact_pressure.set_tracking(m, k, NULL)
		   FROM contact_pressure.tracked_members(relation) AS m, unnest('{sales,wins}'::text[]) AS k;
		UPDATE contact_pressure.tracked_table AS t SET ended_at = now()
		 WHERE t.relation = relation AND t.kind IN ('sales', 'wins') AND t.ended_at IS NULL;
		RETURN buyers;
	END IF;
	-- a refund is no order
	at := format('CASE WHEN %s >= 0 THEN %s END', amount, at);
	PERFORM contact_pressure.start_tracking(relation, 'sales', source || '/orders',
		jsonb_build_object(
			'row', concat_ws(', ', id,
				contact_pressure.tracked_key(relation, source || '/orders/event', NULL) || ' AS key',
				at || ' AS at, ''event''::text AS channel, ''order''::text AS purpose',
				'NULL::text AS campaign, NULL::text AS owner, NULL::float8 AS weight',
				'NULL::numeric AS cost, ''event''::text AS outcome, NULL::timestamptz AS answered_at'),
			'twin', 'false'), backfill);
	PERFORM contact_pressure.start_tracking(relation, 'wins', source,
		jsonb_build_object(
			'row', format('NULL::text AS person_id, NULL::text AS key,'
						  ' contact_pressure.answered_contact(nullif(r.%I::text, ''''), %s, %L) AS log_id,'
						  ' %2$s AS at, ''converted''::text AS outcome,'
						  ' NULL::text AS channel, NULL::text AS purpose', id_column, at, answers),
			'twin', format('EXISTS (SELECT FROM %1$s AS other WHERE other.%2$I = r.%2$I'
						   ' AND other.%3$I = r.%3$I AND other.%4$I::numeric >= 0'
						   ' AND other.tableoid IS NOT NULL)',
						   relation, id_column, at_column, amount_column)), backfill);
	RETURN buyers;
END
$$;
COMMENT ON FUNCTION contact_pressure.track_purchases(regclass, name, name, name, text, interval, interval, boolean) IS
	'keeps what customers bought, their scores and segments current from a table of orders, whatever its columns are called; how many customers it has';

-- --- starting it: a query

CREATE FUNCTION contact_pressure.check_load(view regclass) RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
DECLARE
	types text[] := ARRAY(SELECT format_type(a.atttypid, NULL) FROM pg_attribute AS a
						   WHERE a.attrelid = view AND a.attnum > 0 ORDER BY a.attnum);
BEGIN
	IF cardinality(types) <> 3 OR types[2] <> 'timestamp with time zone'
	   OR types[3] NOT IN ('numeric', 'money', 'smallint', 'integer', 'bigint',
						   'real', 'double precision') THEN
		RAISE EXCEPTION 'the query does not give orders'
			USING ERRCODE = 'datatype_mismatch',
				  DETAIL = format('Its columns are of type %s.', array_to_string(types, ', ')),
				  HINT = 'It gives three columns: a person''s id, a timestamptz (at AT TIME ZONE ''...'' makes one of another time) and an amount.';
	END IF;
	-- with this search_path every name in it is qualified
	RETURN rtrim(pg_get_viewdef(view), ';');
END
$$;
COMMENT ON FUNCTION contact_pressure.check_load(regclass) IS
	'the query of a view as it reads in every session; an error when it gives no orders';

CREATE PROCEDURE contact_pressure.load_purchases(
	query text,
	keep  interval DEFAULT NULL,
	batch integer  DEFAULT 10000
)
LANGUAGE plpgsql
AS $$
#variable_conflict use_variable
DECLARE
	path   CONSTANT text := 'pg_catalog, contact_pressure, pg_temp';
	orders text;
BEGIN
	IF pg_catalog.pg_is_in_recovery() THEN
		RAISE NOTICE 'this server is a standby: purchases are loaded on its primary';
		RETURN;
	ELSIF batch IS NULL OR batch OPERATOR(pg_catalog.<) 1 THEN
		RAISE EXCEPTION 'a batch has at least one row'
			USING ERRCODE = 'invalid_parameter_value';
	END IF;
	IF query IS NOT NULL THEN
		-- names in it are found where the caller's are
		EXECUTE pg_catalog.concat('CREATE TEMPORARY VIEW contact_pressure_load (person_id, at, amount) AS ',
								  pg_catalog.rtrim(query, E' ;\t\n'));
		orders := contact_pressure.check_load('pg_temp.contact_pressure_load');
		DROP VIEW pg_temp.contact_pressure_load;
	END IF;
	PERFORM pg_catalog.set_config('search_path', path, true);
	PERFORM contact_pressure.set_sources(NULL, orders, keep, NULL);
	IF orders IS NOT NULL THEN
		CALL contact_pressure.fill_purchases(batch, 'load_purchases');
	END IF;
END
$$;
COMMENT ON PROCEDURE contact_pressure.load_purchases(text, interval, integer) IS
	'makes what customers bought what a query says, SELECT person_id, at, amount ...; changes only those for whom it says something else, committing as it goes; NULL forgets the query';
