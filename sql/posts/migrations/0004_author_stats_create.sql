-- Posts per author; the count is published with every post.
CREATE TABLE author_stats (
    author_id UUID PRIMARY KEY,
    posts_count INTEGER NOT NULL DEFAULT 0 CHECK (posts_count >= 0)
)
