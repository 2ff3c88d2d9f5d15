-- Drops what all of the consumers have read and is older than that; nothing while one has not told.
--
--   :consumers text[]  :older_than_s float8   -> id
WITH slowest AS (
    SELECT xid, id
    FROM outbox_readers
    WHERE consumer = ANY(:consumers)
    ORDER BY xid, id
    LIMIT 1
)
DELETE FROM outbox
USING slowest
WHERE
    (outbox.xid, outbox.id) <= (slowest.xid, slowest.id)
    AND outbox.created_at < now() - make_interval(secs => :older_than_s)
    AND (SELECT count(*) FROM outbox_readers WHERE consumer = ANY(:consumers)) = cardinality(:consumers)
RETURNING outbox.id
