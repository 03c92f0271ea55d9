-- Who was in which segment when, the matrix, churn, and who will fall: worked
-- by hand, and on random moves against snapshots that are made the slow way.

BEGIN;
-- they all write the same tables: one after the other
LOCK TABLE contact_pressure.policy;
SET search_path = public, contact_pressure, pg_catalog;
SET TimeZone = 'UTC';
SET client_min_messages = warning;
-- rows are made by hand here: no trigger adds to them
SET LOCAL session_replication_role = replica;
SET jit = off;

SELECT plan(88);

-- --- nobody, no model

SELECT is_empty($$SELECT * FROM segment_migration('2026-03-01', '2026-04-01')$$, 'an empty base: an empty matrix');
SELECT is_empty($$SELECT * FROM churn('2026-03-01', '2026-04-01')$$, '... no line of churn');
SELECT is_empty($$SELECT * FROM churned('2026-03-01', '2026-04-01')$$, '... nobody who churned');
SELECT is_empty($$SELECT * FROM slipping('30 days')$$, '... nobody who slips');
SELECT is(segment_at('nobody', now()), NULL, 'who is not known is in no segment');

INSERT INTO person (person_id, segment, known_since) VALUES ('x', 'gold', '2026-01-01'), ('y', NULL, '2026-01-01');
SELECT results_eq($$SELECT * FROM segment_migration('2026-03-01', '2026-04-01')$$,
	$$VALUES ('gold', 'gold', 1::bigint, 1.000000, 0.500000), (NULL, NULL, 1, 1.000000, 0.500000)$$,
	'without a model: segments that were set by hand, and those who have none');
SELECT results_eq($$SELECT segment, rank, loyal, at_start, stayed, at_end, retention_rate, churn_rate FROM churn('2026-03-01', '2026-04-01')$$,
	$$VALUES ('gold', NULL::integer, false, 1::bigint, 1::bigint, 1::bigint, 1.000000, 0.000000)$$,
	'... have no rank and are not loyal');
SELECT is_empty($$SELECT * FROM churned('2026-03-01', '2026-04-01')$$, '... nobody falls out of them');
DELETE FROM person;

-- --- by hand

INSERT INTO segment_model (version, why, model, map, prospects, as_of, customers) VALUES
	(1, 'model', rfm_model(ARRAY[30, 90, 180, 365], ARRAY[1, 2, 4, 8], ARRAY[50, 100, 200, 500]),
	 'loyal gold: r 1-2; else old', 'nobody', '2026-01-01', 0),
	(2, 'map', rfm_model(ARRAY[30, 90, 180, 365], ARRAY[1, 2, 4, 8], ARRAY[50, 100, 200, 500]),
	 'loyal gold: r 4-5, f 3-5; loyal silver: r 3-5, f 2-5; fresh: r 4-5; sleepy: r 2-3; else lost',
	 'prospects', '2026-01-01', 0);

INSERT INTO person (person_id, segment, known_since, merged_into) VALUES
	('a', 'gold',      '2026-01-01', NULL),		-- stays
	('b', 'silver',    '2026-01-01', NULL),		-- falls, but stays loyal
	('c', 'lost',      '2026-01-01', NULL),		-- falls twice
	('d', 'gold',      '2026-01-01', NULL),		-- rises
	('e', 'silver',    '2026-01-01', NULL),		-- comes back
	('f', 'fresh',     '2026-01-01', NULL),		-- buys for the first time
	('g', 'fresh',     '2026-03-15', NULL),		-- is new and buys
	('h', 'prospects', '2026-03-20', NULL),		-- is new
	('i', NULL,        '2026-01-01', 'a'),		-- was merged on March 25
	('k', 'vip',       '2026-01-01', NULL),		-- by hand, no segment of the map
	('l', 'lost',      '2026-01-01', NULL),		-- stays
	('m', 'silver',    '2026-01-01', NULL),		-- three moves at one instant, and is where he was
	('n', 'lost',      '2026-01-01', NULL),		-- falls afterwards
	('o', 'prospects', '2026-04-10', NULL),		-- comes afterwards
	('p', 'lost',      '2026-01-01', NULL),		-- moves exactly at the beginning and at the end
	('q', 'fresh',     '2026-11-01', NULL),		-- known late, but bought before (a replay)
	('r', NULL,        '2026-01-01', 'l');		-- was merged in January, had no segment
