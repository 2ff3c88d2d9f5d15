-- Former texts of edited posts.
ALTER TABLE posts ADD COLUMN edited_at TIMESTAMPTZ;
CREATE TABLE post_revisions (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    post_id UUID NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    content TEXT NOT NULL CHECK (length(content) <= 280),
    written_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX post_revisions_page ON post_revisions (post_id, written_at DESC, id DESC);
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
    p.edited_at
FROM posts AS p
LEFT JOIN user_cache AS c ON p.author_id = c.id
WHERE p.hidden_at IS NULL
