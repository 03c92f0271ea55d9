/* policy_rules(), policy_lint(), policy_hours(): a policy as people read it */

CREATE FUNCTION contact_pressure.policy_rules(
	policy contact_pressure.contact_policy,
	OUT layer text,
	OUT line integer,
	OUT scope text,
	OUT kind text,
	OUT rule text,
	OUT meaning text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'policy_rules'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 ROWS 20;

COMMENT ON FUNCTION contact_pressure.policy_rules(
	contact_pressure.contact_policy) IS
'the clauses of a policy as rows: where each stands in the canonical text, its kind, and what it means in words';

CREATE FUNCTION contact_pressure.policy_lint(
	policy contact_pressure.contact_policy,
	OUT severity text,
	OUT code text,
	OUT layer text,
	OUT rule text,
	OUT message text,
	OUT hint text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'policy_lint'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5000 ROWS 5;

COMMENT ON FUNCTION contact_pressure.policy_lint(
	contact_pressure.contact_policy) IS
'what looks wrong in a policy: rules that can never bind, that others shadow or contradict, clocks without a zone; and a note of what each override switches off';

CREATE FUNCTION contact_pressure.policy_hours(
	policy contact_pressure.contact_policy,
	channel text,
	purpose text,
	OUT day text,
	OUT day_number integer,
	OUT opens text,
	OUT closes text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'policy_hours'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 300 ROWS 7;

COMMENT ON FUNCTION contact_pressure.policy_hours(
	contact_pressure.contact_policy, text, text) IS
'the hours of an ordinary week, on the clock on the wall, at which clock and weekday rules let a contact of this channel and purpose through; an ordinary week lies outside all dates of the policy';
