-- Likes.
CREATE TABLE post_likes (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    post_id UUID NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    user_id UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    UNIQUE (post_id, user_id)
);
CREATE INDEX post_likes_page ON post_likes (post_id, created_at DESC, id DESC);
CREATE INDEX post_likes_user ON post_likes (user_id)
