-- When a user who goes was checked in by a host; null if the user was not.
ALTER TABLE event_rsvps ADD COLUMN checked_in_at TIMESTAMPTZ
