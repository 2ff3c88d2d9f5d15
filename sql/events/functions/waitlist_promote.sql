-- Gives places to the first users of the waitlist, publishes events and returns the users.
--
-- Skips users with a block between them and the creator: they cannot see the event, and are about to be
-- withdrawn. Takes no locks: the caller has locked the event's row.
CREATE OR REPLACE FUNCTION waitlist_promote(of_event UUID, places INT) RETURNS SETOF UUID AS $$
    WITH
    promoted AS (
        DELETE FROM event_waitlist
        WHERE (event_id, number) IN (
            SELECT w.event_id, w.number
            FROM event_waitlist AS w
            INNER JOIN events AS e ON w.event_id = e.id
            WHERE
                w.event_id = of_event
                AND NOT EXISTS (
                    SELECT FROM user_blocks AS b
                    WHERE b.user_id = w.user_id AND b.other_id = e.creator_id
                )
            ORDER BY w.number
            LIMIT places
        )
        RETURNING event_id, user_id
    ),
    going AS (
        INSERT INTO event_rsvps (event_id, user_id, status)
        SELECT event_id, user_id, 'GOING' FROM promoted
        ON CONFLICT (event_id, user_id) DO UPDATE SET status = 'GOING', answered_at = now()
    ),
    told AS (
        INSERT INTO outbox (key, type, payload)
        SELECT
            p.event_id || ':' || p.user_id,
            'rsvp.promoted',
            jsonb_build_object(
                'event_id', e.id, 'user_id', p.user_id, 'title', e.title, 'creator_id', e.creator_id
            )
        FROM promoted AS p
        INNER JOIN events AS e ON p.event_id = e.id
    )
    SELECT user_id FROM promoted
$$ LANGUAGE sql
