-- The audit log of moderation, which is append-only, and what was reported as it was then.
--
-- actor_id is null for actions of the command line. user_id is the user acted upon: the author of a post,
-- comment, message or event, or the user. Ids have no foreign keys: the log outlives accounts and contents.
-- Reports from before this migration, and of earlier versions, have no snapshot.
CREATE TABLE moderation_actions (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    actor_id UUID,
    type VARCHAR(20) NOT NULL,
    target_kind VARCHAR(20) NOT NULL,
    target_id TEXT NOT NULL CHECK (length(target_id) <= 100),
    user_id UUID,
    reason TEXT NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    expires_at TIMESTAMPTZ,
    report_id UUID,
    created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX moderation_actions_page ON moderation_actions (created_at DESC, id DESC);
CREATE INDEX moderation_actions_user ON moderation_actions (user_id, created_at DESC, id DESC)
WHERE user_id IS NOT NULL;
CREATE INDEX moderation_actions_target ON moderation_actions (target_kind, target_id, created_at DESC, id DESC);
ALTER TABLE reports
ADD COLUMN snapshot TEXT CHECK (octet_length(snapshot) <= 131072),
ADD COLUMN resolved_by UUID,
DROP CONSTRAINT reports_kind_check,
ADD CONSTRAINT reports_kind_check CHECK (kind IN ('post', 'comment', 'message', 'user', 'event'));
CREATE INDEX reports_page ON reports (created_at, id);
CREATE INDEX reports_resolved_page ON reports (created_at, id) WHERE resolved_at IS NOT NULL
