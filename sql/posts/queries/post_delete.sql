-- Deletes an author's post with its likes and comments.
--
--   :id uuid  :author_id uuid   -> id, or none
DELETE FROM posts
WHERE id = :id AND author_id = :author_id
RETURNING id
