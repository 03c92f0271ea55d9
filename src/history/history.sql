/* contact_history: one person's contacts, past and planned */

CREATE TYPE contact_pressure.contact_history;

-- --- input and output

CREATE FUNCTION contact_pressure.contact_history_in(cstring)
RETURNS contact_pressure.contact_history
AS 'MODULE_PATHNAME', 'contact_history_in'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;

COMMENT ON FUNCTION contact_pressure.contact_history_in(cstring) IS
'input function of contact_history: a JSON array of contacts';

CREATE FUNCTION contact_pressure.contact_history_out(contact_pressure.contact_history)
RETURNS cstring
AS 'MODULE_PATHNAME', 'contact_history_out'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;

COMMENT ON FUNCTION contact_pressure.contact_history_out(contact_pressure.contact_history) IS
'output function of contact_history: JSON, sorted by time, in UTC';

CREATE FUNCTION contact_pressure.contact_history_recv(internal)
RETURNS contact_pressure.contact_history
AS 'MODULE_PATHNAME', 'contact_history_recv'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;

COMMENT ON FUNCTION contact_pressure.contact_history_recv(internal) IS
'binary input function of contact_history, see doc/binary-formats.md';

CREATE FUNCTION contact_pressure.contact_history_send(contact_pressure.contact_history)
RETURNS bytea
AS 'MODULE_PATHNAME', 'contact_history_send'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;

COMMENT ON FUNCTION contact_pressure.contact_history_send(contact_pressure.contact_history) IS
'binary output function of contact_history, see doc/binary-formats.md';

CREATE TYPE contact_pressure.contact_history (
	INPUT = contact_pressure.contact_history_in,
	OUTPUT = contact_pressure.contact_history_out,
	RECEIVE = contact_pressure.contact_history_recv,
	SEND = contact_pressure.contact_history_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = extended
);

COMMENT ON TYPE contact_pressure.contact_history IS
'one person''s contacts, past and planned: [{"at":"2026-11-01T09:00:00Z","channel":"email","purpose":"newsletter"}]';

-- --- casts

CREATE FUNCTION contact_pressure.contact_history_from_jsonb(jsonb)
RETURNS contact_pressure.contact_history
AS 'MODULE_PATHNAME', 'contact_history_from_jsonb'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;

COMMENT ON FUNCTION contact_pressure.contact_history_from_jsonb(jsonb) IS
'the history that a jsonb array of contacts describes';

CREATE FUNCTION contact_pressure.contact_history_to_jsonb(contact_pressure.contact_history)
RETURNS jsonb
AS 'MODULE_PATHNAME', 'contact_history_to_jsonb'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;

COMMENT ON FUNCTION contact_pressure.contact_history_to_jsonb(contact_pressure.contact_history) IS
'the contacts of a history as a jsonb array';

CREATE CAST (jsonb AS contact_pressure.contact_history)
	WITH FUNCTION contact_pressure.contact_history_from_jsonb(jsonb);

COMMENT ON CAST (jsonb AS contact_pressure.contact_history) IS
'the history that a jsonb array of contacts describes';

CREATE CAST (contact_pressure.contact_history AS jsonb)
	WITH FUNCTION contact_pressure.contact_history_to_jsonb(contact_pressure.contact_history);

COMMENT ON CAST (contact_pressure.contact_history AS jsonb) IS
'the contacts of a history as a jsonb array';

-- --- order and hash: equal histories have identical bytes

CREATE FUNCTION contact_pressure.contact_history_eq(contact_pressure.contact_history, contact_pressure.contact_history)
RETURNS boolean
AS 'MODULE_PATHNAME', 'contact_history_eq'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.contact_history_eq(contact_pressure.contact_history, contact_pressure.contact_history) IS
'implementation of the = operator';

CREATE FUNCTION contact_pressure.contact_history_ne(contact_pressure.contact_history, contact_pressure.contact_history)
RETURNS boolean
AS 'MODULE_PATHNAME', 'contact_history_ne'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.contact_history_ne(contact_pressure.contact_history, contact_pressure.contact_history) IS
'implementation of the <> operator';

CREATE FUNCTION contact_pressure.contact_history_lt(contact_pressure.contact_history, contact_pressure.contact_history)
RETURNS boolean
AS 'MODULE_PATHNAME', 'contact_history_lt'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.contact_history_lt(contact_pressure.contact_history, contact_pressure.contact_history) IS
'implementation of the < operator';

