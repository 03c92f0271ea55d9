-- src/ledger/track_responses.sql: the CRM's own tables of responses, tracked
--
-- A row says what became of a contact.  It names the contact by its log id,
-- by person and key, by a row of a tracked table of contacts, or by person
-- and channel: then it is the last one sent there.  A row whose contact the
-- ledger does not have is left alone.

CREATE TYPE contact_pressure.tracked_response AS (
	present   boolean,
	person_id text,
	key       text,
	log_id    bigint,
	at        timestamptz,
	outcome   text,
	channel   text,
	purpose   text,
	twin      boolean
);
COMMENT ON TYPE contact_pressure.tracked_response IS
	'a row of a tracked table as a response: present, or gone; and whether another row says the same';

CREATE FUNCTION contact_pressure.find_responses(
	responses contact_pressure.tracked_response[]
) RETURNS contact_pressure.tracked_response[]
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
BEGIN
	FOR merges IN 1 .. 100 LOOP
		EXIT WHEN NOT EXISTS (
			SELECT FROM unnest(responses) AS r
			  JOIN contact_pressure.person AS p USING (person_id)
			 WHERE p.merged_into IS NOT NULL AND r.log_id IS NULL);
		responses := ARRAY(
			SELECT ROW(r.present, coalesce(p.merged_into, r.person_id), r.key,
					   r.log_id, r.at, r.outcome, r.channel, r.purpose, r.twin)
				   ::contact_pressure.tracked_response
			  FROM unnest(responses) AS r
			  LEFT JOIN contact_pressure.person AS p USING (person_id));
	END LOOP;
	RETURN ARRAY(
		SELECT ROW(r.present, l.person_id, l.key, l.log_id,
				   CASE WHEN r.present OR r.at IS NOT NULL
						THEN greatest(coalesce(r.at, now()), l.at) END,
				   r.outcome, l.channel,
				   l.purpose, r.twin)::contact_pressure.tracked_response
		  FROM unnest(responses) AS r
		 CROSS JOIN LATERAL
			   (SELECT l.* FROM contact_pressure.contact_log AS l
				 WHERE l.log_id = r.log_id
				 UNION ALL
				SELECT l.* FROM contact_pressure.contact_log AS l
				 WHERE r.log_id IS NULL
				   AND l.person_id = r.person_id AND l.key = r.key
				 UNION ALL
				(SELECT l.* FROM contact_pressure.contact_log AS l
				  WHERE r.log_id IS NULL AND r.key IS NULL
					AND l.person_id = r.person_id AND l.channel = r.channel
					AND (r.purpose IS NULL OR l.purpose = r.purpose)
					AND l.status <> 'cancelled'
					AND l.outcome NOT IN ('planned', 'event')
					AND l.at <= coalesce(r.at, now())
				  ORDER BY l.at DESC, l.log_id DESC LIMIT 1)) AS l
		 WHERE l.outcome <> 'event'
		 ORDER BY l.person_id COLLATE "C", l.log_id, r.at);
END
$$;
COMMENT ON FUNCTION contact_pressure.find_responses(contact_pressure.tracked_response[]) IS
	'those responses whose contacts the ledger has, with their log ids';

CREATE FUNCTION contact_pressure.retract_responses(
	responses contact_pressure.tracked_response[]
) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
DECLARE
	ids      text[] := contact_pressure.lock_people(ARRAY(
		SELECT DISTINCT r.person_id FROM unnest(responses) AS r));
	touched  text[] := '{}';
	contact  record;
	said     record;
	was      record;
	becomes  record;
