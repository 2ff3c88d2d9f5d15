-- Ends being a co-host; the RSVP stays. Locks the event's row first. Returns whether the user was one.
CREATE OR REPLACE FUNCTION host_remove(of_event UUID, host UUID) RETURNS BOOLEAN AS $$
BEGIN
    PERFORM FROM events WHERE id = of_event FOR NO KEY UPDATE;
    DELETE FROM event_hosts WHERE event_id = of_event AND user_id = host;
    IF NOT FOUND THEN
        RETURN FALSE;
    END IF;
    -- Consumers read again whether the user goes or is a host.
    INSERT INTO outbox (key, type, payload)
    VALUES (of_event || ':' || host, 'rsvp.changed', jsonb_build_object('event_id', of_event, 'user_id', host));
    RETURN TRUE;
END
$$ LANGUAGE plpgsql
