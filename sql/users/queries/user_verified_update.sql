-- Gives a user the badge of moderators, or takes it.
--
--   :username text  :verified bool   -> id, or none
UPDATE users
SET verified = :verified
WHERE lower(username) = lower(:username)
RETURNING id
