-- How far this service has read the outboxes of others; advanced in the transaction of the effect.
--
-- source identifies the producer's database: after a restore, its feed is read again.
CREATE TABLE cursors (
    consumer TEXT PRIMARY KEY,
    source TEXT NOT NULL,
    xid XID8 NOT NULL,
    id BIGINT NOT NULL,
    moved_at TIMESTAMPTZ NOT NULL DEFAULT now()
)
