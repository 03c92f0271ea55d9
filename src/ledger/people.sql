-- src/ledger/people.sql: who they are, what they said, and what became of them

-- --- what the functions below are made of

CREATE FUNCTION contact_pressure.person_of(id text) RETURNS text
AS 'MODULE_PATHNAME', 'person_of'
LANGUAGE C STABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION contact_pressure.person_of(text) IS
	'the id whose row speaks for this one: itself, or the person it was merged into';

CREATE FUNCTION contact_pressure.lock_person(id text, add boolean DEFAULT false)
RETURNS text
AS 'MODULE_PATHNAME', 'lock_person'
LANGUAGE C COST 200;
COMMENT ON FUNCTION contact_pressure.lock_person(text, boolean) IS
	'locks the row of a person until the end of the transaction, cancels leases that have ended, and returns its id; NULL: unknown, and not to be added';

CREATE FUNCTION contact_pressure.cancel_planned(
	id     text,
	scope  text,
	before timestamptz,
	reason text
) RETURNS bigint
AS 'MODULE_PATHNAME', 'cancel_planned'
LANGUAGE C STRICT COST 1000;
COMMENT ON FUNCTION contact_pressure.cancel_planned(text, text, timestamptz, text) IS
	'cancels the planned contacts before an instant that an opt-out of this scope stops, and says how many';

-- --- people

CREATE FUNCTION contact_pressure.put_person(
	id          text,
	zone        text        DEFAULT NULL,
	segment     text        DEFAULT NULL,
	preferences contact_pressure.contact_policy DEFAULT NULL,
	opted_out   text[]      DEFAULT NULL,
	opted_in    text[]      DEFAULT NULL,
	known_since timestamptz DEFAULT NULL
) RETURNS boolean
LANGUAGE plpgsql COST 1000
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
DECLARE
	person  text    := contact_pressure.lock_person(put_person.id);
	is_new  boolean := false;
	outs    constant text[] := CASE WHEN put_person.opted_out IS NOT NULL
		THEN ARRAY(SELECT contact_pressure.contact_scope(s)
					 FROM unnest(put_person.opted_out) AS s) END;
	-- who says both at once is taken at the no
	ins     constant text[] := CASE WHEN put_person.opted_in IS NOT NULL
		THEN ARRAY(SELECT contact_pressure.contact_scope(s)
					 FROM unnest(put_person.opted_in) AS s
				   EXCEPT
				   SELECT s FROM unnest(outs) AS s) END;
	was     contact_pressure.person;
	becomes contact_pressure.person;
	pattern text;
