-- Fires after inserts and deletes of comments, once per statement, and after a comment is hidden or restored. Keeps
-- comment_count correct at every commit, and parent_hidden of replies.
CREATE OR REPLACE TRIGGER comments_counted
AFTER INSERT ON comments
REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION visible_comments_counted();

CREATE OR REPLACE TRIGGER comments_discounted
AFTER DELETE ON comments
REFERENCING OLD TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION visible_comments_counted();

CREATE OR REPLACE TRIGGER comment_visibility_counted
AFTER UPDATE OF hidden_at ON comments
FOR EACH ROW WHEN ((OLD.hidden_at IS NULL) <> (NEW.hidden_at IS NULL))
EXECUTE FUNCTION comment_visibility_counted();

CREATE OR REPLACE TRIGGER reply_hidden_with_parent
BEFORE INSERT ON comments
FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL)
EXECUTE FUNCTION reply_hidden_with_parent();

-- The function of earlier versions.
DROP FUNCTION IF EXISTS comments_counted()
