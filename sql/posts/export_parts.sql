-- name: export_posts
-- The user's posts, reposts and quotes, those that a moderator has hidden included.
--
--   :user_id uuid
SELECT
    id,
    content,
    event_id,
    visibility,
    repost_of_id,
    quote_of_id,
    tags,
    like_count,
    comment_count,
    repost_count,
    created_at,
    edited_at,
    hidden_at
FROM posts
WHERE author_id = :user_id

-- name: export_post_revisions
-- Former texts of the user's posts.
--
--   :user_id uuid
SELECT
    r.post_id,
    r.content,
    r.written_at
FROM post_revisions AS r
INNER JOIN posts AS p ON r.post_id = p.id
WHERE p.author_id = :user_id

-- name: export_comments
-- The user's comments, those that a moderator has hidden included.
--
--   :user_id uuid
SELECT
    m.id,
    m.post_id,
    c.username AS post_author,
    m.parent_id,
    m.content,
    m.tags,
    m.like_count,
    m.created_at,
    m.hidden_at
FROM comments AS m
INNER JOIN posts AS p ON m.post_id = p.id
LEFT JOIN user_cache AS c ON p.author_id = c.id AND NOT c.deleted
WHERE m.author_id = :user_id

-- name: export_likes
-- The posts that the user likes, without their content.
--
--   :user_id uuid
SELECT
    l.post_id,
    c.username AS post_author,
    l.created_at
FROM post_likes AS l
INNER JOIN posts AS p ON l.post_id = p.id
LEFT JOIN user_cache AS c ON p.author_id = c.id AND NOT c.deleted
WHERE l.user_id = :user_id

-- name: export_bookmarks
-- The posts that the user has bookmarked, without their content.
--
--   :user_id uuid
SELECT
    b.post_id,
    c.username AS post_author,
    b.created_at
FROM bookmarks AS b
INNER JOIN posts AS p ON b.post_id = p.id
LEFT JOIN user_cache AS c ON p.author_id = c.id AND NOT c.deleted
WHERE b.user_id = :user_id

-- name: export_comment_likes
-- The comments that the user likes, without their content.
--
--   :user_id uuid
SELECT
    l.comment_id,
    m.post_id,
    c.username AS comment_author,
    l.created_at
FROM comment_likes AS l
INNER JOIN comments AS m ON l.comment_id = m.id
LEFT JOIN user_cache AS c ON m.author_id = c.id AND NOT c.deleted
WHERE l.user_id = :user_id

-- name: export_followed_tags
-- The tags that the user follows.
--
--   :user_id uuid
SELECT
    name AS tag,
    created_at
FROM tag_follows
WHERE user_id = :user_id
