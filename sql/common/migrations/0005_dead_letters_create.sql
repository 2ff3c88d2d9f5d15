-- Events that a consumer of this service could not take, kept until somebody replays or drops them.
CREATE TABLE dead_letters (
    id BIGSERIAL PRIMARY KEY,
    consumer TEXT NOT NULL,
    event_id BIGINT NOT NULL,
    key TEXT NOT NULL,
    type TEXT NOT NULL,
    payload JSONB NOT NULL,
    reason TEXT NOT NULL,
    happened_at TIMESTAMPTZ NOT NULL,
    buried_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    UNIQUE (consumer, event_id, key)
)
