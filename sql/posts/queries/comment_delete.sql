-- Deletes a comment.
--
--   :id uuid   -> id, or none
DELETE FROM comments
WHERE id = :id
RETURNING id