BEGIN
	IF person IS NULL THEN
		INSERT INTO contact_pressure.person AS p
			   (person_id, zone, segment, preferences, opted_out, opted_in,
				known_since)
		VALUES (put_person.id, put_person.zone, put_person.segment,
				put_person.preferences, outs, ins,
				coalesce(put_person.known_since, now()))
		ON CONFLICT DO NOTHING
		RETURNING p.* INTO becomes;
		is_new := FOUND;
		person := CASE WHEN is_new THEN put_person.id
			ELSE contact_pressure.lock_person(put_person.id, true) END;
	END IF;
	IF NOT is_new THEN
		SELECT p.* INTO STRICT was
		  FROM contact_pressure.person AS p
		 WHERE p.person_id = person;
		UPDATE contact_pressure.person AS p
		   SET zone = coalesce(put_person.zone, p.zone),
			   segment = coalesce(put_person.segment, p.segment),
			   preferences = coalesce(put_person.preferences, p.preferences),
			   known_since = coalesce(put_person.known_since, p.known_since),
			   opted_out = coalesce(outs, p.opted_out),
			   opted_in = ARRAY(SELECT s
								  FROM unnest(coalesce(ins, p.opted_in)) AS s
								EXCEPT
								SELECT s FROM unnest(outs) AS s)
		 WHERE p.person_id = person
		   AND (put_person.zone IS DISTINCT FROM p.zone
				AND put_person.zone IS NOT NULL
			 OR put_person.segment IS DISTINCT FROM p.segment
				AND put_person.segment IS NOT NULL
			 OR put_person.preferences IS DISTINCT FROM p.preferences
				AND put_person.preferences IS NOT NULL
			 OR put_person.known_since IS DISTINCT FROM p.known_since
				AND put_person.known_since IS NOT NULL
			 OR outs IS NOT NULL OR ins IS NOT NULL)
		RETURNING p.* INTO becomes;
		IF NOT FOUND THEN
			RETURN false;
		END IF;
	END IF;
	IF becomes.preferences IS NOT NULL THEN
		-- an error here rather than at every contact
		PERFORM contact_pressure.person_policy(person);
	END IF;
	IF (was.opted_out, was.opted_in)
	   IS NOT DISTINCT FROM (becomes.opted_out, becomes.opted_in) THEN
		RETURN is_new;
	END IF;

	INSERT INTO contact_pressure.consent_log (person_id, action, scope, reason)
	SELECT person, change.action, change.scope, 'put_person'
	  FROM (SELECT 1, 'lift', s FROM unnest(was.opted_out) AS s
			 WHERE s <> ALL (coalesce(becomes.opted_out, '{}'))
			 UNION ALL
			SELECT 2, 'withdraw', s FROM unnest(was.opted_in) AS s
			 WHERE s <> ALL (coalesce(becomes.opted_in, '{}'))
			 UNION ALL
			SELECT 3, 'opt_in', s FROM unnest(becomes.opted_in) AS s
			 WHERE s <> ALL (coalesce(was.opted_in, '{}'))
			 UNION ALL
			SELECT 4, 'opt_out', s FROM unnest(becomes.opted_out) AS s
			 WHERE s <> ALL (coalesce(was.opted_out, '{}')))
		   AS change(place, action, scope)
	 ORDER BY change.place, change.scope COLLATE "C";
	FOR pattern IN
		SELECT s FROM unnest(becomes.opted_out) AS s
		 WHERE s <> ALL (coalesce(was.opted_out, '{}'))
	LOOP
		PERFORM contact_pressure.cancel_planned(person, pattern, 'infinity',
			'opted out: ' || pattern);
	END LOOP;
	RETURN is_new;
END
$$;
COMMENT ON FUNCTION contact_pressure.put_person(text, text, text,
	contact_pressure.contact_policy, text[], text[], timestamptz) IS
	'adds or changes a person; NULL leaves a column as it is, a list replaces the list; true: the person is new';

CREATE FUNCTION contact_pressure.opt_out(
	id     text,
	scope  text,
	reason text DEFAULT NULL
) RETURNS bigint
LANGUAGE plpgsql COST 1000
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
DECLARE
	pattern constant text := contact_pressure.contact_scope(opt_out.scope);
	person  constant text := contact_pressure.lock_person(opt_out.id, true);
BEGIN
	UPDATE contact_pressure.person AS p
	   SET opted_out = array_append(p.opted_out, pattern),
		   opted_in = array_remove(p.opted_in, pattern)
	 WHERE p.person_id = person
	   AND ((pattern = ANY (p.opted_out)) IS NOT TRUE
			OR pattern = ANY (p.opted_in));
	INSERT INTO contact_pressure.consent_log (person_id, action, scope, reason)
	VALUES (person, 'opt_out', pattern, opt_out.reason);
	RETURN contact_pressure.cancel_planned(person, pattern, 'infinity',
		'opted out: ' || pattern);
END
$$;
COMMENT ON FUNCTION contact_pressure.opt_out(text, text, text) IS
	'no contact in this scope any more, such as email/marketing; cancels the planned ones in it and says how many';

CREATE FUNCTION contact_pressure.opt_in(
	id     text,
	scope  text,
	reason text DEFAULT NULL,
	proof  text DEFAULT NULL
) RETURNS boolean
LANGUAGE plpgsql COST 1000
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
DECLARE
	pattern constant text := contact_pressure.contact_scope(opt_in.scope);
	person  constant text := contact_pressure.lock_person(opt_in.id, true);
	changed boolean;
