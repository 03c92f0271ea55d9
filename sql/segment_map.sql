-- The type segment_map, its functions, lints and errors.
SET search_path = contact_pressure, public;
\pset format unaligned

-- a statement, then its result; or SQLSTATE and message, detail, hint
CREATE FUNCTION pg_temp.try(statement text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	result text; detail text; hint text;
BEGIN
	EXECUTE 'SELECT ' || statement INTO result;
	RETURN format(E'> %s\n  %s', statement, coalesce(result, 'NULL'));
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN format(E'> %s\n  %s %s', statement, SQLSTATE, SQLERRM) ||
		CASE WHEN detail <> '' THEN E'\n  ' || detail ELSE '' END ||
		CASE WHEN hint <> '' THEN E'\n  ' || hint ELSE '' END;
END $$;

-- canonical text: names folded, blanks and comments gone, loyal on each line
-- of a loyal segment, what is any score left out
SELECT '# from the board
loyal Champions: R 4-5,
	f 4 - 5 , m 4-5
"At risk"  : r 1-2, f 3;; mid: m 3-3
champions: f 1-9, r 5
all: r 1-9
ELSE Loyal "Rest of the world" # nobody else'::segment_map;
SELECT 'loyal: r 5; loyal loyal: r 4; "else": r 3; "loyal": r 2; else else_'::segment_map;
SELECT 'a-1: m 1; "1a": m 2; "A": m 3; "ü": m 4; "a b": m 5'::segment_map;
SELECT * FROM segment_map_segments('loyal: r 5; loyal loyal: r 4; "else": r 3; "loyal": r 2; else else_');
SELECT rfm_segments();
SELECT * FROM segment_map_segments();

-- first match wins
CREATE TEMP TABLE map AS SELECT 'loyal best: r 4-5, f 4-5; fresh: r 5; big: m 5; else rest'::segment_map AS m;
SELECT string_agg(concat(s, ' ', rfm_segment(s, m)), ', ' ORDER BY s DESC) FROM map, unnest('{555,541,511,415,411,151,111}'::rfm_score[]) s;
SELECT rfm_segment('555', 'a: r 1-4') AS none, rfm_segment(NULL) AS null_score, rfm_segment('555', NULL) AS null_map, rfm_segment('999') AS beyond;
SELECT segment_rank(n, m), segment_is_loyal(n, m) FROM map, unnest('{best,fresh,rest,Best,nobody,NULL}'::text[]) n;
SELECT segment_rank('champions'), segment_rank('lost'), segment_is_loyal('loyal'), segment_is_loyal('lost');
-- maps that change from row to row
SELECT string_agg(rfm_segment('543', m), ' ' ORDER BY n) FROM (VALUES (1, 'a: r 5'::segment_map), (2, 'b: r 5'), (3, 'a: r 5'), (4, NULL), (5, 'c: r 5')) v(n, m);

-- groups of engagement: any of those named; canonical words, whatever is typed
SELECT 'sleeping: r 1-2, unengaged; warm: Engaged | Never  Contacted, f 2; x: fading, unresponsive, r 1-9; y: uncontacted; z: never_contacted |
	fading; zz: unresponsive | engaged | uncontacted | fading; fading: fading; loyal never: m 5'::segment_map;
CREATE TEMP TABLE engaged AS SELECT 'loyal best: r 4-5, engaged; asleep: r 1-2, unengaged; new: never contacted; else rest'::segment_map AS m;
SELECT e, string_agg(concat(s, ' ', rfm_segment(s, m, e)), ', ' ORDER BY s DESC)
FROM engaged, unnest('{555,333,111}'::rfm_score[]) s, unnest('{engaged,fading,unresponsive,never_contacted," Fading ",NULL}'::text[]) WITH ORDINALITY AS u(e, n) GROUP BY n, e ORDER BY n;
SELECT rfm_segment('211', 'a: unengaged') AS not_given, rfm_segment('211', 'a: unengaged', NULL) AS null, rfm_segment('211', 'a: unengaged', 'engaged') AS other,
	rfm_segment('211', engagement => 'fading') AS no_matter, rfm_segment(NULL, 'a: unengaged', 'fading') AS no_score, rfm_segment('211', NULL, 'fading') AS no_map;
SELECT string_agg(rfm_segment('543', m, e), ' ' ORDER BY n) FROM (VALUES (1, 'a: engaged; b: fading'::segment_map, 'fading'), (2, 'a: engaged; b: fading', 'engaged'),
	(3, 'c: r 5', 'fading'), (4, 'a: engaged; b: fading', NULL), (5, 'a: engaged; b: fading; else d', NULL), (6, 'e: unengaged', 'fading')) v(n, m, e);
SELECT segment_rank('asleep', m), segment_is_loyal('best', m), m = m::text::segment_map AS same, m < 'z: r 1' AS less FROM engaged;
SELECT segment_map_send('a: unengaged'), segment_map_send('a: r 5');

-- comparison
SELECT 'a: r 5'::segment_map = ' A :r  5-5;' AS eq, 'a: r 5'::segment_map <> 'a: r 4' AS ne, 'a: r 5'::segment_map < 'a: r 5; b: r 4' AS lt,
	count(DISTINCT m) FROM unnest(ARRAY['a: r 5', 'a:r 5', 'a: r 4']::segment_map[]) m;
SELECT segment_map_send('a: r 5');

-- lint
SELECT * FROM segment_map_lint('best: r 4-5, f 4-5; "At risk": r 1-2; mid: m 3; mid: r 5, f 5; x: r 7; else rest');
SELECT * FROM segment_map_lint('best: r 4-5, f 4-5; "At risk": r 1-2; mid: m 3; mid: r 5, f 5; x: r 7; else rest', 9);
SELECT * FROM segment_map_lint('a: r 1-4; b: r 5, f 1-4; c: r 5, f 5, m 2-5');
SELECT * FROM segment_map_lint('a: r 1-4', 9) WHERE severity = 'note';
SELECT * FROM segment_map_lint('a: r 1; a: r 1, f 1; b: r 2; else c', 2);
SELECT * FROM segment_map_lint('a: r 1; a: r 1-2; b: f 1-9; else c', 2);
SELECT count(*) FROM segment_map_lint(rfm_segments());
SELECT code, left(message, 60) FROM segment_map_lint(rfm_segments(), 6);
SELECT count(*) FROM segment_map_lint(NULL);
-- of a map with groups: a cell is a score with an engagement
SELECT * FROM segment_map_lint('asleep: r 1, unengaged; new: never contacted; hot: engaged, r 2; a: r 2; b: fading; c: r 2, engaged; d: r 2', 2);
SELECT * FROM segment_map_lint('a: engaged; b: unengaged; c: never contacted; d: r 2', 2);
SELECT * FROM segment_map_lint('a: engaged; b: unengaged; c: never contacted; else d', 2);
SELECT * FROM segment_map_lint('a: r 2; b: r 1, f 2, engaged; c: unengaged | uncontacted, r 1, f 2; d: fading', 2);

-- errors: what is typed first
SELECT pg_temp.try(format('%L::segment_map', s)) FROM unnest(ARRAY[
	'', '# nothing', 'champions', 'champions r 4-5', 'at risk: r 1-2', 'champions: r 4-5 f 4-5', 'champions: r >= 4', 'champions: r=5',
	'champions: r4-5', 'champions: recency 4-5', 'champions: Frequency 4', 'champions: r 4+', 'champions: r 4..5', 'champions: r 4 to 5',
	'champions: r 5-4', 'champions: r 0-3', 'champions: r 1-10', 'champions: r', 'champions: r 4-', 'champions:', 'champions: r 4,', 'champions: x 4',
	'champions: r 1, r 5', ': r 5', '"": r 5', '" a": r 5', '"a: r 5', E'"a\tb": r 5', 'else: lost', 'else', 'else lost, r 1', 'else at risk',
	E'else lost\n\na: r 1', 'else lost; else found', 'loyal: loyal: r 1', 'loyal "x" y: r 1', '5: r 5', 'é: r 5', 'a: r 5, inactive',
	'a: never', 'a: never been contacted', 'a: fading | r 2', 'a: r 1 | r 2', 'a: fading |', 'a: fading unresponsive', 'a: r 5 unengaged', 'unengaged', 'never contacted: r 1',
	repeat('n', 64) || ': r 5', E'a: r 5\n  "é": r 4, f 3, f 2'
]) AS s;
SELECT pg_temp.try(s) FROM unnest(ARRAY[
	$$length(string_agg('a: r 5', E'\n')::segment_map::text) FROM generate_series(1, 730)$$,
	$$length(string_agg('a: r 5', E'\n')::segment_map::text) FROM generate_series(1, 731)$$,
	$$count(*) FROM segment_map_lint(rfm_segments(), 1)$$,
	$$count(*) FROM segment_map_lint(rfm_segments(), 10)$$,
	$$rfm_segment('211', 'a: unengaged', 'unengaged')$$,
	$$rfm_segment('211', 'a: r 1', '')$$
]) AS s;

-- errors: binary (a COPY of one column, from bytes)
CREATE FUNCTION pg_temp.receive(type regtype, bytes bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	path text := current_setting('data_directory') || '/segment_bytes_' || pg_backend_pid();
	result text;
	hint text;
BEGIN
	EXECUTE format('CREATE TEMP TABLE received (v %s)', type);
	-- a large object is the way to write bytes to a file
	PERFORM lo_from_bytea(4242, '\x5047434f50590aff0d0a00' || int4send(0) || int4send(0) || int2send(1::int2)
		|| int4send(length(bytes)) || bytes || int2send((-1)::int2));
	PERFORM lo_export(4242, path), lo_unlink(4242);
	BEGIN
		EXECUTE format('COPY received FROM %L (FORMAT binary)', path);
		EXECUTE 'SELECT v::text FROM received' INTO result;
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
		result := SQLSTATE || ' ' || SQLERRM || CASE WHEN hint <> '' THEN ' ' || hint ELSE '' END;
	END;
	EXECUTE format('COPY (SELECT 1 WHERE false) TO %L', path);
	DROP TABLE received;
	RETURN result;
END $$;
SELECT pg_temp.receive('segment_map', b) FROM segment_map_send('a: r 5; else b') AS good,
	LATERAL unnest(ARRAY[good, good || '  # as typed', '\x', '\x01', '\x0100', set_byte(good, 0, 2), set_byte(good, 1, 1), good || ':', good || '\x00', good || '\xff',
		segment_map_send('a: fading'), set_byte(segment_map_send('a: fading'), 0, 1), set_byte(good, 0, 3), set_byte(good, 0, 0)
	]) WITH ORDINALITY AS u(b, n) ORDER BY n;
