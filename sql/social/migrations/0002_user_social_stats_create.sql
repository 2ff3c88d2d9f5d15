-- Counts of followers and followed users (kept by triggers) and of posts (published by the Post service).
--
-- posts_told is the id of the event that posts_count comes from; older events are ignored. broadcast: the
-- user has too many followers for fan-out; permanent. broadcast_settled: every timeline built before it
-- was dropped.
CREATE TABLE user_social_stats (
    user_id UUID PRIMARY KEY,
    followers_count INTEGER NOT NULL DEFAULT 0 CHECK (followers_count >= 0),
    following_count INTEGER NOT NULL DEFAULT 0 CHECK (following_count >= 0),
    posts_count INTEGER NOT NULL DEFAULT 0 CHECK (posts_count >= 0),
    posts_told BIGINT NOT NULL DEFAULT 0,
    broadcast BOOLEAN NOT NULL DEFAULT FALSE,
    broadcast_settled BOOLEAN NOT NULL DEFAULT FALSE
)
