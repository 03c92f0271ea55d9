-- Online Retail II: the invoices of a British gift wholesaler, December 2009
-- to December 2011.  A negative total is a refund; an invoice without a
-- customer cannot be anybody's.  The file has sums of binary fractions
-- (145.79999999999998), so they are rounded to pence.  Run in its directory.

SET client_min_messages = warning;

CREATE TEMP TABLE invoice (invoice_id text, invoice_ts timestamp, customer_id int, domestic_sale boolean,
						   item_types int, total_quantity int, total_price numeric);
\copy invoice FROM 'online_retail_ii_invoices.csv' (FORMAT csv, HEADER)

INSERT INTO shop VALUES (:shop, 'Online Retail II', '2011-12-10 00:00+00', 'Europe/London', 'GBP');
INSERT INTO customer SELECT DISTINCT :shop, customer_id FROM invoice WHERE customer_id IS NOT NULL;
INSERT INTO purchase
SELECT :shop, customer_id, invoice_ts AT TIME ZONE 'Europe/London', round(total_price, 2)
  FROM invoice
 WHERE customer_id IS NOT NULL;

SELECT format('    Online Retail II: %s invoices, %s of them refunds; %s have no customer and are left out',
			  to_char(count(*), 'FM999,999'),
			  to_char(count(*) FILTER (WHERE total_price < 0), 'FM999,999'),
			  to_char(count(*) FILTER (WHERE customer_id IS NULL), 'FM999,999'))
  FROM invoice;
