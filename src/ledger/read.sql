-- src/ledger/read.sql: the verdict on a contact with a stored person

CREATE TYPE contact_pressure.person_verdict AS (
	allowed  boolean,
	reason   text,
	rule     text,
	layer    text,
	counted  float8,
	cap      float8,
	retry_at timestamptz,
	known    boolean
);
COMMENT ON TYPE contact_pressure.person_verdict IS
	'a contact_verdict on a stored person; known: there is a row in contact_pressure.person';

CREATE FUNCTION contact_pressure.may_contact(
	id      text,
	channel text,
	purpose text        DEFAULT 'marketing',
	at      timestamptz DEFAULT now()
) RETURNS boolean
AS 'MODULE_PATHNAME', 'person_may_contact'
LANGUAGE C STABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION contact_pressure.may_contact(text, text, text, timestamptz) IS
	'may this stored person be contacted on this channel for this purpose at this instant?';

CREATE FUNCTION contact_pressure.contact_verdict(
	id      text,
	channel text,
	purpose text        DEFAULT 'marketing',
	at      timestamptz DEFAULT now()
) RETURNS contact_pressure.person_verdict
AS 'MODULE_PATHNAME', 'person_contact_verdict'
LANGUAGE C STABLE PARALLEL SAFE COST 300;
COMMENT ON FUNCTION contact_pressure.contact_verdict(text, text, text, timestamptz) IS
	'may_contact() for a stored person with the reason, the binding rule, how full it is, from when on to retry, and whether the person is known';

CREATE FUNCTION contact_pressure.explain_contact(
	id      text,
	channel text,
	purpose text        DEFAULT 'marketing',
	at      timestamptz DEFAULT now()
) RETURNS TABLE (
	rule      text,
	layer     text,
	reason    text,
	passes    boolean,
	counted   float8,
	cap       float8,
	passes_at timestamptz,
	contacts  timestamptz[],
	log_ids   bigint[],
	campaigns text[]
)
AS 'MODULE_PATHNAME', 'person_explain_contact'
LANGUAGE C STABLE PARALLEL SAFE COST 1000 ROWS 8;
COMMENT ON FUNCTION contact_pressure.explain_contact(text, text, text, timestamptz) IS
	'one row for every rule that binds a contact with a stored person, with the rows of contact_log that fill it and their campaigns';

CREATE FUNCTION contact_pressure.next_contact_at(
	id      text,
	channel text,
	purpose text        DEFAULT 'marketing',
	at      timestamptz DEFAULT now()
) RETURNS timestamptz
AS 'MODULE_PATHNAME', 'person_next_contact_at'
LANGUAGE C STABLE PARALLEL SAFE COST 300;
COMMENT ON FUNCTION contact_pressure.next_contact_at(text, text, text, timestamptz) IS
	'the first instant from "at" on at which may_contact() is true for a stored person; infinity when there is none';

CREATE FUNCTION contact_pressure.person_policy(id text)
RETURNS contact_pressure.contact_policy
AS 'MODULE_PATHNAME', 'person_policy'
LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION contact_pressure.person_policy(text) IS
	'the policy a person is judged by: everyone, then the segment''s or default, then the own preferences; NULL when no row applies';

CREATE FUNCTION contact_pressure.may_contact_row(
	history     contact_pressure.contact_history,
	person_id   text,
	segment     text,
	zone        text,
	preferences contact_pressure.contact_policy,
	opted_out   text[],
	opted_in    text[],
	holds       contact_pressure.person_hold[],
	lease_until timestamptz,
	channel     text,
	purpose     text,
	at          timestamptz
) RETURNS boolean
AS 'MODULE_PATHNAME', 'may_contact_row'
LANGUAGE C STABLE PARALLEL SAFE COST 20;
COMMENT ON FUNCTION contact_pressure.may_contact_row(
	contact_pressure.contact_history, text, text, text,
	contact_pressure.contact_policy, text[], text[],
	contact_pressure.person_hold[], timestamptz, text, text, timestamptz) IS
	'may_contact() for a row of contact_pressure.person that a query has read; what contactable() is made of';

CREATE FUNCTION contact_pressure.contactable(
	channel text,
	purpose text        DEFAULT 'marketing',
	at      timestamptz DEFAULT now(),
	segment text        DEFAULT NULL
) RETURNS SETOF text
LANGUAGE sql STABLE PARALLEL SAFE COST 1000 ROWS 10000
AS $$
	SELECT p.person_id
	  FROM contact_pressure.person AS p
	 WHERE p.merged_into IS NULL
	   AND ($4 IS NULL OR p.segment OPERATOR(pg_catalog.=) $4)
	   AND contact_pressure.may_contact_row(p.history, p.person_id, p.segment,
			p.zone, p.preferences, p.opted_out, p.opted_in, p.holds,
			p.lease_until, $1, $2, $3)
$$;
COMMENT ON FUNCTION contact_pressure.contactable(text, text, timestamptz, text) IS
	'the ids of all stored people, or of a segment, who may be contacted; becomes part of the query around it';

