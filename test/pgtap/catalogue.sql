-- What the catalogue says of the extension's objects: every query lists
-- offenders, and there are none.

BEGIN;
SET search_path = public, pg_catalog;
SELECT plan(23);

-- Every object that belongs to the extension.
CREATE TEMP VIEW member AS
	SELECT d.classid, d.objid, d.objsubid,
		   pg_describe_object(d.classid, d.objid, d.objsubid) AS object
	  FROM pg_depend d
	  JOIN pg_extension e ON d.refobjid = e.oid
	 WHERE d.refclassid = 'pg_extension'::regclass
	   AND d.deptype = 'e'
	   AND e.extname = 'contact_pressure';

CREATE TEMP VIEW routine AS
	SELECT p.*, m.object, l.lanname
	  FROM pg_proc p
	  JOIN member m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
	  JOIN pg_language l ON l.oid = p.prolang;

CREATE TEMP VIEW type AS
	SELECT t.*, m.object
	  FROM pg_type t
	  JOIN member m ON m.classid = 'pg_type'::regclass AND m.objid = t.oid
	 WHERE t.typelem = 0 OR t.typlen <> -1;		-- not the array types

-- That there is something to look at.
SELECT cmp_ok((SELECT count(*) FROM routine), '>', 30::bigint, 'the extension has functions');
SELECT cmp_ok((SELECT count(*) FROM type), '>', 1::bigint, 'the extension has types');

-- --- every object

SELECT is_empty($$
	SELECT object FROM member
	 WHERE obj_description(objid, classid::regclass::name) IS NULL
	   AND classid <> 'pg_cast'::regclass
	   AND NOT (classid = 'pg_type'::regclass
				AND objid IN (SELECT typarray FROM pg_type))
	   AND NOT (classid = 'pg_class'::regclass		-- of a composite type
				AND objid IN (SELECT typrelid FROM pg_type
							  JOIN pg_class c ON c.oid = typrelid
							  WHERE c.relkind = 'c'))
	   AND NOT (classid = 'pg_type'::regclass		-- of a table
				AND objid IN (SELECT reltype FROM pg_class WHERE relkind IN ('r', 'p', 'v')))
	   AND NOT (classid = 'pg_class'::regclass		-- of an identity column
				AND objid IN (SELECT i.objid FROM pg_depend i
							   WHERE i.classid = 'pg_class'::regclass AND i.deptype = 'i'))
	$$, 'every object has a comment');
SELECT is_empty($$
	SELECT object FROM member
	 WHERE classid = 'pg_cast'::regclass AND obj_description(objid, 'pg_cast') IS NULL
	$$, 'every cast has a comment');
SELECT is_empty($$
	SELECT object, obj_description(objid, classid::regclass::name) FROM member
	 WHERE obj_description(objid, classid::regclass::name) !~ '^[^[:space:]].{9,}[^[:space:].]$'
	$$, 'no comment is blank, shorter than ten characters or ends in a full stop');
SELECT is_empty($$
	SELECT (pg_identify_object(classid, objid, objsubid)).* FROM member
	 WHERE (pg_identify_object(classid, objid, objsubid)).schema <> 'contact_pressure'
	$$, 'nothing is outside the schema contact_pressure');
SELECT is_empty($$
	SELECT p.oid::regprocedure FROM pg_proc p
	 WHERE p.pronamespace = 'contact_pressure'::regnamespace
	   AND NOT EXISTS (SELECT FROM member m
						WHERE m.classid = 'pg_proc'::regclass AND m.objid = p.oid)
	$$, 'every function in the schema belongs to the extension');

-- --- functions

SELECT is_empty($$
	SELECT object, proparallel FROM routine
	 WHERE provolatile <> 'v' AND proparallel <> 's'
	   -- what runs statements of its own, one after the other, or in a
	   -- subtransaction
	   AND proname NOT IN ('check_contacts', 'recheck_plans', 'check_ledger',
						   'check_ledger_reservations', 'decide_again',
						   'check_segments')
	$$, 'every function that only reads is parallel safe');
SELECT is_empty($$
	SELECT object, proparallel FROM routine
	 WHERE provolatile = 'v' AND proparallel <> 'u'
	$$, 'no function that writes is run by a parallel worker');
SELECT is_empty($$
	SELECT object, provolatile FROM routine
	 WHERE provolatile <> 'i'
	   AND (prorettype IN (SELECT oid FROM type) AND lanname <> 'sql'
			OR proargtypes[0] IN (SELECT oid FROM type WHERE typtype = 'b')
			OR prokind = 'a')
	   AND proname NOT IN ('contact_verdict', 'person_policy', 'may_contact_row',
						   'logged_history', 'lock_tracked', 'pair_tracked',
						   'fit_customers', 'put_segment_map')
	$$, 'every function of values is immutable: it reads no setting, no clock and no table');
SELECT is_empty($$
	SELECT object FROM routine WHERE prosecdef
	$$, 'no function runs with the rights of its owner');
