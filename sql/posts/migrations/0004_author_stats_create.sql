-- How many posts each author has here; told with every post, for those who keep the number.
CREATE TABLE author_stats (
    author_id UUID PRIMARY KEY,
    posts_count INTEGER NOT NULL DEFAULT 0 CHECK (posts_count >= 0)
)
