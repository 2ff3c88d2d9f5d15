-- Fires after a like or comment is created or deleted, and after a comment is hidden or restored. Publishes an event to
-- notify the author of the post, of the comment or of its parent, or to withdraw the notification. Hiding a post
-- withdraws those of its comments, and hiding a comment those of its replies and likes. Those of likes do not come back.
--
-- Takes no locks. Of what is deleted with its post only replies, and comments with likes, are published:
-- post.deleted withdraws the notifications of the author of the post. comment.deleted withdraws those of the
-- likes of the comment too.
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

CREATE OR REPLACE FUNCTION publish_comment(is_created BOOLEAN, m comments, post_author_id UUID) RETURNS VOID AS $$
    INSERT INTO outbox (key, type, payload)
    VALUES (
        m.id,
        CASE WHEN is_created THEN 'comment.created' ELSE 'comment.deleted' END,
        jsonb_build_object('id', m.id, 'post_id', m.post_id, 'author_id', post_author_id, 'user_id', m.author_id)
    )
$$ LANGUAGE sql;

-- Not of replies to the author of the post, who is notified of the comment, nor of authors' replies to themselves.
CREATE OR REPLACE FUNCTION publish_reply(is_created BOOLEAN, m comments, post_author_id UUID) RETURNS VOID AS $$
    INSERT INTO outbox (key, type, payload)
    SELECT
        m.id,
        CASE WHEN is_created THEN 'reply.created' ELSE 'reply.deleted' END,
        jsonb_build_object(
            'id', m.id,
            'post_id', m.post_id,
            'parent_id', m.parent_id,
            'author_id', m.parent_author_id,
            'post_author_id', post_author_id,
            'user_id', m.author_id
        )
    WHERE m.parent_id IS NOT NULL AND m.parent_author_id <> m.author_id AND m.parent_author_id <> post_author_id
$$ LANGUAGE sql;

-- post_author_id is null for a comment deleted with its post.
CREATE OR REPLACE FUNCTION publish_comment_or_reply(is_created BOOLEAN, m comments, post_author_id UUID)
RETURNS VOID AS $$
BEGIN
    IF post_author_id <> m.author_id OR (NOT is_created AND m.like_count > 0) THEN
        PERFORM publish_comment(is_created, m, coalesce(post_author_id, m.author_id));
    END IF;
    PERFORM publish_reply(is_created, m, coalesce(post_author_id, m.author_id));
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE FUNCTION comments_outbox() RETURNS TRIGGER AS $$
DECLARE
    m comments := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    is_created BOOLEAN := TG_OP <> 'DELETE' AND m.hidden_at IS NULL;
    post_author UUID := (SELECT author_id FROM posts WHERE id = m.post_id);
    r comments;
BEGIN
    -- What is hidden already, or with its parent, was published when that was hidden.
    IF m.parent_hidden OR (TG_OP = 'DELETE' AND OLD.hidden_at IS NOT NULL) THEN
        RETURN NULL;
    END IF;
    PERFORM publish_comment_or_reply(is_created, m, post_author);
    IF TG_OP = 'UPDATE' THEN
        FOR r IN SELECT * FROM comments WHERE parent_id = m.id AND hidden_at IS NULL LOOP
            PERFORM publish_comment_or_reply(is_created, r, post_author);
        END LOOP;
    END IF;
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER comments_outbox
AFTER INSERT OR DELETE ON comments
FOR EACH ROW EXECUTE FUNCTION comments_outbox();

CREATE OR REPLACE TRIGGER comment_visibility_outbox
AFTER UPDATE OF hidden_at ON comments
FOR EACH ROW WHEN ((OLD.hidden_at IS NULL) <> (NEW.hidden_at IS NULL))
EXECUTE FUNCTION comments_outbox();

CREATE OR REPLACE FUNCTION comment_likes_outbox() RETURNS TRIGGER AS $$
DECLARE
    l comment_likes := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    INSERT INTO outbox (key, type, payload)
    SELECT
        l.comment_id || ':' || l.user_id,
        CASE TG_OP WHEN 'DELETE' THEN 'comment.unliked' ELSE 'comment.liked' END,
        jsonb_build_object(
            'comment_id', m.id,
            'post_id', m.post_id,
            'author_id', m.author_id,
            'post_author_id', p.author_id,
            'user_id', l.user_id
        )
    FROM comments AS m
    INNER JOIN posts AS p ON m.post_id = p.id
    WHERE m.id = l.comment_id AND m.author_id <> l.user_id;
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER comment_likes_outbox
AFTER INSERT OR DELETE ON comment_likes
FOR EACH ROW EXECUTE FUNCTION comment_likes_outbox();

CREATE OR REPLACE FUNCTION post_comments_outbox() RETURNS TRIGGER AS $$
DECLARE
    m comments;
BEGIN
    IF (OLD.hidden_at IS NULL) = (NEW.hidden_at IS NULL) THEN
        RETURN NULL;
    END IF;
    FOR m IN
        SELECT * FROM comments
        WHERE
            post_id = NEW.id
            AND (parent_id IS NOT NULL OR like_count > 0)
            AND hidden_at IS NULL
            AND NOT parent_hidden
    LOOP
        PERFORM publish_reply(NEW.hidden_at IS NULL, m, NEW.author_id);
        IF NEW.hidden_at IS NOT NULL AND m.like_count > 0 THEN
            PERFORM publish_comment(FALSE, m, NEW.author_id);
        END IF;
    END LOOP;
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER post_comments_outbox
AFTER UPDATE OF hidden_at ON posts
FOR EACH ROW EXECUTE FUNCTION post_comments_outbox()