BEGIN
	UPDATE contact_pressure.person AS p
	   SET opted_in = array_append(p.opted_in, pattern),
		   opted_out = array_remove(p.opted_out, pattern)
	 WHERE p.person_id = person
	   AND ((pattern = ANY (p.opted_in)) IS NOT TRUE
			OR pattern = ANY (p.opted_out));
	changed := FOUND;
	INSERT INTO contact_pressure.consent_log (person_id, action, scope, reason, proof)
	VALUES (person, 'opt_in', pattern, opt_in.reason, opt_in.proof);
	RETURN changed;
END
$$;
COMMENT ON FUNCTION contact_pressure.opt_in(text, text, text, text) IS
	'consent to contacts in this scope, with what proves it; lifts an opt-out of exactly this scope; true: it was not there before';

CREATE FUNCTION contact_pressure.lift_opt_out(
	id     text,
	scope  text,
	reason text DEFAULT NULL
) RETURNS boolean
LANGUAGE plpgsql COST 1000
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
DECLARE
	pattern constant text := contact_pressure.contact_scope(lift_opt_out.scope);
	person  constant text := contact_pressure.lock_person(lift_opt_out.id);
BEGIN
	UPDATE contact_pressure.person AS p
	   SET opted_out = array_remove(p.opted_out, pattern)
	 WHERE p.person_id = person AND pattern = ANY (p.opted_out);
	IF FOUND THEN
		INSERT INTO contact_pressure.consent_log (person_id, action, scope, reason)
		VALUES (person, 'lift', pattern, lift_opt_out.reason);
		RETURN true;
	END IF;
	RETURN false;
END
$$;
COMMENT ON FUNCTION contact_pressure.lift_opt_out(text, text, text) IS
	'ends an opt-out of exactly this scope and says nothing of consent: a new address after a hard bounce; true: there was one';

-- --- holds

CREATE FUNCTION contact_pressure.hold_person(
	id      text,
	scope   text        DEFAULT 'any',
	"until" timestamptz DEFAULT 'infinity',
	reason  text        DEFAULT NULL
) RETURNS bigint
LANGUAGE plpgsql COST 1000
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
DECLARE
	pattern constant text := contact_pressure.contact_scope(hold_person.scope);
	person  constant text := contact_pressure.lock_person(hold_person.id, true);
BEGIN
	IF hold_person.until <= now() THEN
		RAISE EXCEPTION 'a hold that ended already: %', hold_person.until
			USING ERRCODE = 'invalid_parameter_value',
				  HINT = 'Give an end that is still to come, or release_person().';
	END IF;
	UPDATE contact_pressure.person AS p
	   SET holds = ARRAY(SELECT h FROM unnest(p.holds) AS h
						  WHERE h.scope <> pattern AND h.until > now())
				   || ROW(pattern, hold_person.until, hold_person.reason)
					  ::contact_pressure.person_hold
	 WHERE p.person_id = person;
	INSERT INTO contact_pressure.consent_log (person_id, action, scope, "until", reason)
	VALUES (person, 'hold', pattern, hold_person.until, hold_person.reason);
	RETURN contact_pressure.cancel_planned(person, pattern, hold_person.until,
		'on hold: ' || pattern);
END
$$;
COMMENT ON FUNCTION contact_pressure.hold_person(text, text, timestamptz, text) IS
	'no contact in this scope before an end; replaces a hold of the same scope; cancels the planned ones it stops and says how many';

CREATE FUNCTION contact_pressure.release_person(
	id     text,
	scope  text DEFAULT NULL,
	reason text DEFAULT NULL
) RETURNS integer
LANGUAGE plpgsql COST 1000
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
DECLARE
	pattern  constant text := CASE WHEN release_person.scope IS NOT NULL
		THEN contact_pressure.contact_scope(release_person.scope) END;
	person   constant text := contact_pressure.lock_person(release_person.id);
	released integer;
BEGIN
	INSERT INTO contact_pressure.consent_log (person_id, action, scope, reason)
	SELECT person, 'release', h.scope, release_person.reason
	  FROM contact_pressure.person AS p, unnest(p.holds) AS h
	 WHERE p.person_id = person AND h.until > now()
	   AND (pattern IS NULL OR h.scope = pattern)
	 ORDER BY h.scope COLLATE "C";
	GET DIAGNOSTICS released = ROW_COUNT;
	IF released > 0 THEN
		UPDATE contact_pressure.person AS p
		   SET holds = ARRAY(SELECT h FROM unnest(p.holds) AS h
							  WHERE h.until > now() AND h.scope <> pattern)
		 WHERE p.person_id = person;
	END IF;
	RETURN released;
