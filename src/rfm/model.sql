/* rfm_model: the score thresholds of a population; rfm_score */

CREATE TYPE contact_pressure.rfm_model;

-- --- input and output

CREATE FUNCTION contact_pressure.rfm_model_in(cstring)
RETURNS contact_pressure.rfm_model
AS 'MODULE_PATHNAME', 'rfm_model_in'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;

COMMENT ON FUNCTION contact_pressure.rfm_model_in(cstring) IS
'input function of rfm_model: a JSON object with method, thresholds and population';

CREATE FUNCTION contact_pressure.rfm_model_out(contact_pressure.rfm_model)
RETURNS cstring
AS 'MODULE_PATHNAME', 'rfm_model_out'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;

COMMENT ON FUNCTION contact_pressure.rfm_model_out(
	contact_pressure.rfm_model) IS
'output function of rfm_model: a JSON object with method, thresholds and population';

CREATE FUNCTION contact_pressure.rfm_model_recv(internal)
RETURNS contact_pressure.rfm_model
AS 'MODULE_PATHNAME', 'rfm_model_recv'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rfm_model_recv(internal) IS
'binary input function of rfm_model, see doc/binary-formats.md';

CREATE FUNCTION contact_pressure.rfm_model_send(contact_pressure.rfm_model)
RETURNS bytea
AS 'MODULE_PATHNAME', 'rfm_model_send'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rfm_model_send(
	contact_pressure.rfm_model) IS
'binary output function of rfm_model, see doc/binary-formats.md';

CREATE TYPE contact_pressure.rfm_model (
	INPUT = contact_pressure.rfm_model_in,
	OUTPUT = contact_pressure.rfm_model_out,
	RECEIVE = contact_pressure.rfm_model_recv,
	SEND = contact_pressure.rfm_model_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = plain
);

COMMENT ON TYPE contact_pressure.rfm_model IS
'the score thresholds of a population: {"method":"custom","zone":"UTC","recency":[30,90,180,365],"frequency":[1,2,4,8],"monetary":[50,100,200,500]}';

-- --- casts

CREATE FUNCTION contact_pressure.rfm_model_from_jsonb(jsonb)
RETURNS contact_pressure.rfm_model
AS 'MODULE_PATHNAME', 'rfm_model_from_jsonb'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;

COMMENT ON FUNCTION contact_pressure.rfm_model_from_jsonb(jsonb) IS
'the model that a jsonb object describes';

CREATE FUNCTION contact_pressure.rfm_model_to_jsonb(
	contact_pressure.rfm_model)
RETURNS jsonb
AS 'MODULE_PATHNAME', 'rfm_model_to_jsonb'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;

COMMENT ON FUNCTION contact_pressure.rfm_model_to_jsonb(
	contact_pressure.rfm_model) IS
'a model as a jsonb object';

CREATE CAST (jsonb AS contact_pressure.rfm_model)
	WITH FUNCTION contact_pressure.rfm_model_from_jsonb(jsonb);

COMMENT ON CAST (jsonb AS contact_pressure.rfm_model) IS
'the model that a jsonb object describes';

CREATE CAST (contact_pressure.rfm_model AS jsonb)
	WITH FUNCTION contact_pressure.rfm_model_to_jsonb(contact_pressure.rfm_model);

COMMENT ON CAST (contact_pressure.rfm_model AS jsonb) IS
'a model as a jsonb object';

-- --- order and hash: equal models have identical bytes

CREATE FUNCTION contact_pressure.rfm_model_eq(
	contact_pressure.rfm_model,
	contact_pressure.rfm_model)
RETURNS boolean
AS 'MODULE_PATHNAME', 'rfm_model_eq'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rfm_model_eq(
	contact_pressure.rfm_model, contact_pressure.rfm_model) IS
'implementation of the = operator';

CREATE FUNCTION contact_pressure.rfm_model_ne(
	contact_pressure.rfm_model,
	contact_pressure.rfm_model)
