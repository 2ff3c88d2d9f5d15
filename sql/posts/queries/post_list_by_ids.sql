-- Those of the posts that are there, in no order.
--
--   :ids uuid[]  :viewer_id uuid   -> post rows
SELECT
    p.*,
    EXISTS (SELECT FROM post_likes AS l WHERE l.post_id = p.id AND l.user_id = :viewer_id) AS liked_by_me
FROM post_rows AS p
WHERE p.id = ANY(:ids)
