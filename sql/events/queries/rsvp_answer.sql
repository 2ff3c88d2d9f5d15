-- Answers an event; see the function.
--
--   :event_id uuid  :user_id uuid  :status text  :waits bool   -> status, place, refused
SELECT status, place, refused FROM rsvp_answer(:event_id, :user_id, :status, :waits)