RETURNS boolean
AS 'MODULE_PATHNAME', 'rfm_model_ne'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rfm_model_ne(
	contact_pressure.rfm_model, contact_pressure.rfm_model) IS
'implementation of the <> operator';

CREATE FUNCTION contact_pressure.rfm_model_lt(
	contact_pressure.rfm_model,
	contact_pressure.rfm_model)
RETURNS boolean
AS 'MODULE_PATHNAME', 'rfm_model_lt'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rfm_model_lt(
	contact_pressure.rfm_model, contact_pressure.rfm_model) IS
'implementation of the < operator';

CREATE FUNCTION contact_pressure.rfm_model_le(
	contact_pressure.rfm_model,
	contact_pressure.rfm_model)
RETURNS boolean
AS 'MODULE_PATHNAME', 'rfm_model_le'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rfm_model_le(
	contact_pressure.rfm_model, contact_pressure.rfm_model) IS
'implementation of the <= operator';

CREATE FUNCTION contact_pressure.rfm_model_gt(
	contact_pressure.rfm_model,
	contact_pressure.rfm_model)
RETURNS boolean
AS 'MODULE_PATHNAME', 'rfm_model_gt'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rfm_model_gt(
	contact_pressure.rfm_model, contact_pressure.rfm_model) IS
'implementation of the > operator';

CREATE FUNCTION contact_pressure.rfm_model_ge(
	contact_pressure.rfm_model,
	contact_pressure.rfm_model)
RETURNS boolean
AS 'MODULE_PATHNAME', 'rfm_model_ge'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rfm_model_ge(
	contact_pressure.rfm_model, contact_pressure.rfm_model) IS
'implementation of the >= operator';

CREATE OPERATOR contact_pressure.= (
	LEFTARG = contact_pressure.rfm_model,
	RIGHTARG = contact_pressure.rfm_model,
	FUNCTION = contact_pressure.rfm_model_eq,
	COMMUTATOR = OPERATOR(contact_pressure.=),
	NEGATOR = OPERATOR(contact_pressure.<>),
	HASHES,
	MERGES,
	RESTRICT = eqsel,
	JOIN = eqjoinsel
);

COMMENT ON OPERATOR contact_pressure.= (contact_pressure.rfm_model, contact_pressure.rfm_model) IS
'the same model';

CREATE OPERATOR contact_pressure.<> (
	LEFTARG = contact_pressure.rfm_model,
	RIGHTARG = contact_pressure.rfm_model,
	FUNCTION = contact_pressure.rfm_model_ne,
	COMMUTATOR = OPERATOR(contact_pressure.<>),
	NEGATOR = OPERATOR(contact_pressure.=),
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);

COMMENT ON OPERATOR contact_pressure.<> (contact_pressure.rfm_model, contact_pressure.rfm_model) IS
'not the same model';

CREATE OPERATOR contact_pressure.< (
	LEFTARG = contact_pressure.rfm_model,
	RIGHTARG = contact_pressure.rfm_model,
	FUNCTION = contact_pressure.rfm_model_lt,
	COMMUTATOR = OPERATOR(contact_pressure.>),
	NEGATOR = OPERATOR(contact_pressure.>=),
	RESTRICT = scalarltsel,
	JOIN = scalarltjoinsel
);

COMMENT ON OPERATOR contact_pressure.< (contact_pressure.rfm_model, contact_pressure.rfm_model) IS
'less than, in an order that has no meaning';

CREATE OPERATOR contact_pressure.<= (
	LEFTARG = contact_pressure.rfm_model,
	RIGHTARG = contact_pressure.rfm_model,
	FUNCTION = contact_pressure.rfm_model_le,
	COMMUTATOR = OPERATOR(contact_pressure.>=),
	NEGATOR = OPERATOR(contact_pressure.>),
	RESTRICT = scalarlesel,
	JOIN = scalarlejoinsel
);

COMMENT ON OPERATOR contact_pressure.<= (contact_pressure.rfm_model, contact_pressure.rfm_model) IS
'less than or equal, in an order that has no meaning';

