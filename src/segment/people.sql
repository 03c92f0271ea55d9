-- src/segment/people.sql: what becomes of a person's segment when somebody
-- is new, is moved by hand, is pinned, merged or forgotten
--
-- A contact writes the history of a person and no more, and the ledger does
-- so without a query while no trigger is fired by that: these are for the
-- segment, for merged_into and for rows that come and go.

-- --- prospects

CREATE FUNCTION contact_pressure.name_prospect() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
DECLARE
	prospects text;
	stack     text;
BEGIN
	SELECT m.prospects INTO prospects
	  FROM contact_pressure.segment_model AS m
	 ORDER BY m.version DESC LIMIT 1;
	IF prospects IS NULL THEN
		RETURN NEW;
	ELSIF NEW.known_since < now() THEN
		-- A restore brings rows as they were: by COPY, or by statements of its
		-- own.  Everybody else calls a function.
		GET DIAGNOSTICS stack = PG_CONTEXT;
		stack := split_part(stack, E'\n', 2);
		IF stack = '' OR stack LIKE 'COPY %' THEN
			RETURN NEW;
		END IF;
	END IF;
	NEW.segment := prospects;
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION contact_pressure.name_prospect() IS
	'trigger: a person who is new is a prospect, but for what a restore brings';

CREATE TRIGGER name_prospect
	BEFORE INSERT ON contact_pressure.person
	FOR EACH ROW WHEN (NEW.segment IS NULL AND NEW.merged_into IS NULL)
	EXECUTE FUNCTION contact_pressure.name_prospect();
COMMENT ON TRIGGER name_prospect ON contact_pressure.person IS
	'who is new and has no segment gets that of prospects';

-- --- moves that no purchase, calendar or model made

CREATE FUNCTION contact_pressure.record_move(
	id           text,
	why          text,
	from_segment text,
	to_segment   text
) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	base contact_pressure.segment_base;
	at   timestamptz;
	move contact_pressure.segment_change;
	said text;
