-- The tables of the demo.  In a CRM, person and contact_log are there already,
-- and stand before those of the extension's ledger in the search_path.

CREATE EXTENSION contact_pressure;
ALTER DATABASE postgres SET search_path = public, contact_pressure;
ALTER DATABASE postgres SET timezone = 'UTC';
ALTER DATABASE postgres SET max_parallel_workers_per_gather = 0;
SET search_path = public, contact_pressure;
SET client_min_messages = warning;

CREATE TABLE public.person (
	person_id	int PRIMARY KEY,
	zone		text NOT NULL,
	opted_out	text[] NOT NULL DEFAULT '{}',
	opted_in	text[] NOT NULL DEFAULT '{}',
	history		contact_history
);

CREATE TABLE public.contact_log (
	person_id	int NOT NULL,
	at			timestamptz NOT NULL,
	channel		text NOT NULL,
	purpose		text NOT NULL,
	outcome		text NOT NULL DEFAULT 'sent',
	answered_at	timestamptz
);
CREATE INDEX ON public.contact_log (person_id);

-- The policy, and what is asked of it: one row.
CREATE TABLE public.setting (
	title		text NOT NULL,
	as_of		timestamptz NOT NULL,
	zone		text NOT NULL,			-- in which the report tells the time
	policy		contact_policy NOT NULL
);

-- "May we contact this person by this channel for this purpose?"
CREATE TABLE public.question (
	n			int PRIMARY KEY,
	channel		text NOT NULL,
	purpose		text NOT NULL
);

CREATE TABLE public.answer (
	person_id	int NOT NULL,
	channel		text NOT NULL,
	allowed		boolean,
	reason		text,
	rule		text,
	layer		text,
	counted		float8,
	cap			float8,
	retry_at	timestamptz
);

-- Who sells, and what its customers are worth: one row, two for the files.
CREATE TABLE public.shop (
	shop		int PRIMARY KEY,
	title		text NOT NULL,
	as_of		timestamptz NOT NULL,
	zone		text NOT NULL,			-- whose dates count
	currency	text NOT NULL,
	model		rfm_model				-- the thresholds of its customers
);

CREATE TABLE public.purchase (
	shop		int NOT NULL,
	customer_id	int NOT NULL,
	at			timestamptz NOT NULL,
	amount		numeric NOT NULL		-- negative: a refund
);

CREATE TABLE public.customer (
	shop		int NOT NULL,
	customer_id	int NOT NULL,
	summary		rfm,
	score		rfm_score,
	PRIMARY KEY (shop, customer_id)
);
