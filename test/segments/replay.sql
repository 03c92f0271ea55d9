-- A shop's whole history, day by day, through the tracked table: the orders of
-- the day with the errors people make, what is put right on later days, and the
-- night; after it everything is what the slow twin says.  test/segments/replay
-- fills public.incoming and calls this.

CREATE TABLE public.incoming (
	id       integer PRIMARY KEY,
	day      date NOT NULL,
	customer integer,	-- not known of some
	at       timestamp NOT NULL,
	amount   numeric NOT NULL
);

CREATE TABLE segment_twin.setting (
	zone     text,		-- of the shop's orders and days
	first    date,
	last     date,
	every    integer,	-- so many nights are one check
	fits     integer,	-- so many nights are one fit
	methods  text[],	-- in turn
	map      text,
	contacts boolean	-- random ones, with random responses
);
CREATE TABLE segment_twin.found (day date, what text, person_id text, problem text, detail text);
CREATE TABLE segment_twin.done (what text PRIMARY KEY, count bigint NOT NULL);
-- what the matrix of moves is compared with
CREATE TABLE segment_twin.week (person_id text PRIMARY KEY, segment text);

CREATE FUNCTION segment_twin.count(what text, count bigint) RETURNS void LANGUAGE sql AS $$
	INSERT INTO segment_twin.done AS d VALUES ($1, $2)
		ON CONFLICT ON CONSTRAINT done_pkey DO UPDATE SET count = d.count + excluded.count
$$;

-- The orders of a day, some of them wrong at first.
CREATE FUNCTION segment_twin.shop(today date) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO public.orders (id, customer, ordered, amount)
	SELECT i.id, i.customer + CASE WHEN i.id % 29 = 7 THEN 1 ELSE 0 END, i.at,
		   CASE WHEN i.id % 31 = 9 THEN NULL WHEN i.id % 17 = 3 THEN i.amount * 10
				WHEN i.id % 37 = 11 THEN -i.amount ELSE i.amount END
	  FROM public.incoming AS i WHERE i.day = today
	 UNION ALL
	SELECT -i.id, i.customer, i.at, i.amount FROM public.incoming AS i
	 WHERE i.day = today AND i.id % 23 = 5;
	-- put right the next day; what came twice goes a few days later
	UPDATE public.orders AS o SET customer = i.customer, amount = i.amount, ordered = i.at
	  FROM public.incoming AS i
	 WHERE o.id = i.id AND i.day = today - 1
	   AND (i.id % 29 = 7 OR i.id % 31 = 9 OR i.id % 17 = 3 OR i.id % 37 = 11);
	DELETE FROM public.orders AS o USING public.incoming AS i
	 WHERE o.id = -i.id AND i.day = today - 3 AND i.id % 23 = 5;
END
$$;

