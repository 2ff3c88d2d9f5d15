-- Fires after a repost or quote is created, hidden, unhidden or deleted. Keeps repost_count of the original correct
-- at every commit. It is the same for every viewer, so hidden ones and those for followers are not counted.
--
-- Locks the original. Its name makes it fire before posts_outbox, so that every statement locks originals
-- before author_stats. A repost deleted with its original has no count to update.
CREATE OR REPLACE FUNCTION post_reposts_counted() RETURNS TRIGGER AS $$
DECLARE
    was INTEGER := 0;
    counted INTEGER := 0;
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.hidden_at IS NULL AND OLD.visibility = 'public' THEN
        was := 1;
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.hidden_at IS NULL AND NEW.visibility = 'public' THEN
        counted := 1;
    END IF;
    IF was <> counted THEN
        UPDATE posts
        SET repost_count = repost_count + counted - was
        WHERE id = CASE TG_OP
            WHEN 'DELETE' THEN coalesce(OLD.repost_of_id, OLD.quote_of_id)
            ELSE coalesce(NEW.repost_of_id, NEW.quote_of_id)
        END;
    END IF;
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER post_reposts_counted
AFTER INSERT OR UPDATE OF hidden_at ON posts
FOR EACH ROW WHEN (new.repost_of_id IS NOT NULL OR new.quote_of_id IS NOT NULL)
EXECUTE FUNCTION post_reposts_counted();

CREATE OR REPLACE TRIGGER post_reposts_discounted
AFTER DELETE ON posts
FOR EACH ROW WHEN (old.repost_of_id IS NOT NULL OR old.quote_of_id IS NOT NULL)
EXECUTE FUNCTION post_reposts_counted();

-- Earlier versions counted hidden ones too. Creating the triggers has locked the table against writes.
UPDATE posts AS p
SET repost_count = c.repost_count
FROM (
    SELECT o.id, count(r.id) FILTER (WHERE r.hidden_at IS NULL AND r.visibility = 'public') AS repost_count
    FROM posts AS o
    LEFT JOIN posts AS r ON o.id = r.repost_of_id OR o.id = r.quote_of_id
    WHERE o.repost_count > 0
    GROUP BY o.id
) AS c
WHERE p.id = c.id AND p.repost_count <> c.repost_count
