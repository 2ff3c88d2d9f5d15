-- name: lock_try
-- Tries to acquire a session-level advisory lock; it is released when the connection ends.
--
--   :name text   -> held
SELECT pg_try_advisory_lock(hashtextextended(:name, 0)) AS held
