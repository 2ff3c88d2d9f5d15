-- name: repost_insert
-- Creates a repost, unless it exists. Locks the original first, in the same order as its deletion.
--
--   :post_id uuid  :author_id uuid   -> id; or none, if it exists, or if there is no such original
INSERT INTO posts (author_id, content, repost_of_id)
SELECT :author_id, '', o.id
FROM (
    SELECT id FROM posts
    WHERE id = :post_id AND hidden_at IS NULL AND repost_of_id IS NULL
    FOR NO KEY UPDATE
) AS o
ON CONFLICT (repost_of_id, author_id) WHERE repost_of_id IS NOT NULL DO NOTHING
RETURNING id

-- name: repost_get
-- Returns a user's repost of a post.
--
--   :post_id uuid  :author_id uuid   -> id, or none
SELECT id
FROM posts
WHERE repost_of_id = :post_id AND author_id = :author_id

-- name: repost_delete
-- Deletes a user's repost of a post, or of what this repost is of. Locks the original first, as repost_insert.
--
--   :post_id uuid  :author_id uuid   -> id, or none
DELETE FROM posts AS r
USING (
    SELECT id FROM posts
    WHERE id = (SELECT coalesce(repost_of_id, id) FROM posts WHERE id = :post_id)
    FOR NO KEY UPDATE
) AS o
WHERE r.repost_of_id = o.id AND r.author_id = :author_id
RETURNING r.id

-- name: repost_filter
-- Returns those of the reposts that exist, if neither they nor their originals are hidden.
--
--   :ids uuid[]   -> id
SELECT p.id
FROM posts AS p
INNER JOIN posts AS o ON coalesce(p.repost_of_id, p.quote_of_id) = o.id
WHERE p.id = ANY(:ids) AND p.hidden_at IS NULL AND o.hidden_at IS NULL

-- name: reposts_of_post_delete
-- Deletes some reposts of an author's post, before the post. Locks the post first.
--
--   :post_id uuid  :author_id uuid  :limit int   -> id
DELETE FROM posts
WHERE
    id IN (
        SELECT r.id
        FROM (SELECT id FROM posts WHERE id = :post_id AND author_id = :author_id FOR NO KEY UPDATE) AS o
        INNER JOIN posts AS r ON o.id = r.repost_of_id
        LIMIT :limit
    )
RETURNING id

-- name: reposts_of_author_delete
-- Deletes some reposts of an author's posts, before the posts. Locks these first.
--
--   :author_id uuid  :limit int   -> id
DELETE FROM posts
WHERE
    id IN (
        SELECT r.id
        FROM (
            SELECT p.id FROM posts AS p
            WHERE p.author_id = :author_id AND EXISTS (SELECT FROM posts AS r WHERE r.repost_of_id = p.id)
            ORDER BY p.id
            FOR NO KEY UPDATE
        ) AS o
        INNER JOIN posts AS r ON o.id = r.repost_of_id
        LIMIT :limit
    )
RETURNING id
