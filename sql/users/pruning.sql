-- name: user_sessions_prune
-- Deletes sessions that expired more than :older_than_s ago; until then their owners get the error that they expired.
--
--   :older_than_s float8  :limit int   -> id
WITH old AS MATERIALIZED (
    SELECT id
    FROM user_sessions
    WHERE expires_at < now() - make_interval(secs => :older_than_s)
    ORDER BY expires_at
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
)

DELETE FROM user_sessions
WHERE id IN (SELECT id FROM old)
RETURNING id

-- name: mail_tokens_prune
-- Deletes tokens that expired more than :older_than_s ago.
--
--   :older_than_s float8  :limit int   -> token_hash
WITH old AS MATERIALIZED (
    SELECT token_hash
    FROM mail_tokens
    WHERE expires_at < now() - make_interval(secs => :older_than_s)
    ORDER BY expires_at
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
)

DELETE FROM mail_tokens
WHERE token_hash IN (SELECT token_hash FROM old)
RETURNING token_hash

-- name: reports_prune
-- Deletes reports that were resolved more than :older_than_s ago.
--
--   :older_than_s float8  :limit int   -> id
WITH old AS MATERIALIZED (
    SELECT id
    FROM reports
    WHERE resolved_at < now() - make_interval(secs => :older_than_s)
    ORDER BY resolved_at
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
)

DELETE FROM reports
WHERE id IN (SELECT id FROM old)
RETURNING id

-- name: idempotent_responses_prune
-- Deletes responses stored more than :older_than_s ago.
--
--   :older_than_s float8  :limit int   -> key
WITH old AS MATERIALIZED (
    SELECT key
    FROM idempotent_responses
    WHERE created_at < now() - make_interval(secs => :older_than_s)
    ORDER BY created_at
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
)

DELETE FROM idempotent_responses
WHERE key IN (SELECT key FROM old)
RETURNING key

-- name: data_export_chunks_prune
-- Deletes chunks of exports that expired more than :older_than_s ago. The exports are deleted after their chunks.
--
--   :older_than_s float8  :limit int   -> number
WITH old AS MATERIALIZED (
    SELECT
        c.export_id,
        c.attempt,
        c.number
    FROM data_exports AS e
    INNER JOIN data_export_chunks AS c ON e.id = c.export_id
    WHERE e.expires_at < now() - make_interval(secs => :older_than_s)
    LIMIT :limit
    FOR UPDATE OF c SKIP LOCKED
)

DELETE FROM data_export_chunks
WHERE (export_id, attempt, number) IN (SELECT export_id, attempt, number FROM old)
RETURNING number

-- name: data_exports_prune
-- Deletes exports that expired more than :older_than_s ago and have no chunks any more.
--
--   :older_than_s float8  :limit int   -> id
WITH old AS MATERIALIZED (
    SELECT e.id
    FROM data_exports AS e
    WHERE
        e.expires_at < now() - make_interval(secs => :older_than_s)
        AND NOT EXISTS (SELECT 1 FROM data_export_chunks AS c WHERE c.export_id = e.id)
    ORDER BY e.expires_at
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
)

DELETE FROM data_exports
WHERE id IN (SELECT id FROM old)
RETURNING id
