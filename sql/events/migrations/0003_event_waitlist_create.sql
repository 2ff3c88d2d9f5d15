-- Users waiting for a place, in the order of number. A waiting user is not GOING.
CREATE TABLE event_waitlist (
    event_id UUID NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    user_id UUID NOT NULL,
    number BIGSERIAL NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    PRIMARY KEY (event_id, user_id)
);
CREATE UNIQUE INDEX event_waitlist_order ON event_waitlist (event_id, number);
CREATE INDEX event_waitlist_user ON event_waitlist (user_id)
