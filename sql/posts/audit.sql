-- name: audit
-- Counts posts, comments and authors whose counts differ from the rows counted.
--
--   -> mismatch_count
SELECT
    (
        SELECT count(*)
        FROM posts AS p
        WHERE
            p.like_count <> (SELECT count(*) FROM post_likes AS l WHERE l.post_id = p.id)
            OR p.repost_count <> (
                SELECT count(*) FROM posts AS r
                WHERE
                    (r.repost_of_id = p.id OR r.quote_of_id = p.id)
                    AND r.hidden_at IS NULL
                    AND r.visibility = 'public'
            )
            OR p.comment_count <> (
                SELECT count(*) FROM comments AS m
                WHERE m.post_id = p.id AND m.hidden_at IS NULL AND NOT m.parent_hidden
            )
    )
    + (
        SELECT count(*)
        FROM comments AS m
        WHERE m.like_count <> (SELECT count(*) FROM comment_likes AS l WHERE l.comment_id = m.id)
    )
    + (
        SELECT count(*)
        FROM author_stats AS s
        WHERE
            s.posts_count
            <> (SELECT count(*) FROM posts AS p WHERE p.author_id = s.author_id AND p.hidden_at IS NULL)
    ) AS mismatch_count

-- name: author_stats_list
-- Returns the number of posts by author.
--
--   :author_ids uuid[]   -> author_id, posts_count
SELECT author_id, posts_count
FROM author_stats
WHERE author_id = ANY(:author_ids)
