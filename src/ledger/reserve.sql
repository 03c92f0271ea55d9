-- src/ledger/reserve.sql: check and record in one step

CREATE FUNCTION contact_pressure.reserve_contact(
	id       text,
	channel  text,
	purpose  text        DEFAULT 'marketing',
	at       timestamptz DEFAULT now(),
	campaign text        DEFAULT NULL,
	owner    text        DEFAULT NULL,
	weight   float8      DEFAULT NULL,
	cost     numeric     DEFAULT NULL,
	key      text        DEFAULT NULL,
	lease    interval    DEFAULT NULL,
	wait     interval    DEFAULT NULL,
	local_at timestamp   DEFAULT NULL
) RETURNS bigint
AS 'MODULE_PATHNAME', 'reserve_contact'
LANGUAGE C VOLATILE COST 1000;
COMMENT ON FUNCTION contact_pressure.reserve_contact(text, text, text,
	timestamptz, text, text, float8, numeric, text, interval, interval,
	timestamp) IS
	'check and record in one step: the log id, or NULL when it is refused';

CREATE FUNCTION contact_pressure.reserve_contacts(
	ids      text[],
	channel  text,
	purpose  text        DEFAULT 'marketing',
	at       timestamptz DEFAULT now(),
	campaign text        DEFAULT NULL,
	owner    text        DEFAULT NULL,
	weight   float8      DEFAULT NULL,
	cost     numeric     DEFAULT NULL,
	keys     text[]      DEFAULT NULL,
	lease    interval    DEFAULT NULL,
	wait     interval    DEFAULT NULL,
	local_at timestamp   DEFAULT NULL
) RETURNS TABLE (
	person_id text,
	log_id    bigint,
	at        timestamptz,
	verdict   contact_pressure.contact_verdict,
	known     boolean
)
AS 'MODULE_PATHNAME', 'reserve_contacts'
LANGUAGE C VOLATILE COST 100000 ROWS 10000;
COMMENT ON FUNCTION contact_pressure.reserve_contacts(text[], text, text,
	timestamptz, text, text, float8, numeric, text[], interval, interval,
	timestamp) IS
	'reserve_contact() for many people at once: one row for each id, in the order of the ids';

CREATE FUNCTION contact_pressure.check_contacts(
	ids      text[],
	channel  text,
	purpose  text        DEFAULT 'marketing',
	at       timestamptz DEFAULT now(),
	weight   float8      DEFAULT NULL,
	wait     interval    DEFAULT NULL,
	local_at timestamp   DEFAULT NULL
) RETURNS TABLE (
	person_id text,
	log_id    bigint,
	at        timestamptz,
	verdict   contact_pressure.contact_verdict,
	known     boolean
)
AS 'MODULE_PATHNAME', 'check_contacts'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000 ROWS 10000;
COMMENT ON FUNCTION contact_pressure.check_contacts(text[], text, text,
	timestamptz, float8, interval, timestamp) IS
	'what reserve_contacts() would answer now; nothing is written';

-- The same for ids that are numbers, and for UUIDs.

CREATE FUNCTION contact_pressure.reserve_contact(
	id       bigint,
	channel  text,
	purpose  text        DEFAULT 'marketing',
	at       timestamptz DEFAULT now(),
	campaign text        DEFAULT NULL,
	owner    text        DEFAULT NULL,
	weight   float8      DEFAULT NULL,
	cost     numeric     DEFAULT NULL,
	key      text        DEFAULT NULL,
	lease    interval    DEFAULT NULL,
	wait     interval    DEFAULT NULL,
	local_at timestamp   DEFAULT NULL
) RETURNS bigint
LANGUAGE sql VOLATILE AS
$$SELECT contact_pressure.reserve_contact($1::pg_catalog.text, $2, $3, $4, $5,
	$6, $7, $8, $9, $10, $11, $12)$$;
COMMENT ON FUNCTION contact_pressure.reserve_contact(bigint, text, text,
	timestamptz, text, text, float8, numeric, text, interval, interval,
	timestamp) IS
	'reserve_contact() for an id that is a number';

CREATE FUNCTION contact_pressure.reserve_contact(
	id       uuid,
	channel  text,
	purpose  text        DEFAULT 'marketing',
	at       timestamptz DEFAULT now(),
	campaign text        DEFAULT NULL,
	owner    text        DEFAULT NULL,
	weight   float8      DEFAULT NULL,
	cost     numeric     DEFAULT NULL,
	key      text        DEFAULT NULL,
	lease    interval    DEFAULT NULL,
	wait     interval    DEFAULT NULL,
	local_at timestamp   DEFAULT NULL
) RETURNS bigint
LANGUAGE sql VOLATILE AS
$$SELECT contact_pressure.reserve_contact($1::pg_catalog.text, $2, $3, $4, $5,
	$6, $7, $8, $9, $10, $11, $12)$$;
