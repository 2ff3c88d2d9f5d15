-- name: follow_add
-- Creates a follow or a request, unless it exists; see the function. The trigger follows_blocked rejects both if
-- either user blocks the other.
--
--   :follower_id uuid  :following_id uuid  :following_max int  :received_max int  :sent_max int   -> outcome
SELECT follow_add(:follower_id, :following_id, :following_max, :received_max, :sent_max) AS outcome

-- name: follow_remove
-- Deletes a follow or a request; see the function.
--
--   :follower_id uuid  :following_id uuid   -> removed
SELECT follow_remove(:follower_id, :following_id) AS removed

-- name: block_insert
-- Creates a block; a trigger deletes follows and requests to follow in both directions.
--
--   :blocker_id uuid  :blocked_id uuid   -> blocked_id, or none
INSERT INTO blocks (blocker_id, blocked_id)
VALUES (:blocker_id, :blocked_id)
ON CONFLICT (blocker_id, blocked_id) DO NOTHING
RETURNING blocked_id

-- name: block_count
-- Counts the users that a user blocks, without one, up to :count_max.
--
--   :blocker_id uuid  :blocked_id uuid  :count_max int   -> block_count
SELECT count(*) AS block_count
FROM (
    SELECT blocked_id
    FROM blocks
    WHERE blocker_id = :blocker_id AND blocked_id IS DISTINCT FROM :blocked_id
    LIMIT :count_max
) AS counted

-- name: block_delete
-- Deletes a block; follows are not restored.
--
--   :blocker_id uuid  :blocked_id uuid   -> blocked_id, or none
DELETE FROM blocks
WHERE blocker_id = :blocker_id AND blocked_id = :blocked_id
RETURNING blocked_id

-- name: block_list
-- Lists blocks of users, in both directions.
--
--   :user_ids uuid[]   -> user_id, other_id
SELECT blocker_id AS user_id, blocked_id AS other_id
FROM blocks
WHERE blocker_id = ANY(:user_ids)
UNION
SELECT blocked_id, blocker_id
FROM blocks
WHERE blocked_id = ANY(:user_ids)

-- name: block_recent
-- Lists the blocks created in the last seconds, newest first.
--
--   :within_s float8  :row_limit int  ->  blocker_id uuid, blocked_id uuid
SELECT blocker_id, blocked_id
FROM blocks
WHERE created_at > now() - make_interval(secs => :within_s)
ORDER BY created_at DESC
LIMIT :row_limit

-- name: block_page
-- Lists all blocks, by blocker and blocked.
--
--   :after_blocker_id uuid  :after_blocked_id uuid  :limit int   -> blocker_id, blocked_id
SELECT blocker_id, blocked_id
FROM blocks
WHERE (blocker_id, blocked_id) > (:after_blocker_id, :after_blocked_id)
ORDER BY blocker_id, blocked_id
LIMIT :limit

-- name: follow_filter
-- Returns those of the follows that exist.
--
--   :follower_ids uuid[]  :following_ids uuid[]   -> follower_id, following_id
SELECT f.follower_id, f.following_id
FROM follows AS f
INNER JOIN unnest(:follower_ids, :following_ids) AS g (follower_id, following_id)
    ON f.follower_id = g.follower_id AND f.following_id = g.following_id

-- name: follower_page
-- Lists followers of a user, newest first, without the excluded users.
--
--   :user_id uuid  :before timestamptz  :before_id uuid  :excluded_user_ids uuid[]  :limit int
--   -> follow and card rows
SELECT
    f.id,
    f.created_at,
    f.follower_id AS user_id,
    c.username,
    c.display_name,
    c.avatar_url,
    c.verified,
    c.deleted
FROM follows AS f
LEFT JOIN user_cache AS c ON f.follower_id = c.id
WHERE
    f.following_id = :user_id
    AND (f.created_at, f.id) < (:before, :before_id)
    AND f.follower_id <> ALL(:excluded_user_ids)
    AND c.deleted IS NOT TRUE
