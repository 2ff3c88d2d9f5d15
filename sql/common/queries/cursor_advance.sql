-- Moves a consumer on from exactly where it was thought to be: none, when somebody else has moved it.
--
--   :consumer text  :old_source text  :old_xid xid8  :old_id bigint
--   :source text  :xid xid8  :id bigint   -> consumer, or none
UPDATE cursors
SET source = :source, xid = :xid, id = :id, moved_at = now()
WHERE consumer = :consumer AND source = :old_source AND xid = :old_xid AND id = :old_id
RETURNING consumer
