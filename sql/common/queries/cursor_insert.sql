-- A consumer's first place, unless it has one.
--
--   :consumer text  :source text  :xid xid8  :id bigint   -> consumer, or none
INSERT INTO cursors (consumer, source, xid, id)
VALUES (:consumer, :source, :xid, :id)
ON CONFLICT (consumer) DO NOTHING
RETURNING consumer
