-- Fires after changes of RSVPs. Maintains going_count, which counts guests too, and interested_count.
--
-- Locks the event's row, which every RSVP transaction has already locked. The constraint events_capacity
-- rejects a going_count above the capacity, and with it the RSVP.
CREATE OR REPLACE FUNCTION rsvps_counted() RETURNS TRIGGER AS $$
DECLARE
    of_event UUID := CASE TG_OP WHEN 'DELETE' THEN OLD.event_id ELSE NEW.event_id END;
    before TEXT := CASE TG_OP WHEN 'INSERT' THEN NULL ELSE OLD.status END;
    after TEXT := CASE TG_OP WHEN 'DELETE' THEN NULL ELSE NEW.status END;
    places_before INT := CASE WHEN before = 'GOING' THEN 1 + OLD.guests ELSE 0 END;
    places_after INT := CASE WHEN after = 'GOING' THEN 1 + NEW.guests ELSE 0 END;
BEGIN
    IF before IS DISTINCT FROM after OR places_before <> places_after THEN
        UPDATE events
        SET
            going_count = going_count + places_after - places_before,
            interested_count = interested_count
            + (after IS NOT DISTINCT FROM 'INTERESTED')::int
            - (before IS NOT DISTINCT FROM 'INTERESTED')::int
        WHERE id = of_event;
    END IF;
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER rsvps_counted
AFTER INSERT OR UPDATE OR DELETE ON event_rsvps
FOR EACH ROW EXECUTE FUNCTION rsvps_counted()
