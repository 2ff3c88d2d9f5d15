-- name: like_insert
-- Creates a like, unless it exists. The foreign key rejects a missing post.
--
--   :post_id uuid  :user_id uuid   -> id, or none
INSERT INTO post_likes (post_id, user_id)
VALUES (:post_id, :user_id)
ON CONFLICT (post_id, user_id) DO NOTHING
RETURNING id

-- name: like_delete
-- Deletes a like. Locks the post first, in the same order as its deletion, to avoid a deadlock.
--
--   :post_id uuid  :user_id uuid   -> id, or none
DELETE FROM post_likes AS l
USING (SELECT id FROM posts WHERE id = :post_id FOR NO KEY UPDATE) AS p
WHERE l.post_id = p.id AND l.user_id = :user_id
RETURNING l.id

-- name: like_page
-- Lists likes of a post, newest first, without those of the excluded users.
--
--   :post_id uuid  :before timestamptz  :before_id uuid  :excluded_user_ids uuid[]  :limit int
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
FROM post_likes AS l
LEFT JOIN user_cache AS c ON l.user_id = c.id
WHERE
    l.post_id = :post_id
    AND (l.created_at, l.id) < (:before, :before_id)
    AND l.user_id <> ALL(:excluded_user_ids)
    AND c.deleted IS NOT TRUE
ORDER BY l.created_at DESC, l.id DESC
LIMIT :limit

-- name: comment_insert
-- Creates a comment. A reply to a reply becomes a reply to the comment that this one replies to.
--
-- Locks the post first, in the same order as deletions, to avoid a deadlock.
--
--   :post_id uuid  :author_id uuid  :content text  :mention_ids uuid[]  :tags text[]  :parent_id uuid
--   -> id, created_at; or none, if there is no such post, or no such parent on it that is not
--   hidden
INSERT INTO comments (post_id, author_id, content, mention_ids, tags, parent_id, parent_author_id)
SELECT p.id, :author_id, :content, :mention_ids, :tags, r.id, r.author_id
FROM (SELECT id FROM posts WHERE id = :post_id FOR NO KEY UPDATE) AS p
LEFT JOIN comments AS m ON m.id = :parent_id AND p.id = m.post_id AND m.hidden_at IS NULL
LEFT JOIN comments AS r ON coalesce(m.parent_id, m.id) = r.id AND r.hidden_at IS NULL
WHERE :parent_id IS NULL OR r.id IS NOT NULL
RETURNING id, created_at

-- name: comment_get
-- Returns a comment, the author and visibility of its post, and the author of its parent. None if it, its parent or
-- its post is hidden.
--
--   :id uuid  :viewer_id uuid   -> comment row with post_author_id and post_visibility, or none
SELECT
    m.id,
    m.post_id,
    m.author_id,
    m.content,
    m.created_at,
    m.mention_ids,
    m.tags,
    m.hidden_at,
    m.parent_id,
    m.parent_author_id,
    m.like_count,
    EXISTS (SELECT FROM comment_likes AS l WHERE l.comment_id = m.id AND l.user_id = :viewer_id) AS liked_by_me,
    p.author_id AS post_author_id,
    p.visibility AS post_visibility,
    c.username,
    c.display_name,
    c.avatar_url,
    c.verified,
    c.deleted
FROM comments AS m
INNER JOIN posts AS p ON m.post_id = p.id
LEFT JOIN user_cache AS c ON m.author_id = c.id
WHERE m.id = :id AND m.hidden_at IS NULL AND NOT m.parent_hidden AND p.hidden_at IS NULL

-- name: comment_page
-- Lists comments of a post, oldest first, without those of the excluded users and replies to them. Hidden ones, and
-- replies to hidden ones, only if the hidden one is of the viewer, or with :with_hidden.
--
--   :post_id uuid  :after timestamptz  :after_id uuid  :viewer_id uuid  :with_hidden bool
--   :excluded_user_ids uuid[]  :limit int
--   -> comment rows
SELECT
    m.id,
    m.post_id,
    m.author_id,
    m.content,
    m.created_at,
    m.mention_ids,
    m.tags,
    m.hidden_at,
    m.parent_id,
    m.parent_author_id,
    m.like_count,
    EXISTS (SELECT FROM comment_likes AS l WHERE l.comment_id = m.id AND l.user_id = :viewer_id) AS liked_by_me,
    c.username,
    c.display_name,
    c.avatar_url,
    c.verified,
    c.deleted
FROM comments AS m
LEFT JOIN user_cache AS c ON m.author_id = c.id
WHERE
    m.post_id = :post_id
    AND (m.created_at, m.id) > (:after, :after_id)
    AND (m.hidden_at IS NULL OR m.author_id = :viewer_id OR :with_hidden)
    AND (NOT m.parent_hidden OR m.parent_author_id = :viewer_id OR :with_hidden)
    AND m.author_id <> ALL(:excluded_user_ids)
    AND (m.parent_author_id IS NULL OR m.parent_author_id <> ALL(:excluded_user_ids))
ORDER BY m.created_at, m.id
LIMIT :limit

-- name: comment_delete
-- Deletes a comment of the user, or on a post of the user, with its replies. Locks the post first, in the same order as its
-- deletion, to avoid a deadlock.
--
--   :id uuid  :user_id uuid   -> post_id, or none
DELETE FROM comments AS m
USING (
    SELECT id, author_id FROM posts
    WHERE id = (SELECT post_id FROM comments WHERE id = :id)
    FOR NO KEY UPDATE
) AS p
WHERE m.id = :id AND m.post_id = p.id AND :user_id IN (m.author_id, p.author_id)
RETURNING m.post_id

-- name: like_filter
-- Returns those of the likes that exist on posts that are not hidden.
--
--   :post_ids uuid[]  :user_ids uuid[]   -> post_id, user_id
SELECT l.post_id, l.user_id
FROM post_likes AS l
INNER JOIN unnest(:post_ids, :user_ids) AS g (post_id, user_id)
    ON l.post_id = g.post_id AND l.user_id = g.user_id
INNER JOIN posts AS p ON l.post_id = p.id
WHERE p.hidden_at IS NULL

-- name: comment_filter
-- Returns those of the comments that exist and are not hidden, nor their parents, on posts that are not hidden.
--
--   :ids uuid[]   -> id
SELECT m.id
FROM comments AS m
INNER JOIN posts AS p ON m.post_id = p.id
WHERE m.id = ANY(:ids) AND m.hidden_at IS NULL AND NOT m.parent_hidden AND p.hidden_at IS NULL

-- name: mention_filter
-- Returns those of the mentions that exist, on posts that are not hidden. comment_id is null for the text of a
-- post.
--
--   :post_ids uuid[]  :comment_ids uuid[]  :user_ids uuid[]   -> post_id, comment_id, user_id
SELECT g.post_id, g.comment_id, g.user_id
FROM unnest(:post_ids, :comment_ids, :user_ids) AS g (post_id, comment_id, user_id)
INNER JOIN posts AS p ON g.post_id = p.id
LEFT JOIN comments AS m
    ON g.comment_id = m.id AND m.post_id = p.id AND m.hidden_at IS NULL AND NOT m.parent_hidden
WHERE
    p.hidden_at IS NULL
    AND g.user_id = ANY(CASE WHEN g.comment_id IS NULL THEN p.mention_ids ELSE m.mention_ids END)
