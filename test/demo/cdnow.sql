-- CDNOW: everybody who first bought from a music shop in early 1997, and all
-- their orders until the end of June 1998.  Run in the directory of its file.

SET client_min_messages = warning;

CREATE TEMP TABLE cd_order (customer_id int, order_date date, number_of_cds int, dollar_value numeric);
\copy cd_order FROM 'cdnow_master.csv' (FORMAT csv, HEADER)

INSERT INTO shop VALUES (:shop, 'CDNOW', '1998-07-01', 'UTC', 'USD');
INSERT INTO customer SELECT DISTINCT :shop, customer_id FROM cd_order;
INSERT INTO purchase SELECT :shop, customer_id, order_date, dollar_value FROM cd_order;

SELECT format('    CDNOW: %s orders', to_char(count(*), 'FM999,999')) FROM cd_order;