BEGIN
	SELECT b.* INTO base FROM contact_pressure.segment_base AS b;
	at := contact_pressure.segment_clock();
	-- in a replay behind the night's moves, as purchases are
	at := CASE WHEN at = now() THEN clock_timestamp()
			   ELSE at + interval '1 microsecond' END;
	INSERT INTO contact_pressure.segment_change AS c
		   (person_id, at, why, from_segment, to_segment, from_score, to_score,
			version)
	SELECT id, at, why, from_segment, to_segment, v.score,
		   CASE WHEN why <> 'merge' THEN v.score END,
		   (SELECT max(m.version) FROM contact_pressure.segment_model AS m)
	  FROM (VALUES (true)) AS one
	  LEFT JOIN contact_pressure.customer_value AS v ON v.person_id = id
	RETURNING c.* INTO move;
	-- where nobody ever asked for segments nobody listens
	IF base.notify THEN
		said := format('{"person_id":%s,"from":%s,"to":%s,"from_score":%s,"to_score":%s,"why":"%s","at":"%s"}',
			to_json(id), coalesce(to_json(from_segment)::text, 'null'),
			coalesce(to_json(to_segment)::text, 'null'),
			coalesce(move.from_score::text, 'null'), coalesce(move.to_score::text, 'null'), why,
			to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'));
		IF octet_length(said) < 8000 THEN
			PERFORM pg_notify('contact_pressure_segment', said);
		END IF;
	END IF;
END
$$;
COMMENT ON FUNCTION contact_pressure.record_move(text, text, text, text) IS
	'a row of segment_change for a person whose row is locked, and the NOTIFY for it';

CREATE FUNCTION contact_pressure.record_segment_by_hand() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
DECLARE
	last text;
BEGIN
	-- what was written last, not what was latest: a replay goes back in time
	SELECT c.to_segment INTO last
	  FROM contact_pressure.segment_change AS c
	 WHERE c.person_id = NEW.person_id
	 ORDER BY c.change_id + 0 DESC LIMIT 1;
	IF NOT FOUND OR last IS DISTINCT FROM NEW.segment THEN
		PERFORM contact_pressure.record_move(NEW.person_id, 'hand', OLD.segment, NEW.segment);
	END IF;
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION contact_pressure.record_segment_by_hand() IS
	'trigger: a change of person.segment that has no row in segment_change yet gets one';

CREATE TRIGGER record_segment_by_hand
	AFTER UPDATE OF segment ON contact_pressure.person
	FOR EACH ROW
	WHEN (OLD.segment IS DISTINCT FROM NEW.segment AND NEW.merged_into IS NULL)
	EXECUTE FUNCTION contact_pressure.record_segment_by_hand();
COMMENT ON TRIGGER record_segment_by_hand ON contact_pressure.person IS
	'every move has a row, whoever made it';

-- --- pins

CREATE FUNCTION contact_pressure.pin_segment(id text, segment text)
RETURNS boolean
LANGUAGE plpgsql COST 10000
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
DECLARE
	name    constant text := contact_pressure.segment_name(pin_segment.segment);
	person  text;
	was     text;
	changed boolean;
BEGIN
	IF pin_segment.id IS NULL OR name IS NULL THEN
		RAISE EXCEPTION 'pin_segment needs an id and a segment'
			USING ERRCODE = 'null_value_not_allowed',
				  HINT = 'unpin_segment() lets the segment follow the purchases again.';
	END IF;
	person := contact_pressure.lock_person(pin_segment.id, true);
	SELECT p.segment INTO STRICT was
	  FROM contact_pressure.person AS p WHERE p.person_id = person;
	-- who never bought has a row from now on
	INSERT INTO contact_pressure.customer_value AS v (person_id, purchases, fill, pinned)
	VALUES (person, contact_pressure.rfm(NULL, NULL, 0, 0),
			coalesce((SELECT b.fill FROM contact_pressure.segment_base AS b
					   WHERE b.filled_at IS NOT NULL), 0), true)
		ON CONFLICT (person_id) DO UPDATE SET pinned = true WHERE NOT v.pinned;
	changed := FOUND;
	IF was IS DISTINCT FROM name THEN
		PERFORM contact_pressure.record_move(person, 'pin', was, name);
		UPDATE contact_pressure.person AS p SET segment = name WHERE p.person_id = person;
		changed := true;
	END IF;
	PERFORM contact_pressure.refresh_people(ARRAY[person], contact_pressure.segment_clock());
	RETURN changed;
END
$$;
COMMENT ON FUNCTION contact_pressure.pin_segment(text, text) IS
	'puts a person into a segment to stay there, whatever is bought; true: that is new';

CREATE FUNCTION contact_pressure.unpin_segment(id text)
RETURNS boolean
LANGUAGE plpgsql COST 10000
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
DECLARE
	person constant text := contact_pressure.lock_person(unpin_segment.id);
	was    text;
	new    contact_pressure.customer_value;
BEGIN
	PERFORM contact_pressure.refresh_people(ARRAY[person], contact_pressure.segment_clock())
	   FROM contact_pressure.customer_value AS v WHERE v.person_id = person AND v.pinned;
	UPDATE contact_pressure.customer_value AS v SET pinned = false
	 WHERE v.person_id = person AND v.pinned
	RETURNING v.* INTO new;
	IF NOT FOUND THEN
		RETURN false;
	END IF;
	SELECT p.segment INTO STRICT was
	  FROM contact_pressure.person AS p WHERE p.person_id = person;
	-- without a model there is nothing to go back to
	IF new.version IS NOT NULL AND was IS DISTINCT FROM new.segment THEN
		PERFORM contact_pressure.record_move(person, 'unpin', was, new.segment);
		UPDATE contact_pressure.person AS p SET segment = new.segment WHERE p.person_id = person;
	END IF;
	RETURN true;
END
$$;
COMMENT ON FUNCTION contact_pressure.unpin_segment(text) IS
	'lets a person''s segment follow the purchases again, from now on; true: it was pinned';

-- --- two who are one, and who is gone

-- An order locks its buyer, and writes the buyer's row: a transaction whose
-- snapshot is older cannot see a row that is new.
CREATE FUNCTION contact_pressure.meet_customers(ids text[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
BEGIN
	IF contact_pressure.keeps_snapshot() THEN
		INSERT INTO contact_pressure.customer_value (person_id, purchases)
		SELECT i, contact_pressure.rfm(NULL, NULL, 0, 0)
		  FROM (SELECT DISTINCT u FROM unnest(ids) AS u) AS d(i) ORDER BY i COLLATE "C"
			ON CONFLICT DO NOTHING;
	END IF;
END
$$;
COMMENT ON FUNCTION contact_pressure.meet_customers(text[]) IS
	'error 40001 when one of them has a row that the transaction cannot see; a row for each before all of them are deleted';

CREATE FUNCTION contact_pressure.merge_customers() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
DECLARE
	gone  contact_pressure.customer_value;
	there contact_pressure.customer_value;
	-- a fill that goes on counts them once more, and any that is loaded, which
	-- may be going on: the row is marked
	number integer := (SELECT CASE WHEN b.fill > 0 AND (b.filled_at IS NULL OR b.query IS NOT NULL)
							  THEN -b.fill ELSE b.fill END
						 FROM contact_pressure.segment_base AS b);
BEGIN
	PERFORM contact_pressure.meet_customers(ARRAY[OLD.person_id]);
	IF OLD.segment IS NOT NULL THEN
		PERFORM contact_pressure.record_move(OLD.person_id, 'merge', OLD.segment, NULL);
	END IF;
	DELETE FROM contact_pressure.customer_value AS v
	 WHERE v.person_id = OLD.person_id
	RETURNING v.* INTO gone;
	IF NOT FOUND THEN
		-- or that fill has counted the other one without the orders of this
		INSERT INTO contact_pressure.customer_value AS v (person_id, purchases, fill)
		SELECT NEW.merged_into, contact_pressure.rfm(NULL, NULL, 0, 0), number
		 WHERE number < 0
			ON CONFLICT (person_id) DO UPDATE SET fill = number;
		RETURN NULL;
	END IF;
	SELECT v.* INTO there FROM contact_pressure.customer_value AS v
	 WHERE v.person_id = NEW.merged_into;
	IF least(gone.fill, there.fill) < 0 THEN
		number := least(number, gone.fill, there.fill);
	END IF;
	IF gone.months IS NULL AND there.months IS NULL THEN
		PERFORM contact_pressure.put_purchases(ARRAY[NEW.merged_into],
			ARRAY[coalesce(gone.purchases OPERATOR(contact_pressure.+) there.purchases,
						   gone.purchases)], NULL, number);
	ELSE
		PERFORM contact_pressure.put_purchases(array_agg(NEW.merged_into), array_agg(m.sum),
											   array_agg(m.month), number)
		   FROM (SELECT u.month, contact_pressure.rfm(u.sum)
				   FROM (SELECT * FROM unnest(gone.months, gone.monthly)
						  UNION ALL
						 SELECT * FROM unnest(there.months, there.monthly)) AS u(month, sum)
				  GROUP BY u.month) AS m(month, sum);
	END IF;
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION contact_pressure.merge_customers() IS
	'trigger: what a person bought who was merged into another, that one bought';

-- merge_persons() writes the one who stays first.
CREATE TRIGGER merge_customers
	AFTER UPDATE OF merged_into ON contact_pressure.person
	FOR EACH ROW
	WHEN (NEW.merged_into IS NOT NULL AND OLD.merged_into IS DISTINCT FROM NEW.merged_into)
	EXECUTE FUNCTION contact_pressure.merge_customers();
COMMENT ON TRIGGER merge_customers ON contact_pressure.person IS
	'customers are merged as persons are';

CREATE FUNCTION contact_pressure.forget_customers() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
BEGIN
	IF TG_OP = 'TRUNCATE' THEN
		-- one that the same statement empties is empty, and cannot be again
		IF EXISTS (SELECT FROM contact_pressure.customer_value) THEN
			TRUNCATE contact_pressure.customer_value;
		END IF;
		IF EXISTS (SELECT FROM contact_pressure.segment_change) THEN
			TRUNCATE contact_pressure.segment_change;
		END IF;
		RETURN NULL;
	END IF;
	PERFORM contact_pressure.meet_customers(ARRAY(SELECT g.person_id FROM gone AS g));
	DELETE FROM contact_pressure.customer_value AS v
	 WHERE v.person_id IN (SELECT g.person_id FROM gone AS g);
	DELETE FROM contact_pressure.segment_change AS c
	 WHERE c.person_id IN (SELECT g.person_id FROM gone AS g);
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION contact_pressure.forget_customers() IS
	'trigger: what deleted persons bought, and where they moved, goes with them';

CREATE TRIGGER forget_customers
	AFTER DELETE ON contact_pressure.person
	REFERENCING OLD TABLE AS gone
	FOR EACH STATEMENT EXECUTE FUNCTION contact_pressure.forget_customers();
COMMENT ON TRIGGER forget_customers ON contact_pressure.person IS
	'the rows of persons who are deleted go, too';
CREATE TRIGGER forget_all_customers
	AFTER TRUNCATE ON contact_pressure.person
	FOR EACH STATEMENT EXECUTE FUNCTION contact_pressure.forget_customers();
COMMENT ON TRIGGER forget_all_customers ON contact_pressure.person IS
	'the rows of persons who are deleted go, too';

CREATE FUNCTION contact_pressure.forget_customer() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
DECLARE
	ids text[];
BEGIN
	WITH RECURSIVE same(person_id) AS (
		SELECT NEW.person_id
		 UNION
		SELECT p.person_id
		  FROM contact_pressure.person AS p
		  JOIN same ON p.merged_into = same.person_id)
	SELECT array_agg(same.person_id) INTO ids FROM same;
	PERFORM contact_pressure.meet_customers(ids);
	DELETE FROM contact_pressure.customer_value AS v WHERE v.person_id = ANY (ids);
	DELETE FROM contact_pressure.segment_change AS c WHERE c.person_id = ANY (ids);
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION contact_pressure.forget_customer() IS
	'trigger: a person who is forgotten but for an opt-out has bought nothing';

-- A restore brings rows of long ago, which were seen to then.
CREATE TRIGGER forget_customer
	AFTER INSERT ON contact_pressure.consent_log
	FOR EACH ROW WHEN (NEW.action = 'forget' AND NEW.at >= now())
	EXECUTE FUNCTION contact_pressure.forget_customer();
COMMENT ON TRIGGER forget_customer ON contact_pressure.consent_log IS
	'forget_person() leaves a row when it keeps the id';

-- --- the same for ids that are numbers and UUIDs

CREATE FUNCTION contact_pressure.pin_segment(id bigint, segment text)
RETURNS boolean LANGUAGE sql COST 10000
AS 'SELECT contact_pressure.pin_segment($1::pg_catalog.text, $2)';
COMMENT ON FUNCTION contact_pressure.pin_segment(bigint, text) IS
	'pin_segment() for an id that is a number';

CREATE FUNCTION contact_pressure.pin_segment(id uuid, segment text)
RETURNS boolean LANGUAGE sql COST 10000
AS 'SELECT contact_pressure.pin_segment($1::pg_catalog.text, $2)';
COMMENT ON FUNCTION contact_pressure.pin_segment(uuid, text) IS
	'pin_segment() for an id that is a UUID';

CREATE FUNCTION contact_pressure.unpin_segment(id bigint)
RETURNS boolean LANGUAGE sql COST 10000
AS 'SELECT contact_pressure.unpin_segment($1::pg_catalog.text)';
COMMENT ON FUNCTION contact_pressure.unpin_segment(bigint) IS
	'unpin_segment() for an id that is a number';

CREATE FUNCTION contact_pressure.unpin_segment(id uuid)
RETURNS boolean LANGUAGE sql COST 10000
AS 'SELECT contact_pressure.unpin_segment($1::pg_catalog.text)';
COMMENT ON FUNCTION contact_pressure.unpin_segment(uuid) IS
	'unpin_segment() for an id that is a UUID';
