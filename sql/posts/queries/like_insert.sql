-- Somebody likes a post; nothing happens when that is so already. A post that is gone has no key to hold.
--
--   :post_id uuid  :user_id uuid   -> id, or none
INSERT INTO post_likes (post_id, user_id)
VALUES (:post_id, :user_id)
ON CONFLICT (post_id, user_id) DO NOTHING
RETURNING id
