-- contact_policy: what is refused, with its SQLSTATE, detail and hint
SET search_path = contact_pressure, public;
\pset format unaligned
\pset tuples_only on

-- the text, then SQLSTATE and message, detail, hint
CREATE FUNCTION pg_temp.reason(policy text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	state text; message text; detail text; hint text;
BEGIN
	RETURN format('  accepted as %s', policy::contact_policy);
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
		detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN format(E'  %s %s\n  %s\n  %s', state, replace(message, 'invalid input syntax for type contact_policy', '...'), detail, hint);
END $$;
CREATE FUNCTION pg_temp.refusal(policy text) RETURNS text
LANGUAGE sql AS $$
SELECT format(E'> %s\n%s', policy, pg_temp.reason(policy))
$$;

-- The message itself, once
SELECT 'email: max 3 per day'::contact_policy;

-- Where: line and column, and the line that is quoted
SELECT pg_temp.refusal(E'# two lines\nemail: max 3 per 7 days\n  sms: max 3 per\n    day  \n\npush: never');
SELECT pg_temp.refusal(E'email: max 1 per 1 day, max 2 per 2 days, max 3 per 3 days, max 4 per 4 days, max 5 per 5 days, max 6 per day, max 7 per 7 days');

-- What is typed first
SELECT pg_temp.refusal(p) FROM unnest(ARRAY[
	'email: max 3 per day',
	'email: max 3 per weeks',
	'email: max 3 per hour',
	'email: max 3 per quarter',
	'email, sms: max 3 per 7 days',
	'email/promo and sms/promo: never',
	'any: quiet 9pm-8am',
	'any: quiet 21-08',
	'any: quiet 21:00 to 08:00',
	'any: quiet 9:00-17:00',
	'any: quiet on sat',
	'email: max 3 per 7',
	'email: gap 24',
	'email: gap 24h',
	'email: gap day',
	'sms: max 2 in 7 days',
	'sms: max 2 within 7 days',
	'sms: max 2/week',
	'sms: max 2 a day',
	'sms: max 2 daily',
	'sms: max 2',
	'sms: max 2 sms per 7 days',
	'sms: max two per 7 days',
	'sms: max -1 per 7 days',
	'sms: max 2,000 per 7 days',
	'sms: 3 per week',
	'sms: at most 3 per week',
	'email max 3 per 7 days',
	'email',
	'email:',
	'email: max 3 per 7 days,',
	'email: max 3 per 7 days max 1 per 1 day',
	'email: max 3 per 7 days and max 1 per 1 day',
	'email: max 3 per 7 days sms: never',
	'email: max 3 per 7 days, sms: never',
	E'email: max 3 per 7 days,\nsms: never',
	E'email: max 3 per 7 days\n, never',
	'max 3 per 7 days',
	'email: max 2 per 7 days of sms, push',
	'email: max 2 per 7 days after sms',
	'any: only mon-fri',
	'any: not 12-25',
	'any: only 09:00-17:00 mon-fri',
	'any: only on weekdays',
	'any: not on mon, tue',
	'any: not on mon to fri',
	'any: not on 12/25',
	'any: not on 25-12-2026',
	'any: never during 11-23',
	'any: never during 11-23 - 11-30',
	'any: needs consent during 11-23 to 11-30',
	'any: requires consent',
	'any: transactionl',
	'any: pause 60 days after 8 emails unanswered',
	'any: pause 60 days after unanswered',
	'any: pause after 8 unanswered',
	'any: gap 24 hours before email',
	'email.promo: never',
	'marketing emails: never',
	'any/any: never',
	'any/each.promo: never',
	'email = never',
	'"email": never',
	'(email | sms): never',
	'email: never -- comment',
	'// comment',
	'timezone Europe/Amsterdam',
	'zone +02:00',
	'zone',
	'channels email, sms',
	'channels any',
	'purposes promo.summer',
	'week starts on monday',
	'week starts sat-sun',
	'layer my layer',
	'layer',
	U&'any: quiet 21:00\201308:00',
	U&'any:\00A0never',
	U&'\201Cemail\201D: never',
	U&'\00FCberraschung: never']) p;

-- What the grammar allows and the meaning does not
SELECT pg_temp.refusal(p) FROM unnest(ARRAY[
	'any: max 2.5 per 7 days',
	'any: max 1000000001 per 7 days',
	'any: max 99999999999999999999999999 per 7 days',
	'any: max 0.0000001 weight per 7 days',
	'any: weight 0.1234567',
	'any: weight 1000000.1',
	'any: weight -1',
	'any: gap 0 days',
	'any: gap 1 day 0 hours',
	'any: gap 1.5 hours',
	'any: gap 1001 years',
	'any: gap 1000 years 1 month',
	'any: gap 99999999999999999999 milliseconds',
	'any: gap 1 quarter',
	'any: max 1 per 0 calendar days',
	'any: max 1 per 365251 calendar days',
	'any: max 1 per calendar hour',
	'any: max 1 per calendar week by day',
	'any: max 1 per calendar month by month',
	'any: max 1 per calendar year by year',
	'any: quiet 21:00-21:00',
	'any: only 24:00-00:00',
	'any: quiet 25:00-08:00',
	'any: quiet 21:60-08:00',
	'any: quiet 24:01-08:00',
	'any: not on 13-01',
	'any: not on 02-30',
	'any: not on 2026-02-29',
	'any: not on 0000-01-01',
	'any: not on 1-5',
	'any: never during 2026-11-23 to 11-30',
	'any: never during 2026-11-30 to 2026-11-23',
	'any: never during 12-20 to 01-05',
	'any: never outside 12-20 to 01-05',
	'any: only on 12-20 to 01-05',
	'any: not on 12-20 to 01-05',
	'any: never during 11-23-11-30 to 12-01',
	'any: pause 7 days after 0 unanswered',
	'any: pause 7 days after 2.5 unanswered',
	'any: pause 7 days after 3 ignored',
	'any: answer planned',
	'any: answer bounced',
	'any: answer liked',
	'zone Mars/Olympus',
	'zone UTC+2',
	'channels email | sms; fax: never',
	'channels email | sms; any: gap 1 day after fax',
	'channels email | sms; any except fax: never',
	'channels email; layer b; channels sms; email: never',
	'purposes promo; any/order: never',
	'purposes promo; any/order.late: never',
	'layer preferences; email: needs consent',
	'layer preferences; email: weight 2',
	'layer preferences; email: override, max 1 per 1 day',
	'layer preferences; email: transactional',
	'layer preferences; email: only within 1 day after any/order',
	'layer preferences; zone UTC',
	'layer preferences; channels email',
	'layer preferences; week starts sunday',
	repeat('a', 64) || ': never',
	'any/' || repeat('a', 64) || ': never',
	'any/' || rtrim(repeat(repeat('a', 60) || '.', 5), '.') || ': never',
	'layer ' || repeat('a', 64)]) p;

-- Preferences may say this much
SELECT pg_temp.refusal('layer preferences; email: max 1 per 7 days, gap 2 days, quiet 20:00-09:00, only 10:00-12:00, only on mon-fri, not on 12-25, pause 1 year after 1 declined, never during 07-01 to 07-31');

-- Too much of everything
SELECT pg_temp.reason(repeat(' ', 65537));
SELECT length((repeat(' ', 65524) || 'email: never')::contact_policy::text);
SELECT pg_temp.reason('any:' || repeat(E'never,\n', 4096) || 'never');
SELECT length(('any:' || repeat('never,', 4095) || 'never')::contact_policy::text);
SELECT pg_temp.reason(repeat('layer a;', 65));
-- what can be read can be read back: the canonical text would be longer than the text
SELECT pg_temp.reason(rtrim(repeat('e' || repeat('|e', 1000) || ':' || repeat('max 1per 1day,', 1000) || 'never;', 4), ';'));

-- Binary input is held to the same: a COPY stream made by hand
CREATE TEMP TABLE wire (p contact_policy);
CREATE FUNCTION pg_temp.stream(value bytea) RETURNS oid LANGUAGE sql AS $$
SELECT lo_from_bytea(0, '\x5047434f50590aff0d0a00' || '\x0000000000000000'::bytea || '\x0001' || int4send(length(value)) || value || '\xffff')
$$;
\set file `mktemp`
\set copy '\\copy wire FROM ' :file ' (FORMAT binary)'
-- as sent
SELECT pg_temp.stream(contact_policy_send('email: max 3 per 7 days')) AS stream \gset
\lo_export :stream :file
:copy
-- not canonical
SELECT pg_temp.stream('\x01' || convert_to('EMAIL:never # x', 'UTF8')) AS stream \gset
\lo_export :stream :file
:copy
-- another version
SELECT pg_temp.stream('\x02' || convert_to('email: never', 'UTF8')) AS stream \gset
\lo_export :stream :file
:copy
-- no version
SELECT pg_temp.stream(''::bytea) AS stream \gset
\lo_export :stream :file
:copy
-- an error in it
SELECT pg_temp.stream('\x01' || convert_to('email: max 3 per day', 'UTF8')) AS stream \gset
\lo_export :stream :file
:copy
-- a NUL in it
SELECT pg_temp.stream('\x01' || convert_to('email: never', 'UTF8') || '\x00' || convert_to('; sms: never', 'UTF8')) AS stream \gset
\lo_export :stream :file
:copy
-- bytes of no encoding
SELECT pg_temp.stream('\x01656d61696cff3a206e65766572'::bytea) AS stream \gset
\lo_export :stream :file
:copy
-- too long
SELECT pg_temp.stream('\x01' || convert_to(repeat(' ', 65537), 'UTF8')) AS stream \gset
\lo_export :stream :file
:copy
-- the empty policy
SELECT pg_temp.stream('\x01'::bytea) AS stream \gset
\lo_export :stream :file
:copy
SELECT p FROM wire;
\setenv FILE :file
\! rm -f "$FILE"
