-- Users who have ever made their account private: a copy of users.private in the User service.
--
-- version is the User service's; a row is replaced by newer versions only. A user without a row is public.
CREATE TABLE private_accounts (
    user_id UUID PRIMARY KEY,
    private BOOLEAN NOT NULL,
    version BIGINT NOT NULL
)