CREATE FUNCTION contact_pressure.contact_history_le(contact_pressure.contact_history, contact_pressure.contact_history)
RETURNS boolean
AS 'MODULE_PATHNAME', 'contact_history_le'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.contact_history_le(contact_pressure.contact_history, contact_pressure.contact_history) IS
'implementation of the <= operator';

CREATE FUNCTION contact_pressure.contact_history_gt(contact_pressure.contact_history, contact_pressure.contact_history)
RETURNS boolean
AS 'MODULE_PATHNAME', 'contact_history_gt'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.contact_history_gt(contact_pressure.contact_history, contact_pressure.contact_history) IS
'implementation of the > operator';

CREATE FUNCTION contact_pressure.contact_history_ge(contact_pressure.contact_history, contact_pressure.contact_history)
RETURNS boolean
AS 'MODULE_PATHNAME', 'contact_history_ge'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.contact_history_ge(contact_pressure.contact_history, contact_pressure.contact_history) IS
'implementation of the >= operator';

CREATE OPERATOR contact_pressure.= (
	LEFTARG = contact_pressure.contact_history,
	RIGHTARG = contact_pressure.contact_history,
	FUNCTION = contact_pressure.contact_history_eq,
	COMMUTATOR = OPERATOR(contact_pressure.=),
	NEGATOR = OPERATOR(contact_pressure.<>),
	HASHES,
	MERGES,
	RESTRICT = eqsel,
	JOIN = eqjoinsel
);

COMMENT ON OPERATOR contact_pressure.= (contact_pressure.contact_history, contact_pressure.contact_history) IS
'same contacts, same horizon';

CREATE OPERATOR contact_pressure.<> (
	LEFTARG = contact_pressure.contact_history,
	RIGHTARG = contact_pressure.contact_history,
	FUNCTION = contact_pressure.contact_history_ne,
	COMMUTATOR = OPERATOR(contact_pressure.<>),
	NEGATOR = OPERATOR(contact_pressure.=),
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);

COMMENT ON OPERATOR contact_pressure.<> (contact_pressure.contact_history, contact_pressure.contact_history) IS
'different contacts or horizon';

CREATE OPERATOR contact_pressure.< (
	LEFTARG = contact_pressure.contact_history,
	RIGHTARG = contact_pressure.contact_history,
	FUNCTION = contact_pressure.contact_history_lt,
	COMMUTATOR = OPERATOR(contact_pressure.>),
	NEGATOR = OPERATOR(contact_pressure.>=),
	RESTRICT = scalarltsel,
	JOIN = scalarltjoinsel
);

COMMENT ON OPERATOR contact_pressure.< (contact_pressure.contact_history, contact_pressure.contact_history) IS
'before, in an order by bytes that serves sorting only';

CREATE OPERATOR contact_pressure.<= (
	LEFTARG = contact_pressure.contact_history,
	RIGHTARG = contact_pressure.contact_history,
	FUNCTION = contact_pressure.contact_history_le,
	COMMUTATOR = OPERATOR(contact_pressure.>=),
	NEGATOR = OPERATOR(contact_pressure.>),
	RESTRICT = scalarlesel,
	JOIN = scalarlejoinsel
);

COMMENT ON OPERATOR contact_pressure.<= (contact_pressure.contact_history, contact_pressure.contact_history) IS
'before or equal, in an order by bytes that serves sorting only';

CREATE OPERATOR contact_pressure.> (
	LEFTARG = contact_pressure.contact_history,
	RIGHTARG = contact_pressure.contact_history,
	FUNCTION = contact_pressure.contact_history_gt,
	COMMUTATOR = OPERATOR(contact_pressure.<),
	NEGATOR = OPERATOR(contact_pressure.<=),
	RESTRICT = scalargtsel,
	JOIN = scalargtjoinsel
);

COMMENT ON OPERATOR contact_pressure.> (contact_pressure.contact_history, contact_pressure.contact_history) IS
'after, in an order by bytes that serves sorting only';