COMMENT ON FUNCTION contact_pressure.reserve_contact(uuid, text, text,
	timestamptz, text, text, float8, numeric, text, interval, interval,
	timestamp) IS
	'reserve_contact() for an id that is a UUID';

CREATE FUNCTION contact_pressure.reserve_contacts(
	ids      bigint[],
	channel  text,
	purpose  text        DEFAULT 'marketing',
	at       timestamptz DEFAULT now(),
	campaign text        DEFAULT NULL,
	owner    text        DEFAULT NULL,
	weight   float8      DEFAULT NULL,
	cost     numeric     DEFAULT NULL,
	keys     text[]      DEFAULT NULL,
	lease    interval    DEFAULT NULL,
	wait     interval    DEFAULT NULL,
	local_at timestamp   DEFAULT NULL
) RETURNS TABLE (
	person_id text,
	log_id    bigint,
	at        timestamptz,
	verdict   contact_pressure.contact_verdict,
	known     boolean
)
LANGUAGE sql VOLATILE COST 100000 ROWS 10000 AS
$$SELECT * FROM contact_pressure.reserve_contacts($1::pg_catalog.text[], $2,
	$3, $4, $5, $6, $7, $8, $9, $10, $11, $12)$$;
COMMENT ON FUNCTION contact_pressure.reserve_contacts(bigint[], text, text,
	timestamptz, text, text, float8, numeric, text[], interval, interval,
	timestamp) IS
	'reserve_contacts() for ids that are numbers';

CREATE FUNCTION contact_pressure.reserve_contacts(
	ids      uuid[],
	channel  text,
	purpose  text        DEFAULT 'marketing',
	at       timestamptz DEFAULT now(),
	campaign text        DEFAULT NULL,
	owner    text        DEFAULT NULL,
	weight   float8      DEFAULT NULL,
	cost     numeric     DEFAULT NULL,
	keys     text[]      DEFAULT NULL,
	lease    interval    DEFAULT NULL,
	wait     interval    DEFAULT NULL,
	local_at timestamp   DEFAULT NULL
) RETURNS TABLE (
	person_id text,
	log_id    bigint,
	at        timestamptz,
	verdict   contact_pressure.contact_verdict,
	known     boolean
)
LANGUAGE sql VOLATILE COST 100000 ROWS 10000 AS
$$SELECT * FROM contact_pressure.reserve_contacts($1::pg_catalog.text[], $2,
	$3, $4, $5, $6, $7, $8, $9, $10, $11, $12)$$;
COMMENT ON FUNCTION contact_pressure.reserve_contacts(uuid[], text, text,
	timestamptz, text, text, float8, numeric, text[], interval, interval,
	timestamp) IS
	'reserve_contacts() for ids that are UUIDs';

CREATE FUNCTION contact_pressure.check_contacts(
	ids      bigint[],
	channel  text,
	purpose  text        DEFAULT 'marketing',
	at       timestamptz DEFAULT now(),
	weight   float8      DEFAULT NULL,
	wait     interval    DEFAULT NULL,
	local_at timestamp   DEFAULT NULL
) RETURNS TABLE (
	person_id text,
	log_id    bigint,
	at        timestamptz,
	verdict   contact_pressure.contact_verdict,
	known     boolean
)
LANGUAGE sql STABLE PARALLEL RESTRICTED COST 100000 ROWS 10000 AS
$$SELECT * FROM contact_pressure.check_contacts($1::pg_catalog.text[], $2,
	$3, $4, $5, $6, $7)$$;
COMMENT ON FUNCTION contact_pressure.check_contacts(bigint[], text, text,
	timestamptz, float8, interval, timestamp) IS
	'check_contacts() for ids that are numbers';

CREATE FUNCTION contact_pressure.check_contacts(
	ids      uuid[],
	channel  text,
	purpose  text        DEFAULT 'marketing',
	at       timestamptz DEFAULT now(),
	weight   float8      DEFAULT NULL,
	wait     interval    DEFAULT NULL,
	local_at timestamp   DEFAULT NULL
) RETURNS TABLE (
	person_id text,
	log_id    bigint,
	at        timestamptz,
	verdict   contact_pressure.contact_verdict,
	known     boolean
)
LANGUAGE sql STABLE PARALLEL RESTRICTED COST 100000 ROWS 10000 AS
$$SELECT * FROM contact_pressure.check_contacts($1::pg_catalog.text[], $2,
	$3, $4, $5, $6, $7)$$;
COMMENT ON FUNCTION contact_pressure.check_contacts(uuid[], text, text,
	timestamptz, float8, interval, timestamp) IS
	'check_contacts() for ids that are UUIDs';
