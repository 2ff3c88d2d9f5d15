-- Deletes a user; sessions go with the row, and the other services are told by trigger.
--
--   :id uuid   -> id, or none
DELETE FROM users
WHERE id = :id
RETURNING id
