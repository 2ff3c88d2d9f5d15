-- Who follows a user, the latest first, without some people.
--
--   :user_id uuid  :before timestamptz  :before_id uuid  :hidden uuid[]  :limit int   -> follow and card rows
SELECT
    f.id,
    f.created_at,
    f.follower_id AS user_id,
    c.username,
    c.display_name,
    c.avatar_url,
    c.verified,
    c.deleted
FROM follows AS f
LEFT JOIN user_cache AS c ON f.follower_id = c.id
WHERE
    f.following_id = :user_id
    AND (f.created_at, f.id) < (:before, :before_id)
    AND f.follower_id <> ALL(:hidden)
    AND c.deleted IS NOT TRUE
ORDER BY f.created_at DESC, f.id DESC
LIMIT :limit
