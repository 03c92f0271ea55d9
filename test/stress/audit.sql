-- What test/stress/run finds after the last crash, one line a wrong:
-- "check|wrong", and "check|" alone for each check that was made.  Plain SQL
-- over the tables; only the last check asks the extension for its opinion.

CREATE TEMP TABLE ack (client text, what text, log_id bigint, person text, key text, more text);
\copy ack FROM :'acks'
CREATE INDEX ON ack (log_id);
ANALYZE ack;

-- Who is who after all merges.
CREATE TEMP TABLE final AS
WITH RECURSIVE chain(person_id, who, step) AS (
	SELECT person_id, person_id, 0 FROM contact_pressure.person
	 UNION ALL
	SELECT c.person_id, p.merged_into, c.step + 1
	  FROM chain AS c
	  JOIN contact_pressure.person AS p ON p.person_id = c.who
	 WHERE p.merged_into IS NOT NULL AND c.step < 5000
)
SELECT DISTINCT ON (person_id) person_id, who
  FROM chain ORDER BY person_id, step DESC;

-- --- what clients were told

SELECT 'every contact that a client was told of is there, and that person''s|';
SELECT DISTINCT 'every contact that a client was told of is there, and that person''s',
	   format('%s %s of %s (%s): %s', a.what, a.log_id, a.person, a.key,
			  coalesce(l.person_id || ' ' || coalesce(l.key, '-'), 'not there'))
  FROM ack AS a
  LEFT JOIN contact_pressure.contact_log AS l USING (log_id)
  LEFT JOIN final AS f ON f.person_id = a.person
 WHERE a.what IN ('reserved', 'recorded')
   AND (l.log_id IS NULL OR l.person_id IS DISTINCT FROM f.who
		-- of two with the same key a merge leaves it to the better one
		OR (l.key IS DISTINCT FROM a.key AND l.merged_from IS NULL
			AND NOT (l.key IS NULL AND l.status = 'cancelled')));

SELECT 'what a client was told is cancelled or handed over still is|';
SELECT DISTINCT 'what a client was told is cancelled or handed over still is',
	   format('%s %s: %s', a.what, a.log_id, to_jsonb(l))
  FROM ack AS a
  LEFT JOIN contact_pressure.contact_log AS l USING (log_id)
 WHERE CASE a.what
		-- unless somebody says that it was sent nevertheless
		WHEN 'cancelled' THEN (l.status = 'cancelled' OR l.source = 'record')
							  IS NOT TRUE
		WHEN 'confirmed' THEN l.log_id IS NULL OR l.status = 'reserved'
	   END;

SELECT 'every response that a client was told is recorded is there|';
SELECT DISTINCT 'every response that a client was told is recorded is there',
	   format('%s to %s', a.more, a.log_id)
  FROM ack AS a
 WHERE a.what = 'answered'
   AND NOT EXISTS (SELECT FROM contact_pressure.response_log AS r
					WHERE r.log_id = a.log_id AND r.outcome = a.more);

-- --- what the tables say

SELECT 'no key and no log id is there twice|';
SELECT 'no key and no log id is there twice', format('%s %s', person_id, key)
  FROM contact_pressure.contact_log WHERE key IS NOT NULL
 GROUP BY person_id, key HAVING count(*) > 1
UNION ALL
SELECT 'no key and no log id is there twice', log_id::text
  FROM contact_pressure.contact_log GROUP BY log_id HAVING count(*) > 1
UNION ALL
-- two clients that were told the same key of one person have the same contact
SELECT 'no key and no log id is there twice',
	   format('%s %s: %s', f.who, a.key, array_agg(DISTINCT a.log_id))
  FROM ack AS a JOIN final AS f ON f.person_id = a.person
  JOIN contact_pressure.contact_log AS l USING (log_id)
 WHERE a.what = 'reserved' AND a.key IS NOT NULL AND l.source = 'reserve'
   AND f.who LIKE 'p%' AND a.person = f.who AND l.merged_from IS NULL
 GROUP BY f.who, a.key HAVING count(DISTINCT a.log_id) > 1;

