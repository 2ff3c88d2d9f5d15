-- From now on a user's posts are merged at reading instead of handed out to each follower.
--
--   :user_id uuid   -> user_id
UPDATE user_social_stats
SET broadcast = TRUE
WHERE user_id = :user_id
RETURNING user_id
