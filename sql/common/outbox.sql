-- name: outbox_source
-- Returns the identity of this database and its highest event id.
--
-- A dump restored elsewhere has another database or server id; one restored to an earlier time has lower ids.
--
--   -> source, head
SELECT
    (SELECT system_identifier FROM pg_control_system())::text
    || ':' || (SELECT oid FROM pg_database WHERE datname = current_database())::text AS source,
    (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM outbox_id_seq) AS head

-- name: outbox_read
-- Returns events after a cursor, in the order of the outbox.
-- Only rows below the snapshot's xmin, so that no later commit can precede a row that was read.
--
--   :xid xid8  :id bigint  :limit int   -> events
SELECT id, xid, key, type, payload, created_at
FROM outbox
WHERE (xid, id) > (:xid, :id) AND xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY xid, id
LIMIT :limit

-- name: outbox_reassign_xids
-- Gives some events restored from another server's dump a transaction id of this server; else none could be read. Takes
-- them in the order of the outbox, so that those of a later call still follow.
--
--   :limit int   -> id
WITH restored AS MATERIALIZED (
    SELECT id
    FROM outbox
    WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())
    ORDER BY xid, id
    LIMIT :limit
    FOR NO KEY UPDATE
)
UPDATE outbox AS o
SET xid = pg_current_xact_id()
FROM restored AS r
WHERE o.id = r.id
RETURNING o.id

-- name: outbox_lag
-- Returns the age of the oldest event after a cursor, in seconds; 0 if there is none.
--
--   :xid xid8  :id bigint   -> lag_s
SELECT coalesce(extract(EPOCH FROM clock_timestamp() - min(created_at)), 0)::float8 AS lag_s
FROM (
    SELECT created_at
    FROM outbox
    WHERE (xid, id) > (:xid, :id)
    ORDER BY xid, id
    LIMIT 1
) AS oldest

-- name: outbox_reader_upsert
-- Records how far a consumer has read, and the time of the record (told_at).
--
--   :consumer text  :xid xid8  :id bigint
INSERT INTO outbox_readers (consumer, xid, id)
VALUES (:consumer, :xid, :id)
ON CONFLICT (consumer) DO UPDATE SET xid = excluded.xid, id = excluded.id, told_at = now()

-- name: outbox_prune
-- Deletes those of the :limit oldest events that all consumers have read and that are older than :older_than_s.
-- Deletes nothing until every consumer has recorded a cursor.
--
-- Reads no other events: there is no index of their times. Ids rise with the times, nearly in order.
--
--   :consumers text[]  :older_than_s float8  :limit int   -> id
WITH slowest AS (
    SELECT xid, id
    FROM outbox_readers
    WHERE consumer = ANY(:consumers)
    ORDER BY xid, id
    LIMIT 1
),
oldest AS MATERIALIZED (
    SELECT id, xid, created_at
    FROM outbox
    ORDER BY id
    LIMIT :limit
)
DELETE FROM outbox AS o
USING oldest, slowest
WHERE
    o.id = oldest.id
    AND (oldest.xid, oldest.id) <= (slowest.xid, slowest.id)
    AND oldest.created_at < now() - make_interval(secs => :older_than_s)
    AND (SELECT count(*) FROM outbox_readers WHERE consumer = ANY(:consumers)) = cardinality(:consumers)
RETURNING o.id
