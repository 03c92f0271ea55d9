-- What becomes of a contact in the ledger: confirmed, cancelled, answered,
-- recorded; one at a time and many.

BEGIN;
-- they all write the same tables: one after the other
LOCK TABLE contact_pressure.policy;
SET search_path = contact_pressure, public;
SET TimeZone = 'UTC';
SET client_min_messages = warning;
SELECT plan(194);

INSERT INTO policy (segment, rules) VALUES
	('everyone', 'sms: needs consent'),
	('default', 'email: max 2 per 7 days'),
	('free', 'email: max 1000 per 1 day; email/pausing: pause 30 days after 2 unanswered');

-- The persons whose history is not what their rows in the log add up to.
CREATE VIEW pg_temp.disagreeing AS
	SELECT p.person_id
	  FROM person AS p
	  LEFT JOIN LATERAL (
		SELECT contact_history(l.at, l.channel, l.purpose, l.weight, l.outcome, l.answered_at) AS history,
			   min(l.lease_until) FILTER (WHERE l.status = 'reserved') AS lease_until
		  FROM contact_log AS l
		 WHERE l.person_id = p.person_id AND l.status <> 'cancelled') AS l ON true
	 WHERE p.history <> coalesce(l.history, '[]')
		OR p.lease_until IS DISTINCT FROM l.lease_until;

CREATE FUNCTION pg_temp.row_of(log_id bigint) RETURNS text
LANGUAGE sql AS $$
SELECT concat_ws(' ', status, outcome, reason, CASE WHEN lease_until IS NOT NULL THEN 'leased' END)
  FROM contact_log AS l WHERE l.log_id = row_of.log_id
$$;

CREATE FUNCTION pg_temp.history_of(id text) RETURNS text
LANGUAGE sql AS $$
SELECT string_agg(concat_ws(' ', c.channel || '/' || c.purpose, c.outcome), ', ' ORDER BY c.at)
  FROM person, unnest(history) AS c WHERE person_id = id
$$;

-- --- confirm_contact

SELECT reserve_contact('a', 'email', key => 'a1', lease => '1 hour') AS a1 \gset
SELECT is(pg_temp.row_of(:a1), 'reserved planned leased', 'a contact on lease is planned');
SELECT is(lease_until IS NOT NULL, true, 'the person has a lease') FROM person WHERE person_id = 'a';
SELECT is(confirm_contact(:a1), true, 'a contact on lease is confirmed');
SELECT is(pg_temp.row_of(:a1), 'confirmed sent', 'then it is sent');
SELECT is(lease_until, NULL, 'the lease is over') FROM person WHERE person_id = 'a';
SELECT is(pg_temp.history_of('a'), 'email/marketing sent', 'the history says sent');
SELECT is(confirm_contact('a', 'a1'), true, 'confirming twice is a retry');
SELECT ok(settled_at BETWEEN now() AND clock_timestamp(), 'settled_at says when') FROM contact_log WHERE log_id = :a1;

SELECT reserve_contact('b', 'email', at => now() + interval '1 day', key => 'b1') AS b1 \gset
SELECT is(confirm_contact('b', 'b1'), true, 'a planned contact is confirmed');
SELECT is(pg_temp.row_of(:b1), 'confirmed planned', 'and stays planned until its time');
SELECT is(pg_temp.history_of('b'), 'email/marketing planned', 'in the history, too');

-- two leases: the person's is the first of them
SELECT reserve_contact('c', 'push', lease => '2 hours') AS c1 \gset
SELECT reserve_contact('c', 'push', lease => '1 hour') AS c2 \gset
SELECT is(confirm_contact(:c2), true, 'the lease that ends first is confirmed');
SELECT is(p.lease_until, l.lease_until, 'the other lease is the first now')
  FROM person AS p JOIN contact_log AS l USING (person_id) WHERE l.log_id = :c1;

-- an expired lease
SELECT reserve_contact('d', 'email', key => 'd1', lease => '1 microsecond') AS d1 \gset
SELECT is(confirm_contact('d', 'd1'), false, 'a lease that has ended is not confirmed');
SELECT is(pg_temp.row_of(:d1), 'cancelled planned lease expired leased', 'it is cancelled');
SELECT is(pg_temp.history_of('d'), NULL, 'and counts no longer');
SELECT is((SELECT lease_until FROM person WHERE person_id = 'd'), NULL, 'the person has no lease');

-- not allowed meanwhile
SELECT reserve_contact('e', 'email', key => 'e1', lease => '1 hour') AS e1 \gset
UPDATE person SET opted_out = '{email/marketing}' WHERE person_id = 'e';
SELECT is(confirm_contact(:e1), false, 'opted out meanwhile: not confirmed');
SELECT is(pg_temp.row_of(:e1), 'reserved planned leased', 'it stays reserved until its lease ends');
UPDATE person SET opted_out = NULL WHERE person_id = 'e';
SELECT is(confirm_contact(:e1), true, 'opted in again: it can be tried again');

