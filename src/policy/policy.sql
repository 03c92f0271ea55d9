-- src/policy/policy.sql: the type contact_policy

CREATE TYPE contact_pressure.contact_policy;

-- --- text and binary

CREATE FUNCTION contact_pressure.contact_policy_in(cstring)
RETURNS contact_pressure.contact_policy
AS 'MODULE_PATHNAME', 'contact_policy_in'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION contact_pressure.contact_policy_in(cstring) IS
	'I/O: checks and compiles the text of a policy';

CREATE FUNCTION contact_pressure.contact_policy_out(
	contact_pressure.contact_policy)
RETURNS cstring
AS 'MODULE_PATHNAME', 'contact_policy_out'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION contact_pressure.contact_policy_out(
	contact_pressure.contact_policy) IS
	'I/O: the canonical text of a policy';

CREATE FUNCTION contact_pressure.contact_policy_recv(internal)
RETURNS contact_pressure.contact_policy
AS 'MODULE_PATHNAME', 'contact_policy_recv'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION contact_pressure.contact_policy_recv(internal) IS
	'I/O: a policy from its wire format, a version byte and the text';

CREATE FUNCTION contact_pressure.contact_policy_send(
	contact_pressure.contact_policy)
RETURNS bytea
AS 'MODULE_PATHNAME', 'contact_policy_send'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION contact_pressure.contact_policy_send(
	contact_pressure.contact_policy) IS
	'I/O: a policy in its wire format, a version byte and the text';

