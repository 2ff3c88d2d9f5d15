-- How many posts people are said to have, in the order of ids.
--
--   :after uuid  :limit int   -> user_id, posts_count
SELECT user_id, posts_count
FROM user_social_stats
WHERE user_id > :after AND (posts_count > 0 OR posts_told > 0)
ORDER BY user_id
LIMIT :limit
