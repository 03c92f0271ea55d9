-- src/ledger/access.sql: who may do what
--
-- Every function runs with the rights of its caller, so the tables decide in
-- the end.  Nothing is granted to PUBLIC but what reads nothing and writes
-- nothing on its own.

CREATE FUNCTION contact_pressure.grant_access(role regrole, part text)
RETURNS void
LANGUAGE plpgsql COST 10000
SET search_path = pg_catalog, contact_pressure, pg_temp
AS $$
DECLARE
	-- with what these functions and the triggers of tracked tables call
	consents constant name[] := '{lock_person, cancel_planned, opt_out,
		hold_person, release_person}';
	sends constant name[] := '{reserve_contact, reserve_contacts,
		confirm_contact, confirm_contacts, cancel_contact, cancel_contacts,
		cancel_campaign, record_contact, record_event, record_response,
		record_responses, put_person, opt_in, lift_opt_out,
		apply_tracked, lock_tracked, apply_responses, retract_responses,
		lock_people, record_move, pin_segment, unpin_segment, meet_customers,
		put_purchases, refresh_people, purchases_of, recount_people,
		count_again, lock_sources, is_fill, begin_fill, count_sources,
		put_counted, count_rest, end_fill}';
	functions name[];
	routine   regprocedure;
	wanted    constant text := lower(btrim(grant_access.part));
BEGIN
	IF grant_access.role IS NULL OR wanted IS NULL THEN
		RAISE EXCEPTION 'grant_access needs a role and a part'
			USING ERRCODE = 'null_value_not_allowed',
				  HINT = 'Parts are application, call_centre, analyst and administrator.';
	END IF;
	IF NOT has_table_privilege('contact_pressure.person', 'SELECT WITH GRANT OPTION') THEN
		RAISE EXCEPTION 'permission denied to grant access'
			USING ERRCODE = 'insufficient_privilege',
				  HINT = 'The role that installed the extension and superusers can.';
	END IF;

	EXECUTE format('GRANT USAGE ON SCHEMA contact_pressure TO %s', role);
	EXECUTE format('GRANT SELECT ON contact_pressure.person,
		contact_pressure.contact_log, contact_pressure.response_log,
		contact_pressure.consent_log, contact_pressure.policy,
		contact_pressure.policy_version, contact_pressure.segment_model,
		contact_pressure.segment_base, contact_pressure.customer_value,
		contact_pressure.segment_change TO %s', role);
	CASE wanted
	WHEN 'application' THEN
		EXECUTE format('GRANT SELECT ON contact_pressure.refusal,
			contact_pressure.tracked_table, contact_pressure.job_progress TO %s', role);
		EXECUTE format('GRANT INSERT, UPDATE ON contact_pressure.person,
			contact_pressure.contact_log TO %s', role);
		EXECUTE format('GRANT INSERT ON contact_pressure.response_log,
			contact_pressure.consent_log, contact_pressure.refusal,
			contact_pressure.person_version TO %s', role);
		-- a row of a tracked table that takes a response back
		EXECUTE format('GRANT UPDATE (source), DELETE
			ON contact_pressure.response_log TO %s', role);
		-- an order moves its buyer; a table that is emptied moves everybody
		EXECUTE format('GRANT INSERT, UPDATE ON contact_pressure.customer_value,
			contact_pressure.segment_base TO %s', role);
		EXECUTE format('GRANT INSERT ON contact_pressure.segment_change TO %s', role);
		EXECUTE format('GRANT UPDATE (complete_at)
			ON contact_pressure.tracked_table TO %s', role);
		functions := consents || sends;
	WHEN 'call_centre' THEN
		EXECUTE format('GRANT INSERT (person_id), UPDATE (opted_out, opted_in,
			holds, history, lease_until) ON contact_pressure.person TO %s', role);
		-- of planned contacts that an opt-out stops, and leases that ended
		EXECUTE format('GRANT UPDATE (status, reason, settled_at, lease_until)
			ON contact_pressure.contact_log TO %s', role);
		EXECUTE format('GRANT INSERT ON contact_pressure.consent_log,
			contact_pressure.person_version TO %s', role);
		functions := consents;
	WHEN 'analyst' THEN
		EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA contact_pressure TO %s', role);
	WHEN 'administrator' THEN
		EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE
			ON ALL TABLES IN SCHEMA contact_pressure TO %s', role);
		EXECUTE format('GRANT USAGE, SELECT, UPDATE
			ON ALL SEQUENCES IN SCHEMA contact_pressure TO %s', role);
		EXECUTE format('GRANT EXECUTE
			ON ALL ROUTINES IN SCHEMA contact_pressure TO %s', role);
	ELSE
		RAISE EXCEPTION 'unknown part: "%"', grant_access.part
			USING ERRCODE = 'invalid_parameter_value',
				  HINT = 'Parts are application, call_centre, analyst and administrator.';
	END CASE;
	FOR routine IN
		SELECT p.oid FROM pg_proc AS p
		 WHERE p.pronamespace = 'contact_pressure'::regnamespace
		   AND p.proname = ANY (functions)
	LOOP
		EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO %s', routine, role);
	END LOOP;
END
$$;
COMMENT ON FUNCTION contact_pressure.grant_access(regrole, text) IS
	'what a role needs for a part: application (reserve, record, consent, orders), call_centre (verdicts, holds, opt-outs), analyst (reads all), administrator (all of it)';

-- Nothing that writes is open to everybody.
DO $$
DECLARE
	routine regprocedure;
BEGIN
	FOR routine IN
		SELECT p.oid FROM pg_catalog.pg_proc AS p
		 WHERE p.pronamespace = 'contact_pressure'::pg_catalog.regnamespace
		   AND p.provolatile = 'v'
	LOOP
		EXECUTE pg_catalog.format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC',
								  routine);
	END LOOP;
END
$$;

-- The extension is trusted: its objects belong to a superuser, whoever
-- installs it.  That role can do everything with them, and can grant it.
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER
	ON ALL TABLES IN SCHEMA contact_pressure TO @extowner@ WITH GRANT OPTION;
GRANT USAGE, SELECT, UPDATE
	ON ALL SEQUENCES IN SCHEMA contact_pressure TO @extowner@ WITH GRANT OPTION;
GRANT EXECUTE
	ON ALL ROUTINES IN SCHEMA contact_pressure TO @extowner@ WITH GRANT OPTION;
