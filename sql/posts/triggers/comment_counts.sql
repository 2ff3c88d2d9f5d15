-- Fires after inserts and deletes of comments, once per statement. Keeps comment_count correct at every
-- commit.
--
-- Locks the affected posts in id order. Comments deleted with their post have no count to update.
CREATE OR REPLACE FUNCTION comments_counted() RETURNS TRIGGER AS $$
BEGIN
    PERFORM FROM posts
    WHERE id IN (SELECT post_id FROM changed)
    ORDER BY id
    FOR NO KEY UPDATE;
    UPDATE posts AS p
    SET comment_count = p.comment_count + CASE TG_OP WHEN 'INSERT' THEN d.comments ELSE -d.comments END
    FROM (SELECT post_id, count(*) AS comments FROM changed GROUP BY post_id) AS d
    WHERE p.id = d.post_id;
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER comments_counted
AFTER INSERT ON comments
REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION comments_counted();

CREATE OR REPLACE TRIGGER comments_discounted
AFTER DELETE ON comments
REFERENCING OLD TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION comments_counted()
