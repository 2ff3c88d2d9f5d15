-- When a moderator hid a comment; null if not. Instances of earlier versions show hidden comments.
ALTER TABLE comments ADD COLUMN hidden_at TIMESTAMPTZ