INSERT INTO person (person_id, opted_in) VALUES ('f', '{sms}');
SELECT reserve_contact('f', 'sms') AS f1 \gset
UPDATE person SET opted_in = NULL WHERE person_id = 'f';
SELECT is(confirm_contact(:f1), false, 'consent withdrawn: not confirmed');

SELECT reserve_contact('g', 'email') AS g1 \gset
SELECT reserve_contact('g', 'email', at => now() + interval '3 days') AS g2 \gset
SELECT to_char(now(), 'YYYY-MM-DD') AS today, to_char(now() + interval '3 days', 'YYYY-MM-DD') AS later \gset
UPDATE policy SET rules = (E'email: max 2 per 7 days\nemail: not on ' || :'today')::contact_policy WHERE segment = 'default';
SELECT is(confirm_contact(:g1), false, 'a day that is closed now: not confirmed');
SELECT is(confirm_contact(:g2), true, 'one for a later day is judged by the clock of its time');
UPDATE policy SET rules = (E'email: max 2 per 7 days\nemail: not on ' || :'later')::contact_policy WHERE segment = 'default';
SELECT is(confirm_contact(:g1), true, 'a policy that is as it was: confirmed');
UPDATE policy SET rules = 'email: max 1 per 7 days' WHERE segment = 'default';
SELECT reserve_contact('h', 'email', lease => '1 hour') AS h1 \gset
SELECT record_contact('h', 'email') AS h2 \gset
SELECT is(confirm_contact(:h1), true, 'caps are not asked again: the place was taken');
DELETE FROM policy;
SELECT is(confirm_contact(:f1), false, 'no policy: not confirmed');
INSERT INTO policy (segment, rules) VALUES
	('everyone', 'sms: needs consent'),
	('default', 'email: max 2 per 7 days'),
	('free', 'email: max 1000 per 1 day; email/pausing: pause 30 days after 2 unanswered');

SELECT is(confirm_contact(:h2), true, 'a recorded fact is confirmed as it is');
SELECT throws_ok('SELECT confirm_contact(0)', '02000', 'there is no contact with log id 0', 'an unknown log id');
SELECT throws_ok($$SELECT confirm_contact('a', 'nothing')$$, '02000', 'person "a" has no contact with key "nothing"', 'an unknown key');
SELECT throws_ok($$SELECT confirm_contact('nobody', 'a1')$$, '02000', 'person "nobody" has no contact with key "a1"', 'an unknown person');
SELECT throws_ok('SELECT confirm_contact(NULL::bigint)', '22004', 'log_id must not be null', 'no log id');
SELECT throws_ok($$SELECT confirm_contact('a', NULL)$$, '22004', 'key must not be null', 'no key');
SELECT is_empty('SELECT * FROM disagreeing', 'confirmed: every history is what the log says');

-- --- cancel_contact

SELECT reserve_contact('i', 'email', at => now() + interval '1 day', key => 'i1') AS i1 \gset
SELECT reserve_contact('i', 'email', at => now() + interval '2 days', key => 'i2') AS i2 \gset
SELECT is(reserve_contact('i', 'email'), NULL, 'two planned contacts fill the cap');
SELECT is(cancel_contact(:i1, 'out of stock'), true, 'a planned contact is cancelled');
SELECT is(pg_temp.row_of(:i1), 'cancelled planned out of stock', 'with its reason');
SELECT is(cancel_contact('i', 'i1', 'again'), false, 'it was cancelled already');
SELECT is(pg_temp.row_of(:i1), 'cancelled planned out of stock', 'the first reason stays');
SELECT isnt(reserve_contact('i', 'email', key => 'i3'), NULL, 'its place is free');
SELECT is(confirm_contact(:i1), false, 'what was cancelled is not confirmed');
SELECT is(cancel_contact('i', 'i3'), true, 'what was not handed over is cancelled, too');
SELECT is(pg_temp.history_of('i'), 'email/marketing planned', 'one is left');
SELECT is(confirm_contact('i', 'i2'), true, 'that one is handed over');
SELECT is(cancel_contact('i', 'i2', reason => 'late'), true, 'and can be cancelled until its time');

SELECT throws_ok(format('SELECT cancel_contact(%s)', :a1), '55000',
	format('the contact with log id %s can no longer be cancelled', :a1), 'what was sent cannot be cancelled');
SELECT record_event('i', 'order') AS i4 \gset
SELECT throws_ok(format('SELECT cancel_contact(%s)', :i4), '55000', NULL, 'nor can an event');
SELECT record_contact('i', 'email', at => now() + interval '1 hour') AS i5 \gset
SELECT is(pg_temp.row_of(:i5), 'recorded planned', 'a fact of the future is planned');
SELECT is(cancel_contact(:i5), true, 'and can be cancelled');
SELECT reserve_contact('i', 'push') AS i6 \gset
SELECT record_response(:i6, 'delivered');
SELECT throws_ok(format('SELECT cancel_contact(%s)', :i6), '55000', NULL, 'what was delivered cannot be cancelled');
SELECT reserve_contact('i', 'push', lease => '1 hour') AS i7 \gset
SELECT is(cancel_contact(:i7), true, 'a lease is given back');
SELECT is((SELECT lease_until FROM person WHERE person_id = 'i'), NULL, 'then there is none');
SELECT throws_ok('SELECT cancel_contact(0)', '02000', NULL, 'an unknown log id');
SELECT is_empty('SELECT * FROM disagreeing', 'cancelled: every history is what the log says');

