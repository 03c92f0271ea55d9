-- src/ledger/track.sql: the CRM's own tables of contacts and events, tracked
--
-- A tracked table has statement-level triggers that carry, as arguments, how
-- one of its rows reads as a contact: no trigger reads a table for it, and a
-- dump of the CRM's table takes its tracking along.  Each statement's rows go
-- through apply_tracked(), some persons at a time and those in the lock order.
--
-- A contact that is gone from its table, or has become another, is cancelled
-- and not deleted: what was decided while it counted stays explained.

-- --- a row of a tracked table, read

CREATE TYPE contact_pressure.tracked_contact AS (
	present      boolean,
	person_id    text,
	key          text,
	at           timestamptz,
	channel      text,
	purpose      text,
	campaign     text,
	owner        text,
	weight       float8,
	cost         numeric,
	outcome      text,
	answered_at  timestamptz,
	given_id     text,
	was_there    boolean,
	was_at       timestamptz,
	was_outcome  text,
	was_answered timestamptz
);
COMMENT ON TYPE contact_pressure.tracked_contact IS
	'a row of a tracked table as a contact: present, or gone; and what it was before';

CREATE FUNCTION contact_pressure.tracked_instant(value timestamp, zone text)
RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT pg_catalog.timezone(coalesce($2, ''UTC''), $1)';
COMMENT ON FUNCTION contact_pressure.tracked_instant(timestamp, text) IS
	'a column with the time on the clock of a zone';

CREATE FUNCTION contact_pressure.tracked_instant(value date, zone text)
RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT pg_catalog.timezone(coalesce($2, ''UTC''), $1::pg_catalog.timestamp)';
COMMENT ON FUNCTION contact_pressure.tracked_instant(date, text) IS
	'a column with the date in a zone: its first instant';

CREATE FUNCTION contact_pressure.tracked_label(value text)
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
SELECT nullif(pg_catalog.lower(
	pg_catalog.btrim($1, E' \t\n\v\f\r') COLLATE pg_catalog."C"), '')
$$;
COMMENT ON FUNCTION contact_pressure.tracked_label(text) IS
	'the name of a channel, purpose or outcome as contact_log has it; a blank one is NULL';

-- --- histories from the log

CREATE FUNCTION contact_pressure.trimmed_part(history contact_pressure.contact_history)
RETURNS jsonb LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
SELECT pg_catalog.jsonb_path_query_first($1::pg_catalog.jsonb, '$[*] ? (exists(@.trimmed))')
$$;
COMMENT ON FUNCTION contact_pressure.trimmed_part(contact_pressure.contact_history) IS
	'the summary of what was trimmed from a history; NULL: nothing was';

