-- name: event_lock
-- Locks an event's row, so that a concurrent transaction sees what this one has changed.
-- The first statement of every transaction about RSVPs.
--
--   :id uuid   -> capacity, going_count, ahead, past, or none
SELECT
    capacity,
    going_count,
    start_datetime > now() AS ahead,
    end_datetime <= now() AS past
FROM events
WHERE id = :id
FOR NO KEY UPDATE

-- name: rsvp_get
-- Returns a user's RSVP, waitlist position, guests and reminders.
--
--   :event_id uuid  :user_id uuid
--   -> status (null without one), waitlist_position (0 if not waiting), guests,
--      reminders (null without any), checked_in_at
SELECT
    CASE WHEN q.user_id IS NOT NULL THEN 'PENDING' ELSE r.status END AS status,
    (
        SELECT count(*)
        FROM event_waitlist AS o
        WHERE o.event_id = :event_id AND o.number <= w.number
    ) AS waitlist_position,
    coalesce(w.guests, q.guests, r.guests, 0) AS guests,
    m.minutes AS reminders,
    r.checked_in_at
FROM (SELECT CAST(:event_id AS UUID) AS event_id, CAST(:user_id AS UUID) AS user_id) AS k
LEFT JOIN event_rsvps AS r ON k.event_id = r.event_id AND k.user_id = r.user_id
LEFT JOIN event_waitlist AS w ON k.event_id = w.event_id AND k.user_id = w.user_id
LEFT JOIN rsvp_requests AS q ON k.event_id = q.event_id AND k.user_id = q.user_id
LEFT JOIN event_reminders AS m ON k.event_id = m.event_id AND k.user_id = m.user_id

-- name: rsvp_filter
-- Returns the RSVPs of users to events; a row also without one. Without events that are hidden or do not exist.
--
--   :event_ids uuid[]  :user_ids uuid[]   -> event_id, user_id, status (null without one), is_waiting
SELECT
    g.event_id,
    g.user_id,
    CASE WHEN q.user_id IS NOT NULL THEN 'PENDING' ELSE r.status END AS status,
    w.user_id IS NOT NULL AS is_waiting
FROM unnest(:event_ids, :user_ids) AS g (event_id, user_id)
INNER JOIN events AS e ON g.event_id = e.id AND e.hidden_at IS NULL
LEFT JOIN event_rsvps AS r ON g.event_id = r.event_id AND g.user_id = r.user_id
LEFT JOIN event_waitlist AS w ON g.event_id = w.event_id AND g.user_id = w.user_id
LEFT JOIN rsvp_requests AS q ON g.event_id = q.event_id AND g.user_id = q.user_id

-- name: rsvp_times
-- Returns when a user last answered, and when a host of the event last invited the user.
--
--   :event_id uuid  :user_id uuid   -> answered_at, invited_at (each null without one)
SELECT
    (SELECT answered_at FROM event_rsvps WHERE event_id = :event_id AND user_id = :user_id) AS answered_at,
    (
        SELECT max(i.created_at)
        FROM event_invites AS i
        WHERE i.event_id = :event_id AND i.user_id = :user_id AND event_is_host(i.event_id, i.inviter_id)
    ) AS invited_at

-- name: rsvp_set
-- Sets an RSVP; see the function.
--
--   :event_id uuid  :user_id uuid  :status text  :waitlist bool  :guests int  :reminders int[]
--   -> status, waitlist_position, guests, refused
SELECT status, place AS waitlist_position, guests, refused
FROM rsvp_set(:event_id, :user_id, :status, :waitlist, :guests, :reminders)

-- name: rsvp_withdraw
-- Deletes an RSVP; see the function.
--
--   :event_id uuid  :user_id uuid   -> known
SELECT rsvp_withdraw(:event_id, :user_id) AS known

-- name: rsvp_page
-- Lists RSVPs, oldest first, without the excluded users; all statuses if :status is null.
--
--   :event_id uuid  :status text  :after timestamptz  :after_id uuid  :excluded_user_ids uuid[]  :limit int
--   -> answer and card rows
SELECT
    r.user_id,
    r.status,
    r.guests,
    r.checked_in_at,
    r.answered_at,
    c.username,
    c.display_name,
    c.avatar_url,
    c.verified,
    c.deleted
FROM event_rsvps AS r
LEFT JOIN user_cache AS c ON r.user_id = c.id
WHERE
    r.event_id = :event_id
    AND (:status IS NULL OR r.status = :status)
    AND (r.answered_at, r.user_id) > (:after, :after_id)
    AND r.user_id <> ALL(:excluded_user_ids)
    AND c.deleted IS NOT TRUE
ORDER BY r.answered_at, r.user_id
LIMIT :limit

-- name: waitlist_promote
-- Gives places to the first users of the waitlist; see the function. Only after event_lock.
--
--   :event_id uuid  :places int   -> user_id
SELECT waitlist_promote(:event_id, :places) AS user_id

-- name: attendee_remove
-- Ends what a user holds of an event, until a host invites them; see the function.
--
--   :event_id uuid  :user_id uuid   -> known
SELECT attendee_remove(:event_id, :user_id, TRUE) AS known

-- name: co_attendee_list
-- Lists users who go to the events that a user goes to, the latest answered. Reads a bounded number of rows.
--
--   :user_id uuid  :events int  :limit int   -> user_id, event_count
SELECT o.user_id, count(*)::int AS event_count
FROM (
    SELECT event_id
    FROM event_rsvps
    WHERE user_id = :user_id AND status = 'GOING'
    ORDER BY answered_at DESC, event_id
    LIMIT :events
) AS own,
    LATERAL (
        SELECT r.user_id
        FROM event_rsvps AS r
        WHERE r.event_id = own.event_id AND r.status = 'GOING' AND r.user_id <> :user_id
        ORDER BY r.answered_at, r.user_id
        LIMIT :limit
    ) AS o
GROUP BY o.user_id
ORDER BY event_count DESC, o.user_id
LIMIT :limit
