-- name: export_events
-- The events that the user has created.
--
--   :user_id uuid
SELECT
    e.id,
    e.title,
    e.description,
    e.category,
    e.start_datetime,
    e.end_datetime,
    e.timezone,
    e.place_name,
    e.place_address,
    e.latitude,
    e.longitude,
    e.url,
    e.visibility,
    e.approval,
    e.capacity,
    e.going_count,
    e.interested_count,
    e.series_id,
    s.rrule,
    e.created_at,
    e.cancelled_at,
    e.cancel_reason
FROM events AS e
LEFT JOIN event_series AS s ON e.series_id = s.id
WHERE e.creator_id = :user_id

-- name: export_rsvps
-- The user's responses to events, with their titles.
--
--   :user_id uuid
SELECT
    r.event_id,
    event_exported_title(e.id, :user_id) AS title,
    r.status,
    r.guests,
    r.answered_at,
    r.checked_in_at,
    m.minutes AS reminders
FROM event_rsvps AS r
INNER JOIN events AS e ON r.event_id = e.id
LEFT JOIN event_reminders AS m ON r.event_id = m.event_id AND r.user_id = m.user_id
WHERE r.user_id = :user_id

-- name: export_waitlist
-- The events on whose waitlist the user is.
--
--   :user_id uuid
SELECT
    w.event_id,
    event_exported_title(e.id, :user_id) AS title,
    w.guests,
    w.created_at
FROM event_waitlist AS w
INNER JOIN events AS e ON w.event_id = e.id
WHERE w.user_id = :user_id

-- name: export_invites_received
-- The user's invitations to events.
--
--   :user_id uuid
SELECT
    i.event_id,
    event_exported_title(e.id, :user_id) AS title,
    c.username AS invited_by,
    i.created_at
FROM event_invites AS i
INNER JOIN events AS e ON i.event_id = e.id
LEFT JOIN user_cache AS c ON i.inviter_id = c.id AND NOT c.deleted
WHERE i.user_id = :user_id

-- name: export_invites_sent
-- The invitations that the user has sent.
--
--   :user_id uuid
SELECT
    i.event_id,
    event_exported_title(e.id, :user_id) AS title,
    c.username AS invited,
    i.created_at
FROM event_invites AS i
INNER JOIN events AS e ON i.event_id = e.id
LEFT JOIN user_cache AS c ON i.user_id = c.id AND NOT c.deleted
WHERE i.inviter_id = :user_id

-- name: export_rsvp_requests
-- The events to which the user has asked to go.
--
--   :user_id uuid
SELECT
    r.event_id,
    event_exported_title(e.id, :user_id) AS title,
    r.guests,
    r.created_at
FROM rsvp_requests AS r
INNER JOIN events AS e ON r.event_id = e.id
WHERE r.user_id = :user_id

-- name: export_hosted_events
-- The events of others that the user hosts with them.
--
--   :user_id uuid
SELECT
    h.event_id,
    event_exported_title(e.id, :user_id) AS title,
    h.added_at
FROM event_hosts AS h
INNER JOIN events AS e ON h.event_id = e.id
WHERE h.user_id = :user_id

-- name: export_announcements
-- The announcements that the user has made to events, as long as they are kept.
--
--   :user_id uuid
SELECT
    a.event_id,
    event_exported_title(e.id, :user_id) AS title,
    a.content,
    a.created_at
FROM event_announcements AS a
INNER JOIN events AS e ON a.event_id = e.id
WHERE a.author_id = :user_id
