-- Makes a user GOING with guests, changes the number of guests, or puts the user on the waitlist.
--
-- The caller has locked the event's row, and checked that the user may go. `status` and `place` (the position
-- on the waitlist; null if not waiting) are the result; `refused` is event.full if nothing was done. Before the start,
-- while others wait, a user who does not join the waitlist gets no free place, even if the others do not fit into it
-- with their guests; one who joins gets it if no one before fits. After the start no one is promoted, and free places
-- go to the first user who asks for them. More guests of a user who goes never wait.
CREATE OR REPLACE FUNCTION place_take(
    of_event UUID, by_user UUID, party_guests INT, waits BOOLEAN,
    OUT status TEXT, OUT place BIGINT, OUT refused TEXT
) AS $$
DECLARE
    event RECORD;
    before RECORD;
    own BIGINT;
    needed INT;
    has_room BOOLEAN;
BEGIN
    SELECT e.capacity - e.going_count AS free, e.start_datetime > now() AS ahead
    INTO event
    FROM events AS e
    WHERE e.id = of_event;
    SELECT r.status, r.guests INTO before
    FROM event_rsvps AS r
    WHERE r.event_id = of_event AND r.user_id = by_user;
    SELECT w.number INTO own FROM event_waitlist AS w WHERE w.event_id = of_event AND w.user_id = by_user;
    needed := 1 + party_guests - CASE WHEN before.status = 'GOING' THEN 1 + before.guests ELSE 0 END;
    has_room := needed <= event.free AND NOT (
        event.ahead AND needed > 0 AND EXISTS (
            SELECT FROM event_waitlist AS w
            WHERE
                w.event_id = of_event
                AND w.user_id <> by_user
                AND NOT event_is_hidden(of_event, w.user_id)
        )
    );
    IF before.status = 'GOING' THEN
        IF NOT has_room THEN
            refused := 'event.full';
            RETURN;
        END IF;
        UPDATE event_rsvps AS r
        SET guests = party_guests
        WHERE r.event_id = of_event AND r.user_id = by_user AND r.guests <> party_guests;
        IF needed < 0 AND event.ahead THEN
            PERFORM waitlist_promote(of_event, event.free - needed);
        END IF;
        status := before.status;
        RETURN;
    END IF;
    IF own IS NOT NULL THEN
        UPDATE event_waitlist AS w
        SET guests = party_guests
        WHERE w.event_id = of_event AND w.user_id = by_user AND w.guests <> party_guests;
    ELSIF NOT has_room THEN
        IF NOT waits THEN
            refused := 'event.full';
            RETURN;
        END IF;
        INSERT INTO event_waitlist AS w (event_id, user_id, guests)
        VALUES (of_event, by_user, party_guests)
        RETURNING w.number INTO own;
    END IF;
    IF own IS NOT NULL AND event.ahead THEN
        PERFORM waitlist_promote(of_event, event.free);
        has_room := FALSE;
        IF NOT EXISTS (
            SELECT FROM event_waitlist AS w WHERE w.event_id = of_event AND w.user_id = by_user
        ) THEN
            status := 'GOING';
            RETURN;
        END IF;
    END IF;
    IF NOT has_room THEN
        status := before.status;
        SELECT count(*) INTO place FROM event_waitlist AS w WHERE w.event_id = of_event AND w.number <= own;
        RETURN;
    END IF;
    DELETE FROM event_waitlist AS w WHERE w.event_id = of_event AND w.user_id = by_user;
    INSERT INTO event_rsvps AS r (event_id, user_id, status, guests)
    VALUES (of_event, by_user, 'GOING', party_guests)
    ON CONFLICT (event_id, user_id) DO UPDATE
    SET status = excluded.status, guests = excluded.guests, answered_at = now();
    status := 'GOING';
END
$$ LANGUAGE plpgsql
