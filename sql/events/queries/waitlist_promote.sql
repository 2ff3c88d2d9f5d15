-- The first so many in the line get a place; see the function. Only after event_lock.
--
--   :event_id uuid  :places int   -> user_id
SELECT waitlist_promote(:event_id, :places) AS user_id
