-- name: audit
-- Counts events whose counts differ from their RSVPs, or with a user who is going and on the waitlist.
--
--   -> mismatch_count
SELECT count(*) AS mismatch_count
FROM events AS e
WHERE
    e.going_count
    <> (
        SELECT coalesce(sum(1 + r.guests), 0)
        FROM event_rsvps AS r
        WHERE r.event_id = e.id AND r.status = 'GOING'
    )
    OR e.interested_count
    <> (SELECT count(*) FROM event_rsvps AS r WHERE r.event_id = e.id AND r.status = 'INTERESTED')
    OR EXISTS (
        SELECT FROM event_waitlist AS w
        INNER JOIN event_rsvps AS r ON w.event_id = r.event_id AND w.user_id = r.user_id
        WHERE w.event_id = e.id AND r.status = 'GOING'
    )
