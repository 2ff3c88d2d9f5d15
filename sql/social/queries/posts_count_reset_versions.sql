-- The numbers of Posts have begun anew: what was told before is older than everything.
--
--   -> user_id
UPDATE user_social_stats
SET posts_told = 0
WHERE posts_told > 0
RETURNING user_id
