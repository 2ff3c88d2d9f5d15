-- The columns of post rows in one place: of all posts, and of those that are visible.
CREATE VIEW all_post_rows AS
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
    c.deleted,
    p.mention_ids,
    p.tags,
    p.edited_at,
    p.visibility,
    p.repost_count,
    p.repost_of_id,
    o.id AS original_id,
    o.author_id AS original_author_id,
    o.visibility AS original_visibility,
    p.hidden_at
FROM posts AS p
LEFT JOIN user_cache AS c ON p.author_id = c.id
LEFT JOIN posts AS o ON coalesce(p.repost_of_id, p.quote_of_id) = o.id AND o.hidden_at IS NULL;
CREATE OR REPLACE VIEW post_rows AS
SELECT p.*
FROM all_post_rows AS p
WHERE p.hidden_at IS NULL AND (p.repost_of_id IS NULL OR p.original_id IS NOT NULL)
