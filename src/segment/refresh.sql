-- src/segment/refresh.sql: the calendar, models and maps move people
--
-- As maintain_ledger() does, these procedures work in batches and commit each
-- of them; one that is interrupted has done what it had committed, and the
-- next run does the rest, which it finds by version and rescore_at.  A batch
-- waits for nobody: who is locked is taken at the end, alone.

-- --- names

CREATE FUNCTION contact_pressure.segment_name(segment text)
RETURNS text
AS 'MODULE_PATHNAME', 'segment_name'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION contact_pressure.segment_name(text) IS
	'the name of a segment as it is stored; an error when people cannot be in one of that name';

CREATE FUNCTION contact_pressure.check_segment_map(map contact_pressure.segment_map)
RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
DECLARE
	name text;
BEGIN
	FOR name IN SELECT s.segment FROM contact_pressure.segment_map_segments(map) AS s LOOP
		IF contact_pressure.segment_name(name) <> name THEN
			RAISE EXCEPTION 'invalid segment: "%"', name
				USING ERRCODE = 'invalid_parameter_value',
					  DETAIL = 'The map gives people the segments it names, and those are in lower case.',
					  HINT = format('Call it %s.', contact_pressure.segment_name(name));
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION contact_pressure.check_segment_map(contact_pressure.segment_map) IS
	'an error when people cannot be in all segments that a map names';

-- --- what a run begins with

CREATE FUNCTION contact_pressure.check_refresh(as_of timestamptz, batch integer)
RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
BEGIN
	IF batch IS NULL OR batch < 1 THEN
		RAISE EXCEPTION 'a batch has at least one row'
			USING ERRCODE = 'invalid_parameter_value';
	ELSIF as_of IS NULL THEN
		RAISE EXCEPTION 'the instant as of which to refresh is not given'
			USING ERRCODE = 'null_value_not_allowed',
				  HINT = 'Leave as_of out to refresh as of now.';
	ELSIF as_of NOT BETWEEN '0001-01-01 UTC' AND '9999-12-31 UTC' THEN
		RAISE EXCEPTION 'people cannot be refreshed as of %', as_of
			USING ERRCODE = 'datetime_field_overflow',
				  HINT = 'Instants lie between the years 1 and 9999.';
	END IF;
END
$$;
COMMENT ON FUNCTION contact_pressure.check_refresh(timestamptz, integer) IS
	'an error when a run cannot have these arguments';

CREATE FUNCTION contact_pressure.refresh_turn()
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
BEGIN
	IF pg_try_advisory_xact_lock(
		hashtextextended('contact_pressure.refresh_segments', 0)) THEN
		RETURN true;
	END IF;
	RAISE NOTICE 'another session is refreshing segments: this one stops';
	RETURN false;
END
$$;
COMMENT ON FUNCTION contact_pressure.refresh_turn() IS
	'one transaction at a time refreshes segments: is it this one?';

CREATE FUNCTION contact_pressure.begin_refresh(as_of timestamptz)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	latest  integer;
	applied boolean;
	before  timestamptz;
BEGIN
	SELECT m.version, m.applied_at IS NOT NULL INTO latest, applied
	  FROM contact_pressure.segment_model AS m
	 ORDER BY m.version DESC LIMIT 1;
	INSERT INTO contact_pressure.segment_base DEFAULT VALUES ON CONFLICT DO NOTHING;
	SELECT b.as_of INTO before FROM contact_pressure.segment_base AS b FOR UPDATE;
	-- from now on the base stands there: what moves, moves then
	UPDATE contact_pressure.segment_base AS b
	   SET as_of = as_of, refreshed_at = clock_timestamp();
	IF before > as_of AND applied THEN
		-- back in time: a run that is interrupted goes on from here
		UPDATE contact_pressure.segment_model AS m SET applied_at = NULL
		 WHERE m.version = latest;
		applied := false;
	END IF;
	RETURN NOT applied;
END
$$;
COMMENT ON FUNCTION contact_pressure.begin_refresh(timestamptz) IS
	'says as of when the base stands; must everybody be looked at? NULL: there is no model';

-- --- whom to look at

