-- How many posts, and how many authors, have counts that are not those of the rows.
--
--   -> wrong
SELECT
    (
        SELECT count(*)
        FROM posts AS p
        WHERE
            p.like_count <> (SELECT count(*) FROM post_likes AS l WHERE l.post_id = p.id)
            OR p.comment_count <> (SELECT count(*) FROM comments AS m WHERE m.post_id = p.id)
    )
    + (
        SELECT count(*)
        FROM author_stats AS s
        WHERE
            s.posts_count
            <> (SELECT count(*) FROM posts AS p WHERE p.author_id = s.author_id AND p.hidden_at IS NULL)
    ) AS wrong