ORDER BY f.created_at DESC, f.id DESC
LIMIT :limit

-- name: following_page
-- Lists users that a user follows, newest first, without the excluded users.
--
--   :user_id uuid  :before timestamptz  :before_id uuid  :excluded_user_ids uuid[]  :limit int
--   -> follow and card rows
SELECT
    f.id,
    f.created_at,
    f.following_id AS user_id,
    c.username,
    c.display_name,
    c.avatar_url,
    c.verified,
    c.deleted
FROM follows AS f
LEFT JOIN user_cache AS c ON f.following_id = c.id
WHERE
    f.follower_id = :user_id
    AND (f.created_at, f.id) < (:before, :before_id)
    AND f.following_id <> ALL(:excluded_user_ids)
    AND c.deleted IS NOT TRUE
ORDER BY f.created_at DESC, f.id DESC
LIMIT :limit

-- name: blocked_page
-- Lists the users that a user blocks, the latest first.
--
--   :user_id uuid  :before timestamptz  :before_id uuid  :limit int   -> block and card rows
SELECT
    b.blocked_id AS user_id,
    b.created_at,
    c.username,
    c.display_name,
    c.avatar_url,
    c.verified,
    c.deleted
FROM blocks AS b
LEFT JOIN user_cache AS c ON b.blocked_id = c.id
WHERE
    b.blocker_id = :user_id
    AND (b.created_at, b.blocked_id) < (:before, :before_id)
    AND c.deleted IS NOT TRUE
ORDER BY b.created_at DESC, b.blocked_id DESC
LIMIT :limit

-- name: relation_list
-- Returns what relates a user to others, and the counts of the others. One row per user asked for.
--
--   :user_id uuid  :others uuid[]   -> relation rows
SELECT
    u.other_id,
    EXISTS (
        SELECT FROM follows WHERE follower_id = :user_id AND following_id = u.other_id
    ) AS following,
    EXISTS (
        SELECT FROM follow_requests WHERE requester_id = :user_id AND requested_id = u.other_id
    ) AS requested,
    EXISTS (
        SELECT FROM follows WHERE follower_id = u.other_id AND following_id = :user_id
    ) AS followed_by,
    EXISTS (
        SELECT FROM active_mutes WHERE muter_id = :user_id AND muted_id = u.other_id
    ) AS muted,
    EXISTS (
        SELECT FROM blocks WHERE blocker_id = :user_id AND blocked_id = u.other_id
    ) AS blocking,
    EXISTS (
        SELECT FROM blocks WHERE blocker_id = u.other_id AND blocked_id = :user_id
    ) AS blocked_by,
    coalesce(s.followers_count, 0) AS followers_count,
    coalesce(s.following_count, 0) AS following_count,
    coalesce(s.posts_count, 0) AS posts_count
FROM unnest(:others) AS u (other_id)
LEFT JOIN user_social_stats AS s ON u.other_id = s.user_id

-- name: stats_get
-- Returns a user's counts.
--
--   :user_id uuid   -> counts, or none where nothing was ever counted
SELECT followers_count, following_count, posts_count
FROM user_social_stats
WHERE user_id = :user_id

-- name: followee_filter
-- Returns those of the users that a user follows.
--
--   :user_id uuid  :others uuid[]   -> following_id
SELECT following_id
FROM follows
WHERE follower_id = :user_id AND following_id = ANY(:others)

-- name: feed_author_filter
-- Returns those of the users that a user follows, and whose posts the user does not mute.
--
--   :user_id uuid  :others uuid[]   -> following_id
SELECT f.following_id
FROM follows AS f
WHERE
    f.follower_id = :user_id
    AND f.following_id = ANY(:others)
    AND NOT EXISTS (
        SELECT FROM active_mutes AS m
        WHERE m.muter_id = f.follower_id AND m.muted_id = f.following_id AND m.posts
    )

-- name: follower_filter
-- Returns those of the users that follow a user.
--
--   :user_id uuid  :others uuid[]   -> follower_id
SELECT follower_id
FROM follows
WHERE following_id = :user_id AND follower_id = ANY(:others)

