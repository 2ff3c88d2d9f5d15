-- The counts of a deleted user go; only after their follows, and not where one came meanwhile.
--
--   :user_id uuid
DELETE FROM user_social_stats
WHERE user_id = :user_id AND followers_count = 0 AND following_count = 0
