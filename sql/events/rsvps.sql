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
-- Returns a user's RSVP and waitlist position.
--
--   :event_id uuid  :user_id uuid   -> status (null without one), place (0 without one), waiting
SELECT
    (SELECT status FROM event_rsvps WHERE event_id = :event_id AND user_id = :user_id) AS status,
    (
        SELECT count(*)
        FROM event_waitlist AS w
        INNER JOIN event_waitlist AS o ON w.event_id = o.event_id AND o.number <= w.number
        WHERE w.event_id = :event_id AND w.user_id = :user_id
    ) AS place,
    (SELECT count(*) FROM event_waitlist WHERE event_id = :event_id) AS waiting

-- name: rsvp_times
-- Returns when a user last answered, and when the event's creator last invited the user.
--
--   :event_id uuid  :user_id uuid   -> answered_at, invited_at (each null without one)
SELECT
    (SELECT answered_at FROM event_rsvps WHERE event_id = :event_id AND user_id = :user_id) AS answered_at,
    (
        SELECT i.created_at
        FROM event_invites AS i
        INNER JOIN events AS e ON i.event_id = e.id AND i.inviter_id = e.creator_id
        WHERE i.event_id = :event_id AND i.user_id = :user_id
    ) AS invited_at

-- name: rsvp_answer
-- Sets an RSVP; see the function.
--
--   :event_id uuid  :user_id uuid  :status text  :waitlist bool   -> status, place, refused
SELECT status, place, refused FROM rsvp_answer(:event_id, :user_id, :status, :waitlist)

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

-- name: rsvp_notify_list
-- Lists users to notify of changes to an event: all with an RSVP other than NOT_GOING, by id.
--
--   :event_id uuid  :after uuid  :limit int   -> user_id
SELECT user_id
FROM event_rsvps
WHERE event_id = :event_id AND status <> 'NOT_GOING' AND user_id > :after
ORDER BY user_id
LIMIT :limit

-- name: waitlist_promote
-- Gives places to the first users of the waitlist; see the function. Only after event_lock.
--
--   :event_id uuid  :places int   -> user_id
SELECT waitlist_promote(:event_id, :places) AS user_id

-- name: attendee_remove
-- Ends what a user holds of an event, until the creator invites them; see the function.
--
--   :event_id uuid  :user_id uuid   -> known
SELECT attendee_remove(:event_id, :user_id, TRUE) AS known

-- name: companion_list
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
