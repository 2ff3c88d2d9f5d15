-- The migrations that this database has had.
--
--   -> name, checksum
SELECT name, checksum
FROM schema_migrations
