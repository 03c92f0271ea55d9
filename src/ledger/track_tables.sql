-- src/ledger/track_tables.sql: which tables are tracked, and which of their
-- columns is what
--
-- track.sql takes rows into the ledger; here a table is looked at, gets its
-- triggers, and what is in it already is taken over.

-- --- the tables

CREATE FUNCTION contact_pressure.tracked_members(relation regclass)
RETURNS SETOF regclass
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
	WITH RECURSIVE member AS (
		SELECT relation AS oid
		 UNION
		SELECT i.inhrelid::regclass
		  FROM pg_inherits AS i JOIN member AS m ON i.inhparent = m.oid
	)
	SELECT m.oid FROM member AS m JOIN pg_class AS c USING (oid)
	 WHERE c.relkind IN ('r', 'p')
	 ORDER BY m.oid::oid
$$;
COMMENT ON FUNCTION contact_pressure.tracked_members(regclass) IS
	'a table, its partitions, theirs, and all that inherit from it: each of them has triggers of its own';

-- What answers => of track_purchases() adds has tracking of its own: kind
-- sales, each order as an event, and kind wins, the contact before it as one
-- that was answered.  Triggers fire in the order of their names, and that of
-- purchases first: it locks all persons of a statement, the others some.
CREATE FUNCTION contact_pressure.tracked_as(kind text)
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
SELECT CASE $1 WHEN 'sales' THEN 'events' WHEN 'wins' THEN 'responses' ELSE $1 END
$$;
COMMENT ON FUNCTION contact_pressure.tracked_as(text) IS
	'what the rows of a tracked table are taken as: contacts, responses, events or purchases';

CREATE FUNCTION contact_pressure.tracked_kinds(kind text)
RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
SELECT CASE WHEN $1 IS NULL THEN '{contacts,events,purchases,responses,sales,wins}'::pg_catalog.text[]
			WHEN $1 OPERATOR(pg_catalog.=) 'purchases' THEN '{purchases,sales,wins}'
			ELSE ARRAY[$1] END
$$;
COMMENT ON FUNCTION contact_pressure.tracked_kinds(text) IS
	'the kinds of tracking that go with the one that was asked for; NULL: all';

CREATE FUNCTION contact_pressure.tracked_call(setting contact_pressure.tracked_table)
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
	SELECT format('contact_pressure.%I(%s)', c.name,
				  (SELECT string_agg(quote_literal(a.value), ', ' ORDER BY a.place)
					 FROM unnest(c.arguments) WITH ORDINALITY AS a(value, place)))
	  FROM (VALUES
			('contacts', 'tracked_change',
			 ARRAY[setting.source, setting.columns ->> 'row', setting.columns ->> 'twin']),
			('events', 'tracked_change',
			 ARRAY[setting.source, setting.columns ->> 'row', setting.columns ->> 'twin']),
			('responses', 'tracked_response',
			 ARRAY[setting.columns ->> 'row', setting.columns ->> 'twin']),
			('purchases', 'purchase_changed',
			 ARRAY[setting.columns ->> 'id_column', setting.columns ->> 'at_column',
				   setting.columns ->> 'amount_column', setting.columns ->> 'clock']))
		   AS c(kind, name, arguments)
	 WHERE c.kind = contact_pressure.tracked_as(setting.kind)
$$;
COMMENT ON FUNCTION contact_pressure.tracked_call(contact_pressure.tracked_table) IS
	'the trigger function of a tracked table with its arguments';

CREATE FUNCTION contact_pressure.set_tracking(
	relation regclass,
	kind     text,
	call     text		-- of the trigger function; NULL: no tracking
) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	event   text;
	trigger name;
BEGIN
	FOREACH event IN ARRAY '{insert,update,delete,truncate}'::text[] LOOP
		trigger := format('contact_pressure_%s_%s', kind, event);
		IF EXISTS (SELECT FROM pg_trigger AS t
					WHERE t.tgrelid = relation AND t.tgname = trigger) THEN
			EXECUTE format('DROP TRIGGER %I ON %s', trigger, relation);
		END IF;
		CONTINUE WHEN call IS NULL;
		EXECUTE format('CREATE TRIGGER %I %s %s ON %s %s FOR EACH STATEMENT'
					   ' EXECUTE FUNCTION %s', trigger,
					   -- before it rows can still be read, after it what is left
					   CASE WHEN event = 'truncate' AND kind <> 'purchases'
							THEN 'BEFORE' ELSE 'AFTER' END,
					   event, relation,
					   CASE event
					   WHEN 'insert' THEN 'REFERENCING NEW TABLE AS new_rows'
					   WHEN 'delete' THEN 'REFERENCING OLD TABLE AS old_rows'
					   WHEN 'update' THEN 'REFERENCING OLD TABLE AS old_rows'
										  ' NEW TABLE AS new_rows'
					   END, call);
	END LOOP;
END
$$;
COMMENT ON FUNCTION contact_pressure.set_tracking(regclass, text, text) IS
	'gives a table its triggers, in place of those it had';

-- --- which column is what

