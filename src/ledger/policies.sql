-- src/ledger/policies.sql: what a row of person or policy may say, and the
-- versions of the policies

-- --- the rows of person

CREATE FUNCTION contact_pressure.contact_scope(scope text) RETURNS text
AS 'MODULE_PATHNAME', 'contact_scope'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION contact_pressure.contact_scope(text) IS
	'the pattern of an opt-out or opt-in as it is stored: Email / Marketing becomes email/marketing';

CREATE FUNCTION contact_pressure.check_person() RETURNS trigger
AS 'MODULE_PATHNAME', 'check_person'
LANGUAGE C;
COMMENT ON FUNCTION contact_pressure.check_person() IS
	'trigger: segment, zone, preferences, opt-outs, opt-ins and holds of a person are checked and stored in one form';

CREATE TRIGGER check_person
	BEFORE INSERT
	OR UPDATE OF person_id, segment, zone, preferences, opted_out, opted_in,
				 holds
	ON contact_pressure.person
	FOR EACH ROW EXECUTE FUNCTION contact_pressure.check_person();
COMMENT ON TRIGGER check_person ON contact_pressure.person IS
	'what a person''s row may say; a change of the history does not pay for it';

-- --- the rows of policy

CREATE FUNCTION contact_pressure.check_policy() RETURNS trigger
AS 'MODULE_PATHNAME', 'check_policy'
LANGUAGE C;
COMMENT ON FUNCTION contact_pressure.check_policy() IS
	'trigger: the segment of a policy is folded, and its rules are in no layer of a person''s own';

CREATE FUNCTION contact_pressure.policy_changed() RETURNS trigger
AS 'MODULE_PATHNAME', 'policy_changed'
LANGUAGE C;
COMMENT ON FUNCTION contact_pressure.policy_changed() IS
	'trigger: every session reads the policies anew once this transaction is committed';

CREATE FUNCTION contact_pressure.lock_policies() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
BEGIN
	-- Versions are numbered in the order in which they are committed, so one
	-- transaction at a time changes policies.  Before any row is locked: two
	-- that change several rows each wait here and nowhere else.
	PERFORM pg_advisory_xact_lock(
		hashtextextended('contact_pressure.policy', 0));
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION contact_pressure.lock_policies() IS
	'trigger: one transaction at a time changes policies';

CREATE FUNCTION contact_pressure.number_policy() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
DECLARE
	present bigint;
BEGIN
	IF NEW.segment IS NULL OR NEW.rules IS NULL THEN
		RETURN NEW;		-- the table says what is wrong with that
	ELSIF TG_OP = 'INSERT' THEN
		-- INSERT ... ON CONFLICT DO UPDATE of a row that is there: what
		-- becomes of it is for the UPDATE to say.
		SELECT p.version INTO present
		  FROM contact_pressure.policy AS p
		 WHERE p.segment = NEW.segment;
		IF FOUND THEN
			NEW.version := present;
			RETURN NEW;
		END IF;
		-- A restore brings rows together with their versions.
		PERFORM
		   FROM contact_pressure.policy_version AS v
		  WHERE v.version = NEW.version AND v.segment = NEW.segment
			AND v.rules = NEW.rules
			AND NOT EXISTS (SELECT
							  FROM contact_pressure.policy_version AS later
							 WHERE later.segment = v.segment
							   AND later.version > v.version);
		IF FOUND THEN
			RETURN NEW;
		END IF;
	ELSIF NEW.segment = OLD.segment AND NEW.rules = OLD.rules THEN
		NEW.version := OLD.version;
		RETURN NEW;
	ELSIF NEW.segment <> OLD.segment THEN
		INSERT INTO contact_pressure.policy_version (version, segment)
		VALUES (nextval('contact_pressure.policy_version_seq'), OLD.segment);
	END IF;
	NEW.version := nextval('contact_pressure.policy_version_seq');
	INSERT INTO contact_pressure.policy_version (version, segment, rules)
	VALUES (NEW.version, NEW.segment, NEW.rules);
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION contact_pressure.number_policy() IS
	'trigger: every change of a policy gets a version, but for what a restore brings with its version';

CREATE FUNCTION contact_pressure.end_policy() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
BEGIN
	IF TG_OP = 'DELETE' THEN
		INSERT INTO contact_pressure.policy_version (version, segment)
		VALUES (nextval('contact_pressure.policy_version_seq'), OLD.segment);
	ELSE
		INSERT INTO contact_pressure.policy_version (version, segment)
		SELECT nextval('contact_pressure.policy_version_seq'), p.segment
		  FROM contact_pressure.policy AS p
		 ORDER BY p.segment COLLATE "C";
	END IF;
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION contact_pressure.end_policy() IS
	'trigger: the end of a policy is a version, too';

