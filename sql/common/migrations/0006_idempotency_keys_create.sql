-- Results of requests by idempotency key: a repeat gets the first result, another body an error.
--
-- Written in the transaction of the effect, so that neither exists without the other. A concurrent request
-- with the same key waits at the primary key.
CREATE TABLE idempotency_keys (
    key TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    result TEXT NOT NULL DEFAULT '',
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at)
