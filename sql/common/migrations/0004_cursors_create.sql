-- Up to where this service has taken in the event feeds of others; moved in the transaction of the effect.
--
-- source tells one history of the producer's database from another: after a restore all is read anew.
CREATE TABLE cursors (
    consumer TEXT PRIMARY KEY,
    source TEXT NOT NULL,
    xid XID8 NOT NULL,
    id BIGINT NOT NULL,
    moved_at TIMESTAMPTZ NOT NULL DEFAULT now()
)
