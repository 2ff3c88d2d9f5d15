-- The events behind a place that nothing can come before any more, in the order of transactions.
--
--   :xid xid8  :id bigint  :limit int   -> events
SELECT id, xid, key, type, payload, created_at
FROM outbox
WHERE (xid, id) > (:xid, :id) AND xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY xid, id
LIMIT :limit
