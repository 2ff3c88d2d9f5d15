-- Lists a page of the home feed, newest first: the newest among some posts by id, all posts by some authors, and public
-- posts with a tag that the viewer follows.
--
-- Posts for followers are among the posts by authors. Without reposts of posts by excluded users, and without their
-- posts with a tag. One index range per author and tag.
--
-- Takes no locks. The plan is made once per connection, for any values: planning would take longer than the page.
CREATE OR REPLACE FUNCTION feed_page_ids(
    wanted_ids UUID [], of_authors UUID [], before_time TIMESTAMPTZ, before_id UUID, viewer UUID, excluded UUID [],
    page_rows BIGINT
) RETURNS TABLE (post_id UUID, posted_at TIMESTAMPTZ, has_followed_tag BOOLEAN) AS $$
BEGIN
    RETURN QUERY
    WITH candidates AS (
        SELECT p.id, p.created_at, FALSE AS is_followed_tag
        FROM posts AS p
        LEFT JOIN posts AS o ON p.repost_of_id = o.id
        WHERE
            p.id = ANY(wanted_ids)
            AND p.hidden_at IS NULL
            AND (p.created_at, p.id) < (before_time, before_id)
            AND (p.repost_of_id IS NULL OR (o.hidden_at IS NULL AND o.author_id <> ALL(excluded)))
        UNION ALL
        SELECT r.id, r.created_at, FALSE
        FROM
            unnest(of_authors) AS a (author),
            LATERAL (
                SELECT p.id, p.created_at
                FROM posts AS p
                LEFT JOIN posts AS o ON p.repost_of_id = o.id
                WHERE
                    p.author_id = a.author
                    AND p.hidden_at IS NULL
                    AND (p.created_at, p.id) < (before_time, before_id)
                    AND (p.repost_of_id IS NULL OR (o.hidden_at IS NULL AND o.author_id <> ALL(excluded)))
                ORDER BY p.created_at DESC, p.id DESC
                LIMIT page_rows
            ) AS r
        UNION ALL
        SELECT r.id, r.created_at, TRUE
        FROM
            tag_follows AS f,
            LATERAL (
                SELECT p.id, t.created_at
                FROM post_tags AS t
                INNER JOIN posts AS p ON t.post_id = p.id
                WHERE
                    t.tag = f.tag
                    AND p.visibility = 'public'
                    AND p.hidden_at IS NULL
                    AND p.author_id <> ALL(excluded)
                    AND (t.created_at, t.post_id) < (before_time, before_id)
                ORDER BY t.created_at DESC, t.post_id DESC
                LIMIT page_rows
            ) AS r
        WHERE f.user_id = viewer
    )
    SELECT c.id, c.created_at, bool_or(c.is_followed_tag)
    FROM candidates AS c
    GROUP BY c.id, c.created_at
    ORDER BY c.created_at DESC, c.id DESC
    LIMIT page_rows;
END
$$ LANGUAGE plpgsql STABLE ROWS 20 SET plan_cache_mode = force_generic_plan
