-- name: password_reset_lock
-- Finds a user by address, case-insensitive, and locks the row against concurrent requests.
--
-- No row for banned and suspended users.
--
--   :email text   -> id, or none
SELECT id
FROM users
WHERE
    lower(email) = lower(:email)
    AND banned_at IS NULL
    AND coalesce(suspended_until, '-infinity') <= now()
FOR NO KEY UPDATE

-- name: password_reset_insert
-- Creates a password reset token, unless :max_tokens tokens are unexpired.
--
-- Only after password_reset_lock; otherwise concurrent requests could exceed the limit.
--
--   :user_id uuid  :token_hash text  :lifetime_s float8  :max_tokens int   -> user row, or none
WITH gone AS (
    DELETE FROM mail_tokens
    WHERE user_id = :user_id AND kind = 'reset' AND expires_at <= now()
),
made AS (
    INSERT INTO mail_tokens (token_hash, kind, user_id, email, expires_at)
    SELECT :token_hash, 'reset', u.id, u.email, now() + make_interval(secs => :lifetime_s)
    FROM users AS u
    WHERE
        u.id = :user_id
        AND (
            SELECT count(*)
            FROM mail_tokens AS t
            WHERE t.user_id = :user_id AND t.kind = 'reset' AND t.expires_at > now()
        ) < :max_tokens
    RETURNING user_id
)
SELECT
    u.id, u.email, u.username, u.display_name, u.bio, u.avatar_url, u.verified, u.private, u.created_at, u.role,
    u.silenced_until
FROM users AS u
INNER JOIN made ON u.id = made.user_id

-- name: password_reset_owner
-- Finds the user of a token that could be used now.
--
--   :token_hash text   -> user row, or none
SELECT
    u.id, u.email, u.username, u.display_name, u.bio, u.avatar_url, u.verified, u.private, u.created_at, u.role,
    u.silenced_until
FROM mail_tokens AS t
INNER JOIN users AS u ON t.user_id = u.id AND t.email = u.email
WHERE
    t.token_hash = :token_hash
    AND t.kind = 'reset'
    AND t.used_at IS NULL
    AND t.expires_at > now()
    AND u.banned_at IS NULL
    AND coalesce(u.suspended_until, '-infinity') <= now()

-- name: password_reset_owner_lock
-- Locks the user of a reset token against new sessions and concurrent uses of the user's tokens.
--
-- Validity must be checked by a later statement: this one's snapshot may predate the lock.
--
--   :token_hash text   -> id, or none
SELECT u.id
FROM mail_tokens AS t
INNER JOIN users AS u ON t.user_id = u.id
WHERE t.token_hash = :token_hash AND t.kind = 'reset'
FOR UPDATE OF u

-- name: password_reset_redeem
-- Sets a new password, marks all pending reset tokens of the user as used and ends all sessions and the link to
-- the calendar.
--
-- Only after password_reset_owner_lock; otherwise a token could be used twice, or a concurrent login with the
-- old password could keep its session.
--
--   :token_hash text  :password_hash text   -> user_id, session_ids; or none where the token is not good
WITH good AS (
    SELECT t.user_id
    FROM mail_tokens AS t
    INNER JOIN users AS u ON t.user_id = u.id AND t.email = u.email
    WHERE
        t.token_hash = :token_hash
        AND t.kind = 'reset'
        AND t.used_at IS NULL
        AND t.expires_at > now()
        AND u.banned_at IS NULL
        AND coalesce(u.suspended_until, '-infinity') <= now()
),
used AS (
    UPDATE mail_tokens
    SET used_at = now()
    WHERE user_id IN (SELECT good.user_id FROM good) AND kind = 'reset' AND used_at IS NULL
),
changed AS (
    UPDATE users
    SET password_hash = :password_hash
    WHERE id IN (SELECT good.user_id FROM good)
    RETURNING id
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
SELECT changed.id AS user_id, ARRAY(SELECT ended.id FROM ended) AS session_ids
FROM changed

-- name: email_verification_lock
-- Locks a user's row against concurrent verification requests. No row for banned and suspended users.
--
--   :user_id uuid   -> id, or none
SELECT id
FROM users
WHERE
    id = :user_id
    AND banned_at IS NULL
    AND coalesce(suspended_until, '-infinity') <= now()
FOR NO KEY UPDATE

-- name: email_verification_insert
-- Creates a token to verify a user's current address. Only after email_verification_lock.
--
-- None is created if the address is verified, a token for it is pending, or :max_tokens tokens are unexpired.
--
--   :user_id uuid  :token_hash text  :lifetime_s float8  :max_tokens int   -> user row, or none
WITH gone AS (
    DELETE FROM mail_tokens
    WHERE user_id = :user_id AND kind = 'verification' AND expires_at <= now()
),
made AS (
    INSERT INTO mail_tokens (token_hash, kind, user_id, email, expires_at)
    SELECT :token_hash, 'verification', u.id, u.email, now() + make_interval(secs => :lifetime_s)
    FROM users AS u
    WHERE
        u.id = :user_id
        AND u.email_verified_at IS NULL
        AND NOT EXISTS (
            SELECT 1
            FROM mail_tokens AS t
            WHERE
                t.user_id = :user_id
                AND t.kind = 'verification'
                AND t.email = u.email
                AND t.used_at IS NULL
                AND t.expires_at > now()
        )
        AND (
            SELECT count(*)
            FROM mail_tokens AS t
            WHERE t.user_id = :user_id AND t.kind = 'verification' AND t.expires_at > now()
        ) < :max_tokens
    RETURNING user_id
)
SELECT
    u.id, u.email, u.username, u.display_name, u.bio, u.avatar_url, u.verified, u.private, u.created_at, u.role,
    u.silenced_until
FROM users AS u
INNER JOIN made ON u.id = made.user_id

-- name: email_verification_owner_lock
-- Locks the user of a verification token against address changes and concurrent uses.
--
-- Validity must be checked by a later statement: this one's snapshot may predate the lock.
--
--   :token_hash text   -> id, or none
SELECT u.id
FROM mail_tokens AS t
INNER JOIN users AS u ON t.user_id = u.id
WHERE t.token_hash = :token_hash AND t.kind = 'verification'
FOR NO KEY UPDATE OF u

-- name: email_verification_redeem
-- Uses a token and marks the address as verified. Only after email_verification_owner_lock.
--
--   :token_hash text   -> user_id, or none where the token is not good
WITH used AS (
    UPDATE mail_tokens AS t
    SET used_at = now()
    FROM users AS u
    WHERE
        t.token_hash = :token_hash
        AND t.kind = 'verification'
        AND t.used_at IS NULL
        AND t.expires_at > now()
        AND u.id = t.user_id
        AND u.email = t.email
        AND u.banned_at IS NULL
        AND coalesce(u.suspended_until, '-infinity') <= now()
    RETURNING t.user_id
)
UPDATE users
SET email_verified_at = now()
WHERE id IN (SELECT used.user_id FROM used)
RETURNING id AS user_id
