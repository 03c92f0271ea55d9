-- The Complete Journey (dunnhumby): 27 coupon campaigns of a US grocer and
-- the households in each.  Run in the directory of its files.
--
-- A household in a campaign is one contact, at nine in the morning of the
-- campaign's first day.  The data do not say by which channel it was made; the
-- demo takes type A (up to 1,100 households, a choice of coupons for each) for
-- printed booklets by post, type B for email and type C for push messages of
-- the app.  A redeemed coupon is an answer: the contact has converted.  What
-- lies after the day of the question is planned.

SET client_min_messages = warning;

CREATE TEMP TABLE campaign (campaign_id text, campaign_type text, start_date date, end_date date);
CREATE TEMP TABLE member (campaign_id text, household_id int);
CREATE TEMP TABLE redemption (household_id int, coupon_upc text, campaign_id text, redemption_date date);
\copy campaign FROM 'campaign_descriptions.csv' (FORMAT csv, HEADER)
\copy member FROM 'campaigns.csv' (FORMAT csv, HEADER)
\copy redemption FROM 'coupon_redemptions.csv' (FORMAT csv, HEADER)

INSERT INTO public.setting VALUES (
	'the Complete Journey households', '2017-11-20 10:00-05', 'America/New_York', $policy$
layer everyone        # night, and not too much of everything
zone America/New_York
channels email | push | post
purposes promo
any except post: quiet 21:00-08:00
any: max 3 per 60 days, answer converted

layer default         # coupons for an ordinary household
post:  max 1 per 30 days
email: max 1 per 14 days, max 5 per 1 calendar year, pause 90 days after 4 unanswered for 14 days
push:  max 1 per 7 days, gap 3 days after email
$policy$);

INSERT INTO public.question VALUES
	(1, 'post', 'promo'), (2, 'email', 'promo'), (3, 'push', 'promo');

INSERT INTO public.person (person_id, zone)
SELECT DISTINCT household_id, 'America/New_York' FROM member;

INSERT INTO public.contact_log
SELECT m.household_id, c.at,
	   CASE c.campaign_type WHEN 'Type A' THEN 'post' WHEN 'Type B' THEN 'email' ELSE 'push' END,
	   'promo.campaign-' || c.campaign_id,
	   CASE WHEN c.at > s.as_of THEN 'planned'
			WHEN r.answered_at IS NULL THEN 'sent' ELSE 'converted' END,
	   CASE WHEN c.at <= s.as_of THEN r.answered_at END
  FROM member m
  JOIN (SELECT *, (start_date + time '09:00') AT TIME ZONE 'America/New_York' AS at
		  FROM campaign) AS c USING (campaign_id)
  CROSS JOIN setting s
  LEFT JOIN LATERAL (
		SELECT min((redemption_date + time '12:00') AT TIME ZONE 'America/New_York') AS answered_at
		  FROM redemption
		 WHERE household_id = m.household_id AND campaign_id = m.campaign_id
		   AND redemption_date <= (s.as_of AT TIME ZONE s.zone)::date
	   ) AS r ON true;

SELECT format('    %s household-campaign contacts (type A: post, B: email, C: push), %s of them planned, %s answered by a coupon',
			  to_char(count(*), 'FM999,999'),
			  to_char(count(*) FILTER (WHERE outcome = 'planned'), 'FM999,999'),
			  to_char(count(*) FILTER (WHERE outcome = 'converted'), 'FM999,999'))
  FROM contact_log;
