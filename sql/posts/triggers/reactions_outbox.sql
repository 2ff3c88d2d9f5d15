-- Fires after a like or comment is created or deleted, and after a comment is hidden or restored. Publishes an
-- event to notify the author of the post, or to withdraw the notification.
--
-- Takes no locks. Likes and comments deleted with their post are not published: post.deleted is.
CREATE OR REPLACE FUNCTION likes_outbox() RETURNS TRIGGER AS $$
DECLARE
    l post_likes := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    INSERT INTO outbox (key, type, payload)
    SELECT
        l.post_id || ':' || l.user_id,
        CASE TG_OP WHEN 'DELETE' THEN 'post.unliked' ELSE 'post.liked' END,
        jsonb_build_object('post_id', p.id, 'author_id', p.author_id, 'user_id', l.user_id)
    FROM posts AS p
    WHERE p.id = l.post_id AND p.author_id <> l.user_id;
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER likes_outbox
AFTER INSERT OR DELETE ON post_likes
FOR EACH ROW EXECUTE FUNCTION likes_outbox();

CREATE OR REPLACE FUNCTION comments_outbox() RETURNS TRIGGER AS $$
DECLARE
    m comments := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    IF TG_OP = 'DELETE' AND OLD.hidden_at IS NOT NULL THEN
        RETURN NULL;
    END IF;
    INSERT INTO outbox (key, type, payload)
    SELECT
        m.id,
        CASE WHEN TG_OP = 'DELETE' OR m.hidden_at IS NOT NULL THEN 'comment.deleted' ELSE 'comment.created' END,
        jsonb_build_object('id', m.id, 'post_id', p.id, 'author_id', p.author_id, 'user_id', m.author_id)
    FROM posts AS p
    WHERE p.id = m.post_id AND p.author_id <> m.author_id;
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER comments_outbox
AFTER INSERT OR DELETE ON comments
FOR EACH ROW EXECUTE FUNCTION comments_outbox();

CREATE OR REPLACE TRIGGER comment_visibility_outbox
AFTER UPDATE OF hidden_at ON comments
FOR EACH ROW WHEN ((OLD.hidden_at IS NULL) <> (NEW.hidden_at IS NULL))
EXECUTE FUNCTION comments_outbox()
