-- Fires after a like or comment is created. Publishes an event to notify the author of the post.
--
-- Takes no locks. Deletions are not published: notifications are not withdrawn.
CREATE OR REPLACE FUNCTION likes_outbox() RETURNS TRIGGER AS $$
BEGIN
    INSERT INTO outbox (key, type, payload)
    SELECT
        NEW.post_id || ':' || NEW.user_id,
        'post.liked',
        jsonb_build_object('post_id', p.id, 'author_id', p.author_id, 'user_id', NEW.user_id)
    FROM posts AS p
    WHERE p.id = NEW.post_id AND p.author_id <> NEW.user_id;
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER likes_outbox
AFTER INSERT ON post_likes
FOR EACH ROW EXECUTE FUNCTION likes_outbox();

CREATE OR REPLACE FUNCTION comments_outbox() RETURNS TRIGGER AS $$
BEGIN
    INSERT INTO outbox (key, type, payload)
    SELECT
        NEW.id,
        'comment.created',
        jsonb_build_object(
            'id', NEW.id, 'post_id', p.id, 'author_id', p.author_id, 'user_id', NEW.author_id
        )
    FROM posts AS p
    WHERE p.id = NEW.post_id AND p.author_id <> NEW.author_id;
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER comments_outbox
AFTER INSERT ON comments
FOR EACH ROW EXECUTE FUNCTION comments_outbox()