CREATE FUNCTION contact_pressure.compose_policies() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
DECLARE
	whose  text;
	detail text;
BEGIN
	-- Better an error here than at every contact.
	PERFORM everyone.rules || p.rules
	   FROM contact_pressure.policy AS everyone
	   JOIN contact_pressure.policy AS p ON p.segment <> everyone.segment
	  WHERE everyone.segment = 'everyone';

	-- Own preferences can only collide with declared names.  A restore, whose
	-- versions are old, does not come to grief here.
	IF NOT EXISTS (SELECT FROM contact_pressure.policy AS p
					WHERE p.rules::text ~ '(^|\n)(channels|purposes) ')
	   OR NOT EXISTS (SELECT FROM contact_pressure.policy_version AS v
					   WHERE v.changed_at >= now()) THEN
		RETURN NULL;
	END IF;
	FOR whose IN
		SELECT p.person_id
		  FROM contact_pressure.person AS p
		 WHERE p.preferences IS NOT NULL
	LOOP
		PERFORM contact_pressure.person_policy(whose);
	END LOOP;
	RETURN NULL;
EXCEPTION
	WHEN invalid_text_representation THEN
		GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
		RAISE EXCEPTION 'the policy does not fit the preferences of person "%"', whose
			USING ERRCODE = 'invalid_parameter_value', DETAIL = detail,
				  HINT = 'Leave the names declared that people refer to, or change their preferences first.';
END
$$;
COMMENT ON FUNCTION contact_pressure.compose_policies() IS
	'trigger: the rules of everyone, those of each segment and people''s preferences must make one policy';

-- Triggers of the same kind fire by name.
CREATE TRIGGER lock_policies
	BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON contact_pressure.policy
	FOR EACH STATEMENT EXECUTE FUNCTION contact_pressure.lock_policies();
COMMENT ON TRIGGER lock_policies ON contact_pressure.policy IS
	'one transaction at a time changes policies';
CREATE TRIGGER check_policy
	BEFORE INSERT OR UPDATE ON contact_pressure.policy
	FOR EACH ROW EXECUTE FUNCTION contact_pressure.check_policy();
COMMENT ON TRIGGER check_policy ON contact_pressure.policy IS
	'what a policy''s row may say';
CREATE TRIGGER number_policy
	BEFORE INSERT OR UPDATE ON contact_pressure.policy
	FOR EACH ROW EXECUTE FUNCTION contact_pressure.number_policy();
COMMENT ON TRIGGER number_policy ON contact_pressure.policy IS
	'every change is a version';
CREATE TRIGGER end_policy
	AFTER DELETE ON contact_pressure.policy
	FOR EACH ROW EXECUTE FUNCTION contact_pressure.end_policy();
COMMENT ON TRIGGER end_policy ON contact_pressure.policy IS
	'a deletion is a version';
CREATE TRIGGER end_policies
	BEFORE TRUNCATE ON contact_pressure.policy
	FOR EACH STATEMENT EXECUTE FUNCTION contact_pressure.end_policy();
COMMENT ON TRIGGER end_policies ON contact_pressure.policy IS
	'a deletion is a version, for each row';
CREATE TRIGGER compose_policies
	AFTER INSERT OR UPDATE ON contact_pressure.policy
	FOR EACH STATEMENT EXECUTE FUNCTION contact_pressure.compose_policies();
COMMENT ON TRIGGER compose_policies ON contact_pressure.policy IS
	'no change may leave rows that do not go together';

-- Also where rows arrive by replication, whose worker fires row triggers.
CREATE TRIGGER policy_changed
	AFTER INSERT OR UPDATE OR DELETE ON contact_pressure.policy
	FOR EACH ROW EXECUTE FUNCTION contact_pressure.policy_changed();
COMMENT ON TRIGGER policy_changed ON contact_pressure.policy IS
	'sessions keep the policies they read until a row is changed';
CREATE TRIGGER policies_changed
	AFTER TRUNCATE ON contact_pressure.policy
	FOR EACH STATEMENT EXECUTE FUNCTION contact_pressure.policy_changed();
COMMENT ON TRIGGER policies_changed ON contact_pressure.policy IS
	'sessions keep the policies they read until a row is changed';
ALTER TABLE contact_pressure.policy ENABLE ALWAYS TRIGGER policy_changed;
ALTER TABLE contact_pressure.policy ENABLE ALWAYS TRIGGER policies_changed;
