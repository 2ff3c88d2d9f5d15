-- Leaves the line. Only after event_lock.
--
--   :event_id uuid  :user_id uuid   -> number, or none
DELETE FROM event_waitlist
WHERE event_id = :event_id AND user_id = :user_id
RETURNING number