CREATE FUNCTION contact_pressure.tracked_column(
	relation regclass,
	argument text,
	name     name
) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
	IF NOT EXISTS (SELECT FROM pg_attribute AS a
					WHERE a.attrelid = relation AND a.attname = name
					  AND a.attnum > 0 AND NOT a.attisdropped) THEN
		RAISE EXCEPTION 'table % has no column "%"', relation, name
			USING ERRCODE = 'undefined_column',
				  DETAIL = format('The argument %s names a column of the table.', argument),
				  HINT = 'It has: ' ||
						 (SELECT string_agg(a.attname, ', ' ORDER BY a.attnum)
							FROM pg_attribute AS a
						   WHERE a.attrelid = relation AND a.attnum > 0
							 AND NOT a.attisdropped) || '.';
	END IF;
	RETURN 'r.' || quote_ident(name);
END
$$;
COMMENT ON FUNCTION contact_pressure.tracked_column(regclass, text, name) IS
	'a column of a row r of the table; an error when it has none of that name';

CREATE FUNCTION contact_pressure.tracked_type(relation regclass, name name)
RETURNS regtype
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
	WITH RECURSIVE type AS (
		SELECT a.atttypid AS oid FROM pg_attribute AS a
		 WHERE a.attrelid = relation AND a.attname = tracked_type.name
		 UNION ALL
		SELECT t.typbasetype FROM type JOIN pg_type AS t USING (oid) WHERE t.typtype = 'd'
	)
	SELECT t.oid::regtype FROM type JOIN pg_type AS t USING (oid) WHERE t.typtype <> 'd'
$$;
COMMENT ON FUNCTION contact_pressure.tracked_type(regclass, name) IS
	'the type of a column, behind all domains';

CREATE FUNCTION contact_pressure.tracked_time(
	relation regclass,
	argument text,
	name     name,
	zone     text
) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	col  text := contact_pressure.tracked_column(relation, argument, name);
	kind regtype := contact_pressure.tracked_type(relation, name);
