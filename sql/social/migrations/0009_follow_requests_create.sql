-- Requests to follow a private account, which its owner accepts or declines.
--
-- accepted is true only within the transaction that turns a request into a follow.
CREATE TABLE follow_requests (
    requester_id UUID NOT NULL,
    requested_id UUID NOT NULL,
    accepted BOOLEAN NOT NULL DEFAULT FALSE,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    PRIMARY KEY (requester_id, requested_id),
    CONSTRAINT follow_requests_not_self CHECK (requester_id <> requested_id)
);
CREATE INDEX follow_requests_page ON follow_requests (requested_id, created_at DESC, requester_id DESC)