-- --- record_response: what it does to an outcome

CREATE TEMP TABLE replaced (outcome text, by text[]);
INSERT INTO replaced
SELECT outcome, string_to_array(by, ' ')
  FROM (VALUES
	('planned', 'sent delivered opened clicked replied converted declined unsubscribed complained bounced hard_bounced rejected failed'),
	('sent', 'delivered opened clicked replied converted declined unsubscribed complained bounced hard_bounced rejected failed'),
	('delivered', 'opened clicked replied converted declined unsubscribed complained bounced hard_bounced rejected failed'),
	('bounced', 'delivered opened clicked replied converted declined unsubscribed complained hard_bounced rejected failed'),
	('failed', 'opened clicked replied converted declined unsubscribed complained hard_bounced rejected'),
	('rejected', 'opened clicked replied converted declined unsubscribed complained hard_bounced'),
	('hard_bounced', 'opened clicked replied converted declined unsubscribed complained'),
	('opened', 'clicked replied converted declined unsubscribed complained'),
	('clicked', 'replied converted declined unsubscribed complained'),
	('replied', 'converted declined unsubscribed complained'),
	('converted', 'declined unsubscribed complained'),
	('declined', 'unsubscribed complained'),
	('unsubscribed', 'complained'),
	('complained', '')) AS t (outcome, by);

CREATE TEMP TABLE pair AS
SELECT r.outcome AS before, response, response = ANY (r.by) AS replaces,
	   format('%s then %s', r.outcome, response) AS person
  FROM replaced AS r, unnest(string_to_array('sent delivered opened clicked replied converted declined unsubscribed complained bounced hard_bounced rejected failed', ' ')) AS response;
SELECT count(record_contact(person, 'email', at => '2026-11-01 10:00Z', key => 'k', outcome => before)) FROM pair;
CREATE TEMP TABLE answer AS
SELECT person, record_response(person, 'k', response, '2026-11-02 10:00Z') AS changed FROM pair;

SELECT is_empty($$
	SELECT p.person, l.outcome
	  FROM pair AS p JOIN contact_log AS l ON l.person_id = p.person
	 WHERE l.outcome <> CASE WHEN p.replaces THEN p.response ELSE p.before END
	$$, 'each outcome, each response: the stronger stays');
SELECT is_empty($$
	SELECT p.person, a.changed
	  FROM pair AS p JOIN answer AS a USING (person)
	 -- an answer whose time was not known gets one
	 WHERE a.changed <> (p.replaces OR (p.before = p.response
		   AND p.before IN ('opened', 'clicked', 'replied', 'converted', 'declined', 'unsubscribed', 'complained')))
	$$, 'it says whether it changed anything');
SELECT is_empty($$
	SELECT p.person, l.answered_at
	  FROM pair AS p JOIN contact_log AS l ON l.person_id = p.person JOIN answer AS a ON a.person = p.person
	 WHERE l.answered_at IS DISTINCT FROM CASE
			WHEN a.changed AND p.response NOT IN ('sent', 'delivered', 'bounced', 'hard_bounced', 'rejected', 'failed')
			THEN '2026-11-02 10:00Z'::timestamptz END
	$$, 'answered_at is when the person answered');
SELECT is((SELECT count(*) FROM response_log AS r JOIN pair AS p ON p.person = r.person_id),
	(SELECT count(*) FROM pair), 'each response is in response_log, whether it changed anything or not');
SELECT is_empty($$
	SELECT p.person, c.opted_out
	  FROM pair AS p JOIN person AS c ON c.person_id = p.person
	 WHERE c.opted_out IS DISTINCT FROM CASE
			WHEN p.response IN ('unsubscribed', 'complained') THEN '{email/marketing}'::text[]
			WHEN p.response = 'hard_bounced' THEN '{email}' END
	$$, 'unsubscribed and complained opt out of the marketing, hard_bounced of the channel');
SELECT is_empty($$
	SELECT p.person
	  FROM pair AS p
	 WHERE p.response IN ('unsubscribed', 'complained', 'hard_bounced')
	   AND NOT EXISTS (SELECT FROM consent_log AS c
						WHERE c.person_id = p.person AND c.action = 'opt_out' AND c.reason = p.response)
	$$, 'with the outcome as the reason in consent_log');
SELECT is_empty('SELECT * FROM disagreeing', 'answered: every history is what the log says');

-- --- record_response: when, twice, to what

