/* rfm: one person's purchases in four figures */

CREATE TYPE contact_pressure.rfm;

-- --- input and output

CREATE FUNCTION contact_pressure.rfm_in(cstring)
RETURNS contact_pressure.rfm
AS 'MODULE_PATHNAME', 'rfm_in'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;

COMMENT ON FUNCTION contact_pressure.rfm_in(cstring) IS
'input function of rfm: a JSON object with first_order_at, last_order_at, orders and amount';

CREATE FUNCTION contact_pressure.rfm_out(contact_pressure.rfm)
RETURNS cstring
AS 'MODULE_PATHNAME', 'rfm_out'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;

COMMENT ON FUNCTION contact_pressure.rfm_out(contact_pressure.rfm) IS
'output function of rfm: a JSON object with first_order_at, last_order_at, orders and amount';

CREATE FUNCTION contact_pressure.rfm_recv(internal)
RETURNS contact_pressure.rfm
AS 'MODULE_PATHNAME', 'rfm_recv'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rfm_recv(internal) IS
'binary input function of rfm, see doc/binary-formats.md';

CREATE FUNCTION contact_pressure.rfm_send(contact_pressure.rfm)
RETURNS bytea
AS 'MODULE_PATHNAME', 'rfm_send'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rfm_send(contact_pressure.rfm) IS
'binary output function of rfm, see doc/binary-formats.md';

-- Plain and aligned: read in place, and changed in place by the aggregates.
CREATE TYPE contact_pressure.rfm (
	INPUT = contact_pressure.rfm_in,
	OUTPUT = contact_pressure.rfm_out,
	RECEIVE = contact_pressure.rfm_recv,
	SEND = contact_pressure.rfm_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = plain
);

COMMENT ON TYPE contact_pressure.rfm IS
'one person''s purchases: {"first_order_at":"2026-01-05T10:00:00Z","last_order_at":"2026-03-01T16:30:00Z","orders":3,"amount":123.45}';

-- --- casts

CREATE FUNCTION contact_pressure.rfm_from_jsonb(jsonb)
RETURNS contact_pressure.rfm
AS 'MODULE_PATHNAME', 'rfm_from_jsonb'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;

COMMENT ON FUNCTION contact_pressure.rfm_from_jsonb(jsonb) IS
'the purchase summary that a jsonb object describes';

CREATE FUNCTION contact_pressure.rfm_to_jsonb(contact_pressure.rfm)
RETURNS jsonb
AS 'MODULE_PATHNAME', 'rfm_to_jsonb'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;

COMMENT ON FUNCTION contact_pressure.rfm_to_jsonb(contact_pressure.rfm) IS
'a purchase summary as a jsonb object';

CREATE CAST (jsonb AS contact_pressure.rfm)
	WITH FUNCTION contact_pressure.rfm_from_jsonb(jsonb);

COMMENT ON CAST (jsonb AS contact_pressure.rfm) IS
'the purchase summary that a jsonb object describes';

CREATE CAST (contact_pressure.rfm AS jsonb)
	WITH FUNCTION contact_pressure.rfm_to_jsonb(contact_pressure.rfm);

COMMENT ON CAST (contact_pressure.rfm AS jsonb) IS
'a purchase summary as a jsonb object';

-- --- order and hash: 1.0 and 1.00 are the same amount

CREATE FUNCTION contact_pressure.rfm_eq(
	contact_pressure.rfm,
	contact_pressure.rfm)
RETURNS boolean
AS 'MODULE_PATHNAME', 'rfm_eq'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rfm_eq(
	contact_pressure.rfm, contact_pressure.rfm) IS
'implementation of the = operator';

CREATE FUNCTION contact_pressure.rfm_ne(
	contact_pressure.rfm,
	contact_pressure.rfm)
RETURNS boolean
AS 'MODULE_PATHNAME', 'rfm_ne'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rfm_ne(
	contact_pressure.rfm, contact_pressure.rfm) IS
'implementation of the <> operator';

CREATE FUNCTION contact_pressure.rfm_lt(
	contact_pressure.rfm,
	contact_pressure.rfm)
