-- src/policy/verdict.sql: may this contact happen, why not, and from when?

CREATE TYPE contact_pressure.contact_verdict AS (
	allowed  boolean,
	reason   text,
	rule     text,
	layer    text,
	counted  float8,
	cap      float8,
	retry_at timestamptz
);
COMMENT ON TYPE contact_pressure.contact_verdict IS
	'the answer to a proposed contact: allowed, the code and text of the binding rule, how full it is, and from when on to retry';

CREATE FUNCTION contact_pressure.may_contact(
	history   contact_pressure.contact_history,
	policy    contact_pressure.contact_policy,
	channel   text,
	purpose   text,
	at        timestamptz,
	zone      text    DEFAULT NULL,
	opted_out text[]  DEFAULT NULL,
	opted_in  text[]  DEFAULT NULL,
	weight    float8  DEFAULT NULL
) RETURNS boolean
AS 'MODULE_PATHNAME', 'may_contact'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 20;
COMMENT ON FUNCTION contact_pressure.may_contact(
	contact_pressure.contact_history, contact_pressure.contact_policy,
	text, text, timestamptz, text, text[], text[], float8) IS
	'may this person be contacted on this channel for this purpose at this instant?';

CREATE FUNCTION contact_pressure.contact_verdict(
	history   contact_pressure.contact_history,
	policy    contact_pressure.contact_policy,
	channel   text,
	purpose   text,
	at        timestamptz,
	zone      text    DEFAULT NULL,
	opted_out text[]  DEFAULT NULL,
	opted_in  text[]  DEFAULT NULL,
	weight    float8  DEFAULT NULL
) RETURNS contact_pressure.contact_verdict
AS 'MODULE_PATHNAME', 'contact_verdict'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 200;
COMMENT ON FUNCTION contact_pressure.contact_verdict(
	contact_pressure.contact_history, contact_pressure.contact_policy,
	text, text, timestamptz, text, text[], text[], float8) IS
	'may_contact() with the reason, the binding rule, how full it is, and from when on to retry';

CREATE FUNCTION contact_pressure.explain_contact(
	history   contact_pressure.contact_history,
	policy    contact_pressure.contact_policy,
	channel   text,
	purpose   text,
	at        timestamptz,
	zone      text    DEFAULT NULL,
	opted_out text[]  DEFAULT NULL,
	opted_in  text[]  DEFAULT NULL,
	weight    float8  DEFAULT NULL
) RETURNS TABLE (
	rule      text,
	layer     text,
	reason    text,
	passes    boolean,
	counted   float8,
	cap       float8,
	passes_at timestamptz,
	contacts  timestamptz[]
)
AS 'MODULE_PATHNAME', 'explain_contact'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 400 ROWS 8;
COMMENT ON FUNCTION contact_pressure.explain_contact(
	contact_pressure.contact_history, contact_pressure.contact_policy,
	text, text, timestamptz, text, text[], text[], float8) IS
	'one row for every rule that binds a proposed contact: whether it passes, how full it is, from when on it passes alone, and the contacts that fill it';

CREATE FUNCTION contact_pressure.next_contact_at(
	history   contact_pressure.contact_history,
	policy    contact_pressure.contact_policy,
	channel   text,
	purpose   text,
	at        timestamptz,
	zone      text    DEFAULT NULL,
	opted_out text[]  DEFAULT NULL,
	opted_in  text[]  DEFAULT NULL,
	weight    float8  DEFAULT NULL
) RETURNS timestamptz
AS 'MODULE_PATHNAME', 'next_contact_at'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 200;
COMMENT ON FUNCTION contact_pressure.next_contact_at(
	contact_pressure.contact_history, contact_pressure.contact_policy,
	text, text, timestamptz, text, text[], text[], float8) IS
	'the first instant from "at" on at which may_contact() is true; infinity when there is none';
