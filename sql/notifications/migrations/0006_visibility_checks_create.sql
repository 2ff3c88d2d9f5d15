-- Users whose notifications are compared with the posts that their recipients can see, and how far that is.
--
-- kind: author for notifications about the user's posts, recipient for those that the user has. Posts or
-- notifications before (before_us, before_id) are left; null at the start. version rises when the user is to be
-- compared from the start again.
CREATE TABLE visibility_checks (
    kind VARCHAR(10) NOT NULL CHECK (kind IN ('author', 'recipient')),
    user_id UUID NOT NULL,
    before_us BIGINT,
    before_id UUID,
    version INTEGER NOT NULL DEFAULT 0,
    updated_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (kind, user_id)
);
CREATE INDEX visibility_checks_next ON visibility_checks (updated_at)
