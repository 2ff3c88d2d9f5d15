-- Whose event it is.
--
--   :id uuid   -> creator_id, or none
SELECT creator_id
FROM events
WHERE id = :id
