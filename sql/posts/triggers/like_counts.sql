-- Fires after inserts and deletes of likes, once per statement. Keeps like_count correct at every commit.
--
-- Locks the affected posts in id order. Likes deleted with their post have no count to update.
CREATE OR REPLACE FUNCTION likes_counted() RETURNS TRIGGER AS $$
BEGIN
    PERFORM FROM posts
    WHERE id IN (SELECT post_id FROM changed)
    ORDER BY id
    FOR NO KEY UPDATE;
    UPDATE posts AS p
    SET like_count = p.like_count + CASE TG_OP WHEN 'INSERT' THEN d.likes ELSE -d.likes END
    FROM (SELECT post_id, count(*) AS likes FROM changed GROUP BY post_id) AS d
    WHERE p.id = d.post_id;
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER likes_counted
AFTER INSERT ON post_likes
REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION likes_counted();

CREATE OR REPLACE TRIGGER likes_discounted
AFTER DELETE ON post_likes
REFERENCING OLD TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION likes_counted()