-- What is sent on a day, and who answers.
CREATE FUNCTION segment_twin.send(today date, zone text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	noon constant timestamptz := (today + time '12:00') AT TIME ZONE zone;
BEGIN
	PERFORM contact_pressure.record_contact(p.person_id, 'email', at => noon - random() * interval '9 hours',
				outcome => CASE WHEN random() < 0.1 THEN 'bounced' ELSE 'sent' END)
	   FROM (SELECT person_id FROM segment_twin.now ORDER BY person_id COLLATE "C") AS p
	  WHERE random() < 0.02;
	PERFORM contact_pressure.record_response(l.log_id,
				(ARRAY['delivered', 'opened', 'clicked', 'declined'])[1 + floor(random() * 4)::integer],
				at => noon + random() * interval '9 hours')
	   FROM (SELECT log_id FROM contact_pressure.contact_log
			  WHERE at BETWEEN noon - interval '40 hours' AND noon AND outcome = 'sent'
			  ORDER BY log_id) AS l
	  WHERE random() < 0.15;
END
$$;

CREATE FUNCTION segment_twin.check_night(today date, as_of timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO segment_twin.found
	SELECT today, 'night', w.* FROM segment_twin.wrong(as_of) AS w LIMIT 10;
	INSERT INTO segment_twin.found
	SELECT today, 'moves', w.* FROM segment_twin.wrong_moves() AS w LIMIT 10;
	PERFORM segment_twin.count('nights checked', 1);
	PERFORM segment_twin.count('customers checked', (SELECT count(*) FROM contact_pressure.customer_value));
END
$$;

-- Who ordered today has the score of that moment, before any night.
CREATE FUNCTION segment_twin.check_day(today date) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	CALL segment_twin.read_map();
	INSERT INTO segment_twin.found
	SELECT today, 'day', w.*
	  FROM (SELECT DISTINCT i.customer::text AS id FROM public.incoming AS i WHERE i.day = today
			 ORDER BY 1 LIMIT 1) AS i,
		   segment_twin.stale(i.id) AS w;
END
$$;

-- The matrix between two nights against the snapshots of both.
CREATE FUNCTION segment_twin.check_matrix(today date, since timestamptz, until timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO segment_twin.found
	WITH want AS (
		SELECT w.segment AS from_segment, n.segment AS to_segment, count(*) AS persons
		  FROM segment_twin.now AS n LEFT JOIN segment_twin.week AS w USING (person_id)
		 GROUP BY 1, 2
	), got AS (
		SELECT m.from_segment, m.to_segment, m.persons
		  FROM contact_pressure.segment_migration(since, until) AS m
	)
	SELECT today, 'matrix', NULL, d.problem, format('%s to %s: %s', d.from_segment, d.to_segment, d.persons)
	  FROM (SELECT 'the snapshots only' AS problem, w.* FROM (SELECT * FROM want EXCEPT SELECT * FROM got) AS w
			 UNION ALL
			SELECT 'segment_migration() only', g.* FROM (SELECT * FROM got EXCEPT SELECT * FROM want) AS g) AS d
	 LIMIT 10;
	INSERT INTO segment_twin.found
	SELECT today, 'matrix', NULL, 'the base', format('%s, not %s', m.persons, n.persons)
	  FROM (SELECT sum(persons) AS persons FROM contact_pressure.segment_migration(since, until)) AS m,
		   (SELECT count(*) AS persons FROM segment_twin.now) AS n
	 WHERE m.persons <> n.persons;
	TRUNCATE segment_twin.week;
	INSERT INTO segment_twin.week SELECT * FROM segment_twin.now;
	PERFORM segment_twin.count('matrices checked', 1);
END
$$;

-- Who will fall, by asking every midnight who would be where.
CREATE FUNCTION segment_twin.check_slipping(as_of timestamptz, within interval) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	CALL segment_twin.read_map();
	INSERT INTO segment_twin.found
	WITH night AS (
		SELECT DISTINCT g AS at
		  FROM (SELECT v.zone FROM segment_twin.version AS v
				 UNION SELECT b.zone FROM contact_pressure.segment_base AS b) AS z,
			   generate_series((as_of AT TIME ZONE z.zone)::date::timestamp, (as_of + within) AT TIME ZONE z.zone, '1 day') AS d,
			   LATERAL (SELECT d AT TIME ZONE z.zone) AS n(g)
		 WHERE g > as_of AND g <= as_of + within
	), place AS (
		SELECT n.at, c.person_id, p.segment AS from_segment, c.segment AS to_segment, c.score,
			   coalesce(m.rank, 100) > coalesce(w.rank, 100) AS fell
		  FROM night AS n
		 CROSS JOIN LATERAL segment_twin.customers(n.at) AS c
		  JOIN contact_pressure.person AS p USING (person_id)
		  LEFT JOIN segment_twin.map AS m ON m.segment = c.segment
		  LEFT JOIN segment_twin.map AS w ON w.segment = p.segment
	), want AS (
		SELECT DISTINCT ON (person_id) person_id, from_segment, to_segment, at, score
		  FROM place WHERE fell ORDER BY person_id, at
	), got AS (
		SELECT s.person_id, s.from_segment, s.to_segment, s.at, s.to_score::text
		  FROM contact_pressure.slipping(within) AS s
	)
	SELECT as_of::date, 'slipping', d.person_id, d.which, format('%s to %s at %s', d.from_segment, d.to_segment, d.at)
	  FROM (SELECT 'the twin only' AS which, w.* FROM (SELECT * FROM want EXCEPT SELECT * FROM got) AS w
			 UNION ALL
			SELECT 'slipping() only', g.* FROM (SELECT * FROM got EXCEPT SELECT * FROM want) AS g) AS d
	 LIMIT 10;
	PERFORM segment_twin.count('slipping', (SELECT count(*) FROM contact_pressure.slipping(within)));
END
$$;

CREATE PROCEDURE segment_twin.replay() LANGUAGE plpgsql AS $$
DECLARE
	s      segment_twin.setting := (SELECT x FROM segment_twin.setting AS x);
	today  date := s.first;
	night  integer := 0;
	fitted integer := 0;
	since  timestamptz;
	midnight timestamptz;
BEGIN
	PERFORM setseed(0.27);
	WHILE today <= s.last LOOP
		night := night + 1;
		midnight := (today + 1)::timestamp AT TIME ZONE s.zone;
		PERFORM segment_twin.shop(today);
		COMMIT;
		IF s.contacts THEN
			PERFORM segment_twin.send(today, s.zone);
		END IF;
		IF night % s.every = 0 AND fitted > 0 THEN
			PERFORM segment_twin.check_day(today);
		END IF;
		COMMIT;
		IF night % s.fits = 10 % s.fits THEN
			CALL contact_pressure.fit_rfm_model(5, s.methods[1 + fitted % cardinality(s.methods)], s.zone,
				midnight, CASE WHEN fitted = 0 THEN s.map::contact_pressure.segment_map END);
			fitted := fitted + 1;
			PERFORM segment_twin.count('fits', 1);
		ELSE
			CALL contact_pressure.refresh_segments(midnight);
		END IF;
		COMMIT;
		-- until there is a model the clock is today's
		IF night % s.every = 0 AND fitted > 0 THEN
			PERFORM segment_twin.check_night(today, midnight);
			CALL segment_twin.take_snapshot();
		END IF;
		IF night % 28 = 0 AND fitted > 0 THEN
			IF since IS NOT NULL THEN
				PERFORM segment_twin.check_matrix(today, since, midnight);
			ELSE
				INSERT INTO segment_twin.week SELECT * FROM segment_twin.now;
			END IF;
			INSERT INTO segment_twin.found
			SELECT today, 'check_segments', w.* FROM contact_pressure.check_segments() AS w LIMIT 10;
			since := midnight;
		END IF;
		COMMIT;
		today := today + 1;
		EXIT WHEN (SELECT count(*) FROM segment_twin.found) > 100;
	END LOOP;
	PERFORM segment_twin.count('nights', night);
	IF NOT s.contacts THEN
		PERFORM segment_twin.check_slipping(midnight, '60 days');
	END IF;
END
$$;
