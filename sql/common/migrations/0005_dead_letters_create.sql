-- Events that a consumer of this service failed to handle, kept until an operator replays or drops them.
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