CREATE FUNCTION contact_pressure.history_horizon(history contact_pressure.contact_history)
RETURNS timestamptz LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
SELECT (contact_pressure.trimmed_part($1)
		OPERATOR(pg_catalog.#>>) '{trimmed,before}')::pg_catalog.timestamptz
$$;
COMMENT ON FUNCTION contact_pressure.history_horizon(contact_pressure.contact_history) IS
	'the instant before which a history was trimmed; NULL: it was not';

CREATE FUNCTION contact_pressure.logged_history(
	person_id text,
	history   contact_pressure.contact_history
) RETURNS contact_pressure.contact_history
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, contact_pressure, pg_temp
SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
	who     text := person_id;
	trimmed jsonb := contact_pressure.trimmed_part(history);
	horizon timestamptz := (trimmed #>> '{trimmed,before}')::timestamptz;
	logged  contact_pressure.contact_history;
BEGIN
	SELECT contact_pressure.contact_history(l.at, l.channel, l.purpose,
											l.weight, l.outcome, l.answered_at)
	  INTO logged
	  FROM contact_pressure.contact_log AS l
	 WHERE l.person_id = who AND l.status <> 'cancelled'
	   AND (horizon IS NULL OR l.at >= horizon);
	IF trimmed IS NULL THEN
		RETURN coalesce(logged, '[]');
	END IF;
	RETURN jsonb_build_array(trimmed)::contact_pressure.contact_history || logged;
END
$$;
COMMENT ON FUNCTION contact_pressure.logged_history(text, contact_pressure.contact_history) IS
	'a person''s history as contact_log has it, behind the summary of what was trimmed from the given one';

-- --- what a statement did to contacts, done to the ledger

-- The plans are made once, perhaps when the tables are empty: each person
-- and each contact is looked up by its index, whatever there is of them.
CREATE FUNCTION contact_pressure.lock_tracked(
	changes contact_pressure.tracked_contact[]
) RETURNS contact_pressure.tracked_contact[]
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
BEGIN
	FOR merges IN 1 .. 100 LOOP
		-- One pass in the lock order, known and unknown persons together: two
		-- of these, each the first of its transaction, cannot deadlock.  An
		-- update that is not done still locks its row.
		INSERT INTO contact_pressure.person AS p (person_id)
		SELECT c.person_id
		  FROM unnest(changes) AS c
		 WHERE c.present
			OR EXISTS (SELECT FROM contact_pressure.person AS known
						WHERE known.person_id = c.person_id)
		 GROUP BY c.person_id
		 ORDER BY c.person_id COLLATE "C"
		    ON CONFLICT ON CONSTRAINT person_pkey
			DO UPDATE SET lease_until = p.lease_until WHERE false;
		IF NOT EXISTS (SELECT FROM unnest(changes) AS c
						 JOIN contact_pressure.person AS p USING (person_id)
						WHERE p.merged_into IS NOT NULL) THEN
			RETURN changes;
		END IF;
		changes := ARRAY(
			SELECT ROW(c.present, coalesce(p.merged_into, c.person_id), c.key,
					   c.at, c.channel, c.purpose, c.campaign, c.owner,
					   c.weight, c.cost, c.outcome, c.answered_at, c.given_id,
					   c.was_there, c.was_at, c.was_outcome, c.was_answered)
				   ::contact_pressure.tracked_contact
			  FROM unnest(changes) AS c
			  LEFT JOIN contact_pressure.person AS p USING (person_id));
	END LOOP;
	RAISE EXCEPTION 'persons were merged in a circle'
		USING ERRCODE = 'data_exception',
			  HINT = 'Set merged_into of one of them to NULL.';
END
$$;
COMMENT ON FUNCTION contact_pressure.lock_tracked(contact_pressure.tracked_contact[]) IS
	'the contacts with the persons whose they are after merges; those are there then, and locked';

CREATE FUNCTION contact_pressure.pair_tracked(
	changes contact_pressure.tracked_contact[]
) RETURNS contact_pressure.tracked_contact[]
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, contact_pressure, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
	RETURN (SELECT array_agg(
			CASE WHEN (p.now).present
			THEN ROW(true, (p.now).person_id, (p.now).key, (p.now).at,
					 (p.now).channel, (p.now).purpose, (p.now).campaign,
					 (p.now).owner, (p.now).weight, (p.now).cost,
					 CASE WHEN (p.now).at > clock_timestamp()
							   AND (p.now).outcome = 'sent'
						  THEN 'planned' ELSE (p.now).outcome END,
					 (p.now).answered_at, (p.now).given_id,
					 (p.was).person_id IS NOT NULL, (p.was).at,
					 CASE WHEN (p.was).at > clock_timestamp()
							   AND (p.was).outcome = 'sent'
						  THEN 'planned' ELSE (p.was).outcome END,
					 (p.was).answered_at)::contact_pressure.tracked_contact
			ELSE p.was END)
	  FROM (SELECT (array_agg(c.*) FILTER (WHERE c.present))[1] AS now,
				   (array_agg(c.*) FILTER (WHERE NOT c.present))[1] AS was
			  FROM unnest(changes) AS c
			 GROUP BY c.person_id, c.key) AS p);
END
$$;
COMMENT ON FUNCTION contact_pressure.pair_tracked(contact_pressure.tracked_contact[]) IS
	'one change for each contact: what it is now beside what it was';

CREATE FUNCTION contact_pressure.apply_tracked(
	source     text,
	changes    contact_pressure.tracked_contact[],
	taken_over boolean     DEFAULT false,
	forgotten  timestamptz DEFAULT NULL
) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
	origin    CONSTANT text := source;
	gone      CONSTANT text := 'not in ' || substr(origin, 7);
	logged    contact_pressure.contact_log[];	-- those that are there already
	touched   text[] := '{}';	-- whose history is made anew from the log
	hit       text[];
	responses record;
	opt_out   record;
	added     bigint;
BEGIN
	changes := contact_pressure.pair_tracked(contact_pressure.lock_tracked(changes));

	-- gone, and no other row stands for the same contact
	IF EXISTS (SELECT FROM unnest(changes) AS c WHERE NOT c.present) THEN
		WITH cancelled AS (
			UPDATE contact_pressure.contact_log AS l
			   SET status = 'cancelled', reason = gone,
				   settled_at = clock_timestamp()
			  FROM unnest(changes) AS c
			 WHERE NOT c.present AND NOT c.was_there
			   AND l.person_id = c.person_id
			   AND l.key = c.key AND l.status <> 'cancelled'
			RETURNING l.person_id
		)
		SELECT array_agg(DISTINCT person_id) INTO hit FROM cancelled;
		touched := touched || hit;
	END IF;

	-- there already, by their key
	logged := ARRAY(SELECT l
					  FROM unnest(changes) AS c
					  JOIN contact_pressure.contact_log AS l
						ON l.person_id = c.person_id AND l.key = c.key
					 WHERE c.present);
	IF cardinality(logged) > 0 THEN
		-- Our own that have become other contacts make room; what was
		-- reported of them goes along unless the row itself says more.
		WITH replaced AS (
			UPDATE contact_pressure.contact_log AS l
			   SET status = 'cancelled', key = NULL, reason = gone,
				   settled_at = clock_timestamp()
			  FROM unnest(changes) AS c
			 WHERE c.present AND l.person_id = c.person_id AND l.key = c.key
			   AND l.source = origin AND l.status <> 'cancelled'
			   AND (l.at <> c.at OR l.channel <> c.channel
					OR l.purpose <> c.purpose
					OR l.weight IS DISTINCT FROM c.weight)
			   -- what was trimmed no longer changes
			   AND NOT EXISTS (SELECT FROM contact_pressure.person AS p
								WHERE p.person_id = l.person_id
								  AND greatest(l.at, c.at)
									  < contact_pressure.history_horizon(p.history))
			RETURNING l.person_id, c.key, l.outcome, l.answered_at
		), beside AS (
			SELECT c.person_id, c.key, c, NULL::text AS outcome,
				   NULL::timestamptz AS answered_at
			  FROM unnest(changes) AS c
			 UNION ALL
			SELECT r.person_id, r.key, NULL, r.outcome, r.answered_at
			  FROM replaced AS r
		), change AS (
			SELECT b.person_id,
				   (array_agg(b.c) FILTER (WHERE b.outcome IS NULL))[1] AS c,
				   max(b.outcome) AS said, max(b.answered_at) AS said_at
			  FROM beside AS b GROUP BY b.person_id, b.key
		)
		SELECT array_agg(DISTINCT person_id) FILTER (WHERE b.said IS NOT NULL),
			   array_agg(ROW((c).present, person_id, (c).key, (c).at,
							 (c).channel, (c).purpose, (c).campaign, (c).owner,
							 (c).weight, (c).cost,
							 CASE WHEN b.goes_along THEN b.said ELSE (c).outcome END,
							 CASE WHEN b.goes_along THEN b.said_at ELSE (c).answered_at END,
							 (c).given_id, (c).was_there AND b.said IS NULL,
							 (c).was_at, (c).was_outcome, (c).was_answered)
						 ::contact_pressure.tracked_contact)
		  INTO hit, changes
		  FROM (SELECT ch.*, coalesce(ch.said NOT IN ('planned', 'sent')
								AND ((c).outcome IN ('planned', 'sent')
									 OR (c).outcome = (c).was_outcome), false) AS goes_along
				  FROM change AS ch) AS b;
		touched := touched || hit;

		-- What was cancelled gives its key to a contact that took place, and
		-- to a new plan; a plan that somebody cancelled since stays cancelled.
		UPDATE contact_pressure.contact_log AS l
		   SET key = NULL
		  FROM unnest(changes) AS c
		 WHERE c.present AND l.person_id = c.person_id AND l.key = c.key
		   AND l.status = 'cancelled'
		   AND (c.outcome <> 'planned' OR l.reason = gone
				OR NOT taken_over AND NOT coalesce(c.was_at = c.at, false));

		-- handed over, and what is said about it
		WITH settled AS (
			UPDATE contact_pressure.contact_log AS l
			   SET status = CASE l.status WHEN 'reserved' THEN 'confirmed'
							ELSE l.status END,
				   settled_at = CASE l.status WHEN 'reserved'
								THEN clock_timestamp() ELSE l.settled_at END,
				   lease_until = CASE l.status WHEN 'reserved' THEN NULL
								 ELSE l.lease_until END,
				   outcome = CASE WHEN l.outcome = 'planned' AND l.at <= clock_timestamp()
									   AND (l.status = 'reserved' OR c.outcome <> 'planned')
							 THEN 'sent' ELSE l.outcome END,
				   campaign = CASE l.source WHEN origin THEN c.campaign
							  ELSE l.campaign END,
				   owner = CASE l.source WHEN origin THEN c.owner
						   ELSE l.owner END,
				   cost = CASE l.source WHEN origin THEN c.cost
						  ELSE coalesce(l.cost, c.cost) END
			  FROM unnest(changes) AS c
			 WHERE c.present AND l.person_id = c.person_id AND l.key = c.key
			   AND l.status <> 'cancelled'
			   AND (l.status = 'reserved'
					OR l.outcome = 'planned' AND c.outcome <> 'planned'
					   AND l.at <= clock_timestamp()
					OR l.source = origin
					   AND (l.campaign IS DISTINCT FROM c.campaign
							OR l.owner IS DISTINCT FROM c.owner
							OR l.cost IS DISTINCT FROM c.cost))
			RETURNING l.person_id
		)
		SELECT array_agg(DISTINCT person_id) INTO hit FROM settled;
		touched := touched || hit;
	END IF;

	-- new ones
	WITH written AS (
		INSERT INTO contact_pressure.contact_log
			   (person_id, at, channel, purpose, campaign, owner, segment,
				weight, cost, key, status, outcome, answered_at, source,
				merged_from)
		SELECT c.person_id, c.at, c.channel, c.purpose, c.campaign, c.owner,
			   p.segment, c.weight, c.cost, c.key, 'recorded', c.outcome,
			   CASE WHEN c.outcome IN ('opened', 'clicked', 'replied',
									   'converted', 'declined',
									   'unsubscribed', 'complained')
					THEN greatest(c.answered_at, c.at) END,
			   origin, nullif(c.given_id, c.person_id)
		  FROM unnest(changes) AS c
		  JOIN contact_pressure.person AS p USING (person_id)
		 WHERE c.present
		   AND (cardinality(logged) = 0
				OR NOT EXISTS (SELECT FROM contact_pressure.contact_log AS l
								WHERE l.person_id = c.person_id
								  AND l.key = c.key))
		   -- what maintenance took out of the log is counted in the summary
		   AND (forgotten IS NULL OR c.at >= forgotten)
		   AND NOT (c.was_there
					AND coalesce(c.was_at < contact_pressure.history_horizon(p.history),
								 false))
		 ORDER BY c.at
		RETURNING person_id, at, channel, purpose, weight, outcome, answered_at
	), counted AS (
		SELECT w.person_id, count(*) AS contacts,
			   contact_pressure.contact_history(w.at, w.channel, w.purpose,
									w.weight, w.outcome, w.answered_at) AS history
		  FROM written AS w
		 GROUP BY w.person_id
	), saved AS (
		UPDATE contact_pressure.person AS p
		   SET history = p.history || n.history
		  FROM counted AS n
		 WHERE p.person_id = n.person_id
	)
	SELECT coalesce(sum(contacts), 0) INTO added FROM counted;

	-- those that lost some: what was trimmed, and the log since then
	IF cardinality(touched) > 0 THEN
		UPDATE contact_pressure.person AS p
		   SET history = contact_pressure.logged_history(p.person_id, p.history),
			   lease_until = (SELECT min(l.lease_until)
								FROM contact_pressure.contact_log AS l
							   WHERE l.person_id = p.person_id
								 AND l.status = 'reserved')
		 WHERE p.person_id = ANY (touched);
	END IF;

	-- what became of those that were there
	IF cardinality(logged) > 0 THEN
		SELECT array_agg(l.log_id ORDER BY l.person_id COLLATE "C", l.log_id) AS log_ids,
			   array_agg(c.outcome ORDER BY l.person_id COLLATE "C", l.log_id) AS outcomes,
			   array_agg(greatest(l.at, coalesce(c.answered_at,
												 CASE WHEN c.was_there THEN now() END,
												 l.at))
						 ORDER BY l.person_id COLLATE "C", l.log_id) AS ats
		  INTO responses
		  FROM unnest(changes) AS c
		  JOIN contact_pressure.contact_log AS l
			ON l.person_id = c.person_id AND l.key = c.key
		 WHERE c.present AND l.status <> 'cancelled'
		   AND c.outcome NOT IN ('planned', 'sent', 'event')
		   AND l.outcome <> 'event'
		   AND (c.outcome <> l.outcome
				OR c.answered_at IS DISTINCT FROM c.was_answered
				   AND c.answered_at IS DISTINCT FROM l.answered_at
				   AND c.answered_at IS NOT NULL)
		   AND (NOT c.was_there OR c.outcome IS DISTINCT FROM c.was_outcome
				OR c.answered_at IS DISTINCT FROM c.was_answered);
		IF responses.log_ids IS NOT NULL THEN
			PERFORM contact_pressure.record_responses(
				responses.log_ids, responses.outcomes, responses.ats);
		END IF;
	END IF;

	-- A "no" counts wherever it is found; but one that is only now taken over
	-- does not undo a consent that is known.
	FOR opt_out IN
		SELECT DISTINCT c.person_id COLLATE "C" AS person_id, s.scope, c.outcome
		  FROM unnest(changes) AS c
		 CROSS JOIN LATERAL
			   (SELECT CASE c.outcome WHEN 'hard_bounced' THEN c.channel
					   ELSE c.channel || '/marketing' END AS scope) AS s
		  JOIN contact_pressure.person AS p USING (person_id)
		 WHERE c.present
		   AND c.outcome IN ('unsubscribed', 'complained', 'hard_bounced')
		   AND NOT (c.was_there AND c.outcome IS NOT DISTINCT FROM c.was_outcome)
		   AND s.scope <> ALL (coalesce(p.opted_out, '{}'))
		   AND NOT (taken_over AND s.scope = ANY (coalesce(p.opted_in, '{}')))
		 ORDER BY 1, 2, 3
	LOOP
		PERFORM contact_pressure.opt_out(opt_out.person_id, opt_out.scope,
										 opt_out.outcome);
	END LOOP;
	RETURN added;
END
$$;
COMMENT ON FUNCTION contact_pressure.apply_tracked(text, contact_pressure.tracked_contact[], boolean, timestamptz) IS
	'takes changes of a tracked table into the ledger; how many contacts are new';

-- --- the triggers

-- Settings that decide how a value is written are fixed: an id or key that
-- is a number, a date or an instant reads the same in every session.
CREATE FUNCTION contact_pressure.tracked_chunks(rows text, few boolean DEFAULT false)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
	-- some persons at a time, never a person in two of them
	SELECT format(
		'SELECT array_agg(ROW(v.present, v.person_id, v.key, v.at, v.channel,'
		' v.purpose, v.campaign, v.owner, v.weight, v.cost, v.outcome,'
		' v.answered_at, v.person_id, v.was_there, NULL, NULL, NULL)'
		'::contact_pressure.tracked_contact) AS changes FROM (%s) AS v'
		' WHERE v.person_id IS NOT NULL AND v.key IS NOT NULL'
		' AND v.at IS NOT NULL AND v.channel IS NOT NULL'
		' AND v.purpose IS NOT NULL AND v.outcome IS NOT NULL %s',
		CASE WHEN few THEN rows
			 ELSE format('SELECT v.*, (dense_rank() OVER (ORDER BY v.person_id'
						 ' COLLATE "C") - 1) / 2000 AS chunk FROM (%s) AS v', rows) END,
		CASE WHEN few THEN 'HAVING count(*) > 0' ELSE 'GROUP BY v.chunk ORDER BY v.chunk' END)
$$;
COMMENT ON FUNCTION contact_pressure.tracked_chunks(text, boolean) IS
	'the query that hands out rows of a tracked table, some persons at a time and in the lock order; few of them at once';

CREATE FUNCTION contact_pressure.tracked_change() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
SET TimeZone = 'UTC'
SET DateStyle = 'ISO, YMD'
SET IntervalStyle = 'postgres'
SET extra_float_digits = 1
SET bytea_output = 'hex'
AS $$
#variable_conflict use_column
DECLARE
	origin  CONSTANT text := TG_ARGV[0];	-- the source in contact_log
	contact CONSTANT text := TG_ARGV[1];	-- a row r as a contact
	twin    CONSTANT text := TG_ARGV[2];	-- another row has the key of r
	many    CONSTANT integer := 2000;
	few     boolean := false;
	rows    text;
	chunk   record;
BEGIN
	IF TG_OP = 'INSERT' THEN
		few := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT many) AS r) < many;
		rows := format('SELECT true AS present, %s, false AS was_there'
					   ' FROM new_rows AS r', contact);
	ELSIF TG_OP = 'UPDATE' THEN
		few := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT many) AS r) < many;
		rows := format('SELECT false AS present, %1$s, %2$s AS was_there'
					   ' FROM old_rows AS r'
					   ' UNION ALL SELECT true, %1$s, false FROM new_rows AS r',
					   contact, twin);
		-- What did not change as a contact is left alone, once all rows were
		-- taken over: until then it may have moved behind the backfill.
		IF (SELECT bool_and(t.complete_at IS NOT NULL OR t.ended_at IS NOT NULL)
			  FROM contact_pressure.tracked_table AS t
			 WHERE t.source = origin AND t.kind <> 'responses') THEN
			rows := format('SELECT bool_or(u.present) AS present, u.person_id,'
						   ' u.key, u.at, u.channel, u.purpose, u.campaign,'
						   ' u.owner, u.weight, u.cost, u.outcome, u.answered_at,'
						   ' bool_or(u.was_there) AS was_there'
						   ' FROM (%s) AS u'
						   ' GROUP BY 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12'
						   ' HAVING bool_or(u.present) = bool_and(u.present)', rows);
		END IF;
	ELSIF TG_OP = 'DELETE' THEN
		few := (SELECT count(*) FROM (SELECT FROM old_rows LIMIT many) AS r) < many;
		rows := format('SELECT false AS present, %s, %s AS was_there'
					   ' FROM old_rows AS r', contact, twin);
	ELSE
		-- before it: there is no list of what a TRUNCATE took
		rows := format('SELECT false AS present, %s, %s AS was_there'
					   ' FROM ONLY %s AS r', contact,
					   replace(twin, 'other.tableoid',
							   format('nullif(other.tableoid, %s)', TG_RELID)),
					   TG_RELID::regclass);
	END IF;
	FOR chunk IN EXECUTE contact_pressure.tracked_chunks(rows, few) LOOP
		PERFORM contact_pressure.apply_tracked(origin, chunk.changes);
	END LOOP;
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION contact_pressure.tracked_change() IS
	'trigger: takes what a statement did to a tracked table of contacts or events into the ledger';

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
					   CASE event WHEN 'truncate' THEN 'BEFORE' ELSE 'AFTER' END,
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
	kind oid;
