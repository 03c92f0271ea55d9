-- build.sql: the aggregate that makes histories from the log.
CALL bench.compare('contact_history() against count(*), max(at)',
$$SELECT count(h) FROM (SELECT contact_id,
	contact_pressure.contact_history(at, channel, purpose) h
	FROM bench.log GROUP BY contact_id) x$$,
$$SELECT count(m) FROM (SELECT contact_id, count(*), max(at) m
	FROM bench.log GROUP BY contact_id) x$$,
'2.0 or less', 3);

-- The memory of the hashed plan, less what the same plan takes for a count.
CREATE FUNCTION bench.peak_memory(query text) RETURNS float8
LANGUAGE plpgsql AS $$
DECLARE
	plan json;
	kilobytes float8;
BEGIN
	SET LOCAL work_mem = '4GB';
	SET LOCAL enable_sort = off;
	SET LOCAL enable_indexonlyscan = off;
	EXECUTE 'EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ' || query INTO plan;
	SELECT (plan -> 0 -> 'Plan' ->> 'Peak Memory Usage')::float8
		INTO kilobytes;
	RETURN kilobytes * 1024;
END $$;
INSERT INTO bench.result
SELECT 'memory of contact_history() against its result', ours, theirs,
	ours / theirs, '1.5 or less'
FROM (SELECT bench.peak_memory(
		'SELECT contact_id, contact_pressure.contact_history(at, channel, purpose)
		 FROM bench.log GROUP BY contact_id')
	- bench.peak_memory('SELECT contact_id, count(*) FROM bench.log GROUP BY contact_id')
	AS ours,
	(SELECT sum(pg_column_size(history)) FROM bench.people)::float8 AS theirs) m;
