-- Lets a user who asked go to the event, or puts the user on the waitlist if they chose to wait.
--
-- Locks the event's row first, like rsvp_set. `refused` is why nothing was done: missing, request (there is
-- none), event.cancelled, event.past or event.full. A user who goes or waits already stays as they are.
CREATE OR REPLACE FUNCTION request_accept(
    of_event UUID, of_user UUID, host UUID, OUT status TEXT, OUT place BIGINT, OUT guests INT, OUT refused TEXT
) AS $$
DECLARE
    event RECORD;
    request RECORD;
BEGIN
    SELECT e.title, e.cancelled_at IS NOT NULL AS cancelled, e.end_datetime <= now() AS past
    INTO event
    FROM events AS e
    WHERE e.id = of_event
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        refused := 'missing';
        RETURN;
    END IF;
    SELECT q.guests, q.waits INTO request
    FROM rsvp_requests AS q
    WHERE
        q.event_id = of_event
        AND q.user_id = of_user
        AND NOT event_is_hidden(of_event, of_user)
        AND NOT users_include_deleted(ARRAY[of_user]);
    IF NOT FOUND THEN
        SELECT r.status, r.guests INTO status, guests
        FROM event_rsvps AS r
        WHERE r.event_id = of_event AND r.user_id = of_user AND r.status = 'GOING';
        IF NOT FOUND THEN
            SELECT count(*), max(w.guests) FILTER (WHERE w.user_id = of_user) INTO place, guests
            FROM event_waitlist AS w
            INNER JOIN event_waitlist AS own ON own.event_id = of_event AND own.user_id = of_user
            WHERE w.event_id = of_event AND w.number <= own.number;
            IF place = 0 THEN
                refused := 'request';
            END IF;
        END IF;
        RETURN;
    ELSIF event.cancelled THEN
        refused := 'event.cancelled';
        RETURN;
    ELSIF event.past THEN
        refused := 'event.past';
        RETURN;
    END IF;
    SELECT t.status, t.place, t.refused INTO status, place, refused
    FROM place_take(of_event, of_user, request.guests, request.waits) AS t;
    IF refused IS NOT NULL THEN
        RETURN;
    END IF;
    guests := request.guests;
    DELETE FROM rsvp_requests AS q WHERE q.event_id = of_event AND q.user_id = of_user;
    INSERT INTO outbox (key, type, payload)
    VALUES (
        of_event || ':' || of_user,
        'rsvp.accepted',
        jsonb_build_object('event_id', of_event, 'user_id', of_user, 'host_id', host, 'title', event.title)
    );
END
$$ LANGUAGE plpgsql
