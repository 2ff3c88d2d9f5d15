-- A user's counts.
--
--   :user_id uuid   -> counts, or none where nothing was ever counted
SELECT followers_count, following_count, posts_count
FROM user_social_stats
WHERE user_id = :user_id
