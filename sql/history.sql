-- contact_history: what one can do with it
SET search_path = contact_pressure, public;
SET timezone = 'UTC';
SET datestyle = 'ISO';

-- --- text

SELECT '[]'::contact_history;
SELECT '[{"at":"2026-11-01T09:00:00Z","channel":"email","purpose":"newsletter"}]'::contact_history;
-- any order, any offset, names as they come, the default purpose
SELECT jsonb_pretty('[
	{"channel": " SMS", "at": "2026-11-01t10:00:00.500000+01:00", "purpose": "Promo.Summer\t"},
	{"at": "2026-10-31 23:59:59.999999-0330", "channel": "email", "weight": 2.50, "outcome": "Opened",
	 "answered_at": "2026-11-01T08:30Z"},
	{"at": "0001-01-01T00:00:00Z", "channel": "call", "purpose": null, "weight": null, "outcome": null, "answered_at": null},
	{"at": "9999-12-31T23:59:59.999999Z", "channel": "x", "outcome": "planned"}]'::contact_history::jsonb);
-- equal contacts are kept, all of them
SELECT cardinality('[{"at":"2026-11-01T09:00:00Z","channel":"a"},{"at":"2026-11-01T09:00:00Z","channel":"a"}]'::contact_history);
SELECT '[{"at":"2026-11-01T09:00:00Z","channel":"\u0065m\u0061il","purpose":"a_1-b.c","weight":1e2}]'::contact_history;
SELECT '[{"at":"2026-11-01T09:00:00Z","channel":"a","weight":0.000001},
		 {"at":"2026-11-01T09:00:01Z","channel":"a","weight":1000000.0000000},
		 {"at":"2026-11-01T09:00:02Z","channel":"a","weight":0},
		 {"at":"2026-11-01T09:00:03Z","channel":"a","weight":1.5e-5}]'::contact_history;

-- --- jsonb and binary

SELECT '[{"at":"2026-11-01T09:00:00Z","channel":"email"}]'::jsonb::contact_history;
SELECT '[{"at":"2026-11-01T09:00:00Z","channel":"email"}]'::contact_history::jsonb -> 0 ->> 'channel' AS channel;
SELECT contact_history_send('[{"at":"2000-01-01T00:00:01Z","channel":"sms","purpose":"otp","weight":2,"outcome":"opened","answered_at":"2000-01-01T00:00:02Z"}]');

-- --- one value, one representation

CREATE TEMP TABLE h (n int, history contact_history);
INSERT INTO h VALUES
	(1, '[]'),
	(2, '[{"at":"2026-11-01T09:00:00Z","channel":"email"}]'),
	(3, '[{"at":"2026-11-01T10:00:00+01","channel":"EMAIL","purpose":"marketing","outcome":"sent"}]'),
	(4, '[{"at":"2026-11-01T09:00:00.000001Z","channel":"email"}]'),
	(5, '[{"at":"2026-11-01T09:00:00Z","channel":"email","weight":1}]');
SELECT a.n, b.n FROM h a JOIN h b ON a.history = b.history ORDER BY 1, 2;
SELECT a.n, b.n FROM h a JOIN h b ON a.n < b.n
 WHERE (a.history < b.history) = (b.history < a.history) OR (a.history <= b.history) <> (b.history >= a.history)
	OR (a.history <> b.history) = (a.history = b.history) OR (a.history > b.history) <> (b.history < a.history)
 ORDER BY 1, 2;
SELECT count(*) FROM (SELECT history FROM h GROUP BY history) AS s;
SET enable_hashagg = off;
SELECT count(*) FROM (SELECT DISTINCT history FROM h) AS s;
RESET enable_hashagg;
SELECT contact_history_hash(a.history) = contact_history_hash(b.history) AS hash,
	   contact_history_hash_extended(a.history, 1) = contact_history_hash_extended(b.history, 1) AS extended,
	   contact_history_hash(a.history) = contact_history_hash_extended(a.history, 0)::bit(32)::int AS low_half,
	   contact_history_cmp(a.history, b.history)
  FROM h a, h b WHERE a.n = 2 AND b.n = 3;
CREATE INDEX ON h (history);
CREATE INDEX ON h USING hash (history);

-- --- from a log

CREATE TEMP TABLE log (at timestamptz, channel text, purpose text, weight float8, outcome text);
INSERT INTO log VALUES
	('2026-01-03 00:00+00', 'email', 'promo', NULL, 'opened'),
	('2026-01-01 00:00+00', 'EMAIL', NULL, 0.5, NULL),
	('2026-01-02 00:00+00', ' sms ', 'promo.summer', NULL, 'bounced'),
	(NULL, 'email', 'promo', NULL, NULL),
	('2026-01-04 00:00+00', NULL, 'promo', NULL, NULL);
