-- name: idempotency_key_claim
-- Claims an idempotency key; waits for a concurrent transaction that claims it. No row if it was used before.
--
--   :key text  :digest text   -> key, or none
INSERT INTO idempotency_keys (key, digest)
VALUES (:key, :digest)
ON CONFLICT (key) DO NOTHING
RETURNING key

-- name: idempotency_key_get
-- Returns the digest and result stored for a key.
--
--   :key text   -> digest, result
SELECT digest, result
FROM idempotency_keys
WHERE key = :key

-- name: idempotency_key_complete
-- Stores the result for a claimed key.
--
--   :key text  :result text
UPDATE idempotency_keys
SET result = :result
WHERE key = :key

-- name: idempotency_key_prune
-- Deletes up to :limit keys older than :older_than_s.
--
--   :older_than_s float8  :limit int   -> key
WITH old AS MATERIALIZED (
    SELECT key
    FROM idempotency_keys
    WHERE created_at < now() - make_interval(secs => :older_than_s)
    ORDER BY created_at
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
)

DELETE FROM idempotency_keys
WHERE key IN (SELECT key FROM old)
RETURNING key
