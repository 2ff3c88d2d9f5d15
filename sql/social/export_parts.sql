-- name: export_following
-- The users that the user follows.
--
--   :user_id uuid
SELECT
    f.following_id AS user_id,
    c.username,
    f.created_at
FROM follows AS f
LEFT JOIN user_cache AS c ON f.following_id = c.id AND NOT c.deleted
WHERE f.follower_id = :user_id

-- name: export_followers
-- The users who follow the user.
--
--   :user_id uuid
SELECT
    f.follower_id AS user_id,
    c.username,
    f.created_at
FROM follows AS f
LEFT JOIN user_cache AS c ON f.follower_id = c.id AND NOT c.deleted
WHERE f.following_id = :user_id

-- name: export_blocks
-- The users that the user blocks.
--
--   :user_id uuid
SELECT
    b.blocked_id AS user_id,
    c.username,
    b.created_at
FROM blocks AS b
LEFT JOIN user_cache AS c ON b.blocked_id = c.id AND NOT c.deleted
WHERE b.blocker_id = :user_id

-- name: export_mutes
-- The users that the user mutes.
--
--   :user_id uuid
SELECT
    m.muted_id AS user_id,
    c.username,
    m.posts,
    m.notifications,
    m.created_at,
    m.expires_at
FROM active_mutes AS m
LEFT JOIN user_cache AS c ON m.muted_id = c.id AND NOT c.deleted
WHERE m.muter_id = :user_id

-- name: export_conversation_requests
-- The requests that the user sees.
--
--   :user_id uuid
SELECT
    r.conversation_id,
    r.event_id,
    r.name,
    c.username AS requested_by,
    r.created_at
FROM conversation_requests AS r
LEFT JOIN user_cache AS c ON r.actor_id = c.id AND NOT c.deleted
WHERE r.recipient_id = :user_id AND r.state = 'open' AND r.expires_at > now()

-- name: export_dismissed_suggestions
-- The users whose suggestion the user has dismissed.
--
--   :user_id uuid
SELECT
    d.dismissed_id AS user_id,
    c.username,
    d.created_at
FROM suggestion_dismissals AS d
LEFT JOIN user_cache AS c ON d.dismissed_id = c.id AND NOT c.deleted
WHERE d.user_id = :user_id

-- name: export_follow_requests
-- The private accounts that the user has asked to follow.
--
--   :user_id uuid
SELECT
    r.requested_id AS user_id,
    c.username,
    r.created_at
FROM follow_requests AS r
LEFT JOIN user_cache AS c ON r.requested_id = c.id AND NOT c.deleted
WHERE r.requester_id = :user_id

-- name: export_follow_requests_received
-- The users who have asked to follow the user.
--
--   :user_id uuid
SELECT
    r.requester_id AS user_id,
    c.username,
    r.created_at
FROM follow_requests AS r
LEFT JOIN user_cache AS c ON r.requester_id = c.id AND NOT c.deleted
WHERE r.requested_id = :user_id
