-- src/ledger/settle.sql: what becomes of a contact

-- --- confirmed and cancelled

CREATE FUNCTION contact_pressure.confirm_contact(log_id bigint)
RETURNS boolean
AS 'MODULE_PATHNAME', 'confirm_contact'
LANGUAGE C;

COMMENT ON FUNCTION contact_pressure.confirm_contact(bigint) IS
'the last look before a reserved contact is handed over: true, and it is confirmed; false when it was cancelled, its lease has ended, or opt-outs, consent or the clock now forbid it';

CREATE FUNCTION contact_pressure.confirm_contact(id text, key text)
RETURNS boolean
AS 'MODULE_PATHNAME', 'confirm_contact_key'
LANGUAGE C;

COMMENT ON FUNCTION contact_pressure.confirm_contact(text, text) IS
'the same for the contact of a person with that key';

CREATE FUNCTION contact_pressure.confirm_contacts(log_ids bigint[])
RETURNS TABLE (log_id bigint, confirmed boolean)
AS 'MODULE_PATHNAME', 'confirm_contacts'
LANGUAGE C ROWS 100;

COMMENT ON FUNCTION contact_pressure.confirm_contacts(bigint[]) IS
'confirm_contact() for many: a row for each log id, in their order; confirmed is NULL where there is no such contact';

CREATE FUNCTION contact_pressure.confirm_contacts(ids text[], keys text[])
RETURNS TABLE (log_id bigint, confirmed boolean)
AS 'MODULE_PATHNAME', 'confirm_contacts_key'
LANGUAGE C ROWS 100;

COMMENT ON FUNCTION contact_pressure.confirm_contacts(text[], text[]) IS
'the same by persons and keys; both columns are NULL where there is no such contact';

CREATE FUNCTION contact_pressure.cancel_contact(
	log_id bigint,
	reason text DEFAULT NULL)
RETURNS boolean
AS 'MODULE_PATHNAME', 'cancel_contact'
LANGUAGE C;

COMMENT ON FUNCTION contact_pressure.cancel_contact(bigint, text) IS
'free the place of a contact that is not sent; false when it was cancelled already, an error when it was sent';

CREATE FUNCTION contact_pressure.cancel_contact(
	id text,
	key text,
	reason text DEFAULT NULL)
RETURNS boolean
AS 'MODULE_PATHNAME', 'cancel_contact_key'
LANGUAGE C;

COMMENT ON FUNCTION contact_pressure.cancel_contact(text, text, text) IS
'the same for the contact of a person with that key';

CREATE FUNCTION contact_pressure.cancel_contacts(
	log_ids bigint[],
	reason text DEFAULT NULL)
RETURNS bigint
AS 'MODULE_PATHNAME', 'cancel_contacts'
LANGUAGE C;

COMMENT ON FUNCTION contact_pressure.cancel_contacts(bigint[], text) IS
'cancel_contact() for many; how many it freed, those that were sent are left alone';

CREATE FUNCTION contact_pressure.cancel_contacts(
	ids text[],
	keys text[],
	reason text DEFAULT NULL)
RETURNS bigint
AS 'MODULE_PATHNAME', 'cancel_contacts_key'
LANGUAGE C;

COMMENT ON FUNCTION contact_pressure.cancel_contacts(text[], text[], text) IS
'the same by persons and keys';

CREATE FUNCTION contact_pressure.cancel_campaign(
	campaign text,
	since timestamptz DEFAULT now(),
	reason text DEFAULT NULL)
RETURNS bigint
AS 'MODULE_PATHNAME', 'cancel_campaign'
LANGUAGE C;

COMMENT ON FUNCTION contact_pressure.cancel_campaign(text, timestamptz, text) IS
'cancel the contacts of a campaign that are planned for since or later; how many';

-- --- answered

CREATE FUNCTION contact_pressure.record_response(
	log_id bigint,
	outcome text,
	at timestamptz DEFAULT now())
