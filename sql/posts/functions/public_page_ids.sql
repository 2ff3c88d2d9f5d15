-- Lists the public posts, newest first, without reposts and those of the excluded users; at most 500.
--
-- Takes no locks. The plan is made once per connection, for any values: planning would take longer than the page. For
-- an unknown number of rows it would sort all posts; the constant makes it read them in the order of their index.
CREATE OR REPLACE FUNCTION public_page_ids(
    before_time TIMESTAMPTZ, before_id UUID, excluded UUID [], page_rows BIGINT
) RETURNS TABLE (post_id UUID, posted_at TIMESTAMPTZ) AS $$
BEGIN
    RETURN QUERY
    SELECT n.id, n.created_at
    FROM (
        SELECT p.id, p.created_at
        FROM posts AS p
        WHERE
            p.hidden_at IS NULL
            AND p.repost_of_id IS NULL
            AND p.visibility = 'public'
            AND (p.created_at, p.id) < (before_time, before_id)
            AND p.author_id <> ALL(excluded)
        ORDER BY p.created_at DESC, p.id DESC
        LIMIT 500
    ) AS n
    ORDER BY n.created_at DESC, n.id DESC
    LIMIT page_rows;
END
$$ LANGUAGE plpgsql STABLE ROWS 20 SET plan_cache_mode = force_generic_plan
