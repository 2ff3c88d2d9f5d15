-- How many follow and are followed (kept by triggers), and how many posts there are (told by Posts).
--
-- posts_told is the number of the event that posts_count comes from: an older one changes nothing.
-- broadcast: so many follow that posts are no longer handed out to each; never taken back. It is settled
-- once every timeline that did not know it is dropped.
CREATE TABLE user_social_stats (
    user_id UUID PRIMARY KEY,
    followers_count INTEGER NOT NULL DEFAULT 0 CHECK (followers_count >= 0),
    following_count INTEGER NOT NULL DEFAULT 0 CHECK (following_count >= 0),
    posts_count INTEGER NOT NULL DEFAULT 0 CHECK (posts_count >= 0),
    posts_told BIGINT NOT NULL DEFAULT 0,
    broadcast BOOLEAN NOT NULL DEFAULT FALSE,
    broadcast_settled BOOLEAN NOT NULL DEFAULT FALSE
)
