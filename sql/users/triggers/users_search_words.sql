-- Fires before a name changes. Clears the search words, unless the statement sets them too. Until the caller or the
-- indexing job sets them, the user is not found by words.
--
-- Takes no other locks. Instances of earlier versions do not know the column.
CREATE OR REPLACE FUNCTION users_search_words() RETURNS TRIGGER AS $$
BEGIN
    IF (NEW.username, NEW.display_name) IS DISTINCT FROM (OLD.username, OLD.display_name)
        AND NEW.search_words IS NOT DISTINCT FROM OLD.search_words
    THEN
        NEW.search_words := NULL;
    END IF;
    RETURN NEW;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER users_search_words
BEFORE UPDATE OF username, display_name ON users
FOR EACH ROW EXECUTE FUNCTION users_search_words()
