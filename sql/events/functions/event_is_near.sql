-- Whether a point lies within `km` of another one, as event_in_circle says. True without `near_latitude`.
--
-- A single expression, so that the planner inlines it.
CREATE OR REPLACE FUNCTION event_is_near(
    latitude DOUBLE PRECISION, longitude DOUBLE PRECISION,
    near_latitude DOUBLE PRECISION, near_longitude DOUBLE PRECISION, km DOUBLE PRECISION,
    south DOUBLE PRECISION, north DOUBLE PRECISION, west DOUBLE PRECISION, east DOUBLE PRECISION
) RETURNS BOOLEAN AS $$
    SELECT near_latitude IS NULL
        OR event_in_circle(latitude, longitude, near_latitude, near_longitude, km, south, north, west, east)
$$ LANGUAGE sql IMMUTABLE
