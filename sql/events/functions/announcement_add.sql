-- Stores and publishes an announcement of a host.
--
-- Locks the event's row first, so that the limit holds for concurrent calls. `refused` is why nothing was done:
-- missing (also for an event that moderators have hidden) or rate (there were `per_hour` announcements within an hour;
-- the next is possible after `retry_s`). The caller has checked that the author is a host.
CREATE OR REPLACE FUNCTION announcement_add(
    of_event UUID, author UUID, text_content TEXT, per_hour INT,
    OUT id UUID, OUT refused TEXT, OUT retry_s DOUBLE PRECISION
) AS $$
DECLARE
    event RECORD;
    recent RECORD;
BEGIN
    SELECT e.title INTO event FROM events AS e WHERE e.id = of_event AND e.hidden_at IS NULL FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        refused := 'missing';
        RETURN;
    END IF;
    SELECT count(*) AS total, min(a.created_at) AS first_at INTO recent
    FROM event_announcements AS a
    WHERE a.event_id = of_event AND a.created_at > now() - INTERVAL '1 hour';
    IF recent.total >= per_hour THEN
        refused := 'rate';
        retry_s := extract(EPOCH FROM recent.first_at + INTERVAL '1 hour' - now());
        RETURN;
    END IF;
    INSERT INTO event_announcements AS a (event_id, author_id, content)
    VALUES (of_event, author, text_content)
    RETURNING a.id INTO id;
    INSERT INTO outbox (key, type, payload)
    VALUES (
        of_event,
        'event.announced',
        jsonb_build_object(
            'event_id', of_event, 'announcement_id', id, 'author_id', author, 'title', event.title,
            'content', text_content
        )
    );
END
$$ LANGUAGE plpgsql
