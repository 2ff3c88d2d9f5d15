-- Events joined with the cached data of their creators.
CREATE VIEW event_rows AS
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
    c.deleted
FROM events AS e
LEFT JOIN user_cache AS c ON e.creator_id = c.id
