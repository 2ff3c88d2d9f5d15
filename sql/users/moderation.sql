-- name: moderated_user_get
-- Returns a user with restrictions in force.
--
--   :id uuid   -> user row with suspended_until and banned_at, or none
SELECT
    id, email, username, display_name, bio, avatar_url, verified, private, created_at, role,
    CASE WHEN silenced_until > now() THEN silenced_until END AS silenced_until,
    CASE WHEN suspended_until > now() THEN suspended_until END AS suspended_until,
    banned_at
FROM users
WHERE id = :id

-- name: moderated_user_by_username
-- Returns a user with restrictions in force, by name, case-insensitive.
--
--   :username text   -> user row with suspended_until and banned_at, or none
SELECT
    id, email, username, display_name, bio, avatar_url, verified, private, created_at, role,
    CASE WHEN silenced_until > now() THEN silenced_until END AS silenced_until,
    CASE WHEN suspended_until > now() THEN suspended_until END AS suspended_until,
    banned_at
FROM users
WHERE lower(username) = lower(:username)

-- name: moderated_user_page_with_role
-- Lists users with a role, by id.
--
--   :after uuid  :limit int   -> user rows with suspended_until and banned_at
SELECT
    id, email, username, display_name, bio, avatar_url, verified, private, created_at, role,
    CASE WHEN silenced_until > now() THEN silenced_until END AS silenced_until,
    CASE WHEN suspended_until > now() THEN suspended_until END AS suspended_until,
    banned_at
FROM users
WHERE role IS NOT NULL AND id > :after
ORDER BY id
LIMIT :limit

-- name: moderated_user_page_restricted
-- Lists users with a restriction in force, by id.
--
--   :after uuid  :limit int   -> user rows with suspended_until and banned_at
SELECT
    id, email, username, display_name, bio, avatar_url, verified, private, created_at, role,
    CASE WHEN silenced_until > now() THEN silenced_until END AS silenced_until,
    CASE WHEN suspended_until > now() THEN suspended_until END AS suspended_until,
    banned_at
FROM users
WHERE
    (banned_at IS NOT NULL OR suspended_until IS NOT NULL OR silenced_until IS NOT NULL)
    AND (banned_at IS NOT NULL OR suspended_until > now() OR silenced_until > now())
    AND id > :after
ORDER BY id
LIMIT :limit

-- name: admin_lock_all
-- Locks all admins in one order, so that concurrent changes of roles see each other.
--
--   -> id, is_active (false if the admin cannot log in)
SELECT id, banned_at IS NULL AND coalesce(suspended_until, '-infinity') <= now() AS is_active
FROM users
WHERE role = 'admin'
ORDER BY id
FOR UPDATE

-- name: moderated_user_lock
-- Locks a user's row against new sessions, whose foreign key needs a share lock on it.
--
--   :id uuid   -> role, verified and the restrictions in force, or none
SELECT
    role,
    verified,
    CASE WHEN silenced_until > now() THEN silenced_until END AS silenced_until,
    CASE WHEN suspended_until > now() THEN suspended_until END AS suspended_until,
    banned_at
FROM users
WHERE id = :id
FOR UPDATE

-- name: user_role_get
-- Returns the role of a user.
--
--   :id uuid   -> role, or none
SELECT role
FROM users
WHERE id = :id

-- name: moderated_user_update
-- Sets role, badge and restrictions of a locked user. A ban keeps the time of the first one.
--
--   :id uuid  :role text  :verified bool  :silenced_until timestamptz  :suspended_until timestamptz  :banned bool
UPDATE users
SET
    role = :role,
    verified = :verified,
    silenced_until = :silenced_until,
    suspended_until = :suspended_until,
    banned_at = CASE WHEN :banned THEN coalesce(banned_at, now()) END
WHERE id = :id

-- name: report_unassign_all
-- Takes the open reports from a user, who is no moderator any more.
--
--   :user_id uuid   -> id
UPDATE reports
SET assigned_to = NULL
WHERE assigned_to = :user_id AND resolved_at IS NULL
RETURNING id

-- name: user_session_ids
-- Lists the sessions of a user.
--
--   :user_id uuid   -> id
SELECT id
FROM user_sessions
WHERE user_id = :user_id

-- name: user_session_delete_all
-- Ends all sessions of a user, and the link to the calendar.
--
--   :user_id uuid   -> id
WITH revoked AS (
    DELETE FROM calendar_links
    WHERE user_id = :user_id
)
DELETE FROM user_sessions
WHERE user_id = :user_id
RETURNING id

-- name: action_insert
-- Appends an action to the audit log.
--
--   :actor_id uuid  :type text  :target_kind text  :target_id text  :user_id uuid  :reason text
--   :expires_at timestamptz  :report_id uuid   -> id
INSERT INTO moderation_actions (
    actor_id, type, target_kind, target_id, user_id, reason, expires_at, report_id
)
VALUES (:actor_id, :type, :target_kind, :target_id, :user_id, :reason, :expires_at, :report_id)
RETURNING id

-- name: action_list_by_ids
-- Returns those of the actions that exist, unordered.
--
--   :ids uuid[]   -> action rows
SELECT id, actor_id, type, target_kind, target_id, user_id, reason, expires_at, report_id, created_at
FROM moderation_actions
WHERE id = ANY(:ids)

-- name: action_latest
-- Returns the latest hiding or restoring of an item.
--
--   :target_kind text  :target_id text   -> action row, or none
SELECT id, actor_id, type, target_kind, target_id, user_id, reason, expires_at, report_id, created_at
FROM moderation_actions
WHERE target_kind = :target_kind AND target_id = :target_id AND type IN ('hide', 'restore')
ORDER BY created_at DESC, id DESC
LIMIT 1

-- name: action_target_lock
-- Locks an item against concurrent actions, until the end of the transaction.
--
--   :target_kind text  :target_id text
SELECT pg_advisory_xact_lock(hashtextextended(:target_kind || ':' || :target_id, 0))

-- name: action_page
-- Lists actions, newest first.
--
--   :before timestamptz  :before_id uuid  :limit int   -> action rows
SELECT id, actor_id, type, target_kind, target_id, user_id, reason, expires_at, report_id, created_at
FROM moderation_actions
WHERE (created_at, id) < (:before, :before_id)
ORDER BY created_at DESC, id DESC
LIMIT :limit

-- name: action_page_of_user
-- Lists actions on a user, newest first.
--
--   :user_id uuid  :before timestamptz  :before_id uuid  :limit int   -> action rows
SELECT id, actor_id, type, target_kind, target_id, user_id, reason, expires_at, report_id, created_at
FROM moderation_actions
WHERE user_id = :user_id AND (created_at, id) < (:before, :before_id)
ORDER BY created_at DESC, id DESC
LIMIT :limit

-- name: action_page_appealable
-- Lists actions on a user and the user's items, newest first.
--
--   :user_id uuid  :before timestamptz  :before_id uuid  :limit int   -> action rows
SELECT id, actor_id, type, target_kind, target_id, user_id, reason, expires_at, report_id, created_at
FROM moderation_actions
WHERE
    user_id = :user_id
    AND target_kind IN ('post', 'comment', 'message', 'event', 'user')
    AND (created_at, id) < (:before, :before_id)
ORDER BY created_at DESC, id DESC
LIMIT :limit
