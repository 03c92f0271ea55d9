-- contact_policy: text, comparison, joining, binary
SET search_path = contact_pressure, public;
SET timezone = 'America/New_York';
\pset format unaligned
\pset tuples_only on

-- The example of the documentation: canonical text drops comments and blanks
SELECT $$
# row "everyone": law, night, service messages
zone Europe/Amsterdam
channels email | push | sms | call | post | event
purposes promo | newsletter | cart | review | service | otp | complaint | order
any/service | any/otp: transactional
sms | call:            needs consent
any except post:       quiet 21:00-08:00
call:                  only 09:00-20:00 on mon-fri, only 10:00-16:00 on sat, not on 12-25
any:                   max 12 per 30 days, gap 30 days after event/complaint
sms/otp:               max 5 per 1 hour

# row "default": the marketing of an ordinary customer
email:       max 1 per calendar day, max 5 per 7 days, answer clicked, pause 60 days after 8 unanswered for 3 days
each except sms: max 1 per calendar day outside 11-23 to 11-30, max 2 per calendar day during 11-23 to 11-30
sms:         max 2 per 30 days, gap 24 hours after email | push
post:        weight 5, max 25 weight per 365 days
email/cart:  override, max 1 per 3 days
push/review: only within 14 days after email/service.delivered
$$::contact_policy;

-- Every form of every clause
SELECT $$layer everyone; zone "Europe/Amsterdam"; week starts Sunday
any: max 0 ever, max 3 per 7 days, max 1 per calendar day, max 2 per 2 calendar weeks by month,
     max 2.50 weight per 1 year, max 3.0 per 1 calendar quarter by years of email | sms except sms/otp
any: gap 24 hours, gap 1 week 1 day after email/promo.summer, gap 90 minutes of each/each
any: only within 14 days after email/service.delivered
any: quiet 21:00-08:00, quiet 13:00-14:00 on sat+sun, only 09:00-24:00 on mon-fri, only 00:00-24:00 on mon-sun
any: only on fri-mon, not on monday + wednesday - friday, only on 2026-11-23 to 2026-11-30, not on 12-25, not on 02-29 to 03-01
any: pause 60 days after 8 unanswered, pause 1 year after 3 unanswered for 12 hours, pause forever after 11 never answered,
     pause 30 days after 2 bounced, pause 1 month after 1 complained per 365 days, pause 1 month after 1 clicked per calendar week
any: never, never during 11-23 to 11-30, never outside 2026-01-01 to 2026-12-31
any: needs consent, transactional, exempt, uncounted, override, weight 0.000001, weight 1000000, weight 0, answer converted
each/promo.each | any/each | each: exempt$$::contact_policy;

-- Durations: as few units as say it exactly; days are not made of hours
SELECT d, ('any: gap ' || d)::contact_policy
  FROM unnest(ARRAY['1 day', '24 hours', '7 days', '2 weeks', '12 months', '18 months', '1 year 2 months 7 days 12 hours 30 minutes 5 seconds 250 milliseconds',
	'3600 seconds', '90000 milliseconds', '1 day 1 days', '1 hour 1 week', '1000 years', '365250 days', '8766000 hours', '0001 day']) d;

-- A line goes on after "," "|" ":", comments and empty lines in between; ";" ends a statement too
SELECT E'email |   # both\n\n  sms:\n# caps\n max 3 per 7 days ,  \r\n\tnever;;;\n;push:never # end'::contact_policy;
SELECT E'EMAIL/Promo.Summer | Any: MAX 3 PER 7 DAYS, Quiet 21:00-08:00 ON Saturday'::contact_policy;

-- Words of the grammar are names where a name must stand
SELECT $$max | gap/per.day | mon-fri except except | quiet/never: never, gap 1 day after after | during/to except of during 11-23 to 11-30
channels: never; channels | purposes: never; zone: never; zone/zone: never; zone | week: never; week: never; layer: never
zone except layer: never; layer except zone: never; channels except zone: never; except except except: never; mon-fri: never
any/mon: max 1 ever of weight$$::contact_policy;
SELECT $$channels except | any-thing | max | zone | mon-fri; purposes except | to$$::contact_policy;
SELECT $$channels except; layer except; layer layer; layer mon; layer max$$::contact_policy;

-- Nothing at all, and nearly nothing
SELECT ''::contact_policy = E' \n;; # nothing\n'::contact_policy, ''::contact_policy::text = '', 'layer x'::contact_policy;
SELECT coalesce(NULL::contact_policy::text, 'null');