SELECT record_contact('j', 'email', 'promo', '2026-11-01 10:00:00.9Z', key => 'j1') AS j1 \gset
SELECT is(record_response(:j1, ' Clicked ', at => '2026-11-01 12:00Z'), true, 'clicked');
SELECT is(record_response(:j1, 'clicked', at => '2026-11-01 12:00Z'), false, 'the same again');
SELECT is(record_response('j', 'j1', 'clicked', '2026-11-01 12:00Z'), false, 'the same by key');
SELECT is((SELECT count(*) FROM response_log WHERE log_id = :j1), 1::bigint, 'is written down once');
SELECT is(record_response(:j1, 'opened', at => '2026-11-01 11:59Z'), false, 'opened after clicked changes nothing');
SELECT is(record_response(:j1, 'clicked', at => '2026-11-01 13:00Z'), false, 'nor does clicked once more');
SELECT is(record_response(:j1, 'clicked', at => '2026-11-01 11:00Z'), true, 'but an earlier click is the first one');
SELECT is((SELECT count(*) FROM response_log WHERE log_id = :j1), 4::bigint, 'all of it is written down');
SELECT is((SELECT answered_at FROM contact_log WHERE log_id = :j1), '2026-11-01 11:00Z'::timestamptz, 'answered at the first click');
SELECT is(record_response(:j1, 'converted', '2026-11-09 10:00+01'), true, 'a literal without a type is a time');
SELECT is((SELECT answered_at FROM contact_log WHERE log_id = :j1), '2026-11-09 09:00Z'::timestamptz, 'answered when it was converted');

SELECT record_contact('j', 'email', at => '2026-11-05 10:00:00.9Z') AS j2 \gset
SELECT is(record_response(:j2, 'opened', at => '2026-11-05 10:00:00Z'), true, 'a report in whole seconds');
SELECT is((SELECT answered_at FROM contact_log WHERE log_id = :j2), '2026-11-05 10:00:00.9Z'::timestamptz, 'is not before the contact');
SELECT is((SELECT at FROM response_log WHERE log_id = :j2), '2026-11-05 10:00Z'::timestamptz, 'and logged as it came');
SELECT throws_ok(format($$SELECT record_response(%s, 'clicked', at => '2026-11-05 09:59Z')$$, :j2), '22023',
	'a response at 2026-11-05T09:59:00Z is earlier than its contact', 'a response before its contact');
SELECT throws_ok(format($$SELECT record_response(%s, 'clicked', at => 'infinity')$$, :j2), '22008', NULL, 'a response at infinity');
SELECT throws_ok(format($$SELECT record_response(%s, 'clickd')$$, :j2), '22023', 'invalid outcome: "clickd"', 'no outcome');
SELECT throws_ok(format($$SELECT record_response(%s, 'planned')$$, :j2), '22023', '"planned" is no response to a contact', 'planned is no response');
SELECT throws_ok(format($$SELECT record_response(%s, 'event')$$, :j2), '22023', '"event" is no response to a contact', 'nor is event');
SELECT throws_ok(format('SELECT record_response(%s, NULL)', :j2), '22004', 'outcome must not be null', 'no outcome at all');
SELECT throws_ok(format($$SELECT record_response(%s, 'opened', at => NULL)$$, :j2), '22004', 'at must not be null', 'no time');
SELECT throws_ok(format($$SELECT record_response(%s, 'opened')$$, :i4), '22023', NULL, 'an event is not answered');
SELECT throws_ok($$SELECT record_response(0::bigint, 'opened')$$, '02000', NULL, 'an unknown log id');
SELECT throws_ok($$SELECT record_response('j', 'j9', 'opened')$$, '02000', NULL, 'an unknown key');

-- to a contact that was cancelled, or on lease
SELECT reserve_contact('k', 'email', key => 'k1') AS k1 \gset
SELECT cancel_contact(:k1);
SELECT is(record_response(:k1, 'opened'), false, 'a response to a cancelled contact changes nothing');
SELECT is((SELECT count(*) FROM response_log WHERE log_id = :k1), 1::bigint, 'but is written down');
SELECT is(record_response(:k1, 'unsubscribed'), false, 'unsubscribed from a cancelled contact');
SELECT is((SELECT opted_out FROM person WHERE person_id = 'k'), '{email/marketing}', 'still opts out');
SELECT reserve_contact('k', 'push', lease => '1 hour') AS k2 \gset
SELECT is(record_response(:k2, 'delivered'), true, 'a response to a contact on lease');
SELECT is(pg_temp.row_of(:k2), 'confirmed delivered', 'shows that it was handed over');
SELECT is((SELECT lease_until FROM person WHERE person_id = 'k'), NULL, 'so there is no lease');
SELECT reserve_contact('k', 'push', at => now() + interval '1 day') AS k3 \gset
SELECT throws_ok(format($$SELECT record_response(%s, 'opened')$$, :k3), '22023', NULL, 'a planned contact cannot be answered yet');

-- an opt-out cancels what is planned
INSERT INTO person (person_id, segment) VALUES ('l', 'free');
SELECT reserve_contact('l', 'email', key => 'l1') AS l1 \gset
SELECT reserve_contact('l', 'email', at => now() + interval '1 day', key => 'l2') AS l2 \gset
SELECT reserve_contact('l', 'push', at => now() + interval '1 day', key => 'l3') AS l3 \gset
SELECT is(record_response('l', 'l1', 'complained'), true, 'a complaint');
SELECT is((SELECT status FROM contact_log WHERE log_id = :l2), 'cancelled', 'cancels the planned email');
SELECT is(pg_temp.row_of(:l3), 'reserved planned', 'but not the push message');
SELECT is(pg_temp.history_of('l'), 'email/marketing complained, push/marketing planned', 'so says the history');