BEGIN
	IF kind NOT IN ('timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype) THEN
		RAISE EXCEPTION 'column "%" of table % is no time', name, relation
			USING ERRCODE = 'datatype_mismatch',
				  DETAIL = format('The argument %s names a column of type %s.',
								  argument, format_type(kind, NULL)),
				  HINT = 'A generated column of type timestamptz can hold the same instant.';
	ELSIF kind <> 'timestamptz'::regtype AND zone IS NULL THEN
		RAISE EXCEPTION 'column "%" of table % is a time in an unknown zone', name, relation
			USING ERRCODE = 'invalid_parameter_value',
				  DETAIL = format('Its type is %s.', format_type(kind, NULL)),
				  HINT = 'Say in which one: zone => ''UTC'', zone => ''Europe/Amsterdam''.';
	END IF;
	PERFORM timezone(zone, now());		-- an error when there is no such zone
	IF kind = 'timestamptz'::regtype THEN
		RETURN col || '::timestamptz';
	END IF;
	RETURN format('contact_pressure.tracked_instant(%s, %L)', col, zone);
END
$$;
COMMENT ON FUNCTION contact_pressure.tracked_time(regclass, text, name, text) IS
	'a column of a row r of the table as an instant';

-- Spelled out: each statement on the table plans it anew, and a function
-- would be read each time.
CREATE FUNCTION contact_pressure.tracked_name(
	relation regclass,
	argument text,
	name     name,
	names    jsonb,
	other    text
) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
DECLARE
	value text;
	label text;
	cases text;
BEGIN
	-- an error now, not at the first row
	FOR label IN SELECT contact_pressure.tracked_label(n.value)
				   FROM jsonb_each_text(CASE jsonb_typeof(names) WHEN 'object' THEN names END) AS n
				  WHERE n.value IS NOT NULL AND tracked_name.name IS NOT NULL
				  UNION ALL
				 SELECT contact_pressure.tracked_label(other) WHERE other IS NOT NULL LOOP
		PERFORM CASE argument
			WHEN 'channel_column' THEN contact_pressure.add_contact(NULL, now(), label)
			WHEN 'purpose_column' THEN contact_pressure.add_contact(NULL, now(), 'x', label)
			ELSE contact_pressure.add_contact(NULL, now(), 'x', 'x', NULL, label) END;
	END LOOP;
	IF name IS NULL THEN
		RETURN format('%L::text', contact_pressure.tracked_label(other));
	END IF;
	value := contact_pressure.tracked_column(relation, argument, name) || '::text';
	label := format('nullif(lower(btrim(%s, E'' \t\n\x0b\f\r'') COLLATE "C"), '''')', value);
	IF names IS NOT NULL THEN
		IF jsonb_typeof(names) <> 'object' THEN
			RAISE EXCEPTION 'the names for column "%" are no JSON object', name
				USING ERRCODE = 'invalid_parameter_value',
					  HINT = 'Such as {"E": "email", "S": "sms", "*": null}.';
		END IF;
		SELECT string_agg(format('WHEN %L THEN %L', n.key, contact_pressure.tracked_label(n.value)),
						  ' ' ORDER BY n.key COLLATE "C")
		  INTO cases
		  FROM jsonb_each_text(names) AS n
		 WHERE n.key <> '*';
		label := format('CASE WHEN %1$s IS NULL THEN %2$L ELSE CASE %3$s %4$s ELSE %5$s END END',
						label, contact_pressure.tracked_label(other), value,
						coalesce(cases, 'WHEN NULL THEN NULL'),
						CASE WHEN names ? '*'
							 THEN quote_nullable(contact_pressure.tracked_label(names ->> '*'))
							 ELSE label END);
	ELSIF other IS NOT NULL THEN
		label := format('coalesce(%s, %L)', label, contact_pressure.tracked_label(other));
	END IF;
	RETURN label;
END
$$;
COMMENT ON FUNCTION contact_pressure.tracked_name(regclass, text, name, jsonb, text) IS
	'a channel, purpose or outcome of a row r: a column under other names, or one name for all';

CREATE FUNCTION contact_pressure.tracked_value(
	relation regclass,
	argument text,
	name     name,
	type     text,
	other    text
) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
BEGIN
	IF name IS NULL THEN
		RETURN format('%L::%s', other, type);
	ELSIF other IS NULL THEN
		RETURN format('%s::%s', contact_pressure.tracked_column(relation, argument, name), type);
	END IF;
	RETURN format('coalesce(%s::%s, %L)',
				  contact_pressure.tracked_column(relation, argument, name), type, other);
END
$$;
COMMENT ON FUNCTION contact_pressure.tracked_value(regclass, text, name, text, text) IS
	'any other value of a row r: a column, or one value for all';

CREATE FUNCTION contact_pressure.tracked_primary_key(relation regclass)
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
	SELECT string_agg(format('r.%I::text', a.attname), ' || '':'' || ' ORDER BY k.place)
	  FROM pg_index AS i
	 CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)
	  JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
	 WHERE i.indrelid = relation AND i.indisprimary AND k.place <= i.indnkeyatts
$$;
COMMENT ON FUNCTION contact_pressure.tracked_primary_key(regclass) IS
	'the primary key of a row r as text; NULL: the table has none';

CREATE FUNCTION contact_pressure.tracked_key(
	relation regclass,
	prefix   text,
	name     name
) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	row_key text := format('%L || ', prefix || ':')
					|| contact_pressure.tracked_primary_key(relation);
	key     text;
BEGIN
	IF name IS NOT NULL THEN
		key := format('nullif(%s::text, '''')',
					  contact_pressure.tracked_column(relation, 'key_column', name));
		IF EXISTS (SELECT FROM pg_attribute AS a
					WHERE a.attrelid = relation AND a.attname = name AND a.attnotnull) THEN
			RETURN key;
		ELSIF row_key IS NOT NULL THEN
			RETURN format('coalesce(%s, %s)', key, row_key);
		END IF;
	ELSIF row_key IS NOT NULL THEN
		RETURN row_key;
	END IF;
	RAISE EXCEPTION 'the rows of table % cannot be told apart', relation
		USING ERRCODE = 'object_not_in_prerequisite_state',
			  DETAIL = 'It has no primary key, and no key_column that is NOT NULL was named.',
			  HINT = 'A row that changes or is deleted must be found again: add a primary key, or name a key_column.';
END
$$;
COMMENT ON FUNCTION contact_pressure.tracked_key(regclass, text, name) IS
	'what tells a row r from all others: the key column, else the primary key';

CREATE FUNCTION contact_pressure.tracked_twin(
	relation  regclass,
	id_column name,
	at_column name,
	name      name
) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
	-- not needed where an index says that there is none
	SELECT CASE WHEN tracked_twin.name IS NULL
		OR EXISTS (SELECT
					 FROM pg_index AS i
					WHERE i.indrelid = relation AND i.indisunique AND i.indisvalid
					  AND i.indpred IS NULL AND i.indexprs IS NULL
					  AND (SELECT bool_and(a.attname IN (tracked_twin.name, id_column))
							 FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)
							 JOIN pg_attribute AS a
							   ON a.attrelid = i.indrelid AND a.attnum = k.attnum
							WHERE k.place <= i.indnkeyatts))
		THEN 'false'
		ELSE format('EXISTS (SELECT FROM %1$s AS other WHERE other.%2$I = r.%2$I'
					' AND other.%3$I = r.%3$I AND other.%4$I IS NOT NULL'
					' AND other.tableoid IS NOT NULL)',
					relation, tracked_twin.name, id_column, at_column) END
$$;
COMMENT ON FUNCTION contact_pressure.tracked_twin(regclass, name, name, name) IS
	'is there another row with the key and the person of a row r?';

-- --- starting and ending it

CREATE FUNCTION contact_pressure.tracked_rows(
	relation regclass,
	only_it  boolean,
	first    bigint,
	beyond   bigint
) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
	-- Rows of some pages are locked: nobody has to wait for the others, and
	-- these do not change before they are written down.
	SELECT CASE WHEN first IS NULL
		THEN format('%s%s', CASE WHEN only_it THEN 'ONLY ' END, relation)
		ELSE format('(SELECT * FROM ONLY %s AS page WHERE page.ctid >= %L::tid'
					' AND page.ctid < %L::tid FOR SHARE)', relation,
					format('(%s,0)', first), format('(%s,0)', beyond)) END
$$;
COMMENT ON FUNCTION contact_pressure.tracked_rows(regclass, boolean, bigint, bigint) IS
	'the rows of a table with its partitions, without them, or of some of its pages';

