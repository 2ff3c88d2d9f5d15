-- Sets an RSVP: locks the event, checks capacity, writes the RSVP, gives a freed place to the waitlist.
--
-- Locks the event's row first, so that calls run one after another, and each statement after the lock sees
-- earlier changes; a single statement that locks and reads would see the state from before the wait.
-- `status` and `place` (null if not waiting) are the result; `refused` is why nothing was done: missing (also
-- for a user who cannot see the event, and with a block between user and creator), removed (by a host), event.past or event.full. After the start
-- no one is promoted, and a free place goes to the first user who asks for it.
CREATE OR REPLACE FUNCTION rsvp_answer(
    of_event UUID, by_user UUID, wanted TEXT, waits BOOLEAN,
    OUT status TEXT, OUT place BIGINT, OUT refused TEXT
) AS $$
DECLARE
    event RECORD;
    before TEXT;
    own BIGINT;
BEGIN
    SELECT
        e.capacity, e.going_count, e.creator_id,
        e.visibility = 'public'
        OR EXISTS (SELECT FROM events_seen_by(by_user) AS s WHERE s.event_id = e.id) AS visible,
        e.start_datetime > now() AS ahead, e.end_datetime <= now() AS past
    INTO event
    FROM events AS e
    WHERE e.id = of_event
    FOR NO KEY UPDATE;
    IF NOT FOUND
        OR event.visible IS NOT TRUE
        OR EXISTS (SELECT FROM user_blocks AS b WHERE b.user_id = by_user AND b.other_id = event.creator_id)
    THEN
        refused := 'missing';
        RETURN;
    ELSIF EXISTS (SELECT FROM event_removals AS d WHERE d.event_id = of_event AND d.user_id = by_user) THEN
        refused := 'removed';
        RETURN;
    ELSIF event.past THEN
        refused := 'event.past';
        RETURN;
    END IF;
    SELECT r.status INTO before FROM event_rsvps AS r WHERE r.event_id = of_event AND r.user_id = by_user;
    SELECT w.number INTO own FROM event_waitlist AS w WHERE w.event_id = of_event AND w.user_id = by_user;
    IF wanted = 'GOING' AND before IS DISTINCT FROM 'GOING' THEN
        IF own IS NULL AND (
            event.going_count >= event.capacity
            OR (event.ahead AND EXISTS (SELECT FROM event_waitlist AS w WHERE w.event_id = of_event))
        ) THEN
            IF NOT waits THEN
                refused := 'event.full';
                RETURN;
            END IF;
            INSERT INTO event_waitlist AS w (event_id, user_id)
            VALUES (of_event, by_user)
            RETURNING w.number INTO own;
        END IF;
        IF own IS NOT NULL AND (event.ahead OR event.going_count >= event.capacity) THEN
            status := before;
            SELECT count(*) INTO place FROM event_waitlist AS w WHERE w.event_id = of_event AND w.number <= own;
            RETURN;
        END IF;
    END IF;
    IF own IS NOT NULL THEN
        DELETE FROM event_waitlist AS w WHERE w.event_id = of_event AND w.user_id = by_user;
    END IF;
    INSERT INTO event_rsvps AS r (event_id, user_id, status)
    VALUES (of_event, by_user, wanted)
    ON CONFLICT (event_id, user_id) DO UPDATE
    SET status = excluded.status, answered_at = now()
    WHERE r.status <> excluded.status;
    IF before = 'GOING' AND wanted <> 'GOING' AND event.ahead THEN
        PERFORM waitlist_promote(of_event, 1);
    END IF;
    status := wanted;
END
$$ LANGUAGE plpgsql
