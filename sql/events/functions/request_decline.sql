-- Deletes the request of a user to go to an event, and publishes it. Returns whether there was one.
CREATE OR REPLACE FUNCTION request_decline(of_event UUID, of_user UUID, host UUID) RETURNS BOOLEAN AS $$
BEGIN
    PERFORM FROM events WHERE id = of_event FOR NO KEY UPDATE;
    DELETE FROM rsvp_requests WHERE event_id = of_event AND user_id = of_user;
    IF NOT FOUND THEN
        RETURN FALSE;
    END IF;
    DELETE FROM event_reminders WHERE event_id = of_event AND user_id = of_user;
    INSERT INTO outbox (key, type, payload)
    SELECT
        e.id || ':' || of_user,
        'rsvp.declined',
        jsonb_build_object('event_id', e.id, 'user_id', of_user, 'host_id', host, 'title', e.title)
    FROM events AS e
    WHERE e.id = of_event;
    RETURN TRUE;
END
$$ LANGUAGE plpgsql
