/* contact_pressure: the schema that holds every object of the extension */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION contact_pressure" to load this file. \quit

CREATE SCHEMA contact_pressure;

COMMENT ON SCHEMA contact_pressure IS
'contact_pressure: contact histories, contact policies and the verdict on a contact';

-- Types and functions are pure values: they read no table and no setting.
-- Whoever installs the extension need not be a superuser (it is trusted) and
-- can grant the schema to others after taking it from PUBLIC.
GRANT USAGE ON SCHEMA contact_pressure TO PUBLIC;
GRANT USAGE ON SCHEMA contact_pressure TO @extowner@ WITH GRANT OPTION;
