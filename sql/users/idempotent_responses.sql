-- name: idempotent_response_insert
-- Stores the response to a request, unless one is stored for its key. Nothing for a user that was deleted.
--
--   :key text  :user_id uuid  :digest text  :status int  :body bytea
INSERT INTO idempotent_responses (key, user_id, digest, status, body)
SELECT :key, u.id, :digest, :status, :body
FROM users AS u
WHERE u.id = :user_id
ON CONFLICT (key) DO NOTHING

-- name: idempotent_response_get
-- Returns the response stored for a key and a digest of the request's body.
--
--   :key text  :digest text   -> status, body, or none
SELECT status, body
FROM idempotent_responses
WHERE key = :key AND digest = :digest
