-- Takes an answer back. Only after event_lock.
--
--   :event_id uuid  :user_id uuid   -> status, or none
DELETE FROM event_rsvps
WHERE event_id = :event_id AND user_id = :user_id
RETURNING status
