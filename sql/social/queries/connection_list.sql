-- Who of some people a user follows or is followed by.
--
--   :user_id uuid  :others uuid[]   -> other_id
SELECT following_id AS other_id
FROM follows
WHERE follower_id = :user_id AND following_id = ANY(:others)
UNION
SELECT follower_id
FROM follows
WHERE following_id = :user_id AND follower_id = ANY(:others)