SELECT contact_history(at, channel) FROM log;
SELECT contact_history(at, channel, purpose) FROM log;
SELECT contact_history(at, channel, purpose, weight) FROM log;
SELECT contact_history(at, channel, purpose, weight, outcome) FROM log;
-- no rows, and rows that are all skipped
SELECT contact_history(at, channel) FROM log WHERE false;
SELECT contact_history(at, channel) FROM log WHERE at IS NULL;
SELECT contact_history(NULL::contact_history) FROM log;
SELECT contact_history(history) FROM h WHERE false;
SELECT cardinality(contact_history(history)) FROM h;
-- as a window, the state goes on after each result
SELECT at, cardinality(contact_history(at, channel) OVER (ORDER BY at)) FROM log ORDER BY at;
-- times that the aggregate's state holds otherwise
SELECT contact_history(at, 'a', 'b', w) FROM (VALUES
	('1970-01-01 00:00+00'::timestamptz, 1), ('2026-01-01 00:00:00.000001+00', NULL), ('9999-12-31 00:00+00', 2.5), ('0001-01-01 00:00+00', 1)) AS v(at, w);

-- --- edit

SELECT add_contact(NULL, '2026-01-01 00:00+00', 'email');
SELECT add_contact('[]', at => '2026-01-01 00:00+00', channel => 'Email', purpose => NULL, weight => 2, outcome => 'planned');
SELECT add_contact(add_contact('[]', '2026-01-02 00:00+00', 'email'), '2026-01-01 00:00+00', 'email', 'promo');
SELECT '[{"at":"2026-01-02T00:00:00Z","channel":"b"}]'::contact_history || '[{"at":"2026-01-01T00:00:00Z","channel":"a"}]';
SELECT NULL::contact_history || '[{"at":"2026-01-01T00:00:00Z","channel":"a"}]' AS one, NULL::contact_history || NULL AS none;
SELECT '[{"at":"2026-01-01T00:00:00Z","channel":"a","outcome":"clicked"},{"at":"2026-01-01T00:00:00Z","channel":"a"},{"at":"2026-01-01T00:00:00Z","channel":"a","weight":3,"outcome":"opened"}]'::contact_history AS h \gset
SELECT remove_contact(:'h', '2026-01-01 00:00+00', 'A');
SELECT remove_contact(:'h', '2026-01-01 00:00+00', 'a', weight => 3);
SELECT remove_contact(:'h', '2026-01-01 00:00+00', 'a', outcome => 'clicked');
SELECT set_outcome(:'h', '2026-01-01 00:00+00', 'a', 'marketing', 'replied', '2026-01-02 00:00+00');
SELECT set_outcome(set_outcome('[{"at":"2026-01-01T00:00:00Z","channel":"a","weight":3}]', '2026-01-01 00:00+00', 'a', 'marketing', 'opened', '2026-01-02 00:00+00'),
	'2026-01-01 00:00+00', 'a', 'marketing', 'declined');

-- --- ask

SELECT '[{"at":"2026-01-01T00:00:00Z","channel":"email","purpose":"promo"},
		 {"at":"2026-01-03T00:00:00Z","channel":"email","purpose":"promo.summer","weight":2.5,"outcome":"opened","answered_at":"2026-01-05T00:00:00Z"},
		 {"at":"2026-01-04T00:00:00Z","channel":"sms","purpose":"promotion","weight":0.25},
		 {"at":"2026-01-06T00:00:00Z","channel":"email","outcome":"bounced"},
		 {"at":"2026-01-07T00:00:00Z","channel":"email","outcome":"event"},
		 {"at":"2026-01-08T00:00:00Z","channel":"email","outcome":"declined"},
		 {"at":"2026-01-09T00:00:00Z","channel":"email","outcome":"planned"}]'::contact_history AS h \gset
SELECT contact_count(:'h', '7 days', '2026-01-07 23:59:59.999999+00') AS in_window,
	   contact_count(:'h', '7 days', '2026-01-08 00:00+00') AS first_gone_one_came,
	   contact_count(:'h', '1000 years', '2026-02-01 00:00+00') AS all_counted,
	   contact_count(:'h', '1000 years', '2026-02-01 00:00+00', 'Email') AS email,
	   contact_count(:'h', '1000 years', '2026-02-01 00:00+00', NULL, 'promo') AS promo,
	   contact_count(:'h', '1000 years', '2026-02-01 00:00+00', 'email', 'promo.summer') AS summer,
	   contact_count(:'h', '1000 years', '2026-02-01 00:00+00', purpose => 'marketing') AS marketing,
	   contact_count(NULL, '7 days', '2026-02-01 00:00+00') AS nobody;
SELECT contact_pressure(:'h', '1000 years', '2026-02-01 00:00+00') AS pressure,
	   contact_pressure(:'h', '1000 years', '2026-02-01 00:00+00', 'sms') AS sms,
	   contact_pressure('[]', '7 days', '2026-02-01 00:00+00') AS nobody;
