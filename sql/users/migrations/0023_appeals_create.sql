-- Appeals of users against actions of moderators, one per action, and their answers.
CREATE TABLE appeals (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    action_id UUID NOT NULL CONSTRAINT appeals_action_key UNIQUE REFERENCES moderation_actions (id),
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    content TEXT NOT NULL CHECK (length(content) BETWEEN 1 AND 2000),
    created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    answered_at TIMESTAMPTZ,
    answered_by UUID,
    accepted BOOLEAN,
    answer TEXT CHECK (length(answer) BETWEEN 1 AND 2000),
    CONSTRAINT appeals_answer CHECK (
        (answered_at IS NULL) = (answer IS NULL) AND (answered_at IS NULL) = (accepted IS NULL)
    )
);
CREATE INDEX appeals_user ON appeals (user_id);
CREATE INDEX appeals_page ON appeals (created_at, id);
CREATE INDEX appeals_open ON appeals (created_at, id) WHERE answered_at IS NULL
