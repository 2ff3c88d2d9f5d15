-- How many follow each of those people, and whose posts are no longer handed out.
--
--   :user_ids uuid[]   -> user_id, followers_count, broadcast, broadcast_settled
SELECT user_id, followers_count, broadcast, broadcast_settled
FROM user_social_stats
WHERE user_id = ANY(:user_ids)
