-- Returns the time of the first reminder later than `after`; null if none is left.
CREATE OR REPLACE FUNCTION reminder_next(start_at TIMESTAMPTZ, minutes INT [], after TIMESTAMPTZ)
RETURNS TIMESTAMPTZ AS $$
    SELECT min(start_at - make_interval(mins => m.before))
    FROM unnest(minutes) AS m (before)
    WHERE start_at - make_interval(mins => m.before) > after
$$ LANGUAGE sql IMMUTABLE
