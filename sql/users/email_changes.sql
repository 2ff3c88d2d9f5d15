-- name: email_change_lock
-- Locks a user's row against concurrent changes and new sessions, and returns the present address.
--
--   :user_id uuid   -> email, email_verified_at; or none
SELECT email, email_verified_at
FROM users
WHERE id = :user_id
FOR UPDATE

-- name: email_change_insert
-- Creates a token that restores an address, unless :max_tokens tokens are unexpired.
--
-- Only after email_change_lock; otherwise concurrent requests could exceed the limit.
--
--   :user_id uuid  :email text  :token_hash text  :lifetime_s float8  :max_tokens int   -> token_hash, or none
WITH gone AS (
    DELETE FROM mail_tokens
    WHERE user_id = :user_id AND kind = 'email_change' AND expires_at <= now()
)
INSERT INTO mail_tokens (token_hash, kind, user_id, email, expires_at)
SELECT :token_hash, 'email_change', :user_id, :email, clock_timestamp() + make_interval(secs => :lifetime_s)
WHERE (
    SELECT count(*)
    FROM mail_tokens AS t
    WHERE t.user_id = :user_id AND t.kind = 'email_change' AND t.expires_at > now()
) < :max_tokens
RETURNING token_hash

-- name: email_change_owner_lock
-- Locks the user of a token against new sessions, address changes and concurrent uses of the user's tokens.
--
-- Validity must be checked by a later statement: this one's snapshot may predate the lock.
--
--   :token_hash text   -> id, or none
SELECT u.id
FROM mail_tokens AS t
INNER JOIN users AS u ON t.user_id = u.id
WHERE t.token_hash = :token_hash AND t.kind = 'email_change'
FOR UPDATE OF u

-- name: email_change_undo
-- Restores the address of a token, replaces the password hash and ends all sessions and the link to the calendar.
--
-- Tokens of this and of later changes are used up; tokens of earlier changes stay good, so that a user who
-- changed the address again cannot undo this. Reset tokens are deleted. Only after email_change_owner_lock.
--
--   :token_hash text  :password_hash text   -> user row with session_ids; or none where the token is not good
WITH good AS (
    SELECT t.user_id, t.email, t.expires_at
    FROM mail_tokens AS t
    INNER JOIN users AS u ON t.user_id = u.id
    WHERE
        t.token_hash = :token_hash
        AND t.kind = 'email_change'
        AND t.used_at IS NULL
        AND t.expires_at > now()
        AND t.email <> u.email
        AND u.banned_at IS NULL
        AND coalesce(u.suspended_until, '-infinity') <= now()
),
used AS (
    UPDATE mail_tokens AS t
    SET used_at = now()
    FROM good
    WHERE
        t.user_id = good.user_id
        AND t.kind = 'email_change'
        AND t.used_at IS NULL
        AND t.expires_at >= good.expires_at
),
dropped AS (
    DELETE FROM mail_tokens
    WHERE user_id IN (SELECT good.user_id FROM good) AND kind = 'reset'
),
changed AS (
    UPDATE users AS u
    SET email = good.email, email_verified_at = now(), password_hash = :password_hash
    FROM good
    WHERE u.id = good.user_id
    RETURNING
        u.id, u.email, u.username, u.display_name, u.bio, u.avatar_url, u.verified, u.private, u.created_at, u.role,
        u.silenced_until
),
revoked AS (
    DELETE FROM calendar_links
    WHERE user_id IN (SELECT good.user_id FROM good)
),
ended AS (
    DELETE FROM user_sessions
    WHERE user_id IN (SELECT good.user_id FROM good)
    RETURNING id
)
SELECT
    changed.id,
    changed.email,
    changed.username,
    changed.display_name,
    changed.bio,
    changed.avatar_url,
    changed.verified,
    changed.private,
    changed.created_at,
    changed.role,
    changed.silenced_until,
    ARRAY(SELECT ended.id FROM ended) AS session_ids
FROM changed
