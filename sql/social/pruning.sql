-- name: mutes_prune
-- Deletes mutes that expired before that. They have no effect any more.
--
--   :older_than_s float8  :limit int   -> muted_id
WITH old AS MATERIALIZED (
    SELECT muter_id, muted_id
    FROM mutes
    WHERE expires_at < now() - make_interval(secs => :older_than_s)
    ORDER BY expires_at
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
)

DELETE FROM mutes
WHERE (muter_id, muted_id) IN (SELECT muter_id, muted_id FROM old)
RETURNING muted_id
