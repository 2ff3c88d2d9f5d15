-- Fires after inserts and deletes of likes of comments, once per statement. Keeps like_count of comments
-- correct at every commit.
--
-- Locks the affected comments in id order. Likes deleted with their comment have no count to update.
CREATE OR REPLACE FUNCTION comment_likes_counted() RETURNS TRIGGER AS $$
BEGIN
    PERFORM FROM comments
    WHERE id IN (SELECT comment_id FROM changed)
    ORDER BY id
    FOR NO KEY UPDATE;
    UPDATE comments AS m
    SET like_count = m.like_count + d.added
    FROM (
        SELECT comment_id, CASE TG_OP WHEN 'INSERT' THEN count(*) ELSE -count(*) END AS added
        FROM changed
        GROUP BY comment_id
    ) AS d
    WHERE m.id = d.comment_id;
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER comment_likes_counted
AFTER INSERT ON comment_likes
REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION comment_likes_counted();

CREATE OR REPLACE TRIGGER comment_likes_discounted
AFTER DELETE ON comment_likes
REFERENCING OLD TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION comment_likes_counted()
