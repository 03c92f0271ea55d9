-- A policy as people read it: policy_rules, policy_lint, policy_hours.
SET search_path = contact_pressure, public;
SET TimeZone = 'UTC';
\pset format unaligned
\pset null '(null)'

-- every kind of statement and clause in words
SELECT layer, line, scope, kind, rule, meaning FROM policy_rules('
layer law
zone Europe/Amsterdam
week starts sunday
channels email | push | sms | call | post | event
purposes promo | newsletter | cart | service | order
any/service: transactional
sms | call: needs consent
any except post: quiet 21:00-08:00
call: only 09:00-20:00 on mon-fri, only 10:00-16:00 on sat, not on 12-25
layer house
email: max 5 per 7 days, max 1 per calendar day
email/cart: override, max 1 per 3 days
post: weight 2.5, max 25 weight per 365 days
layer preferences
any/promo: never
');

-- max
SELECT rule, meaning FROM policy_rules('
email: max 1 per 1 month 2 days
any: max 3 per 2 calendar weeks by month
any: max 3 per 3 calendar days
any: max 0 per 7 days
email | sms: max 2 ever
any/promo | any/cart except post: max 2 per 12 hours
each: max 1 per 1 day
any/each: max 1 per 1 day
email/newsletter.each: max 1 per 1 day
each/promo.each: max 1 per 1 day
email | any/promo: max 1 per 1 day
any/marketing: max 4 per 7 days
sms: max 3 per 7 days of push
sms: max 3 per calendar day of push
sms: max 3 ever of push
sms: max 3 per 7 days of sms | push
sms: max 4.5 weight per 7 days of post
sms: max 4.5 weight per 7 days of any
');

-- gap, only within
SELECT rule, meaning FROM policy_rules('
email: gap 1 hour 30 minutes
each: gap 1 day
email: gap 2 days of sms
any: gap 30 days after event/complaint
sms: gap 24 hours after email | push
push/review: only within 14 days after email/service.delivered
any: only within 1 month after event/order
');

-- clock and days
SELECT rule, meaning FROM policy_rules('
zone America/New_York
email: quiet 12:00-13:30
email: quiet 21:00-09:00 on fri-sun
email: quiet 00:00-24:00 on sat+sun
sms: only 18:00-02:00
call: only 09:00-12:00 on mon+wed+fri, only 09:00-17:00 during 11-23 to 11-30
email: only on mon-fri
email: not on sat
email: only on 11-23 to 11-30
email: not on 2026-12-25
email: not on 02-29
');

-- pause
SELECT rule, meaning FROM policy_rules('
email: pause 60 days after 8 unanswered for 3 days, answer clicked
email/promo: answer replied
sms: pause 10 days after 1 unanswered
email: pause forever after 3 never answered
any: pause 1 year after 1 complained
any: pause 30 days after 2 bounced per 7 days
any: pause 30 days after 2 opened per calendar week
any: pause 30 days after 3 hard_bounced
any: answer converted
');

-- what changes who is bound by what
SELECT rule, meaning FROM policy_rules('
any/service | any/otp: transactional
any/marketing: transactional
any/statement: exempt
any/statement: uncounted
email/cart: override, max 1 per 3 days, gap 1 day, only on mon, quiet 12:00-13:00
email: needs consent
any/x: weight 0, answer sent
');

-- dates of a rule
SELECT rule, meaning FROM policy_rules('
email: max 2 per 1 day during 11-23 to 11-30
email: max 1 per calendar day outside 2026-11-23 to 2026-11-30
any: never during 12-24 to 12-26
');

-- nothing to say
SELECT * FROM policy_rules('');
SELECT * FROM policy_rules(NULL);

-- lint: a row each
SELECT severity, code, layer, rule, message, hint FROM policy_lint('
layer law
any/statement: exempt
each | sms: max 2 per 7 days
email: quiet 21:00-08:00, max 5 per 7 days, max 1 per 7 days
layer house
email: max 4 per 7 days
email/cart: override, max 3 per 1 day
post: weight 5, answer clicked
');
SELECT severity, code, layer, rule, message, hint FROM policy_lint('
any: max 3 per 7 days
email/cart: override, max 1 per 3 days
');
SELECT * FROM policy_lint('');
SELECT * FROM policy_lint(NULL);

-- hours
SELECT * FROM policy_hours('
any except post: quiet 21:00-08:00
call: only 09:00-20:00 on mon-fri, only 10:00-16:00 on sat, not on 12-25
', 'call', 'promo');
SELECT * FROM policy_hours('sms: only 18:00-02:00 on fri+sun', ' SMS ', 'promo');
SELECT count(*), min(opens), max(closes) FROM policy_hours('sms: never', 'email', 'promo');
SELECT count(*) FROM policy_hours('sms: never', 'sms', 'promo');
SELECT count(*) FROM policy_hours(NULL, 'sms', 'promo');
SELECT count(*) FROM policy_hours('', NULL, 'promo');
SELECT count(*) FROM policy_hours('', 'sms', NULL);

-- errors
SELECT policy_hours('channels email', 'sms', 'promo');
SELECT policy_hours('purposes promo', 'sms', 'offer');
SELECT policy_hours('', 'any', 'promo');
SELECT policy_hours('', 'e mail', 'promo');
SELECT policy_hours('', 'email', 'promo..summer');
SELECT policy_rules('email: max 5');
