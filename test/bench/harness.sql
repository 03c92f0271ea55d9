-- harness.sql: two sides take turns; the medians and their ratio.
CREATE EXTENSION contact_pressure;
CREATE SCHEMA bench;

CREATE FUNCTION bench.milliseconds(query text) RETURNS float8
LANGUAGE plpgsql AS $$
DECLARE
	started timestamptz := clock_timestamp();
BEGIN
	EXECUTE query;
	RETURN 1000 * extract(epoch FROM clock_timestamp() - started);
END $$;

CREATE TABLE bench.result (
	what text, ours float8, theirs float8, ratio float8, target text);

-- Runs both queries in turn; "settings" are commands for the side they name.
CREATE PROCEDURE bench.compare(what text, ours text, theirs text, target text,
							   runs int DEFAULT 5)
LANGUAGE plpgsql AS $$
DECLARE
	a float8[] := '{}';
	b float8[] := '{}';
	ours_ms float8;
	theirs_ms float8;
BEGIN
	FOR i IN 0 .. runs LOOP
		RAISE INFO '%: round % of %', what, i, runs;
		ours_ms := bench.milliseconds(ours);
		theirs_ms := bench.milliseconds(theirs);
		CONTINUE WHEN i = 0;	-- warms the caches
		a := a || ours_ms;
		b := b || theirs_ms;
	END LOOP;
	SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY x) INTO ours_ms
		FROM unnest(a) x;
	SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY x) INTO theirs_ms
		FROM unnest(b) x;
	INSERT INTO bench.result
		VALUES (what, ours_ms, theirs_ms, ours_ms / theirs_ms, target);
	RAISE INFO '%: % ms against % ms, ratio % (target %)', what,
		round(ours_ms::numeric, 1), round(theirs_ms::numeric, 1),
		round((ours_ms / theirs_ms)::numeric, 3), target;
END $$;
