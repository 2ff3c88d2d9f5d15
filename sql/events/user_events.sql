-- name: event_page_of_user
-- Lists events that a user hosts, goes to or is invited to, by start, soonest first. A null parameter omits its
-- condition.
--
-- :relation is hosting, going or invited; the last without those that the user has answered, asked or waits for. The other
-- parameters are those of event_page.
--
--   :relation text  :category text  :from timestamptz  :to timestamptz  :excluded_user_ids uuid[]
--   :after timestamptz  :after_id uuid  :words text  :viewer_id uuid  :limit int
--   :near_latitude float  :near_longitude float  :near_km float  :south float  :north float  :west float
--   :east float   -> event rows
WITH own AS MATERIALIZED (
    SELECT id
    FROM events
    WHERE :relation = 'hosting' AND creator_id = :viewer_id
    UNION
    SELECT event_id
    FROM event_hosts
    WHERE :relation = 'hosting' AND user_id = :viewer_id
    UNION
    SELECT event_id
    FROM event_rsvps
    WHERE :relation = 'going' AND user_id = :viewer_id AND status = 'GOING'
    UNION
    SELECT i.event_id
    FROM event_invites AS i
    WHERE
        :relation = 'invited'
        AND i.user_id = :viewer_id
        AND NOT EXISTS (SELECT FROM event_rsvps AS r WHERE r.event_id = i.event_id AND r.user_id = :viewer_id)
        AND NOT EXISTS (
            SELECT FROM event_waitlist AS w WHERE w.event_id = i.event_id AND w.user_id = :viewer_id
        )
        AND NOT EXISTS (
            SELECT FROM rsvp_requests AS q WHERE q.event_id = i.event_id AND q.user_id = :viewer_id
        )
),
page AS MATERIALIZED (
    SELECT v.id
    FROM events_visible_to(:viewer_id, :excluded_user_ids) AS v
    WHERE
        v.id = ANY(ARRAY(SELECT own.id FROM own))
        AND (v.start_datetime, v.id) > (:after, :after_id)
        AND (:category IS NULL OR v.category = :category)
        AND (:from IS NULL OR v.end_datetime >= :from)
        AND (:to IS NULL OR v.start_datetime <= :to)
        AND (:words IS NULL OR v.search_words @@ CAST(:words AS TSQUERY))
        AND event_is_near(
            v.latitude, v.longitude, :near_latitude, :near_longitude, :near_km, :south, :north, :west, :east
        )
    ORDER BY v.start_datetime, v.id
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

-- name: attended_event_list
-- Lists the events that a user goes to, that are not hidden and that end after a time, by start. Of more than
-- the limit the nearest: first those that have not ended, the soonest ones, then the latest of the others.
--
--   :user_id uuid  :ended_after timestamptz  :limit int   -> id, start_datetime
SELECT nearest.id, nearest.start_datetime
FROM (
    SELECT e.id, e.start_datetime
    FROM event_rsvps AS r
    INNER JOIN events AS e ON r.event_id = e.id
    WHERE r.user_id = :user_id AND r.status = 'GOING' AND e.end_datetime > :ended_after AND e.hidden_at IS NULL
    ORDER BY e.end_datetime <= now(), abs(extract(EPOCH FROM e.start_datetime - now())), e.id
    LIMIT :limit
) AS nearest
ORDER BY nearest.start_datetime, nearest.id
