-- name: comment_like_insert
-- Creates a like of a comment, unless it exists. The foreign key rejects a missing comment.
--
--   :comment_id uuid  :user_id uuid   -> id, or none
INSERT INTO comment_likes (comment_id, user_id)
VALUES (:comment_id, :user_id)
ON CONFLICT (comment_id, user_id) DO NOTHING
RETURNING id

-- name: comment_like_delete
-- Deletes a like of a comment. Locks the comment first, in the same order as its deletion, to avoid a deadlock.
--
--   :comment_id uuid  :user_id uuid   -> post_id, or none
DELETE FROM comment_likes AS l
USING (SELECT id, post_id FROM comments WHERE id = :comment_id FOR NO KEY UPDATE) AS m
WHERE l.comment_id = m.id AND l.user_id = :user_id
RETURNING m.post_id

-- name: comment_like_page
-- Lists likes of a comment, newest first, without those of the excluded users.
--
--   :comment_id uuid  :before timestamptz  :before_id uuid  :excluded_user_ids uuid[]  :limit int
--   -> like and card rows
SELECT
    l.id,
    l.created_at,
    l.user_id,
    c.username,
    c.display_name,
    c.avatar_url,
    c.verified,
    c.deleted
FROM comment_likes AS l
LEFT JOIN user_cache AS c ON l.user_id = c.id
WHERE
    l.comment_id = :comment_id
    AND (l.created_at, l.id) < (:before, :before_id)
    AND l.user_id <> ALL(:excluded_user_ids)
    AND c.deleted IS NOT TRUE
ORDER BY l.created_at DESC, l.id DESC
LIMIT :limit

-- name: comment_like_filter
-- Returns those of the likes that exist, on comments of posts that are not hidden. Neither are these comments.
--
--   :comment_ids uuid[]  :user_ids uuid[]   -> comment_id, user_id
SELECT l.comment_id, l.user_id
FROM comment_likes AS l
INNER JOIN unnest(:comment_ids, :user_ids) AS g (comment_id, user_id)
    ON l.comment_id = g.comment_id AND l.user_id = g.user_id
INNER JOIN comments AS m ON l.comment_id = m.id
INNER JOIN posts AS p ON m.post_id = p.id
WHERE p.hidden_at IS NULL AND m.hidden_at IS NULL AND NOT m.parent_hidden