-- the last contact on a channel
SELECT record_contact('m', 'sms', 'promo.summer', '2026-11-01 10:00Z') AS m1 \gset
SELECT record_contact('m', 'sms', 'service', '2026-11-02 10:00Z') AS m2 \gset
SELECT record_contact('m', 'email', 'service', '2026-11-03 10:00Z') AS m3 \gset
SELECT record_contact('m', 'sms', 'service', now() + interval '1 day') AS m4 \gset
SELECT record_contact('m', 'sms', 'service', '2026-11-09 10:00Z') AS m5 \gset
SELECT is(record_response('m', channel => 'SMS', outcome => 'replied', at => '2026-11-04 10:00Z'), true, 'the last text message');
SELECT is(pg_temp.row_of(:m2), 'recorded replied', 'up to then');
SELECT is(record_response('m', channel => 'sms', purpose => 'Promo', outcome => 'clicked', at => '2026-11-04 10:00Z'), true, 'for a purpose');
SELECT is(pg_temp.row_of(:m1), 'recorded clicked', 'or what is below it');
SELECT is(record_response('m', channel => 'sms', outcome => 'replied'), true, 'without a time: now');
SELECT is(pg_temp.row_of(:m5), 'recorded replied', 'what is planned is not sent');
SELECT throws_ok($$SELECT record_response('m', channel => 'push', outcome => 'opened')$$, '02000', NULL, 'nothing sent there');
SELECT throws_ok($$SELECT record_response('m', channel => 'sms', outcome => 'opened', at => '2026-10-01 10:00Z')$$, '02000', NULL, 'nothing sent by then');
SELECT throws_ok($$SELECT record_response('m', outcome => 'opened')$$, '22004', 'a response to which contact?', 'neither key nor channel');

-- an answer given now to an old message ends a pause
INSERT INTO person (person_id, segment) VALUES ('n', 'free');
SELECT record_contact('n', 'email', 'pausing', now() - interval '3 days') AS n1 \gset
SELECT record_contact('n', 'email', 'pausing', now() - interval '2 days') AS n2 \gset
SELECT is(reserve_contact('n', 'email', 'pausing'), NULL, 'two without an answer: a pause');
SELECT is(record_response(:n1, 'opened'), true, 'the older one is opened now');
SELECT isnt(reserve_contact('n', 'email', 'pausing'), NULL, 'the pause is over');
SELECT is_empty('SELECT * FROM disagreeing', 'answered in every way: every history is what the log says');

-- --- record_contact and record_event

SELECT is((SELECT count(record_contact('o', 'email', key => 'o' || i)) FROM generate_series(1, 3) AS i), 3::bigint, 'facts exceed a cap');
SELECT is(reserve_contact('o', 'email'), NULL, 'and are counted');
SELECT is((SELECT status || ' ' || source FROM contact_log WHERE person_id = 'o' AND key = 'o1'), 'recorded record', 'recorded, not reserved');
SELECT is(record_contact('o', 'email', key => 'o1', campaign => 'x'), (SELECT log_id FROM contact_log WHERE person_id = 'o' AND key = 'o1'),
	'the same key again: the same log id');
SELECT is((SELECT count(*) FROM contact_log WHERE person_id = 'o'), 3::bigint, 'counted once');
SELECT record_contact('n', 'CALL', 'Retention', '2026-11-01 10:00Z', 'autumn', 'sales', 2.5, 4.20, 'n9', 'replied', '2026-11-01 11:00Z', 'telephony') AS n9 \gset
SELECT is((SELECT concat_ws(' ', channel, purpose, campaign, owner, segment, weight, cost, outcome, answered_at, source)
			 FROM contact_log WHERE log_id = :n9),
	'call retention autumn sales free 2.5 4.20 replied 2026-11-01 11:00:00+00 telephony', 'every argument is kept');
SELECT is((SELECT contact_pressure(history, '1 day', '2026-11-01 12:00Z', 'call') FROM person WHERE person_id = 'n'), 2.5::float8, 'the weight counts');

SELECT reserve_contact('p', 'email', 'promo', key => 'p1', lease => '1 hour') AS p1 \gset
SELECT is(record_contact('p', 'email', 'promo', key => 'p1'), :p1::bigint, 'a fact with the key of a reservation');
SELECT is(pg_temp.row_of(:p1), 'confirmed sent', 'confirms it');
SELECT reserve_contact('p', 'email', 'promo', key => 'p2', lease => '1 hour') AS p2 \gset
SELECT is(record_contact('p', 'email', 'promo', key => 'p2', outcome => 'delivered'), :p2::bigint, 'a fact with an outcome');
SELECT is(pg_temp.row_of(:p2), 'confirmed delivered', 'confirms it with that');
SELECT is(pg_temp.history_of('p'), 'email/promo sent, email/promo delivered', 'each counts once');
SELECT throws_ok($$SELECT record_contact('p', 'sms', 'promo', key => 'p1')$$, '22023',
	'the key "p1" of person "p" names another contact', 'the key of another contact');
