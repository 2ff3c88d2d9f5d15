-- Deletes an RSVP, waitlist entry, request and reminders. Freed places go to the waitlist before the start. Returns
-- false if the event does not exist.
--
-- Locks the event's row first, like rsvp_set. The user need not see the event.
CREATE OR REPLACE FUNCTION rsvp_withdraw(of_event UUID, by_user UUID) RETURNS BOOLEAN AS $$
DECLARE
    is_ahead BOOLEAN;
    held BOOLEAN;
    before TEXT;
BEGIN
    SELECT start_datetime > now() INTO is_ahead FROM events WHERE id = of_event FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN FALSE;
    END IF;
    held := EXISTS (SELECT FROM event_waitlist WHERE event_id = of_event AND user_id = by_user)
        OR EXISTS (SELECT FROM rsvp_requests WHERE event_id = of_event AND user_id = by_user);
    DELETE FROM event_waitlist WHERE event_id = of_event AND user_id = by_user;
    DELETE FROM rsvp_requests WHERE event_id = of_event AND user_id = by_user;
    DELETE FROM event_reminders WHERE event_id = of_event AND user_id = by_user;
    DELETE FROM event_rsvps WHERE event_id = of_event AND user_id = by_user RETURNING status INTO before;
    IF before = 'GOING' AND is_ahead THEN
        PERFORM waitlist_promote(of_event, capacity - going_count) FROM events WHERE id = of_event;
    END IF;
    -- The trigger publishes only the end of an RSVP. A user who waited or asked may no longer see the event either.
    IF held AND before IS NULL THEN
        INSERT INTO outbox (key, type, payload)
        VALUES (
            of_event || ':' || by_user,
            'rsvp.changed',
            jsonb_build_object('event_id', of_event, 'user_id', by_user)
        );
    END IF;
    RETURN TRUE;
END
$$ LANGUAGE plpgsql
