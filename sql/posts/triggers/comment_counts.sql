-- Fires after inserts and deletes of comments, once per statement. Keeps comment_count correct at every
-- commit.
CREATE OR REPLACE TRIGGER comments_counted
AFTER INSERT ON comments
REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION reactions_counted('comment_count');

CREATE OR REPLACE TRIGGER comments_discounted
AFTER DELETE ON comments
REFERENCING OLD TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION reactions_counted('comment_count');

-- The function of earlier versions.
DROP FUNCTION IF EXISTS comments_counted()
