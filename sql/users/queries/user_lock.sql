-- Locks a user's row against new sessions, which hold its key while they are inserted.
--
--   :user_id uuid   -> id, or none
SELECT id
FROM users
WHERE id = :user_id
FOR UPDATE
