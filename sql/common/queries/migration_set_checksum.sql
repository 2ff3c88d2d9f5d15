-- Replaces the checksum of an applied migration by one of the current kind.
--
--   :name text  :checksum text
UPDATE schema_migrations
SET checksum = :checksum
WHERE name = :name
