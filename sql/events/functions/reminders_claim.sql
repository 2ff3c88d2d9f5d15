-- Publishes the reminders that are due of up to `row_limit` users, each once, and sets the times of the next ones.
-- Returns of how many users, published or not.
--
-- Times are those of the database. Rows that another instance has claimed are skipped. If several reminders of a user
-- are overdue, the last one is published. Events that were cancelled or have ended are not reminded of.
CREATE OR REPLACE FUNCTION reminders_claim(row_limit INT) RETURNS INT AS $$
DECLARE
    event_ids UUID [];
    user_ids UUID [];
BEGIN
    -- Locked first and read again afterwards: a start that was changed meanwhile is seen with its move.
    WITH due AS MATERIALIZED (
        SELECT m.event_id, m.user_id
        FROM event_reminders AS m
        WHERE
            m.next_at <= now()
            AND NOT EXISTS (SELECT FROM event_reminder_moves AS v WHERE v.event_id = m.event_id)
        ORDER BY m.next_at
        LIMIT row_limit
        FOR UPDATE OF m SKIP LOCKED
    )
    SELECT array_agg(d.event_id), array_agg(d.user_id) INTO event_ids, user_ids FROM due AS d;
    WITH
    due AS (
        SELECT
            m.event_id, m.user_id, m.minutes, m.next_at, e.start_datetime, e.title,
            e.cancelled_at IS NULL AND e.end_datetime > now() AS is_live
        FROM unnest(event_ids, user_ids) AS c (event_id, user_id)
        INNER JOIN event_reminders AS m ON c.event_id = m.event_id AND c.user_id = m.user_id
        INNER JOIN events AS e ON m.event_id = e.id
        WHERE NOT EXISTS (SELECT FROM event_reminder_moves AS v WHERE v.event_id = m.event_id)
    ),
    latest AS (
        SELECT
            d.*,
            (
                SELECT min(b.before)
                FROM unnest(d.minutes) AS b (before)
                WHERE
                    d.start_datetime - make_interval(mins => b.before) >= d.next_at
                    AND d.start_datetime - make_interval(mins => b.before) <= now()
            ) AS before_minutes
        FROM due AS d
    ),
    advanced AS (
        UPDATE event_reminders AS m
        SET next_at = CASE WHEN l.is_live THEN reminder_next(l.start_datetime, m.minutes, now()) END
        FROM latest AS l
        WHERE m.event_id = l.event_id AND m.user_id = l.user_id
    )
    INSERT INTO outbox (key, type, payload)
    SELECT
        l.event_id,
        'event.reminder',
        jsonb_build_object(
            'id', l.event_id, 'title', l.title, 'start_at', l.start_datetime, 'minutes', l.before_minutes,
            'starts_in_s', extract(EPOCH FROM l.start_datetime - now()), 'user_ids', jsonb_agg(l.user_id)
        )
    FROM latest AS l
    WHERE l.is_live AND l.before_minutes IS NOT NULL
    GROUP BY l.event_id, l.title, l.start_datetime, l.before_minutes;
    RETURN coalesce(cardinality(user_ids), 0);
END
$$ LANGUAGE plpgsql
