-- Where an event takes place, in which time zone, and who may see it.
--
-- An event of visibility 'invited' is visible to its hosts, and to users who were invited, answered or wait; see
-- the function events_seen_by. Instances of earlier versions leave the columns at their defaults.
ALTER TABLE events
ADD COLUMN timezone VARCHAR(64) NOT NULL DEFAULT 'UTC',
ADD COLUMN place_name VARCHAR(200),
ADD COLUMN place_address VARCHAR(500),
ADD COLUMN latitude DOUBLE PRECISION,
ADD COLUMN longitude DOUBLE PRECISION,
ADD COLUMN url VARCHAR(500),
ADD COLUMN visibility VARCHAR(20) NOT NULL DEFAULT 'public',
ADD CONSTRAINT events_visibility CHECK (visibility IN ('public', 'invited')),
ADD CONSTRAINT events_place CHECK (
    (place_name IS NOT NULL OR (place_address IS NULL AND latitude IS NULL))
    AND (latitude IS NULL) = (longitude IS NULL)
    AND latitude BETWEEN -90 AND 90
    AND longitude BETWEEN -180 AND 180
);
CREATE INDEX events_place ON events (latitude, longitude) WHERE latitude IS NOT NULL;
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
    e.visibility
FROM events AS e
LEFT JOIN user_cache AS c ON e.creator_id = c.id
