-- Fires after the mentions of a post or comment change, and after one of them is hidden or restored. Publishes an
-- event for each mentioned user, to notify them or to withdraw the notification.
--
-- Takes no locks. Nothing is published for the author of the text, nor for the authors of the post and the parent of a
-- comment, who are notified of the comment.
CREATE OR REPLACE FUNCTION publish_mentions(
    event_type TEXT, user_ids UUID[], post_id UUID, comment_id UUID, author_id UUID, post_author_id UUID
) RETURNS VOID AS $$
    INSERT INTO outbox (key, type, payload)
    SELECT
        coalesce(comment_id, post_id) || ':' || user_id,
        event_type,
        jsonb_build_object(
            'post_id', post_id,
            'comment_id', comment_id,
            'author_id', author_id,
            'post_author_id', post_author_id,
            'user_id', user_id
        )
    FROM unnest(user_ids) AS u (user_id)
    WHERE user_id <> author_id AND user_id <> post_author_id
$$ LANGUAGE sql;

CREATE OR REPLACE FUNCTION post_mentions_outbox() RETURNS TRIGGER AS $$
DECLARE
    p posts := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    had UUID[] := '{}';
    has UUID[] := '{}';
    m comments;
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.hidden_at IS NULL THEN
        had := OLD.mention_ids;
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.hidden_at IS NULL THEN
        has := NEW.mention_ids;
    END IF;
    IF had = has AND TG_OP <> 'UPDATE' THEN
        RETURN NULL;
    END IF;
    PERFORM publish_mentions(
        'mention.deleted', array(SELECT unnest(had) EXCEPT SELECT unnest(has)), p.id, NULL, p.author_id, p.author_id
    );
    PERFORM publish_mentions(
        'mention.created', array(SELECT unnest(has) EXCEPT SELECT unnest(had)), p.id, NULL, p.author_id, p.author_id
    );
    IF TG_OP = 'UPDATE' AND (OLD.hidden_at IS NULL) <> (NEW.hidden_at IS NULL) THEN
        FOR m IN
            SELECT * FROM comments
            WHERE post_id = p.id AND mention_ids <> '{}' AND hidden_at IS NULL AND NOT parent_hidden
        LOOP
            PERFORM publish_mentions(
                CASE WHEN NEW.hidden_at IS NULL THEN 'mention.created' ELSE 'mention.deleted' END,
                array_remove(m.mention_ids, m.parent_author_id), p.id, m.id, m.author_id, p.author_id
            );
        END LOOP;
    END IF;
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER post_mentions_outbox
AFTER INSERT OR UPDATE OF mention_ids, hidden_at OR DELETE ON posts
FOR EACH ROW EXECUTE FUNCTION post_mentions_outbox();

CREATE OR REPLACE FUNCTION comment_mentions_outbox() RETURNS TRIGGER AS $$
DECLARE
    m comments := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    post_author UUID := (SELECT author_id FROM posts WHERE id = m.post_id);
    event_type TEXT :=
        CASE WHEN TG_OP = 'DELETE' OR m.hidden_at IS NOT NULL THEN 'mention.deleted' ELSE 'mention.created' END;
    r comments;
BEGIN
    -- What is hidden already, or with its parent, was published when that was hidden.
    IF m.parent_hidden OR (TG_OP = 'DELETE' AND OLD.hidden_at IS NOT NULL) THEN
        RETURN NULL;
    END IF;
    -- Of a comment deleted with its post, the author of the post is not known any more.
    PERFORM publish_mentions(
        event_type, array_remove(m.mention_ids, m.parent_author_id), m.post_id, m.id, m.author_id,
        coalesce(post_author, m.author_id)
    );
    IF TG_OP = 'UPDATE' THEN
        FOR r IN SELECT * FROM comments WHERE parent_id = m.id AND mention_ids <> '{}' AND hidden_at IS NULL LOOP
            PERFORM publish_mentions(
                event_type, array_remove(r.mention_ids, r.parent_author_id), r.post_id, r.id, r.author_id, post_author
            );
        END LOOP;
    END IF;
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER comment_mentions_outbox
AFTER INSERT OR DELETE ON comments
FOR EACH ROW EXECUTE FUNCTION comment_mentions_outbox();

CREATE OR REPLACE TRIGGER comment_mentions_visibility_outbox
AFTER UPDATE OF hidden_at ON comments
FOR EACH ROW WHEN ((OLD.hidden_at IS NULL) <> (NEW.hidden_at IS NULL))
EXECUTE FUNCTION comment_mentions_outbox()
