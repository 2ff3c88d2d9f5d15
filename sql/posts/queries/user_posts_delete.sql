-- The posts of a deleted user go, some at a time; only after user_forget.
--
--   :user_id uuid  :limit int   -> id
DELETE FROM posts
WHERE id IN (SELECT id FROM posts WHERE author_id = :user_id LIMIT :limit)
RETURNING id
