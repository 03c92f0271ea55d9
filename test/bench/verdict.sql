-- verdict.sql: a policy of five rules for everyone, against a bare scan of the
-- same columns and against plain SQL over the log.  At 15:00 UTC Amsterdam,
-- London, Athens and New York are all open.
CREATE FUNCTION bench.rules() RETURNS contact_pressure.contact_policy
IMMUTABLE LANGUAGE sql RETURN
'any: quiet 21:00-08:00, max 12 per 30 days
email: max 1 per calendar day, max 4 per 7 days
any/promo: gap 12 hours'::contact_pressure.contact_policy;

CALL bench.compare('may_contact against a bare scan',
$$SELECT count(*) FROM bench.people WHERE contact_pressure.may_contact(
	history, bench.rules(), 'email', 'promo', '2026-11-18 15:00+00', zone)$$,
$$SELECT count(*) FROM bench.people
	WHERE pg_column_size(history) > 0 AND length(zone) > 0$$,
'2.0 or less', 9);

-- The same question in plain SQL: what is past (it does not look at what a new
-- message would do to the planned ones, so it does less).
CREATE FUNCTION bench.plain(plan text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	n bigint;
BEGIN
	PERFORM set_config('enable_hashagg', (plan = 'hashed')::text, true);
	PERFORM set_config('enable_indexonlyscan', (plan = 'sorted')::text, true);
	SELECT count(*) INTO n FROM (
		SELECT contact_id
		FROM bench.people p JOIN bench.log l USING (contact_id)
		WHERE l.at <= '2026-11-18 15:00+00'
			AND l.at > timestamptz '2026-11-18 15:00+00' - interval '30 days'
			AND NOT ((timestamptz '2026-11-18 15:00+00' AT TIME ZONE p.zone)::time
					 >= '21:00'
				 OR (timestamptz '2026-11-18 15:00+00' AT TIME ZONE p.zone)::time
					 < '08:00')
		GROUP BY contact_id
		HAVING count(*) < 12
			AND count(*) FILTER (WHERE channel = 'email'
				AND (at AT TIME ZONE zone)::date =
					(timestamptz '2026-11-18 15:00+00' AT TIME ZONE zone)::date) < 1
			AND count(*) FILTER (WHERE channel = 'email'
				AND at > timestamptz '2026-11-18 15:00+00' - interval '7 days') < 4
			AND count(*) FILTER (WHERE purpose = 'promo'
				AND at > timestamptz '2026-11-18 15:00+00'
					- interval '12 hours') = 0) open;
	RETURN n;
END $$;
CALL bench.compare('may_contact against plain SQL, hashed',
$$SELECT count(*) FROM bench.people WHERE contact_pressure.may_contact(
	history, bench.rules(), 'email', 'promo', '2026-11-18 15:00+00', zone)$$,
$$SELECT bench.plain('hashed')$$, '0.05 or less (20 times)', 3);
CALL bench.compare('may_contact against plain SQL, sorted',
$$SELECT count(*) FROM bench.people WHERE contact_pressure.may_contact(
	history, bench.rules(), 'email', 'promo', '2026-11-18 15:00+00', zone)$$,
$$SELECT bench.plain('sorted')$$, '0.05 or less (20 times)', 3);
