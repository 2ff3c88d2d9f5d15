-- Returns the title of an event for exports of users other than its creator: null while moderators have hidden it.
CREATE OR REPLACE FUNCTION event_exported_title(title TEXT, hidden_at TIMESTAMPTZ) RETURNS TEXT AS $$
    SELECT CASE WHEN hidden_at IS NULL THEN title END
$$ LANGUAGE sql IMMUTABLE
