-- In the middle of it, a thousand people opt out: a list that should not have
-- been there.  In the order in which the ledger locks people.

SELECT sum(opt_out(person_id, 'email/marketing', 'list withdrawn')) AS cancelled
  FROM (SELECT person_id::text AS person_id FROM person
		 WHERE chance(person_id, 44) < 0.01
		 ORDER BY person_id::text COLLATE "C") AS withdrawn;
