-- Lets a user in again; the old sessions stay ended.
--
--   :username text   -> id, or none
UPDATE users
SET banned_at = NULL
WHERE lower(username) = lower(:username)
RETURNING id
