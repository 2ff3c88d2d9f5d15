-- name: user_snapshot_list_by_ids
-- Returns public fields of those of the users that exist.
--
--   :ids uuid[]   -> snapshot rows
SELECT id, username, display_name, avatar_url, verified, private, version, FALSE AS deleted
FROM users
WHERE id = ANY(:ids)

-- name: user_snapshot_list_by_usernames
-- Returns public fields of those of the users that exist, by name in lower case.
--
--   :usernames text[]   -> snapshot rows
SELECT id, username, display_name, avatar_url, verified, private, version, FALSE AS deleted
FROM users
WHERE
    lower(username) = ANY(:usernames)
    AND banned_at IS NULL
    AND coalesce(suspended_until, '-infinity') <= now()

-- name: user_snapshot_page
-- Lists public fields of users, by id.
--
--   :after uuid  :limit int   -> snapshot rows
SELECT id, username, display_name, avatar_url, verified, private, version, FALSE AS deleted
FROM users
WHERE id > :after
ORDER BY id
LIMIT :limit

-- name: user_delete_lock
-- Locks a user for deletion: no session can be created from here on.
--
--   :id uuid   -> role, or none
SELECT role
FROM users
WHERE id = :id
FOR UPDATE

-- name: user_delete
-- Deletes a user and, by cascade, the sessions. A trigger publishes the event for other services.
--
--   :id uuid   -> id, or none
DELETE FROM users
WHERE id = :id
RETURNING id

-- name: session_delete_all
-- Ends all sessions of a user.
--
--   :user_id uuid   -> id
DELETE FROM user_sessions
WHERE user_id = :user_id
RETURNING id
