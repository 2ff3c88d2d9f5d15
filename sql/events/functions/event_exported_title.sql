-- Returns the title of an event for exports of users other than its creator: null if the user does not see the event.
-- Moderators may have hidden it; and who only invited others may see it no longer.
--
-- Not in SQL, because the functions that it calls are created after it.
CREATE OR REPLACE FUNCTION event_exported_title(of_event UUID, viewer UUID) RETURNS TEXT AS $$
BEGIN
    RETURN (
        SELECT v.title
        FROM events_visible_to(viewer, '{}') AS v
        WHERE v.id = of_event AND NOT event_is_hidden(of_event, viewer)
    );
END
$$ LANGUAGE plpgsql STABLE;

-- Only instances of earlier versions call it.
CREATE OR REPLACE FUNCTION event_exported_title(title TEXT, hidden_at TIMESTAMPTZ) RETURNS TEXT AS $$
    SELECT CASE WHEN hidden_at IS NULL THEN title END
$$ LANGUAGE sql IMMUTABLE
