-- Which request made what: a repeat under the same key gets the first result, with another body a refusal.
--
-- Written in the transaction of the effect, so that there is never one without the other. Whoever comes
-- second while the first still runs waits for it at the primary key.
CREATE TABLE idempotency_keys (
    key TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    result TEXT NOT NULL DEFAULT '',
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at)
