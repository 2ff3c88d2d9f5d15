-- One no longer follows another.
--
--   :follower_id uuid  :following_id uuid   -> id, or none
DELETE FROM follows
WHERE follower_id = :follower_id AND following_id = :following_id
RETURNING id
