-- Fires after inserts and deletes of likes, once per statement. Keeps like_count correct at every commit.
CREATE OR REPLACE TRIGGER likes_counted
AFTER INSERT ON post_likes
REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION reactions_counted('like_count');

CREATE OR REPLACE TRIGGER likes_discounted
AFTER DELETE ON post_likes
REFERENCING OLD TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION reactions_counted('like_count');

-- The function of earlier versions.
DROP FUNCTION IF EXISTS likes_counted()
