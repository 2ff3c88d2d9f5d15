-- Deletes a creator's event with its answers and invites.
--
--   :id uuid  :creator_id uuid   -> id, or none
DELETE FROM events
WHERE id = :id AND creator_id = :creator_id
RETURNING id
