-- Fires after a request to go to an event is deleted: accepted, declined, withdrawn or ended. Publishes a domain event,
-- so that hosts are notified once of a user who asks, withdraws and asks again.
--
-- Takes no locks. Nothing is published for requests deleted with their event.
CREATE OR REPLACE FUNCTION rsvp_requests_outbox() RETURNS TRIGGER AS $$
BEGIN
    INSERT INTO outbox (key, type, payload)
    SELECT
        OLD.event_id || ':' || OLD.user_id,
        'rsvp_request.ended',
        jsonb_build_object('event_id', e.id, 'user_id', OLD.user_id)
    FROM events AS e
    WHERE e.id = OLD.event_id;
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER rsvp_requests_outbox
AFTER DELETE ON rsvp_requests
FOR EACH ROW EXECUTE FUNCTION rsvp_requests_outbox()
