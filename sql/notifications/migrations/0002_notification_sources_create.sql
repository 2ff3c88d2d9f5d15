-- What has been notified of already: each source tells each recipient once, whatever is tried again.
CREATE TABLE notification_sources (
    recipient_id UUID NOT NULL,
    source VARCHAR(200) NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    PRIMARY KEY (recipient_id, source)
)
