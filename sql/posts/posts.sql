-- name: post_insert
-- Creates a post with its tags. A quote locks its original first, as repost_insert.
--
--   :author_id uuid  :content text  :event_id uuid  :mention_ids uuid[]  :tags text[]  :tag_keys text[]
--   :visibility text  :quote_of_id uuid   -> id, created_at; or none, if there is no such original
WITH
original AS (
    SELECT id FROM posts
    WHERE id = :quote_of_id AND hidden_at IS NULL AND repost_of_id IS NULL
    FOR NO KEY UPDATE
),
created AS (
    INSERT INTO posts (author_id, content, event_id, mention_ids, tags, visibility, quote_of_id)
    SELECT :author_id, :content, :event_id, :mention_ids, :tags, :visibility, :quote_of_id
    WHERE :quote_of_id IS NULL OR EXISTS (SELECT FROM original)
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
    EXISTS (SELECT FROM bookmarks AS b WHERE b.post_id = p.id AND b.user_id = :viewer_id) AS bookmarked_by_me,
    EXISTS (SELECT FROM posts AS r WHERE r.repost_of_id = p.id AND r.author_id = :viewer_id) AS reposted_by_me
FROM post_rows AS p
WHERE p.id = ANY(:ids)

-- name: post_page_by_author
-- Lists the posts of one author with one of the visibilities, newest first, with or without reposts.
--
--   :author_id uuid  :before timestamptz  :before_id uuid  :viewer_id uuid  :visibilities text[]
--   :with_reposts bool  :limit int   -> post rows
SELECT
    p.*,
    EXISTS (SELECT FROM post_likes AS l WHERE l.post_id = p.id AND l.user_id = :viewer_id) AS liked_by_me,
    EXISTS (SELECT FROM bookmarks AS b WHERE b.post_id = p.id AND b.user_id = :viewer_id) AS bookmarked_by_me,
    EXISTS (SELECT FROM posts AS r WHERE r.repost_of_id = p.id AND r.author_id = :viewer_id) AS reposted_by_me
FROM post_rows AS p
WHERE
    p.author_id = :author_id
    AND (p.created_at, p.id) < (:before, :before_id)
    AND p.visibility = ANY(:visibilities)
    AND (p.repost_of_id IS NULL OR :with_reposts)
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
    EXISTS (SELECT FROM bookmarks AS b WHERE b.post_id = p.id AND b.user_id = :viewer_id) AS bookmarked_by_me,
    EXISTS (SELECT FROM posts AS r WHERE r.repost_of_id = p.id AND r.author_id = :viewer_id) AS reposted_by_me
FROM tag_page_ids(:tag, :before, :before_id, :excluded_user_ids, :limit) AS page
INNER JOIN post_rows AS p ON page.post_id = p.id
ORDER BY page.posted_at DESC, page.post_id DESC

-- name: post_page_of_feed
-- Lists the newest among some posts by id, all posts by some authors, and public posts with a tag that the viewer
-- follows. Without reposts of posts by excluded users, and without their posts with a tag.
--
--   :ids uuid[]  :authors uuid[]  :before timestamptz  :before_id uuid  :viewer_id uuid
--   :excluded_user_ids uuid[]  :limit int   -> post rows with has_followed_tag
SELECT
    p.*,
    page.has_followed_tag,
    EXISTS (SELECT FROM post_likes AS l WHERE l.post_id = p.id AND l.user_id = :viewer_id) AS liked_by_me,
    EXISTS (SELECT FROM bookmarks AS b WHERE b.post_id = p.id AND b.user_id = :viewer_id) AS bookmarked_by_me,
    EXISTS (SELECT FROM posts AS r WHERE r.repost_of_id = p.id AND r.author_id = :viewer_id) AS reposted_by_me
FROM feed_page_ids(:ids, :authors, :before, :before_id, :viewer_id, :excluded_user_ids, :limit) AS page
INNER JOIN post_rows AS p ON page.post_id = p.id
ORDER BY page.posted_at DESC, page.post_id DESC

-- name: post_page_public
-- Lists the public posts, newest first, without reposts and those of the excluded users.
--
--   :before timestamptz  :before_id uuid  :viewer_id uuid  :excluded_user_ids uuid[]  :limit int
--   -> post rows
SELECT
    p.*,
    EXISTS (SELECT FROM post_likes AS l WHERE l.post_id = p.id AND l.user_id = :viewer_id) AS liked_by_me,
    EXISTS (SELECT FROM bookmarks AS b WHERE b.post_id = p.id AND b.user_id = :viewer_id) AS bookmarked_by_me,
    EXISTS (SELECT FROM posts AS r WHERE r.repost_of_id = p.id AND r.author_id = :viewer_id) AS reposted_by_me
FROM public_page_ids(:before, :before_id, :excluded_user_ids, :limit) AS page
INNER JOIN post_rows AS p ON page.post_id = p.id
ORDER BY page.posted_at DESC, page.post_id DESC

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
-- Returns what decides who can see posts, of those that exist; of reposts also that of the original.
--
--   :ids uuid[]   -> id, author_id, visibility, original_id, original_author_id, original_visibility
SELECT
    p.id,
    p.author_id,
    p.visibility,
    o.id AS original_id,
    o.author_id AS original_author_id,
    o.visibility AS original_visibility
FROM posts AS p
LEFT JOIN posts AS o ON p.repost_of_id = o.id
WHERE p.id = ANY(:ids) AND p.hidden_at IS NULL AND (p.repost_of_id IS NULL OR o.hidden_at IS NULL)

-- name: post_delete
-- Deletes an author's post with its likes, comments and reposts. Locks the original of a repost first, in the
-- same order as its deletion.
--
--   :id uuid  :author_id uuid   -> id, or none
WITH original AS (
    SELECT id FROM posts
    WHERE id = (SELECT coalesce(repost_of_id, quote_of_id) FROM posts WHERE id = :id AND author_id = :author_id)
    FOR NO KEY UPDATE
)
DELETE FROM posts
WHERE id = :id AND author_id = :author_id AND (SELECT count(*) FROM original) >= 0
RETURNING id

-- name: user_likes_delete
-- Deletes some likes of a deleted user.
--
--   :user_id uuid  :limit int   -> id
DELETE FROM post_likes
WHERE id IN (SELECT id FROM post_likes WHERE user_id = :user_id LIMIT :limit)
RETURNING id

-- name: user_comment_likes_delete
-- Deletes some likes of comments of a deleted user.
--
--   :user_id uuid  :limit int   -> id
DELETE FROM comment_likes
WHERE id IN (SELECT id FROM comment_likes WHERE user_id = :user_id LIMIT :limit)
RETURNING id

-- name: user_replies_delete
-- Deletes some replies to the comments of a deleted user, before the comments.
--
--   :user_id uuid  :limit int   -> id
DELETE FROM comments
WHERE
    id IN (
        SELECT r.id
        FROM comments AS m
        INNER JOIN comments AS r ON m.id = r.parent_id
        WHERE m.author_id = :user_id
        LIMIT :limit
    )
RETURNING id

-- name: user_comments_delete
-- Deletes some comments of a deleted user.
--
--   :user_id uuid  :limit int   -> id
DELETE FROM comments
WHERE id IN (SELECT id FROM comments WHERE author_id = :user_id LIMIT :limit)
RETURNING id

-- name: user_data_delete
-- Deletes the bookmarks and followed tags of a deleted user, and likes, comments and replies to them that are left.
--
--   :user_id uuid   -> user_id
WITH
liked AS (
    DELETE FROM post_likes
    WHERE user_id = :user_id
),
comments_liked AS (
    DELETE FROM comment_likes
    WHERE user_id = :user_id
),
bookmarked AS (
    DELETE FROM bookmarks
    WHERE user_id = :user_id
),
tags_followed AS (
    DELETE FROM tag_follows
    WHERE user_id = :user_id
),
commented AS (
    DELETE FROM comments
    WHERE author_id = :user_id
)
SELECT :user_id AS user_id

-- name: user_posts_delete
-- Deletes some posts of a deleted user; only after user_data_delete. Locks the originals of reposts first.
--
--   :user_id uuid  :limit int   -> id
WITH
chosen AS MATERIALIZED (
    SELECT id, coalesce(repost_of_id, quote_of_id) AS original_id
    FROM posts
    WHERE author_id = :user_id
    LIMIT :limit
),
originals AS (
    SELECT id FROM posts
    WHERE id IN (SELECT original_id FROM chosen)
    ORDER BY id
    FOR NO KEY UPDATE
)
DELETE FROM posts
WHERE id IN (SELECT id FROM chosen) AND (SELECT count(*) FROM originals) >= 0
RETURNING id
