-- Fires before a title or description changes. Clears the search words, unless the statement sets them too. Until the
-- caller or the indexing job sets them, the event is not found by words.
--
-- Takes no other locks. Instances of earlier versions do not know the column.
CREATE OR REPLACE FUNCTION events_search_words() RETURNS TRIGGER AS $$
BEGIN
    IF (NEW.title, NEW.description) IS DISTINCT FROM (OLD.title, OLD.description)
        AND NEW.search_words IS NOT DISTINCT FROM OLD.search_words
    THEN
        NEW.search_words := NULL;
    END IF;
    RETURN NEW;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER events_search_words
BEFORE UPDATE OF title, description ON events
FOR EACH ROW EXECUTE FUNCTION events_search_words()
