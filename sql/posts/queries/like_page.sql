-- Who likes a post, the latest first, without some people.
--
--   :post_id uuid  :before timestamptz  :before_id uuid  :hidden uuid[]  :limit int   -> like and card rows
SELECT
    l.id,
    l.created_at,
    l.user_id,
    c.username,
    c.display_name,
    c.avatar_url,
    c.verified,
    c.deleted
FROM post_likes AS l
LEFT JOIN user_cache AS c ON l.user_id = c.id
WHERE
    l.post_id = :post_id
    AND (l.created_at, l.id) < (:before, :before_id)
    AND l.user_id <> ALL(:hidden)
    AND c.deleted IS NOT TRUE
ORDER BY l.created_at DESC, l.id DESC
LIMIT :limit
