-- Roles, and restrictions with an end. Null: no role, no restriction.
--
-- A restriction without an end has the year 9999. A ban is in banned_at. Instances of earlier versions enforce
-- bans only.
ALTER TABLE users
ADD COLUMN role VARCHAR(10) CHECK (role IN ('admin', 'moderator')),
ADD COLUMN silenced_until TIMESTAMPTZ,
ADD COLUMN suspended_until TIMESTAMPTZ;
CREATE INDEX users_role ON users (id) WHERE role IS NOT NULL;
CREATE INDEX users_restricted ON users (id)
WHERE banned_at IS NOT NULL OR suspended_until IS NOT NULL OR silenced_until IS NOT NULL