INSERT INTO segment_change (change_id, person_id, at, why, from_segment, to_segment) VALUES
	(1001, 'b', '2026-03-10 09:00Z', 'calendar', 'gold', 'silver'),
	(1002, 'c', '2026-03-05 00:00Z', 'calendar', 'gold', 'sleepy'),
	(1003, 'c', '2026-03-20 00:00Z', 'calendar', 'sleepy', 'lost'),
	(1004, 'd', '2026-03-08 11:00Z', 'purchase', 'silver', 'gold'),
	(1005, 'e', '2026-02-01 00:00Z', 'calendar', 'silver', 'sleepy'),
	(1006, 'e', '2026-03-12 15:00Z', 'purchase', 'sleepy', 'silver'),
	(1007, 'f', '2026-03-03 10:00Z', 'purchase', 'prospects', 'fresh'),
	(1008, 'g', '2026-03-15 12:00Z', 'purchase', NULL, 'fresh'),
	(1009, 'i', '2026-03-25 08:00Z', 'merge', 'gold', NULL),
	(1010, 'k', '2026-03-07 16:00Z', 'hand', 'gold', 'vip'),
	(1013, 'm', '2026-03-09 12:00Z', 'purchase', 'lost', 'silver'),
	(1011, 'm', '2026-03-09 12:00Z', 'calendar', 'silver', 'sleepy'),
	(1012, 'm', '2026-03-09 12:00Z', 'calendar', 'sleepy', 'lost'),
	(1014, 'n', '2026-04-05 00:00Z', 'calendar', 'sleepy', 'lost'),
	(1015, 'p', '2026-03-01 00:00Z', 'calendar', 'fresh', 'sleepy'),
	(1016, 'p', '2026-04-01 00:00Z', 'calendar', 'sleepy', 'lost'),
	(1017, 'q', '2026-02-10 00:00Z', 'purchase', NULL, 'fresh');

SELECT is(segment_at(id, at::timestamptz), want, format('%s at %s: %s', id, at, coalesce(want, 'none')))
  FROM (VALUES
	('a', '2026-03-01',              'gold'),
	('a', '2025-12-31',              NULL),
	('a', '2026-01-01',              'gold'),
	('a', 'infinity',                'gold'),
	('a', '-infinity',               NULL),
	('b', '2026-03-10 08:59:59.999999Z', 'gold'),
	('b', '2026-03-10 09:00Z',       'silver'),
	('c', '2026-03-05',              'sleepy'),
	('c', '2026-03-19',              'sleepy'),
	('c', '2026-03-20',              'lost'),
	('g', '2026-03-15 11:59Z',       NULL),
	('g', '2026-03-15 12:00Z',       'fresh'),
	('h', '2026-03-19',              NULL),
	('h', '2026-03-20',              'prospects'),
	('i', '2026-03-25 07:59Z',       'gold'),
	('i', '2026-03-25 08:00Z',       'gold'),		-- of whom he is now
	('m', '2026-03-09 11:59Z',       'silver'),
	('m', '2026-03-09 12:00Z',       'silver'),
	('q', '2026-02-09',              NULL),
	('q', '2026-02-10',              'fresh'),
	('q', '2026-11-22',              'fresh'),
	('r', '2026-03-01',              'lost')) AS v(id, at, want);
UPDATE person SET segment = 'silver' WHERE person_id = 'a';
SELECT is(segment_at('i', '2026-03-25 08:00Z'), 'silver', 'who was merged is where the other is from then on');
UPDATE person SET segment = 'gold' WHERE person_id = 'a';
SELECT is(segment_at(NULL::text, now()), NULL, 'NULL is nobody');
SELECT is(segment_at('a', NULL), NULL, '... and no time');
INSERT INTO person (person_id, segment, known_since) VALUES
	('17', 'gold', '2026-01-01'), ('8c1f0d3e-52aa-4f6a-9d3b-0a5d0c6f7e11', 'lost', '2026-01-01');
SELECT is(segment_at(17, '2026-03-01'), 'gold', 'an id that is a number');
SELECT is(segment_at('8c1f0d3e-52aa-4f6a-9d3b-0a5d0c6f7e11'::uuid, '2026-03-01'), 'lost', '... a UUID');
DELETE FROM person WHERE person_id ~ '^[0-9]';
INSERT INTO person (person_id, merged_into) VALUES ('round', 'about'), ('about', 'round');
SELECT throws_ok($$SELECT segment_at('round', now())$$, '22000', NULL, 'persons merged in a circle are an error');
DELETE FROM person WHERE person_id IN ('round', 'about');

SELECT results_eq($$SELECT * FROM segment_migration('2026-03-01', '2026-04-01')$$, $$VALUES
	('gold',      'gold',      1::bigint, 0.200000, 0.066667),
	('gold',      'silver',    1, 0.200000, 0.066667),
	('gold',      'lost',      1, 0.200000, 0.066667),
	('gold',      'vip',       1, 0.200000, 0.066667),
	('gold',      NULL,        1, 0.200000, 0.066667),
	('silver',    'gold',      1, 0.500000, 0.066667),
	('silver',    'silver',    1, 0.500000, 0.066667),
	('fresh',     'fresh',     1, 1.000000, 0.066667),
	('sleepy',    'silver',    1, 0.333333, 0.066667),
	('sleepy',    'sleepy',    1, 0.333333, 0.066667),
	('sleepy',    'lost',      1, 0.333333, 0.066667),
	('lost',      'lost',      1, 1.000000, 0.066667),
	('prospects', 'fresh',     1, 1.000000, 0.066667),
	(NULL,        'fresh',     1, 0.500000, 0.066667),
	(NULL,        'prospects', 1, 0.500000, 0.066667)$$,
	'the matrix, in the order of the map');
