-- Lists a page of the events that a user sees, by start, soonest first. A null parameter omits its condition.
--
-- A box with few events (at most `sparse_rows`) is read by location and sorted. Otherwise events are read in
-- the order of the page: those that take place at `from_time` from an index of periods, because an index of starts alone
-- reads all events before, and later ones from that of starts, or of categories and starts.
--
-- With `words`, only the next `scanned` events are compared with them, or all in a box with few events: a page of a
-- common word is found at once, at a bounded cost.
--
-- Conditions on the start are applied to materialized rows, because a plan for any values would scan the index of starts
-- for them.
--
-- Takes no locks. The plans are made once per connection, for any values: planning would take longer than the page.
CREATE OR REPLACE FUNCTION event_page_ids(
    viewer UUID, blocked UUID [], of_category TEXT, from_time TIMESTAMPTZ, to_time TIMESTAMPTZ,
    after_start TIMESTAMPTZ, after_id UUID, words TSQUERY, scanned BIGINT, page_rows BIGINT,
    near_latitude DOUBLE PRECISION, near_longitude DOUBLE PRECISION, near_km DOUBLE PRECISION,
    south DOUBLE PRECISION, north DOUBLE PRECISION, west DOUBLE PRECISION, east DOUBLE PRECISION
) RETURNS TABLE (event_id UUID) AS $$
DECLARE
    sparse_rows CONSTANT BIGINT := 1000;
    later_than TIMESTAMPTZ := greatest(after_start, from_time);
    later_than_id UUID := CASE
        WHEN from_time > after_start THEN '00000000-0000-0000-0000-000000000000' ELSE after_id
    END;
    in_box BIGINT;
BEGIN
    IF near_latitude IS NOT NULL THEN
        SELECT count(*) INTO in_box
        FROM (
            (
                SELECT FROM events AS e
                WHERE e.latitude BETWEEN south AND north AND e.longitude BETWEEN west AND east
                LIMIT sparse_rows + 1
            )
            UNION ALL
            (
                SELECT FROM events AS e
                WHERE west < -180 AND e.latitude BETWEEN south AND north AND e.longitude BETWEEN west + 360 AND 180
                LIMIT sparse_rows + 1
            )
            UNION ALL
            (
                SELECT FROM events AS e
                WHERE east > 180 AND e.latitude BETWEEN south AND north AND e.longitude BETWEEN -180 AND east - 360
                LIMIT sparse_rows + 1
            )
        ) AS boxed;
    END IF;
    IF in_box <= sparse_rows THEN
        RETURN QUERY
        WITH nearby AS MATERIALIZED (
            SELECT v.id, v.start_datetime
            FROM events_visible_to(viewer, blocked) AS v
            WHERE
                event_in_circle(
                    v.latitude, v.longitude, near_latitude, near_longitude, near_km, south, north, west, east
                )
                AND v.end_datetime >= coalesce(from_time, '-infinity')
                AND (of_category IS NULL OR v.category = of_category)
                AND (words IS NULL OR v.search_words @@ words)
        )
        SELECT n.id
        FROM nearby AS n
        WHERE (n.start_datetime, n.id) > (after_start, after_id) AND (to_time IS NULL OR n.start_datetime <= to_time)
        ORDER BY n.start_datetime, n.id
        LIMIT page_rows;
        RETURN;
    END IF;
    RETURN QUERY
    WITH taking_place AS MATERIALIZED (
        SELECT v.id, v.start_datetime, v.search_words
        FROM events_visible_to(viewer, blocked) AS v
        WHERE
            tstzrange(v.start_datetime, v.end_datetime, '[]') @> from_time
            AND (of_category IS NULL OR v.category = of_category)
            AND event_is_near(
                v.latitude, v.longitude, near_latitude, near_longitude, near_km, south, north, west, east
            )
    ),
    next_events AS (
        SELECT t.id, t.start_datetime, t.search_words
        FROM taking_place AS t
        WHERE
            t.start_datetime < from_time
            AND (t.start_datetime, t.id) > (after_start, after_id)
            AND (to_time IS NULL OR t.start_datetime <= to_time)
        UNION ALL
        (
            SELECT v.id, v.start_datetime, v.search_words
            FROM events_visible_to(viewer, blocked) AS v
            WHERE
                of_category IS NULL
                AND (v.start_datetime, v.id) > (later_than, later_than_id)
                AND (to_time IS NULL OR v.start_datetime <= to_time)
                AND event_is_near(
                    v.latitude, v.longitude, near_latitude, near_longitude, near_km, south, north, west, east
                )
            ORDER BY v.start_datetime, v.id
            LIMIT scanned
        )
        UNION ALL
        (
            SELECT v.id, v.start_datetime, v.search_words
            FROM events_visible_to(viewer, blocked) AS v
            WHERE
                v.category = of_category
                AND (v.start_datetime, v.id) > (later_than, later_than_id)
                AND (to_time IS NULL OR v.start_datetime <= to_time)
                AND event_is_near(
                    v.latitude, v.longitude, near_latitude, near_longitude, near_km, south, north, west, east
                )
            ORDER BY v.start_datetime, v.id
            LIMIT scanned
        )
        ORDER BY start_datetime, id
        LIMIT scanned
    )
    SELECT n.id
    FROM next_events AS n
    WHERE words IS NULL OR n.search_words @@ words
    ORDER BY n.start_datetime, n.id
    LIMIT page_rows;
END
$$ LANGUAGE plpgsql STABLE ROWS 20 SET plan_cache_mode = force_generic_plan
