-- name: mute_upsert
-- Mutes a user, or changes the mute. One that has expired counts as new.
--
--   :muter_id uuid  :muted_id uuid  :posts bool  :notifications bool  :expires_at timestamptz   -> muted_id
INSERT INTO mutes AS m (muter_id, muted_id, posts, notifications, expires_at)
VALUES (:muter_id, :muted_id, :posts, :notifications, :expires_at)
ON CONFLICT (muter_id, muted_id) DO UPDATE
SET
    posts = excluded.posts,
    notifications = excluded.notifications,
    expires_at = excluded.expires_at,
    created_at = CASE WHEN m.expires_at <= now() THEN now() ELSE m.created_at END
RETURNING muted_id

-- name: mute_count
-- Counts the users that a user mutes, without one, up to :count_max.
--
--   :muter_id uuid  :muted_id uuid  :count_max int   -> mute_count
SELECT count(*) AS mute_count
FROM (
    SELECT muted_id
    FROM active_mutes
    WHERE muter_id = :muter_id AND muted_id IS DISTINCT FROM :muted_id
    LIMIT :count_max
) AS counted

-- name: mute_delete
-- Ends a mute.
--
--   :muter_id uuid  :muted_id uuid   -> muted_id, or none
DELETE FROM mutes
WHERE muter_id = :muter_id AND muted_id = :muted_id
RETURNING muted_id

-- name: mute_page
-- Lists the users that a user mutes, the latest first, without the excluded users.
--
--   :muter_id uuid  :before timestamptz  :before_id uuid  :excluded_user_ids uuid[]  :limit int
--   -> mute and card rows
SELECT
    m.muted_id AS user_id,
    m.posts,
    m.notifications,
    m.created_at,
    m.expires_at,
    c.username,
    c.display_name,
    c.avatar_url,
    c.verified,
    c.deleted
FROM active_mutes AS m
LEFT JOIN user_cache AS c ON m.muted_id = c.id
WHERE
    m.muter_id = :muter_id
    AND (m.created_at, m.muted_id) < (:before, :before_id)
    AND m.muted_id <> ALL(:excluded_user_ids)
    AND c.deleted IS NOT TRUE
ORDER BY m.created_at DESC, m.muted_id DESC
LIMIT :limit

-- name: post_muter_filter
-- Returns those of the users who mute the posts of an author.
--
--   :author_id uuid  :user_ids uuid[]   -> muter_id
SELECT muter_id
FROM active_mutes
WHERE muted_id = :author_id AND muter_id = ANY(:user_ids) AND posts

-- name: notification_mute_filter
-- Returns those of the pairs in which the muter gets no notifications of the muted user.
--
--   :muter_ids uuid[]  :muted_ids uuid[]   -> muter_id, muted_id
SELECT m.muter_id, m.muted_id
FROM active_mutes AS m
INNER JOIN unnest(:muter_ids, :muted_ids) AS g (muter_id, muted_id)
    ON m.muter_id = g.muter_id AND m.muted_id = g.muted_id
WHERE m.notifications