-- The same for ids that are numbers or UUIDs.

CREATE FUNCTION contact_pressure.may_contact(id bigint, channel text, purpose text DEFAULT 'marketing', at timestamptz DEFAULT now())
RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE COST 100
AS 'SELECT contact_pressure.may_contact($1::pg_catalog.text, $2, $3, $4)';
COMMENT ON FUNCTION contact_pressure.may_contact(bigint, text, text, timestamptz) IS
	'may_contact() for an id that is a number';

CREATE FUNCTION contact_pressure.may_contact(id uuid, channel text, purpose text DEFAULT 'marketing', at timestamptz DEFAULT now())
RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE COST 100
AS 'SELECT contact_pressure.may_contact($1::pg_catalog.text, $2, $3, $4)';
COMMENT ON FUNCTION contact_pressure.may_contact(uuid, text, text, timestamptz) IS
	'may_contact() for an id that is a UUID';

CREATE FUNCTION contact_pressure.contact_verdict(id bigint, channel text, purpose text DEFAULT 'marketing', at timestamptz DEFAULT now())
RETURNS contact_pressure.person_verdict LANGUAGE sql STABLE PARALLEL SAFE COST 300
AS 'SELECT contact_pressure.contact_verdict($1::pg_catalog.text, $2, $3, $4)';
COMMENT ON FUNCTION contact_pressure.contact_verdict(bigint, text, text, timestamptz) IS
	'contact_verdict() for an id that is a number';

CREATE FUNCTION contact_pressure.contact_verdict(id uuid, channel text, purpose text DEFAULT 'marketing', at timestamptz DEFAULT now())
RETURNS contact_pressure.person_verdict LANGUAGE sql STABLE PARALLEL SAFE COST 300
AS 'SELECT contact_pressure.contact_verdict($1::pg_catalog.text, $2, $3, $4)';
COMMENT ON FUNCTION contact_pressure.contact_verdict(uuid, text, text, timestamptz) IS
	'contact_verdict() for an id that is a UUID';

CREATE FUNCTION contact_pressure.explain_contact(id bigint, channel text, purpose text DEFAULT 'marketing', at timestamptz DEFAULT now())
RETURNS TABLE (rule text, layer text, reason text, passes boolean, counted float8, cap float8, passes_at timestamptz, contacts timestamptz[], log_ids bigint[], campaigns text[])
LANGUAGE sql STABLE PARALLEL SAFE COST 1000 ROWS 8
AS 'SELECT * FROM contact_pressure.explain_contact($1::pg_catalog.text, $2, $3, $4)';
COMMENT ON FUNCTION contact_pressure.explain_contact(bigint, text, text, timestamptz) IS
	'explain_contact() for an id that is a number';

CREATE FUNCTION contact_pressure.explain_contact(id uuid, channel text, purpose text DEFAULT 'marketing', at timestamptz DEFAULT now())
RETURNS TABLE (rule text, layer text, reason text, passes boolean, counted float8, cap float8, passes_at timestamptz, contacts timestamptz[], log_ids bigint[], campaigns text[])
LANGUAGE sql STABLE PARALLEL SAFE COST 1000 ROWS 8
AS 'SELECT * FROM contact_pressure.explain_contact($1::pg_catalog.text, $2, $3, $4)';
COMMENT ON FUNCTION contact_pressure.explain_contact(uuid, text, text, timestamptz) IS
	'explain_contact() for an id that is a UUID';

CREATE FUNCTION contact_pressure.next_contact_at(id bigint, channel text, purpose text DEFAULT 'marketing', at timestamptz DEFAULT now())
RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE COST 300
AS 'SELECT contact_pressure.next_contact_at($1::pg_catalog.text, $2, $3, $4)';
COMMENT ON FUNCTION contact_pressure.next_contact_at(bigint, text, text, timestamptz) IS
	'next_contact_at() for an id that is a number';

CREATE FUNCTION contact_pressure.next_contact_at(id uuid, channel text, purpose text DEFAULT 'marketing', at timestamptz DEFAULT now())
RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE COST 300
AS 'SELECT contact_pressure.next_contact_at($1::pg_catalog.text, $2, $3, $4)';
COMMENT ON FUNCTION contact_pressure.next_contact_at(uuid, text, text, timestamptz) IS
	'next_contact_at() for an id that is a UUID';

CREATE FUNCTION contact_pressure.person_policy(id bigint)
RETURNS contact_pressure.contact_policy LANGUAGE sql STABLE PARALLEL SAFE COST 100
AS 'SELECT contact_pressure.person_policy($1::pg_catalog.text)';
COMMENT ON FUNCTION contact_pressure.person_policy(bigint) IS
	'person_policy() for an id that is a number';

CREATE FUNCTION contact_pressure.person_policy(id uuid)
RETURNS contact_pressure.contact_policy LANGUAGE sql STABLE PARALLEL SAFE COST 100
AS 'SELECT contact_pressure.person_policy($1::pg_catalog.text)';
COMMENT ON FUNCTION contact_pressure.person_policy(uuid) IS
	'person_policy() for an id that is a UUID';