BEGIN
	SELECT CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END INTO kind
	  FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
	 WHERE a.attrelid = relation AND a.attname = name;
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
	label := format('nullif(lower(btrim(%s, E'' \t\n\v\f\r'') COLLATE "C"), '''')', value);
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
	IF setting.kind = 'responses' THEN
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
	'takes what is in a tracked table into the ledger, but for what it has; how many contacts or events are new, or responses changed anything';

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
		setting.source, setting.kind = 'events', setting.columns ->> 'row',
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
		  WHERE t.relation = relation ORDER BY t.since LIMIT 1),
		(SELECT s.source
		   FROM generate_series(1, 1000000) AS n,
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
	call     text,
	backfill boolean
) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
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
	PERFORM contact_pressure.set_tracking(m, kind, call)
	   FROM contact_pressure.tracked_members(relation) AS m;
	IF NOT backfill THEN
		RETURN NULL;
	END IF;
	IF before.relation IS NOT NULL AND kind <> 'responses' THEN
		PERFORM contact_pressure.withdraw_untracked(setting);
	END IF;
	added := contact_pressure.take_over(relation, setting);
	UPDATE contact_pressure.tracked_table AS t SET complete_at = clock_timestamp()
	 WHERE t.relation = relation AND t.kind = kind;
	RETURN added;
END
$$;
COMMENT ON FUNCTION contact_pressure.start_tracking(regclass, text, text, jsonb, text, boolean) IS
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
		format('contact_pressure.tracked_change(%L, %L, %L)', source, contact, twin),
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
		format('contact_pressure.tracked_change(%L, %L, %L)', source, event, twin),
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
	IF kind NOT IN ('contacts', 'responses', 'events') THEN
		RAISE EXCEPTION 'there is no tracking of "%"', kind
			USING ERRCODE = 'invalid_parameter_value',
				  HINT = 'A table is tracked for contacts, responses or events.';
	END IF;
	-- whatever has the triggers, also what was a partition once
	SELECT array_agg(DISTINCT k.kind) INTO ended
	  FROM unnest('{contacts,responses,events}'::text[]) AS k(kind)
	  JOIN pg_trigger AS t ON t.tgname = format('contact_pressure_%s_insert', k.kind)
	 WHERE t.tgrelid IN (SELECT contact_pressure.tracked_members(relation))
	   AND (kind IS NULL OR k.kind = kind);
	PERFORM contact_pressure.set_tracking(m, k, NULL)
	   FROM unnest(ended) AS k, contact_pressure.tracked_members(relation) AS m;
	UPDATE contact_pressure.tracked_table AS t SET ended_at = now()
	 WHERE t.relation = relation AND (kind IS NULL OR t.kind = kind)
	   AND t.ended_at IS NULL;
	RETURN coalesce(cardinality(ended), 0);
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
	setting   contact_pressure.tracked_table;
	arguments text[];
BEGIN
	SELECT t.* INTO setting FROM contact_pressure.tracked_table AS t
	 WHERE t.relation = relation AND t.kind = kind AND t.ended_at IS NULL;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	IF setting.kind = 'responses' THEN
		arguments := ARRAY[setting.columns ->> 'row', setting.columns ->> 'twin'];
	ELSE
		arguments := ARRAY[setting.source, setting.columns ->> 'row', setting.columns ->> 'twin'];
	END IF;
	PERFORM contact_pressure.set_tracking(partition, setting.kind,
		format('contact_pressure.%I(%s)',
			   CASE setting.kind WHEN 'responses' THEN 'tracked_response' ELSE 'tracked_change' END,
			   (SELECT string_agg(quote_literal(a), ', ') FROM unnest(arguments) AS a)));
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
		   AND p.proname IN ('tracked_change', 'tracked_response'));
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
			SELECT a.oid AS root, t.tgname AS trigger, split_part(t.tgname, '_', 3) AS kind
			  FROM above AS a
			  JOIN pg_trigger AS t ON t.tgrelid = a.oid
			 WHERE t.tgfoid = ANY (ours) AND t.tgname LIKE 'contact\_pressure\_%\_insert'
		), member AS (
			SELECT t.root, t.trigger, t.kind, t.root AS oid FROM tracked AS t
			 UNION
			SELECT m.root, m.trigger, m.kind, i.inhrelid
			  FROM member AS m JOIN pg_inherits AS i ON i.inhparent = m.oid
		)
		SELECT m.root, m.kind, m.oid
		  FROM member AS m JOIN pg_class AS c ON c.oid = m.oid
		 WHERE c.relkind IN ('r', 'p')
		   AND NOT EXISTS (SELECT FROM pg_trigger AS t
							WHERE t.tgrelid = m.oid AND t.tgname = m.trigger)
		 ORDER BY m.kind, m.root, m.oid
	LOOP
		IF NOT pg_catalog.has_schema_privilege('contact_pressure', 'USAGE')
		   OR NOT pg_catalog.has_table_privilege('contact_pressure.tracked_table', 'SELECT')
		   OR NOT pg_catalog.has_function_privilege('contact_pressure.track_partition(regclass, regclass, text)', 'EXECUTE') THEN
			RAISE WARNING 'table % is part of a tracked table but is not tracked itself', new.oid::regclass
				USING HINT = 'Whoever may track tables has to repeat contact_pressure.track_'
							 || new.kind || '() for the whole.';
			CONTINUE;
		END IF;
		PERFORM contact_pressure.track_partition(new.oid::regclass, new.root::regclass, new.kind);
	END LOOP;
END
$$;
COMMENT ON FUNCTION contact_pressure.track_new_partitions() IS
	'event trigger: a partition that is created or attached is tracked like the table it is a part of';

CREATE EVENT TRIGGER contact_pressure_partitions
	ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'ALTER TABLE')
	EXECUTE FUNCTION contact_pressure.track_new_partitions();
COMMENT ON EVENT TRIGGER contact_pressure_partitions IS
	'partitions of tracked tables are tracked from their first row on';
