-- Waits until no other process migrates this database; the lock goes with the connection.
--
--   :key bigint
SELECT pg_advisory_lock(:key)
