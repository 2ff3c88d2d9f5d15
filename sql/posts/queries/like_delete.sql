-- Somebody no longer likes a post.
--
--   :post_id uuid  :user_id uuid   -> id, or none
DELETE FROM post_likes
WHERE post_id = :post_id AND user_id = :user_id
RETURNING id
