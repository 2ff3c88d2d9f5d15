-- Where a consumer stands.
--
--   :consumer text   -> source, xid, id, or none
SELECT source, xid, id
FROM cursors
WHERE consumer = :consumer