SELECT results_eq($$SELECT * FROM churn('2026-03-01', '2026-04-01')$$, $$VALUES
	-- segment, rank, loyal, at_start, stayed, fell, rose, gone, came_back, new, at_end
	('gold',      1, true,     5::bigint, 1::bigint, 2::bigint, 0::bigint, 2::bigint, 0::bigint, 1::bigint, 2::bigint, 0.333333, 0.666667),
	('silver',    2, true,     2, 1, 0, 1, 0, 1, 1, 3, 1.000000, 0.000000),
	('fresh',     3, false,    1, 1, 0, 0, 0, 0, 2, 3, 1.000000, 0.000000),
	('sleepy',    4, false,    3, 1, 1, 1, 0, 0, 0, 1, 0.666667, 0.333333),
	('lost',      5, false,    1, 1, 0, 0, 0, 0, 2, 3, 1.000000, 0.000000),
	('prospects', NULL, false, 1, 0, 0, 1, 0, 0, 1, 1, 1.000000, 0.000000),
	('vip',       NULL, false, 0, 0, 0, 0, 0, 0, 1, 1, NULL, NULL),
	(NULL,        NULL, true,  7, 4, 1, 0, 2, 1, 0, 5, 0.800000, 0.200000)$$,
	'churn: every segment, and the loyal ones as one');
SELECT results_eq($$SELECT * FROM churned('2026-03-01', '2026-04-01')$$, $$VALUES
	('c', 'fell',      'gold',   'lost',   '2026-03-05 00:00Z'::timestamptz),
	('e', 'came_back', 'sleepy', 'silver', '2026-03-12 15:00Z')$$,
	'who fell out of the loyal groups and who came back: from gold to silver is no loss, nor is who was merged or set by hand');

-- Until now is until the last move; a move of later does not matter before it.
SELECT results_eq($$SELECT * FROM segment_migration('2026-03-01')$$,
	$$SELECT * FROM segment_migration('2026-03-01', 'infinity')$$, 'until now');
SELECT results_eq($$SELECT from_segment, to_segment, persons FROM segment_migration('-infinity', 'infinity')$$,
	$$VALUES (NULL, 'gold', 2::bigint), (NULL, 'silver', 3), (NULL, 'fresh', 3), (NULL, 'lost', 4), (NULL, 'prospects', 2), (NULL, 'vip', 1)$$,
	'from the beginning of time to its end: everybody there is, from nowhere');
SELECT is_empty($$SELECT * FROM segment_migration('2026-03-01', '2026-03-01') WHERE from_segment <> to_segment$$, 'in no time nobody moves');
SELECT is((SELECT sum(persons) FROM segment_migration('2026-03-01', '2026-03-01')), 13::numeric, '... and everybody of then is there');
SELECT is_empty($$SELECT * FROM segment_migration(NULL, '2026-04-01')$$, 'NULL gives no row');
SELECT is_empty($$SELECT * FROM segment_migration('2026-03-01', NULL)$$, '... neither way');
SELECT is_empty($$SELECT * FROM churn(NULL)$$, '... in churn');
SELECT is_empty($$SELECT * FROM churned(NULL)$$, '... in churned');
SELECT throws_ok(format('SELECT * FROM %s(''2026-04-01'', ''2026-03-01'')', f), '22023',
	'a period that ends (2026-03-01 00:00:00+00) before it begins (2026-04-01 00:00:00+00)', f || ': the end before the beginning')
  FROM unnest('{segment_migration,churn,churned}'::text[]) AS f;

-- Who is forgotten is forgotten, then and now.
DELETE FROM segment_change WHERE person_id = 'c';
DELETE FROM person WHERE person_id = 'c';
SELECT is((SELECT sum(persons) FROM segment_migration('2026-03-01', '2026-04-01')), 14::numeric, 'who was forgotten is nowhere');
SELECT is((SELECT fell FROM churn('2026-03-01', '2026-04-01') WHERE segment IS NULL), 0::bigint, '... and no loss');

-- To have no segment any more is to fall; to get a first one is to be new.
UPDATE person SET segment = NULL WHERE person_id = 'a';
INSERT INTO segment_change (person_id, at, why, from_segment, to_segment) VALUES ('a', '2026-03-30', 'map', 'gold', NULL);
SELECT results_eq($$SELECT what, to_segment, at FROM churned('2026-03-01', '2026-04-01') WHERE person_id = 'a'$$,
	$$VALUES ('fell', NULL, '2026-03-30 00:00Z'::timestamptz)$$, 'from a loyal segment to none');
SELECT is((SELECT fell FROM churn('2026-03-01', '2026-04-01') WHERE segment = 'gold'), 2::bigint, '... is fallen');
UPDATE person SET segment = 'silver' WHERE person_id = 'h';
SELECT results_eq($$SELECT what, from_segment, at FROM churned('2026-03-01', '2026-04-01') WHERE person_id = 'h'$$,
	$$VALUES ('new', NULL, '2026-03-20 00:00Z'::timestamptz)$$, 'who was put into one is new from when on he was known');