SELECT is_empty($$
	SELECT object, lanname FROM routine
	 WHERE lanname NOT IN ('c', 'internal')
	   AND prokind <> 'p'		-- what commits cannot have settings of its own
	   AND NOT coalesce(proconfig::text LIKE '%search_path=%', false)
	   AND coalesce(to_jsonb(routine) ->> 'prosqlbody', '') = ''
	   -- or has no name and no operator that a search_path could decide
	   AND (lanname <> 'sql'
			OR regexp_replace(prosrc, $re$'([^']|'')*'|OPERATOR\(pg_catalog\.[^)]*\)|::|SELECT \*|count\(\*\)|--[^\n]*$re$, '', 'g')
			   ~* $re$(^|[^.a-z_0-9"])(?!(?:select|from|where|when|then|else|and|or|not|in|as|on|any|all|array|row|values|coalesce|nullif|least|greatest|exists|extract|lateral|join)\M)[a-z_][a-z_0-9]*\s*\(|[=<>|~!@#%^&?+*/]$re$)
	$$, 'every SQL or PL function fixes its search_path, or needs none');
SELECT is_empty($$
	SELECT object, prorows FROM routine WHERE proretset AND prorows = 1000
	$$, 'every set-returning function says how many rows to expect');
SELECT is_empty($$
	SELECT object, probin FROM routine
	 WHERE lanname = 'c' AND probin <> '$libdir/contact_pressure'
	$$, 'every C function is in the module of the control file');
SELECT is_empty($$
	SELECT object FROM routine
	 WHERE has_function_privilege('public', oid, 'EXECUTE') <> (provolatile <> 'v')
	$$, 'everybody may call what only reads (as far as the tables let them), and nothing that writes');
SELECT ok(has_schema_privilege('public', 'contact_pressure', 'USAGE')
		  AND NOT has_schema_privilege('public', 'contact_pressure', 'CREATE'),
	'everybody may look into the schema and nobody may create in it');

-- --- aggregates

SELECT is_empty($$
	SELECT r.object, a.aggtranstype::regtype
	  FROM pg_aggregate a JOIN routine r ON r.oid = a.aggfnoid
	 WHERE a.aggkind = 'n' AND a.aggcombinefn = 0
	$$, 'every aggregate has a combine function');
SELECT is_empty($$
	SELECT r.object, a.aggtranstype::regtype, a.aggserialfn, a.aggdeserialfn
	  FROM pg_aggregate a JOIN routine r ON r.oid = a.aggfnoid
	 WHERE a.aggtranstype = 'internal'::regtype
	   AND (a.aggserialfn = 0 OR a.aggdeserialfn = 0)
	$$, 'an aggregate with an internal state can serialize it');

-- --- types

SELECT is_empty($$
	SELECT object FROM type
	 WHERE typtype = 'b' AND (typreceive = 0 OR typsend = 0)
	$$, 'every base type has binary input and output');
SELECT is_empty($$
	SELECT t.object, am.amname
	  FROM type t CROSS JOIN (VALUES ('hash'), ('btree')) AS am(amname)
	 WHERE t.typtype = 'b'
	   AND EXISTS (SELECT FROM pg_operator o
					WHERE o.oprname = CASE am.amname WHEN 'hash' THEN '=' ELSE '<' END
					  AND o.oprleft = t.oid AND o.oprright = t.oid)
	   AND NOT EXISTS (SELECT FROM pg_opclass c JOIN pg_am a ON a.oid = c.opcmethod
						WHERE c.opcintype = t.oid AND a.amname = am.amname
						  AND c.opcdefault)
	$$, 'a type with = has a default hash operator class, one with < a btree one');
SELECT is_empty($$
	SELECT f.opfname, a.amname, p.amprocnum
	  FROM pg_opfamily f
	  JOIN member m ON m.classid = 'pg_opfamily'::regclass AND m.objid = f.oid
	  JOIN pg_am a ON a.oid = f.opfmethod
	  CROSS JOIN (VALUES ('hash', 2), ('btree', 1)) AS p(amname, amprocnum)
	 WHERE p.amname = a.amname
	   AND NOT EXISTS (SELECT FROM pg_amproc s
						WHERE s.amprocfamily = f.oid AND s.amprocnum = p.amprocnum)
	$$, 'every hash operator class has the extended hash function');

-- --- operators

SELECT is_empty($$
	SELECT m.object FROM pg_operator o
	  JOIN member m ON m.classid = 'pg_operator'::regclass AND m.objid = o.oid
	 WHERE (o.oprname IN ('=', '<>', '<', '>', '<=', '>=')
			AND (o.oprcom = 0 OR o.oprnegate = 0 OR o.oprrest = 0 OR o.oprjoin = 0))
	$$, 'every comparison has its commutator, negator and selectivity');
SELECT is_empty($$
	SELECT m.object FROM pg_operator o
	  JOIN member m ON m.classid = 'pg_operator'::regclass AND m.objid = o.oid
	 WHERE o.oprname = '=' AND NOT o.oprcanhash
	$$, 'equal values can be hashed');

SELECT * FROM finish();
ROLLBACK;