CREATE FUNCTION contact_pressure.take_over(
	relation regclass,
	setting  contact_pressure.tracked_table,
	only_it  boolean DEFAULT false,
	first    bigint  DEFAULT NULL,	-- page
	beyond   bigint  DEFAULT NULL	-- page
) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
SET TimeZone = 'UTC'
SET DateStyle = 'ISO, YMD'
SET IntervalStyle = 'postgres'
SET extra_float_digits = 1
SET bytea_output = 'hex'
AS $$
#variable_conflict use_variable
DECLARE
	rows      CONSTANT text := contact_pressure.tracked_rows(relation, only_it, first, beyond);
	added     bigint := 0;
	done      bigint := 0;
	total     bigint;
	said      timestamptz := clock_timestamp();
	chunk     record;
	responses contact_pressure.tracked_response[];
BEGIN
	IF setting.kind = 'purchases' THEN
		-- of a partition, those who are in it; of a whole table, everybody
		IF only_it THEN
			RETURN contact_pressure.count_buyers(relation, setting);
		END IF;
		RETURN contact_pressure.number_of_buyers(setting, contact_pressure.count_again());
	ELSIF contact_pressure.tracked_as(setting.kind) = 'responses' THEN
		EXECUTE contact_pressure.tracked_responses(
			format('SELECT true AS present, %s, false AS twin FROM %s AS r',
				   setting.columns ->> 'row', rows))
		   INTO responses;
		RETURN coalesce(contact_pressure.apply_responses(responses), 0);
	END IF;
	FOR chunk IN EXECUTE contact_pressure.tracked_chunks(
		format('SELECT true AS present, %s, false AS was_there FROM %s AS r',
			   setting.columns ->> 'row', rows))
	LOOP
		added := added + contact_pressure.apply_tracked(
			setting.source, chunk.changes, true, setting.forgotten_before);
		done := done + cardinality(chunk.changes);
		IF clock_timestamp() >= said + interval '5 seconds' AND first IS NULL THEN
			IF total IS NULL THEN
				EXECUTE format('SELECT count(*) FROM %s', rows) INTO total;
			END IF;
			said := clock_timestamp();
			RAISE NOTICE 'table %: % of % rows taken over', relation, done, total;
		END IF;
	END LOOP;
	RETURN added;
END
$$;
COMMENT ON FUNCTION contact_pressure.take_over(regclass, contact_pressure.tracked_table, boolean, bigint, bigint) IS
	'takes what is in a tracked table into the ledger, but for what it has; how many contacts or events are new, responses changed anything, or customers there are';

CREATE FUNCTION contact_pressure.adopt_tracked(
	member  regclass,
	setting contact_pressure.tracked_table
) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
SET TimeZone = 'UTC'
SET DateStyle = 'ISO, YMD'
SET IntervalStyle = 'postgres'
SET extra_float_digits = 1
SET bytea_output = 'hex'
AS $$
DECLARE
	ending CONSTANT text := CASE contact_pressure.tracked_as(setting.kind)
							WHEN 'events' THEN '/event:' ELSE ':' END;
	other  text;
BEGIN
	-- A partition that was tracked by itself before, or is now: the contacts
	-- in it are the same.
	FOR other IN
		WITH RECURSIVE above AS (
			SELECT setting.relation::oid AS oid
			 UNION
			SELECT i.inhparent FROM pg_inherits AS i JOIN above AS a ON i.inhrelid = a.oid
		)
		SELECT DISTINCT t.source
		  FROM contact_pressure.tracked_table AS t
		 WHERE t.kind = setting.kind AND t.source <> setting.source
		   AND (t.relation IN (SELECT a.oid FROM above AS a)
				OR t.relation IN (SELECT contact_pressure.tracked_members(setting.relation))
				OR t.source = (SELECT split_part(encode(g.tgargs, 'escape'), '\000', 1)
								 FROM pg_trigger AS g
								WHERE g.tgrelid = member
								  AND g.tgname = format('contact_pressure_%s_insert', setting.kind)))
	LOOP
		PERFORM contact_pressure.lock_people(ARRAY(
			SELECT DISTINCT l.person_id FROM contact_pressure.contact_log AS l
			 WHERE l.source = other));
		EXECUTE format('UPDATE contact_pressure.contact_log AS l'
					   ' SET source = $1, key = v.key'
					   ' FROM (SELECT v.*, CASE WHEN starts_with(v.key, $1 || $3)'
					   ' THEN $2 || substr(v.key, length($1) + 1) ELSE v.key END AS was'
					   ' FROM (SELECT %s FROM ONLY %s AS r) AS v) AS v'
					   ' WHERE l.source = $2 AND l.status <> ''cancelled'' AND l.key = v.was'
					   ' AND coalesce(l.merged_from, l.person_id) = v.person_id'
					   ' AND NOT EXISTS (SELECT FROM contact_pressure.contact_log AS k'
					   ' WHERE k.person_id = l.person_id AND k.key = v.key AND k.log_id <> l.log_id)',
					   setting.columns ->> 'row', member)
		  USING setting.source, other, ending;
	END LOOP;
	UPDATE contact_pressure.tracked_table AS t SET ended_at = now()
	 WHERE t.relation = member AND t.kind = setting.kind
	   AND t.source <> setting.source AND t.ended_at IS NULL;
END
$$;
COMMENT ON FUNCTION contact_pressure.adopt_tracked(regclass, contact_pressure.tracked_table) IS
	'contacts of a table that were taken over as those of a part of it, or of the whole, go on as its own';

CREATE FUNCTION contact_pressure.withdraw_untracked(setting contact_pressure.tracked_table)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
SET TimeZone = 'UTC'
SET DateStyle = 'ISO, YMD'
SET IntervalStyle = 'postgres'
SET extra_float_digits = 1
SET bytea_output = 'hex'
AS $$
DECLARE
	chunk record;