END
$$;
COMMENT ON FUNCTION contact_pressure.release_person(text, text, text) IS
	'ends the hold of this scope, or all of them, and says how many';

-- --- two who are one, and one who is to be forgotten

CREATE INDEX person_merged_into_idx ON contact_pressure.person (merged_into)
	WHERE merged_into IS NOT NULL;

CREATE FUNCTION contact_pressure.merge_persons(id text, into_id text)
RETURNS bigint
LANGUAGE plpgsql COST 10000
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
DECLARE
	gone_id text;
	target  text;
	gone    contact_pressure.person;
	pattern text;
	ends    timestamptz;
	moved   bigint;
BEGIN
	IF merge_persons.id IS NULL OR merge_persons.into_id IS NULL THEN
		RAISE EXCEPTION 'merge_persons needs two ids'
			USING ERRCODE = 'null_value_not_allowed',
				  HINT = 'The first is the one that goes, the second the one that stays.';
	END IF;
	-- Both rows, in the order of all locks; again when somebody merged one of
	-- them in the meantime.
	LOOP
		gone_id := contact_pressure.person_of(merge_persons.id);
		target := contact_pressure.person_of(merge_persons.into_id);
		IF gone_id = target THEN
			RETURN 0;
		END IF;
		EXIT WHEN contact_pressure.lock_person(least(gone_id COLLATE "C", target), true)
				  = least(gone_id COLLATE "C", target)
			  AND contact_pressure.lock_person(greatest(gone_id COLLATE "C", target), true)
				  = greatest(gone_id COLLATE "C", target);
	END LOOP;
	SELECT p.* INTO STRICT gone
	  FROM contact_pressure.person AS p
	 WHERE p.person_id = gone_id;

	-- One contact a key: of two that share one, who was cancelled loses it,
	-- else the one that moves.
	UPDATE contact_pressure.contact_log AS c
	   SET key = NULL
	 WHERE c.person_id = target AND c.status = 'cancelled'
	   AND EXISTS (SELECT
					 FROM contact_pressure.contact_log AS m
					WHERE m.person_id = gone_id AND m.key = c.key
					  AND m.status <> 'cancelled');
	UPDATE contact_pressure.contact_log AS c
	   SET person_id = target,
		   key = CASE WHEN NOT EXISTS (SELECT
										 FROM contact_pressure.contact_log AS k
										WHERE k.person_id = target
										  AND k.key = c.key)
				 THEN c.key END
	 WHERE c.person_id = gone_id;
	GET DIAGNOSTICS moved = ROW_COUNT;
	UPDATE contact_pressure.response_log AS r
	   SET person_id = target
	 WHERE r.person_id = gone_id;
	UPDATE contact_pressure.consent_log AS c
	   SET person_id = target,
		   merged_from = coalesce(c.merged_from, c.person_id)
	 WHERE c.person_id = gone_id;
	INSERT INTO contact_pressure.consent_log (person_id, action, merged_from)
	VALUES (target, 'merge', gone_id);

	-- what either said no to, the one they are says no to
	UPDATE contact_pressure.person AS p
	   SET history = p.history || gone.history,
		   lease_until = least(p.lease_until, gone.lease_until),
		   segment = coalesce(p.segment, gone.segment),
		   zone = coalesce(p.zone, gone.zone),
		   preferences = coalesce(p.preferences, gone.preferences),
		   known_since = least(p.known_since, gone.known_since),
		   opted_out = p.opted_out || gone.opted_out,
		   opted_in = ARRAY(SELECT s
							  FROM unnest(p.opted_in || gone.opted_in) AS s
							 WHERE s <> ALL (coalesce(p.opted_out
													  || gone.opted_out, '{}'))),
		   holds = p.holds || gone.holds
	 WHERE p.person_id = target;
	UPDATE contact_pressure.person AS p
	   SET merged_into = target, history = '[]', lease_until = NULL,
		   segment = NULL, zone = NULL, preferences = NULL,
		   opted_out = NULL, opted_in = NULL, holds = NULL
	 WHERE p.person_id = gone_id;

	FOR pattern, ends IN
		SELECT s, 'infinity'
		  FROM contact_pressure.person AS p, unnest(p.opted_out) AS s
		 WHERE p.person_id = target
		 UNION ALL
		SELECT h.scope, h.until
		  FROM contact_pressure.person AS p, unnest(p.holds) AS h
		 WHERE p.person_id = target AND h.until > now()
	LOOP
		PERFORM contact_pressure.cancel_planned(target, pattern, ends,
			'merged: ' || pattern);
	END LOOP;
	RETURN moved;
