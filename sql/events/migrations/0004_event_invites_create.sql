-- Invites. Inviting the same user twice changes nothing.
CREATE TABLE event_invites (
    event_id UUID NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    user_id UUID NOT NULL,
    inviter_id UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    PRIMARY KEY (event_id, user_id, inviter_id)
);
CREATE INDEX event_invites_user ON event_invites (user_id);
CREATE INDEX event_invites_inviter ON event_invites (inviter_id)
