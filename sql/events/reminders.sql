-- name: reminders_claim
-- Publishes reminders that are due; see the function.
--
--   :limit int   -> claimed
SELECT reminders_claim(:limit) AS claimed

-- name: reminders_move
-- Sets new times of reminders of events whose start was changed; see the function.
--
--   :limit int   -> moved (null if none is left)
SELECT reminders_move(:limit) AS moved

-- name: reminders_overdue
-- Returns for how long the oldest reminder that was not published has been due.
--
--   -> overdue_s (0 without one)
SELECT coalesce(extract(EPOCH FROM greatest(
    now() - (SELECT min(m.next_at) FROM event_reminders AS m WHERE m.next_at <= now()),
    now() - (SELECT min(v.moved_at) FROM event_reminder_moves AS v)
)), 0)::FLOAT8 AS overdue_s

-- name: reminded_user_list
-- Returns those of the users who still go to an event that is neither cancelled nor hidden and starts at that
-- time.
--
--   :event_id uuid  :start timestamptz  :user_ids uuid[]   -> user_id
SELECT r.user_id
FROM event_rsvps AS r
INNER JOIN events AS e ON r.event_id = e.id
WHERE
    r.event_id = :event_id
    AND r.user_id = ANY(:user_ids)
    AND r.status = 'GOING'
    AND e.start_datetime = :start
    AND e.cancelled_at IS NULL
    AND e.hidden_at IS NULL
ORDER BY r.user_id
