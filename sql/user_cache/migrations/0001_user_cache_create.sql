-- Cached public user data, so that this service can show names without asking the User service.
--
-- version is the User service's; a row is replaced by newer versions only. A deleted user's row stays,
-- without names, so that an older version cannot restore it.
CREATE TABLE user_cache (
    id UUID PRIMARY KEY,
    username VARCHAR(50) NOT NULL,
    display_name VARCHAR(100),
    avatar_url VARCHAR(500),
    verified BOOLEAN NOT NULL DEFAULT FALSE,
    last_synced TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    version BIGINT NOT NULL,
    deleted BOOLEAN NOT NULL DEFAULT FALSE
)