-- name: connection_list
-- Returns those of the users that a user follows or is followed by.
--
--   :user_id uuid  :others uuid[]   -> other_id
SELECT following_id AS other_id
FROM follows
WHERE follower_id = :user_id AND following_id = ANY(:others)
UNION
SELECT follower_id
FROM follows
WHERE following_id = :user_id AND follower_id = ANY(:others)

-- name: user_requests_delete
-- Deletes the follow requests of a deleted user. Waits for requests that are being accepted, so that a later
-- statement sees their follows. Locks rows in the order of follow_requests_accept.
--
--   :user_id uuid   -> requester_id
WITH locked AS MATERIALIZED (
    SELECT requester_id, requested_id
    FROM follow_requests
    WHERE requester_id = :user_id OR requested_id = :user_id
    ORDER BY requester_id, requested_id
    FOR UPDATE
)
DELETE FROM follow_requests AS r
USING locked AS l
WHERE r.requester_id = l.requester_id AND r.requested_id = l.requested_id
RETURNING r.requester_id

-- name: user_follows_delete
-- Deletes some follows of a deleted user, in both directions; triggers update the counts of others. Locks rows in the
-- order of ids, because two users who follow each other may be deleted at once.
--
--   :user_id uuid  :limit int   -> id
WITH
chosen AS MATERIALIZED (
    (SELECT id FROM follows WHERE follower_id = :user_id LIMIT :limit)
    UNION ALL
    (SELECT id FROM follows WHERE following_id = :user_id LIMIT :limit)
),
locked AS MATERIALIZED (
    SELECT id
    FROM follows
    WHERE id IN (SELECT id FROM chosen)
    ORDER BY id
    FOR UPDATE
)
DELETE FROM follows
WHERE id IN (SELECT id FROM locked)
RETURNING id

-- name: user_blocks_delete
-- Deletes some blocks of a deleted user, in both directions. Locks rows in the order of users, as above.
--
--   :user_id uuid  :limit int   -> blocker_id
WITH
chosen AS MATERIALIZED (
    (SELECT blocker_id, blocked_id FROM blocks WHERE blocker_id = :user_id LIMIT :limit)
    UNION ALL
    (SELECT blocker_id, blocked_id FROM blocks WHERE blocked_id = :user_id LIMIT :limit)
),
locked AS MATERIALIZED (
    SELECT blocker_id, blocked_id
    FROM blocks
    WHERE (blocker_id, blocked_id) IN (SELECT blocker_id, blocked_id FROM chosen)
    ORDER BY blocker_id, blocked_id
    FOR UPDATE
)
DELETE FROM blocks
WHERE (blocker_id, blocked_id) IN (SELECT blocker_id, blocked_id FROM locked)
RETURNING blocker_id

-- name: user_data_delete
-- Deletes mutes, dismissals, privacy and conversation requests of a deleted user, and follows and blocks that are left.
--
--   :user_id uuid   -> user_id
WITH
followed AS (
    DELETE FROM follows
    WHERE follower_id = :user_id OR following_id = :user_id
),
blocked AS (
    DELETE FROM blocks
    WHERE blocker_id = :user_id OR blocked_id = :user_id
),
muted AS (
    DELETE FROM mutes
    WHERE muter_id = :user_id OR muted_id = :user_id
),
dismissed AS (
    DELETE FROM suggestion_dismissals
    WHERE user_id = :user_id OR dismissed_id = :user_id
),
privacy AS (
    DELETE FROM private_accounts
    WHERE user_id = :user_id
),
requested AS (
    DELETE FROM conversation_requests
    WHERE recipient_id = :user_id OR actor_id = :user_id OR owner_id = :user_id
)
SELECT :user_id AS user_id

-- name: stats_delete
-- Deletes the counts of a deleted user. Only after deleting the user's follows, and not if a new one exists.
--
--   :user_id uuid
DELETE FROM user_social_stats
WHERE user_id = :user_id AND followers_count = 0 AND following_count = 0
