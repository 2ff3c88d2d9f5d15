-- name: user_verified_update
-- Sets or clears a user's verified badge.
--
--   :username text  :verified bool   -> id, or none
UPDATE users
SET verified = :verified
WHERE lower(username) = lower(:username)
RETURNING id

-- name: user_ban_lock
-- Finds a user by name and locks the row against new sessions, whose foreign key needs a share lock on it.
--
--   :username text   -> id, or none
SELECT id
FROM users
WHERE lower(username) = lower(:username)
FOR UPDATE

-- name: user_ban
-- Bans a user, keeping the time of the first ban, and ends all sessions. Only after user_ban_lock.
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

-- name: user_unban
-- Lifts a user's ban; ended sessions stay ended.
--
--   :username text   -> id, or none
UPDATE users
SET banned_at = NULL
WHERE lower(username) = lower(:username)
RETURNING id