CREATE OPERATOR contact_pressure.> (
	LEFTARG = contact_pressure.rfm_model,
	RIGHTARG = contact_pressure.rfm_model,
	FUNCTION = contact_pressure.rfm_model_gt,
	COMMUTATOR = OPERATOR(contact_pressure.<),
	NEGATOR = OPERATOR(contact_pressure.<=),
	RESTRICT = scalargtsel,
	JOIN = scalargtjoinsel
);

COMMENT ON OPERATOR contact_pressure.> (contact_pressure.rfm_model, contact_pressure.rfm_model) IS
'greater than, in an order that has no meaning';

CREATE OPERATOR contact_pressure.>= (
	LEFTARG = contact_pressure.rfm_model,
	RIGHTARG = contact_pressure.rfm_model,
	FUNCTION = contact_pressure.rfm_model_ge,
	COMMUTATOR = OPERATOR(contact_pressure.<=),
	NEGATOR = OPERATOR(contact_pressure.<),
	RESTRICT = scalargesel,
	JOIN = scalargejoinsel
);

COMMENT ON OPERATOR contact_pressure.>= (contact_pressure.rfm_model, contact_pressure.rfm_model) IS
'greater than or equal, in an order that has no meaning';

CREATE FUNCTION contact_pressure.rfm_model_cmp(
	contact_pressure.rfm_model,
	contact_pressure.rfm_model)
RETURNS integer
AS 'MODULE_PATHNAME', 'rfm_model_cmp'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rfm_model_cmp(
	contact_pressure.rfm_model, contact_pressure.rfm_model) IS
'three-way comparison';

CREATE FUNCTION contact_pressure.rfm_model_hash(contact_pressure.rfm_model)
RETURNS integer
AS 'MODULE_PATHNAME', 'rfm_model_hash'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rfm_model_hash(
	contact_pressure.rfm_model) IS
'hash function';

CREATE FUNCTION contact_pressure.rfm_model_hash_extended(
	contact_pressure.rfm_model,
	bigint)
RETURNS bigint
AS 'MODULE_PATHNAME', 'rfm_model_hash_extended'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rfm_model_hash_extended(
	contact_pressure.rfm_model, bigint) IS
'hash function with a seed';

CREATE OPERATOR FAMILY contact_pressure.rfm_model_ops USING btree;

COMMENT ON OPERATOR FAMILY contact_pressure.rfm_model_ops USING btree IS
'sorting of models';

CREATE OPERATOR CLASS contact_pressure.rfm_model_ops
	DEFAULT FOR TYPE contact_pressure.rfm_model USING btree
	FAMILY contact_pressure.rfm_model_ops AS
	OPERATOR 1 contact_pressure.<,
	OPERATOR 2 contact_pressure.<=,
	OPERATOR 3 contact_pressure.=,
	OPERATOR 4 contact_pressure.>=,
	OPERATOR 5 contact_pressure.>,
	FUNCTION 1 contact_pressure.rfm_model_cmp(
		contact_pressure.rfm_model, contact_pressure.rfm_model);

COMMENT ON OPERATOR CLASS contact_pressure.rfm_model_ops USING btree IS
'sorting, grouping and indexing of models';

CREATE OPERATOR FAMILY contact_pressure.rfm_model_ops USING hash;

COMMENT ON OPERATOR FAMILY contact_pressure.rfm_model_ops USING hash IS
'hashing of models';

CREATE OPERATOR CLASS contact_pressure.rfm_model_ops
	DEFAULT FOR TYPE contact_pressure.rfm_model USING hash
	FAMILY contact_pressure.rfm_model_ops AS
	OPERATOR 1 contact_pressure.=,
	FUNCTION 1 contact_pressure.rfm_model_hash(contact_pressure.rfm_model),
	FUNCTION 2 contact_pressure.rfm_model_hash_extended(
		contact_pressure.rfm_model, bigint);

COMMENT ON OPERATOR CLASS contact_pressure.rfm_model_ops USING hash IS
'hash joins, grouping and partitioning by models';

-- --- making models

