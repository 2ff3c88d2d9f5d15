-- Fires after an event of a series is changed, moved to another series or deleted. Counts the change of the series.
--
-- Locks the row of the series after that of the event. Deletes a series without events: concurrent deletions of its
-- last two events wait for each other at that row.
CREATE OR REPLACE FUNCTION events_series() RETURNS TRIGGER AS $$
BEGIN
    UPDATE event_series SET revision = revision + 1, updated_at = now() WHERE id = OLD.series_id;
    IF TG_OP = 'DELETE' OR NEW.series_id IS DISTINCT FROM OLD.series_id THEN
        DELETE FROM event_series AS s
        WHERE s.id = OLD.series_id AND NOT EXISTS (SELECT FROM events AS e WHERE e.series_id = s.id);
    END IF;
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER events_series_changed
AFTER UPDATE ON events
FOR EACH ROW
WHEN (
    OLD.series_id IS NOT NULL
    AND (NEW.revision <> OLD.revision OR NEW.series_id IS DISTINCT FROM OLD.series_id)
)
EXECUTE FUNCTION events_series();

CREATE OR REPLACE TRIGGER events_series_deleted
AFTER DELETE ON events
FOR EACH ROW
WHEN (OLD.series_id IS NOT NULL)
EXECUTE FUNCTION events_series()
