-- What a key was used for.
--
--   :key text   -> digest, result
SELECT digest, result
FROM idempotency_keys
WHERE key = :key
