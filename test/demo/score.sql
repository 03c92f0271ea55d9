-- One shop: every customer's purchase summary, the thresholds of all of them,
-- everybody's score by those.

SET client_min_messages = warning;

UPDATE customer c
   SET summary = p.summary
  FROM (SELECT customer_id, rfm(at, amount) AS summary
		  FROM purchase JOIN shop USING (shop)
		 WHERE shop = :shop AND at < as_of
		 GROUP BY customer_id) AS p
 WHERE c.shop = :shop AND c.customer_id = p.customer_id;

UPDATE shop s
   SET model = (SELECT rfm_model(c.summary, s.as_of, 5, 'disc', s.zone)
				  FROM customer c WHERE c.shop = s.shop)
 WHERE shop = :shop;

-- without an order there is no score
UPDATE customer c
   SET score = rfm_score(c.summary, s.model, s.as_of)
  FROM shop s
 WHERE s.shop = :shop AND c.shop = :shop AND orders(c.summary) > 0;

SELECT format('    %s: %s customers, %s with a score', title,
			  to_char(count(*), 'FM999,999,999'), to_char(count(score), 'FM999,999,999'))
  FROM customer JOIN shop USING (shop)
 WHERE shop = :shop
 GROUP BY title;