RETURNS boolean
AS 'MODULE_PATHNAME', 'record_response'
LANGUAGE C;

COMMENT ON FUNCTION contact_pressure.record_response(bigint, text, timestamptz) IS
'what was reported of a contact (delivered, opened, hard_bounced, unsubscribed ...); does it change anything? unsubscribed and complained opt out of CHANNEL/marketing, hard_bounced of CHANNEL';

CREATE FUNCTION contact_pressure.record_response(
	id text,
	key text DEFAULT NULL,
	outcome text DEFAULT NULL,
	at timestamptz DEFAULT now(),
	channel text DEFAULT NULL,
	purpose text DEFAULT NULL)
RETURNS boolean
AS 'MODULE_PATHNAME', 'record_response_key'
LANGUAGE C;

COMMENT ON FUNCTION contact_pressure.record_response(text, text, text, timestamptz, text, text) IS
'the same for the contact of a person with that key, or without one for the last contact sent by that channel (and for that purpose)';

CREATE FUNCTION contact_pressure.record_responses(
	log_ids bigint[],
	outcomes text[],
	ats timestamptz[] DEFAULT NULL)
RETURNS bigint
AS 'MODULE_PATHNAME', 'record_responses'
LANGUAGE C;

COMMENT ON FUNCTION contact_pressure.record_responses(bigint[], text[], timestamptz[]) IS
'record_response() for many (without ats: at now()); how many changed anything';

CREATE FUNCTION contact_pressure.record_responses(
	ids text[],
	keys text[],
	outcomes text[],
	ats timestamptz[] DEFAULT NULL)
RETURNS bigint
AS 'MODULE_PATHNAME', 'record_responses_key'
LANGUAGE C;

COMMENT ON FUNCTION contact_pressure.record_responses(text[], text[], text[], timestamptz[]) IS
'the same by persons and keys';

-- --- recorded unasked

CREATE FUNCTION contact_pressure.record_contact(
	id text,
	channel text,
	purpose text DEFAULT 'marketing',
	at timestamptz DEFAULT now(),
	campaign text DEFAULT NULL,
	owner text DEFAULT NULL,
	weight float8 DEFAULT NULL,
	cost numeric DEFAULT NULL,
	key text DEFAULT NULL,
	outcome text DEFAULT NULL,
	answered_at timestamptz DEFAULT NULL,
	source text DEFAULT 'record')
RETURNS bigint
AS 'MODULE_PATHNAME', 'record_contact'
LANGUAGE C;

COMMENT ON FUNCTION contact_pressure.record_contact(text, text, text, timestamptz, text, text, float8, numeric, text, text, timestamptz, text) IS
'a contact as a fact, whatever the policy says; its log id. With the key of a reservation it confirms that one';

CREATE FUNCTION contact_pressure.record_event(
	id text,
	purpose text,
	at timestamptz DEFAULT now(),
	channel text DEFAULT 'event',
	key text DEFAULT NULL,
	source text DEFAULT 'event')
RETURNS bigint
AS 'MODULE_PATHNAME', 'record_event'
LANGUAGE C;

COMMENT ON FUNCTION contact_pressure.record_event(text, text, timestamptz, text, text, text) IS
'something the person did or that happened: an order, a complaint, a trip; counted nowhere, seen by rules with "after"; its log id';

-- --- for ids of other types

CREATE FUNCTION contact_pressure.confirm_contact(
	id bigint,
	key text)
RETURNS boolean
LANGUAGE sql
AS $$ SELECT contact_pressure.confirm_contact($1::pg_catalog.text, $2) $$;

COMMENT ON FUNCTION contact_pressure.confirm_contact(bigint, text) IS
'confirm_contact() for ids of this type';

CREATE FUNCTION contact_pressure.confirm_contact(
	id uuid,
	key text)
RETURNS boolean
LANGUAGE sql
AS $$ SELECT contact_pressure.confirm_contact($1::pg_catalog.text, $2) $$;

