-- When and why an event was cancelled; null for one that takes place.
ALTER TABLE events
ADD COLUMN cancelled_at TIMESTAMPTZ,
ADD COLUMN cancel_reason TEXT
