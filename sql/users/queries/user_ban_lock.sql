-- Finds whom to ban, and locks the row against new sessions, which hold its key.
--
--   :username text   -> id, or none
SELECT id
FROM users
WHERE lower(username) = lower(:username)
FOR UPDATE
