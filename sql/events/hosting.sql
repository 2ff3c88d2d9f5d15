-- name: event_detail_list
-- Returns the hosting of events as one viewer sees it: a row for each co-host, in the order they were added, or one
-- without.
--
--   :ids uuid[]  :viewer_id uuid
--   -> id, cancelled_at, cancel_reason, approval, is_pending, my_guests, my_reminders (null without any),
--      host_id (null without co-hosts), card rows
SELECT
    e.id,
    e.cancelled_at,
    e.cancel_reason,
    e.approval,
    q.user_id IS NOT NULL AS is_pending,
    coalesce(w.guests, q.guests, r.guests, 0) AS my_guests,
    m.minutes AS my_reminders,
    h.user_id AS host_id,
    c.username,
    c.display_name,
    c.avatar_url,
    c.verified,
    c.deleted
FROM events AS e
LEFT JOIN event_rsvps AS r ON e.id = r.event_id AND r.user_id = :viewer_id
LEFT JOIN event_waitlist AS w ON e.id = w.event_id AND w.user_id = :viewer_id
LEFT JOIN rsvp_requests AS q ON e.id = q.event_id AND q.user_id = :viewer_id
LEFT JOIN event_reminders AS m ON e.id = m.event_id AND m.user_id = :viewer_id
LEFT JOIN event_hosts AS h ON e.id = h.event_id
LEFT JOIN user_cache AS c ON h.user_id = c.id
WHERE e.id = ANY(:ids)
ORDER BY e.id, h.added_at, h.user_id

-- name: host_list
-- Lists the hosts of an event: its creator, then the co-hosts.
--
--   :event_id uuid   -> user_id, is_cancelled, is_hidden
SELECT g.user_id, e.cancelled_at IS NOT NULL AS is_cancelled, e.hidden_at IS NOT NULL AS is_hidden
FROM events AS e
INNER JOIN LATERAL (
    SELECT e.creator_id AS user_id, e.created_at AS added_at, 0 AS rank
    UNION ALL
    SELECT h.user_id, h.added_at, 1 FROM event_hosts AS h WHERE h.event_id = e.id
) AS g ON TRUE
WHERE e.id = :event_id
ORDER BY g.rank, g.added_at, g.user_id

-- name: host_filter
-- Returns those of the users who are hosts of the events that they are given with. Without hidden events.
--
--   :event_ids uuid[]  :user_ids uuid[]   -> event_id, user_id
SELECT g.event_id, g.user_id
FROM unnest(:event_ids, :user_ids) AS g (event_id, user_id)
INNER JOIN events AS e ON g.event_id = e.id AND e.hidden_at IS NULL
WHERE
    e.creator_id = g.user_id
    OR EXISTS (SELECT FROM event_hosts AS h WHERE h.event_id = g.event_id AND h.user_id = g.user_id)

-- name: host_add
-- Makes a user a co-host; see the function.
--
--   :event_id uuid  :user_id uuid  :hosts_max int   -> changed, refused
SELECT changed, refused FROM host_add(:event_id, :user_id, :hosts_max)

-- name: host_remove
-- Ends being a co-host; see the function.
--
--   :event_id uuid  :user_id uuid   -> removed
SELECT host_remove(:event_id, :user_id) AS removed

-- name: approval_set
-- Sets whether the hosts decide who goes.
--
--   :id uuid  :approval bool   -> id
UPDATE events SET approval = :approval WHERE id = :id
RETURNING id

-- name: event_cancel
-- Cancels an event; see the function.
--
--   :event_id uuid  :user_id uuid  :reason text   -> changed, refused
SELECT changed, refused FROM event_cancel(:event_id, :user_id, :reason)

-- name: request_page
-- Lists requests to go to an event, oldest first, without the excluded users.
--
--   :event_id uuid  :after timestamptz  :after_id uuid  :excluded_user_ids uuid[]  :limit int
--   -> request and card rows
SELECT
    q.user_id,
    'PENDING' AS status,
    q.guests,
    CAST(NULL AS TIMESTAMPTZ) AS checked_in_at,
    q.created_at AS answered_at,
    c.username,
    c.display_name,
    c.avatar_url,
    c.verified,
    c.deleted
FROM rsvp_requests AS q
LEFT JOIN user_cache AS c ON q.user_id = c.id
WHERE
    q.event_id = :event_id
    AND (q.created_at, q.user_id) > (:after, :after_id)
    AND q.user_id <> ALL(:excluded_user_ids)
    AND c.deleted IS NOT TRUE
ORDER BY q.created_at, q.user_id
LIMIT :limit

-- name: request_accept
-- Accepts a request; see the function.
--
--   :event_id uuid  :user_id uuid  :host_id uuid   -> status, waitlist_position, guests, refused
SELECT status, place AS waitlist_position, guests, refused
FROM request_accept(:event_id, :user_id, :host_id)

-- name: request_decline
-- Declines a request; see the function.
--
--   :event_id uuid  :user_id uuid  :host_id uuid   -> declined
SELECT request_decline(:event_id, :user_id, :host_id) AS declined