CREATE FUNCTION contact_pressure.segment_map_has_groups(map contact_pressure.segment_map)
RETURNS boolean
AS 'MODULE_PATHNAME', 'segment_map_has_groups'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION contact_pressure.segment_map_has_groups(contact_pressure.segment_map) IS
	'does a map ask for the engagement?';

CREATE FUNCTION contact_pressure.people_to_refresh(
	what  text,		-- everybody, calendar, engagement
	as_of timestamptz,
	batch integer,
	again boolean DEFAULT false
) RETURNS TABLE (ids text[], total bigint)
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 10000 ROWS 100
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	latest contact_pressure.segment_model;
BEGIN
	SELECT m.* INTO latest FROM contact_pressure.segment_model AS m
	 ORDER BY m.version DESC LIMIT 1;
	IF what = 'calendar' THEN
		RETURN QUERY
		SELECT array_agg(p.person_id), max(p.total)
		  FROM (SELECT v.person_id, count(*) OVER () AS total,
					   row_number() OVER (ORDER BY v.person_id COLLATE "C") AS place
				  FROM contact_pressure.customer_value AS v
				 WHERE v.due_at <= people_to_refresh.as_of) AS p
		 GROUP BY (p.place - 1) / batch ORDER BY min(p.place);
	ELSIF what = 'engagement' THEN
		RETURN QUERY
		SELECT array_agg(p.person_id), max(p.total)
		  FROM (SELECT v.person_id, count(*) OVER () AS total,
					   row_number() OVER (ORDER BY v.person_id COLLATE "C") AS place
				  FROM contact_pressure.customer_value AS v
				  JOIN contact_pressure.person AS p ON p.person_id = v.person_id
				 WHERE v.engagement IS DISTINCT FROM contact_pressure.engagement(
						   p.history, greatest(people_to_refresh.as_of, v.scored_at))
				   AND contact_pressure.orders(v.purchases) > 0) AS p
		 GROUP BY (p.place - 1) / batch ORDER BY min(p.place);
	ELSE
		-- Those who are of this version and were scored as of then or before
		-- it, until when it holds, are as they should be: an interrupted run
		-- looks at the others only.
		RETURN QUERY
		SELECT array_agg(p.person_id), max(p.total)
		  FROM (SELECT p.person_id, count(*) OVER () AS total,
					   row_number() OVER (ORDER BY p.person_id COLLATE "C") AS place
				  FROM contact_pressure.person AS p
				  LEFT JOIN contact_pressure.customer_value AS v ON v.person_id = p.person_id
				 WHERE p.merged_into IS NULL
				   AND CASE WHEN v.person_id IS NULL
					   THEN p.segment IS DISTINCT FROM latest.prospects
						AND (p.segment IS NULL
							 OR p.segment IN (SELECT m.prospects
												FROM contact_pressure.segment_model AS m
											   WHERE m.prospects IS NOT NULL))
					   ELSE v.version IS DISTINCT FROM latest.version
						 OR v.scored_at IS NULL
						 OR v.rescore_at <= people_to_refresh.as_of
						 -- a run back in time; or a purchase since, which is seen to once
						 OR NOT again AND v.scored_at > greatest(people_to_refresh.as_of,
								contact_pressure.last_order_at(v.purchases))
					   END) AS p
		 GROUP BY (p.place - 1) / batch ORDER BY min(p.place);
	END IF;
END
$$;
COMMENT ON FUNCTION contact_pressure.people_to_refresh(text, timestamptz, integer, boolean) IS
	'who is not up to an instant, in batches in the lock order';

-- --- the procedures

-- No SET clause: a procedure that has one cannot commit.
CREATE PROCEDURE contact_pressure.refresh_base(
	as_of timestamptz,
	batch integer,
	job   text,
	INOUT completed boolean
)
LANGUAGE plpgsql
AS $$
#variable_conflict use_variable
DECLARE
	path      CONSTANT text := 'pg_catalog, contact_pressure, pg_temp';
	version   integer;
	everybody boolean;
	passes    text[];
	pass      text;
	ids       text[];
	total     bigint;
	before    bigint;
	skipped   text[];
	who       text;
	id        bigint;
	awaited   boolean;
