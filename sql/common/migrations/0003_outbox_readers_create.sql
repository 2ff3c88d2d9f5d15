-- Up to where each consumer has read this service's outbox, as they told it last: what may be dropped.
CREATE TABLE outbox_readers (
    consumer TEXT PRIMARY KEY,
    xid XID8 NOT NULL,
    id BIGINT NOT NULL,
    told_at TIMESTAMPTZ NOT NULL DEFAULT now()
)
