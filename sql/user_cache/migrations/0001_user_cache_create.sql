-- What this service keeps of people, so that it can show a name without asking the User service.
--
-- version is that of the User service: a copy is only ever replaced by a newer one. Of the deleted a row
-- stays, without a name, so that nothing older brings them back.
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
