-- name: post_insert
-- Creates a post with its tags.
--
--   :author_id uuid  :content text  :event_id uuid  :mention_ids uuid[]  :tags text[]  :tag_keys text[]
--   :visibility text   -> id, created_at
WITH
created AS (
    INSERT INTO posts (author_id, content, event_id, mention_ids, tags, visibility)
    VALUES (:author_id, :content, :event_id, :mention_ids, :tags, :visibility)
    RETURNING id, created_at
),
tagged AS (
    INSERT INTO post_tags (post_id, tag, created_at)
    SELECT created.id, t.tag, created.created_at
    FROM created, unnest(:tag_keys) AS t (tag)
)
SELECT id, created_at
FROM created

-- name: post_list_by_ids
-- Returns those of the posts that exist, unordered.
--
--   :ids uuid[]  :viewer_id uuid   -> post rows
SELECT
    p.*,
    EXISTS (SELECT FROM post_likes AS l WHERE l.post_id = p.id AND l.user_id = :viewer_id) AS liked_by_me,
    EXISTS (SELECT FROM bookmarks AS b WHERE b.post_id = p.id AND b.user_id = :viewer_id) AS bookmarked_by_me
FROM post_rows AS p
WHERE p.id = ANY(:ids)

-- name: post_page_by_author
-- Lists the posts of one author with one of the visibilities, newest first.
--
--   :author_id uuid  :before timestamptz  :before_id uuid  :viewer_id uuid  :visibilities text[]  :limit int
--   -> post rows
SELECT
    p.*,
    EXISTS (SELECT FROM post_likes AS l WHERE l.post_id = p.id AND l.user_id = :viewer_id) AS liked_by_me,
    EXISTS (SELECT FROM bookmarks AS b WHERE b.post_id = p.id AND b.user_id = :viewer_id) AS bookmarked_by_me
FROM post_rows AS p
WHERE
    p.author_id = :author_id
    AND (p.created_at, p.id) < (:before, :before_id)
    AND p.visibility = ANY(:visibilities)
ORDER BY p.created_at DESC, p.id DESC
LIMIT :limit

-- name: post_page_by_tag
-- Lists the posts with a tag, newest first, without those of the excluded authors.
--
--   :tag text  :before timestamptz  :before_id uuid  :viewer_id uuid  :excluded_user_ids uuid[]  :limit int
--   -> post rows
SELECT
    p.*,
    EXISTS (SELECT FROM post_likes AS l WHERE l.post_id = p.id AND l.user_id = :viewer_id) AS liked_by_me,
    EXISTS (SELECT FROM bookmarks AS b WHERE b.post_id = p.id AND b.user_id = :viewer_id) AS bookmarked_by_me
FROM post_tags AS t
INNER JOIN post_rows AS p ON t.post_id = p.id
WHERE
    t.tag = :tag
    AND (t.created_at, t.post_id) < (:before, :before_id)
    AND p.author_id <> ALL(:excluded_user_ids)
ORDER BY t.created_at DESC, t.post_id DESC
LIMIT :limit

-- name: post_page_of_feed
-- Lists the newest among some posts by id and all posts by some authors. One index range per author.
--
--   :ids uuid[]  :authors uuid[]  :before timestamptz  :before_id uuid  :viewer_id uuid  :limit int
--   -> post rows
WITH chosen AS (
    SELECT p.id, p.created_at
    FROM posts AS p
    WHERE p.id = ANY(:ids) AND p.hidden_at IS NULL AND (p.created_at, p.id) < (:before, :before_id)
    UNION
    SELECT r.id, r.created_at
    FROM
        unnest(:authors) AS a (author_id),
        LATERAL (
            SELECT p.id, p.created_at
            FROM posts AS p
            WHERE
                p.author_id = a.author_id
                AND p.hidden_at IS NULL
                AND (p.created_at, p.id) < (:before, :before_id)
            ORDER BY p.created_at DESC, p.id DESC
            LIMIT :limit
        ) AS r
    ORDER BY created_at DESC, id DESC
    LIMIT :limit
)
SELECT
    p.*,
    EXISTS (SELECT FROM post_likes AS l WHERE l.post_id = p.id AND l.user_id = :viewer_id) AS liked_by_me,
    EXISTS (SELECT FROM bookmarks AS b WHERE b.post_id = p.id AND b.user_id = :viewer_id) AS bookmarked_by_me
FROM chosen
INNER JOIN post_rows AS p ON chosen.id = p.id
ORDER BY chosen.created_at DESC, chosen.id DESC

-- name: post_keys_of_authors
-- Lists keys of the newest posts by many authors, to build a timeline. Two short index ranges per author.
--
-- A first pass over a few posts per author bounds how far back the second must read: the :limit-th newest of
-- some posts is not newer than the :limit-th newest of all.
--
--   :authors uuid[]  :limit int   -> id, author_id, created_at
WITH oldest AS (
    SELECT r.created_at
    FROM
        unnest(:authors) AS a (author_id),
        LATERAL (
            SELECT p.created_at
            FROM posts AS p
            WHERE p.author_id = a.author_id AND p.hidden_at IS NULL
            ORDER BY p.created_at DESC, p.id DESC
            LIMIT greatest(1, 2 * :limit / greatest(1, cardinality(:authors)))
        ) AS r
    ORDER BY r.created_at DESC
    OFFSET :limit - 1
    LIMIT 1
)
SELECT r.id, a.author_id, r.created_at
FROM
    unnest(:authors) AS a (author_id),
    LATERAL (
        SELECT p.id, p.created_at
        FROM posts AS p
        WHERE
            p.author_id = a.author_id
            AND p.hidden_at IS NULL
            AND p.created_at >= coalesce((SELECT created_at FROM oldest), '-infinity')
        ORDER BY p.created_at DESC, p.id DESC
        LIMIT :limit
    ) AS r
ORDER BY r.created_at DESC, r.id DESC
LIMIT :limit

-- name: post_owner_list
-- Returns what decides who can see posts, of those that exist.
--
--   :ids uuid[]   -> id, author_id, visibility
SELECT id, author_id, visibility
FROM posts
WHERE id = ANY(:ids) AND hidden_at IS NULL

-- name: post_delete
-- Deletes an author's post with its likes and comments.
--
--   :id uuid  :author_id uuid   -> id, or none
DELETE FROM posts
WHERE id = :id AND author_id = :author_id
RETURNING id

-- name: user_data_delete
-- Deletes the likes, bookmarks and comments of a deleted user.
--
--   :user_id uuid   -> user_id
WITH
liked AS (
    DELETE FROM post_likes
    WHERE user_id = :user_id
),
bookmarked AS (
    DELETE FROM bookmarks
    WHERE user_id = :user_id
),
commented AS (
    DELETE FROM comments
    WHERE author_id = :user_id
)
SELECT :user_id AS user_id

-- name: user_posts_delete
-- Deletes some posts of a deleted user; only after user_data_delete.
--
--   :user_id uuid  :limit int   -> id
DELETE FROM posts
WHERE id IN (SELECT id FROM posts WHERE author_id = :user_id LIMIT :limit)
RETURNING id
