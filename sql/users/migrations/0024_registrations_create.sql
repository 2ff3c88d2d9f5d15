-- Registrations that wait for approval, invite codes, and names that no one may register.
--
-- Codes are stored as they are, so that admins can read them again. Of a value in `name_blocks` the lower case is
-- stored; an e-mail domain stands for its subdomains too.
CREATE TABLE registrations (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    email VARCHAR(255) NOT NULL,
    username VARCHAR(50) NOT NULL,
    password_hash VARCHAR(255) NOT NULL,
    display_name VARCHAR(100),
    created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX registrations_email_key ON registrations (lower(email));
CREATE UNIQUE INDEX registrations_username_key ON registrations (lower(username));
CREATE INDEX registrations_page ON registrations (created_at, id);
CREATE TABLE invite_codes (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    code VARCHAR(50) UNIQUE NOT NULL,
    uses_left INTEGER NOT NULL CHECK (uses_left >= 0),
    expires_at TIMESTAMPTZ,
    created_by UUID,
    created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX invite_codes_page ON invite_codes (created_at, id);
CREATE TABLE name_blocks (
    kind VARCHAR(20) NOT NULL CHECK (kind IN ('username', 'email_domain')),
    value VARCHAR(255) NOT NULL CHECK (value = lower(value)),
    created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (kind, value)
)
