-- The distance of two points on the globe in km, by the haversine formula. Takes no locks.
CREATE OR REPLACE FUNCTION event_distance_km(
    latitude DOUBLE PRECISION, longitude DOUBLE PRECISION,
    to_latitude DOUBLE PRECISION, to_longitude DOUBLE PRECISION
) RETURNS DOUBLE PRECISION AS $$
    SELECT 2 * 6371.0088 * asin(sqrt(least(
        1.0,
        sin(radians(to_latitude - latitude) / 2) ^ 2
        + cos(radians(latitude)) * cos(radians(to_latitude)) * sin(radians(to_longitude - longitude) / 2) ^ 2
    )))
$$ LANGUAGE sql IMMUTABLE
