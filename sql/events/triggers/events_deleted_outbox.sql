-- Fires before an event is deleted. Publishes the users to notify, while RSVPs and invites still exist.
-- If moderators have hidden the event, no one is notified, because its title is hidden too.
CREATE OR REPLACE FUNCTION events_cancelled() RETURNS TRIGGER AS $$
BEGIN
    IF OLD.hidden_at IS NULL THEN
        PERFORM event_publish_cancelled(OLD.id, OLD.creator_id, TRUE);
    END IF;
    RETURN OLD;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER events_cancelled
BEFORE DELETE ON events
FOR EACH ROW EXECUTE FUNCTION events_cancelled()
