-- Words of the title and description, folded, for search; null until they are computed.
--
-- Instances of earlier versions leave it null, and the indexing job fills it. The last two indexes page the
-- events of a time range without reading the rows of those that have ended.
ALTER TABLE events ADD COLUMN search_words TSVECTOR;
CREATE INDEX events_search_words ON events USING gin (search_words) WITH (fastupdate = off);
CREATE INDEX events_search_words_missing ON events (id) WHERE search_words IS NULL;
CREATE INDEX events_page ON events (start_datetime, id, end_datetime);
CREATE INDEX events_category_page ON events (category, start_datetime, id, end_datetime)
