-- Deletes a comment. Locks the post first, as its own end does, or the two would deadlock.
--
--   :id uuid   -> id, or none
DELETE FROM comments AS m
USING (
    SELECT id FROM posts
    WHERE id = (SELECT post_id FROM comments WHERE id = :id)
    FOR NO KEY UPDATE
) AS p
WHERE m.id = :id AND m.post_id = p.id
RETURNING m.id