BEGIN
	FOR contact IN
		SELECT DISTINCT ON (l.person_id COLLATE "C", l.log_id) l.*
		  FROM unnest(responses) AS r
		  JOIN contact_pressure.contact_log AS l
			ON l.person_id = contact_pressure.person_of(r.person_id)
		   AND l.log_id = r.log_id
		 WHERE l.person_id = ANY (ids)
		 ORDER BY l.person_id COLLATE "C", l.log_id
	LOOP
		SELECT 'sent'::text AS outcome, NULL::timestamptz AS answered_at INTO was;
		SELECT 'sent'::text AS outcome, NULL::timestamptz AS answered_at INTO becomes;
		FOR said IN
			SELECT g.outcome, g.at,
				   EXISTS (SELECT FROM unnest(responses) AS r
							WHERE r.log_id = g.log_id AND r.outcome = g.outcome
							  AND (r.at IS NULL OR r.at = g.at)) AS taken_back
			  FROM contact_pressure.response_log AS g
			 WHERE g.person_id = contact.person_id AND g.log_id = contact.log_id
			   AND g.source <> 'taken back'
			 ORDER BY g.response_id
		LOOP
			SELECT * INTO was FROM contact_pressure.outcome_after(
				was.outcome, was.answered_at, said.outcome, said.at);
			CONTINUE WHEN said.taken_back;
			SELECT * INTO becomes FROM contact_pressure.outcome_after(
				becomes.outcome, becomes.answered_at, said.outcome, said.at);
		END LOOP;
		UPDATE contact_pressure.response_log AS g
		   SET source = 'taken back'
		  FROM unnest(responses) AS r
		 WHERE g.person_id = contact.person_id AND g.log_id = contact.log_id
		   AND r.log_id = g.log_id AND r.outcome = g.outcome
		   AND (r.at IS NULL OR r.at = g.at);
		-- unless the outcome comes from elsewhere
		IF contact.outcome = was.outcome AND contact.status <> 'cancelled'
		   AND (becomes.outcome <> was.outcome
				OR becomes.answered_at IS DISTINCT FROM was.answered_at) THEN
			UPDATE contact_pressure.contact_log AS l
			   SET outcome = becomes.outcome, answered_at = becomes.answered_at
			 WHERE l.person_id = contact.person_id AND l.log_id = contact.log_id;
			touched := touched || contact.person_id;
		END IF;
	END LOOP;
	UPDATE contact_pressure.person AS p
	   SET history = contact_pressure.logged_history(p.person_id, p.history)
	 WHERE p.person_id = ANY (touched);
END
$$;
COMMENT ON FUNCTION contact_pressure.retract_responses(contact_pressure.tracked_response[]) IS
	'takes responses back: the contacts are what the others say; an opt-out stays until it is lifted';

CREATE FUNCTION contact_pressure.apply_responses(
	responses contact_pressure.tracked_response[]
) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
DECLARE
	found   contact_pressure.tracked_response[] :=
		contact_pressure.find_responses(responses);
	gone    contact_pressure.tracked_response[] :=
		ARRAY(SELECT r FROM unnest(found) AS r WHERE NOT r.present AND NOT r.twin);
	changed bigint;
BEGIN
	IF cardinality(gone) > 0 THEN
		PERFORM contact_pressure.retract_responses(gone);
	END IF;
	IF NOT EXISTS (SELECT FROM unnest(found) AS r WHERE r.present) THEN
		RETURN 0;
	END IF;
	-- said again
	DELETE FROM contact_pressure.response_log AS g
	 USING unnest(found) AS r
	 WHERE r.present AND g.person_id = r.person_id AND g.log_id = r.log_id
	   AND g.at = r.at AND g.outcome = r.outcome AND g.source = 'taken back';
	SELECT contact_pressure.record_responses(array_agg(r.log_id),
											 array_agg(r.outcome),
											 array_agg(r.at))
	  INTO changed
	  FROM unnest(found) AS r
	 WHERE r.present;
	RETURN changed;
END
$$;
COMMENT ON FUNCTION contact_pressure.apply_responses(contact_pressure.tracked_response[]) IS
	'takes rows of a tracked table of responses into the ledger; how many changed anything';

