-- The end of the line, for whoever is not in it yet. Only after event_lock.
--
--   :event_id uuid  :user_id uuid   -> number, or none
INSERT INTO event_waitlist (event_id, user_id)
VALUES (:event_id, :user_id)
ON CONFLICT (event_id, user_id) DO NOTHING
RETURNING number
