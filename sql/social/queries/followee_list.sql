-- Whom a user follows, and who of them has too many followers to hand posts out to each.
--
--   :user_id uuid   -> following_id, broadcast
SELECT f.following_id, coalesce(s.broadcast, FALSE) AS broadcast
FROM follows AS f
LEFT JOIN user_social_stats AS s ON f.following_id = s.user_id
WHERE f.follower_id = :user_id
