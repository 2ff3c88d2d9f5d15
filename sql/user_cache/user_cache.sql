-- name: user_cache_upsert
-- Stores snapshots, unless a newer version is stored.
--
--   :ids uuid[]  :usernames text[]  :display_names text[]  :avatar_urls text[]  :verifieds bool[]
--   :versions bigint[]  :deleteds bool[]   -> id
INSERT INTO user_cache (id, username, display_name, avatar_url, verified, version, deleted)
SELECT *
FROM unnest(:ids, :usernames, :display_names, :avatar_urls, :verifieds, :versions, :deleteds)
ON CONFLICT (id) DO UPDATE
SET
    username = excluded.username,
    display_name = excluded.display_name,
    avatar_url = excluded.avatar_url,
    verified = excluded.verified,
    version = excluded.version,
    deleted = excluded.deleted,
    last_synced = now()
WHERE user_cache.version < excluded.version
RETURNING id

-- name: user_cache_list
-- Returns those of the users that are cached.
--
--   :ids uuid[]   -> snapshot rows
SELECT id, username, display_name, avatar_url, verified, version, deleted
FROM user_cache
WHERE id = ANY(:ids)

-- name: user_cache_page
-- Lists cached users by id, to compare them with the User service.
--
--   :after uuid  :limit int   -> snapshot rows
SELECT id, username, display_name, avatar_url, verified, version, deleted
FROM user_cache
WHERE id > :after
ORDER BY id
LIMIT :limit

-- name: user_writers_wait
-- Waits for the transactions that add rows of a deleted user and may not have seen that the user was deleted. See
-- users_lock. Only as a transaction of its own: it then holds no lock while the rows are deleted.
--
--   :user_id uuid
SELECT pg_advisory_xact_lock(7264539, user_lock_key(:user_id))

-- name: users_lock
-- Locks users until the end of the transaction; see the function. Later statements of it see whether they were deleted.
--
--   :user_ids uuid[]
SELECT users_lock(:user_ids)
