-- Cancels an event and publishes it. RSVPs stay. No user is promoted or reminded any more.
--
-- Locks the event's row first. `refused` is why nothing was done: missing or event.past (it has ended). An event that
-- is cancelled stays as it is.
CREATE OR REPLACE FUNCTION event_cancel(
    of_event UUID, actor UUID, reason TEXT, OUT changed BOOLEAN, OUT refused TEXT
) AS $$
DECLARE
    event RECORD;
BEGIN
    changed := FALSE;
    SELECT e.cancelled_at IS NOT NULL AS cancelled, e.end_datetime <= now() AS past
    INTO event
    FROM events AS e
    WHERE e.id = of_event
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        refused := 'missing';
    ELSIF event.cancelled THEN
        RETURN;
    ELSIF event.past THEN
        refused := 'event.past';
    ELSE
        UPDATE events
        SET cancelled_at = now(), cancel_reason = reason, revision = revision + 1, updated_at = now()
        WHERE id = of_event;
        PERFORM event_publish_cancelled(of_event, actor, FALSE);
        changed := TRUE;
    END IF;
END
$$ LANGUAGE plpgsql
