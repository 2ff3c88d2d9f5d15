-- Reports to moderators, one per reporter and target.
--
-- target_id is an id of another service, or of a user; the target's content is not copied. A report
-- outlives its reporter's account.
CREATE TABLE reports (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    reporter_id UUID REFERENCES users (id) ON DELETE SET NULL,
    kind TEXT NOT NULL CHECK (kind IN ('post', 'comment', 'message', 'user')),
    target_id TEXT NOT NULL,
    reason TEXT NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    resolved_at TIMESTAMPTZ,
    resolution TEXT CHECK (length(resolution) BETWEEN 1 AND 500),
    CONSTRAINT reports_target_key UNIQUE (reporter_id, kind, target_id),
    CONSTRAINT reports_resolution CHECK ((resolved_at IS NULL) = (resolution IS NULL))
)
