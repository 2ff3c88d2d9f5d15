-- The oldest events that could not be taken.
--
--   :limit int   -> dead letters
SELECT id, consumer, event_id, key, type, payload, reason, happened_at, buried_at
FROM dead_letters
ORDER BY id
LIMIT :limit
