-- name: bookmark_insert
-- Creates a bookmark, unless it exists. The foreign key rejects a missing post.
--
--   :post_id uuid  :user_id uuid   -> id, or none
INSERT INTO bookmarks (post_id, user_id)
VALUES (:post_id, :user_id)
ON CONFLICT (post_id, user_id) DO NOTHING
RETURNING id

-- name: bookmark_count
-- Counts the bookmarks of a user other than that of one post, up to a limit.
--
--   :user_id uuid  :post_id uuid  :limit int   -> bookmark_count
SELECT count(*) AS bookmark_count
FROM (SELECT FROM bookmarks WHERE user_id = :user_id AND post_id <> :post_id LIMIT :limit) AS b

-- name: bookmark_delete
-- Deletes a bookmark.
--
--   :post_id uuid  :user_id uuid   -> id, or none
DELETE FROM bookmarks
WHERE post_id = :post_id AND user_id = :user_id
RETURNING id

-- name: bookmark_page
-- Lists the bookmarks of a user, newest first, without those of hidden posts and of posts by excluded authors.
--
--   :user_id uuid  :before timestamptz  :before_id uuid  :excluded_user_ids uuid[]  :limit int
--   -> id, post_id, created_at, author_id, visibility
SELECT b.id, b.post_id, b.created_at, p.author_id, p.visibility
FROM bookmarks AS b
INNER JOIN posts AS p ON b.post_id = p.id
WHERE
    b.user_id = :user_id
    AND (b.created_at, b.id) < (:before, :before_id)
    AND p.hidden_at IS NULL
    AND p.author_id <> ALL(:excluded_user_ids)
ORDER BY b.created_at DESC, b.id DESC
LIMIT :limit
