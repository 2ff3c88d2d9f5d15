-- Lists the events that a user sees: public ones and those of events_seen_by, without those that moderators have
-- hidden, and without those of hosts with whom there is a block. `blocked` are the users with such a block; for a
-- host only a block with the creator counts. The only place that decides which events a user sees.
--
-- Takes no locks. Without ORDER BY, LIMIT and writes, so that the planner inlines it and uses the indexes of events.
CREATE OR REPLACE FUNCTION events_visible_to(viewer UUID, blocked UUID []) RETURNS SETOF EVENTS AS $$
    SELECT *
    FROM events AS e
    WHERE
        e.hidden_at IS NULL
        AND (e.visibility = 'public' OR EXISTS (SELECT FROM events_seen_by(viewer) AS s WHERE s.event_id = e.id))
        AND e.creator_id <> ALL(blocked)
        AND NOT EXISTS (
            SELECT FROM event_hosts AS h
            WHERE h.event_id = e.id AND h.user_id = ANY(blocked) AND NOT event_is_host(e.id, viewer)
        )
$$ LANGUAGE sql STABLE
