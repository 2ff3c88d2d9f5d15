-- Words of the username and display name, folded, for search; null until they are computed.
--
-- Instances of earlier versions leave it null, and the indexing job fills it. The second index finds those
-- rows, the first finds users by words and their prefixes.
ALTER TABLE users ADD COLUMN search_words TSVECTOR;
CREATE INDEX users_search_words ON users USING gin (search_words) WITH (fastupdate = off);
CREATE INDEX users_search_words_missing ON users (id) WHERE search_words IS NULL
