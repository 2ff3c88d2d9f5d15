-- The comments of a post, the oldest first, without those of some people.
--
--   :post_id uuid  :after timestamptz  :after_id uuid  :hidden uuid[]  :limit int   -> comment rows
SELECT
    m.id,
    m.post_id,
    m.author_id,
    m.content,
    m.created_at,
    c.username,
    c.display_name,
    c.avatar_url,
    c.verified,
    c.deleted
FROM comments AS m
LEFT JOIN user_cache AS c ON m.author_id = c.id
WHERE
    m.post_id = :post_id
    AND (m.created_at, m.id) > (:after, :after_id)
    AND m.author_id <> ALL(:hidden)
ORDER BY m.created_at, m.id
LIMIT :limit
