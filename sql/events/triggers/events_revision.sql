-- Fires before an event is updated. Counts the changes of these columns; event_cancel counts a cancellation.
CREATE OR REPLACE FUNCTION events_revision() RETURNS TRIGGER AS $$
BEGIN
    IF (NEW.title, NEW.description, NEW.category, NEW.start_datetime, NEW.end_datetime, NEW.capacity,
         NEW.timezone, NEW.place_name, NEW.place_address, NEW.latitude, NEW.longitude, NEW.url,
         NEW.visibility)
        IS DISTINCT FROM
        (OLD.title, OLD.description, OLD.category, OLD.start_datetime, OLD.end_datetime, OLD.capacity,
         OLD.timezone, OLD.place_name, OLD.place_address, OLD.latitude, OLD.longitude, OLD.url,
         OLD.visibility)
    THEN
        NEW.revision := OLD.revision + 1;
        NEW.updated_at := now();
    END IF;
    RETURN NEW;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER events_revision
BEFORE UPDATE OF
title, description, category, start_datetime, end_datetime, capacity, timezone, place_name, place_address, latitude,
longitude, url, visibility ON events
FOR EACH ROW EXECUTE FUNCTION events_revision()