RETURNS boolean
AS 'MODULE_PATHNAME', 'rfm_lt'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rfm_lt(
	contact_pressure.rfm, contact_pressure.rfm) IS
'implementation of the < operator';

CREATE FUNCTION contact_pressure.rfm_le(
	contact_pressure.rfm,
	contact_pressure.rfm)
RETURNS boolean
AS 'MODULE_PATHNAME', 'rfm_le'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rfm_le(
	contact_pressure.rfm, contact_pressure.rfm) IS
'implementation of the <= operator';

CREATE FUNCTION contact_pressure.rfm_gt(
	contact_pressure.rfm,
	contact_pressure.rfm)
RETURNS boolean
AS 'MODULE_PATHNAME', 'rfm_gt'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rfm_gt(
	contact_pressure.rfm, contact_pressure.rfm) IS
'implementation of the > operator';

CREATE FUNCTION contact_pressure.rfm_ge(
	contact_pressure.rfm,
	contact_pressure.rfm)
RETURNS boolean
AS 'MODULE_PATHNAME', 'rfm_ge'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rfm_ge(
	contact_pressure.rfm, contact_pressure.rfm) IS
'implementation of the >= operator';

CREATE OPERATOR contact_pressure.= (
	LEFTARG = contact_pressure.rfm,
	RIGHTARG = contact_pressure.rfm,
	FUNCTION = contact_pressure.rfm_eq,
	COMMUTATOR = OPERATOR(contact_pressure.=),
	NEGATOR = OPERATOR(contact_pressure.<>),
	HASHES,
	MERGES,
	RESTRICT = eqsel,
	JOIN = eqjoinsel
);

COMMENT ON OPERATOR contact_pressure.= (contact_pressure.rfm, contact_pressure.rfm) IS
'the same last and first order, number of orders and amount';

CREATE OPERATOR contact_pressure.<> (
	LEFTARG = contact_pressure.rfm,
	RIGHTARG = contact_pressure.rfm,
	FUNCTION = contact_pressure.rfm_ne,
	COMMUTATOR = OPERATOR(contact_pressure.<>),
	NEGATOR = OPERATOR(contact_pressure.=),
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);

COMMENT ON OPERATOR contact_pressure.<> (contact_pressure.rfm, contact_pressure.rfm) IS
'not the same summary';

CREATE OPERATOR contact_pressure.< (
	LEFTARG = contact_pressure.rfm,
	RIGHTARG = contact_pressure.rfm,
	FUNCTION = contact_pressure.rfm_lt,
	COMMUTATOR = OPERATOR(contact_pressure.>),
	NEGATOR = OPERATOR(contact_pressure.>=),
	RESTRICT = scalarltsel,
	JOIN = scalarltjoinsel
);

COMMENT ON OPERATOR contact_pressure.< (contact_pressure.rfm, contact_pressure.rfm) IS
'earlier last order; then fewer orders; then a smaller amount';

CREATE OPERATOR contact_pressure.<= (
	LEFTARG = contact_pressure.rfm,
	RIGHTARG = contact_pressure.rfm,
	FUNCTION = contact_pressure.rfm_le,
	COMMUTATOR = OPERATOR(contact_pressure.>=),
	NEGATOR = OPERATOR(contact_pressure.>),
	RESTRICT = scalarlesel,
	JOIN = scalarlejoinsel
);

COMMENT ON OPERATOR contact_pressure.<= (contact_pressure.rfm, contact_pressure.rfm) IS
'less than or equal: by last order, then orders, then amount';

CREATE OPERATOR contact_pressure.> (
	LEFTARG = contact_pressure.rfm,
	RIGHTARG = contact_pressure.rfm,
	FUNCTION = contact_pressure.rfm_gt,
	COMMUTATOR = OPERATOR(contact_pressure.<),
	NEGATOR = OPERATOR(contact_pressure.<=),
	RESTRICT = scalargtsel,
	JOIN = scalargtjoinsel
);

COMMENT ON OPERATOR contact_pressure.> (contact_pressure.rfm, contact_pressure.rfm) IS
'later last order; then more orders; then a larger amount';