DELETE FROM person;
DELETE FROM segment_change;

-- --- random moves

SELECT setseed(0.25);
-- 400 people, up to 12 moves each, many at the same instants, in and out of the base
CREATE TEMP TABLE start AS
	SELECT 'n' || n AS person_id, '2026-01-01'::timestamptz + (n % 7 = 0)::int * (n % 90) * interval '1 day' AS known_since,
		   (ARRAY['gold', 'silver', 'fresh', 'sleepy', 'lost', 'prospects', 'vip', NULL])[1 + (random() * 7.9)::int % 8] AS segment
	  FROM generate_series(1, 400) n;
CREATE TEMP TABLE random_move AS
	SELECT s.person_id, s.known_since + floor(random() * 30) * interval '4 days' AS at,
		   (ARRAY['gold', 'silver', 'fresh', 'sleepy', 'lost', 'prospects', 'vip', NULL])[1 + (random() * 7.9)::int % 8] AS to_segment,
		   row_number() OVER (ORDER BY random()) AS change_id
	  FROM start s, generate_series(1, 12) k WHERE random() < 0.4;
INSERT INTO segment_change (change_id, person_id, at, why, from_segment, to_segment)
	SELECT 100000 + change_id, person_id, at, 'purchase', from_segment, to_segment
	  FROM (SELECT m.*, CASE WHEN row_number() OVER w = 1 THEN s.segment ELSE lag(m.to_segment) OVER w END AS from_segment
			  FROM random_move m JOIN start s USING (person_id)
			WINDOW w AS (PARTITION BY person_id ORDER BY at, change_id)) AS chain
	 WHERE from_segment IS DISTINCT FROM to_segment;
INSERT INTO person (person_id, known_since, segment)
	SELECT s.person_id, s.known_since,
		   CASE WHEN m.person_id IS NULL THEN s.segment ELSE m.to_segment END
	  FROM start s LEFT JOIN (SELECT DISTINCT ON (person_id) * FROM random_move ORDER BY person_id, at DESC, change_id DESC) m USING (person_id);
-- every sixth was merged into another, and moved out with that
INSERT INTO segment_change (person_id, at, why, from_segment, to_segment)
	SELECT person_id, '2026-05-15', 'merge', segment_at(person_id, '2026-05-15'), NULL
	  FROM person WHERE substr(person_id, 2)::int % 6 = 0 AND segment_at(person_id, '2026-05-15') IS NOT NULL;
DELETE FROM segment_change WHERE substr(person_id, 2)::int % 6 = 0 AND at > '2026-05-15';
UPDATE person SET segment = NULL, merged_into = 'n1' WHERE substr(person_id, 2)::int % 6 = 0
	AND EXISTS (SELECT FROM segment_change c WHERE c.person_id = person.person_id AND c.why = 'merge');

ANALYZE person, segment_change;

CREATE TEMP TABLE period AS
	SELECT t AS since, t + d AS until
	  FROM generate_series('2025-12-31'::timestamptz, '2026-06-01', interval '9 days 7 hours') t,
		   unnest('{0 days, 4 days, 31 days, 200 days}'::interval[]) d;
-- the slow way: from the beginning on, forward
CREATE TEMP TABLE snapshot AS
	SELECT t.at, p.person_id, CASE WHEN c.person_id IS NOT NULL THEN c.to_segment
			ELSE coalesce((SELECT f.from_segment FROM segment_change f WHERE f.person_id = p.person_id ORDER BY f.at, f.change_id LIMIT 1),
						  CASE WHEN NOT EXISTS (SELECT FROM segment_change f WHERE f.person_id = p.person_id) THEN p.segment END) END AS segment,
		   coalesce(c.why = 'merge', false) AS is_merged
	  FROM (SELECT since FROM period UNION SELECT until FROM period) AS t(at)
	  JOIN person p ON p.known_since <= t.at
	  LEFT JOIN LATERAL (SELECT * FROM segment_change c WHERE c.person_id = p.person_id AND c.at <= t.at
						  ORDER BY c.at DESC, c.change_id DESC LIMIT 1) c ON true;

CREATE INDEX ON snapshot (at, segment);
ANALYZE snapshot;

SELECT ok(count(*) > 1000, 'there are moves') FROM segment_change;
SELECT ok(count(*) > 40, 'and merged persons') FROM person WHERE merged_into IS NOT NULL;
SELECT is_empty($$
	SELECT s.*, segment_at(person_id, at) FROM snapshot s WHERE NOT is_merged AND segment IS DISTINCT FROM segment_at(person_id, at)
	$$, 'segment_at() backwards is the snapshot forwards');
CREATE TEMP TABLE matrix AS
	SELECT p.since, p.until, m.* FROM period p, segment_migration(p.since, p.until) m;
