-- How far each consumer has read this service's outbox: rows that all have read can be deleted.
CREATE TABLE outbox_readers (
    consumer TEXT PRIMARY KEY,
    xid XID8 NOT NULL,
    id BIGINT NOT NULL,
    told_at TIMESTAMPTZ NOT NULL DEFAULT now()
)
