-- Sets an RSVP, if there are enough free places, and gives freed places to the waitlist.
--
-- Locks the event's row first, so that calls run one after another, and each statement after the lock sees
-- earlier changes; a single statement that locks and reads would see the state from before the wait.
-- `status`, `place` (the position on the waitlist, or null) and `guests` are the result; `refused` is
-- why nothing was done: missing (also for a user who cannot see the event, and with a block between user and
-- host), removed (by a host), event.cancelled, event.past (it has ended), event.full or guests_not_accepted (more than
-- a host has accepted). With `waits` the user joins the waitlist of a full event. If `party_guests` or
-- `reminder_minutes` is null, these stay as they were; an answer other than GOING deletes them. Where hosts decide who
-- goes, GOING makes a request, unless the user is a host or was invited by one; `status` is PENDING then.
CREATE OR REPLACE FUNCTION rsvp_set(
    of_event UUID, by_user UUID, wanted TEXT, waits BOOLEAN, party_guests INT, reminder_minutes INT [],
    OUT status TEXT, OUT place BIGINT, OUT guests INT, OUT refused TEXT
) AS $$
DECLARE
    event RECORD;
    before RECORD;
    waiting RECORD;
    request RECORD;
    needs_approval BOOLEAN;
BEGIN
    SELECT
        e.title, e.approval,
        EXISTS (SELECT FROM events_visible_to(by_user, '{}') AS v WHERE v.id = of_event) AS visible,
        e.cancelled_at IS NOT NULL AS cancelled,
        e.start_datetime > now() AS ahead, e.end_datetime <= now() AS past
    INTO event
    FROM events AS e
    WHERE e.id = of_event
    FOR NO KEY UPDATE;
    IF NOT FOUND OR NOT event.visible OR event_is_hidden(of_event, by_user) THEN
        refused := 'missing';
        RETURN;
    ELSIF EXISTS (SELECT FROM event_removals AS d WHERE d.event_id = of_event AND d.user_id = by_user) THEN
        refused := 'removed';
        RETURN;
    ELSIF event.cancelled THEN
        refused := 'event.cancelled';
        RETURN;
    ELSIF event.past THEN
        refused := 'event.past';
        RETURN;
    END IF;
    SELECT r.status, r.guests INTO before
    FROM event_rsvps AS r
    WHERE r.event_id = of_event AND r.user_id = by_user;
    SELECT w.number, w.guests INTO waiting
    FROM event_waitlist AS w
    WHERE w.event_id = of_event AND w.user_id = by_user;
    SELECT q.guests, q.created_at INTO request
    FROM rsvp_requests AS q
    WHERE q.event_id = of_event AND q.user_id = by_user;
    IF wanted = 'GOING' THEN
        guests := coalesce(party_guests, waiting.guests, request.guests, before.guests, 0);
        needs_approval := event.approval
            AND NOT event_is_host(of_event, by_user)
            AND NOT EXISTS (
                SELECT FROM event_invites AS i
                WHERE i.event_id = of_event AND i.user_id = by_user AND event_is_host(of_event, i.inviter_id)
            );
        IF needs_approval AND before.status IS DISTINCT FROM 'GOING' AND waiting.number IS NULL THEN
            DELETE FROM event_rsvps AS r WHERE r.event_id = of_event AND r.user_id = by_user;
            INSERT INTO rsvp_requests AS q (event_id, user_id, guests, waits)
            VALUES (of_event, by_user, rsvp_set.guests, rsvp_set.waits)
            ON CONFLICT (event_id, user_id) DO UPDATE SET guests = excluded.guests, waits = excluded.waits;
            IF request.created_at IS NULL THEN
                INSERT INTO outbox (key, type, payload)
                VALUES (
                    of_event || ':' || by_user,
                    'rsvp.requested',
                    jsonb_build_object('event_id', of_event, 'user_id', by_user, 'title', event.title)
                );
            END IF;
            IF reminder_minutes IS NOT NULL THEN
                PERFORM reminders_set(of_event, by_user, reminder_minutes);
            END IF;
            status := 'PENDING';
            RETURN;
        ELSIF needs_approval AND guests > coalesce(waiting.guests, before.guests, 0) THEN
            refused := 'guests_not_accepted';
            RETURN;
        END IF;
        SELECT t.status, t.place, t.refused INTO status, place, refused
        FROM place_take(of_event, by_user, guests, waits) AS t;
        IF refused IS NULL THEN
            DELETE FROM rsvp_requests AS q WHERE q.event_id = of_event AND q.user_id = by_user;
            IF reminder_minutes IS NOT NULL THEN
                PERFORM reminders_set(of_event, by_user, reminder_minutes);
            END IF;
        END IF;
        RETURN;
    END IF;
    DELETE FROM event_waitlist AS w WHERE w.event_id = of_event AND w.user_id = by_user;
    DELETE FROM rsvp_requests AS q WHERE q.event_id = of_event AND q.user_id = by_user;
    DELETE FROM event_reminders AS m WHERE m.event_id = of_event AND m.user_id = by_user;
    INSERT INTO event_rsvps AS r (event_id, user_id, status)
    VALUES (of_event, by_user, wanted)
    ON CONFLICT (event_id, user_id) DO UPDATE
    SET status = excluded.status, guests = 0, answered_at = now(), checked_in_at = NULL
    WHERE r.status <> excluded.status;
    IF before.status = 'GOING' AND event.ahead THEN
        PERFORM waitlist_promote(of_event, e.capacity - e.going_count) FROM events AS e WHERE e.id = of_event;
    END IF;
    status := wanted;
    guests := 0;
END
$$ LANGUAGE plpgsql
