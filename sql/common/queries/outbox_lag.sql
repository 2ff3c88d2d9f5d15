-- How old the oldest event behind a place is, in seconds; 0 where there is none.
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