END
$$;
COMMENT ON FUNCTION contact_pressure.merge_persons(text, text) IS
	'two ids turned out to be one person: contacts, responses, consents and opt-outs go to the second, and so does whoever asks for the first; how many contacts moved';

CREATE FUNCTION contact_pressure.forget_person(
	id            text,
	keep_opt_outs boolean DEFAULT true
) RETURNS TABLE (what text, rows bigint)
LANGUAGE plpgsql COST 10000 ROWS 5
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
DECLARE
	person   constant text := contact_pressure.lock_person(forget_person.id);
	ids      text[];
	outs     text[];
	held     contact_pressure.person_hold[];
	tracked  text;
BEGIN
	IF person IS NULL THEN
		RETURN;
	END IF;
	-- who was merged into the person is the person
	WITH RECURSIVE same(person_id) AS (
		SELECT person
		 UNION
		SELECT p.person_id
		  FROM contact_pressure.person AS p
		  JOIN same ON p.merged_into = same.person_id)
	SELECT array_agg(same.person_id) INTO ids FROM same;
	SELECT p.opted_out,
		   ARRAY(SELECT ROW(h.scope, h.until, NULL)::contact_pressure.person_hold
				   FROM unnest(p.holds) AS h WHERE h.until > now())
	  INTO outs, held
	  FROM contact_pressure.person AS p
	 WHERE p.person_id = person AND forget_person.keep_opt_outs IS NOT FALSE;

	what := 'response_log';
	DELETE FROM contact_pressure.response_log AS r WHERE r.person_id = person;
	GET DIAGNOSTICS rows = ROW_COUNT;
	RETURN NEXT;
	what := 'contact_log';
	DELETE FROM contact_pressure.contact_log AS c WHERE c.person_id = person;
	GET DIAGNOSTICS rows = ROW_COUNT;
	RETURN NEXT;
	what := 'consent_log';
	DELETE FROM contact_pressure.consent_log AS c WHERE c.person_id = person;
	GET DIAGNOSTICS rows = ROW_COUNT;
	RETURN NEXT;

	IF cardinality(outs) > 0 OR cardinality(held) > 0 THEN
		-- an id and its no: all that is needed not to write again
		UPDATE contact_pressure.person AS p
		   SET history = '[]', lease_until = NULL, segment = NULL,
			   zone = NULL, preferences = NULL, opted_in = NULL,
			   opted_out = outs, holds = held, known_since = now()
		 WHERE p.person_id = person;
		INSERT INTO contact_pressure.consent_log (person_id, action)
		VALUES (person, 'forget');
		INSERT INTO contact_pressure.consent_log (person_id, action, scope, "until", reason)
		SELECT person, 'opt_out', s, NULL, 'kept when the person was forgotten'
		  FROM unnest(outs) AS s
		 UNION ALL
		SELECT person, 'hold', h.scope, h.until, 'kept when the person was forgotten'
		  FROM unnest(held) AS h;
		what := 'opt-outs kept';
		rows := coalesce(cardinality(outs), 0) + coalesce(cardinality(held), 0);
		RETURN NEXT;
	ELSE
		DELETE FROM contact_pressure.person AS p WHERE p.person_id = ANY (ids);
		what := 'person';
		GET DIAGNOSTICS rows = ROW_COUNT;
		RETURN NEXT;
	END IF;
	-- what the row was before, also just now
	what := 'person_version';
	DELETE FROM contact_pressure.person_version AS v
	 WHERE v.person_id = ANY (ids);
	GET DIAGNOSTICS rows = ROW_COUNT;
	RETURN NEXT;

	SELECT string_agg(DISTINCT t.relation::text, ', ') INTO tracked
	  FROM contact_pressure.tracked_table AS t;
	IF tracked IS NOT NULL THEN
		RAISE NOTICE 'what tables of your own hold of the person is still there: %', tracked;
	END IF;
