-- ledger.sql: the same people as rows of contact_pressure.person, and
-- contactable() against a bare scan of them.  What was long ago 10:00 is now,
-- and night is where no clock of theirs is until the end of the run.
CREATE FUNCTION bench.night() RETURNS text LANGUAGE sql AS
$$SELECT format('any: quiet %s-%s', to_char(utc + interval '5 hours', 'HH24:00'),
		to_char(utc + interval '13 hours', 'HH24:00'))
	FROM (SELECT now() AT TIME ZONE 'UTC') AS x(utc)$$;
INSERT INTO contact_pressure.policy (segment, rules)
VALUES ('everyone', bench.night()::contact_pressure.contact_policy),
	('default', 'any: max 12 per 30 days
email: max 1 per calendar day, max 4 per 7 days
any/promo: gap 12 hours'),
	('loyal', 'any: max 15 per 30 days
email: max 2 per calendar day, max 5 per 7 days
any/promo: gap 6 hours');

-- Histories without their log: nothing here reads back what is past.
INSERT INTO contact_pressure.person (person_id, segment, zone, history)
SELECT contact_id::text, CASE WHEN contact_id % 3 = 0 THEN 'loyal' END, zone,
	made.history
FROM (SELECT contact_id, contact_pressure.contact_history(
			at + (now() - timestamptz '2026-11-18 10:00+00'), channel, purpose,
			NULL, outcome) AS history
		FROM bench.log GROUP BY contact_id) made
	JOIN bench.people USING (contact_id);
VACUUM ANALYZE contact_pressure.person;

INSERT INTO bench.result
SELECT format('people that contactable() finds of %s', :people), count(*)
FROM contact_pressure.contactable('email', 'promo');
CALL bench.compare('contactable() against a bare scan of what it reads',
$$SELECT count(*) FROM contact_pressure.contactable('email', 'promo')$$,
$$SELECT count(*) FROM contact_pressure.person
	WHERE pg_column_size(history) > 0 AND length(zone) > 0$$,
'2.5 or less', 9);
CALL bench.compare('contactable() against count(*) alone',
$$SELECT count(*) FROM contact_pressure.contactable('email', 'promo')$$,
$$SELECT count(*) FROM contact_pressure.person$$, NULL, 9);
