-- Whether the server has a database of that name.
--
--   :name text   -> one row, or none
SELECT datname
FROM pg_database
WHERE datname = :name
