-- One shop: what the scores stand for, and the segments.

SELECT title AS shop_title, 'M: revenue, ' || currency AS m_heading, 'Revenue, ' || currency AS revenue_heading,
	   to_char(as_of AT TIME ZONE zone, 'FMDD Mon YYYY') AS as_of
  FROM shop WHERE shop = :shop \gset
\set title 'Customers of ' :shop_title ' on ' :as_of ': what a score stands for'
\pset title :title
SELECT score AS "Score",
	   min(meaning) FILTER (WHERE dimension = 'recency') AS "R: since the last order",
	   to_char(sum(customers) FILTER (WHERE dimension = 'recency'), '99,999,999') AS "Customers",
	   -- equal values are never torn apart, so a score may be nobody's
	   min(CASE WHEN lower = upper THEN 'nobody' WHEN upper = 1 AND lower IS NULL THEN '1 order' ELSE meaning END)
		   FILTER (WHERE dimension = 'frequency') AS "F: orders",
	   to_char(sum(customers) FILTER (WHERE dimension = 'frequency'), '99,999,999') AS "Customers",
	   min(concat_ws(', ', 'more than ' || to_char(lower::numeric, 'FM999,999,990.00'),
					 'up to ' || to_char(upper::numeric, 'FM999,999,990.00')))
		   FILTER (WHERE dimension = 'monetary') AS :"m_heading",
	   to_char(sum(customers) FILTER (WHERE dimension = 'monetary'), '99,999,999') AS "Customers"
  FROM shop, rfm_model_bins(model)
 WHERE shop = :shop
 GROUP BY score ORDER BY score DESC;

\set title 'Customers of ' :shop_title ' on ' :as_of ': the segments'
\pset title :title
WITH named AS (
	SELECT coalesce(rfm_segment(score), 'no order') AS segment,
		   coalesce(amount(summary), 0) AS revenue, orders(summary) AS orders,
		   recency_days(summary, as_of, zone) AS days
	  FROM customer JOIN shop USING (shop)
	 WHERE shop = :shop
), counted AS (
	SELECT segment, grouping(segment) AS is_total, count(*) AS customers, sum(revenue) AS revenue,
		   avg(days) AS days, avg(orders) FILTER (WHERE orders > 0) AS orders
	  FROM named
	 GROUP BY ROLLUP (segment)
), whole AS (
	SELECT customers, revenue FROM counted WHERE is_total = 1
), line AS (				-- a segment that has nobody is a line too
	SELECT rank, segment, 0 AS is_total FROM segment_map_segments()
	UNION ALL VALUES (100, 'no order', 0), (101, NULL, 1)
)
SELECT CASE l.is_total WHEN 1 THEN 'all' ELSE replace(l.segment, '_', ' ') END AS "Segment",
	   to_char(coalesce(c.customers, 0), '99,999,999') AS "Customers",
	   to_char(100.0 * coalesce(c.customers, 0) / nullif(w.customers, 0), '990.0" %"') AS "Share",
	   to_char(coalesce(c.revenue, 0), '999,999,999,999') AS :"revenue_heading",
	   to_char(100.0 * coalesce(c.revenue, 0) / nullif(w.revenue, 0), '990.0" %"') AS "Share",
	   to_char(c.days, '999,990" days"') AS "Last order ago, average",
	   to_char(c.orders, '99,990.0') AS "Orders a customer"
  FROM line l
  CROSS JOIN whole w
  LEFT JOIN counted c ON c.is_total = l.is_total AND c.segment IS NOT DISTINCT FROM l.segment
 ORDER BY l.rank;