BEGIN
	PERFORM pg_catalog.set_config('search_path', path, true);
	completed := false;
	IF NOT contact_pressure.refresh_turn() THEN
		RETURN;
	END IF;
	everybody := contact_pressure.begin_refresh(as_of);
	SELECT m.version, CASE WHEN contact_pressure.segment_map_has_groups(m.map)
						   THEN '{calendar,engagement}'::text[] ELSE '{calendar}' END
	  INTO version, passes
	  FROM contact_pressure.segment_model AS m
	 ORDER BY m.version DESC LIMIT 1;
	IF everybody THEN
		passes := 'everybody'::text || passes;
	END IF;

	FOREACH pass IN ARRAY passes LOOP
		before := NULL;
		awaited := pass <> 'everybody';
		LOOP
			id := NULL;
			total := 0;
			skipped := '{}';
			FOR ids, total IN
				SELECT p.ids, p.total
				  FROM contact_pressure.people_to_refresh(pass, as_of, batch,
														  before IS NOT NULL) AS p
			LOOP
				-- the same people again, and they cannot be helped
				EXIT WHEN total >= before;
				IF id IS NULL THEN
					id := contact_pressure.begin_step(job, pass, total);
				END IF;
				CALL contact_pressure.next_transaction();
				IF NOT contact_pressure.refresh_turn() THEN
					RETURN;
				END IF;
				SELECT skipped || b.skipped INTO skipped
				  FROM contact_pressure.refresh_batch(ids, as_of) AS b;
				PERFORM contact_pressure.continue_step(id, pg_catalog.cardinality(ids));
			END LOOP;
			EXIT WHEN id IS NULL AND awaited;
			FOREACH who IN ARRAY skipped LOOP
				CALL contact_pressure.next_transaction();
				IF NOT contact_pressure.refresh_turn() THEN
					RETURN;
				END IF;
				PERFORM contact_pressure.refresh_people(ARRAY[who], as_of);
			END LOOP;
			IF id IS NOT NULL THEN
				PERFORM contact_pressure.continue_step(id, NULL);
				before := total;
			END IF;
			CONTINUE WHEN awaited;
			-- a purchase that began before the model was there still goes by
			-- the one before it; the last look is after all of those
			id := contact_pressure.begin_step(job, 'purchases awaited', 1);
			CALL contact_pressure.next_transaction();
			IF NOT contact_pressure.refresh_turn() THEN
				RETURN;
			END IF;
			PERFORM contact_pressure.await_purchases();
			PERFORM contact_pressure.continue_step(id, 1);
			PERFORM contact_pressure.continue_step(id, NULL);
			awaited := true;
		END LOOP;
	END LOOP;
	CALL contact_pressure.next_transaction();
	IF NOT contact_pressure.refresh_turn() THEN
		RETURN;
	END IF;
	UPDATE contact_pressure.segment_model AS m
	   SET applied_at = clock_timestamp()
	 WHERE m.version = version AND m.applied_at IS NULL;
	completed := true;
	COMMIT;
END
$$;
COMMENT ON PROCEDURE contact_pressure.refresh_base(timestamptz, integer, text, boolean) IS
	'brings everybody up to an instant and to the latest model; false: another session is at it';

CREATE PROCEDURE contact_pressure.refresh_segments(
	as_of timestamptz DEFAULT now(),
	batch integer     DEFAULT 10000
)
LANGUAGE plpgsql
AS $$
DECLARE
	completed boolean;
BEGIN
	IF pg_catalog.pg_is_in_recovery() THEN
		RETURN;		-- its primary does it
	END IF;
	PERFORM contact_pressure.check_refresh(as_of, batch);
	IF NOT EXISTS (SELECT FROM contact_pressure.segment_model) THEN
		RAISE NOTICE 'there is no model yet, and nobody to refresh'
			USING HINT = 'CALL contact_pressure.fit_rfm_model() makes one.';
		RETURN;
	END IF;
	CALL contact_pressure.refresh_base(as_of, batch, 'refresh_segments', completed);
END
$$;
COMMENT ON PROCEDURE contact_pressure.refresh_segments(timestamptz, integer) IS
	'moves those whose score changed with the calendar, and goes on with a model or map that is not applied yet; commits as it goes';

-- --- models and maps

