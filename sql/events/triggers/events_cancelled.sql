-- Fires before an event is deleted. Publishes who must be notified, while RSVPs and invites still exist.
--
-- One domain event per 1,000 users: all who responded (other than NOT_GOING), wait or were invited, without
-- users with a block between them and the creator.
CREATE OR REPLACE FUNCTION events_cancelled() RETURNS TRIGGER AS $$
BEGIN
    INSERT INTO outbox (key, type, payload)
    SELECT
        OLD.id,
        'event.cancelled',
        jsonb_build_object(
            'id', OLD.id, 'creator_id', OLD.creator_id, 'title', OLD.title, 'user_ids', jsonb_agg(n.user_id)
        )
    FROM (
        SELECT g.user_id, (row_number() OVER (ORDER BY g.user_id) - 1) / 1000 AS part
        FROM (
            SELECT user_id FROM event_rsvps WHERE event_id = OLD.id
            UNION
            SELECT user_id FROM event_waitlist WHERE event_id = OLD.id
            UNION
            SELECT user_id FROM event_invites WHERE event_id = OLD.id
        ) AS g
        WHERE
            g.user_id <> OLD.creator_id
            AND NOT EXISTS (
                SELECT FROM event_rsvps AS r
                WHERE r.event_id = OLD.id AND r.user_id = g.user_id AND r.status = 'NOT_GOING'
            )
            AND NOT EXISTS (
                SELECT FROM user_blocks AS b WHERE b.user_id = g.user_id AND b.other_id = OLD.creator_id
            )
    ) AS n
    GROUP BY n.part
    ORDER BY n.part;
    RETURN OLD;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER events_cancelled
BEFORE DELETE ON events
FOR EACH ROW EXECUTE FUNCTION events_cancelled()
