-- src/segment/jobs.sql: what is to be done every night and every week
--
-- pg_cron is no part of this: it may come later, go away, or be in another
-- database of the same server, and is only spoken to by name.

CREATE FUNCTION contact_pressure.weekly_fit()
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
DECLARE
	model jsonb := (SELECT m.model::jsonb FROM contact_pressure.segment_model AS m
					 ORDER BY m.version DESC LIMIT 1);
BEGIN
	IF model IS NULL THEN
		RETURN 'CALL contact_pressure.fit_rfm_model()';
	ELSIF model ->> 'method' = 'custom' OR NOT model ? 'customers' THEN
		RETURN NULL;	-- cut points of one's own stay as they are
	END IF;
	RETURN format('CALL contact_pressure.fit_rfm_model(bins => %s, method => %L, zone => %L)',
				  jsonb_array_length(model -> 'recency') + 1, model ->> 'method',
				  coalesce(model ->> 'zone', 'UTC'));
END
$$;
COMMENT ON FUNCTION contact_pressure.weekly_fit() IS
	'the call that fits a model of the kind of the one in force; NULL: that has cut points of one''s own';

CREATE FUNCTION contact_pressure.schedule_jobs(
	nightly     text     DEFAULT '15 2 * * *',
	weekly      text     DEFAULT '45 3 * * 0',
	maintenance text     DEFAULT '30 4 * * *',
	keep        interval DEFAULT NULL
) RETURNS TABLE (job text, schedule text, command text, scheduled boolean)
LANGUAGE plpgsql COST 10000 ROWS 3
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	by_cron constant boolean := EXISTS (
		SELECT FROM pg_extension AS e WHERE e.extname = 'pg_cron');
	todo    text := '';
BEGIN
	IF keep < interval '0' THEN
		RAISE EXCEPTION 'how long to keep the log cannot be negative'
			USING ERRCODE = 'invalid_parameter_value';
	END IF;
	PERFORM contact_pressure.unschedule_jobs();
	FOR job, schedule, command IN
		SELECT j.job, j.schedule, j.command
		  FROM (VALUES
			('contact_pressure nightly', nightly,
			 'CALL contact_pressure.refresh_segments()'),
			('contact_pressure weekly', weekly, contact_pressure.weekly_fit()),
			('contact_pressure maintenance', maintenance,
			 format('CALL contact_pressure.maintain_ledger(%s)',
					'keep => ' || quote_literal(keep)))) AS j(job, schedule, command)
		 WHERE j.schedule IS NOT NULL AND j.command IS NOT NULL
	LOOP
		scheduled := by_cron;
		IF by_cron THEN
			EXECUTE 'SELECT cron.schedule($1, $2, $3)' USING job, schedule, command;
		ELSE
			todo := todo || format(E'\n%s  %s', rpad(schedule, 12), command);
		END IF;
		RETURN NEXT;
	END LOOP;
	IF todo <> '' THEN
		RAISE NOTICE 'pg_cron is not installed in this database: run these from elsewhere%', todo
			USING HINT = format('Where pg_cron is in another database of this server, there: SELECT cron.schedule_in_database(''...'', ''...'', ''...'', %L).',
								current_database());
	END IF;
END
$$;
COMMENT ON FUNCTION contact_pressure.schedule_jobs(text, text, text, interval) IS
	'makes jobs of pg_cron of the nightly refresh, the weekly model and the maintenance of the ledger, in place of those there were; without pg_cron it says what to run; NULL leaves a job out';

CREATE FUNCTION contact_pressure.unschedule_jobs()
RETURNS integer
LANGUAGE plpgsql COST 10000
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
DECLARE
	id    bigint;
	ended integer := 0;
BEGIN
	IF NOT EXISTS (SELECT FROM pg_extension AS e WHERE e.extname = 'pg_cron') THEN
		RETURN 0;
	END IF;
	-- in this database, and those one may see
	FOR id IN EXECUTE
		'SELECT j.jobid FROM cron.job AS j WHERE j.database = current_database()'
		' AND j.jobname IN (''contact_pressure nightly'', ''contact_pressure weekly'','
		' ''contact_pressure maintenance'') ORDER BY j.jobid'
	LOOP
		EXECUTE 'SELECT cron.unschedule($1)' USING id;
		ended := ended + 1;
	END LOOP;
	RETURN ended;
END
$$;
COMMENT ON FUNCTION contact_pressure.unschedule_jobs() IS
	'takes the jobs of schedule_jobs() away, and says how many there were';