SELECT set_eq($$SELECT since, until, from_segment, to_segment, persons FROM matrix$$, $$
	SELECT p.since, p.until, a.segment AS from_segment, b.segment AS to_segment, count(*) AS persons
	  FROM period p CROSS JOIN person o
	  LEFT JOIN snapshot a ON a.at = p.since AND a.person_id = o.person_id AND NOT a.is_merged
	  LEFT JOIN snapshot b ON b.at = p.until AND b.person_id = o.person_id AND NOT b.is_merged
	 WHERE a.person_id IS NOT NULL OR b.person_id IS NOT NULL
	 GROUP BY 1, 2, 3, 4$$, 'the matrix is one snapshot against the other, person by person');
SELECT is_empty($$
	WITH total AS (SELECT since, until, sum(persons) AS persons FROM matrix GROUP BY since, until)
	SELECT p.since, p.until FROM period p LEFT JOIN total t USING (since, until)
	 WHERE coalesce(t.persons, 0) <> (SELECT count(DISTINCT person_id) FROM snapshot s WHERE s.at IN (p.since, p.until)
				AND NOT s.is_merged)
	$$, 'it adds up to the base: everybody is in it once');
SELECT is_empty($$
	SELECT since, until, sum(share_of_base) FROM matrix GROUP BY since, until HAVING abs(sum(share_of_base) - 1) > 0.0001
	$$, '... and the shares to one');
SELECT is_empty($$
	SELECT since, until, from_segment, sum(share) FROM matrix GROUP BY since, until, from_segment HAVING abs(sum(share) - 1) > 0.0001
	$$, '... those of each segment, too');
-- the sum of the moves is the difference between the snapshots
SELECT is_empty($$
	SELECT p.since, p.until, n.segment
	  FROM period p, unnest('{gold,silver,fresh,sleepy,lost,prospects,vip}'::text[]) AS n(segment)
	 WHERE (SELECT count(*) FROM snapshot s WHERE s.at = p.until AND s.segment = n.segment)
		   - (SELECT count(*) FROM snapshot s WHERE s.at = p.since AND s.segment = n.segment)
		 <> (SELECT coalesce(sum((c.to_segment IS NOT DISTINCT FROM n.segment)::int - (c.from_segment IS NOT DISTINCT FROM n.segment)::int), 0)
			   FROM segment_change c WHERE c.at > p.since AND c.at <= p.until)
			-- and who was known only since then, and came with a segment
			+ (SELECT count(*) FROM snapshot s JOIN person o USING (person_id)
				WHERE s.at = p.until AND o.known_since > p.since
				  AND n.segment = coalesce((SELECT c.from_segment FROM segment_change c WHERE c.person_id = o.person_id ORDER BY c.at, c.change_id LIMIT 1),
						CASE WHEN NOT EXISTS (SELECT FROM segment_change c WHERE c.person_id = o.person_id) THEN o.segment END))
	$$, 'the sum of the moves is the difference between two snapshots');
CREATE TEMP TABLE line AS
	SELECT p.since, p.until, c.* FROM period p, churn(p.since, p.until) c;
SELECT is_empty($$
	SELECT * FROM line WHERE at_start <> stayed + fell + rose + gone OR at_end <> stayed + came_back + new
		OR (retention_rate + churn_rate) <> 1 OR (churn_rate IS NULL) <> (stayed + fell + rose = 0)
	$$, 'churn: each line adds up');
SELECT is_empty($$
	SELECT since, until, segment, at_start, at_end FROM line l WHERE segment IS NOT NULL
	   AND (at_start <> (SELECT coalesce(sum(persons), 0) FROM matrix m WHERE (m.since, m.until, m.from_segment) = (l.since, l.until, l.segment))
		 OR at_end <> (SELECT coalesce(sum(persons), 0) FROM matrix m WHERE (m.since, m.until, m.to_segment) = (l.since, l.until, l.segment))
		 OR stayed <> (SELECT coalesce(sum(persons), 0) FROM matrix m WHERE (m.since, m.until, m.from_segment, m.to_segment) = (l.since, l.until, l.segment, l.segment)))
	$$, '... is the margin and the diagonal of the matrix');
SELECT set_eq($$SELECT since, until, what, count(*) FROM period, churned(since, until) GROUP BY 1, 2, 3$$, $$
	SELECT since, until, w.* FROM line, LATERAL (VALUES ('fell', fell), ('came_back', came_back), ('new', new)) AS w(what, persons)
	 WHERE segment IS NULL AND w.persons > 0$$, 'churned() are the people of its last line');
SELECT is_empty($$
	SELECT p.*, c.* FROM period p, churned(p.since, p.until) c
	 WHERE c.what <> CASE WHEN segment_at(c.person_id, p.since) IN ('gold', 'silver') THEN 'fell'
						  WHEN EXISTS (SELECT FROM segment_change h WHERE h.person_id = c.person_id AND h.at <= p.since AND h.from_segment IN ('gold', 'silver'))
						  THEN 'came_back' ELSE 'new' END
		OR c.at NOT BETWEEN p.since AND p.until
		OR (segment_at(c.person_id, c.at) IN ('gold', 'silver')) IS DISTINCT FROM (c.what <> 'fell') AND c.to_segment IS NOT NULL
	$$, '... and then and there they crossed the line');
