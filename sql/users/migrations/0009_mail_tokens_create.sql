-- What the links in mails are good for, by the SHA-256 of the token; the token itself is never here.
--
-- A token speaks for the address that it was sent to: once the user has another, it is worth nothing.
-- Rows stay until their time is over, used or not, and so bound how many mails one account causes.
CREATE TABLE mail_tokens (
    token_hash TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('reset', 'verification')),
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    email VARCHAR(255) NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    used_at TIMESTAMPTZ
)
