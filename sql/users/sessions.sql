-- name: session_insert
-- Creates a session and deletes the user's long expired ones.
--
-- The row lock waits for a concurrent ban or suspension, so that its user cannot get a session.
--
--   :user_id uuid  :token_hash text  :lifetime_s float8  :device text
--     -> session row; none for unknown, banned or suspended users
WITH gone AS (
    DELETE FROM user_sessions
    WHERE user_id = :user_id AND expires_at < now() - interval '7 days'
),
holder AS (
    SELECT id
    FROM users
    WHERE
        id = :user_id
        AND banned_at IS NULL
        AND coalesce(suspended_until, '-infinity') <= now()
    FOR KEY SHARE
)
INSERT INTO user_sessions (user_id, token_hash, expires_at, device)
SELECT holder.id, :token_hash, now() + make_interval(secs => :lifetime_s), :device
FROM holder
RETURNING id, user_id, created_at, last_used_at, expires_at, device

-- name: session_identities
-- Returns session and user by token; unknown and expired tokens are absent.
--
--   :token_hashes text[]   -> token_hash, session_id, expires_at and the user's row
SELECT
    s.token_hash,
    s.id AS session_id,
    s.expires_at,
    u.id,
    u.email,
    u.username,
    u.display_name,
    u.bio,
    u.avatar_url,
    u.verified,
    u.private,
    u.created_at,
    u.role,
    u.silenced_until
FROM user_sessions AS s
INNER JOIN users AS u ON s.user_id = u.id
WHERE s.token_hash = ANY(:token_hashes) AND s.expires_at > now()

-- name: session_states
-- Returns when sessions expire, and until when their users are silenced; revoked and expired sessions are absent.
--
--   :session_ids uuid[]   -> id, expires_at, silenced_until
SELECT s.id, s.expires_at, u.silenced_until
FROM user_sessions AS s
INNER JOIN users AS u ON s.user_id = u.id
WHERE s.id = ANY(:session_ids) AND s.expires_at > now()

-- name: session_touch
-- Extends a session from now, up to its maximum lifetime. An expired session stays expired.
--
--   :session_id uuid  :lifetime_s float8  :lifetime_max_s float8
UPDATE user_sessions
SET
    last_used_at = now(),
    expires_at = least(
        now() + make_interval(secs => :lifetime_s),
        created_at + make_interval(secs => :lifetime_max_s)
    )
WHERE id = :session_id AND expires_at > now()

-- name: session_list
-- Lists unexpired sessions of a user, most recently used first.
--
--   :user_id uuid  :limit int   -> session rows
SELECT id, user_id, created_at, last_used_at, expires_at, device
FROM user_sessions
WHERE user_id = :user_id AND expires_at > now()
ORDER BY last_used_at DESC, id DESC
LIMIT :limit

-- name: session_delete
-- Ends one session of a user.
--
--   :user_id uuid  :session_id uuid   -> id, or none
DELETE FROM user_sessions
WHERE user_id = :user_id AND id = :session_id
RETURNING id

-- name: session_end_oldest
-- Ends the sessions of a user beyond the :keep most recently used ones.
--
--   :user_id uuid  :keep int   -> id
DELETE FROM user_sessions
WHERE id IN (
    SELECT id
    FROM user_sessions
    WHERE user_id = :user_id
    ORDER BY last_used_at DESC, id DESC
    OFFSET :keep
)
RETURNING id
