-- One blocks another; follows both ways end with it, by trigger.
--
--   :blocker_id uuid  :blocked_id uuid   -> blocked_id, or none
INSERT INTO blocks (blocker_id, blocked_id)
VALUES (:blocker_id, :blocked_id)
ON CONFLICT (blocker_id, blocked_id) DO NOTHING
RETURNING blocked_id
