-- name: post_edit_lock
-- Locks an author's post for an edit.
--
--   :id uuid  :author_id uuid  :window_s float8   -> content, in_time, is_repost; or none
SELECT
    content,
    created_at > now() - :window_s * interval '1 second' AS in_time,
    repost_of_id IS NOT NULL AS is_repost
FROM posts
WHERE id = :id AND author_id = :author_id AND hidden_at IS NULL
FOR NO KEY UPDATE

-- name: post_revision_count
-- Counts the former texts of a locked post. The statement of the lock may not see those of the edit before.
--
--   :post_id uuid   -> revision_count
SELECT count(*) AS revision_count
FROM post_revisions
WHERE post_id = :post_id

-- name: post_edit
-- Replaces the text and tags of a locked post, and keeps the former text.
--
--   :id uuid  :content text  :mention_ids uuid[]  :tags text[]  :tag_keys text[]   -> id
WITH
kept AS (
    INSERT INTO post_revisions (post_id, content, written_at)
    SELECT id, content, coalesce(edited_at, created_at)
    FROM posts
    WHERE id = :id
),
untagged AS (
    DELETE FROM post_tags
    WHERE post_id = :id AND tag <> ALL(:tag_keys)
),
tagged AS (
    INSERT INTO post_tags (post_id, tag, created_at)
    SELECT p.id, t.tag, p.created_at
    FROM posts AS p, unnest(:tag_keys) AS t (tag)
    WHERE p.id = :id
    ON CONFLICT (post_id, tag) DO NOTHING
)
UPDATE posts
SET content = :content, mention_ids = :mention_ids, tags = :tags, edited_at = clock_timestamp()
WHERE id = :id
RETURNING id

-- name: post_revision_page
-- Lists the former texts of a post, newest first.
--
--   :post_id uuid  :before timestamptz  :before_id uuid  :limit int   -> id, content, written_at
SELECT id, content, written_at
FROM post_revisions
WHERE post_id = :post_id AND (written_at, id) < (:before, :before_id)
ORDER BY written_at DESC, id DESC
LIMIT :limit
