-- name: dead_letters_prune
-- Deletes dead letters older than :older_than_s. They were neither replayed nor dropped.
--
--   :older_than_s float8  :limit int   -> id
WITH old AS MATERIALIZED (
    SELECT id
    FROM dead_letters
    WHERE buried_at < now() - make_interval(secs => :older_than_s)
    ORDER BY id
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
)

DELETE FROM dead_letters
WHERE id IN (SELECT id FROM old)
RETURNING id
