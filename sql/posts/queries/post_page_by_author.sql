-- The posts of one author, the newest first.
--
--   :author_id uuid  :before timestamptz  :before_id uuid  :viewer_id uuid  :limit int   -> post rows
SELECT
    p.*,
    EXISTS (SELECT FROM post_likes AS l WHERE l.post_id = p.id AND l.user_id = :viewer_id) AS liked_by_me
FROM post_rows AS p
WHERE p.author_id = :author_id AND (p.created_at, p.id) < (:before, :before_id)
ORDER BY p.created_at DESC, p.id DESC
LIMIT :limit
