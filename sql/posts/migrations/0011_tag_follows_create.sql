-- Tags whose posts a user sees in the home feed. tag is the key as in post_tags, name the tag as the user wrote it.
CREATE TABLE tag_follows (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL,
    tag TEXT NOT NULL CHECK (length(tag) <= 300),
    name TEXT NOT NULL CHECK (length(name) <= 100),
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    UNIQUE (user_id, tag)
);
CREATE INDEX tag_follows_page ON tag_follows (user_id, created_at DESC, id DESC)