DELETE FROM person;
DELETE FROM segment_change;


-- --- who will fall

-- Last order on January 10, 3 orders, 120: recency falls on day 31, 91, 181.
INSERT INTO segment_base (as_of, refreshed_at) VALUES ('2026-02-01', '2026-02-03');
SELECT is(segment_clock(), '2026-02-01'::timestamptz, 'a replay stands where it stands');
CREATE FUNCTION pg_temp.add(who text, last timestamptz, orders bigint, is_pinned boolean DEFAULT false) RETURNS void LANGUAGE sql AS $$
	INSERT INTO customer_value (person_id, purchases, score, segment, version, scored_at, rescore_at, due_at, pinned)
	SELECT who, p, rfm_score(p, model, asked), rfm_segment(rfm_score(p, model, asked), map), version, asked, rescore_at(p, model, asked), rescore_at(p, model, asked), is_pinned
	  FROM (SELECT rfm(NULL, last, orders, 120) AS p, '2026-02-01'::timestamptz AS asked) x, segment_model WHERE version = 2
$$;
SELECT pg_temp.add('gold',   '2026-01-10 12:00Z', 3);
SELECT pg_temp.add('fresh',  '2026-01-20 12:00Z', 1);
SELECT pg_temp.add('lost',   '2025-01-20 12:00Z', 1);
SELECT pg_temp.add('pinned', '2026-01-10 12:00Z', 3, true);
SELECT results_eq($$SELECT person_id, score::text, segment, rescore_at FROM customer_value ORDER BY 1$$, $$VALUES
	('fresh', '513', 'fresh', '2026-02-20 00:00Z'::timestamptz), ('gold', '533', 'gold', '2026-02-10 00:00Z'),
	('lost', '113', 'lost', 'infinity'), ('pinned', '533', 'gold', '2026-02-10 00:00Z')$$, 'scored by hand');
-- 433 is gold, too: on day 31 nobody falls; on day 91 they are 333 and 313
SELECT results_eq($$SELECT * FROM slipping('120 days')$$, $$VALUES
	('gold',  'gold',  'silver', '2026-04-11 00:00Z'::timestamptz, '533'::rfm_score, '333'::rfm_score),
	('fresh', 'fresh', 'sleepy', '2026-04-21 00:00Z', '513', '313')$$,
	'the day on which the segment falls, not the first on which the score does; who is pinned does not fall');
SELECT results_eq($$SELECT person_id FROM slipping('69 days')$$, $$VALUES ('gold')$$, 'within: up to that day');
SELECT is_empty($$SELECT * FROM slipping('68 days 23:59:59')$$, '... and not a second less');
SELECT results_eq($$SELECT person_id FROM slipping('1 year', ' Fresh ')$$, $$VALUES ('fresh')$$, 'of one segment');
SELECT is_empty($$SELECT * FROM slipping('1 year', 'nobody')$$, 'of a segment that nobody is in');
SELECT is_empty($$SELECT * FROM slipping(NULL)$$, 'NULL gives no row');
SELECT is_empty($$SELECT * FROM slipping('0')$$, 'in no time nobody falls');
SELECT throws_ok($$SELECT * FROM slipping('-1 day')$$, '22023', 'slipping looks ahead, not -1 days', 'nor back in time');
DELETE FROM customer_value;
DELETE FROM segment_base;

-- Random customers, the whole course day by day: for ever, with a window, with
-- groups of those who read.
INSERT INTO segment_model (version, why, model, map, prospects, as_of, customers) VALUES
	(3, 'map', rfm_model(ARRAY[20, 50, 90, 200], ARRAY[1, 2, 4, 8], ARRAY[50, 100, 200, 500], zone => 'Europe/Amsterdam'),
	 'loyal gold: r 4-5, f 3-5; shy: r 3-5, unengaged; silver: r 3-5, f 2-5; fresh: r 4-5; sleepy: r 2-3, f 2-5', 'prospects', '2026-03-10', 0);
CREATE TEMP TABLE bought AS
	SELECT n, '2026-03-10 10:00Z'::timestamptz - random() * random() * interval '400 days' AS at, (random() * 90)::numeric(9, 2) - 10 AS amount
	  FROM generate_series(1, 120) n, generate_series(1, 1 + n % 6) k;
INSERT INTO person (person_id, history)
	SELECT n::text, coalesce((SELECT contact_history('2026-03-09'::timestamptz - k * random() * interval '40 days', 'email', 'promo', NULL, CASE WHEN random() < 0.2 THEN 'opened' ELSE 'sent' END)
						  FROM generate_series(1, n % 5) k), '[]')
	  FROM generate_series(1, 120) n;
CREATE FUNCTION pg_temp.counted(who integer, keep integer, asked timestamptz) RETURNS rfm LANGUAGE sql AS $$
	SELECT rfm(at, amount) FROM bought WHERE n = who AND (keep IS NULL
		OR date_trunc('month', at AT TIME ZONE 'Europe/Amsterdam') >= date_trunc('month', asked AT TIME ZONE 'Europe/Amsterdam') - make_interval(months => keep))
