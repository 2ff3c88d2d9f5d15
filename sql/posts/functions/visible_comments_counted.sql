-- Trigger function: adds the inserted or deleted comments of a statement to the counts of their posts.
--
-- Locks the affected posts in id order. Rows deleted with their post have no count to update. Hidden comments and
-- replies to them are not counted.
CREATE OR REPLACE FUNCTION visible_comments_counted() RETURNS TRIGGER AS $$
BEGIN
    PERFORM FROM posts
    WHERE id IN (SELECT post_id FROM changed WHERE hidden_at IS NULL AND NOT parent_hidden)
    ORDER BY id
    FOR NO KEY UPDATE;
    UPDATE posts AS p
    SET comment_count = p.comment_count + d.added
    FROM (
        SELECT post_id, CASE TG_OP WHEN 'INSERT' THEN count(*) ELSE -count(*) END AS added
        FROM changed
        WHERE hidden_at IS NULL AND NOT parent_hidden
        GROUP BY post_id
    ) AS d
    WHERE p.id = d.post_id;
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

-- Trigger function: hides or shows the replies to a comment that was hidden or restored, and counts them with it.
CREATE OR REPLACE FUNCTION comment_visibility_counted() RETURNS TRIGGER AS $$
DECLARE
    changed INTEGER;
BEGIN
    WITH replies AS (
        UPDATE comments
        SET parent_hidden = NEW.hidden_at IS NOT NULL
        WHERE parent_id = NEW.id
        RETURNING hidden_at
    )
    SELECT count(*) INTO changed FROM replies WHERE hidden_at IS NULL;
    IF NOT NEW.parent_hidden THEN
        changed := changed + 1;
    END IF;
    UPDATE posts
    SET comment_count = comment_count + CASE WHEN NEW.hidden_at IS NULL THEN changed ELSE -changed END
    WHERE id = NEW.post_id;
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

-- Trigger function: sets whether the parent of a new reply is hidden. Reads it after the post was locked.
CREATE OR REPLACE FUNCTION reply_hidden_with_parent() RETURNS TRIGGER AS $$
BEGIN
    NEW.parent_hidden := EXISTS (SELECT FROM comments WHERE id = NEW.parent_id AND hidden_at IS NOT NULL);
    RETURN NEW;
END
$$ LANGUAGE plpgsql
