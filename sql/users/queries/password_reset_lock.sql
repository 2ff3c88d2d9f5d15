-- Finds who has that address, without regard to case, and locks the row against a second asking.
--
-- Who is banned is not found.
--
--   :email text   -> id, or none
SELECT id
FROM users
WHERE lower(email) = lower(:email) AND banned_at IS NULL
FOR NO KEY UPDATE
