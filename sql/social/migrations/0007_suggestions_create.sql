-- Suggestions that a user does not want to see again.
CREATE TABLE suggestion_dismissals (
    user_id UUID NOT NULL,
    dismissed_id UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    PRIMARY KEY (user_id, dismissed_id),
    CONSTRAINT suggestion_dismissals_not_self CHECK (user_id <> dismissed_id)
);
CREATE INDEX suggestion_dismissals_dismissed ON suggestion_dismissals (dismissed_id);

-- Finds the users with most followers.
CREATE INDEX user_social_stats_followers ON user_social_stats (followers_count DESC, user_id)
