-- Mutes: a user does not see the posts of another in the home feed, or gets no notifications of what they do.
--
-- Unlike a block it has no effect on the other user. expires_at: when it ends; null for never.
CREATE TABLE mutes (
    muter_id UUID NOT NULL,
    muted_id UUID NOT NULL,
    posts BOOLEAN NOT NULL,
    notifications BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    expires_at TIMESTAMPTZ,
    PRIMARY KEY (muter_id, muted_id),
    CONSTRAINT mutes_not_self CHECK (muter_id <> muted_id),
    CONSTRAINT mutes_something CHECK (posts OR notifications)
);
CREATE INDEX mutes_muter_page ON mutes (muter_id, created_at DESC, muted_id DESC);
CREATE INDEX mutes_muted ON mutes (muted_id);
CREATE INDEX mutes_expiry ON mutes (expires_at) WHERE expires_at IS NOT NULL;

-- The mutes in force. Every read goes through this view.
CREATE VIEW active_mutes AS
SELECT *
FROM mutes
WHERE expires_at IS NULL OR expires_at > now();

-- Lists the users whom a user blocks, the latest first.
CREATE INDEX blocks_blocker_page ON blocks (blocker_id, created_at DESC, blocked_id DESC)
