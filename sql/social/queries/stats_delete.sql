-- The counts of a deleted user go; only after their follows.
--
--   :user_id uuid
DELETE FROM user_social_stats
WHERE user_id = :user_id
