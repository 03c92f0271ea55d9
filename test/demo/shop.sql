-- The generated retailer's shop: the same people, some of whom never ordered.

INSERT INTO shop SELECT 1, title, as_of, zone, 'EUR' FROM setting;
INSERT INTO customer SELECT 1, person_id FROM person;
