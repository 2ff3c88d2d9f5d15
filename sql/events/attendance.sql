-- name: announcement_add
-- Stores and publishes an announcement; see the function.
--
--   :event_id uuid  :author_id uuid  :content text  :per_hour int   -> id, refused, retry_s
SELECT id, refused, retry_s FROM announcement_add(:event_id, :author_id, :content, :per_hour)

-- name: announcement_get
-- Returns an announcement.
--
--   :id uuid   -> id, event_id, author_id, content, created_at
SELECT id, event_id, author_id, content, created_at
FROM event_announcements
WHERE id = :id

-- name: event_audience_list
-- Lists users whom an event concerns, by id; see the function.
--
--   :event_id uuid  :with_invited bool  :after uuid  :limit int   -> user_id
SELECT user_id
FROM event_audience(:event_id, :with_invited, :after, :limit)
ORDER BY user_id

-- name: attendee_list
-- Lists users who go to an event, by id, with their cards.
--
--   :event_id uuid  :after uuid  :limit int   -> answer and card rows
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
WHERE r.event_id = :event_id AND r.status = 'GOING' AND r.user_id > :after
ORDER BY r.user_id
LIMIT :limit

-- name: check_in
-- Records that a user who goes has arrived; a repeat keeps the first time.
--
--   :event_id uuid  :user_id uuid   -> guests, checked_in_at, or none
UPDATE event_rsvps
SET checked_in_at = coalesce(checked_in_at, now())
WHERE event_id = :event_id AND user_id = :user_id AND status = 'GOING'
RETURNING guests, checked_in_at