CREATE OPERATOR contact_pressure.>= (
	LEFTARG = contact_pressure.contact_history,
	RIGHTARG = contact_pressure.contact_history,
	FUNCTION = contact_pressure.contact_history_ge,
	COMMUTATOR = OPERATOR(contact_pressure.<=),
	NEGATOR = OPERATOR(contact_pressure.<),
	RESTRICT = scalargesel,
	JOIN = scalargejoinsel
);

COMMENT ON OPERATOR contact_pressure.>= (contact_pressure.contact_history, contact_pressure.contact_history) IS
'after or equal, in an order by bytes that serves sorting only';

CREATE FUNCTION contact_pressure.contact_history_cmp(contact_pressure.contact_history, contact_pressure.contact_history)
RETURNS integer
AS 'MODULE_PATHNAME', 'contact_history_cmp'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.contact_history_cmp(contact_pressure.contact_history, contact_pressure.contact_history) IS
'less-equal-greater, for btree indexes and sorting';

CREATE FUNCTION contact_pressure.contact_history_hash(contact_pressure.contact_history)
RETURNS integer
AS 'MODULE_PATHNAME', 'contact_history_hash'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.contact_history_hash(contact_pressure.contact_history) IS
'hash of a history';

CREATE FUNCTION contact_pressure.contact_history_hash_extended(contact_pressure.contact_history, bigint)
RETURNS bigint
AS 'MODULE_PATHNAME', 'contact_history_hash_extended'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.contact_history_hash_extended(contact_pressure.contact_history, bigint) IS
'hash of a history, with a seed';

CREATE OPERATOR FAMILY contact_pressure.contact_history_ops USING btree;

COMMENT ON OPERATOR FAMILY contact_pressure.contact_history_ops USING btree IS
'the order of histories, by bytes';

CREATE OPERATOR CLASS contact_pressure.contact_history_ops
DEFAULT FOR TYPE contact_pressure.contact_history USING btree
FAMILY contact_pressure.contact_history_ops AS
	OPERATOR 1 contact_pressure.<,
	OPERATOR 2 contact_pressure.<=,
	OPERATOR 3 contact_pressure.=,
	OPERATOR 4 contact_pressure.>=,
	OPERATOR 5 contact_pressure.>,
	FUNCTION 1 contact_pressure.contact_history_cmp(contact_pressure.contact_history, contact_pressure.contact_history);

COMMENT ON OPERATOR CLASS contact_pressure.contact_history_ops USING btree IS
'the order of histories, by bytes';

CREATE OPERATOR FAMILY contact_pressure.contact_history_ops USING hash;

COMMENT ON OPERATOR FAMILY contact_pressure.contact_history_ops USING hash IS
'equality of histories';

CREATE OPERATOR CLASS contact_pressure.contact_history_ops
DEFAULT FOR TYPE contact_pressure.contact_history USING hash
FAMILY contact_pressure.contact_history_ops AS
	OPERATOR 1 contact_pressure.=,
	FUNCTION 1 contact_pressure.contact_history_hash(contact_pressure.contact_history),
	FUNCTION 2 contact_pressure.contact_history_hash_extended(contact_pressure.contact_history, bigint);

COMMENT ON OPERATOR CLASS contact_pressure.contact_history_ops USING hash IS
'equality of histories';

-- --- aggregates

CREATE FUNCTION contact_pressure.contact_history_final(contact_pressure.contact_history)
RETURNS contact_pressure.contact_history
AS 'MODULE_PATHNAME', 'contact_history_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;

COMMENT ON FUNCTION contact_pressure.contact_history_final(contact_pressure.contact_history) IS
'final function of the aggregates contact_history';

CREATE FUNCTION contact_pressure.contact_history_combine(contact_pressure.contact_history, contact_pressure.contact_history)
RETURNS contact_pressure.contact_history
AS 'MODULE_PATHNAME', 'contact_history_merge_transition'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.contact_history_combine(contact_pressure.contact_history, contact_pressure.contact_history) IS
'combine function of the aggregates contact_history';

CREATE FUNCTION contact_pressure.contact_history_transition(contact_pressure.contact_history, timestamptz, text)
RETURNS contact_pressure.contact_history
AS 'MODULE_PATHNAME', 'contact_history_transition'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.contact_history_transition(contact_pressure.contact_history, timestamptz, text) IS
'transition function of contact_history(timestamptz, text)';

