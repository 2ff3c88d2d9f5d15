-- A consumer tells up to where it has read.
--
--   :consumer text  :xid xid8  :id bigint
INSERT INTO outbox_readers (consumer, xid, id)
VALUES (:consumer, :xid, :id)
ON CONFLICT (consumer) DO UPDATE SET xid = excluded.xid, id = excluded.id, told_at = now()