BEGIN
	FOR chunk IN EXECUTE contact_pressure.tracked_chunks(format(
		'SELECT false AS present, l.person_id, l.key, l.at, l.channel, l.purpose,'
		' l.campaign, l.owner, l.weight, l.cost, l.outcome, l.answered_at,'
		' false AS was_there'
		' FROM contact_pressure.contact_log AS l'
		' WHERE l.source = %L AND l.status <> ''cancelled'''
		' AND (l.outcome = ''event'') = %L AND NOT EXISTS'
		' (SELECT FROM (SELECT %s FROM %s AS r) AS v'
		' WHERE v.key = l.key AND v.person_id = coalesce(l.merged_from, l.person_id)'
		' AND v.at IS NOT NULL AND v.channel IS NOT NULL'
		' AND v.purpose IS NOT NULL AND v.outcome IS NOT NULL)',
		setting.source, contact_pressure.tracked_as(setting.kind) = 'events', setting.columns ->> 'row',
		setting.relation))
	LOOP
		PERFORM contact_pressure.apply_tracked(setting.source, chunk.changes);
	END LOOP;
END
$$;
COMMENT ON FUNCTION contact_pressure.withdraw_untracked(contact_pressure.tracked_table) IS
	'cancels contacts whose rows went away while their table was not tracked';

CREATE FUNCTION contact_pressure.begin_tracking(relation regclass, kind text)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	class pg_class;
BEGIN
	IF relation IS NULL THEN
		RAISE EXCEPTION 'which table is to be tracked must not be NULL'
			USING ERRCODE = 'null_value_not_allowed';
	END IF;
	SELECT * INTO class FROM pg_class AS c WHERE c.oid = relation;
	IF class.relkind NOT IN ('r', 'p') OR class.relpersistence = 't' THEN
		RAISE EXCEPTION '% is no table that can be tracked', relation
			USING ERRCODE = 'wrong_object_type',
				  HINT = 'Track an ordinary or a partitioned table; for a view, the tables behind it.';
	ELSIF class.relnamespace = 'contact_pressure'::regnamespace THEN
		RAISE EXCEPTION '% is a table of the ledger itself', relation
			USING ERRCODE = 'wrong_object_type';
	ELSIF EXISTS (SELECT FROM contact_pressure.tracked_table AS t
				   WHERE t.kind = kind AND t.ended_at IS NULL
					 AND t.relation <> relation
					 AND (relation IN (SELECT contact_pressure.tracked_members(t.relation))
						  OR t.relation IN (SELECT contact_pressure.tracked_members(relation)))) THEN
		RAISE EXCEPTION 'a part of table %, or what it is a part of, is tracked already', relation
			USING ERRCODE = 'object_in_use',
				  HINT = 'Track the whole partitioned table; untrack() its partitions before.';
	END IF;
	-- writers wait until it is tracked, readers do not
	EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', relation);
	-- its own; a table that was dropped or renamed keeps the one it had
	RETURN coalesce(
		(SELECT t.source FROM contact_pressure.tracked_table AS t
		  WHERE t.relation = relation AND t.kind <> 'sales' ORDER BY t.since LIMIT 1),
		(SELECT s.source
		   FROM generate_series(1, 1 + (SELECT count(*) FROM contact_pressure.tracked_table)::integer) AS n,
				LATERAL (SELECT 'track:' || relation::text
								|| CASE WHEN n > 1 THEN '#' || n ELSE '' END) AS s(source)
		  WHERE NOT EXISTS (SELECT FROM contact_pressure.tracked_table AS t
							 WHERE t.source = s.source)
		  ORDER BY n LIMIT 1));
END
$$;
COMMENT ON FUNCTION contact_pressure.begin_tracking(regclass, text) IS
	'checks and locks a table that is to be tracked; the source of its contacts';

CREATE FUNCTION contact_pressure.start_tracking(
	relation regclass,
	kind     text,
	source   text,
	columns  jsonb,
	backfill boolean
) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	is_log  CONSTANT boolean := contact_pressure.tracked_as(kind) IN ('contacts', 'events');
	before  contact_pressure.tracked_table;
	setting contact_pressure.tracked_table;
	added   bigint;
BEGIN
	SELECT * INTO before FROM contact_pressure.tracked_table AS t
	 WHERE t.relation = relation AND t.kind = kind;
	INSERT INTO contact_pressure.tracked_table AS t (relation, kind, source, columns)
	VALUES (relation, kind, source, columns)
		ON CONFLICT ON CONSTRAINT tracked_table_pkey DO UPDATE
	   SET columns = excluded.columns, ended_at = NULL, complete_at = NULL,
		   since = CASE WHEN t.ended_at IS NULL THEN t.since ELSE excluded.since END
	RETURNING * INTO setting;
	IF is_log THEN
		PERFORM contact_pressure.adopt_tracked(m, setting)
		   FROM contact_pressure.tracked_members(relation) AS m;
	END IF;
	PERFORM contact_pressure.set_tracking(m, kind, contact_pressure.tracked_call(setting))
	   FROM contact_pressure.tracked_members(relation) AS m;
	IF NOT backfill THEN
		RETURN NULL;
	END IF;
	IF before.relation IS NOT NULL AND is_log THEN
		PERFORM contact_pressure.withdraw_untracked(setting);
	END IF;
	added := contact_pressure.take_over(relation, setting);
	UPDATE contact_pressure.tracked_table AS t SET complete_at = clock_timestamp()
	 WHERE t.relation = relation AND t.kind = kind;
	RETURN added;
