-- A retailer's customers in four time zones, on the Wednesday before Black
-- Friday.  All numbers come from hash functions: the same on every machine.

SET client_min_messages = warning;

-- A number in [0, 1) that depends on the key and the seed alone.
CREATE FUNCTION public.chance(key bigint, seed int) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT (hashint8extended(key, seed) & 1048575) / 1048576.0::float8 $$;

INSERT INTO public.setting VALUES (
	'the generated retailer', '2026-11-25 16:30+01', 'Europe/Amsterdam', $policy$
layer everyone        # law, night, service messages
zone Europe/Amsterdam
channels email | push | sms | post | event
purposes promo | newsletter | cart | review | service | otp | complaint | order
any/service | any/otp: transactional
sms:             needs consent
any except post: quiet 21:00-08:00
any:             max 12 per 30 days, gap 30 days after event/complaint

layer default         # the marketing of an ordinary customer
email: max 1 per calendar day, max 4 per 7 days, answer opened, pause 60 days after 8 unanswered for 3 days
push:  max 1 per calendar day outside 11-23 to 11-30, max 2 per calendar day during 11-23 to 11-30
sms:   max 2 per 30 days, gap 24 hours after email | push
post:  weight 5, max 15 weight per 90 days
$policy$);

INSERT INTO public.question VALUES
	(1, 'email', 'promo'), (2, 'push', 'promo'), (3, 'sms', 'promo'), (4, 'post', 'promo');

INSERT INTO public.person (person_id, zone, opted_out, opted_in)
SELECT p,
	   CASE WHEN chance(p, 1) < 0.60 THEN 'Europe/Amsterdam'
			WHEN chance(p, 1) < 0.75 THEN 'Europe/Lisbon'
			WHEN chance(p, 1) < 0.90 THEN 'America/New_York'
			ELSE 'Australia/Sydney' END,
	   CASE WHEN chance(p, 2) < 0.020 THEN '{push/marketing}'::text[]
			WHEN chance(p, 2) < 0.045 THEN '{post}'
			WHEN chance(p, 2) < 0.050 THEN '{any/marketing}'
			ELSE '{}' END,
	   CASE WHEN chance(p, 3) < 0.35 THEN '{sms}'::text[] ELSE '{}' END
  FROM generate_series(1, :people) AS p;
