-- Who can see a post: everyone, or the followers of its author. Private accounts restrict all their posts.
ALTER TABLE posts
ADD COLUMN visibility VARCHAR(10) NOT NULL DEFAULT 'public' CHECK (visibility IN ('public', 'followers'));
CREATE OR REPLACE VIEW post_rows AS
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
    p.visibility
FROM posts AS p
LEFT JOIN user_cache AS c ON p.author_id = c.id
WHERE p.hidden_at IS NULL
