-- A moderator takes a post away, or gives it back.
--
--   :id uuid  :hidden bool   -> id, or none
UPDATE posts
SET hidden_at = CASE WHEN :hidden THEN coalesce(hidden_at, now()) END
WHERE id = :id
RETURNING id
