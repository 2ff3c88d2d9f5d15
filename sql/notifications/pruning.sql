-- name: notification_sources_prune
-- Deletes sources older than :older_than_s. An event that is handled again after the deletion notifies again.
--
--   :older_than_s float8  :limit int   -> source
WITH old AS MATERIALIZED (
    SELECT recipient_id, source
    FROM notification_sources
    WHERE created_at < now() - make_interval(secs => :older_than_s)
    ORDER BY created_at
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
)

DELETE FROM notification_sources
WHERE (recipient_id, source) IN (SELECT recipient_id, source FROM old)
RETURNING source
