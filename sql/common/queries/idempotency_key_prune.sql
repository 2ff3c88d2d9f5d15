-- Forgets keys older than that.
--
--   :older_than_s float8   -> key
DELETE FROM idempotency_keys
WHERE created_at < now() - make_interval(secs => :older_than_s)
RETURNING key
