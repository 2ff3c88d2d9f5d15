-- Trigger function: adds the inserted or deleted comments of a statement to the counts of their posts.
--
-- Locks the affected posts in id order. Rows deleted with their post have no count to update. Hidden comments are
-- not counted.
CREATE OR REPLACE FUNCTION visible_comments_counted() RETURNS TRIGGER AS $$
BEGIN
    PERFORM FROM posts
    WHERE id IN (SELECT post_id FROM changed WHERE hidden_at IS NULL)
    ORDER BY id
    FOR NO KEY UPDATE;
    UPDATE posts AS p
    SET comment_count = p.comment_count + d.added
    FROM (
        SELECT post_id, CASE TG_OP WHEN 'INSERT' THEN count(*) ELSE -count(*) END AS added
        FROM changed
        WHERE hidden_at IS NULL
        GROUP BY post_id
    ) AS d
    WHERE p.id = d.post_id;
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE FUNCTION comment_visibility_counted() RETURNS TRIGGER AS $$
BEGIN
    UPDATE posts
    SET comment_count = comment_count + CASE WHEN NEW.hidden_at IS NULL THEN 1 ELSE -1 END
    WHERE id = NEW.post_id;
    RETURN NULL;
END
$$ LANGUAGE plpgsql
