-- One comment, and whose post it is about.
--
--   :id uuid   -> comment row with post_author_id, or none
SELECT
    m.id,
    m.post_id,
    m.author_id,
    m.content,
    m.created_at,
    p.author_id AS post_author_id,
    c.username,
    c.display_name,
    c.avatar_url,
    c.verified,
    c.deleted
FROM comments AS m
INNER JOIN posts AS p ON m.post_id = p.id
LEFT JOIN user_cache AS c ON m.author_id = c.id
WHERE m.id = :id AND p.hidden_at IS NULL
