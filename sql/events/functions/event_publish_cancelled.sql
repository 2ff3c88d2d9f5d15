-- Publishes who must be notified that an event does not take place: one domain event per 1,000 users.
--
-- The users of event_audience with those invited, without the actor and users from whom the event is hidden. A
-- cancellation is published even if there are none; a deletion is not.
CREATE OR REPLACE FUNCTION event_publish_cancelled(of_event UUID, actor UUID, is_deleted BOOLEAN)
RETURNS VOID AS $$
    WITH
    recipients AS (
        SELECT g.user_id, (row_number() OVER (ORDER BY g.user_id) - 1) / 1000 AS part
        FROM event_audience(of_event, TRUE, '00000000-0000-0000-0000-000000000000', NULL) AS g
        WHERE g.user_id <> actor AND NOT event_is_hidden(of_event, g.user_id)
    ),
    parts AS (
        SELECT part, jsonb_agg(user_id) AS user_ids FROM recipients GROUP BY part
        UNION ALL
        SELECT 0, '[]' WHERE NOT is_deleted AND NOT EXISTS (SELECT FROM recipients)
    )
    INSERT INTO outbox (key, type, payload)
    SELECT
        e.id,
        'event.cancelled',
        jsonb_build_object(
            'id', e.id, 'creator_id', e.creator_id, 'title', e.title, 'user_ids', p.user_ids,
            'actor_id', actor, 'reason', e.cancel_reason
        )
    FROM parts AS p
    INNER JOIN events AS e ON e.id = of_event
    ORDER BY p.part
$$ LANGUAGE sql
