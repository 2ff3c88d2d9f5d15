-- Whether a point lies within `km` of another one. `south` to `east` is the box around that circle, for the index of
-- locations; `west` and `east` may pass 180 degrees.
--
-- A single expression, so that the planner inlines it.
CREATE OR REPLACE FUNCTION event_in_circle(
    latitude DOUBLE PRECISION, longitude DOUBLE PRECISION,
    near_latitude DOUBLE PRECISION, near_longitude DOUBLE PRECISION, km DOUBLE PRECISION,
    south DOUBLE PRECISION, north DOUBLE PRECISION, west DOUBLE PRECISION, east DOUBLE PRECISION
) RETURNS BOOLEAN AS $$
    SELECT
        latitude BETWEEN south AND north
        AND (
            longitude BETWEEN west AND east
            OR longitude BETWEEN west + 360 AND 180
            OR longitude BETWEEN -180 AND east - 360
        )
        AND event_distance_km(latitude, longitude, near_latitude, near_longitude) <= km
$$ LANGUAGE sql IMMUTABLE
