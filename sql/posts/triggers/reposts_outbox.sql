-- Fires after a repost or quote is created, hidden, unhidden or deleted. Publishes an event to notify the author of the
-- original, or to withdraw the notification.
--
-- Takes no locks. Nothing is published for reposts deleted with their original, besides its post.deleted.
CREATE OR REPLACE FUNCTION reposts_outbox() RETURNS TRIGGER AS $$
DECLARE
    p posts := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    was_visible BOOLEAN := TG_OP <> 'INSERT' AND OLD.hidden_at IS NULL;
    is_visible BOOLEAN := TG_OP <> 'DELETE' AND NEW.hidden_at IS NULL;
BEGIN
    IF was_visible = is_visible OR coalesce(p.repost_of_id, p.quote_of_id) IS NULL THEN
        RETURN NULL;
    END IF;
    INSERT INTO outbox (key, type, payload)
    SELECT
        p.id,
        CASE WHEN is_visible THEN 'post.reposted' ELSE 'post.unreposted' END,
        jsonb_build_object(
            'id', p.id,
            'post_id', o.id,
            'author_id', o.author_id,
            'user_id', p.author_id,
            'is_quote', p.repost_of_id IS NULL
        )
    FROM posts AS o
    WHERE o.id = coalesce(p.repost_of_id, p.quote_of_id) AND o.author_id <> p.author_id;
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER reposts_outbox
AFTER INSERT OR UPDATE OF hidden_at OR DELETE ON posts
FOR EACH ROW EXECUTE FUNCTION reposts_outbox()
