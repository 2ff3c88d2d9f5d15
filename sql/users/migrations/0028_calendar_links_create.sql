-- Secret links to users' calendars, one a user. Only a hash of the secret is stored.
CREATE TABLE calendar_links (
    user_id UUID PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    token_hash TEXT NOT NULL UNIQUE,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
)
