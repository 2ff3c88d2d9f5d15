-- The newest posts of many authors by key alone, to build a timeline; one index range per author.
--
--   :authors uuid[]  :limit int   -> id, author_id, created_at
SELECT r.id, a.author_id, r.created_at
FROM
    unnest(:authors) AS a (author_id),
    LATERAL (
        SELECT p.id, p.created_at
        FROM posts AS p
        WHERE p.author_id = a.author_id AND p.hidden_at IS NULL
        ORDER BY p.created_at DESC, p.id DESC
        LIMIT :limit
    ) AS r
ORDER BY r.created_at DESC, r.id DESC
LIMIT :limit
