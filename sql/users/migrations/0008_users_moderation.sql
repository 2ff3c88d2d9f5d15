-- When the e-mail address was verified, and when the user was banned; null if not.
--
-- `verified` is unrelated: it is the badge that moderators set.
ALTER TABLE users
ADD COLUMN email_verified_at TIMESTAMPTZ,
ADD COLUMN banned_at TIMESTAMPTZ