CREATE AGGREGATE contact_pressure.contact_history(at timestamptz, channel text) (
	SFUNC = contact_pressure.contact_history_transition,
	STYPE = contact_pressure.contact_history,
	SSPACE = 256,
	FINALFUNC = contact_pressure.contact_history_final,
	COMBINEFUNC = contact_pressure.contact_history_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE contact_pressure.contact_history(timestamptz, text) IS
'a history from the rows of a log: time and channel; the purpose is marketing';

CREATE FUNCTION contact_pressure.contact_history_transition(contact_pressure.contact_history, timestamptz, text, text)
RETURNS contact_pressure.contact_history
AS 'MODULE_PATHNAME', 'contact_history_transition'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.contact_history_transition(contact_pressure.contact_history, timestamptz, text, text) IS
'transition function of contact_history(timestamptz, text, text)';

CREATE AGGREGATE contact_pressure.contact_history(at timestamptz, channel text, purpose text) (
	SFUNC = contact_pressure.contact_history_transition,
	STYPE = contact_pressure.contact_history,
	SSPACE = 256,
	FINALFUNC = contact_pressure.contact_history_final,
	COMBINEFUNC = contact_pressure.contact_history_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE contact_pressure.contact_history(timestamptz, text, text) IS
'a history from the rows of a log: time, channel and purpose (NULL: marketing)';

CREATE FUNCTION contact_pressure.contact_history_transition(contact_pressure.contact_history, timestamptz, text, text, float8)
RETURNS contact_pressure.contact_history
AS 'MODULE_PATHNAME', 'contact_history_transition'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.contact_history_transition(contact_pressure.contact_history, timestamptz, text, text, float8) IS
'transition function of contact_history(timestamptz, text, text, float8)';

CREATE AGGREGATE contact_pressure.contact_history(at timestamptz, channel text, purpose text, weight float8) (
	SFUNC = contact_pressure.contact_history_transition,
	STYPE = contact_pressure.contact_history,
	SSPACE = 256,
	FINALFUNC = contact_pressure.contact_history_final,
	COMBINEFUNC = contact_pressure.contact_history_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE contact_pressure.contact_history(timestamptz, text, text, float8) IS
'a history from the rows of a log: time, channel, purpose and weight (NULL: none of its own)';

CREATE FUNCTION contact_pressure.contact_history_transition(contact_pressure.contact_history, timestamptz, text, text, float8, text)
RETURNS contact_pressure.contact_history
AS 'MODULE_PATHNAME', 'contact_history_transition'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.contact_history_transition(contact_pressure.contact_history, timestamptz, text, text, float8, text) IS
'transition function of contact_history(timestamptz, text, text, float8, text)';

CREATE AGGREGATE contact_pressure.contact_history(at timestamptz, channel text, purpose text, weight float8, outcome text) (
	SFUNC = contact_pressure.contact_history_transition,
	STYPE = contact_pressure.contact_history,
	SSPACE = 256,
	FINALFUNC = contact_pressure.contact_history_final,
	COMBINEFUNC = contact_pressure.contact_history_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE contact_pressure.contact_history(timestamptz, text, text, float8, text) IS
'a history from the rows of a log: time, channel, purpose, weight and outcome (NULL: sent)';

CREATE FUNCTION contact_pressure.contact_history_transition(contact_pressure.contact_history, timestamptz, text, text, float8, text, timestamptz)
RETURNS contact_pressure.contact_history
AS 'MODULE_PATHNAME', 'contact_history_transition'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.contact_history_transition(contact_pressure.contact_history, timestamptz, text, text, float8, text, timestamptz) IS
'transition function of contact_history(timestamptz, text, text, float8, text, timestamptz)';

CREATE AGGREGATE contact_pressure.contact_history(at timestamptz, channel text, purpose text, weight float8, outcome text, answered_at timestamptz) (
	SFUNC = contact_pressure.contact_history_transition,
	STYPE = contact_pressure.contact_history,
	SSPACE = 256,
	FINALFUNC = contact_pressure.contact_history_final,
	COMBINEFUNC = contact_pressure.contact_history_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE contact_pressure.contact_history(timestamptz, text, text, float8, text, timestamptz) IS
'a history from the rows of a log: time, channel, purpose, weight, outcome and when it was answered (NULL: not known)';

CREATE FUNCTION contact_pressure.contact_history_merge_transition(contact_pressure.contact_history, contact_pressure.contact_history)
RETURNS contact_pressure.contact_history
AS 'MODULE_PATHNAME', 'contact_history_merge_transition'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.contact_history_merge_transition(contact_pressure.contact_history, contact_pressure.contact_history) IS
'transition function of contact_history(contact_history)';

CREATE AGGREGATE contact_pressure.contact_history(history contact_pressure.contact_history) (
	SFUNC = contact_pressure.contact_history_merge_transition,
	STYPE = contact_pressure.contact_history,
	SSPACE = 512,
	FINALFUNC = contact_pressure.contact_history_final,
	COMBINEFUNC = contact_pressure.contact_history_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE contact_pressure.contact_history(contact_pressure.contact_history) IS
'all contacts of all histories';

-- --- histories from histories

CREATE FUNCTION contact_pressure.contact_history_merge(contact_pressure.contact_history, contact_pressure.contact_history)
RETURNS contact_pressure.contact_history
AS 'MODULE_PATHNAME', 'contact_history_merge'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 20;

COMMENT ON FUNCTION contact_pressure.contact_history_merge(contact_pressure.contact_history, contact_pressure.contact_history) IS
'implementation of the || operator';

CREATE OPERATOR contact_pressure.|| (
	LEFTARG = contact_pressure.contact_history,
	RIGHTARG = contact_pressure.contact_history,
	FUNCTION = contact_pressure.contact_history_merge,
	COMMUTATOR = OPERATOR(contact_pressure.||)
);

COMMENT ON OPERATOR contact_pressure.|| (contact_pressure.contact_history, contact_pressure.contact_history) IS
'all contacts of both histories';

CREATE FUNCTION contact_pressure.add_contact(
	history contact_pressure.contact_history,
	at timestamptz,
	channel text,
	purpose text DEFAULT 'marketing',
	weight float8 DEFAULT NULL,
	outcome text DEFAULT 'sent')
RETURNS contact_pressure.contact_history
AS 'MODULE_PATHNAME', 'add_contact'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 20;

COMMENT ON FUNCTION contact_pressure.add_contact(contact_pressure.contact_history, timestamptz, text, text, float8, text) IS
'the history with one contact more; a NULL history is the empty one';

CREATE FUNCTION contact_pressure.remove_contact(
	history contact_pressure.contact_history,
	at timestamptz,
	channel text,
	purpose text DEFAULT 'marketing',
	weight float8 DEFAULT NULL,
	outcome text DEFAULT NULL)
RETURNS contact_pressure.contact_history
AS 'MODULE_PATHNAME', 'remove_contact'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 20;

COMMENT ON FUNCTION contact_pressure.remove_contact(contact_pressure.contact_history, timestamptz, text, text, float8, text) IS
'the history without that contact, one of them if there are several; weight and outcome NULL match any; an error if there is none';

CREATE FUNCTION contact_pressure.set_outcome(
	history contact_pressure.contact_history,
	at timestamptz,
	channel text,
	purpose text,
	outcome text,
	answered_at timestamptz DEFAULT NULL)
RETURNS contact_pressure.contact_history
AS 'MODULE_PATHNAME', 'set_outcome'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 20;

COMMENT ON FUNCTION contact_pressure.set_outcome(contact_pressure.contact_history, timestamptz, text, text, text, timestamptz) IS
'the history with the outcome of that contact, the least advanced if there are several, and when it was given; an error if there is none';

CREATE FUNCTION contact_pressure.trim_contacts(
	history contact_pressure.contact_history,
	before timestamptz)
RETURNS contact_pressure.contact_history
AS 'MODULE_PATHNAME', 'trim_contacts'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 20;

COMMENT ON FUNCTION contact_pressure.trim_contacts(contact_pressure.contact_history, timestamptz) IS
'the history with all contacts before an instant, its horizon, summed up by channel and purpose';

CREATE FUNCTION contact_pressure.unnest(history contact_pressure.contact_history)
RETURNS TABLE (
	at timestamptz,
	channel text,
	purpose text,
	weight float8,
	outcome text)
AS 'MODULE_PATHNAME', 'contact_history_unnest'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 20 ROWS 40;

COMMENT ON FUNCTION contact_pressure.unnest(contact_pressure.contact_history) IS
'one row for each contact that is not trimmed, in order of time';

CREATE FUNCTION contact_pressure.cardinality(history contact_pressure.contact_history)
RETURNS integer
AS 'MODULE_PATHNAME', 'contact_history_cardinality'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.cardinality(contact_pressure.contact_history) IS
'number of contacts that are not trimmed, whatever their outcome';

-- --- questions; a NULL history is the empty one

CREATE FUNCTION contact_pressure.contact_count(
	history contact_pressure.contact_history,
	within interval,
	as_of timestamptz,
	channel text DEFAULT NULL,
	purpose text DEFAULT NULL,
	zone text DEFAULT 'UTC')
RETURNS integer
AS 'MODULE_PATHNAME', 'contact_count'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;

COMMENT ON FUNCTION contact_pressure.contact_count(contact_pressure.contact_history, interval, timestamptz, text, text, text) IS
'number of counted contacts with at <= as_of < at + within, of a channel and purpose or of any';

CREATE FUNCTION contact_pressure.contact_pressure(
	history contact_pressure.contact_history,
	within interval,
	as_of timestamptz,
	channel text DEFAULT NULL,
	purpose text DEFAULT NULL,
	zone text DEFAULT 'UTC')
RETURNS float8
AS 'MODULE_PATHNAME', 'contact_pressure'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;

COMMENT ON FUNCTION contact_pressure.contact_pressure(contact_pressure.contact_history, interval, timestamptz, text, text, text) IS
'sum of the weights of the counted contacts with at <= as_of < at + within; a contact without a weight of its own weighs 1';

CREATE FUNCTION contact_pressure.contact_peak(
	history contact_pressure.contact_history,
	within interval,
	channel text DEFAULT NULL,
	purpose text DEFAULT NULL,
	zone text DEFAULT 'UTC')
RETURNS integer
AS 'MODULE_PATHNAME', 'contact_peak'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50;

COMMENT ON FUNCTION contact_pressure.contact_peak(contact_pressure.contact_history, interval, text, text, text) IS
'the most counted contacts in any window of that length';

CREATE FUNCTION contact_pressure.last_contact_at(
	history contact_pressure.contact_history,
	channel text DEFAULT NULL,
	purpose text DEFAULT NULL,
	as_of timestamptz DEFAULT 'infinity')
RETURNS timestamptz
AS 'MODULE_PATHNAME', 'last_contact_at'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;

COMMENT ON FUNCTION contact_pressure.last_contact_at(contact_pressure.contact_history, text, text, timestamptz) IS
'time of the last counted contact up to as_of, NULL if there is none';

CREATE FUNCTION contact_pressure.unanswered(
	history contact_pressure.contact_history,
	channel text DEFAULT NULL,
	purpose text DEFAULT NULL,
	as_of timestamptz DEFAULT 'infinity',
	answer text DEFAULT 'opened')
RETURNS integer
AS 'MODULE_PATHNAME', 'unanswered'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 20;

COMMENT ON FUNCTION contact_pressure.unanswered(contact_pressure.contact_history, text, text, timestamptz, text) IS
'number of contacts sent up to as_of since the latest answer: an outcome like that or better';

CREATE FUNCTION contact_pressure.engagement(
	history contact_pressure.contact_history,
	as_of timestamptz)
RETURNS text
AS 'MODULE_PATHNAME', 'engagement'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 20;

COMMENT ON FUNCTION contact_pressure.engagement(contact_pressure.contact_history, timestamptz) IS
'how somebody takes our messages: engaged (an answer within the last 90 days), fading (one before that), unresponsive (none) or never_contacted';

CREATE FUNCTION contact_pressure.engagement_changes_at(
	history contact_pressure.contact_history,
	as_of timestamptz)
RETURNS timestamptz
AS 'MODULE_PATHNAME', 'engagement_changes_at'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 20;

COMMENT ON FUNCTION contact_pressure.engagement_changes_at(contact_pressure.contact_history, timestamptz) IS
'the first instant after as_of at which engagement() is another one, going by what the history holds; infinity when it stays';

CREATE FUNCTION contact_pressure.rolling_contacts(at timestamptz, within interval)
RETURNS integer
AS 'MODULE_PATHNAME', 'rolling_contacts'
LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rolling_contacts(timestamptz, interval) IS
'rolling_contacts(at, within) OVER (PARTITION BY who ORDER BY at): rows of the partition with their time <= at < their time + within';
