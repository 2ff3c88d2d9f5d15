-- Keeps what was made under a key.
--
--   :key text  :result text
UPDATE idempotency_keys
SET result = :result
WHERE key = :key