-- it was sent after all
SELECT reserve_contact('q', 'email', 'promo', key => 'q1', campaign => 'c', lease => '1 microsecond') AS q1 \gset
SELECT is(record_contact('q', 'email', 'promo', key => 'q1'), :q1::bigint, 'a fact with the key of what was cancelled');
SELECT is((SELECT concat_ws(' ', pg_temp.row_of(log_id), campaign, source, policy_version) FROM contact_log WHERE log_id = :q1),
	'recorded sent c record', 'is a fact all the same');
SELECT is(pg_temp.history_of('q'), 'email/promo sent', 'and counts');

SELECT throws_ok($$SELECT record_contact(NULL::text, 'email')$$, '22004', 'id must not be null', 'no person');
SELECT throws_ok($$SELECT record_contact('o', NULL)$$, '22004', 'channel must not be null', 'no channel');
SELECT throws_ok($$SELECT record_contact('o', 'email', at => NULL)$$, '22004', 'at must not be null', 'no time');
SELECT throws_ok($$SELECT record_contact('o', 'e mail')$$, '22023', NULL, 'no channel''s name');
SELECT throws_ok($$SELECT record_contact('o', 'email', at => 'infinity')$$, '22008', NULL, 'at infinity');
SELECT throws_ok($$SELECT record_contact('o', 'email', weight => -1)$$, '22023', NULL, 'a negative weight');
SELECT throws_ok($$SELECT record_contact('o', 'email', outcome => 'opened', answered_at => now() - interval '1 hour')$$, '22023',
	'a contact is answered before it is sent', 'answered too early');
SELECT throws_ok($$SELECT record_contact('', 'email')$$, '22023', NULL, 'an empty id');

SELECT record_event('r', 'order', key => 'o-17') AS r1 \gset
SELECT is((SELECT concat_ws(' ', channel, purpose, status, outcome, source) FROM contact_log WHERE log_id = :r1),
	'event order recorded event event', 'an event');
SELECT is(record_event('r', 'order', key => 'o-17'), :r1::bigint, 'the same key: the same event');
SELECT is((SELECT contact_count(history, '1 day', now()) FROM person WHERE person_id = 'r'), 0, 'it counts nowhere');
SELECT throws_ok($$SELECT record_event('r', NULL)$$, '22004', 'purpose must not be null', 'nothing happened');
SELECT is_empty('SELECT * FROM disagreeing', 'recorded: every history is what the log says');

-- --- many at once

INSERT INTO person (person_id, segment) SELECT 's' || i, 'free' FROM generate_series(1, 5) AS i;
SELECT array_agg(reserve_contact('s' || 1 + i % 5, 'email', key => 'k' || i, lease => '1 hour') ORDER BY i) AS ids
  FROM generate_series(1, 10) AS i \gset
SELECT cancel_contact((:'ids'::bigint[])[4]);
SELECT results_eq(
	format('SELECT * FROM confirm_contacts(%L)', (:'ids'::bigint[])[8:10] || 0::bigint || (:'ids'::bigint[])[4] || (:'ids'::bigint[])[8]),
	format('VALUES (%s::bigint, true), (%s, true), (%s, true), (0, NULL), (%s, false), (%s, true)',
		(:'ids'::bigint[])[8], (:'ids'::bigint[])[9], (:'ids'::bigint[])[10], (:'ids'::bigint[])[4], (:'ids'::bigint[])[8]),
	'confirm_contacts: a row for each, in their order');
SELECT results_eq(
	$$SELECT * FROM confirm_contacts(ARRAY['s5', 'nobody', 's2', 's5'], ARRAY['k4', 'k1', 'k1', 'k3'])$$,
	format('VALUES (%s::bigint, false), (NULL, NULL), (%s, true), (NULL, NULL)', (:'ids'::bigint[])[4], (:'ids'::bigint[])[1]),
	'confirm_contacts by keys');
SELECT is_empty($$SELECT * FROM confirm_contacts('{}')$$, 'none to confirm');
SELECT is(cancel_contacts((:'ids'::bigint[])[1:5] || 0::bigint, 'stop'), 3::bigint, 'cancel_contacts: those that can be');
SELECT is((SELECT count(*) FROM contact_log WHERE reason = 'stop'), 3::bigint, 'with their reason');
SELECT is(cancel_contacts(ARRAY['s2', 's2', 's2', 'nobody'], ARRAY['k6', 'k6', 'k1', 'k6']), 1::bigint, 'cancel_contacts by keys');
SELECT is(record_responses((:'ids'::bigint[])[8:10] || (:'ids'::bigint[])[8],
	ARRAY['opened', 'delivered', 'unsubscribed', 'clicked']), 4::bigint, 'record_responses');
SELECT is(record_responses(ARRAY['s4', 's4', 'nobody'], ARRAY['k8', 'k8', 'k8'], ARRAY['opened', 'clicked', 'opened'],
	ARRAY[now(), now() + interval '1 hour', now()]), 0::bigint, 'record_responses by keys: nothing new');