CREATE FUNCTION contact_pressure.rfm_model(
	recency float8[],
	frequency float8[],
	monetary float8[],
	method text DEFAULT 'custom',
	zone text DEFAULT 'UTC')
RETURNS contact_pressure.rfm_model
AS 'MODULE_PATHNAME', 'rfm_model_make'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;

COMMENT ON FUNCTION contact_pressure.rfm_model(
	float8[], float8[], float8[], text, text) IS
'a model of one''s own cut points, ascending, one less than there are scores; a value must be more than a cut point to pass it (method r_rfm: at least it)';

CREATE FUNCTION contact_pressure.rfm_model_accum(
	internal,
	contact_pressure.rfm,
	timestamptz)
RETURNS internal
AS 'MODULE_PATHNAME', 'rfm_model_accum'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2;

COMMENT ON FUNCTION contact_pressure.rfm_model_accum(
	internal, contact_pressure.rfm, timestamptz) IS
'transition function of the aggregate rfm_model';

CREATE FUNCTION contact_pressure.rfm_model_accum(
	internal,
	contact_pressure.rfm,
	timestamptz,
	integer)
RETURNS internal
AS 'MODULE_PATHNAME', 'rfm_model_accum'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2;

COMMENT ON FUNCTION contact_pressure.rfm_model_accum(
	internal, contact_pressure.rfm, timestamptz, integer) IS
'transition function of the aggregate rfm_model';

CREATE FUNCTION contact_pressure.rfm_model_accum(
	internal,
	contact_pressure.rfm,
	timestamptz,
	integer,
	text)
RETURNS internal
AS 'MODULE_PATHNAME', 'rfm_model_accum'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2;

COMMENT ON FUNCTION contact_pressure.rfm_model_accum(
	internal, contact_pressure.rfm, timestamptz, integer, text) IS
'transition function of the aggregate rfm_model';

CREATE FUNCTION contact_pressure.rfm_model_accum(
	internal,
	contact_pressure.rfm,
	timestamptz,
	integer,
	text,
	text)
RETURNS internal
AS 'MODULE_PATHNAME', 'rfm_model_accum'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2;

COMMENT ON FUNCTION contact_pressure.rfm_model_accum(
	internal, contact_pressure.rfm, timestamptz, integer, text, text) IS
'transition function of the aggregate rfm_model';

CREATE FUNCTION contact_pressure.rfm_model_combine(internal, internal)
RETURNS internal
AS 'MODULE_PATHNAME', 'rfm_model_combine'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;

COMMENT ON FUNCTION contact_pressure.rfm_model_combine(internal, internal) IS
'combine function of the aggregate rfm_model';

CREATE FUNCTION contact_pressure.rfm_model_serial(internal)
RETURNS bytea
AS 'MODULE_PATHNAME', 'rfm_model_serial'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;

COMMENT ON FUNCTION contact_pressure.rfm_model_serial(internal) IS
'serialization function of the aggregate rfm_model';

CREATE FUNCTION contact_pressure.rfm_model_deserial(bytea, internal)
RETURNS internal
AS 'MODULE_PATHNAME', 'rfm_model_deserial'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;

COMMENT ON FUNCTION contact_pressure.rfm_model_deserial(bytea, internal) IS
'deserialization function of the aggregate rfm_model';

CREATE FUNCTION contact_pressure.rfm_model_final(internal)
RETURNS contact_pressure.rfm_model
AS 'MODULE_PATHNAME', 'rfm_model_final'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100000;

COMMENT ON FUNCTION contact_pressure.rfm_model_final(internal) IS
'final function of the aggregate rfm_model: sorts, and finds the thresholds';

