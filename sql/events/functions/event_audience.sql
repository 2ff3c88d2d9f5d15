-- Lists the users that an event concerns, by id: its hosts, and all who responded other than NOT_GOING, wait or asked
-- to go; with `with_invited` also those who were invited and did not respond NOT_GOING.
--
-- The only list of who is notified of changes, announcements, cancellation and deletion. Of users after `after`, at
-- most `row_limit` (null: all); each index is read up to that number. The caller applies blocks. Takes no locks.
CREATE OR REPLACE FUNCTION event_audience(
    of_event UUID, with_invited BOOLEAN, after UUID, row_limit BIGINT
) RETURNS TABLE (user_id UUID) AS $$
    SELECT g.user_id
    FROM (
        (
            SELECT r.user_id
            FROM event_rsvps AS r
            WHERE r.event_id = of_event AND r.status <> 'NOT_GOING' AND r.user_id > after
            ORDER BY r.user_id
            LIMIT row_limit
        )
        UNION
        (
            SELECT w.user_id
            FROM event_waitlist AS w
            WHERE w.event_id = of_event AND w.user_id > after
            ORDER BY w.user_id
            LIMIT row_limit
        )
        UNION
        (
            SELECT q.user_id
            FROM rsvp_requests AS q
            WHERE q.event_id = of_event AND q.user_id > after
            ORDER BY q.user_id
            LIMIT row_limit
        )
        UNION
        (
            SELECT DISTINCT i.user_id
            FROM event_invites AS i
            WHERE
                with_invited
                AND i.event_id = of_event
                AND i.user_id > after
                AND NOT EXISTS (
                    SELECT FROM event_rsvps AS r
                    WHERE r.event_id = of_event AND r.user_id = i.user_id AND r.status = 'NOT_GOING'
                )
            ORDER BY i.user_id
            LIMIT row_limit
        )
        UNION
        SELECT h.user_id FROM event_hosts AS h WHERE h.event_id = of_event AND h.user_id > after
        UNION
        SELECT e.creator_id FROM events AS e WHERE e.id = of_event AND e.creator_id > after
    ) AS g
    ORDER BY g.user_id
    LIMIT row_limit
$$ LANGUAGE sql STABLE
