-- name: audit
-- Counts users whose follower counts differ from the rows counted.
--
--   -> mismatch_count
SELECT count(*) AS mismatch_count
FROM user_social_stats AS s
FULL JOIN (
    SELECT user_id, sum(followers) AS followers, sum(following) AS following
    FROM (
        SELECT following_id AS user_id, 1 AS followers, 0 AS following FROM follows
        UNION ALL
        SELECT follower_id, 0, 1 FROM follows
    ) AS counted
    GROUP BY user_id
) AS f ON s.user_id = f.user_id
WHERE
    coalesce(s.followers_count, 0) <> coalesce(f.followers, 0)
    OR coalesce(s.following_count, 0) <> coalesce(f.following, 0)

-- name: posts_count_page
-- Lists stored post counts, by user id.
--
--   :after uuid  :limit int   -> user_id, posts_count
SELECT user_id, posts_count
FROM user_social_stats
WHERE user_id > :after AND (posts_count > 0 OR posts_told > 0)
ORDER BY user_id
LIMIT :limit
