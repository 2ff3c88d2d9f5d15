-- Trigger function: adds the inserted or deleted rows of a statement to a count of their posts.
--
-- The argument is the name of the count: like_count. comment_count is of earlier versions: see
-- visible_comments_counted. Locks the affected posts in id order. Rows deleted with their post have no count to update.
CREATE OR REPLACE FUNCTION reactions_counted() RETURNS TRIGGER AS $$
BEGIN
    PERFORM FROM posts
    WHERE id IN (SELECT post_id FROM changed)
    ORDER BY id
    FOR NO KEY UPDATE;
    UPDATE posts AS p
    SET
        comment_count = p.comment_count + CASE TG_ARGV[0] WHEN 'comment_count' THEN d.added ELSE 0 END,
        like_count = p.like_count + CASE TG_ARGV[0] WHEN 'like_count' THEN d.added ELSE 0 END
    FROM (
        SELECT post_id, CASE TG_OP WHEN 'INSERT' THEN count(*) ELSE -count(*) END AS added
        FROM changed
        GROUP BY post_id
    ) AS d
    WHERE p.id = d.post_id;
    RETURN NULL;
END
$$ LANGUAGE plpgsql
