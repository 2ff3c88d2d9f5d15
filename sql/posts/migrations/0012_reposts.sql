-- Reposts: posts about another post. With repost_of_id they have no text and go with the other post; with
-- quote_of_id they quote it and stay without it.
ALTER TABLE posts
ADD COLUMN repost_of_id UUID REFERENCES posts (id) ON DELETE CASCADE,
ADD COLUMN quote_of_id UUID REFERENCES posts (id) ON DELETE SET NULL,
ADD COLUMN repost_count INTEGER NOT NULL DEFAULT 0,
ADD CONSTRAINT posts_repost_count_check CHECK (repost_count >= 0) NOT VALID,
ADD CONSTRAINT posts_repost_check
CHECK (repost_of_id IS NULL OR (quote_of_id IS NULL AND content = '')) NOT VALID;
CREATE UNIQUE INDEX posts_reposts ON posts (repost_of_id, author_id) WHERE repost_of_id IS NOT NULL;
CREATE INDEX posts_quotes ON posts (quote_of_id) WHERE quote_of_id IS NOT NULL;
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
    p.visibility,
    p.repost_count,
    p.repost_of_id,
    o.id AS original_id,
    o.author_id AS original_author_id,
    o.visibility AS original_visibility
FROM posts AS p
LEFT JOIN user_cache AS c ON p.author_id = c.id
LEFT JOIN posts AS o ON coalesce(p.repost_of_id, p.quote_of_id) = o.id AND o.hidden_at IS NULL
WHERE p.hidden_at IS NULL AND (p.repost_of_id IS NULL OR o.id IS NOT NULL)
