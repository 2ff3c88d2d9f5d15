-- Fires after a post is created, hidden, unhidden or deleted. Counts it for its author and publishes an
-- event.
--
-- Locks the author's row of author_stats, so that events of one author have ids in commit order. A hidden
-- post is not counted.
CREATE OR REPLACE FUNCTION posts_outbox() RETURNS TRIGGER AS $$
DECLARE
    p posts := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    was_visible BOOLEAN := TG_OP <> 'INSERT' AND OLD.hidden_at IS NULL;
    is_visible BOOLEAN := TG_OP <> 'DELETE' AND NEW.hidden_at IS NULL;
    counted INTEGER;
BEGIN
    IF was_visible = is_visible THEN
        RETURN NULL;
    END IF;
    IF is_visible THEN
        INSERT INTO author_stats AS s (author_id, posts_count)
        VALUES (p.author_id, 1)
        ON CONFLICT (author_id) DO UPDATE SET posts_count = s.posts_count + 1
        RETURNING s.posts_count INTO counted;
    ELSE
        UPDATE author_stats
        SET posts_count = posts_count - 1
        WHERE author_id = p.author_id
        RETURNING posts_count INTO counted;
    END IF;
    INSERT INTO outbox (key, type, payload)
    VALUES (
        p.author_id,
        CASE WHEN is_visible THEN 'post.created' ELSE 'post.deleted' END,
        jsonb_build_object(
            'id', p.id,
            'author_id', p.author_id,
            'created_us', (extract(EPOCH FROM p.created_at) * 1000000)::bigint,
            'posts_count', counted
        )
    );
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER posts_outbox
AFTER INSERT OR UPDATE OF hidden_at OR DELETE ON posts
FOR EACH ROW EXECUTE FUNCTION posts_outbox()