COMMENT ON FUNCTION contact_pressure.confirm_contact(uuid, text) IS
'confirm_contact() for ids of this type';

CREATE FUNCTION contact_pressure.confirm_contacts(
	ids bigint[],
	keys text[])
RETURNS TABLE (log_id bigint, confirmed boolean)
LANGUAGE sql ROWS 100
AS $$ SELECT * FROM contact_pressure.confirm_contacts($1::pg_catalog.text[], $2) $$;

COMMENT ON FUNCTION contact_pressure.confirm_contacts(bigint[], text[]) IS
'confirm_contacts() for ids of this type';

CREATE FUNCTION contact_pressure.confirm_contacts(
	ids uuid[],
	keys text[])
RETURNS TABLE (log_id bigint, confirmed boolean)
LANGUAGE sql ROWS 100
AS $$ SELECT * FROM contact_pressure.confirm_contacts($1::pg_catalog.text[], $2) $$;

COMMENT ON FUNCTION contact_pressure.confirm_contacts(uuid[], text[]) IS
'confirm_contacts() for ids of this type';

-- No default for reason and key here: cancel_contact(5, 'x') cancels log id 5,
-- record_response(5, 'opened') answers it.
CREATE FUNCTION contact_pressure.cancel_contact(
	id bigint,
	key text,
	reason text)
RETURNS boolean
LANGUAGE sql
AS $$ SELECT contact_pressure.cancel_contact($1::pg_catalog.text, $2, $3) $$;

COMMENT ON FUNCTION contact_pressure.cancel_contact(bigint, text, text) IS
'cancel_contact() for ids of this type';

CREATE FUNCTION contact_pressure.cancel_contact(
	id uuid,
	key text,
	reason text DEFAULT NULL)
RETURNS boolean
LANGUAGE sql
AS $$ SELECT contact_pressure.cancel_contact($1::pg_catalog.text, $2, $3) $$;

COMMENT ON FUNCTION contact_pressure.cancel_contact(uuid, text, text) IS
'cancel_contact() for ids of this type';

CREATE FUNCTION contact_pressure.cancel_contacts(
	ids bigint[],
	keys text[],
	reason text DEFAULT NULL)
RETURNS bigint
LANGUAGE sql
AS $$ SELECT contact_pressure.cancel_contacts($1::pg_catalog.text[], $2, $3) $$;

COMMENT ON FUNCTION contact_pressure.cancel_contacts(bigint[], text[], text) IS
'cancel_contacts() for ids of this type';

CREATE FUNCTION contact_pressure.cancel_contacts(
	ids uuid[],
	keys text[],
	reason text DEFAULT NULL)
RETURNS bigint
LANGUAGE sql
AS $$ SELECT contact_pressure.cancel_contacts($1::pg_catalog.text[], $2, $3) $$;

COMMENT ON FUNCTION contact_pressure.cancel_contacts(uuid[], text[], text) IS
'cancel_contacts() for ids of this type';

CREATE FUNCTION contact_pressure.record_response(
	id bigint,
	key text,
	outcome text,
	at timestamptz DEFAULT now(),
	channel text DEFAULT NULL,
	purpose text DEFAULT NULL)
RETURNS boolean
AS 'MODULE_PATHNAME', 'record_response_bigint'
LANGUAGE C;

COMMENT ON FUNCTION contact_pressure.record_response(bigint, text, text, timestamptz, text, text) IS
'record_response() for ids of this type';

CREATE FUNCTION contact_pressure.record_response(
	id uuid,
	key text DEFAULT NULL,
	outcome text DEFAULT NULL,
	at timestamptz DEFAULT now(),
	channel text DEFAULT NULL,
	purpose text DEFAULT NULL)
RETURNS boolean
LANGUAGE sql
AS $$ SELECT contact_pressure.record_response($1::pg_catalog.text, $2, $3, $4, $5, $6) $$;

