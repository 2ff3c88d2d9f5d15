-- Series of events: a recurrence rule (RFC 5545), which begins at start_local in a time zone.
--
-- An event of a series has the local time at which the rule puts it, which stays when the event itself is moved.
-- revision counts changes of the series and its events; updated_at is the time of the last one.
CREATE TABLE event_series (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    creator_id UUID NOT NULL,
    rrule VARCHAR(300) NOT NULL,
    timezone VARCHAR(64) NOT NULL,
    start_local TIMESTAMP NOT NULL,
    revision INTEGER NOT NULL DEFAULT 0,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE INDEX event_series_creator ON event_series (creator_id);
ALTER TABLE events
ADD COLUMN series_id UUID REFERENCES event_series (id) ON DELETE SET NULL,
ADD COLUMN occurrence_local TIMESTAMP;
CREATE INDEX events_series ON events (series_id, occurrence_local) WHERE series_id IS NOT NULL;
CREATE OR REPLACE VIEW event_rows AS
SELECT
    e.id,
    e.creator_id,
    e.title,
    e.description,
    e.category,
    e.start_datetime,
    e.end_datetime,
    e.capacity,
    e.going_count,
    e.interested_count,
    e.created_at,
    c.username,
    c.display_name,
    c.avatar_url,
    c.verified,
    c.deleted,
    e.timezone,
    e.place_name,
    e.place_address,
    e.latitude,
    e.longitude,
    e.url,
    e.visibility,
    e.series_id,
    s.rrule
FROM events AS e
LEFT JOIN user_cache AS c ON e.creator_id = c.id
LEFT JOIN event_series AS s ON e.series_id = s.id
