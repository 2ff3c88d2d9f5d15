-- name: post_access_list
-- Returns which posts of authors their viewers can see: none, public or all. One row per author and access,
-- because a post may have thousands of viewers.
--
-- A block in either direction hides all. Followers see all. Others see no posts of a private account.
--
--   :viewer_ids uuid[]  :author_ids uuid[]   -> author_id, access, viewer_ids text[]
SELECT
    p.author_id,
    p.access,
    array_agg(p.viewer_id::text) AS viewer_ids
FROM (
    SELECT
        g.viewer_id,
        g.author_id,
        CASE
            WHEN g.viewer_id = g.author_id THEN 'all'
            WHEN EXISTS (
                SELECT FROM blocks WHERE blocker_id = g.viewer_id AND blocked_id = g.author_id
            ) OR EXISTS (
                SELECT FROM blocks WHERE blocker_id = g.author_id AND blocked_id = g.viewer_id
            ) THEN 'none'
            WHEN EXISTS (
                SELECT FROM follows WHERE follower_id = g.viewer_id AND following_id = g.author_id
            ) THEN 'all'
            WHEN EXISTS (SELECT FROM private_accounts WHERE user_id = g.author_id AND private) THEN 'none'
            ELSE 'public'
        END AS access
    FROM unnest(:viewer_ids, :author_ids) AS g (viewer_id, author_id)
) AS p
GROUP BY p.author_id, p.access
