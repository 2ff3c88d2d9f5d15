-- Fires after comments come or go, once a statement. Keeps comment_count equal to the rows at every commit.
--
-- Locks the posts concerned, in the order of their ids. Comments that go with their post find none to count.
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
