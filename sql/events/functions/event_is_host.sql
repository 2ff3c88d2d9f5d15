-- Whether a user is the creator or a co-host of an event.
CREATE OR REPLACE FUNCTION event_is_host(of_event UUID, of_user UUID) RETURNS BOOLEAN AS $$
    SELECT
        EXISTS (SELECT FROM events AS e WHERE e.id = of_event AND e.creator_id = of_user)
        OR EXISTS (SELECT FROM event_hosts AS h WHERE h.event_id = of_event AND h.user_id = of_user)
$$ LANGUAGE sql STABLE
