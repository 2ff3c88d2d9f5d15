-- The events that a user answered or waits for, to take it all back.
--
--   :user_id uuid  :limit int   -> event_id
SELECT event_id FROM event_rsvps WHERE user_id = :user_id
UNION
SELECT event_id FROM event_waitlist WHERE user_id = :user_id
LIMIT :limit
