-- Requests to go to events whose hosts decide who goes. A requesting user has no row in event_rsvps and no place.
--
-- waits: whether the user joins the waitlist if the event is full when a host accepts.
ALTER TABLE events ADD COLUMN approval BOOLEAN NOT NULL DEFAULT FALSE;
CREATE TABLE rsvp_requests (
    event_id UUID NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    user_id UUID NOT NULL,
    guests INTEGER NOT NULL DEFAULT 0 CHECK (guests BETWEEN 0 AND 10),
    waits BOOLEAN NOT NULL DEFAULT FALSE,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    PRIMARY KEY (event_id, user_id)
);
CREATE INDEX rsvp_requests_page ON rsvp_requests (event_id, created_at, user_id);
CREATE INDEX rsvp_requests_user ON rsvp_requests (user_id)
