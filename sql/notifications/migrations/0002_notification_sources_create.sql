-- Causes of past notifications: each source notifies a recipient once, also if an event is handled again.
CREATE TABLE notification_sources (
    recipient_id UUID NOT NULL,
    source VARCHAR(200) NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    PRIMARY KEY (recipient_id, source)
)
