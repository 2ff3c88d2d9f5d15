-- name: data_export_of_user
-- Returns the export of a user that has not expired.
--
--   :user_id uuid   -> export row, or none
SELECT *
FROM data_exports
WHERE user_id = :user_id AND (expires_at IS NULL OR expires_at > now())

-- name: data_export_user_lock
-- Locks a user's row against concurrent requests of an export.
--
--   :user_id uuid   -> id, or none
SELECT id
FROM users
WHERE id = :user_id
FOR NO KEY UPDATE

-- name: data_export_delete_old
-- Deletes a user's export that is not pending and was requested that long ago. Only after data_export_user_lock.
--
--   :user_id uuid  :older_than_s float8   -> id
DELETE FROM data_exports
WHERE
    user_id = :user_id
    AND state <> 'pending'
    AND (requested_at <= now() - make_interval(secs => :older_than_s) OR expires_at <= now())
RETURNING id

-- name: data_export_insert
-- Requests an export, unless the user has one. Only after data_export_user_lock.
--
--   :user_id uuid   -> export row, or none
INSERT INTO data_exports (user_id)
SELECT id
FROM users
WHERE id = :user_id
ON CONFLICT (user_id) DO NOTHING
RETURNING *

-- name: data_export_claim
-- Leases the oldest export that no instance makes, as its next attempt.
--
--   :lease_s float8   -> export row, or none
UPDATE data_exports
SET
    attempt = attempt + 1,
    lease_until = now() + make_interval(secs => :lease_s),
    bytes = 0,
    chunk_count = 0
WHERE
    id = (
        SELECT id
        FROM data_exports
        WHERE state = 'pending' AND (lease_until IS NULL OR lease_until < now())
        ORDER BY requested_at
        LIMIT 1
        FOR UPDATE SKIP LOCKED
    )
RETURNING *

-- name: data_export_drop_chunks
-- Deletes some chunks of former attempts.
--
--   :id uuid  :attempt int  :limit int   -> number
DELETE FROM data_export_chunks
WHERE
    (export_id, attempt, number) IN (
        SELECT export_id, attempt, number
        FROM data_export_chunks
        WHERE export_id = :id AND attempt < :attempt
        LIMIT :limit
    )
RETURNING number

-- name: data_export_renew
-- Extends the lease. No row if it is lost.
--
--   :id uuid  :attempt int  :lease_s float8   -> id
UPDATE data_exports
SET lease_until = now() + make_interval(secs => :lease_s)
WHERE id = :id AND attempt = :attempt AND state = 'pending'
RETURNING id

-- name: data_export_chunk_insert
-- Stores the next chunk and extends the lease. No row if the lease is lost.
--
--   :id uuid  :attempt int  :number int  :data bytea  :lease_s float8   -> number
WITH held AS (
    UPDATE data_exports
    SET
        lease_until = now() + make_interval(secs => :lease_s),
        bytes = bytes + length(:data),
        chunk_count = chunk_count + 1
    WHERE id = :id AND attempt = :attempt AND state = 'pending' AND chunk_count = :number
    RETURNING id
)
INSERT INTO data_export_chunks (export_id, attempt, number, data)
SELECT id, :attempt, :number, :data
FROM held
RETURNING number

-- name: data_export_finish
-- Makes an export ready. No row if the lease is lost.
--
--   :id uuid  :attempt int  :lifetime_s float8   -> id
UPDATE data_exports
SET
    state = 'ready',
    lease_until = NULL,
    finished_at = now(),
    expires_at = now() + make_interval(secs => :lifetime_s)
WHERE id = :id AND attempt = :attempt AND state = 'pending'
RETURNING id

-- name: data_export_release
-- Ends the lease after :retry_s, so that another attempt begins then, or fails the export.
--
--   :id uuid  :attempt int  :failed bool  :retry_s float8  :lifetime_s float8   -> id
UPDATE data_exports
SET
    state = CASE WHEN :failed THEN 'failed' ELSE 'pending' END,
    lease_until = now() + make_interval(secs => :retry_s),
    finished_at = CASE WHEN :failed THEN now() END,
    expires_at = CASE WHEN :failed THEN now() + make_interval(secs => :lifetime_s) END
WHERE id = :id AND attempt = :attempt AND state = 'pending'
RETURNING id

-- name: data_export_unnotified_list
-- Lists exports that are ready and whose users were not notified.
--
--   :limit int   -> export row
SELECT *
FROM data_exports
WHERE state = 'ready' AND NOT notified
ORDER BY finished_at
LIMIT :limit

-- name: data_export_mark_notified
-- Marks exports as notified.
--
--   :ids uuid[]   -> id
UPDATE data_exports
SET notified = TRUE
WHERE id = ANY(:ids) AND NOT notified
RETURNING id

-- name: data_export_ready
-- Returns an export that can be downloaded, with the name of its user.
--
--   :id uuid   -> export row with username, or none
SELECT
    e.*,
    u.username
FROM data_exports AS e
INNER JOIN users AS u ON e.user_id = u.id
WHERE
    e.id = :id
    AND e.state = 'ready'
    AND e.expires_at > now()
    AND u.banned_at IS NULL
    AND coalesce(u.suspended_until, '-infinity') <= now()

-- name: data_export_chunk
-- Returns a chunk.
--
--   :id uuid  :attempt int  :number int   -> data, or none
SELECT data
FROM data_export_chunks
WHERE export_id = :id AND attempt = :attempt AND number = :number

-- name: data_export_backlog
-- Counts the pending exports, and returns the age of the oldest.
--
--   -> pending, oldest_s
SELECT
    count(*)::int AS pending,
    coalesce(extract(EPOCH FROM now() - min(requested_at)), 0)::float8 AS oldest_s
FROM data_exports
WHERE state = 'pending'
