-- Comments.
CREATE TABLE comments (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    post_id UUID NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    author_id UUID NOT NULL,
    content TEXT NOT NULL CHECK (length(content) <= 280),
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW()
);
CREATE INDEX comments_page ON comments (post_id, created_at, id);
CREATE INDEX comments_author ON comments (author_id)