CREATE FUNCTION contact_pressure.fit_customers(
	as_of  timestamptz,
	bins   integer,
	method text,
	zone   text
) RETURNS contact_pressure.rfm_model
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	-- months before this one do not count; NULL: all do
	since date := (SELECT date_trunc('month', as_of AT TIME ZONE b.zone)
						  - make_interval(months => b.keep)
					 FROM contact_pressure.segment_base AS b);
BEGIN
	-- an order of tomorrow is one of today
	RETURN (
		SELECT contact_pressure.rfm_model(
				   CASE WHEN contact_pressure.last_order_at(c.purchases) > as_of
				   THEN contact_pressure.rfm(
							least(contact_pressure.first_order_at(c.purchases), as_of), as_of,
							contact_pressure.orders(c.purchases),
							contact_pressure.amount(c.purchases))
				   ELSE c.purchases END, as_of, bins, method, zone)
		  FROM (SELECT CASE WHEN since IS NULL OR v.months IS NULL THEN v.purchases
					   ELSE (SELECT contact_pressure.rfm(m.sum)
							   FROM unnest(v.months, v.monthly) AS m(month, sum)
							  WHERE m.month >= since) END AS purchases
				  FROM contact_pressure.customer_value AS v) AS c);
END
$$;
COMMENT ON FUNCTION contact_pressure.fit_customers(timestamptz, integer, text, text) IS
	'the model of all customers as of an instant; NULL: nobody ever ordered';

CREATE FUNCTION contact_pressure.put_segment_model(
	why       text,
	model     contact_pressure.rfm_model,
	map       contact_pressure.segment_map,
	prospects text,
	as_of     timestamptz
) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	added integer;
BEGIN
	INSERT INTO contact_pressure.segment_model AS m
		   (why, model, map, prospects, as_of, customers)
	VALUES (why, model, map, prospects, as_of,
			(SELECT count(*) FROM contact_pressure.customer_value AS v
			  WHERE contact_pressure.orders(v.purchases) > 0))
	RETURNING m.version INTO added;
	RETURN added;
END
$$;
COMMENT ON FUNCTION contact_pressure.put_segment_model(text, contact_pressure.rfm_model, contact_pressure.segment_map, text, timestamptz) IS
	'a new version of model and map, in force for purchases from the commit on';

CREATE PROCEDURE contact_pressure.fit_rfm_model(
	bins      integer     DEFAULT 5,
	method    text        DEFAULT 'disc',
	zone      text        DEFAULT 'UTC',
	as_of     timestamptz DEFAULT now(),
	map       contact_pressure.segment_map DEFAULT NULL,
	model     contact_pressure.rfm_model   DEFAULT NULL,
	prospects text        DEFAULT NULL,
	batch     integer     DEFAULT 10000
)
LANGUAGE plpgsql
AS $$
#variable_conflict use_variable
DECLARE
	path      CONSTANT text := 'pg_catalog, contact_pressure, pg_temp';
	job       CONSTANT text := 'fit_rfm_model';
	latest    contact_pressure.segment_model;
	completed boolean;
	id        bigint;