SELECT results_eq($$SELECT outcome FROM contact_log WHERE person_id LIKE 's_' AND key IN ('k8', 'k9', 'k10') ORDER BY log_id$$,
	ARRAY['clicked', 'delivered', 'unsubscribed'], 'the outcomes');
SELECT throws_ok($$SELECT confirm_contacts(ARRAY['s1'], ARRAY['a', 'b'])$$, '22023', 'ids has 1 elements and keys has 2', 'a key too many');
SELECT throws_ok($$SELECT record_responses(ARRAY[1::bigint], ARRAY['opened'], ARRAY[NULL::timestamptz])$$, '22004', 'ats[1] must not be null', 'no time');
SELECT throws_ok($$SELECT cancel_contacts(ARRAY[1, NULL]::bigint[])$$, '22004', 'log_ids[2] must not be null', 'no log id');
SELECT is_empty('SELECT * FROM confirm_contacts(NULL::bigint[])', 'array_agg() over no rows: none to confirm');
SELECT is(cancel_contacts(NULL::text[], NULL), 0::bigint, 'none to cancel');
SELECT is(record_responses(NULL::bigint[], NULL, NULL::timestamptz[]), 0::bigint, 'none to answer');
SELECT is_empty('SELECT * FROM disagreeing', 'many at once: every history is what the log says');

-- a campaign
SELECT count(reserve_contact('t' || i, 'email', campaign => 'spring', at => now() + i * interval '1 day')) FROM generate_series(1, 5) AS i;
SELECT reserve_contact('t1', 'push', campaign => 'spring') AS t1 \gset
SELECT is(cancel_campaign('spring', now() + interval '4 days'), 2::bigint, 'cancel_campaign from then on');
SELECT is(cancel_campaign('spring', reason => 'recall'), 3::bigint, 'cancel_campaign from now on');
SELECT is(cancel_campaign('spring'), 0::bigint, 'nothing is left');
SELECT is(pg_temp.row_of(:t1), 'reserved sent', 'what is sent is not cancelled');
SELECT throws_ok('SELECT cancel_campaign(NULL)', '22004', 'campaign must not be null', 'no campaign');
SELECT is_empty('SELECT * FROM disagreeing', 'a campaign: every history is what the log says');

-- --- ids of other types

SELECT is(confirm_contact(record_contact(17, 'email', key => '1')), true, 'a bigint id');
SELECT is(confirm_contact(17, '1'), true, 'a bigint id and a key');
SELECT is(record_response(17, '1', 'opened'), true, 'a response by bigint id and key');
SELECT is(record_response(17, NULL, 'clicked', channel => 'email'), true, 'a response by bigint id and channel');
SELECT is(pg_temp.row_of(log_id), 'recorded clicked', 'both came') FROM contact_log WHERE person_id = '17';
SELECT reserve_contact(17, 'push', at => now() + interval '1 day', key => '2') AS id \gset
SELECT is(cancel_contact(17, '2', NULL), true, 'cancelled by bigint id and key');
SELECT is(cancel_contacts(ARRAY[17], ARRAY['2']), 0::bigint, 'many by bigint ids');
SELECT is(record_responses(ARRAY[17], ARRAY['1'], ARRAY['replied']), 1::bigint, 'responses by bigint ids');
SELECT results_eq($$SELECT confirmed FROM confirm_contacts(ARRAY[17, 17, 18], ARRAY['1', '2', '1'])$$, ARRAY[true, false, NULL], 'confirmed by bigint ids');
SELECT isnt(record_event(17, 'order'), NULL, 'an event of a bigint id');

SELECT 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6' AS uuid \gset
SELECT isnt(record_contact(:'uuid'::uuid, 'email', key => '1'), NULL, 'a uuid');
SELECT is(confirm_contact(:'uuid'::uuid, '1'), true, 'a uuid and a key');
SELECT is(record_response(:'uuid'::uuid, '1', 'opened'), true, 'a response by uuid and key');
SELECT is(record_response(:'uuid'::uuid, channel => 'email', outcome => 'clicked'), true, 'a response by uuid and channel');
SELECT throws_ok(format('SELECT cancel_contact(%L::uuid, %L)', :'uuid', '1'), '55000', NULL, 'not cancelled by uuid and key');
SELECT is(cancel_contacts(ARRAY[:'uuid'::uuid], ARRAY['1']), 0::bigint, 'many by uuids');
SELECT is(record_responses(ARRAY[:'uuid'::uuid], ARRAY['1'], ARRAY['replied']), 1::bigint, 'responses by uuids');
SELECT is((SELECT confirmed FROM confirm_contacts(ARRAY[:'uuid'::uuid], ARRAY['1'])), true, 'confirmed by uuids');
SELECT isnt(record_event(:'uuid'::uuid, 'order'), NULL, 'an event of a uuid');

-- --- behind the horizon of a trimmed history

