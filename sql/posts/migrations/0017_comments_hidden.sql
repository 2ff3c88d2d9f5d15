-- When a moderator hid a comment, null if not; and whether the comment that a reply is to is hidden, which hides the
-- reply too.
--
-- Instances of earlier versions show hidden comments.
ALTER TABLE comments
ADD COLUMN hidden_at TIMESTAMPTZ,
ADD COLUMN parent_hidden BOOLEAN NOT NULL DEFAULT FALSE
