-- Notes that a trigger file has been applied as it is now.
--
--   :name text  :checksum text
INSERT INTO schema_migrations (name, checksum)
VALUES (:name, :checksum)
ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now()