SELECT record_contact('u', 'email', at => '2025-01-01 10:00Z') AS u1 \gset
UPDATE person SET history = trim_contacts(history, '2026-01-01 00:00Z') WHERE person_id = 'u';
SELECT is(record_response(:u1, 'opened'), true, 'a response to what was trimmed');
SELECT is(pg_temp.row_of(:u1), 'recorded opened', 'is in the log');
SELECT is((SELECT cardinality(history) FROM person WHERE person_id = 'u'), 0, 'the history stays as it was trimmed');
SELECT reserve_contact('u', 'email', at => '2026-10-01 10:00Z') AS u2 \gset
UPDATE person SET history = trim_contacts(history, '2026-11-01 00:00Z') WHERE person_id = 'u';
SELECT is(cancel_contacts(ARRAY[:u2::bigint]), 0::bigint, 'what was trimmed is not cancelled any more');

-- --- many and one by one: random data, the same answers

SELECT setseed(0.4);
INSERT INTO person (person_id, segment)
SELECT kind || i, 'free' FROM unnest(ARRAY['one', 'many']) AS kind, generate_series(1, 40) AS i;
CREATE TEMP TABLE asked AS
SELECT i, 1 + floor(random() * 40)::int AS who, random() < 0.3 AS later, random() < 0.4 AS leased
  FROM generate_series(1, 300) AS i;
SELECT count(reserve_contact(kind || who, 'email', key => 'k' || i,
		at => now() + CASE WHEN later THEN interval '1 day' ELSE '0' END,
		lease => CASE WHEN leased THEN interval '1 hour' END))
  FROM asked, unnest(ARRAY['one', 'many']) AS kind;
CREATE TEMP TABLE step AS
SELECT a.*, random() < 0.5 AS confirmed, random() < 0.5 AS cancelled,
	   (ARRAY['delivered', 'opened', 'clicked', 'bounced', 'hard_bounced', 'unsubscribed', 'complained'])[1 + floor(random() * 7)::int] AS outcome
  FROM asked AS a;
CREATE FUNCTION pg_temp.cancelled(id text, key text) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
	RETURN contact_pressure.cancel_contact(id, key)::int;
EXCEPTION WHEN object_not_in_prerequisite_state THEN
	RETURN 0;
END
$$;
SELECT is(
	(SELECT array_agg(c.confirmed ORDER BY i)
	   FROM (SELECT array_agg('many' || who ORDER BY i) AS ids, array_agg('k' || i ORDER BY i) AS keys FROM step WHERE confirmed) AS s,
			confirm_contacts(ids, keys) WITH ORDINALITY AS c (log_id, confirmed, i)),
	(SELECT array_agg(confirm_contact('one' || who, 'k' || i) ORDER BY i) FROM step WHERE confirmed),
	'many and one by one: confirmed');
SELECT is(
	(SELECT cancel_contacts(array_agg('many' || who), array_agg('k' || i)) FROM step WHERE cancelled),
	(SELECT sum(pg_temp.cancelled('one' || who, 'k' || i))::bigint FROM step WHERE cancelled),
	'many and one by one: cancelled');
-- twice, backwards the second time: responses change nothing any more
SELECT is(
	(SELECT record_responses(array_agg('many' || who ORDER BY i), array_agg('k' || i ORDER BY i), array_agg(outcome ORDER BY i)) FROM step WHERE NOT later),
	(SELECT count(*) FILTER (WHERE record_response('one' || who, 'k' || i, outcome)) FROM (SELECT * FROM step WHERE NOT later ORDER BY who, i) AS s),
	'many and one by one: answered');
SELECT is(
	(SELECT record_responses(array_agg('many' || who ORDER BY i DESC), array_agg('k' || i ORDER BY i DESC), array_agg(outcome ORDER BY i DESC)) FROM step WHERE NOT later),
	0::bigint, 'the same once more: nothing changes');
SELECT results_eq(
	$$SELECT key, status, outcome, answered_at, lease_until IS NULL FROM contact_log WHERE person_id LIKE 'many%' ORDER BY key$$,
	$$SELECT key, status, outcome, answered_at, lease_until IS NULL FROM contact_log WHERE person_id LIKE 'one%' ORDER BY key$$,
	'many and one by one: the same rows');

-- --- what was planned for later went out earlier

SELECT reserve_contact('early', 'email', at => now() + interval '20 days', weight => 3, key => 'k', lease => '1 hour') AS early \gset
SELECT is(record_contact('early', 'email', at => now() - interval '1 hour', key => 'k'), :early::bigint, 'a fact with the key of a plan is that contact');
SELECT results_eq(
	$$SELECT at, status, outcome, weight, policy_version, lease_until FROM contact_log WHERE person_id = 'early'$$,
	$$VALUES (now() - interval '1 hour', 'recorded', 'sent', 3::float8, NULL::bigint, NULL::timestamptz)$$,
	'which was sent when the fact says');
SELECT is((SELECT lease_until FROM person WHERE person_id = 'early'), NULL, 'and is on lease no more');
SELECT throws_ok($$SELECT cancel_contact('early', 'k')$$, '55000', NULL, 'nor can it be cancelled');

SELECT is_empty('SELECT * FROM disagreeing WHERE person_id <> ''u''', 'random: every history is what the log says');
SELECT is_empty('SELECT * FROM check_ledger() WHERE person_id <> ''u''', 'check_ledger() finds nothing');

SELECT * FROM finish();
ROLLBACK;
