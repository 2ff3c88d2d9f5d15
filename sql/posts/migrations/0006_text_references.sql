-- Users and tags that the texts of posts and comments refer to. tags are as written; post_tags has their keys.
ALTER TABLE posts
ADD COLUMN mention_ids UUID[] NOT NULL DEFAULT '{}',
ADD COLUMN tags TEXT[] NOT NULL DEFAULT '{}';
ALTER TABLE comments
ADD COLUMN mention_ids UUID[] NOT NULL DEFAULT '{}',
ADD COLUMN tags TEXT[] NOT NULL DEFAULT '{}';
CREATE TABLE post_tags (
    post_id UUID NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    tag TEXT NOT NULL CHECK (length(tag) <= 300),
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (post_id, tag)
);
CREATE INDEX post_tags_page ON post_tags (tag, created_at DESC, post_id DESC);
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
    p.tags
FROM posts AS p
LEFT JOIN user_cache AS c ON p.author_id = c.id
WHERE p.hidden_at IS NULL
