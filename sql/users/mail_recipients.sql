-- name: mail_recipients_verified
-- Finds the addresses of those of the users whose address is verified and who are not banned.
--
--   :user_ids uuid[]   -> id, username, email
SELECT
    id,
    username,
    email
FROM users
WHERE id = ANY(:user_ids) AND email_verified_at IS NOT NULL AND banned_at IS NULL
