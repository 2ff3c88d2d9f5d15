-- name: tag_follow_insert
-- Follows a tag, unless the user does already.
--
--   :user_id uuid  :tag text  :name text   -> id, or none
INSERT INTO tag_follows (user_id, tag, name)
VALUES (:user_id, :tag, :name)
ON CONFLICT (user_id, tag) DO NOTHING
RETURNING id

-- name: tag_follow_count
-- Counts the tags that a user follows, other than one.
--
--   :user_id uuid  :tag text   -> tag_count
SELECT count(*) AS tag_count
FROM tag_follows
WHERE user_id = :user_id AND tag <> :tag

-- name: tag_follow_delete
-- Unfollows a tag.
--
--   :user_id uuid  :tag text   -> id, or none
DELETE FROM tag_follows
WHERE user_id = :user_id AND tag = :tag
RETURNING id

-- name: tag_follow_get
-- Returns a tag that a user follows.
--
--   :user_id uuid  :tag text   -> id, name, created_at; or none
SELECT id, name, created_at
FROM tag_follows
WHERE user_id = :user_id AND tag = :tag

-- name: tag_follow_page
-- Lists the tags that a user follows, the latest first.
--
--   :user_id uuid  :before timestamptz  :before_id uuid  :limit int   -> id, name, created_at
SELECT id, name, created_at
FROM tag_follows
WHERE user_id = :user_id AND (created_at, id) < (:before, :before_id)
ORDER BY created_at DESC, id DESC
LIMIT :limit
