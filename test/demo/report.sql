-- What the answers say, for people.

SET client_min_messages = warning;

-- "Fri 27 Nov 08:00", in the zone of whoever is concerned
CREATE FUNCTION pg_temp.moment(t timestamptz, zone text) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT CASE WHEN t = 'infinity' THEN 'never'
			   WHEN t IS NOT NULL THEN to_char(t AT TIME ZONE zone, 'Dy DD Mon YYYY HH24:MI') END $$;

CREATE FUNCTION pg_temp.why(reason text) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE reason
	WHEN 'opt_out' THEN 'opted out' WHEN 'consent' THEN 'has not consented'
	WHEN 'cap' THEN 'had enough for now' WHEN 'gap' THEN 'too soon after another'
	WHEN 'follow_up' THEN 'not the moment for a follow-up' WHEN 'quiet' THEN 'quiet hours'
	WHEN 'day' THEN 'not on this day' WHEN 'pause' THEN 'pause: does not answer'
	WHEN 'never' THEN 'never' ELSE reason END $$;

CREATE FUNCTION pg_temp.share(part bigint, whole bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN whole > 0 THEN to_char(100.0 * part / whole, 'FM990.0') || ' %' END $$;

CREATE FUNCTION pg_temp.number(n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT to_char(n, 'FM999,999,999') $$;

\pset title 'The data'
SELECT title AS "Data", pg_temp.moment(as_of, zone) || ' ' || zone AS "The question is asked at" FROM setting;
\pset title
SELECT pg_temp.number(count(*)) AS "People",
	   pg_temp.number(sum(cardinality(history))) AS "Contacts",
	   round(avg(cardinality(history)), 1) AS "A person",
	   count(DISTINCT zone) AS "Time zones",
	   pg_temp.number(count(*) FILTER (WHERE opted_out <> '{}')) AS "With an opt-out",
	   round(sum(pg_column_size(history))::numeric / sum(cardinality(history)), 1) AS "Bytes a contact"
  FROM person;

\pset format unaligned
\pset tuples_only on
\echo The policy
SELECT regexp_replace(policy::text, '^', '    ', 'gn') AS policy FROM setting;
SELECT E'\n' || severity || ': ' || message FROM setting, policy_lint(policy);
\echo
\pset tuples_only off
\pset format aligned
\pset title 'The policy, in words'
SELECT layer AS "Layer", scope AS "For",
	   rtrim(regexp_replace(meaning, '(.{1,100})( |$)', E'\\1\n', 'g'), E'\n') AS "What it says"
  FROM setting, policy_rules(policy);

\pset title 'Who may be contacted now'
SELECT q.channel || ' / ' || q.purpose AS "Channel / purpose",
	   pg_temp.number(count(*) FILTER (WHERE allowed)) AS "May now",
	   pg_temp.share(count(*) FILTER (WHERE allowed), count(*)) AS "Share",
	   pg_temp.number(count(*) FILTER (WHERE NOT allowed)) AS "May not",
	   pg_temp.number(count(*) FILTER (WHERE NOT allowed AND retry_at <= as_of + interval '1 day')) AS "... but within a day",
	   pg_temp.number(count(*) FILTER (WHERE NOT allowed AND retry_at <= as_of + interval '7 days')) AS "... within 7 days",
	   pg_temp.number(count(*) FILTER (WHERE NOT allowed AND retry_at = 'infinity')) AS "... not at all"
  FROM answer JOIN question q USING (channel) CROSS JOIN setting
 GROUP BY q.n, q.channel, q.purpose ORDER BY q.n;

SELECT zone AS local_zone FROM setting \gset
\set title 'Who may not, why, and until when (' :local_zone ' time)'
\pset title :title
SELECT channel AS "Channel", pg_temp.why(reason) AS "Reason",
	   pg_temp.number(count(*)) AS "People",
	   pg_temp.moment(min(retry_at), min(s.zone)) AS "Earliest retry",
	   pg_temp.moment(percentile_disc(0.5) WITHIN GROUP (ORDER BY retry_at), min(s.zone)) AS "Half of them by",
	   mode() WITHIN GROUP (ORDER BY rule) AS "Rule most often met"
  FROM answer JOIN question q USING (channel) CROSS JOIN setting s
 WHERE NOT allowed
 GROUP BY q.n, channel, reason ORDER BY q.n, count(*) DESC, reason;

\pset title 'Ten people, and the next moment for each (their local time)'
SELECT a.person_id AS "Person", p.zone AS "Zone", a.channel AS "Channel",
	   CASE WHEN allowed THEN 'yes' ELSE 'no: ' || pg_temp.why(reason) END AS "May we?",
	   rule AS "Binding rule",
	   CASE WHEN cap IS NOT NULL THEN round(counted::numeric, 1)::float8 || ' of ' || round(cap::numeric, 1)::float8 END AS "Used",
	   CASE WHEN allowed THEN 'now' ELSE pg_temp.moment(retry_at, p.zone) END AS "From"
  -- in turn one of each channel and reason, nobody twice
  FROM (SELECT DISTINCT ON (person_id) *
		  FROM (SELECT *, row_number() OVER (PARTITION BY channel, reason
											 ORDER BY hashint8extended(person_id, 1)) AS turn
				  FROM answer) AS drawn
		 ORDER BY person_id, turn, channel) AS a
  JOIN person p USING (person_id)
 ORDER BY turn, hashint8extended(a.person_id, 3) LIMIT 10;

\pset title 'The busiest people'
SELECT person_id AS "Person", zone AS "Zone",
	   contact_count(history, '7 days', as_of) AS "Last 7 days",
	   contact_count(history, '30 days', as_of) AS "Last 30 days",
	   contact_peak(history, '7 days') AS "Worst 7 days",
	   pg_temp.moment(last_contact_at(history, as_of => as_of), zone) AS "Last contact",
	   (SELECT pg_temp.number(count(*) FILTER (WHERE allowed)) || ' of ' || count(*)
		  FROM answer a WHERE a.person_id = p.person_id) AS "Channels open now"
  FROM (SELECT person.*, setting.as_of FROM person, setting) AS p
 WHERE history IS NOT NULL
 ORDER BY contact_count(history, '30 days', as_of) DESC, person_id LIMIT 5;

\pset title 'One busy person, explained: every rule that binds a promotion by the first channel'
SELECT e.rule AS "Rule", CASE WHEN e.passes THEN 'passes' ELSE 'refuses' END AS "Now",
	   round(e.counted::numeric, 1)::float8 AS "Counted", round(e.cap::numeric, 1)::float8 AS "Cap",
	   CASE WHEN NOT e.passes THEN pg_temp.moment(e.passes_at, p.zone) END AS "Lets pass from"
  FROM (SELECT person.*, s.as_of, s.policy FROM person, setting s
		 WHERE history IS NOT NULL AND opted_out = '{}'
		 ORDER BY contact_count(history, '30 days', s.as_of) DESC, person_id LIMIT 1) AS p
  CROSS JOIN (SELECT * FROM question ORDER BY n LIMIT 1) AS q
  CROSS JOIN LATERAL explain_contact(p.history, p.policy, q.channel, q.purpose,
									 p.as_of, p.zone, p.opted_out, p.opted_in) AS e;