END
$$;
COMMENT ON FUNCTION contact_pressure.start_tracking(regclass, text, text, jsonb, boolean) IS
	'gives a table its triggers and takes over what is in it';

CREATE FUNCTION contact_pressure.track_contacts(
	relation           regclass,
	id_column          name,
	at_column          name,
	channel            text    DEFAULT NULL,
	purpose            text    DEFAULT 'marketing',
	key_column         name    DEFAULT NULL,
	channel_column     name    DEFAULT NULL,
	purpose_column     name    DEFAULT NULL,
	campaign_column    name    DEFAULT NULL,
	owner_column       name    DEFAULT NULL,
	weight_column      name    DEFAULT NULL,
	cost_column        name    DEFAULT NULL,
	outcome_column     name    DEFAULT NULL,
	answered_at_column name    DEFAULT NULL,
	campaign           text    DEFAULT NULL,
	owner              text    DEFAULT NULL,
	weight             float8  DEFAULT NULL,
	cost               numeric DEFAULT NULL,
	channels           jsonb   DEFAULT NULL,
	purposes           jsonb   DEFAULT NULL,
	outcomes           jsonb   DEFAULT NULL,
	zone               text    DEFAULT NULL,
	backfill           boolean DEFAULT true
) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	source  text := contact_pressure.begin_tracking(relation, 'contacts');
	contact text;
	twin    text := contact_pressure.tracked_twin(relation, id_column, at_column, key_column);
BEGIN
	IF channel IS NULL AND channel_column IS NULL THEN
		RAISE EXCEPTION 'the channel of the contacts in table % is not known', relation
			USING ERRCODE = 'null_value_not_allowed',
				  HINT = 'Say channel => ''email'', or name the column that holds it: channel_column => ''...''.';
	END IF;
	contact := concat_ws(', ',
		format('nullif(%s::text, '''') AS person_id',
			   contact_pressure.tracked_column(relation, 'id_column', id_column)),
		contact_pressure.tracked_key(relation, source, key_column) || ' AS key',
		contact_pressure.tracked_time(relation, 'at_column', at_column, zone) || ' AS at',
		contact_pressure.tracked_name(relation, 'channel_column', channel_column, channels, channel) || ' AS channel',
		contact_pressure.tracked_name(relation, 'purpose_column', purpose_column, purposes, purpose) || ' AS purpose',
		contact_pressure.tracked_value(relation, 'campaign_column', campaign_column, 'text', campaign) || ' AS campaign',
		contact_pressure.tracked_value(relation, 'owner_column', owner_column, 'text', owner) || ' AS owner',
		contact_pressure.tracked_value(relation, 'weight_column', weight_column, 'float8', weight::text) || ' AS weight',
		contact_pressure.tracked_value(relation, 'cost_column', cost_column, 'numeric', cost::text) || ' AS cost',
		contact_pressure.tracked_name(relation, 'outcome_column', outcome_column, outcomes, 'sent') || ' AS outcome',
		CASE WHEN answered_at_column IS NULL THEN 'NULL::timestamptz'
			 ELSE contact_pressure.tracked_time(relation, 'answered_at_column', answered_at_column, zone)
		END || ' AS answered_at');
	RETURN contact_pressure.start_tracking(relation, 'contacts', source,
		jsonb_strip_nulls(jsonb_build_object(
			'id_column', id_column, 'at_column', at_column,
			'channel', channel, 'purpose', purpose, 'key_column', key_column,
			'channel_column', channel_column, 'purpose_column', purpose_column,
			'campaign_column', campaign_column, 'owner_column', owner_column,
			'weight_column', weight_column, 'cost_column', cost_column,
			'outcome_column', outcome_column, 'answered_at_column', answered_at_column,
			'campaign', campaign, 'owner', owner, 'weight', weight, 'cost', cost,
			'zone', zone, 'row', contact, 'twin', twin))
		-- whose nulls mean something
		|| CASE WHEN channels IS NULL THEN '{}' ELSE jsonb_build_object('channels', channels) END
		|| CASE WHEN purposes IS NULL THEN '{}' ELSE jsonb_build_object('purposes', purposes) END
		|| CASE WHEN outcomes IS NULL THEN '{}' ELSE jsonb_build_object('outcomes', outcomes) END,
		backfill);
END
$$;
COMMENT ON FUNCTION contact_pressure.track_contacts(regclass, name, name, text, text, name, name, name, name, name, name, name, name, name, text, text, float8, numeric, jsonb, jsonb, jsonb, text, boolean) IS
	'keeps the ledger current from a table of contacts, whatever its columns are called; how many contacts it took over';

CREATE FUNCTION contact_pressure.track_events(
	relation       regclass,
	id_column      name,
	at_column      name,
	purpose        text    DEFAULT NULL,
	channel        text    DEFAULT 'event',
	key_column     name    DEFAULT NULL,
	purpose_column name    DEFAULT NULL,
	channel_column name    DEFAULT NULL,
	purposes       jsonb   DEFAULT NULL,
	channels       jsonb   DEFAULT NULL,
	zone           text    DEFAULT NULL,
	backfill       boolean DEFAULT true
) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	source text := contact_pressure.begin_tracking(relation, 'events');
	event  text;
	twin   text := contact_pressure.tracked_twin(relation, id_column, at_column, key_column);
BEGIN
	IF purpose IS NULL AND purpose_column IS NULL THEN
		RAISE EXCEPTION 'what happened in the rows of table % is not known', relation
			USING ERRCODE = 'null_value_not_allowed',
				  HINT = 'Say purpose => ''order'', or name the column that holds it: purpose_column => ''...''.';
	END IF;
	event := concat_ws(', ',
		format('nullif(%s::text, '''') AS person_id',
			   contact_pressure.tracked_column(relation, 'id_column', id_column)),
		contact_pressure.tracked_key(relation, source || '/event', key_column) || ' AS key',
		contact_pressure.tracked_time(relation, 'at_column', at_column, zone) || ' AS at',
		contact_pressure.tracked_name(relation, 'channel_column', channel_column, channels, channel) || ' AS channel',
		contact_pressure.tracked_name(relation, 'purpose_column', purpose_column, purposes, purpose) || ' AS purpose',
		'NULL::text AS campaign, NULL::text AS owner, NULL::float8 AS weight',
		'NULL::numeric AS cost, ''event''::text AS outcome, NULL::timestamptz AS answered_at');
	RETURN contact_pressure.start_tracking(relation, 'events', source,
		jsonb_strip_nulls(jsonb_build_object(
			'id_column', id_column, 'at_column', at_column, 'purpose', purpose,
			'channel', channel, 'key_column', key_column,
			'purpose_column', purpose_column, 'channel_column', channel_column,
			'zone', zone, 'row', event, 'twin', twin))
		-- whose nulls mean something
		|| CASE WHEN purposes IS NULL THEN '{}' ELSE jsonb_build_object('purposes', purposes) END
		|| CASE WHEN channels IS NULL THEN '{}' ELSE jsonb_build_object('channels', channels) END,
		backfill);