-- Compiled for use in place; double, because it holds 64-bit integers.
CREATE TYPE contact_pressure.contact_policy (
	INPUT = contact_pressure.contact_policy_in,
	OUTPUT = contact_pressure.contact_policy_out,
	RECEIVE = contact_pressure.contact_policy_recv,
	SEND = contact_pressure.contact_policy_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE contact_pressure.contact_policy IS
	'a contact policy: who may be contacted when, how often and for what';

-- --- comparison: equal policies have equal canonical text

CREATE FUNCTION contact_pressure.contact_policy_eq(
	contact_pressure.contact_policy, contact_pressure.contact_policy)
RETURNS boolean
AS 'MODULE_PATHNAME', 'contact_policy_eq'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION contact_pressure.contact_policy_eq(
	contact_pressure.contact_policy, contact_pressure.contact_policy) IS
	'implementation of = operator';

CREATE FUNCTION contact_pressure.contact_policy_ne(
	contact_pressure.contact_policy, contact_pressure.contact_policy)
RETURNS boolean
AS 'MODULE_PATHNAME', 'contact_policy_ne'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION contact_pressure.contact_policy_ne(
	contact_pressure.contact_policy, contact_pressure.contact_policy) IS
	'implementation of <> operator';

CREATE FUNCTION contact_pressure.contact_policy_lt(
	contact_pressure.contact_policy, contact_pressure.contact_policy)
RETURNS boolean
AS 'MODULE_PATHNAME', 'contact_policy_lt'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION contact_pressure.contact_policy_lt(
	contact_pressure.contact_policy, contact_pressure.contact_policy) IS
	'implementation of < operator';

CREATE FUNCTION contact_pressure.contact_policy_le(
	contact_pressure.contact_policy, contact_pressure.contact_policy)
RETURNS boolean
AS 'MODULE_PATHNAME', 'contact_policy_le'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION contact_pressure.contact_policy_le(
	contact_pressure.contact_policy, contact_pressure.contact_policy) IS
	'implementation of <= operator';

CREATE FUNCTION contact_pressure.contact_policy_gt(
	contact_pressure.contact_policy, contact_pressure.contact_policy)
RETURNS boolean
AS 'MODULE_PATHNAME', 'contact_policy_gt'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION contact_pressure.contact_policy_gt(
	contact_pressure.contact_policy, contact_pressure.contact_policy) IS
	'implementation of > operator';

CREATE FUNCTION contact_pressure.contact_policy_ge(
	contact_pressure.contact_policy, contact_pressure.contact_policy)
RETURNS boolean
AS 'MODULE_PATHNAME', 'contact_policy_ge'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION contact_pressure.contact_policy_ge(
	contact_pressure.contact_policy, contact_pressure.contact_policy) IS
	'implementation of >= operator';

CREATE FUNCTION contact_pressure.contact_policy_cmp(
	contact_pressure.contact_policy, contact_pressure.contact_policy)
RETURNS integer
AS 'MODULE_PATHNAME', 'contact_policy_cmp'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION contact_pressure.contact_policy_cmp(
	contact_pressure.contact_policy, contact_pressure.contact_policy) IS
	'less-equal-greater comparison; the order has no meaning';

CREATE FUNCTION contact_pressure.contact_policy_hash(
	contact_pressure.contact_policy)
RETURNS integer
AS 'MODULE_PATHNAME', 'contact_policy_hash'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION contact_pressure.contact_policy_hash(
	contact_pressure.contact_policy) IS
	'hash of a policy';

CREATE FUNCTION contact_pressure.contact_policy_hash_extended(
	contact_pressure.contact_policy, bigint)
RETURNS bigint
AS 'MODULE_PATHNAME', 'contact_policy_hash_extended'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION contact_pressure.contact_policy_hash_extended(
	contact_pressure.contact_policy, bigint) IS
	'hash of a policy with a seed';

CREATE OPERATOR contact_pressure.= (
	LEFTARG = contact_pressure.contact_policy,
	RIGHTARG = contact_pressure.contact_policy,
	FUNCTION = contact_pressure.contact_policy_eq,
	COMMUTATOR = OPERATOR(contact_pressure.=),
	NEGATOR = OPERATOR(contact_pressure.<>),
	RESTRICT = eqsel,
	JOIN = eqjoinsel,
	HASHES,
	MERGES
);
COMMENT ON OPERATOR contact_pressure.= (
	contact_pressure.contact_policy, contact_pressure.contact_policy) IS
	'the same policy: equal canonical text';

CREATE OPERATOR contact_pressure.<> (
	LEFTARG = contact_pressure.contact_policy,
	RIGHTARG = contact_pressure.contact_policy,
	FUNCTION = contact_pressure.contact_policy_ne,
	COMMUTATOR = OPERATOR(contact_pressure.<>),
	NEGATOR = OPERATOR(contact_pressure.=),
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);
COMMENT ON OPERATOR contact_pressure.<> (
	contact_pressure.contact_policy, contact_pressure.contact_policy) IS
	'not the same policy';

CREATE OPERATOR contact_pressure.< (
	LEFTARG = contact_pressure.contact_policy,
	RIGHTARG = contact_pressure.contact_policy,
	FUNCTION = contact_pressure.contact_policy_lt,
	COMMUTATOR = OPERATOR(contact_pressure.>),
	NEGATOR = OPERATOR(contact_pressure.>=),
	RESTRICT = scalarltsel,
	JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR contact_pressure.< (
	contact_pressure.contact_policy, contact_pressure.contact_policy) IS
	'less than, in an order that has no meaning';

CREATE OPERATOR contact_pressure.<= (
	LEFTARG = contact_pressure.contact_policy,
	RIGHTARG = contact_pressure.contact_policy,
	FUNCTION = contact_pressure.contact_policy_le,
	COMMUTATOR = OPERATOR(contact_pressure.>=),
	NEGATOR = OPERATOR(contact_pressure.>),
	RESTRICT = scalarlesel,
	JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR contact_pressure.<= (
	contact_pressure.contact_policy, contact_pressure.contact_policy) IS
	'less than or equal, in an order that has no meaning';

CREATE OPERATOR contact_pressure.> (
	LEFTARG = contact_pressure.contact_policy,
	RIGHTARG = contact_pressure.contact_policy,
	FUNCTION = contact_pressure.contact_policy_gt,
	COMMUTATOR = OPERATOR(contact_pressure.<),
	NEGATOR = OPERATOR(contact_pressure.<=),
	RESTRICT = scalargtsel,
	JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR contact_pressure.> (
	contact_pressure.contact_policy, contact_pressure.contact_policy) IS
	'greater than, in an order that has no meaning';

CREATE OPERATOR contact_pressure.>= (
	LEFTARG = contact_pressure.contact_policy,
	RIGHTARG = contact_pressure.contact_policy,
	FUNCTION = contact_pressure.contact_policy_ge,
	COMMUTATOR = OPERATOR(contact_pressure.<=),
	NEGATOR = OPERATOR(contact_pressure.<),
	RESTRICT = scalargesel,
	JOIN = scalargejoinsel
);
COMMENT ON OPERATOR contact_pressure.>= (
	contact_pressure.contact_policy, contact_pressure.contact_policy) IS
	'greater than or equal, in an order that has no meaning';

CREATE OPERATOR FAMILY contact_pressure.contact_policy_ops USING btree;
COMMENT ON OPERATOR FAMILY contact_pressure.contact_policy_ops USING btree IS
	'comparison of policies';

CREATE OPERATOR CLASS contact_pressure.contact_policy_ops
	DEFAULT FOR TYPE contact_pressure.contact_policy USING btree
	FAMILY contact_pressure.contact_policy_ops AS
	OPERATOR 1 contact_pressure.<,
	OPERATOR 2 contact_pressure.<=,
	OPERATOR 3 contact_pressure.=,
	OPERATOR 4 contact_pressure.>=,
	OPERATOR 5 contact_pressure.>,
	FUNCTION 1 contact_pressure.contact_policy_cmp(
		contact_pressure.contact_policy, contact_pressure.contact_policy);
COMMENT ON OPERATOR CLASS contact_pressure.contact_policy_ops USING btree IS
	'sorting, grouping and indexing of policies';

CREATE OPERATOR FAMILY contact_pressure.contact_policy_ops USING hash;
COMMENT ON OPERATOR FAMILY contact_pressure.contact_policy_ops USING hash IS
	'hashing of policies';

CREATE OPERATOR CLASS contact_pressure.contact_policy_ops
	DEFAULT FOR TYPE contact_pressure.contact_policy USING hash
	FAMILY contact_pressure.contact_policy_ops AS
	OPERATOR 1 contact_pressure.=,
	FUNCTION 1 contact_pressure.contact_policy_hash(
		contact_pressure.contact_policy),
	FUNCTION 2 contact_pressure.contact_policy_hash_extended(
		contact_pressure.contact_policy, bigint);
COMMENT ON OPERATOR CLASS contact_pressure.contact_policy_ops USING hash IS
	'hash joins, grouping and partitioning by policy';

-- --- joining

-- Not strict: NULL is no rule, and must not lift the rules it is joined to.
CREATE FUNCTION contact_pressure.contact_policy_concat(
	contact_pressure.contact_policy, contact_pressure.contact_policy)
RETURNS contact_pressure.contact_policy
AS 'MODULE_PATHNAME', 'contact_policy_concat'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50;
COMMENT ON FUNCTION contact_pressure.contact_policy_concat(
	contact_pressure.contact_policy, contact_pressure.contact_policy) IS
	'implementation of || operator';

CREATE OPERATOR contact_pressure.|| (
	LEFTARG = contact_pressure.contact_policy,
	RIGHTARG = contact_pressure.contact_policy,
	FUNCTION = contact_pressure.contact_policy_concat
);
COMMENT ON OPERATOR contact_pressure.|| (
	contact_pressure.contact_policy, contact_pressure.contact_policy) IS
	'the layers of the second policy after those of the first; NULL adds nothing';
