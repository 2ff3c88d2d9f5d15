-- Every timeline that did not know of it is dropped.
--
--   :user_id uuid
UPDATE user_social_stats
SET broadcast_settled = TRUE
WHERE user_id = :user_id
