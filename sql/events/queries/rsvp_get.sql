-- A user's answer and place in the line. Inside a transaction only after event_lock.
--
--   :event_id uuid  :user_id uuid   -> status (null without one), place (0 without one), waiting
SELECT
    (SELECT status FROM event_rsvps WHERE event_id = :event_id AND user_id = :user_id) AS status,
    (
        SELECT count(*)
        FROM event_waitlist AS w
        INNER JOIN event_waitlist AS o ON w.event_id = o.event_id AND o.number <= w.number
        WHERE w.event_id = :event_id AND w.user_id = :user_id
    ) AS place,
    (SELECT count(*) FROM event_waitlist WHERE event_id = :event_id) AS waiting
