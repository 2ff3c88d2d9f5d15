-- When an address was shown to be read by its owner, and when somebody was banned; null is never.
--
-- `verified`, beside them, is neither: it is the badge that moderators give.
ALTER TABLE users
ADD COLUMN email_verified_at TIMESTAMPTZ,
ADD COLUMN banned_at TIMESTAMPTZ