SELECT 'every history is that of its log|';
WITH history AS (
	SELECT p.person_id, e.entry
	  FROM contact_pressure.person AS p,
		   jsonb_array_elements(p.history::text::jsonb) AS e(entry)
	 WHERE NOT e.entry ? 'trimmed'
), horizon AS (
	SELECT p.person_id,
		   (e.entry -> 'trimmed' ->> 'before')::timestamptz AS before
	  FROM contact_pressure.person AS p,
		   jsonb_array_elements(p.history::text::jsonb) AS e(entry)
	 WHERE e.entry ? 'trimmed'
), log AS (
	SELECT l.person_id, l.at, l.channel, l.purpose, l.weight, l.outcome,
		   l.answered_at
	  FROM contact_pressure.contact_log AS l
	  LEFT JOIN horizon AS h USING (person_id)
	 WHERE l.status <> 'cancelled' AND (h.before IS NULL OR l.at >= h.before)
), stored AS (
	SELECT person_id, (entry ->> 'at')::timestamptz, entry ->> 'channel',
		   entry ->> 'purpose', (entry ->> 'weight')::float8,
		   coalesce(entry ->> 'outcome', 'sent'),
		   (entry ->> 'answered_at')::timestamptz
	  FROM history
)
SELECT 'every history is that of its log', 'only in the log: ' || d::text
  FROM (SELECT * FROM log EXCEPT ALL SELECT * FROM stored) AS d
UNION ALL
SELECT 'every history is that of its log', 'only in the history: ' || d::text
  FROM (SELECT * FROM stored EXCEPT ALL SELECT * FROM log) AS d;

-- --- every reservation, decided again

-- The caps of each policy row, read from its text.
CREATE TEMP TABLE cap AS
SELECT v.version, v.segment, m.line[1] AS channel, c.cap[1]::integer AS most,
	   make_interval(days => c.cap[2]::integer) AS within
  FROM contact_pressure.policy_version AS v,
	   regexp_matches(v.rules::text, '(\w+):([^\n]*)', 'g') AS m(line),
	   regexp_matches(m.line[2], 'max (\d+) per (\d+) days?', 'g') AS c(cap);

-- Contacts as long as they surely counted: not before they were recorded, not
-- after they were cancelled or returned.  Those that came by a merge count
-- only among themselves, which condemns nobody who is innocent.
CREATE TEMP TABLE counted AS
WITH origin AS (
	SELECT who, row_number() OVER (ORDER BY who) AS number
	  FROM (SELECT DISTINCT coalesce(merged_from, person_id) AS who
			  FROM contact_pressure.contact_log) AS o
), life AS (
	SELECT l.*, o.number AS origin, 
		   least(CASE WHEN l.status = 'cancelled' THEN l.settled_at END,
				 (SELECT min(r.recorded_at)
					FROM contact_pressure.response_log AS r
				   WHERE r.log_id = l.log_id
					 AND r.outcome IN ('bounced', 'hard_bounced', 'rejected', 'failed'))) AS until
	  FROM contact_pressure.contact_log AS l
	  JOIN origin AS o ON o.who = coalesce(l.merged_from, l.person_id)
	 WHERE l.outcome <> 'event'
	   -- a row of the tracked table says what became of it, and not when
	   AND NOT (l.source LIKE 'track:%'
				AND l.outcome IN ('bounced', 'hard_bounced', 'rejected', 'failed'))
), scale AS (
	SELECT min(recorded_at) AS start FROM life
)
SELECT l.log_id, l.person_id, l.origin, l.at, l.channel, l.segment, l.source,
	   l.policy_version, l.recorded_at,
	   -- microseconds, a stretch of its own for each person
	   l.origin * 10000000000000
	   + (extract(epoch FROM l.recorded_at - s.start) * 1000000)::bigint AS recorded,
	   int8range(
		   l.origin * 10000000000000
		   + (extract(epoch FROM l.recorded_at - s.start) * 1000000)::bigint,
		   CASE WHEN l.until IS NULL THEN (l.origin + 1) * 10000000000000
				ELSE l.origin * 10000000000000
				   + (extract(epoch FROM greatest(l.until, l.recorded_at) - s.start) * 1000000)::bigint
		   END) AS life
  FROM life AS l, scale AS s;
CREATE INDEX ON counted USING gist (life);
ANALYZE counted;