SELECT contact_peak(:'h', '2 days'), contact_peak(:'h', '3 days 1 microsecond'), contact_peak(:'h', '1 year', 'email'), contact_peak(NULL, '1 day');
SELECT last_contact_at(:'h'), last_contact_at(:'h', 'sms'), last_contact_at(:'h', 'email', 'promo'), last_contact_at(:'h', as_of => '2026-01-02 00:00+00'), last_contact_at(:'h', 'post');
SELECT unanswered(:'h') AS since_opened, unanswered(:'h', as_of => '2026-01-04 12:00+00') AS not_opened_yet,
	   unanswered(:'h', answer => 'clicked') AS never_clicked, unanswered(:'h', answer => 'sent') AS not_even_sent,
	   unanswered(:'h', 'email', 'promo') AS promo, unanswered(NULL) AS nobody;
SELECT t, engagement(:'h', t), engagement_changes_at(:'h', t) FROM unnest('{2025-12-31, 2026-01-01, 2026-01-03, 2026-01-05, 2026-04-04 23:59:59.999999Z, 2026-04-05}'::timestamptz[]) AS t ORDER BY t;
SELECT engagement(NULL, '2026-01-01'), engagement_changes_at('[]', '2026-01-01'), engagement(:'h', NULL), engagement_changes_at(:'h', NULL);
SELECT * FROM unnest(:'h'::contact_history);
SELECT * FROM unnest(NULL::contact_history);
SELECT cardinality(:'h'::contact_history), cardinality('[]'::contact_history), cardinality(NULL::contact_history);
-- a month after 30 January, 12:00, and after 31 January, 09:00, is 28 February
SELECT t, contact_count('[{"at":"2026-01-30T12:00:00Z","channel":"a"},{"at":"2026-01-31T09:00:00Z","channel":"a"}]', '1 month', t)
  FROM unnest(array['2026-02-28 08:59+00', '2026-02-28 09:00+00', '2026-02-28 11:59+00', '2026-02-28 12:00+00']::timestamptz[]) AS t ORDER BY t;
-- a day in Amsterdam of 23 hours, one in UTC of 24
SELECT contact_count('[{"at":"2026-03-28T23:30:00Z","channel":"a"}]', '1 day', '2026-03-29 22:45+00', zone => z) AS n, z
  FROM unnest(array['Europe/Amsterdam', 'UTC']) AS z ORDER BY z;
-- a NULL that matters
SELECT contact_count('[]', NULL, '2026-01-01 00:00+00'), contact_count('[]', '1 day', NULL), contact_count('[]', '1 day', '2026-01-01 00:00+00', zone => NULL),
	   contact_peak('[]', NULL), last_contact_at('[]', as_of => NULL), unanswered('[]', as_of => NULL), unanswered('[]', answer => NULL);

-- --- trim

SELECT trim_contacts(:'h', '2026-01-08 00:00+00') AS t \gset
SELECT jsonb_pretty(:'t'::contact_history::jsonb);
SELECT trim_contacts(:'t', '2026-01-08 00:00+00') = :'t' AS same, trim_contacts(:'t', '2025-01-01 00:00+00') = :'t' AS earlier,
	   trim_contacts('[]', '2026-01-01 00:00+00') AS nothing, trim_contacts(NULL, '2026-01-01 00:00+00') AS nobody;
SELECT contact_count(:'t', '1 day', '2026-01-09 00:00+00') AS behind_it, contact_count(:'t', '4 days', '2026-01-08 12:00+00', 'sms') AS sms_had_left,
	   cardinality(:'t'::contact_history), unanswered(:'t', 'email', 'promo'), unanswered(:'t', 'sms'), last_contact_at(:'t', 'sms');
-- late arrivals go into the summary
SELECT add_contact(trim_contacts('[]', '2026-01-08 00:00+00'), '2026-01-01 00:00+00', 'email');
SELECT trim_contacts('[]', '2026-01-08 00:00+00') || '[{"at":"2026-01-01T00:00:00Z","channel":"a","outcome":"event"},{"at":"2026-01-09T00:00:00Z","channel":"a"}]';

-- --- rolling_contacts

SELECT who, at, rolling_contacts(at, '2 days') OVER (PARTITION BY who ORDER BY at)
  FROM (VALUES ('a', '2026-01-01 00:00+00'::timestamptz), ('a', '2026-01-02 00:00+00'), ('a', '2026-01-02 00:00+00'), ('a', '2026-01-03 00:00+00'),
			   ('a', NULL), ('b', '2026-01-03 00:00+00'), ('b', NULL)) AS v(who, at)
 ORDER BY who, at;
SELECT at, rolling_contacts(at, '1 month') OVER (ORDER BY at NULLS FIRST)
  FROM (VALUES ('2026-01-30 12:00+00'::timestamptz), ('2026-01-31 09:00+00'), ('2026-02-28 09:00+00'), ('2026-02-28 12:00+00'), (NULL)) AS v(at)
 ORDER BY at;
SELECT rolling_contacts(at, NULL) OVER (ORDER BY at) FROM (VALUES ('2026-01-30 12:00+00'::timestamptz)) AS v(at);
