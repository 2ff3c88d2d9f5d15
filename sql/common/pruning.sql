-- name: dead_letters_prune
-- Deletes events that were neither replayed nor dropped since then.
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
