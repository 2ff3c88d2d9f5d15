-- Locks a user's row against a second verification of the same address at once. Not the banned.
--
--   :user_id uuid   -> id, or none
SELECT id
FROM users
WHERE id = :user_id AND banned_at IS NULL
FOR NO KEY UPDATE
