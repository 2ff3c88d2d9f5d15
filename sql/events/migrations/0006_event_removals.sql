-- Blocks between users, copied from the Social service, and attendees removed by a host.
--
-- user_blocks has a row for each direction, whichever user blocked. A removed attendee cannot respond to the event again
-- until a host invites them. revision counts changes of an event; updated_at is the time of the last one.
CREATE TABLE user_blocks (
    user_id UUID NOT NULL,
    other_id UUID NOT NULL,
    PRIMARY KEY (user_id, other_id)
);
CREATE INDEX user_blocks_other ON user_blocks (other_id);
CREATE TABLE event_removals (
    event_id UUID NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    user_id UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    PRIMARY KEY (event_id, user_id)
);
CREATE INDEX event_removals_user ON event_removals (user_id);
ALTER TABLE events
ADD COLUMN revision INTEGER NOT NULL DEFAULT 0,
ADD COLUMN updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW()
