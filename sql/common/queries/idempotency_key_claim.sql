-- Claims an idempotency key, waiting for whoever is at it; none, when it was used before.
--
--   :key text  :digest text   -> key, or none
INSERT INTO idempotency_keys (key, digest)
VALUES (:key, :digest)
ON CONFLICT (key) DO NOTHING
RETURNING key