-- Zones in their own spelling
SELECT z, ('zone ' || z)::contact_policy FROM unnest(ARRAY['europe/amsterdam', 'UTC', 'Etc/GMT+5', 'America/Port-au-Prince',
	'"America/Argentina/Buenos_Aires"', '''asia/kolkata''', 'EST5EDT', 'Australia/Lord_Howe']) z;

-- What says nothing new is said once; declarations too
SELECT 'channels email | sms | email; email: needs consent, needs consent, override, override, max 1 ever, max 1 ever'::contact_policy;

-- Declared names: the last declaration of a layer and those before it; marketing is always known
SELECT 'channels email; purposes promo; email/promo.summer | email/marketing: never'::contact_policy;
SELECT 'email: never; channels email; sms: never; channels sms | email'::contact_policy;
SELECT 'channels email; email: never; layer b; channels sms; sms: never'::contact_policy;

-- Equality is equality of meaning as written: of the canonical text
SELECT 'email: max 3 per 1 week'::contact_policy = 'Email :max 3 per 7 day', 'email: never'::contact_policy = 'sms: never',
	   'email: never'::contact_policy <> 'sms: never', 'email: quiet 21:00-08:00 on mon-sun'::contact_policy = 'email: quiet 21:00-08:00';
SELECT count(*), count(DISTINCT p) FROM (VALUES ('email: never'::contact_policy), ('sms: never'), ('EMAIL: never')) v(p);
SELECT p FROM (VALUES ('email: never'::contact_policy), ('email: never; sms: never'), ('EMAIL: never')) v(p) GROUP BY p ORDER BY p::text;
SELECT a < b, a <= b, a > b, a >= b, contact_policy_cmp(a, a), contact_policy_cmp(a, b) = - contact_policy_cmp(b, a)
  FROM (VALUES ('email: never'::contact_policy, 'email: never; sms: never'::contact_policy)) v(a, b);
SELECT contact_policy_hash('email: never') = contact_policy_hash('EMAIL: never # same'),
	   contact_policy_hash_extended('email: never', 1) = contact_policy_hash_extended('EMAIL: never', 1),
	   contact_policy_hash_extended('email: never', 1) <> contact_policy_hash_extended('email: never', 2);
CREATE TEMP TABLE t (p contact_policy PRIMARY KEY);
INSERT INTO t VALUES ('email: never'), ('sms: never'), ('');
INSERT INTO t VALUES ('EMAIL: never') ON CONFLICT DO NOTHING;
SELECT p FROM t WHERE p = 'sms:never';
CREATE INDEX ON t USING hash (p);
SELECT count(*) FROM t a JOIN t b USING (p);

-- Joining: layers of the second after those of the first
SELECT 'email: never'::contact_policy || 'sms: never';
SELECT 'layer everyone; email: never'::contact_policy || 'layer preferences; sms: never';
SELECT '' || 'sms: never'::contact_policy, 'sms: never'::contact_policy || '';
SELECT NULL || 'sms: never'::contact_policy, 'sms: never'::contact_policy || NULL, (NULL::contact_policy || NULL) IS NULL;
SELECT ('email: never'::contact_policy || 'sms: never') || 'push: never' = 'email: never'::contact_policy || ('sms: never'::contact_policy || 'push: never');
SELECT 'layer layer-2; email: never'::contact_policy || 'sms: never';
-- what was declared before holds for what is joined
SELECT 'channels email'::contact_policy || 'email: never';
SELECT 'channels email'::contact_policy || 'sms: never';
SELECT 'purposes promo'::contact_policy || 'layer x; any: gap 1 day after any/order';
SELECT 'channels email'::contact_policy || 'channels sms; sms: never';

-- Binary: a version byte and the canonical text
SELECT contact_policy_send('EMAIL:never');
SELECT convert_from(substr(contact_policy_send(p), 2), 'UTF8')::contact_policy = p FROM t ORDER BY p::text;

-- Storage: one value in a row, in an array, in a composite, by I/O from text
SELECT (ARRAY['email: never', 'sms: never']::contact_policy[])[2], row('email: never'::contact_policy);
SELECT ('email: never'::text)::contact_policy, pg_typeof('email: never'::contact_policy || 'sms: never');
SELECT pg_column_size('any: max 3 per 7 days'::contact_policy);
