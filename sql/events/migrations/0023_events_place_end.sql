-- Events near a place that have not ended are found without reading the rows of those that have.
CREATE INDEX events_place_end ON events (latitude, longitude, end_datetime) WHERE latitude IS NOT NULL;
DROP INDEX events_place
