-- name: export_events
-- The events that the user has created.
--
--   :user_id uuid
SELECT
    id,
    title,
    description,
    category,
    start_datetime,
    end_datetime,
    capacity,
    going_count,
    interested_count,
    created_at
FROM events
WHERE creator_id = :user_id

-- name: export_rsvps
-- The user's responses to events, with their titles.
--
--   :user_id uuid
SELECT
    r.event_id,
    e.title,
    r.status,
    r.guests,
    r.answered_at
FROM event_rsvps AS r
INNER JOIN events AS e ON r.event_id = e.id
WHERE r.user_id = :user_id

-- name: export_waitlist
-- The events for which the user waits for a place.
--
--   :user_id uuid
SELECT
    w.event_id,
    e.title,
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
    e.title,
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
    e.title,
    c.username AS invited,
    i.created_at
FROM event_invites AS i
INNER JOIN events AS e ON i.event_id = e.id
LEFT JOIN user_cache AS c ON i.user_id = c.id AND NOT c.deleted
WHERE i.inviter_id = :user_id

-- name: export_hosted_events
-- The events of others that the user hosts too.
--
--   :user_id uuid
SELECT
    h.event_id,
    e.title,
    h.added_at
FROM event_hosts AS h
INNER JOIN events AS e ON h.event_id = e.id
WHERE h.user_id = :user_id

-- name: export_rsvp_requests
-- The events that the user asked to go to, until a host decides.
--
--   :user_id uuid
SELECT
    r.event_id,
    e.title,
    r.guests,
    r.created_at
FROM rsvp_requests AS r
INNER JOIN events AS e ON r.event_id = e.id
WHERE r.user_id = :user_id

-- name: export_announcements
-- The announcements that the user sent for events, as long as they are kept.
--
--   :user_id uuid
SELECT
    a.event_id,
    e.title,
    a.content,
    a.created_at
FROM event_announcements AS a
INNER JOIN events AS e ON a.event_id = e.id
WHERE a.author_id = :user_id
