-- The extension against the slow twin in plain SQL (test/twin): random
-- policies, histories and questions, on which every answer has to agree to
-- the microsecond.  test/twin/run has as many more as one likes.

BEGIN;
SET search_path = public, contact_pressure;
SET TimeZone = 'UTC';
\ir ../twin/twin.sql
\ir ../twin/generate.sql
\ir ../twin/compare.sql

SELECT plan(5);

SELECT is_empty(format('SELECT * FROM twin.compare(%s, %s)', first, first + 29),
	format('seeds %s to %s', first, first + 29))
FROM generate_series(1, 150, 30) AS first;

SELECT * FROM finish();
ROLLBACK;