END
$$;
COMMENT ON FUNCTION contact_pressure.forget_person(text, boolean) IS
	'erases a person and all rows about the person, and says how many; the id stays with its opt-outs and holds, if there are any, unless keep_opt_outs is false';

-- --- the same for ids that are numbers and UUIDs

CREATE FUNCTION contact_pressure.put_person(id bigint, zone text DEFAULT NULL, segment text DEFAULT NULL, preferences contact_pressure.contact_policy DEFAULT NULL, opted_out text[] DEFAULT NULL, opted_in text[] DEFAULT NULL, known_since timestamptz DEFAULT NULL)
RETURNS boolean LANGUAGE sql COST 1000
AS 'SELECT contact_pressure.put_person($1::pg_catalog.text, $2, $3, $4, $5, $6, $7)';
COMMENT ON FUNCTION contact_pressure.put_person(bigint, text, text, contact_pressure.contact_policy, text[], text[], timestamptz) IS
	'put_person() for an id that is a number';

CREATE FUNCTION contact_pressure.put_person(id uuid, zone text DEFAULT NULL, segment text DEFAULT NULL, preferences contact_pressure.contact_policy DEFAULT NULL, opted_out text[] DEFAULT NULL, opted_in text[] DEFAULT NULL, known_since timestamptz DEFAULT NULL)
RETURNS boolean LANGUAGE sql COST 1000
AS 'SELECT contact_pressure.put_person($1::pg_catalog.text, $2, $3, $4, $5, $6, $7)';
COMMENT ON FUNCTION contact_pressure.put_person(uuid, text, text, contact_pressure.contact_policy, text[], text[], timestamptz) IS
	'put_person() for an id that is a UUID';

CREATE FUNCTION contact_pressure.opt_out(id bigint, scope text, reason text DEFAULT NULL)
RETURNS bigint LANGUAGE sql COST 1000
AS 'SELECT contact_pressure.opt_out($1::pg_catalog.text, $2, $3)';
COMMENT ON FUNCTION contact_pressure.opt_out(bigint, text, text) IS
	'opt_out() for an id that is a number';

CREATE FUNCTION contact_pressure.opt_out(id uuid, scope text, reason text DEFAULT NULL)
RETURNS bigint LANGUAGE sql COST 1000
AS 'SELECT contact_pressure.opt_out($1::pg_catalog.text, $2, $3)';
COMMENT ON FUNCTION contact_pressure.opt_out(uuid, text, text) IS
	'opt_out() for an id that is a UUID';

CREATE FUNCTION contact_pressure.opt_in(id bigint, scope text, reason text DEFAULT NULL, proof text DEFAULT NULL)
RETURNS boolean LANGUAGE sql COST 1000
AS 'SELECT contact_pressure.opt_in($1::pg_catalog.text, $2, $3, $4)';
COMMENT ON FUNCTION contact_pressure.opt_in(bigint, text, text, text) IS
	'opt_in() for an id that is a number';

CREATE FUNCTION contact_pressure.opt_in(id uuid, scope text, reason text DEFAULT NULL, proof text DEFAULT NULL)
RETURNS boolean LANGUAGE sql COST 1000
AS 'SELECT contact_pressure.opt_in($1::pg_catalog.text, $2, $3, $4)';
COMMENT ON FUNCTION contact_pressure.opt_in(uuid, text, text, text) IS
	'opt_in() for an id that is a UUID';

CREATE FUNCTION contact_pressure.lift_opt_out(id bigint, scope text, reason text DEFAULT NULL)
RETURNS boolean LANGUAGE sql COST 1000
AS 'SELECT contact_pressure.lift_opt_out($1::pg_catalog.text, $2, $3)';
COMMENT ON FUNCTION contact_pressure.lift_opt_out(bigint, text, text) IS
	'lift_opt_out() for an id that is a number';

