-- How many users have counts that are not those of the rows.
--
--   -> wrong
SELECT count(*) AS wrong
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
