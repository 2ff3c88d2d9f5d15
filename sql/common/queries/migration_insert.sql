-- Notes a migration, in the transaction that does it.
--
--   :name text  :checksum text
INSERT INTO schema_migrations (name, checksum)
VALUES (:name, :checksum)
