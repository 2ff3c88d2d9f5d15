-- What happened in this service, written in the transaction of the change: its published event feed.
--
-- Read in the order of (xid, id), and only below the oldest transaction that still runs: a lower id may
-- commit later, a lower xid can not. A transaction that stays open holds all readers back.
CREATE TABLE outbox (
    id BIGSERIAL PRIMARY KEY,
    xid XID8 NOT NULL DEFAULT pg_current_xact_id(),
    key TEXT NOT NULL,
    type TEXT NOT NULL,
    payload JSONB NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX outbox_order ON outbox (xid, id)