END
$$;
COMMENT ON FUNCTION contact_pressure.track_events(regclass, name, name, text, text, name, name, name, jsonb, jsonb, text, boolean) IS
	'keeps the ledger current from a table of what people did or what happened to them; how many events it took over';

CREATE FUNCTION contact_pressure.untrack(
	relation regclass,
	kind     text    DEFAULT NULL
) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	ended text[];
BEGIN
	IF kind NOT IN ('contacts', 'responses', 'events', 'purchases') THEN
		RAISE EXCEPTION 'there is no tracking of "%"', kind
			USING ERRCODE = 'invalid_parameter_value',
				  HINT = 'A table is tracked for contacts, responses, events or purchases.';
	END IF;
	-- whatever has the triggers, also what was a partition once
	SELECT array_agg(DISTINCT k.kind) INTO ended
	  FROM unnest(contact_pressure.tracked_kinds(kind)) AS k(kind)
	  JOIN pg_trigger AS t ON t.tgname = format('contact_pressure_%s_insert', k.kind)
	 WHERE t.tgrelid IN (SELECT contact_pressure.tracked_members(relation));
	PERFORM contact_pressure.set_tracking(m, k, NULL)
	   FROM unnest(ended) AS k, contact_pressure.tracked_members(relation) AS m;
	UPDATE contact_pressure.tracked_table AS t SET ended_at = now()
	 WHERE t.relation = relation AND t.ended_at IS NULL
	   AND t.kind = ANY (contact_pressure.tracked_kinds(kind));
	-- what other tables say is all there is then
	IF 'purchases' = ANY (ended) AND contact_pressure.purchase_rows() IS NOT NULL THEN
		PERFORM contact_pressure.count_again();
	END IF;
	RETURN (SELECT count(*) FROM unnest(ended) AS k WHERE k NOT IN ('sales', 'wins'));
END
$$;
COMMENT ON FUNCTION contact_pressure.untrack(regclass, text) IS
	'ends the tracking of a table, of one kind or of all; what it brought stays in the ledger';

-- --- partitions that come later

CREATE FUNCTION contact_pressure.track_partition(
	partition regclass,
	relation  regclass,		-- the tracked table that it is a part of
	kind      text
) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	setting contact_pressure.tracked_table;
BEGIN
	SELECT t.* INTO setting FROM contact_pressure.tracked_table AS t
	 WHERE t.relation = relation AND t.kind = kind AND t.ended_at IS NULL;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	IF contact_pressure.tracked_as(setting.kind) IN ('contacts', 'events') THEN
		PERFORM contact_pressure.adopt_tracked(partition, setting);
	END IF;
	PERFORM contact_pressure.set_tracking(partition, setting.kind,
										  contact_pressure.tracked_call(setting));
	PERFORM contact_pressure.take_over(partition, setting, true);
END
$$;
COMMENT ON FUNCTION contact_pressure.track_partition(regclass, regclass, text) IS
	'gives a new partition of a tracked table its triggers and takes over what is in it';

-- It runs at every CREATE TABLE and ALTER TABLE of anybody, so it reads only
-- what everybody may read until there is something to do.
CREATE FUNCTION contact_pressure.track_new_partitions() RETURNS event_trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	ours CONSTANT oid[] := ARRAY(
		SELECT p.oid FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
		 WHERE n.nspname = 'contact_pressure'
		   AND p.proname IN ('tracked_change', 'tracked_response', 'purchase_changed'));
	new  record;
