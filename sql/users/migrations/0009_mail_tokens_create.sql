-- Tokens of links in e-mails, by the SHA-256 of the token; the token is not stored.
--
-- A token is valid only while its user has the address that it was sent to. Rows stay until they expire,
-- used or not, to limit how many e-mails one account causes.
CREATE TABLE mail_tokens (
    token_hash TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('reset', 'verification')),
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    email VARCHAR(255) NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    used_at TIMESTAMPTZ
)