$$;
CREATE FUNCTION pg_temp.place(who integer, keep integer, groups boolean, asked timestamptz) RETURNS integer LANGUAGE sql AS $$
	SELECT CASE WHEN coalesce(orders(p), 0) = 0 THEN 6
				ELSE coalesce(segment_rank(rfm_segment(rfm_score(p, m.model, asked), m.map,
					CASE WHEN groups THEN engagement(o.history, asked) END), m.map), 7) END
	  FROM segment_model m, person o, pg_temp.counted(who, keep, asked) AS p WHERE m.version = 3 AND o.person_id = who::text
$$;
CREATE FUNCTION pg_temp.fill(keep integer, groups boolean) RETURNS void LANGUAGE sql AS $$
	DELETE FROM customer_value;
	DELETE FROM segment_base;
	INSERT INTO segment_base (as_of, refreshed_at, keep, zone) VALUES ('2026-03-10 10:00Z', '2026-04-10', fill.keep, 'Europe/Amsterdam');
	INSERT INTO customer_value (person_id, purchases, score, segment, engagement, version, scored_at, rescore_at, months, monthly)
	SELECT n::text, p, rfm_score(p, model, asked),
		   CASE WHEN orders(p) > 0 THEN rfm_segment(rfm_score(p, model, asked), map, CASE WHEN groups THEN engagement(history, asked) END) ELSE prospects END,
		   CASE WHEN groups THEN engagement(history, asked) END, version, asked,
		   least(rescore_at(p, model, asked), CASE WHEN groups THEN engagement_changes_at(history, asked) END,
				 CASE WHEN fill.keep IS NOT NULL THEN '2026-04-01 00:00 Europe/Amsterdam'::timestamptz END), months, monthly
	  FROM (SELECT '2026-03-10 10:00Z'::timestamptz AS asked, n, coalesce(pg_temp.counted(n, fill.keep, '2026-03-10 10:00Z'), rfm(NULL, NULL, 0, 0)) AS p
			  FROM generate_series(1, 120) n) x
	  JOIN segment_model m ON m.version = 3 JOIN person o ON o.person_id = n::text
	  LEFT JOIN (SELECT n, array_agg(month ORDER BY month) AS months, array_agg(s ORDER BY month) AS monthly
				   FROM (SELECT n, date_trunc('month', at AT TIME ZONE 'Europe/Amsterdam')::date AS month, rfm(at, amount) AS s FROM bought GROUP BY 1, 2) y
				  GROUP BY n) z USING (n);
	-- the index may send the refresh there sooner
	UPDATE customer_value SET due_at = rescore_at - random() * interval '9 days' WHERE rescore_at < 'infinity'
$$;
CREATE TEMP TABLE fall (keep integer, groups boolean, n integer, was integer, at timestamptz, from_segment text, to_segment text, from_score rfm_score, to_score rfm_score);
CREATE FUNCTION pg_temp.falls(keep integer, groups boolean) RETURNS void LANGUAGE sql AS $$
	SELECT pg_temp.fill(keep, groups);
	INSERT INTO fall
	SELECT keep, groups, n, pg_temp.place(n, keep, groups, '2026-03-10 10:00Z'), s.at, v.segment, s.to_segment, v.score, s.to_score
	  FROM generate_series(1, 120) n JOIN customer_value v ON v.person_id = n::text LEFT JOIN slipping('200 days') s ON s.person_id = n::text
$$;
SELECT pg_temp.falls(keep, groups) FROM (VALUES (NULL::integer, false), (2, false), (NULL, true), (4, true)) AS c(keep, groups);
SELECT ok(count(*) = 4 AND min(falls) > 40 AND max(falls) < 120, 'some fall, some do not')
  FROM (SELECT count(at) AS falls FROM fall GROUP BY keep, groups) f;
SELECT is_empty($$
	SELECT * FROM fall WHERE at IS NOT NULL
	   AND (pg_temp.place(n, keep, groups, at) <= was OR pg_temp.place(n, keep, groups, at - interval '1 microsecond') > was)
	$$, 'they fall at that very microsecond');
SELECT is_empty($$
	SELECT * FROM fall, generate_series('2026-03-10 10:00Z', '2026-03-10 10:00Z'::timestamptz + interval '200 days', '187 hours') day
	 WHERE (at IS NULL OR day < at) AND pg_temp.place(n, keep, groups, day) > was
	$$, '... and on no day before');
SELECT is_empty($$
	SELECT f.*, s FROM fall f, segment_model m, LATERAL (SELECT rfm_score(pg_temp.counted(n, keep, at), m.model, at)) AS s(s)
	 WHERE m.version = 3 AND at IS NOT NULL AND (s IS DISTINCT FROM to_score
		OR to_segment IS DISTINCT FROM CASE WHEN s IS NULL THEN 'prospects' ELSE rfm_segment(s, map, CASE WHEN groups THEN engagement((SELECT history FROM person WHERE person_id = n::text), at) END) END)
	$$, '... to where it says');

DELETE FROM customer_value;
DELETE FROM segment_base;
DELETE FROM person;

