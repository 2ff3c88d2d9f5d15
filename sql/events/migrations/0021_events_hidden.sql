-- When a moderator hid an event; null if not. Instances of earlier versions show hidden events.
ALTER TABLE events ADD COLUMN hidden_at TIMESTAMPTZ
