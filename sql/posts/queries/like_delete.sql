-- Somebody no longer likes a post. Locks the post first, as its own end does, or the two would deadlock.
--
--   :post_id uuid  :user_id uuid   -> id, or none
DELETE FROM post_likes AS l
USING (SELECT id FROM posts WHERE id = :post_id FOR NO KEY UPDATE) AS p
WHERE l.post_id = p.id AND l.user_id = :user_id
RETURNING l.id