-- --- everything at work: months in which people buy, return, are new, are
-- merged, pinned, set by hand and forgotten, against snapshots of the table

SET LOCAL session_replication_role = origin;
DELETE FROM segment_model WHERE version = 3;
CREATE TABLE public.moves_order (id int PRIMARY KEY, who text, at timestamptz, amount numeric);
INSERT INTO public.moves_order
	SELECT n, 'p' || n % 60, '2026-01-01'::timestamptz - random() * interval '300 days', (random() * 120)::numeric(9, 2) - 5 FROM generate_series(1, 150) n;
INSERT INTO segment_base (as_of, refreshed_at) VALUES ('2025-12-31', now());
SELECT is(track_purchases('public.moves_order', 'who', 'at', 'amount'), 60::bigint, 'everybody bought something');
SELECT ok(bool_and(segment IS NOT NULL), 'and has a segment') FROM person;

CREATE TEMP TABLE taken (at timestamptz, person_id text, segment text);
CREATE FUNCTION pg_temp.month(month integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	today timestamptz := '2026-01-01'::timestamptz + month * interval '1 month';
BEGIN
	-- the night's refresh
	UPDATE segment_base SET as_of = today, refreshed_at = now();
	PERFORM refresh_people(ARRAY(SELECT person_id FROM customer_value WHERE rescore_at <= today ORDER BY person_id COLLATE "C"), today);
	INSERT INTO taken SELECT today, person_id, segment FROM person WHERE merged_into IS NULL;
	-- and the day
	INSERT INTO public.moves_order
		SELECT 1000 * month + n, 'p' || (random() * 79)::int, today - random() * interval '20 days', (random() * 120)::numeric(9, 2) - 20 FROM generate_series(1, 15) n;
	DELETE FROM public.moves_order WHERE id % 37 = month;
	UPDATE public.moves_order SET amount = amount + 100 WHERE id % 41 = month;
	PERFORM put_person('new' || month, known_since => today + interval '1 hour');
	PERFORM put_person('p' || month, segment => 'by_hand');
	PERFORM pin_segment('p' || 10 + month, 'pinned');
	PERFORM unpin_segment('p' || 9 + month);
	PERFORM merge_persons('p' || 20 + month, 'p' || 30 + month);
	PERFORM forget_person('p' || 40 + month);
	DELETE FROM taken WHERE person_id = 'p' || 40 + month;
	DELETE FROM public.moves_order WHERE who = 'p' || 40 + month;
END
$$;
SELECT pg_temp.month(m) FROM generate_series(1, 7) m;
UPDATE segment_base SET as_of = '2026-09-01', refreshed_at = now();
SELECT is_empty($$
	SELECT t.*, segment_at(person_id, at) FROM taken t WHERE segment IS DISTINCT FROM segment_at(person_id, at)
	$$, 'where everybody was, month by month');
SELECT is_empty($$
	WITH pair AS (SELECT DISTINCT a.at AS since, b.at AS until FROM taken a, taken b WHERE a.at < b.at),
	want AS (
		SELECT since, until, a.segment AS from_segment, b.segment AS to_segment, count(*) AS persons
		  FROM pair CROSS JOIN (SELECT DISTINCT person_id FROM taken) o
		  LEFT JOIN taken a ON a.at = since AND a.person_id = o.person_id
		  LEFT JOIN taken b ON b.at = until AND b.person_id = o.person_id
		 WHERE a.person_id IS NOT NULL OR b.person_id IS NOT NULL GROUP BY 1, 2, 3, 4),
	-- without those who had bought by then, but whose first order came in later
	got AS (SELECT since, until, from_segment, to_segment, persons FROM pair, segment_migration(since, until)
			 WHERE from_segment IS NOT NULL OR to_segment IS NOT NULL)
	(SELECT * FROM want EXCEPT SELECT * FROM got) UNION ALL (SELECT * FROM got EXCEPT SELECT * FROM want)
	$$, 'the matrix of any two months is the one snapshot against the other');
SELECT ok(count(DISTINCT why) >= 6, 'they moved for all kinds of reasons: ' || string_agg(DISTINCT why, ', ')) FROM segment_change;
SELECT is_empty($$
	SELECT c.person_id FROM segment_change c
	 WHERE from_segment IS DISTINCT FROM coalesce((SELECT b.to_segment FROM segment_change b WHERE b.person_id = c.person_id AND (b.at, b.change_id) < (c.at, c.change_id)
			ORDER BY b.at DESC, b.change_id DESC LIMIT 1), CASE WHEN NOT EXISTS (SELECT FROM segment_change b WHERE b.person_id = c.person_id AND (b.at, b.change_id) < (c.at, c.change_id)) THEN from_segment END)
	$$, 'each move begins where the last one ended');
SELECT is_empty($$SELECT * FROM slipping('90 days') WHERE from_segment = to_segment OR at > '2026-09-01'::timestamptz + interval '90 days'$$, 'slipping of what the triggers keep');

SELECT * FROM finish();
ROLLBACK;
