-- Bans a user, from the first time on, and ends all the sessions. Only after user_ban_lock.
--
--   :user_id uuid   -> ids of the sessions
WITH banned AS (
    UPDATE users
    SET banned_at = coalesce(banned_at, now())
    WHERE id = :user_id
)
DELETE FROM user_sessions
WHERE user_id = :user_id
RETURNING id
