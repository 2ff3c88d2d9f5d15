-- Fires before an event is deleted. Publishes who must be notified, while RSVPs and invites still exist.
CREATE OR REPLACE FUNCTION events_cancelled() RETURNS TRIGGER AS $$
BEGIN
    PERFORM event_publish_cancelled(OLD.id, OLD.creator_id, TRUE);
    RETURN OLD;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER events_cancelled
BEFORE DELETE ON events
FOR EACH ROW EXECUTE FUNCTION events_cancelled()
