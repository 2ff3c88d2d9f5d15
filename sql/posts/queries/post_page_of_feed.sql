-- The newest of some posts by id and of all posts of some authors: each author is one index range.
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
    EXISTS (SELECT FROM post_likes AS l WHERE l.post_id = p.id AND l.user_id = :viewer_id) AS liked_by_me
FROM chosen
INNER JOIN post_rows AS p ON chosen.id = p.id
ORDER BY chosen.created_at DESC, chosen.id DESC
