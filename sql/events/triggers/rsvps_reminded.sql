-- Fires after changes of RSVPs. Users who go have reminders: those that they chose while they waited or asked to go,
-- otherwise a day and an hour before the start. Those of users who no longer go are deleted.
--
-- Takes no locks but that of the reminder.
CREATE OR REPLACE FUNCTION rsvps_reminded() RETURNS TRIGGER AS $$
DECLARE
    went BOOLEAN := TG_OP <> 'INSERT' AND OLD.status = 'GOING';
    goes BOOLEAN := TG_OP <> 'DELETE' AND NEW.status = 'GOING';
BEGIN
    IF goes AND NOT went THEN
        INSERT INTO event_reminders AS m (event_id, user_id, minutes, next_at)
        SELECT e.id, NEW.user_id, ARRAY[1440, 60], reminder_next(e.start_datetime, ARRAY[1440, 60], now())
        FROM events AS e
        WHERE e.id = NEW.event_id
        ON CONFLICT (event_id, user_id) DO UPDATE
        SET next_at = (
            SELECT reminder_next(e.start_datetime, m.minutes, now()) FROM events AS e WHERE e.id = m.event_id
        );
    ELSIF went AND NOT goes THEN
        DELETE FROM event_reminders WHERE event_id = OLD.event_id AND user_id = OLD.user_id;
    END IF;
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER rsvps_reminded
AFTER INSERT OR UPDATE OF status OR DELETE ON event_rsvps
FOR EACH ROW EXECUTE FUNCTION rsvps_reminded()
