-- Those of the events that are there, in no order, and the viewer's place in each.
--
--   :ids uuid[]  :viewer_id uuid   -> event rows
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
WHERE e.id = ANY(:ids)