CREATE OPERATOR contact_pressure.>= (
	LEFTARG = contact_pressure.rfm,
	RIGHTARG = contact_pressure.rfm,
	FUNCTION = contact_pressure.rfm_ge,
	COMMUTATOR = OPERATOR(contact_pressure.<=),
	NEGATOR = OPERATOR(contact_pressure.<),
	RESTRICT = scalargesel,
	JOIN = scalargejoinsel
);

COMMENT ON OPERATOR contact_pressure.>= (contact_pressure.rfm, contact_pressure.rfm) IS
'greater than or equal: by last order, then orders, then amount';

CREATE FUNCTION contact_pressure.rfm_cmp(
	contact_pressure.rfm,
	contact_pressure.rfm)
RETURNS integer
AS 'MODULE_PATHNAME', 'rfm_cmp'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rfm_cmp(
	contact_pressure.rfm, contact_pressure.rfm) IS
'three-way comparison';

CREATE FUNCTION contact_pressure.rfm_hash(contact_pressure.rfm)
RETURNS integer
AS 'MODULE_PATHNAME', 'rfm_hash'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rfm_hash(contact_pressure.rfm) IS
'hash function';

CREATE FUNCTION contact_pressure.rfm_hash_extended(
	contact_pressure.rfm,
	bigint)
RETURNS bigint
AS 'MODULE_PATHNAME', 'rfm_hash_extended'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rfm_hash_extended(
	contact_pressure.rfm, bigint) IS
'hash function with a seed';

CREATE OPERATOR FAMILY contact_pressure.rfm_ops USING btree;

COMMENT ON OPERATOR FAMILY contact_pressure.rfm_ops USING btree IS
'sorting of purchase summaries';

CREATE OPERATOR CLASS contact_pressure.rfm_ops
	DEFAULT FOR TYPE contact_pressure.rfm USING btree
	FAMILY contact_pressure.rfm_ops AS
	OPERATOR 1 contact_pressure.<,
	OPERATOR 2 contact_pressure.<=,
	OPERATOR 3 contact_pressure.=,
	OPERATOR 4 contact_pressure.>=,
	OPERATOR 5 contact_pressure.>,
	FUNCTION 1 contact_pressure.rfm_cmp(
		contact_pressure.rfm, contact_pressure.rfm);

COMMENT ON OPERATOR CLASS contact_pressure.rfm_ops USING btree IS
'sorting, grouping and indexing of purchase summaries';

CREATE OPERATOR FAMILY contact_pressure.rfm_ops USING hash;

COMMENT ON OPERATOR FAMILY contact_pressure.rfm_ops USING hash IS
'hashing of purchase summaries';

CREATE OPERATOR CLASS contact_pressure.rfm_ops
	DEFAULT FOR TYPE contact_pressure.rfm USING hash
	FAMILY contact_pressure.rfm_ops AS
	OPERATOR 1 contact_pressure.=,
	FUNCTION 1 contact_pressure.rfm_hash(contact_pressure.rfm),
	FUNCTION 2 contact_pressure.rfm_hash_extended(
		contact_pressure.rfm, bigint);

COMMENT ON OPERATOR CLASS contact_pressure.rfm_ops USING hash IS
'hash joins, grouping and partitioning by purchase summaries';

-- --- making summaries

CREATE FUNCTION contact_pressure.rfm(
	first_order_at timestamptz,
	last_order_at timestamptz,
	orders bigint,
	amount numeric)
RETURNS contact_pressure.rfm
AS 'MODULE_PATHNAME', 'rfm_make'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 5;

COMMENT ON FUNCTION contact_pressure.rfm(
	timestamptz, timestamptz, bigint, numeric) IS
'a summary from figures that are there for each customer; first_order_at may be null when it is not known';

CREATE FUNCTION contact_pressure.rfm_add(
	contact_pressure.rfm,
	contact_pressure.rfm)
RETURNS contact_pressure.rfm
AS 'MODULE_PATHNAME', 'rfm_add'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rfm_add(
	contact_pressure.rfm, contact_pressure.rfm) IS
