-- Replies to comments, one level deep, and likes of comments.
--
-- parent_author_id is the author of the parent: it is known also when both are deleted at once.
ALTER TABLE comments
ADD COLUMN parent_id UUID REFERENCES comments (id) ON DELETE CASCADE,
ADD COLUMN parent_author_id UUID,
ADD COLUMN like_count INTEGER NOT NULL DEFAULT 0,
ADD CONSTRAINT comments_like_count_check CHECK (like_count >= 0) NOT VALID;
CREATE INDEX comments_parent ON comments (parent_id) WHERE parent_id IS NOT NULL;
CREATE TABLE comment_likes (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    comment_id UUID NOT NULL REFERENCES comments (id) ON DELETE CASCADE,
    user_id UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    UNIQUE (comment_id, user_id)
);
CREATE INDEX comment_likes_user ON comment_likes (user_id)
