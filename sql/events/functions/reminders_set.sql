-- Sets the reminders of a user who goes, waits or asked to go: `before_minutes` are minutes before the start. Those
-- whose time is past are not sent, and none are before the user goes.
--
-- The caller has locked the event's row.
CREATE OR REPLACE FUNCTION reminders_set(of_event UUID, of_user UUID, before_minutes INT []) RETURNS VOID AS $$
BEGIN
    INSERT INTO event_reminders (event_id, user_id, minutes, next_at)
    SELECT
        e.id,
        of_user,
        before_minutes,
        CASE
            WHEN r.status = 'GOING' AND e.cancelled_at IS NULL
                THEN reminder_next(e.start_datetime, before_minutes, now())
        END
    FROM events AS e
    LEFT JOIN event_rsvps AS r ON e.id = r.event_id AND r.user_id = of_user
    WHERE e.id = of_event
    ON CONFLICT (event_id, user_id) DO UPDATE SET minutes = excluded.minutes, next_at = excluded.next_at;
END
$$ LANGUAGE plpgsql
