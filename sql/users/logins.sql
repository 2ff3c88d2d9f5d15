-- name: user_password_rehash
-- Replaces a password hash by another hash of the same password, unless it has changed.
--
--   :user_id uuid  :old_hash text  :new_hash text
UPDATE users
SET password_hash = :new_hash
WHERE id = :user_id AND password_hash = :old_hash

-- name: session_expired
-- Returns those of the tokens whose session is stored but expired.
--
--   :token_hashes text[]   -> token_hash
SELECT token_hash
FROM user_sessions
WHERE token_hash = ANY(:token_hashes) AND expires_at <= now()
