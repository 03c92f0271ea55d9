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
	pg_catalog.btrim($1, E' \t\n\x0b\f\r') COLLATE pg_catalog."C"), '')
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
DECLARE
	locked boolean := false;
BEGIN
	FOR merges IN 1 .. 100 LOOP
		-- Who was merged is not locked on the way to who that is now: a row
		-- that is locked late, behind others, is out of order.
		IF EXISTS (SELECT FROM unnest(changes) AS c
					 JOIN contact_pressure.person AS p USING (person_id)
					WHERE p.merged_into IS NOT NULL) THEN
			changes := ARRAY(
				SELECT ROW(c.present, coalesce(p.merged_into, c.person_id),
						   c.key, c.at, c.channel, c.purpose, c.campaign,
						   c.owner, c.weight, c.cost, c.outcome,
						   c.answered_at, c.given_id, c.was_there, c.was_at,
						   c.was_outcome, c.was_answered)
					   ::contact_pressure.tracked_contact
				  FROM unnest(changes) AS c
				  LEFT JOIN contact_pressure.person AS p USING (person_id));
			locked := false;
			CONTINUE;
		ELSIF locked THEN
			RETURN changes;
		END IF;
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
		locked := true;
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

		-- planned for later, but gone out: the fact takes the plan's place
		WITH early AS (
			UPDATE contact_pressure.contact_log AS l
			   SET at = c.at, status = 'recorded', outcome = 'sent',
				   source = 'record', policy_version = NULL,
				   lease_until = NULL, settled_at = NULL,
				   recorded_at = clock_timestamp()
			  FROM unnest(changes) AS c
			  JOIN contact_pressure.person AS p USING (person_id)
			 WHERE c.present AND l.person_id = c.person_id AND l.key = c.key
			   AND l.status <> 'cancelled' AND l.outcome = 'planned'
			   AND l.at > clock_timestamp() AND c.at <= clock_timestamp()
			   AND c.outcome <> 'planned'
			   AND coalesce(c.at >= contact_pressure.history_horizon(p.history),
							true)
			RETURNING l.person_id
		)
		SELECT array_agg(DISTINCT person_id) INTO hit FROM early;
		touched := touched || hit;

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
			 WHERE t.source = origin
			   AND contact_pressure.tracked_as(t.kind) IN ('contacts', 'events')) THEN
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
