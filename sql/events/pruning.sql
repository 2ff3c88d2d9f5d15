-- name: announcements_prune
-- Deletes announcements older than :older_than_s. Their text stays in the event's conversation.
--
--   :older_than_s float8  :limit int   -> id
WITH old AS MATERIALIZED (
    SELECT id
    FROM event_announcements
    WHERE created_at < now() - make_interval(secs => :older_than_s)
    ORDER BY created_at
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
)

DELETE FROM event_announcements
WHERE id IN (SELECT id FROM old)
RETURNING id
