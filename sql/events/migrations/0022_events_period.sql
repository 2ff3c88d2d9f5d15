-- The events that take place at a time, whatever the number of events that have ended before it.
CREATE INDEX events_period ON events USING gist (tstzrange(start_datetime, end_datetime, '[]'))
