-- Takes an answer back; see the function.
--
--   :event_id uuid  :user_id uuid   -> known
SELECT rsvp_withdraw(:event_id, :user_id) AS known
