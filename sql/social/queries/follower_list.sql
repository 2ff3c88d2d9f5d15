-- The followers of a user in the order of ids, to hand something out to each.
--
--   :user_id uuid  :after uuid  :limit int   -> follower_id
SELECT follower_id
FROM follows
WHERE following_id = :user_id AND follower_id > :after
ORDER BY follower_id
LIMIT :limit
