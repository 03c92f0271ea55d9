/* segment_map: names for regions of the score cube */

CREATE TYPE contact_pressure.segment_map;

-- --- input and output

CREATE FUNCTION contact_pressure.segment_map_in(cstring)
RETURNS contact_pressure.segment_map
AS 'MODULE_PATHNAME', 'segment_map_in'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;

COMMENT ON FUNCTION contact_pressure.segment_map_in(cstring) IS
'input function of segment_map: one line a segment';

CREATE FUNCTION contact_pressure.segment_map_out(contact_pressure.segment_map)
RETURNS cstring
AS 'MODULE_PATHNAME', 'segment_map_out'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;

COMMENT ON FUNCTION contact_pressure.segment_map_out(
	contact_pressure.segment_map) IS
'output function of segment_map: one line a segment';

CREATE FUNCTION contact_pressure.segment_map_recv(internal)
RETURNS contact_pressure.segment_map
AS 'MODULE_PATHNAME', 'segment_map_recv'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.segment_map_recv(internal) IS
'binary input function of segment_map, see doc/binary-formats.md';

CREATE FUNCTION contact_pressure.segment_map_send(
	contact_pressure.segment_map)
RETURNS bytea
AS 'MODULE_PATHNAME', 'segment_map_send'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.segment_map_send(
	contact_pressure.segment_map) IS
'binary output function of segment_map, see doc/binary-formats.md';

CREATE TYPE contact_pressure.segment_map (
	INPUT = contact_pressure.segment_map_in,
	OUTPUT = contact_pressure.segment_map_out,
	RECEIVE = contact_pressure.segment_map_recv,
	SEND = contact_pressure.segment_map_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = extended
);

COMMENT ON TYPE contact_pressure.segment_map IS
'names for regions of the score cube, first match wins: loyal champions: r 4-5, f 4-5, m 4-5; asleep: r 1-2, unengaged; else others';

-- --- order and hash: equal maps have the same text

CREATE FUNCTION contact_pressure.segment_map_eq(
	contact_pressure.segment_map,
	contact_pressure.segment_map)
RETURNS boolean
AS 'MODULE_PATHNAME', 'segment_map_eq'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.segment_map_eq(
	contact_pressure.segment_map, contact_pressure.segment_map) IS
'implementation of the = operator';

CREATE FUNCTION contact_pressure.segment_map_ne(
	contact_pressure.segment_map,
	contact_pressure.segment_map)
RETURNS boolean
AS 'MODULE_PATHNAME', 'segment_map_ne'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.segment_map_ne(
	contact_pressure.segment_map, contact_pressure.segment_map) IS
'implementation of the <> operator';

CREATE FUNCTION contact_pressure.segment_map_lt(
	contact_pressure.segment_map,
	contact_pressure.segment_map)
RETURNS boolean
AS 'MODULE_PATHNAME', 'segment_map_lt'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.segment_map_lt(
	contact_pressure.segment_map, contact_pressure.segment_map) IS
'implementation of the < operator';

CREATE FUNCTION contact_pressure.segment_map_le(
	contact_pressure.segment_map,
	contact_pressure.segment_map)
RETURNS boolean
AS 'MODULE_PATHNAME', 'segment_map_le'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.segment_map_le(
	contact_pressure.segment_map, contact_pressure.segment_map) IS
'implementation of the <= operator';

CREATE FUNCTION contact_pressure.segment_map_gt(
	contact_pressure.segment_map,
	contact_pressure.segment_map)
RETURNS boolean
AS 'MODULE_PATHNAME', 'segment_map_gt'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.segment_map_gt(
	contact_pressure.segment_map, contact_pressure.segment_map) IS
'implementation of the > operator';

CREATE FUNCTION contact_pressure.segment_map_ge(
	contact_pressure.segment_map,
	contact_pressure.segment_map)
RETURNS boolean
AS 'MODULE_PATHNAME', 'segment_map_ge'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.segment_map_ge(
	contact_pressure.segment_map, contact_pressure.segment_map) IS
'implementation of the >= operator';

CREATE OPERATOR contact_pressure.= (
	LEFTARG = contact_pressure.segment_map,
	RIGHTARG = contact_pressure.segment_map,
	FUNCTION = contact_pressure.segment_map_eq,
	COMMUTATOR = OPERATOR(contact_pressure.=),
	NEGATOR = OPERATOR(contact_pressure.<>),
	HASHES,
	MERGES,
	RESTRICT = eqsel,
	JOIN = eqjoinsel
);