'implementation of the + operator';

CREATE OPERATOR contact_pressure.+ (
	LEFTARG = contact_pressure.rfm,
	RIGHTARG = contact_pressure.rfm,
	FUNCTION = contact_pressure.rfm_add,
	COMMUTATOR = OPERATOR(contact_pressure.+)
);

COMMENT ON OPERATOR contact_pressure.+ (contact_pressure.rfm, contact_pressure.rfm) IS
'two parts of one person''s purchases as one summary';

CREATE FUNCTION contact_pressure.rfm_accum(
	contact_pressure.rfm,
	timestamptz,
	numeric)
RETURNS contact_pressure.rfm
AS 'MODULE_PATHNAME', 'rfm_accum'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rfm_accum(
	contact_pressure.rfm, timestamptz, numeric) IS
'one more order, or refund, in a summary; transition function of the aggregate rfm(at, amount)';

CREATE FUNCTION contact_pressure.rfm_merge(
	contact_pressure.rfm,
	contact_pressure.rfm)
RETURNS contact_pressure.rfm
AS 'MODULE_PATHNAME', 'rfm_merge'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rfm_merge(
	contact_pressure.rfm, contact_pressure.rfm) IS
'two summaries as one; transition and combine function of the aggregates rfm';

CREATE AGGREGATE contact_pressure.rfm(at timestamptz, amount numeric) (
	SFUNC = contact_pressure.rfm_accum,
	STYPE = contact_pressure.rfm,
	SSPACE = 48,
	COMBINEFUNC = contact_pressure.rfm_merge,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE contact_pressure.rfm(timestamptz, numeric) IS
'the summary of a person''s orders; a negative amount is a refund, which lowers the amount and is neither order nor date; rows with a null are skipped';

CREATE AGGREGATE contact_pressure.rfm(contact_pressure.rfm) (
	SFUNC = contact_pressure.rfm_merge,
	STYPE = contact_pressure.rfm,
	SSPACE = 48,
	COMBINEFUNC = contact_pressure.rfm_merge,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE contact_pressure.rfm(contact_pressure.rfm) IS
'all parts of one person''s purchases as one summary; nulls are skipped';

-- --- what a summary says

CREATE FUNCTION contact_pressure.first_order_at(contact_pressure.rfm)
RETURNS timestamptz
AS 'MODULE_PATHNAME', 'rfm_first_order_at'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.first_order_at(contact_pressure.rfm) IS
'the time of the first order; null without orders, or when it is not known';

CREATE FUNCTION contact_pressure.last_order_at(contact_pressure.rfm)
RETURNS timestamptz
AS 'MODULE_PATHNAME', 'rfm_last_order_at'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.last_order_at(contact_pressure.rfm) IS
'the time of the last order; null without orders';

CREATE FUNCTION contact_pressure.orders(contact_pressure.rfm)
RETURNS bigint
AS 'MODULE_PATHNAME', 'rfm_orders'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.orders(contact_pressure.rfm) IS
'the number of orders, refunds not counted';

CREATE FUNCTION contact_pressure.amount(contact_pressure.rfm)
RETURNS numeric
AS 'MODULE_PATHNAME', 'rfm_amount'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.amount(contact_pressure.rfm) IS
'the exact sum of all amounts, refunds taken off';

CREATE FUNCTION contact_pressure.average_order(contact_pressure.rfm)
RETURNS numeric
AS 'MODULE_PATHNAME', 'rfm_average_order'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.average_order(contact_pressure.rfm) IS
'the amount divided by the number of orders; null without orders';

CREATE FUNCTION contact_pressure.recency_days(
	summary contact_pressure.rfm,
	as_of timestamptz,
	zone text DEFAULT 'UTC')
RETURNS integer
AS 'MODULE_PATHNAME', 'rfm_recency_days'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2;

COMMENT ON FUNCTION contact_pressure.recency_days(
	contact_pressure.rfm, timestamptz, text) IS
'calendar days from the last order to as_of, both as dates in the zone; null without orders, negative for an order after as_of';
