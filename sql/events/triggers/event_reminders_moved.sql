-- Fires after the start of an event was changed. Queues the event for reminders_move: its reminders may be many.
CREATE OR REPLACE FUNCTION event_reminders_moved() RETURNS TRIGGER AS $$
BEGIN
    IF NEW.start_datetime IS DISTINCT FROM OLD.start_datetime THEN
        INSERT INTO event_reminder_moves (event_id)
        VALUES (NEW.id)
        ON CONFLICT (event_id) DO UPDATE
        SET moved_at = now(), last_user_id = '00000000-0000-0000-0000-000000000000';
    END IF;
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER event_reminders_moved
AFTER UPDATE OF start_datetime ON events
FOR EACH ROW EXECUTE FUNCTION event_reminders_moved()
