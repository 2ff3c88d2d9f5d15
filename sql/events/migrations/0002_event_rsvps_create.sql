-- RSVPs.
CREATE TABLE event_rsvps (
    event_id UUID NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    user_id UUID NOT NULL,
    status VARCHAR(20) NOT NULL CHECK (status IN ('GOING', 'INTERESTED', 'MAYBE', 'NOT_GOING')),
    answered_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    UNIQUE (event_id, user_id)
);
CREATE INDEX event_rsvps_page ON event_rsvps (event_id, answered_at, user_id);
CREATE INDEX event_rsvps_user ON event_rsvps (user_id)
