-- Whether an event is hidden from a user, because there is a block between the user and one of its hosts.
--
-- For a co-host only a block with the creator counts, for the creator none. Does not read hidden_at, which moderators
-- set.
CREATE OR REPLACE FUNCTION event_is_hidden(of_event UUID, viewer UUID) RETURNS BOOLEAN AS $$
    SELECT EXISTS (
        SELECT FROM events AS e
        INNER JOIN user_blocks AS b ON b.user_id = viewer
        WHERE
            e.id = of_event
            AND e.creator_id <> viewer
            AND (
                b.other_id = e.creator_id
                OR (
                    EXISTS (SELECT FROM event_hosts AS h WHERE h.event_id = of_event AND h.user_id = b.other_id)
                    AND NOT EXISTS (SELECT FROM event_hosts AS h WHERE h.event_id = of_event AND h.user_id = viewer)
                )
            )
    )
$$ LANGUAGE sql STABLE
