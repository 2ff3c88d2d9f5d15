-- Posts. event_id belongs to the Event service and is checked only when posting.
--
-- hidden_at is the time when a moderator hid the post; a hidden post is treated as missing.
CREATE TABLE posts (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    author_id UUID NOT NULL,
    content TEXT NOT NULL CHECK (length(content) <= 280),
    event_id UUID,
    like_count INTEGER NOT NULL DEFAULT 0 CHECK (like_count >= 0),
    comment_count INTEGER NOT NULL DEFAULT 0 CHECK (comment_count >= 0),
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    hidden_at TIMESTAMPTZ
);
CREATE INDEX idx_posts_author ON posts (author_id);
CREATE INDEX idx_posts_created_at ON posts (created_at DESC);
CREATE INDEX posts_author_page ON posts (author_id, created_at DESC, id DESC) WHERE hidden_at IS NULL
