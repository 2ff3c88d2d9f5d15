-- name: suggestion_list
-- Suggests users to follow: users that followed users follow, some given users, and those with most followers.
--
-- Reads a bounded number of follows, the latest ones. Leaves out users that the user follows, mutes or has
-- dismissed, and those with a block between them.
--
--   :user_id uuid  :co_attendees uuid[]  :co_attendee_counts int[]  :followees int  :followees_each int
--   :popular int  :limit int   -> friend_count, co_attendee_count, followers_count and card rows
WITH friends AS (
    SELECT second.following_id AS user_id, count(*) AS friend_count
    FROM (
        SELECT following_id
        FROM follows
        WHERE follower_id = :user_id
        ORDER BY created_at DESC, id DESC
        LIMIT :followees
    ) AS first,
        LATERAL (
            SELECT f.following_id
            FROM follows AS f
            WHERE f.follower_id = first.following_id
            ORDER BY f.created_at DESC, f.id DESC
            LIMIT :followees_each
        ) AS second
    GROUP BY second.following_id
),
candidates AS (
    SELECT user_id, sum(friend_count) AS friend_count, sum(co_attendee_count) AS co_attendee_count
    FROM (
        SELECT user_id, friend_count, 0 AS co_attendee_count FROM friends
        UNION ALL
        SELECT c.user_id, 0, c.co_attendee_count
        FROM unnest(:co_attendees, :co_attendee_counts) AS c (user_id, co_attendee_count)
        UNION ALL
        (
            SELECT user_id, 0, 0
            FROM user_social_stats
            WHERE followers_count > 0
            ORDER BY followers_count DESC, user_id
            LIMIT :popular
        )
    ) AS found
    GROUP BY user_id
)
SELECT
    n.user_id,
    n.friend_count::int,
    n.co_attendee_count::int,
    coalesce(s.followers_count, 0) AS followers_count,
    c.username,
    c.display_name,
    c.avatar_url,
    c.verified,
    c.deleted
FROM candidates AS n
LEFT JOIN user_social_stats AS s ON n.user_id = s.user_id
LEFT JOIN user_cache AS c ON n.user_id = c.id
WHERE
    n.user_id <> :user_id
    AND c.deleted IS NOT TRUE
    AND NOT EXISTS (SELECT FROM follows WHERE follower_id = :user_id AND following_id = n.user_id)
    AND NOT EXISTS (SELECT FROM follow_requests WHERE requester_id = :user_id AND requested_id = n.user_id)
    AND NOT EXISTS (SELECT FROM blocks WHERE blocker_id = :user_id AND blocked_id = n.user_id)
    AND NOT EXISTS (SELECT FROM blocks WHERE blocker_id = n.user_id AND blocked_id = :user_id)
    AND NOT EXISTS (SELECT FROM active_mutes WHERE muter_id = :user_id AND muted_id = n.user_id)
    AND NOT EXISTS (
        SELECT FROM suggestion_dismissals WHERE user_id = :user_id AND dismissed_id = n.user_id
    )
ORDER BY n.friend_count + n.co_attendee_count DESC, coalesce(s.followers_count, 0) DESC, n.user_id
LIMIT :limit

-- name: dismissal_insert
-- Dismisses a suggestion.
--
--   :user_id uuid  :dismissed_id uuid   -> dismissed_id, or none
INSERT INTO suggestion_dismissals (user_id, dismissed_id)
VALUES (:user_id, :dismissed_id)
ON CONFLICT (user_id, dismissed_id) DO NOTHING
RETURNING dismissed_id
