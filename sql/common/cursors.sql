-- name: cursor_get
-- Returns a consumer's cursor.
--
--   :consumer text   -> source, xid, id, or none
SELECT source, xid, id
FROM cursors
WHERE consumer = :consumer

-- name: cursor_insert
-- Stores a consumer's first cursor; keeps an existing one.
--
--   :consumer text  :source text  :xid xid8  :id bigint   -> consumer, or none
INSERT INTO cursors (consumer, source, xid, id)
VALUES (:consumer, :source, :xid, :id)
ON CONFLICT (consumer) DO NOTHING
RETURNING consumer

-- name: cursor_advance
-- Advances a consumer's cursor, if it is still where the caller read it.
--
--   :consumer text  :old_source text  :old_xid xid8  :old_id bigint
--   :source text  :xid xid8  :id bigint   -> consumer, or none
UPDATE cursors
SET source = :source, xid = :xid, id = :id, moved_at = now()
WHERE consumer = :consumer AND source = :old_source AND xid = :old_xid AND id = :old_id
RETURNING consumer

-- name: dead_letter_insert
-- Stores an event that a consumer failed to handle.
--
--   :consumer text  :event_id bigint  :key text  :type text  :payload jsonb  :reason text
--   :happened_at timestamptz
INSERT INTO dead_letters (consumer, event_id, key, type, payload, reason, happened_at)
VALUES (:consumer, :event_id, :key, :type, :payload, :reason, :happened_at)
ON CONFLICT (consumer, event_id, key) DO NOTHING

-- name: dead_letter_list
-- Lists dead letters, oldest first. buried_at is when the consumer gave up.
--
--   :limit int   -> dead letters
SELECT id, consumer, event_id, key, type, payload, reason, happened_at, buried_at
FROM dead_letters
ORDER BY id
LIMIT :limit

-- name: dead_letter_count
-- Counts dead letters.
--
--   -> count
SELECT count(*) AS count
FROM dead_letters

-- name: dead_letter_delete
-- Deletes a dead letter, after a replay or by an operator.
--
--   :id bigint
DELETE FROM dead_letters
WHERE id = :id
