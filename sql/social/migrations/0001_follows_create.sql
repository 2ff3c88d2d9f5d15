-- Follows.
CREATE TABLE follows (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    follower_id UUID NOT NULL,
    following_id UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    UNIQUE (follower_id, following_id),
    CONSTRAINT follows_not_self CHECK (follower_id <> following_id)
);
CREATE INDEX idx_follows_follower ON follows (follower_id);
CREATE INDEX follows_follower_page ON follows (follower_id, created_at DESC, id DESC);
CREATE INDEX follows_following ON follows (following_id, follower_id);
CREATE INDEX follows_following_page ON follows (following_id, created_at DESC, id DESC)
