-- Visible posts joined with the cached data of their authors.
CREATE VIEW post_rows AS
SELECT
    p.id,
    p.author_id,
    p.content,
    p.event_id,
    p.like_count,
    p.comment_count,
    p.created_at,
    c.username,
    c.display_name,
    c.avatar_url,
    c.verified,
    c.deleted
FROM posts AS p
LEFT JOIN user_cache AS c ON p.author_id = c.id
WHERE p.hidden_at IS NULL
