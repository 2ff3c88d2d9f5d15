-- One no longer blocks another; follows do not come back.
--
--   :blocker_id uuid  :blocked_id uuid   -> blocked_id, or none
DELETE FROM blocks
WHERE blocker_id = :blocker_id AND blocked_id = :blocked_id
RETURNING blocked_id