COMMENT ON OPERATOR contact_pressure.= (contact_pressure.segment_map, contact_pressure.segment_map) IS
'the same lines';

CREATE OPERATOR contact_pressure.<> (
	LEFTARG = contact_pressure.segment_map,
	RIGHTARG = contact_pressure.segment_map,
	FUNCTION = contact_pressure.segment_map_ne,
	COMMUTATOR = OPERATOR(contact_pressure.<>),
	NEGATOR = OPERATOR(contact_pressure.=),
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);

COMMENT ON OPERATOR contact_pressure.<> (contact_pressure.segment_map, contact_pressure.segment_map) IS
'not the same lines';

CREATE OPERATOR contact_pressure.< (
	LEFTARG = contact_pressure.segment_map,
	RIGHTARG = contact_pressure.segment_map,
	FUNCTION = contact_pressure.segment_map_lt,
	COMMUTATOR = OPERATOR(contact_pressure.>),
	NEGATOR = OPERATOR(contact_pressure.>=),
	RESTRICT = scalarltsel,
	JOIN = scalarltjoinsel
);

COMMENT ON OPERATOR contact_pressure.< (contact_pressure.segment_map, contact_pressure.segment_map) IS
'less than, in an order that has no meaning';

CREATE OPERATOR contact_pressure.<= (
	LEFTARG = contact_pressure.segment_map,
	RIGHTARG = contact_pressure.segment_map,
	FUNCTION = contact_pressure.segment_map_le,
	COMMUTATOR = OPERATOR(contact_pressure.>=),
	NEGATOR = OPERATOR(contact_pressure.>),
	RESTRICT = scalarlesel,
	JOIN = scalarlejoinsel
);

COMMENT ON OPERATOR contact_pressure.<= (contact_pressure.segment_map, contact_pressure.segment_map) IS
'less than or equal, in an order that has no meaning';

CREATE OPERATOR contact_pressure.> (
	LEFTARG = contact_pressure.segment_map,
	RIGHTARG = contact_pressure.segment_map,
	FUNCTION = contact_pressure.segment_map_gt,
	COMMUTATOR = OPERATOR(contact_pressure.<),
	NEGATOR = OPERATOR(contact_pressure.<=),
	RESTRICT = scalargtsel,
	JOIN = scalargtjoinsel
);

COMMENT ON OPERATOR contact_pressure.> (contact_pressure.segment_map, contact_pressure.segment_map) IS
'greater than, in an order that has no meaning';

CREATE OPERATOR contact_pressure.>= (
	LEFTARG = contact_pressure.segment_map,
	RIGHTARG = contact_pressure.segment_map,
	FUNCTION = contact_pressure.segment_map_ge,
	COMMUTATOR = OPERATOR(contact_pressure.<=),
	NEGATOR = OPERATOR(contact_pressure.<),
	RESTRICT = scalargesel,
	JOIN = scalargejoinsel
);

COMMENT ON OPERATOR contact_pressure.>= (contact_pressure.segment_map, contact_pressure.segment_map) IS
'greater than or equal, in an order that has no meaning';

CREATE FUNCTION contact_pressure.segment_map_cmp(
	contact_pressure.segment_map,
	contact_pressure.segment_map)
RETURNS integer
AS 'MODULE_PATHNAME', 'segment_map_cmp'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.segment_map_cmp(
	contact_pressure.segment_map, contact_pressure.segment_map) IS
'three-way comparison';

CREATE FUNCTION contact_pressure.segment_map_hash(
	contact_pressure.segment_map)
RETURNS integer
AS 'MODULE_PATHNAME', 'segment_map_hash'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.segment_map_hash(
	contact_pressure.segment_map) IS
'hash function';

CREATE FUNCTION contact_pressure.segment_map_hash_extended(
	contact_pressure.segment_map,
	bigint)
RETURNS bigint
AS 'MODULE_PATHNAME', 'segment_map_hash_extended'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION contact_pressure.segment_map_hash_extended(
	contact_pressure.segment_map, bigint) IS
'hash function with a seed';

CREATE OPERATOR FAMILY contact_pressure.segment_map_ops USING btree;

COMMENT ON OPERATOR FAMILY contact_pressure.segment_map_ops USING btree IS
'sorting of maps';