CREATE FUNCTION contact_pressure.lift_opt_out(id uuid, scope text, reason text DEFAULT NULL)
RETURNS boolean LANGUAGE sql COST 1000
AS 'SELECT contact_pressure.lift_opt_out($1::pg_catalog.text, $2, $3)';
COMMENT ON FUNCTION contact_pressure.lift_opt_out(uuid, text, text) IS
	'lift_opt_out() for an id that is a UUID';

CREATE FUNCTION contact_pressure.hold_person(id bigint, scope text DEFAULT 'any', "until" timestamptz DEFAULT 'infinity', reason text DEFAULT NULL)
RETURNS bigint LANGUAGE sql COST 1000
AS 'SELECT contact_pressure.hold_person($1::pg_catalog.text, $2, $3, $4)';
COMMENT ON FUNCTION contact_pressure.hold_person(bigint, text, timestamptz, text) IS
	'hold_person() for an id that is a number';

CREATE FUNCTION contact_pressure.hold_person(id uuid, scope text DEFAULT 'any', "until" timestamptz DEFAULT 'infinity', reason text DEFAULT NULL)
RETURNS bigint LANGUAGE sql COST 1000
AS 'SELECT contact_pressure.hold_person($1::pg_catalog.text, $2, $3, $4)';
COMMENT ON FUNCTION contact_pressure.hold_person(uuid, text, timestamptz, text) IS
	'hold_person() for an id that is a UUID';

CREATE FUNCTION contact_pressure.release_person(id bigint, scope text DEFAULT NULL, reason text DEFAULT NULL)
RETURNS integer LANGUAGE sql COST 1000
AS 'SELECT contact_pressure.release_person($1::pg_catalog.text, $2, $3)';
COMMENT ON FUNCTION contact_pressure.release_person(bigint, text, text) IS
	'release_person() for an id that is a number';

CREATE FUNCTION contact_pressure.release_person(id uuid, scope text DEFAULT NULL, reason text DEFAULT NULL)
RETURNS integer LANGUAGE sql COST 1000
AS 'SELECT contact_pressure.release_person($1::pg_catalog.text, $2, $3)';
COMMENT ON FUNCTION contact_pressure.release_person(uuid, text, text) IS
	'release_person() for an id that is a UUID';

CREATE FUNCTION contact_pressure.merge_persons(id bigint, into_id bigint)
RETURNS bigint LANGUAGE sql COST 10000
AS 'SELECT contact_pressure.merge_persons($1::pg_catalog.text, $2::pg_catalog.text)';
COMMENT ON FUNCTION contact_pressure.merge_persons(bigint, bigint) IS
	'merge_persons() for an id that is a number';

CREATE FUNCTION contact_pressure.merge_persons(id uuid, into_id uuid)
RETURNS bigint LANGUAGE sql COST 10000
AS 'SELECT contact_pressure.merge_persons($1::pg_catalog.text, $2::pg_catalog.text)';
COMMENT ON FUNCTION contact_pressure.merge_persons(uuid, uuid) IS
	'merge_persons() for an id that is a UUID';

CREATE FUNCTION contact_pressure.forget_person(id bigint, keep_opt_outs boolean DEFAULT true)
RETURNS TABLE (what text, rows bigint) LANGUAGE sql COST 10000 ROWS 5
AS 'SELECT * FROM contact_pressure.forget_person($1::pg_catalog.text, $2)';
COMMENT ON FUNCTION contact_pressure.forget_person(bigint, boolean) IS
	'forget_person() for an id that is a number';

CREATE FUNCTION contact_pressure.forget_person(id uuid, keep_opt_outs boolean DEFAULT true)
RETURNS TABLE (what text, rows bigint) LANGUAGE sql COST 10000 ROWS 5
AS 'SELECT * FROM contact_pressure.forget_person($1::pg_catalog.text, $2)';
COMMENT ON FUNCTION contact_pressure.forget_person(uuid, boolean) IS
	'forget_person() for an id that is a UUID';