COMMENT ON FUNCTION contact_pressure.record_response(uuid, text, text, timestamptz, text, text) IS
'record_response() for ids of this type';

CREATE FUNCTION contact_pressure.record_responses(
	ids bigint[],
	keys text[],
	outcomes text[],
	ats timestamptz[] DEFAULT NULL)
RETURNS bigint
LANGUAGE sql
AS $$ SELECT contact_pressure.record_responses($1::pg_catalog.text[], $2, $3, $4) $$;

COMMENT ON FUNCTION contact_pressure.record_responses(bigint[], text[], text[], timestamptz[]) IS
'record_responses() for ids of this type';

CREATE FUNCTION contact_pressure.record_responses(
	ids uuid[],
	keys text[],
	outcomes text[],
	ats timestamptz[] DEFAULT NULL)
RETURNS bigint
LANGUAGE sql
AS $$ SELECT contact_pressure.record_responses($1::pg_catalog.text[], $2, $3, $4) $$;

COMMENT ON FUNCTION contact_pressure.record_responses(uuid[], text[], text[], timestamptz[]) IS
'record_responses() for ids of this type';

CREATE FUNCTION contact_pressure.record_contact(
	id bigint,
	channel text,
	purpose text DEFAULT 'marketing',
	at timestamptz DEFAULT now(),
	campaign text DEFAULT NULL,
	owner text DEFAULT NULL,
	weight float8 DEFAULT NULL,
	cost numeric DEFAULT NULL,
	key text DEFAULT NULL,
	outcome text DEFAULT NULL,
	answered_at timestamptz DEFAULT NULL,
	source text DEFAULT 'record')
RETURNS bigint
LANGUAGE sql
AS $$ SELECT contact_pressure.record_contact($1::pg_catalog.text, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) $$;

COMMENT ON FUNCTION contact_pressure.record_contact(bigint, text, text, timestamptz, text, text, float8, numeric, text, text, timestamptz, text) IS
'record_contact() for ids of this type';

CREATE FUNCTION contact_pressure.record_contact(
	id uuid,
	channel text,
	purpose text DEFAULT 'marketing',
	at timestamptz DEFAULT now(),
	campaign text DEFAULT NULL,
	owner text DEFAULT NULL,
	weight float8 DEFAULT NULL,
	cost numeric DEFAULT NULL,
	key text DEFAULT NULL,
	outcome text DEFAULT NULL,
	answered_at timestamptz DEFAULT NULL,
	source text DEFAULT 'record')
RETURNS bigint
LANGUAGE sql
AS $$ SELECT contact_pressure.record_contact($1::pg_catalog.text, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) $$;

COMMENT ON FUNCTION contact_pressure.record_contact(uuid, text, text, timestamptz, text, text, float8, numeric, text, text, timestamptz, text) IS
'record_contact() for ids of this type';

CREATE FUNCTION contact_pressure.record_event(
	id bigint,
	purpose text,
	at timestamptz DEFAULT now(),
	channel text DEFAULT 'event',
	key text DEFAULT NULL,
	source text DEFAULT 'event')
RETURNS bigint
LANGUAGE sql
AS $$ SELECT contact_pressure.record_event($1::pg_catalog.text, $2, $3, $4, $5, $6) $$;

COMMENT ON FUNCTION contact_pressure.record_event(bigint, text, timestamptz, text, text, text) IS
'record_event() for ids of this type';

CREATE FUNCTION contact_pressure.record_event(
	id uuid,
	purpose text,
	at timestamptz DEFAULT now(),
	channel text DEFAULT 'event',
	key text DEFAULT NULL,
	source text DEFAULT 'event')
RETURNS bigint
LANGUAGE sql
AS $$ SELECT contact_pressure.record_event($1::pg_catalog.text, $2, $3, $4, $5, $6) $$;

COMMENT ON FUNCTION contact_pressure.record_event(uuid, text, timestamptz, text, text, text) IS
'record_event() for ids of this type';
