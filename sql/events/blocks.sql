-- name: block_insert
-- Copies blocks, each given in one direction.
--
--   :user_ids uuid[]  :other_ids uuid[]   -> user_id
INSERT INTO user_blocks (user_id, other_id)
SELECT user_id, other_id
FROM unnest(:user_ids, :other_ids) AS b (user_id, other_id)
UNION
SELECT other_id, user_id
FROM unnest(:user_ids, :other_ids) AS b (user_id, other_id)
ORDER BY 1, 2
ON CONFLICT (user_id, other_id) DO NOTHING
RETURNING user_id

-- name: block_delete
-- Deletes copied blocks, each given in one direction.
--
--   :user_ids uuid[]  :other_ids uuid[]   -> user_id
DELETE FROM user_blocks AS b
USING unnest(:user_ids, :other_ids) AS ended (user_id, other_id)
WHERE
    (b.user_id, b.other_id) IN ((ended.user_id, ended.other_id), (ended.other_id, ended.user_id))
RETURNING b.user_id

-- name: block_clear
-- Deletes some of the copied blocks.
--
--   :limit int   -> user_id
DELETE FROM user_blocks
WHERE (user_id, other_id) IN (SELECT user_id, other_id FROM user_blocks LIMIT :limit)
RETURNING user_id

-- name: event_lock_wait
-- Waits for running RSVP transactions of events that the users host, which may not have seen a block.
--
--   :host_ids uuid[]  :row_limit int   -> id
SELECT id
FROM events
WHERE
    id IN (
        SELECT id FROM events WHERE creator_id = ANY(:host_ids)
        UNION
        SELECT event_id FROM event_hosts WHERE user_id = ANY(:host_ids)
    )
    AND end_datetime > now()
ORDER BY id
LIMIT :row_limit
FOR SHARE

-- name: attendee_of_blocked_list
-- Lists what blocked users hold of events that the other hosts: RSVPs, waitlist entries, requests, invites, and being a
-- co-host. Of two hosts with a block between them, the creator counts.
--
--   :user_ids uuid[]  :other_ids uuid[]  :limit int   -> event_id, user_id
WITH pairs AS (
    SELECT host_id, attendee_id FROM unnest(:user_ids, :other_ids) AS b (host_id, attendee_id)
    UNION
    SELECT host_id, attendee_id FROM unnest(:other_ids, :user_ids) AS b (host_id, attendee_id)
)
SELECT g.event_id, p.attendee_id AS user_id
FROM pairs AS p
INNER JOIN LATERAL (
    SELECT event_id FROM event_rsvps WHERE user_id = p.attendee_id
    UNION
    SELECT event_id FROM event_waitlist WHERE user_id = p.attendee_id
    UNION
    SELECT event_id FROM rsvp_requests WHERE user_id = p.attendee_id
    UNION
    SELECT event_id FROM event_invites WHERE user_id = p.attendee_id
    UNION
    SELECT event_id FROM event_hosts WHERE user_id = p.attendee_id
) AS g ON TRUE
INNER JOIN events AS e ON g.event_id = e.id
WHERE
    e.creator_id = p.host_id
    OR (
        EXISTS (SELECT FROM event_hosts AS h WHERE h.event_id = e.id AND h.user_id = p.host_id)
        AND NOT event_is_host(e.id, p.attendee_id)
    )
ORDER BY g.event_id, p.attendee_id
LIMIT :limit

-- name: blocked_attendee_remove
-- Ends what a blocked user holds of an event. They can respond again after an unblock; see the function.
--
--   :event_id uuid  :user_id uuid   -> known
SELECT attendee_remove(:event_id, :user_id, FALSE) AS known
