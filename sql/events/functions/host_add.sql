-- Makes a user a co-host, and ends what users with a block between them and the new host hold of the event.
--
-- Locks the event's row first, like rsvp_set. `refused` is why nothing was done: missing, removed (by a host),
-- event.cancelled or event.hosts_full (`hosts_max` co-hosts).
CREATE OR REPLACE FUNCTION host_add(
    of_event UUID, new_host UUID, hosts_max INT, OUT changed BOOLEAN, OUT refused TEXT
) AS $$
DECLARE
    event RECORD;
    hidden UUID;
BEGIN
    changed := FALSE;
    SELECT e.creator_id, e.title, e.cancelled_at IS NOT NULL AS cancelled
    INTO event
    FROM events AS e
    WHERE e.id = of_event
    FOR NO KEY UPDATE;
    IF NOT FOUND OR event_is_hidden(of_event, new_host) THEN
        refused := 'missing';
    ELSIF event_is_host(of_event, new_host) THEN
        RETURN;
    ELSIF EXISTS (SELECT FROM event_removals AS d WHERE d.event_id = of_event AND d.user_id = new_host) THEN
        refused := 'removed';
    ELSIF event.cancelled THEN
        refused := 'event.cancelled';
    ELSIF (SELECT count(*) FROM event_hosts AS h WHERE h.event_id = of_event) >= hosts_max THEN
        refused := 'event.hosts_full';
    ELSE
        INSERT INTO event_hosts (event_id, user_id) VALUES (of_event, new_host);
        INSERT INTO outbox (key, type, payload)
        VALUES (
            of_event || ':' || new_host,
            'host.added',
            jsonb_build_object(
                'event_id', of_event, 'user_id', new_host, 'creator_id', event.creator_id, 'title', event.title
            )
        );
        FOR hidden IN
            SELECT g.user_id
            FROM (
                SELECT user_id FROM event_rsvps WHERE event_id = of_event
                UNION
                SELECT user_id FROM event_waitlist WHERE event_id = of_event
                UNION
                SELECT user_id FROM rsvp_requests WHERE event_id = of_event
                UNION
                SELECT user_id FROM event_invites WHERE event_id = of_event
            ) AS g
            INNER JOIN user_blocks AS b ON b.user_id = new_host AND b.other_id = g.user_id
            WHERE NOT event_is_host(of_event, g.user_id)
        LOOP
            PERFORM attendee_remove(of_event, hidden, FALSE);
        END LOOP;
        changed := TRUE;
    END IF;
END
$$ LANGUAGE plpgsql
