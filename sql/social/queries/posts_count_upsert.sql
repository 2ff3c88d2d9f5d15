-- How many posts people have, as Posts tells it; an older word changes nothing.
--
--   :user_ids uuid[]  :posts_counts int[]  :told bigint[]   -> user_id
INSERT INTO user_social_stats AS s (user_id, posts_count, posts_told)
SELECT *
FROM unnest(:user_ids, :posts_counts, :told)
ORDER BY 1
ON CONFLICT (user_id) DO UPDATE
SET posts_count = excluded.posts_count, posts_told = excluded.posts_told
WHERE s.posts_told < excluded.posts_told
RETURNING user_id
