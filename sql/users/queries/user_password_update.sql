-- Sets the hash of a new password. Only after user_lock, or a login with the old one may slip through.
--
-- Links that were to give a new password, sent before, give none any more.
--
--   :user_id uuid  :password_hash text
WITH ended AS (
    UPDATE mail_tokens
    SET used_at = now()
    WHERE user_id = :user_id AND kind = 'reset' AND used_at IS NULL
)
UPDATE users
SET password_hash = :password_hash
WHERE id = :user_id
