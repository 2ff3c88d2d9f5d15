-- name: event_page
-- Lists events by start, soonest first, as event_page_ids does. A null parameter omits its condition.
--
--   :category text  :from timestamptz  :to timestamptz  :excluded_user_ids uuid[]
--   :after timestamptz  :after_id uuid  :words text  :scanned int  :viewer_id uuid  :limit int
--   :near_latitude float  :near_longitude float  :near_km float  :south float  :north float  :west float
--   :east float   -> event rows
SELECT
    e.*,
    (SELECT r.status FROM event_rsvps AS r WHERE r.event_id = e.id AND r.user_id = :viewer_id) AS my_rsvp,
    (
        SELECT count(*)
        FROM event_waitlist AS w
        INNER JOIN event_waitlist AS o ON w.event_id = o.event_id AND o.number <= w.number
        WHERE w.event_id = e.id AND w.user_id = :viewer_id
    ) AS my_place
FROM
    event_page_ids(
        :viewer_id, :excluded_user_ids, :category, :from, :to, :after, :after_id, CAST(:words AS TSQUERY), :scanned,
        :limit, :near_latitude, :near_longitude, :near_km, :south, :north, :west, :east
    ) AS page
INNER JOIN event_rows AS e ON page.event_id = e.id
ORDER BY e.start_datetime, e.id

-- name: event_page_by_words
-- Lists events that match words by start, soonest first. For words that match few events: it reads all.
--
-- :indexed_words are those of :words that the index is asked for. The matches are materialized before the other
-- conditions; otherwise the planner may compare the words of all events of a time range.
--
--   :category text  :from timestamptz  :to timestamptz  :excluded_user_ids uuid[]
--   :after timestamptz  :after_id uuid  :words text  :indexed_words text  :viewer_id uuid  :limit int
--   :near_latitude float  :near_longitude float  :near_km float  :south float  :north float  :west float
--   :east float   -> event rows
WITH found AS MATERIALIZED (
    SELECT id, category, start_datetime, end_datetime, latitude, longitude
    FROM events_visible_to(:viewer_id, :excluded_user_ids)
    WHERE
        search_words @@ CAST(:indexed_words AS TSQUERY)
        AND (search_words @@ CAST(:words AS TSQUERY)) IS TRUE
),
page AS MATERIALIZED (
    SELECT id
    FROM found
    WHERE
        (start_datetime, id) > (:after, :after_id)
        AND (:category IS NULL OR category = :category)
        AND (:from IS NULL OR end_datetime >= :from)
        AND (:to IS NULL OR start_datetime <= :to)
        AND event_is_near(
            latitude, longitude, :near_latitude, :near_longitude, :near_km, :south, :north, :west, :east
        )
    ORDER BY start_datetime, id
    LIMIT :limit
)
SELECT
    e.*,
    (SELECT r.status FROM event_rsvps AS r WHERE r.event_id = e.id AND r.user_id = :viewer_id) AS my_rsvp,
    (
        SELECT count(*)
        FROM event_waitlist AS w
        INNER JOIN event_waitlist AS o ON w.event_id = o.event_id AND o.number <= w.number
        WHERE w.event_id = e.id AND w.user_id = :viewer_id
    ) AS my_place
FROM page
INNER JOIN event_rows AS e ON page.id = e.id
ORDER BY e.start_datetime, e.id

-- name: search_words_missing
-- Locks events without search words, by id, and skips those that another instance has locked.
--
--   :after uuid  :limit int   -> id, first_text, second_text
SELECT id, title AS first_text, description AS second_text
FROM events
WHERE search_words IS NULL AND id > :after
ORDER BY id
LIMIT :limit
FOR NO KEY UPDATE SKIP LOCKED

-- name: search_words_set
-- Sets the search words of events whose rows are locked.
--
--   :ids uuid[]  :search_words text[]
UPDATE events
SET search_words = CAST(w.search_words AS TSVECTOR)
FROM unnest(:ids, :search_words) AS w (id, search_words)
WHERE events.id = w.id
