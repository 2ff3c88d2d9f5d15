-- The newest posts of many authors by key alone, to build a timeline; two short index ranges per author.
--
-- The few newest of each author tell how far back one has to look at most: the :limit-th newest of some posts
-- is never newer than the :limit-th newest of all.
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
