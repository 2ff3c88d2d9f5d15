-- Who may add a user to groups, and who may invite the user to events. A user without a row allows everyone.
CREATE TABLE user_privacy (
    user_id UUID PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    groups VARCHAR(10) NOT NULL DEFAULT 'everyone' CHECK (groups IN ('everyone', 'known', 'nobody')),
    invites VARCHAR(10) NOT NULL DEFAULT 'everyone' CHECK (invites IN ('everyone', 'known', 'nobody'))
)
