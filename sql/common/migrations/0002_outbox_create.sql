-- The service's outbox of domain events, written in the transaction of the change.
--
-- Read in the order of (xid, id), and only below the oldest running transaction: a lower id may still
-- commit later, a lower xid cannot. A transaction that stays open delays all readers.
CREATE TABLE outbox (
    id BIGSERIAL PRIMARY KEY,
    xid XID8 NOT NULL DEFAULT pg_current_xact_id(),
    key TEXT NOT NULL,
    type TEXT NOT NULL,
    payload JSONB NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX outbox_order ON outbox (xid, id)