BEGIN
	FOR new IN
		WITH RECURSIVE above AS (
			SELECT c.objid AS oid
			  FROM pg_event_trigger_ddl_commands() AS c
			 WHERE c.classid = 'pg_class'::regclass AND c.object_type = 'table'
			 UNION
			SELECT i.inhparent FROM pg_inherits AS i JOIN above AS a ON i.inhrelid = a.oid
		), tracked AS (
			SELECT a.oid AS root, t.tgname AS trigger, t.tgargs AS arguments,
				   split_part(t.tgname, '_', 3) AS kind
			  FROM above AS a
			  JOIN pg_trigger AS t ON t.tgrelid = a.oid
			 WHERE t.tgfoid = ANY (ours) AND t.tgname LIKE 'contact\_pressure\_%\_insert'
		), member AS (
			SELECT t.root, t.trigger, t.arguments, t.kind, t.root AS oid FROM tracked AS t
			 UNION
			SELECT m.root, m.trigger, m.arguments, m.kind, i.inhrelid
			  FROM member AS m JOIN pg_inherits AS i ON i.inhparent = m.oid
		)
		SELECT m.root, m.kind, m.oid
		  FROM member AS m JOIN pg_class AS c ON c.oid = m.oid
		 WHERE c.relkind IN ('r', 'p')
		   AND NOT EXISTS (SELECT FROM pg_trigger AS t
							WHERE t.tgrelid = m.oid AND t.tgname = m.trigger
							  AND t.tgargs = m.arguments)
		 ORDER BY m.kind, m.root, m.oid
	LOOP
		IF NOT pg_catalog.has_schema_privilege('contact_pressure', 'USAGE')
		   OR NOT pg_catalog.has_table_privilege('contact_pressure.tracked_table', 'SELECT')
		   OR NOT pg_catalog.has_function_privilege('contact_pressure.track_partition(regclass, regclass, text)', 'EXECUTE') THEN
			RAISE WARNING 'table % is part of a tracked table but is not tracked itself', new.oid::regclass
				USING HINT = 'Whoever may track tables has to repeat contact_pressure.track_'
							 || CASE WHEN new.kind IN ('sales', 'wins') THEN 'purchases'
									 ELSE new.kind END || '() for the whole.';
			CONTINUE;
		END IF;
		PERFORM contact_pressure.track_partition(new.oid::regclass, new.root::regclass, new.kind);
	END LOOP;
	-- Contacts and events stay when a partition goes; orders count where the
	-- table has them.
	FOR new IN
		SELECT t.tgrelid AS oid FROM pg_trigger AS t
		 WHERE TG_TAG = 'ALTER TABLE' AND t.tgfoid = ANY (ours)
		   AND t.tgname = 'contact_pressure_purchases_insert'
		   AND NOT EXISTS (SELECT FROM pg_inherits AS i WHERE i.inhrelid = t.tgrelid)
	LOOP
		CONTINUE WHEN NOT pg_catalog.has_schema_privilege('contact_pressure', 'USAGE')
			OR NOT pg_catalog.has_table_privilege('contact_pressure.tracked_table', 'SELECT')
			OR NOT pg_catalog.has_function_privilege('contact_pressure.leave_source(regclass)', 'EXECUTE');
		PERFORM contact_pressure.leave_source(new.oid::regclass);
	END LOOP;
END
$$;
COMMENT ON FUNCTION contact_pressure.track_new_partitions() IS
	'event trigger: a partition that is created or attached is tracked like the table it is a part of; orders of one that is detached do not count';

CREATE EVENT TRIGGER contact_pressure_partitions
	ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'ALTER TABLE')
	EXECUTE FUNCTION contact_pressure.track_new_partitions();
COMMENT ON EVENT TRIGGER contact_pressure_partitions IS
	'partitions of tracked tables are tracked from their first row on';

CREATE FUNCTION contact_pressure.count_after_drop() RETURNS event_trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_event_trigger_dropped_objects() AS d
					WHERE d.object_type = 'trigger'
					  AND starts_with(d.object_identity, 'contact_pressure_purchases_insert on ')) THEN
		RETURN;
	ELSIF NOT pg_catalog.has_schema_privilege('contact_pressure', 'USAGE')
		  OR NOT pg_catalog.has_table_privilege('contact_pressure.tracked_table', 'SELECT')
		  OR NOT pg_catalog.has_function_privilege('contact_pressure.count_again()', 'EXECUTE') THEN
		RAISE WARNING 'a tracked table of orders is gone, and its orders still count'
			USING HINT = 'Whoever may track tables can count again: SELECT contact_pressure.count_again().';
	ELSIF contact_pressure.purchase_rows() IS NOT NULL THEN
		PERFORM contact_pressure.count_again();
	END IF;
END
$$;
COMMENT ON FUNCTION contact_pressure.count_after_drop() IS
	'event trigger: orders of a partition or table that is dropped do not count, where others remain';

CREATE EVENT TRIGGER contact_pressure_dropped
	ON sql_drop WHEN TAG IN ('DROP TABLE', 'DROP SCHEMA', 'DROP OWNED')
	EXECUTE FUNCTION contact_pressure.count_after_drop();
COMMENT ON EVENT TRIGGER contact_pressure_dropped IS
	'what customers bought is what the tables of orders have that are there';
