-- Sets new times of the reminders of up to `row_limit` users of an event whose start was changed. Returns how many were
-- read; null if there is no such event, except those that other instances work on.
CREATE OR REPLACE FUNCTION reminders_move(row_limit INT) RETURNS INT AS $$
DECLARE
    moved RECORD;
    event RECORD;
    last_user UUID;
    row_count INT;
BEGIN
    SELECT v.event_id, v.moved_at, v.last_user_id INTO moved
    FROM event_reminder_moves AS v
    ORDER BY v.moved_at
    LIMIT 1
    FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    -- After the lock, so that the start is the one of this move.
    SELECT e.start_datetime, e.cancelled_at IS NULL AS is_live INTO event
    FROM events AS e
    WHERE e.id = moved.event_id;
    WITH
    part AS MATERIALIZED (
        SELECT m.user_id
        FROM event_reminders AS m
        WHERE m.event_id = moved.event_id AND m.user_id > moved.last_user_id
        ORDER BY m.user_id
        LIMIT row_limit
        FOR UPDATE
    ),
    changed AS (
        UPDATE event_reminders AS m
        SET next_at = CASE WHEN event.is_live THEN reminder_next(event.start_datetime, m.minutes, moved.moved_at) END
        FROM part AS p
        WHERE
            m.event_id = moved.event_id
            AND m.user_id = p.user_id
            AND EXISTS (
                SELECT FROM event_rsvps AS r
                WHERE r.event_id = m.event_id AND r.user_id = m.user_id AND r.status = 'GOING'
            )
    )
    SELECT count(*), (array_agg(p.user_id ORDER BY p.user_id DESC))[1] INTO row_count, last_user FROM part AS p;
    IF row_count < row_limit THEN
        DELETE FROM event_reminder_moves WHERE event_id = moved.event_id;
    ELSE
        UPDATE event_reminder_moves SET last_user_id = last_user WHERE event_id = moved.event_id;
    END IF;
    RETURN row_count;
END
$$ LANGUAGE plpgsql