CREATE FUNCTION contact_pressure.tracked_responses(rows text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
	SELECT format(
		'SELECT array_agg(ROW(v.present, v.person_id, v.key, v.log_id, v.at,'
		' v.outcome, v.channel, v.purpose, v.twin)'
		'::contact_pressure.tracked_response) FROM (%s) AS v'
		' WHERE v.outcome IS NOT NULL', rows)
$$;
COMMENT ON FUNCTION contact_pressure.tracked_responses(text) IS
	'the query that hands out rows of a tracked table of responses';

CREATE FUNCTION contact_pressure.tracked_response() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
SET TimeZone = 'UTC'
SET DateStyle = 'ISO, YMD'
SET IntervalStyle = 'postgres'
SET extra_float_digits = 1
SET bytea_output = 'hex'
AS $$
DECLARE
	response  CONSTANT text := TG_ARGV[0];	-- a row r as a response
	twin      CONSTANT text := TG_ARGV[1];	-- another row says the same
	rows      text;
	responses contact_pressure.tracked_response[];
BEGIN
	IF TG_OP = 'INSERT' THEN
		rows := format('SELECT true AS present, %s, false AS twin'
					   ' FROM new_rows AS r', response);
	ELSIF TG_OP = 'UPDATE' THEN
		rows := format('SELECT bool_or(u.present) AS present, u.person_id, u.key,'
					   ' u.log_id, u.at, u.outcome, u.channel, u.purpose,'
					   ' bool_or(u.twin) AS twin FROM ('
					   'SELECT false AS present, %1$s, %2$s AS twin FROM old_rows AS r'
					   ' UNION ALL SELECT true, %1$s, false FROM new_rows AS r) AS u'
					   ' GROUP BY 2, 3, 4, 5, 6, 7, 8'
					   ' HAVING bool_or(u.present) = bool_and(u.present)',
					   response, twin);
	ELSIF TG_OP = 'DELETE' THEN
		rows := format('SELECT false AS present, %s, %s AS twin FROM old_rows AS r',
					   response, twin);
	ELSE
		-- before it: there is no list of what a TRUNCATE took
		rows := format('SELECT false AS present, %s, %s AS twin FROM ONLY %s AS r',
					   response,
					   replace(twin, 'other.tableoid',
							   format('nullif(other.tableoid, %s)', TG_RELID)),
					   TG_RELID::regclass);
	END IF;
	EXECUTE contact_pressure.tracked_responses(rows) INTO responses;
	IF responses IS NOT NULL THEN
		PERFORM contact_pressure.apply_responses(responses);
	END IF;
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION contact_pressure.tracked_response() IS
	'trigger: takes what a statement did to a tracked table of responses into the ledger';

CREATE FUNCTION contact_pressure.tracked_link(
	relation       regclass,
	contact_column name,
	contacts       regclass,
	contact_key    name
) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	link    text := contact_pressure.tracked_column(relation, 'contact_column', contact_column);
	target  regclass := contacts;
	key     name := contact_key;
	setting contact_pressure.tracked_table;
BEGIN
	-- what a foreign key says need not be said again
	IF target IS NULL OR key IS NULL THEN
		SELECT coalesce(target, f.confrelid), coalesce(key, a.attname)
		  INTO target, key
		  FROM pg_constraint AS f
		  JOIN pg_attribute AS c ON c.attrelid = f.conrelid AND c.attnum = f.conkey[1]
		  JOIN pg_attribute AS a ON a.attrelid = f.confrelid AND a.attnum = f.confkey[1]
		 WHERE f.conrelid = relation AND f.contype = 'f' AND f.conparentid = 0
		   AND cardinality(f.conkey) = 1 AND c.attname = contact_column
		   AND (contacts IS NULL OR f.confrelid = contacts)
		 ORDER BY f.conname LIMIT 1;
		IF NOT FOUND THEN
			target := contacts;
			SELECT a.attname INTO key
			  FROM pg_index AS i
			  JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
			 WHERE i.indrelid = contacts AND i.indisprimary AND i.indnkeyatts = 1;
			key := coalesce(contact_key, key);
		END IF;
	END IF;
	SELECT * INTO setting FROM contact_pressure.tracked_table AS t
	 WHERE t.relation = target AND t.kind = 'contacts' AND t.ended_at IS NULL;
	IF setting.relation IS NULL THEN
		RAISE EXCEPTION 'column "%" refers to no tracked table of contacts', contact_column
			USING ERRCODE = 'object_not_in_prerequisite_state',
				  DETAIL = CASE WHEN target IS NULL
						   THEN 'It has no foreign key, and no table was named.'
						   ELSE format('Table %s is not tracked.', target) END,
				  HINT = 'Track the contacts first; without a foreign key, say contacts => ''...''.';
	ELSIF key IS NULL THEN
		RAISE EXCEPTION 'column "%" refers to an unknown column of table %', contact_column, target
			USING ERRCODE = 'invalid_parameter_value',
				  HINT = 'The primary key has several columns: say which is meant, contact_key => ''...''.';
	END IF;
	PERFORM contact_pressure.tracked_column(target, 'contact_key', key);
	-- r is a row of the contacts inside, and one of the responses outside
	RETURN (SELECT string_agg(format(
				'(SELECT v.%1$s FROM (SELECT %2$s, r.%3$I AS link FROM %4$s AS r) AS v'
				' WHERE v.link = %5$s LIMIT 1) AS %1$s',
				c.name, setting.columns ->> 'row', key, target, link), ', ')
			  FROM unnest('{person_id,key}'::text[]) AS c(name));
END
$$;
COMMENT ON FUNCTION contact_pressure.tracked_link(regclass, name, regclass, name) IS
	'person and key of the contact that a column of a row r refers to';

CREATE FUNCTION contact_pressure.track_responses(
	relation       regclass,
	id_column      name    DEFAULT NULL,
	at_column      name    DEFAULT NULL,
	outcome        text    DEFAULT NULL,
	key_column     name    DEFAULT NULL,
	outcome_column name    DEFAULT NULL,
	outcomes       jsonb   DEFAULT NULL,
	log_id_column  name    DEFAULT NULL,
	contact_column name    DEFAULT NULL,
	contacts       regclass DEFAULT NULL,
	contact_key    name    DEFAULT NULL,
	channel        text    DEFAULT NULL,
	channel_column name    DEFAULT NULL,
	channels       jsonb   DEFAULT NULL,
	purpose        text    DEFAULT NULL,
	purpose_column name    DEFAULT NULL,
	purposes       jsonb   DEFAULT NULL,
	zone           text    DEFAULT NULL,
	backfill       boolean DEFAULT true
) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	source   text := contact_pressure.begin_tracking(relation, 'responses');
	response text;
	link     name := coalesce(log_id_column, contact_column, key_column, id_column);
	twin     text;
BEGIN
	IF outcome IS NULL AND outcome_column IS NULL THEN
		RAISE EXCEPTION 'what the rows of table % say of a contact is not known', relation
			USING ERRCODE = 'null_value_not_allowed',
				  HINT = 'Say outcome => ''opened'', or name the column that holds it: outcome_column => ''...''.';
	ELSIF log_id_column IS NULL AND contact_column IS NULL
		  AND (id_column IS NULL
			   OR key_column IS NULL AND channel IS NULL AND channel_column IS NULL) THEN
		RAISE EXCEPTION 'which contacts the rows of table % are about is not known', relation
			USING ERRCODE = 'null_value_not_allowed',
				  HINT = 'Name log_id_column; or contact_column, which refers to a tracked table of contacts; or id_column with key_column or a channel.';
	END IF;
	response := concat_ws(', ',
		CASE WHEN log_id_column IS NOT NULL THEN 'NULL::text AS person_id, NULL::text AS key'
			 WHEN contact_column IS NOT NULL
			 THEN contact_pressure.tracked_link(relation, contact_column, contacts, contact_key)
			 ELSE format('nullif(%s::text, '''') AS person_id',
						 contact_pressure.tracked_column(relation, 'id_column', id_column))
				  || ', ' || contact_pressure.tracked_value(relation, 'key_column', key_column, 'text', NULL)
				  || ' AS key'
		END,
		contact_pressure.tracked_value(relation, 'log_id_column', log_id_column, 'bigint', NULL) || ' AS log_id',
		CASE WHEN at_column IS NULL THEN 'NULL::timestamptz'
			 ELSE contact_pressure.tracked_time(relation, 'at_column', at_column, zone)
		END || ' AS at',
		contact_pressure.tracked_name(relation, 'outcome_column', outcome_column, outcomes, outcome) || ' AS outcome',
		contact_pressure.tracked_name(relation, 'channel_column', channel_column, channels, channel) || ' AS channel',
		contact_pressure.tracked_name(relation, 'purpose_column', purpose_column, purposes, purpose) || ' AS purpose');
	twin := format('EXISTS (SELECT FROM %1$s AS other WHERE other.%2$I = r.%2$I%3$s'
				   ' AND other.tableoid IS NOT NULL)', relation, link,
				   (SELECT string_agg(format(' AND other.%1$I IS NOT DISTINCT FROM r.%1$I', c.name), '')
					  FROM unnest(ARRAY[id_column, at_column, outcome_column,
										channel_column, purpose_column]) AS c(name)
					 WHERE c.name IS NOT NULL AND c.name <> link));
	RETURN contact_pressure.start_tracking(relation, 'responses', source,
		jsonb_strip_nulls(jsonb_build_object(
			'id_column', id_column, 'at_column', at_column, 'outcome', outcome,
			'key_column', key_column, 'outcome_column', outcome_column,
			'log_id_column', log_id_column, 'contact_column', contact_column,
			'contacts', contacts::text, 'contact_key', contact_key,
			'channel', channel, 'channel_column', channel_column,
			'purpose', purpose, 'purpose_column', purpose_column,
			'zone', zone, 'row', response, 'twin', twin))
		-- whose nulls mean something
		|| CASE WHEN outcomes IS NULL THEN '{}' ELSE jsonb_build_object('outcomes', outcomes) END
		|| CASE WHEN channels IS NULL THEN '{}' ELSE jsonb_build_object('channels', channels) END
		|| CASE WHEN purposes IS NULL THEN '{}' ELSE jsonb_build_object('purposes', purposes) END,
		backfill);
END
$$;
COMMENT ON FUNCTION contact_pressure.track_responses(regclass, name, name, text, name, name, jsonb, name, name, regclass, name, text, name, jsonb, text, name, jsonb, text, boolean) IS
	'keeps the ledger current from a table of responses, whatever its columns are called; how many changed what the ledger knew';
