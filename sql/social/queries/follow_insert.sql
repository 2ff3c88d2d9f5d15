-- One follows another; nothing happens when that is so already. follows_blocked stops it after a block.
--
--   :follower_id uuid  :following_id uuid   -> id, or none
INSERT INTO follows (follower_id, following_id)
VALUES (:follower_id, :following_id)
ON CONFLICT (follower_id, following_id) DO NOTHING
RETURNING id
