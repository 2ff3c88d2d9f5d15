-- Locks a user who is to be deleted: no session begins from here on.
--
--   :id uuid   -> id, or none
SELECT id
FROM users
WHERE id = :id
FOR UPDATE
