-- Gives events that came with a dump of another server a transaction of this one, or none would be read.
UPDATE outbox
SET xid = pg_current_xact_id()
WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())
