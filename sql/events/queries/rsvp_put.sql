-- A user's answer. Only after event_lock.
--
--   :event_id uuid  :user_id uuid  :status text   -> status
INSERT INTO event_rsvps AS r (event_id, user_id, status)
VALUES (:event_id, :user_id, :status)
ON CONFLICT (event_id, user_id) DO UPDATE
SET status = excluded.status, answered_at = now()
WHERE r.status <> excluded.status
RETURNING status
