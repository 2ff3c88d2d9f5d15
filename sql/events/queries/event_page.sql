-- Events by start, those that begin soonest first; each condition is left out where it is null.
--
--   :category text  :from timestamptz  :to timestamptz  :words text  :hidden uuid[]
--   :after timestamptz  :after_id uuid  :viewer_id uuid  :limit int   -> event rows
SELECT
    e.*,
    (SELECT r.status FROM event_rsvps AS r WHERE r.event_id = e.id AND r.user_id = :viewer_id) AS my_rsvp,
    (
        SELECT count(*)
        FROM event_waitlist AS w
        INNER JOIN event_waitlist AS o ON w.event_id = o.event_id AND o.number <= w.number
        WHERE w.event_id = e.id AND w.user_id = :viewer_id
    ) AS my_place
FROM event_rows AS e
WHERE
    (e.start_datetime, e.id) > (:after, :after_id)
    AND (:category IS NULL OR e.category = :category)
    AND (:from IS NULL OR e.end_datetime >= :from)
    AND (:to IS NULL OR e.start_datetime <= :to)
    AND (
        :words IS NULL
        OR to_tsvector('simple', e.title || ' ' || coalesce(e.description, ''))
        @@ websearch_to_tsquery('simple', :words)
    )
    AND e.creator_id <> ALL(:hidden)
ORDER BY e.start_datetime, e.id
LIMIT :limit
