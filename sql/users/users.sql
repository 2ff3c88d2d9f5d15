-- name: user_insert
-- Creates a user with privacy settings. Unique indexes reject a taken e-mail or username.
--
--   :email text  :username text  :password_hash text  :display_name text  :search_words text
--   :groups text  :invites text
--   -> user row
WITH
new_user AS (
    INSERT INTO users (email, username, password_hash, display_name, search_words)
    VALUES (:email, :username, :password_hash, :display_name, CAST(:search_words AS TSVECTOR))
    RETURNING id, email, username, display_name, bio, avatar_url, verified, private, created_at, role, silenced_until
),
privacy AS (
    INSERT INTO user_privacy (user_id, groups, invites)
    SELECT id, :groups, :invites
    FROM new_user
    WHERE NOT (:groups = 'everyone' AND :invites = 'everyone')
)
SELECT id, email, username, display_name, bio, avatar_url, verified, private, created_at, role, silenced_until
FROM new_user

-- name: user_credentials_by_email
-- Finds a user and password hash by e-mail, case-insensitive, with bans and suspensions.
--
--   :email text   -> user row with password_hash, or none
SELECT
    id, email, username, display_name, bio, avatar_url, verified, private, created_at, role, silenced_until, password_hash,
    banned_at IS NOT NULL AS is_banned,
    CASE WHEN suspended_until > now() THEN suspended_until END AS suspended_until
FROM users
WHERE lower(email) = lower(:email)

-- name: user_credentials_by_username
-- Finds a user and password hash by name, case-insensitive, with bans and suspensions.
--
--   :username text   -> user row with password_hash, or none
SELECT
    id, email, username, display_name, bio, avatar_url, verified, private, created_at, role, silenced_until, password_hash,
    banned_at IS NOT NULL AS is_banned,
    CASE WHEN suspended_until > now() THEN suspended_until END AS suspended_until
FROM users
WHERE lower(username) = lower(:username)

-- name: user_credentials_by_id
-- Finds a user and password hash by id. No row for banned and suspended users.
--
--   :user_id uuid   -> user row with password_hash, or none
SELECT id, email, username, display_name, bio, avatar_url, verified, private, created_at, role, silenced_until, password_hash
FROM users
WHERE
    id = :user_id
    AND banned_at IS NULL
    AND coalesce(suspended_until, '-infinity') <= now()

-- name: user_update
-- Changes the fields of a profile whose :set_... is true; null clears a field.
--
-- A new address is unverified, also if it differs in case only.
--
--   :user_id uuid  :set_email bool  :email text  :set_username bool  :username text
--   :set_display_name bool  :display_name text  :set_bio bool  :bio text
--   :set_avatar_url bool  :avatar_url text  :set_private bool  :private bool   -> user row, or none
UPDATE users
SET
    email = CASE WHEN :set_email THEN :email ELSE email END,
    email_verified_at = CASE WHEN :set_email AND email <> :email THEN NULL ELSE email_verified_at END,
    username = CASE WHEN :set_username THEN :username ELSE username END,
    display_name = CASE WHEN :set_display_name THEN :display_name ELSE display_name END,
    bio = CASE WHEN :set_bio THEN :bio ELSE bio END,
    avatar_url = CASE WHEN :set_avatar_url THEN :avatar_url ELSE avatar_url END,
    private = CASE WHEN :set_private THEN :private ELSE private END
WHERE id = :user_id
RETURNING id, email, username, display_name, bio, avatar_url, verified, private, created_at, role, silenced_until

-- name: user_lock
-- Locks a user's row against new sessions, whose foreign key needs a share lock on it.
--
--   :user_id uuid   -> id, or none
SELECT id
FROM users
WHERE id = :user_id
FOR UPDATE

-- name: user_password_update
-- Sets a new password hash. Only after user_lock; otherwise a concurrent login could keep its session.
--
-- Pending password reset tokens are marked as used. The link to the calendar ends.
--
--   :user_id uuid  :password_hash text
WITH ended AS (
    UPDATE mail_tokens
    SET used_at = now()
    WHERE user_id = :user_id AND kind = 'reset' AND used_at IS NULL
),
revoked AS (
    DELETE FROM calendar_links
    WHERE user_id = :user_id
)
UPDATE users
SET password_hash = :password_hash
WHERE id = :user_id

-- name: session_delete_others
-- Ends all sessions of a user but one.
--
--   :user_id uuid  :keep_session uuid   -> ids
DELETE FROM user_sessions
WHERE user_id = :user_id AND id IS DISTINCT FROM :keep_session
RETURNING id

-- name: user_list_by_ids
-- Returns those of the users that exist, unordered.
--
--   :user_ids uuid[]   -> user rows
SELECT id, email, username, display_name, bio, avatar_url, verified, private, created_at, role, silenced_until
FROM users
WHERE id = ANY(:user_ids)

-- name: user_by_username
-- Finds a user by name, case-insensitive.
--
--   :username text   -> user row, or none
SELECT id, email, username, display_name, bio, avatar_url, verified, private, created_at, role, silenced_until
FROM users
WHERE lower(username) = lower(:username)

-- name: invite_code_use
-- Uses an invite code once.
--
--   :code text   -> id; none without such a code, or if it has expired or is used up
UPDATE invite_codes
SET uses_left = uses_left - 1
WHERE code = :code AND uses_left > 0 AND (expires_at IS NULL OR expires_at > now())
RETURNING id
