-- name: followee_list
-- Lists users that a user follows, and whether their posts are merged at read time.
--
--   :user_id uuid   -> following_id, broadcast
SELECT f.following_id, coalesce(s.broadcast, FALSE) AS broadcast
FROM follows AS f
LEFT JOIN user_social_stats AS s ON f.following_id = s.user_id
WHERE f.follower_id = :user_id

-- name: feed_author_list
-- Lists users that a user follows and whose posts the user does not mute.
--
--   :user_id uuid   -> following_id
SELECT f.following_id
FROM follows AS f
WHERE
    f.follower_id = :user_id
    AND NOT EXISTS (
        SELECT FROM active_mutes AS m
        WHERE m.muter_id = f.follower_id AND m.muted_id = f.following_id AND m.posts
    )

-- name: excluded_author_list
-- Lists users with a block between them and a user, and those whose posts the user mutes.
--
--   :user_id uuid   -> author_id
SELECT blocked_id AS author_id
FROM blocks
WHERE blocker_id = :user_id
UNION
SELECT blocker_id
FROM blocks
WHERE blocked_id = :user_id
UNION
SELECT muted_id
FROM active_mutes
WHERE muter_id = :user_id AND posts

-- name: follower_list
-- Lists followers of a user by id, for fan-out.
--
--   :user_id uuid  :after uuid  :limit int   -> follower_id
SELECT follower_id
FROM follows
WHERE following_id = :user_id AND follower_id > :after
ORDER BY follower_id
LIMIT :limit

-- name: fan_out_state_list
-- Returns how the posts of authors reach followers.
--
--   :user_ids uuid[]   -> user_id, followers_count, broadcast, broadcast_settled
SELECT user_id, followers_count, broadcast, broadcast_settled
FROM user_social_stats
WHERE user_id = ANY(:user_ids)

-- name: broadcast_set
-- Marks a user's posts to be merged at read time instead of fanned out.
--
--   :user_id uuid   -> user_id
UPDATE user_social_stats
SET broadcast = TRUE
WHERE user_id = :user_id
RETURNING user_id

-- name: broadcast_mark_settled
-- Records that every timeline built before broadcast_set was invalidated.
--
--   :user_id uuid
UPDATE user_social_stats
SET broadcast_settled = TRUE
WHERE user_id = :user_id

-- name: posts_count_upsert
-- Stores post counts, unless a later one is stored or the user was deleted; only after users_lock. The column
-- posts_told holds the id of the event that the count is from.
--
--   :user_ids uuid[]  :posts_counts int[]  :source_event_ids bigint[]   -> user_id
INSERT INTO user_social_stats AS s (user_id, posts_count, posts_told)
SELECT g.user_id, g.posts_count, g.source_event_id
FROM unnest(:user_ids, :posts_counts, :source_event_ids) AS g (user_id, posts_count, source_event_id)
WHERE NOT EXISTS (SELECT FROM user_cache AS c WHERE c.id = g.user_id AND c.deleted)
ORDER BY g.user_id
ON CONFLICT (user_id) DO UPDATE
SET posts_count = excluded.posts_count, posts_told = excluded.posts_told
WHERE s.posts_told < excluded.posts_told
RETURNING user_id

-- name: posts_count_reset_versions
-- Accepts any event id as newer, for some users, because the Post service's event ids started over.
--
-- Locks rows in the order of users, as the triggers that count follows.
--
--   :limit int   -> user_id
WITH counted AS MATERIALIZED (
    SELECT user_id
    FROM user_social_stats
    WHERE posts_told > 0
    ORDER BY user_id
    LIMIT :limit
    FOR NO KEY UPDATE
)
UPDATE user_social_stats AS s
SET posts_told = 0
FROM counted AS c
WHERE s.user_id = c.user_id
RETURNING s.user_id
