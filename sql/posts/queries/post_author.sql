-- Whose post it is.
--
--   :id uuid   -> author_id, or none
SELECT author_id
FROM posts
WHERE id = :id AND hidden_at IS NULL
