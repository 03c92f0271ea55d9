-- doc/reference.md names every type, function and operator of the extension
-- with its exact signature, and nothing that is not there.

BEGIN;
SET search_path = public, pg_catalog;
\set document `cat doc/reference.md`
\set readme `cat README.md`
SELECT plan(11);

-- White space as the page wraps it does not matter.
CREATE TEMP TABLE page AS
	SELECT regexp_replace(:'document', '\s+', ' ', 'g') AS text,
		   split_part(:'document', '## Support functions', 1) AS body,
		   split_part(:'document', '## Support functions', 2) AS support,
		   split_part(:'readme', '## Reference', 2) AS readme;

-- Every function as the page writes it: without schema and casts, columns as
-- TABLE(...), types by their short names.  What takes the id of a person as
-- bigint or uuid is the same as what takes it as text.
CREATE TEMP TABLE routine AS
	SELECT p.oid, p.proname::text AS name, p.prokind AS kind, regexp_replace(
			replace(replace(replace(replace(
				p.proname || '(' ||
				regexp_replace(regexp_replace(arguments, ',? ?OUT .*', ''), '\mIN ', '', 'g') ||
				') → ' || CASE WHEN p.prokind = 'p' THEN 'procedure'
					WHEN arguments ~ 'OUT ' THEN
					'TABLE(' || replace(substring(arguments FROM 'OUT .*'), 'OUT ', '') || ')'
					ELSE pg_get_function_result(p.oid) END,
				'contact_pressure.', ''),
				'timestamp with time zone', 'timestamptz'),
				'timestamp without time zone', 'timestamp'),
				'double precision', 'float8'),
			'::[a-z0-9_ ]+(\[\])?', '', 'g') AS signature
	  FROM pg_proc p
	  CROSS JOIN LATERAL pg_get_function_arguments(p.oid) AS arguments
	 WHERE p.pronamespace = 'contact_pressure'::regnamespace
	   AND NOT (arguments ~ '^(id|ids) (bigint|uuid)'
				AND EXISTS (SELECT FROM pg_proc AS t
							 WHERE t.pronamespace = p.pronamespace AND t.proname = p.proname
							   AND pg_get_function_arguments(t.oid) ~ '^(id|ids) text'));

-- What PostgreSQL calls by itself: of types, operators, operator classes,
-- casts, aggregates and triggers.  And what the page calls parts of others.
CREATE TEMP VIEW support AS
	SELECT DISTINCT r.oid, r.name
	  FROM routine r
	 WHERE r.oid IN (
		SELECT unnest(ARRAY[typinput, typoutput, typreceive, typsend]::oid[]) FROM pg_type
		UNION SELECT oprcode FROM pg_operator
		UNION SELECT amproc FROM pg_amproc
		UNION SELECT castfunc FROM pg_cast
		UNION SELECT unnest(ARRAY[aggtransfn, aggfinalfn, aggcombinefn,
							  aggserialfn, aggdeserialfn]::oid[]) FROM pg_aggregate
		UNION SELECT oid FROM pg_proc WHERE prorettype IN ('trigger'::regtype, 'event_trigger'::regtype))
	UNION
	SELECT r.oid, r.name
	  FROM routine r, page
	 WHERE position('`' || r.name || '`' IN split_part(support, '### Parts', 2)) > 0;

SELECT cmp_ok((SELECT count(*) FROM routine), '>', 50::bigint, 'there is something to look at');

SELECT is_empty($$
	SELECT signature FROM routine, page
	 WHERE oid NOT IN (SELECT oid FROM support)
	   AND position(signature IN text) = 0
	$$, 'every public function is in the reference with its signature');

SELECT is_empty($$
	SELECT found[1]
	  FROM page, regexp_matches(text, '([a-z_]+\((?:[^()]|\([^()]*\))*\) → (?:TABLE\([^()]*\)|(?:SETOF )?[a-z0-9_]+(?:\[\])?))', 'g') AS found
	 WHERE found[1] NOT IN (SELECT signature FROM routine)
	$$, 'every signature in the reference is that of a function');

SELECT is_empty($$
	SELECT DISTINCT name FROM routine, page
	 WHERE oid NOT IN (SELECT oid FROM support)
	   AND body !~ ('\n### [^\n]*\m' || name || '\M')
	$$, 'every public function has a heading of its own');

SELECT is_empty($$
	SELECT DISTINCT name FROM support, page
	 WHERE position('`' || name || '`' IN support) = 0
	$$, 'every support function is listed as one');

SELECT is_empty($$
	SELECT found[1]
	  FROM page, regexp_matches(support, '`([a-z_0-9]+)`', 'g') AS found
	 WHERE found[1] NOT IN (SELECT name FROM support UNION SELECT typname FROM pg_type)
	$$, 'and nothing else is');

SELECT is_empty($$
	SELECT DISTINCT name FROM support, page WHERE body ~ ('\n### [^\n]*\m' || name || '\M')
	 EXCEPT
	SELECT 'contact_history'
	$$, 'what has a heading is not');

SELECT is_empty($$
	SELECT typname FROM pg_type, page
	 WHERE typnamespace = 'contact_pressure'::regnamespace AND typcategory <> 'A'
	   AND body !~ ('\n### ' || typname || '\n')
	   AND position('`' || typname || '`' IN split_part(support, '### Parts', 2)) = 0
	$$, 'every type and table has a heading of its own');

SELECT is_empty($$
	SELECT c.relname, a.attname
	  FROM pg_class c
	  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped, page
	 WHERE c.relnamespace = 'contact_pressure'::regnamespace AND c.relkind = 'r'
	   AND position('| `' || a.attname || ' ' IN split_part(split_part(
			body, E'\n### ' || c.relname || E'\n', 2), E'\n### ', 1)) = 0
	$$, 'and every column of a table');

SELECT is_empty($$
	SELECT oprname FROM pg_operator, page
	 WHERE oprnamespace = 'contact_pressure'::regnamespace
	   AND position('`' || replace(oprname, '|', '\|') || '`' IN body) = 0
	$$, 'every operator is in the reference');

SELECT is_empty($$
	SELECT DISTINCT name FROM routine, page
	 WHERE oid NOT IN (SELECT oid FROM support)
	   AND readme !~ ('`[^`]*\m' || name || '\M')
	$$, 'every public function is in the table of README.md');

SELECT * FROM finish();
ROLLBACK;
