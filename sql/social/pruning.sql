-- name: conversation_requests_prune
-- Deletes requests that expired more than :older_than_s ago. They can be made again.
--
--   :older_than_s float8  :limit int   -> recipient_id
WITH old AS MATERIALIZED (
    SELECT recipient_id, conversation_id
    FROM conversation_requests
    WHERE expires_at < now() - make_interval(secs => :older_than_s)
    ORDER BY expires_at
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
)

DELETE FROM conversation_requests
WHERE (recipient_id, conversation_id) IN (SELECT recipient_id, conversation_id FROM old)
RETURNING recipient_id

-- name: mutes_prune
-- Deletes mutes that expired more than :older_than_s ago. They have no effect any more.
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