SELECT 'no reservation exceeded a cap of its policy version|';
WITH reservation AS (
	SELECT r.*, c.channel AS of_channel, c.most, c.within
	  FROM counted AS r
	 CROSS JOIN LATERAL
		   (SELECT max(v.version) AS version
			  FROM contact_pressure.policy_version AS v
			 WHERE v.segment = CASE WHEN r.segment IN (SELECT segment FROM cap)
									THEN r.segment ELSE 'default' END
			   AND v.version <= r.policy_version) AS own
	 CROSS JOIN LATERAL
		   (SELECT max(v.version) AS version
			  FROM contact_pressure.policy_version AS v
			 WHERE v.segment = 'everyone' AND v.version <= r.policy_version) AS common
	  JOIN cap AS c ON c.version IN (own.version, common.version)
				   AND c.channel IN ('any', r.channel)
	 WHERE r.source = 'reserve'
), beside AS (
	SELECT r.log_id, r.of_channel, r.within, r.most, r.at AS proposed, x.at
	  FROM reservation AS r
	  JOIN counted AS x ON x.life @> r.recorded
	 WHERE (x.recorded_at, x.log_id) < (r.recorded_at, r.log_id)
	   AND (r.of_channel = 'any' OR x.channel = r.of_channel)
	   AND x.at > r.at - r.within AND x.at < r.at + r.within
), instant AS (
	SELECT DISTINCT log_id, of_channel, within, most, proposed,
		   greatest(at, proposed) AS instant
	  FROM beside
)
SELECT 'no reservation exceeded a cap of its policy version',
	   format('log id %s: %s %s in %s, %s allowed', i.log_id, count(*) + 1,
			  i.of_channel, i.within, i.most)
  FROM instant AS i
  JOIN beside AS b USING (log_id, of_channel, within)
 WHERE b.at <= i.instant AND i.instant < b.at + b.within
 GROUP BY i.log_id, i.of_channel, i.within, i.most, i.instant
HAVING count(*) + 1 > i.most;

SELECT 'no contact of one who was merged is left behind|';
SELECT 'no contact of one who was merged is left behind', l.person_id || ' ' || l.log_id
  FROM contact_pressure.contact_log AS l
  LEFT JOIN contact_pressure.person AS p USING (person_id)
 WHERE p.person_id IS NULL OR p.merged_into IS NOT NULL;

SELECT 'the tracked table and the ledger agree|';
SELECT 'the tracked table and the ledger agree', m::text || coalesce(l::text, ' is not there')
  FROM mail AS m
  LEFT JOIN final AS f ON f.person_id = m.who
  LEFT JOIN contact_pressure.contact_log AS l
	ON l.person_id = f.who
   AND (l.key = m.key OR (m.key IS NULL AND l.key = 'track:public.mail:' || m.id))
 WHERE l.log_id IS NULL OR (l.status = 'cancelled' AND l.source <> 'reserve')
UNION ALL
SELECT 'the tracked table and the ledger agree', 'nothing for ' || l::text
  FROM contact_pressure.contact_log AS l
 WHERE l.source = 'track:public.mail' AND l.status <> 'cancelled'
   AND l.merged_from IS NULL
   AND NOT EXISTS (SELECT FROM mail AS m JOIN final AS f ON f.person_id = m.who
					WHERE f.who = l.person_id
					  AND l.key IN (m.key, 'track:public.mail:' || m.id));

SELECT 'check_ledger() says the same|';
SELECT 'check_ledger() says the same', c::text FROM contact_pressure.check_ledger() AS c;

-- --- what was bought, and where that leads

-- What a crash interrupted is done by the next run.
SET client_min_messages = warning;
CALL contact_pressure.backfill('orders', 'purchases');
CALL contact_pressure.refresh_segments();

SELECT 'every summary, score and segment is that of the orders|';
SELECT 'every summary, score and segment is that of the orders', w::text
  FROM contact_pressure.segment_base AS b, segment_twin.wrong(b.as_of) AS w
 -- who was moved by hand stays there until the next order
 WHERE NOT (w.problem = 'person.segment' AND 'hand' = (
		SELECT c.why FROM contact_pressure.segment_change AS c
		 WHERE c.person_id = w.person_id ORDER BY c.change_id DESC LIMIT 1));

SELECT 'no move is lost, and none is there twice|';
WITH move AS (
	SELECT c.*, lag(c.to_segment) OVER w AS before, row_number() OVER w AS n,
		   lead(c.change_id) OVER w IS NULL AS is_last
	  FROM contact_pressure.segment_change AS c
	WINDOW w AS (PARTITION BY c.person_id ORDER BY c.change_id)
)
SELECT 'no move is lost, and none is there twice', m::text || coalesce(' ' || p.segment, '')
  FROM move AS m LEFT JOIN contact_pressure.person AS p USING (person_id)
 WHERE m.from_segment IS NOT DISTINCT FROM m.to_segment
	OR (m.n > 1 AND m.from_segment IS DISTINCT FROM m.before)
	OR (m.is_last AND p.segment IS DISTINCT FROM m.to_segment);

SELECT 'check_segments() says the same|';
SELECT 'check_segments() says the same', c::text FROM contact_pressure.check_segments() AS c;
