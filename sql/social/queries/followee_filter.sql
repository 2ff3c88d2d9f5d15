-- Who of some people a user follows.
--
--   :user_id uuid  :others uuid[]   -> following_id
SELECT following_id
FROM follows
WHERE follower_id = :user_id AND following_id = ANY(:others)