CREATE OPERATOR CLASS contact_pressure.segment_map_ops
	DEFAULT FOR TYPE contact_pressure.segment_map USING btree
	FAMILY contact_pressure.segment_map_ops AS
	OPERATOR 1 contact_pressure.<,
	OPERATOR 2 contact_pressure.<=,
	OPERATOR 3 contact_pressure.=,
	OPERATOR 4 contact_pressure.>=,
	OPERATOR 5 contact_pressure.>,
	FUNCTION 1 contact_pressure.segment_map_cmp(
		contact_pressure.segment_map, contact_pressure.segment_map);

COMMENT ON OPERATOR CLASS contact_pressure.segment_map_ops USING btree IS
'sorting, grouping and indexing of maps';

CREATE OPERATOR FAMILY contact_pressure.segment_map_ops USING hash;

COMMENT ON OPERATOR FAMILY contact_pressure.segment_map_ops USING hash IS
'hashing of maps';

CREATE OPERATOR CLASS contact_pressure.segment_map_ops
	DEFAULT FOR TYPE contact_pressure.segment_map USING hash
	FAMILY contact_pressure.segment_map_ops AS
	OPERATOR 1 contact_pressure.=,
	FUNCTION 1 contact_pressure.segment_map_hash(contact_pressure.segment_map),
	FUNCTION 2 contact_pressure.segment_map_hash_extended(
		contact_pressure.segment_map, bigint);

COMMENT ON OPERATOR CLASS contact_pressure.segment_map_ops USING hash IS
'hash joins, grouping and partitioning by maps';

-- --- asking

CREATE FUNCTION contact_pressure.rfm_segments()
RETURNS contact_pressure.segment_map
AS 'MODULE_PATHNAME', 'rfm_segments'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;

COMMENT ON FUNCTION contact_pressure.rfm_segments() IS
'the published grid of eleven segments for scores of five bins: 125 cells, complete and disjoint';

CREATE FUNCTION contact_pressure.rfm_segment(
	score contact_pressure.rfm_score,
	map contact_pressure.segment_map DEFAULT contact_pressure.rfm_segments(),
	engagement text DEFAULT NULL)
RETURNS text
AS 'MODULE_PATHNAME', 'rfm_segment'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2;

COMMENT ON FUNCTION contact_pressure.rfm_segment(
	contact_pressure.rfm_score, contact_pressure.segment_map, text) IS
'the name of the segment of a score and, when given, an engagement: that of the first line that matches; null when none does';

CREATE FUNCTION contact_pressure.segment_rank(
	segment text,
	map contact_pressure.segment_map DEFAULT contact_pressure.rfm_segments())
RETURNS integer
AS 'MODULE_PATHNAME', 'segment_rank'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;

COMMENT ON FUNCTION contact_pressure.segment_rank(
	text, contact_pressure.segment_map) IS
'the rank of a segment in its map, 1 is the best; null when the map has no such segment';

CREATE FUNCTION contact_pressure.segment_is_loyal(
	segment text,
	map contact_pressure.segment_map DEFAULT contact_pressure.rfm_segments())
RETURNS boolean
AS 'MODULE_PATHNAME', 'segment_is_loyal'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;

COMMENT ON FUNCTION contact_pressure.segment_is_loyal(
	text, contact_pressure.segment_map) IS
'is the segment marked as loyal, one of those one must not lose; null when the map has no such segment';

CREATE FUNCTION contact_pressure.segment_map_segments(
	map contact_pressure.segment_map DEFAULT contact_pressure.rfm_segments(),
	OUT rank integer,
	OUT segment text,
	OUT loyal boolean)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'segment_map_segments'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 ROWS 11;

COMMENT ON FUNCTION contact_pressure.segment_map_segments(contact_pressure.segment_map) IS
'the segments of a map as rows, the best first';

CREATE FUNCTION contact_pressure.segment_map_lint(
	map contact_pressure.segment_map,
	bins integer DEFAULT 5,
	OUT severity text,
	OUT code text,
	OUT line integer,
	OUT rule text,
	OUT message text,
	OUT hint text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'segment_map_lint'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 5;

COMMENT ON FUNCTION contact_pressure.segment_map_lint(
	contact_pressure.segment_map, integer) IS
'what looks wrong in a map: cells without a segment, lines that nobody reaches, lines that overlap, scores that need an engagement';
