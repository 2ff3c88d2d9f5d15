-- name: post_content_get
-- Returns the text of a post, also of a hidden one.
--
--   :id uuid   -> content row, or none
SELECT id, author_id, content, created_at, hidden_at IS NOT NULL AS is_hidden, NULL::uuid AS container_id
FROM posts
WHERE id = :id

-- name: post_set_hidden
-- Hides or restores a post. Locks the original of a repost first, in the same order as its deletion, to avoid a
-- deadlock.
--
--   :id uuid  :hidden bool   -> id, or none
WITH original AS (
    SELECT id FROM posts
    WHERE id = (SELECT coalesce(repost_of_id, quote_of_id) FROM posts WHERE id = :id)
    FOR NO KEY UPDATE
)
UPDATE posts
SET hidden_at = CASE WHEN :hidden THEN coalesce(hidden_at, now()) END
WHERE id = :id AND (SELECT count(*) FROM original) >= 0
RETURNING id

-- name: comment_content_get
-- Returns the text of a comment, also of a hidden one.
--
--   :id uuid   -> content row, or none
SELECT id, author_id, content, created_at, hidden_at IS NOT NULL AS is_hidden, post_id AS container_id
FROM comments
WHERE id = :id

-- name: comment_set_hidden
-- Hides or restores a comment, and with it the replies to it. Locks the post first, in the same order as its deletion, to avoid a deadlock.
--
--   :id uuid  :hidden bool   -> id, or none
UPDATE comments AS m
SET hidden_at = CASE WHEN :hidden THEN coalesce(m.hidden_at, now()) END
FROM (
    SELECT id FROM posts
    WHERE id = (SELECT post_id FROM comments WHERE id = :id)
    FOR NO KEY UPDATE
) AS p
WHERE m.id = :id AND m.post_id = p.id
RETURNING m.id

-- name: hidden_post_get
-- Returns a hidden post, which only its author and moderators may see.
--
--   :id uuid  :viewer_id uuid   -> post row, or none
SELECT
    p.*,
    EXISTS (SELECT FROM post_likes AS l WHERE l.post_id = p.id AND l.user_id = :viewer_id) AS liked_by_me,
    EXISTS (SELECT FROM bookmarks AS b WHERE b.post_id = p.id AND b.user_id = :viewer_id) AS bookmarked_by_me,
    EXISTS (SELECT FROM posts AS r WHERE r.repost_of_id = p.id AND r.author_id = :viewer_id) AS reposted_by_me
FROM all_post_rows AS p
WHERE p.id = :id AND p.hidden_at IS NOT NULL
