-- Fires after a repost is created or deleted. Keeps repost_count of the original correct at every commit.
--
-- Locks the original. Its name makes it fire before posts_outbox, so that every statement locks originals
-- before author_stats. A repost deleted with its original has no count to update.
CREATE OR REPLACE FUNCTION post_reposts_counted() RETURNS TRIGGER AS $$
DECLARE
    p posts := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    UPDATE posts
    SET repost_count = repost_count + CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END
    WHERE id = coalesce(p.repost_of_id, p.quote_of_id);
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER post_reposts_counted
AFTER INSERT ON posts
FOR EACH ROW WHEN (new.repost_of_id IS NOT NULL OR new.quote_of_id IS NOT NULL)
EXECUTE FUNCTION post_reposts_counted();

CREATE OR REPLACE TRIGGER post_reposts_discounted
AFTER DELETE ON posts
FOR EACH ROW WHEN (old.repost_of_id IS NOT NULL OR old.quote_of_id IS NOT NULL)
EXECUTE FUNCTION post_reposts_counted()