CREATE AGGREGATE contact_pressure.rfm_model(summary contact_pressure.rfm, as_of timestamptz) (
	SFUNC = contact_pressure.rfm_model_accum,
	STYPE = internal,
	SSPACE = 1048576,
	FINALFUNC = contact_pressure.rfm_model_final,
	COMBINEFUNC = contact_pressure.rfm_model_combine,
	SERIALFUNC = contact_pressure.rfm_model_serial,
	DESERIALFUNC = contact_pressure.rfm_model_deserial,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE contact_pressure.rfm_model(contact_pressure.rfm, timestamptz) IS
'the model of all customers with an order: 5 scores a dimension, thresholds by percentile_disc';

CREATE AGGREGATE contact_pressure.rfm_model(summary contact_pressure.rfm, as_of timestamptz, bins integer) (
	SFUNC = contact_pressure.rfm_model_accum,
	STYPE = internal,
	SSPACE = 1048576,
	FINALFUNC = contact_pressure.rfm_model_final,
	COMBINEFUNC = contact_pressure.rfm_model_combine,
	SERIALFUNC = contact_pressure.rfm_model_serial,
	DESERIALFUNC = contact_pressure.rfm_model_deserial,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE contact_pressure.rfm_model(contact_pressure.rfm, timestamptz, integer) IS
'the model of all customers with an order: so many scores a dimension, thresholds by percentile_disc';

CREATE AGGREGATE contact_pressure.rfm_model(summary contact_pressure.rfm, as_of timestamptz, bins integer, method text) (
	SFUNC = contact_pressure.rfm_model_accum,
	STYPE = internal,
	SSPACE = 1048576,
	FINALFUNC = contact_pressure.rfm_model_final,
	COMBINEFUNC = contact_pressure.rfm_model_combine,
	SERIALFUNC = contact_pressure.rfm_model_serial,
	DESERIALFUNC = contact_pressure.rfm_model_deserial,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE contact_pressure.rfm_model(contact_pressure.rfm, timestamptz, integer, text) IS
'the model of all customers with an order: so many scores a dimension, thresholds by method disc, cont, r_rfm or rank';

CREATE AGGREGATE contact_pressure.rfm_model(summary contact_pressure.rfm, as_of timestamptz, bins integer, method text, zone text) (
	SFUNC = contact_pressure.rfm_model_accum,
	STYPE = internal,
	SSPACE = 1048576,
	FINALFUNC = contact_pressure.rfm_model_final,
	COMBINEFUNC = contact_pressure.rfm_model_combine,
	SERIALFUNC = contact_pressure.rfm_model_serial,
	DESERIALFUNC = contact_pressure.rfm_model_deserial,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE contact_pressure.rfm_model(contact_pressure.rfm, timestamptz, integer, text, text) IS
'the model of all customers with an order: the same with recency counted in dates of a time zone';

-- --- what a model says

CREATE FUNCTION contact_pressure.rfm_model_bins(
	model contact_pressure.rfm_model,
	OUT dimension text,
	OUT score integer,
	OUT lower float8,
	OUT upper float8,
	OUT customers bigint,
	OUT meaning text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'rfm_model_bins'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10 ROWS 15;

COMMENT ON FUNCTION contact_pressure.rfm_model_bins(contact_pressure.rfm_model) IS
'what each score of each dimension stands for, and how many customers of the model have it';

-- --- rfm_score: three digits, an int2 inside

CREATE TYPE contact_pressure.rfm_score;

CREATE FUNCTION contact_pressure.rfm_score_in(cstring)
RETURNS contact_pressure.rfm_score
AS 'MODULE_PATHNAME', 'rfm_score_in'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;

COMMENT ON FUNCTION contact_pressure.rfm_score_in(cstring) IS
'input function of rfm_score: three digits from 1 to 9';

CREATE FUNCTION contact_pressure.rfm_score_out(contact_pressure.rfm_score)
RETURNS cstring
AS 'MODULE_PATHNAME', 'rfm_score_out'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;

COMMENT ON FUNCTION contact_pressure.rfm_score_out(
	contact_pressure.rfm_score) IS
'output function of rfm_score: three digits from 1 to 9';

CREATE FUNCTION contact_pressure.rfm_score_recv(internal)
RETURNS contact_pressure.rfm_score
AS 'MODULE_PATHNAME', 'rfm_score_recv'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rfm_score_recv(internal) IS
'binary input function of rfm_score, see doc/binary-formats.md';

CREATE FUNCTION contact_pressure.rfm_score_send(contact_pressure.rfm_score)
RETURNS bytea
AS 'MODULE_PATHNAME', 'rfm_score_send'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rfm_score_send(
	contact_pressure.rfm_score) IS
'binary output function of rfm_score, see doc/binary-formats.md';

CREATE TYPE contact_pressure.rfm_score (
	INPUT = contact_pressure.rfm_score_in,
	OUTPUT = contact_pressure.rfm_score_out,
	RECEIVE = contact_pressure.rfm_score_recv,
	SEND = contact_pressure.rfm_score_send,
	INTERNALLENGTH = 2,
	PASSEDBYVALUE,
	ALIGNMENT = int2
);

COMMENT ON TYPE contact_pressure.rfm_score IS
'the scores of recency, frequency and monetary, such as 543; the highest is best';

CREATE FUNCTION contact_pressure.rfm_score_eq(
	contact_pressure.rfm_score,
	contact_pressure.rfm_score)
RETURNS boolean
AS 'int2eq'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rfm_score_eq(
	contact_pressure.rfm_score, contact_pressure.rfm_score) IS
'implementation of the = operator';

CREATE FUNCTION contact_pressure.rfm_score_ne(
	contact_pressure.rfm_score,
	contact_pressure.rfm_score)
RETURNS boolean
AS 'int2ne'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rfm_score_ne(
	contact_pressure.rfm_score, contact_pressure.rfm_score) IS
'implementation of the <> operator';

CREATE FUNCTION contact_pressure.rfm_score_lt(
	contact_pressure.rfm_score,
	contact_pressure.rfm_score)
RETURNS boolean
AS 'int2lt'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rfm_score_lt(
	contact_pressure.rfm_score, contact_pressure.rfm_score) IS
'implementation of the < operator';

CREATE FUNCTION contact_pressure.rfm_score_le(
	contact_pressure.rfm_score,
	contact_pressure.rfm_score)
RETURNS boolean
AS 'int2le'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rfm_score_le(
	contact_pressure.rfm_score, contact_pressure.rfm_score) IS
'implementation of the <= operator';

CREATE FUNCTION contact_pressure.rfm_score_gt(
	contact_pressure.rfm_score,
	contact_pressure.rfm_score)
RETURNS boolean
AS 'int2gt'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rfm_score_gt(
	contact_pressure.rfm_score, contact_pressure.rfm_score) IS
'implementation of the > operator';

CREATE FUNCTION contact_pressure.rfm_score_ge(
	contact_pressure.rfm_score,
	contact_pressure.rfm_score)
RETURNS boolean
AS 'int2ge'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rfm_score_ge(
	contact_pressure.rfm_score, contact_pressure.rfm_score) IS
'implementation of the >= operator';

CREATE OPERATOR contact_pressure.= (
	LEFTARG = contact_pressure.rfm_score,
	RIGHTARG = contact_pressure.rfm_score,
	FUNCTION = contact_pressure.rfm_score_eq,
	COMMUTATOR = OPERATOR(contact_pressure.=),
	NEGATOR = OPERATOR(contact_pressure.<>),
	HASHES,
	MERGES,
	RESTRICT = eqsel,
	JOIN = eqjoinsel
);

COMMENT ON OPERATOR contact_pressure.= (contact_pressure.rfm_score, contact_pressure.rfm_score) IS
'the same score';

CREATE OPERATOR contact_pressure.<> (
	LEFTARG = contact_pressure.rfm_score,
	RIGHTARG = contact_pressure.rfm_score,
	FUNCTION = contact_pressure.rfm_score_ne,
	COMMUTATOR = OPERATOR(contact_pressure.<>),
	NEGATOR = OPERATOR(contact_pressure.=),
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);

COMMENT ON OPERATOR contact_pressure.<> (contact_pressure.rfm_score, contact_pressure.rfm_score) IS
'not the same score';

CREATE OPERATOR contact_pressure.< (
	LEFTARG = contact_pressure.rfm_score,
	RIGHTARG = contact_pressure.rfm_score,
	FUNCTION = contact_pressure.rfm_score_lt,
	COMMUTATOR = OPERATOR(contact_pressure.>),
	NEGATOR = OPERATOR(contact_pressure.>=),
	RESTRICT = scalarltsel,
	JOIN = scalarltjoinsel
);

COMMENT ON OPERATOR contact_pressure.< (contact_pressure.rfm_score, contact_pressure.rfm_score) IS
'lower recency; then lower frequency; then lower monetary';

CREATE OPERATOR contact_pressure.<= (
	LEFTARG = contact_pressure.rfm_score,
	RIGHTARG = contact_pressure.rfm_score,
	FUNCTION = contact_pressure.rfm_score_le,
	COMMUTATOR = OPERATOR(contact_pressure.>=),
	NEGATOR = OPERATOR(contact_pressure.>),
	RESTRICT = scalarlesel,
	JOIN = scalarlejoinsel
);

COMMENT ON OPERATOR contact_pressure.<= (contact_pressure.rfm_score, contact_pressure.rfm_score) IS
'lower or the same: by recency, then frequency, then monetary';

CREATE OPERATOR contact_pressure.> (
	LEFTARG = contact_pressure.rfm_score,
	RIGHTARG = contact_pressure.rfm_score,
	FUNCTION = contact_pressure.rfm_score_gt,
	COMMUTATOR = OPERATOR(contact_pressure.<),
	NEGATOR = OPERATOR(contact_pressure.<=),
	RESTRICT = scalargtsel,
	JOIN = scalargtjoinsel
);

COMMENT ON OPERATOR contact_pressure.> (contact_pressure.rfm_score, contact_pressure.rfm_score) IS
'higher recency; then higher frequency; then higher monetary';

CREATE OPERATOR contact_pressure.>= (
	LEFTARG = contact_pressure.rfm_score,
	RIGHTARG = contact_pressure.rfm_score,
	FUNCTION = contact_pressure.rfm_score_ge,
	COMMUTATOR = OPERATOR(contact_pressure.<=),
	NEGATOR = OPERATOR(contact_pressure.<),
	RESTRICT = scalargesel,
	JOIN = scalargejoinsel
);

COMMENT ON OPERATOR contact_pressure.>= (contact_pressure.rfm_score, contact_pressure.rfm_score) IS
'higher or the same: by recency, then frequency, then monetary';

CREATE FUNCTION contact_pressure.rfm_score_cmp(
	contact_pressure.rfm_score,
	contact_pressure.rfm_score)
RETURNS integer
AS 'btint2cmp'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rfm_score_cmp(
	contact_pressure.rfm_score, contact_pressure.rfm_score) IS
'three-way comparison';

CREATE FUNCTION contact_pressure.rfm_score_hash(contact_pressure.rfm_score)
RETURNS integer
AS 'hashint2'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rfm_score_hash(
	contact_pressure.rfm_score) IS
'hash function';

CREATE FUNCTION contact_pressure.rfm_score_hash_extended(
	contact_pressure.rfm_score,
	bigint)
RETURNS bigint
AS 'hashint2extended'
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rfm_score_hash_extended(
	contact_pressure.rfm_score, bigint) IS
'hash function with a seed';

CREATE OPERATOR FAMILY contact_pressure.rfm_score_ops USING btree;

COMMENT ON OPERATOR FAMILY contact_pressure.rfm_score_ops USING btree IS
'sorting of scores';

CREATE OPERATOR CLASS contact_pressure.rfm_score_ops
	DEFAULT FOR TYPE contact_pressure.rfm_score USING btree
	FAMILY contact_pressure.rfm_score_ops AS
	OPERATOR 1 contact_pressure.<,
	OPERATOR 2 contact_pressure.<=,
	OPERATOR 3 contact_pressure.=,
	OPERATOR 4 contact_pressure.>=,
	OPERATOR 5 contact_pressure.>,
	FUNCTION 1 contact_pressure.rfm_score_cmp(
		contact_pressure.rfm_score, contact_pressure.rfm_score);

COMMENT ON OPERATOR CLASS contact_pressure.rfm_score_ops USING btree IS
'sorting, grouping and indexing of scores';

CREATE OPERATOR FAMILY contact_pressure.rfm_score_ops USING hash;

COMMENT ON OPERATOR FAMILY contact_pressure.rfm_score_ops USING hash IS
'hashing of scores';

CREATE OPERATOR CLASS contact_pressure.rfm_score_ops
	DEFAULT FOR TYPE contact_pressure.rfm_score USING hash
	FAMILY contact_pressure.rfm_score_ops AS
	OPERATOR 1 contact_pressure.=,
	FUNCTION 1 contact_pressure.rfm_score_hash(contact_pressure.rfm_score),
	FUNCTION 2 contact_pressure.rfm_score_hash_extended(
		contact_pressure.rfm_score, bigint);

COMMENT ON OPERATOR CLASS contact_pressure.rfm_score_ops USING hash IS
'hash joins, grouping and partitioning by scores';

CREATE FUNCTION contact_pressure.rfm_score(
	summary contact_pressure.rfm,
	model contact_pressure.rfm_model,
	as_of timestamptz)
RETURNS contact_pressure.rfm_score
AS 'MODULE_PATHNAME', 'rfm_score_by_model'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 3;

COMMENT ON FUNCTION contact_pressure.rfm_score(
	contact_pressure.rfm, contact_pressure.rfm_model, timestamptz) IS
'the score of a customer by a stored model; null without orders, an error when the last order is after as_of';

CREATE FUNCTION contact_pressure.rescore_at(
	summary contact_pressure.rfm,
	model contact_pressure.rfm_model,
	as_of timestamptz)
RETURNS timestamptz
AS 'MODULE_PATHNAME', 'rescore_at'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 3;

COMMENT ON FUNCTION contact_pressure.rescore_at(
	contact_pressure.rfm, contact_pressure.rfm_model, timestamptz) IS
'the first instant after as_of at which rfm_score() is another one when nothing is bought; infinity when it stays';

CREATE FUNCTION contact_pressure.recency_score(contact_pressure.rfm_score)
RETURNS integer
AS 'MODULE_PATHNAME', 'recency_score'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.recency_score(
	contact_pressure.rfm_score) IS
'the digit of recency';

CREATE FUNCTION contact_pressure.frequency_score(contact_pressure.rfm_score)
RETURNS integer
AS 'MODULE_PATHNAME', 'frequency_score'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.frequency_score(
	contact_pressure.rfm_score) IS
'the digit of frequency';

CREATE FUNCTION contact_pressure.monetary_score(contact_pressure.rfm_score)
RETURNS integer
AS 'MODULE_PATHNAME', 'monetary_score'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.monetary_score(
	contact_pressure.rfm_score) IS
'the digit of monetary';

CREATE FUNCTION contact_pressure.rfm_total(contact_pressure.rfm_score)
RETURNS integer
AS 'MODULE_PATHNAME', 'rfm_total'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.rfm_total(contact_pressure.rfm_score) IS
'the sum of the three digits';

CREATE FUNCTION contact_pressure.rfm_letters(
	score contact_pressure.rfm_score,
	bins integer DEFAULT 5)
RETURNS text
AS 'MODULE_PATHNAME', 'rfm_letters'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;

COMMENT ON FUNCTION contact_pressure.rfm_letters(
	contact_pressure.rfm_score, integer) IS
'the score in letters: AAA is the best of so many bins';

CREATE FUNCTION contact_pressure.rfm_letters(
	score contact_pressure.rfm_score,
	model contact_pressure.rfm_model)
RETURNS text
AS 'MODULE_PATHNAME', 'rfm_letters_by_model'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;

COMMENT ON FUNCTION contact_pressure.rfm_letters(
	contact_pressure.rfm_score, contact_pressure.rfm_model) IS
'the score in letters: AAA is the best that the model gives';
