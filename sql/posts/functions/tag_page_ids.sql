-- Lists the posts with a tag, newest first, without those of the excluded authors; at most 500.
--
-- Takes no locks. The plan is made once per connection, as that of `public_page_ids`.
CREATE OR REPLACE FUNCTION tag_page_ids(
    of_tag TEXT, before_time TIMESTAMPTZ, before_id UUID, excluded UUID [], page_rows BIGINT
) RETURNS TABLE (post_id UUID, posted_at TIMESTAMPTZ) AS $$
BEGIN
    RETURN QUERY
    SELECT n.id, n.created_at
    FROM (
        SELECT p.id, t.created_at
        FROM post_tags AS t
        INNER JOIN posts AS p ON t.post_id = p.id
        WHERE
            t.tag = of_tag
            AND p.hidden_at IS NULL
            AND (t.created_at, t.post_id) < (before_time, before_id)
            AND p.author_id <> ALL(excluded)
        ORDER BY t.created_at DESC, t.post_id DESC
        LIMIT 500
    ) AS n
    ORDER BY n.created_at DESC, n.id DESC
    LIMIT page_rows;
END
$$ LANGUAGE plpgsql STABLE ROWS 20 SET plan_cache_mode = force_generic_plan