BEGIN
	IF pg_catalog.pg_is_in_recovery() THEN
		RETURN;		-- its primary does it
	END IF;
	PERFORM pg_catalog.set_config('search_path', path, true);
	PERFORM contact_pressure.check_refresh(as_of, batch);
	PERFORM contact_pressure.check_segment_map(map);
	IF prospects <> '' THEN
		prospects := contact_pressure.segment_name(prospects);
	END IF;
	-- an error before anything is done
	PERFORM contact_pressure.rfm_model(one.purchases, as_of, bins, method, zone)
	   FROM (SELECT contact_pressure.rfm(as_of, as_of, 1, 1)) AS one(purchases);
	IF EXISTS (SELECT FROM contact_pressure.segment_base AS b
				WHERE b.fill > 0 AND b.filled_at IS NULL) THEN
		RAISE EXCEPTION 'the purchases are not all counted yet'
			USING ERRCODE = 'object_not_in_prerequisite_state',
				  HINT = 'CALL contact_pressure.backfill() of the tracked table, or contact_pressure.load_purchases(), does the rest.';
	END IF;
	IF EXISTS (SELECT FROM contact_pressure.segment_model) THEN
		CALL contact_pressure.refresh_base(as_of, batch, job, completed);
		IF NOT completed THEN
			RETURN;
		END IF;
		CALL contact_pressure.next_transaction();
	END IF;
	IF NOT contact_pressure.refresh_turn() THEN
		RETURN;
	END IF;

	id := contact_pressure.begin_step(job, 'model', 1);
	SELECT m.* INTO latest FROM contact_pressure.segment_model AS m
	 ORDER BY m.version DESC LIMIT 1;
	model := coalesce(model, contact_pressure.fit_customers(as_of, bins, method, zone));
	IF model IS NULL THEN
		RAISE EXCEPTION 'there are no customers to fit a model to'
			USING ERRCODE = 'object_not_in_prerequisite_state',
				  HINT = 'Track a table of orders first: contact_pressure.track_purchases(); or give a model of your own cut points: model => contact_pressure.rfm_model(...).';
	END IF;
	PERFORM contact_pressure.put_segment_model('model', model,
		coalesce(map, latest.map, contact_pressure.rfm_segments()),
		CASE WHEN prospects IS NOT NULL THEN nullif(prospects, '')
			 WHEN latest.version IS NOT NULL THEN latest.prospects
			 ELSE 'prospects' END, as_of);
	PERFORM contact_pressure.continue_step(id, 1);
	PERFORM contact_pressure.continue_step(id, NULL);
	COMMIT;
	CALL contact_pressure.refresh_base(as_of, batch, job, completed);
END
$$;
COMMENT ON PROCEDURE contact_pressure.fit_rfm_model(integer, text, text, timestamptz, contact_pressure.segment_map, contact_pressure.rfm_model, text, integer) IS
	'a new version of the model, fitted to the customers as they are, and everybody scored and named by it; commits as it goes';

CREATE PROCEDURE contact_pressure.put_segment_map(
	map   contact_pressure.segment_map,
	batch integer DEFAULT 10000
)
LANGUAGE plpgsql
AS $$
#variable_conflict use_variable
DECLARE
	path      CONSTANT text := 'pg_catalog, contact_pressure, pg_temp';
	job       CONSTANT text := 'put_segment_map';
	latest    contact_pressure.segment_model;
	as_of     timestamptz;
	completed boolean;
BEGIN
	IF pg_catalog.pg_is_in_recovery() THEN
		RETURN;		-- its primary does it
	ELSIF map IS NULL THEN
		RAISE EXCEPTION 'put_segment_map needs a map'
			USING ERRCODE = 'null_value_not_allowed';
	END IF;
	PERFORM pg_catalog.set_config('search_path', path, true);
	as_of := contact_pressure.segment_clock();
	PERFORM contact_pressure.check_refresh(as_of, batch);
	PERFORM contact_pressure.check_segment_map(map);
	IF NOT EXISTS (SELECT FROM contact_pressure.segment_model) THEN
		RAISE EXCEPTION 'there is no model yet'
			USING ERRCODE = 'object_not_in_prerequisite_state',
				  HINT = 'CALL contact_pressure.fit_rfm_model(map => ...) makes one.';
	END IF;
	-- what is due by the calendar is not the map's doing
	CALL contact_pressure.refresh_base(as_of, batch, job, completed);
	IF NOT completed THEN
		RETURN;
	END IF;
	CALL contact_pressure.next_transaction();
	IF NOT contact_pressure.refresh_turn() THEN
		RETURN;
	END IF;
	SELECT m.* INTO latest FROM contact_pressure.segment_model AS m
	 ORDER BY m.version DESC LIMIT 1;
	IF latest.map OPERATOR(contact_pressure.=) map THEN
		RAISE NOTICE 'this map is in force already';
		RETURN;
	END IF;
	PERFORM contact_pressure.put_segment_model('map', latest.model, map,
											   latest.prospects, as_of);
	COMMIT;
	CALL contact_pressure.refresh_base(as_of, batch, job, completed);
END
$$;
COMMENT ON PROCEDURE contact_pressure.put_segment_map(contact_pressure.segment_map, integer) IS
	'a new version with another map and the same model, and everybody named by it; commits as it goes';
