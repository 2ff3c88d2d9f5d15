-- The first response to each request with an `Idempotency-Key`, for repeats after what it created is gone.
CREATE TABLE idempotent_responses (
    key VARCHAR(64) PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    digest VARCHAR(64) NOT NULL,
    status SMALLINT NOT NULL,
    body BYTEA NOT NULL CHECK (length(body) <= 65536),
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE INDEX idempotent_responses_created ON idempotent_responses (created_at);
CREATE INDEX idempotent_responses_user ON idempotent_responses (user_id)
