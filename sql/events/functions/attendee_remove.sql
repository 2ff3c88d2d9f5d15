-- Ends what a user holds of an event: RSVP, waitlist entry, request, invites, and being a co-host. Gives freed
-- places to the waitlist.
--
-- Locks the event's row first, like rsvp_set. Publishes the removal. If `holds` is true, the user cannot respond again
-- until a host invites them. Nothing is done for a user who has none of these. Returns false if the event does not
-- exist.
CREATE OR REPLACE FUNCTION attendee_remove(of_event UUID, attendee UUID, holds BOOLEAN) RETURNS BOOLEAN AS $$
DECLARE
    held BOOLEAN;
BEGIN
    PERFORM FROM events WHERE id = of_event FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN FALSE;
    END IF;
    held := EXISTS (SELECT FROM event_rsvps WHERE event_id = of_event AND user_id = attendee)
        OR EXISTS (SELECT FROM event_waitlist WHERE event_id = of_event AND user_id = attendee)
        OR EXISTS (SELECT FROM rsvp_requests WHERE event_id = of_event AND user_id = attendee)
        OR EXISTS (SELECT FROM event_hosts WHERE event_id = of_event AND user_id = attendee)
        OR EXISTS (SELECT FROM event_invites WHERE event_id = of_event AND user_id = attendee);
    IF NOT held THEN
        RETURN TRUE;
    END IF;
    DELETE FROM event_hosts WHERE event_id = of_event AND user_id = attendee;
    PERFORM rsvp_withdraw(of_event, attendee);
    DELETE FROM event_invites WHERE event_id = of_event AND user_id = attendee;
    IF holds THEN
        INSERT INTO event_removals (event_id, user_id) VALUES (of_event, attendee) ON CONFLICT DO NOTHING;
    END IF;
    INSERT INTO outbox (key, type, payload)
    VALUES (
        of_event || ':' || attendee, 'attendee.removed', jsonb_build_object('event_id', of_event, 'user_id', attendee)
    );
    RETURN TRUE;
END
$$ LANGUAGE plpgsql
