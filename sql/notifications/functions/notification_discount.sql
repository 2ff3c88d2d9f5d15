-- Takes one source out of a notification: deletes it, or lowers its count and shows the latest other source.
--
-- The caller has detached the source. An unread notification that stays becomes undelivered: it is pushed again.
-- Returns the id and recipient of a deleted notification, or nothing.
CREATE OR REPLACE FUNCTION notification_discount(of_id UUID) RETURNS TABLE (id UUID, recipient_id UUID) AS $$
DECLARE
    n notifications;
    latest notification_sources;
BEGIN
    SELECT * INTO n FROM notifications AS o WHERE o.id = of_id FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF n.count <= 1 THEN
        DELETE FROM notifications AS o WHERE o.id = of_id;
        RETURN QUERY SELECT n.id, n.recipient_id;
        RETURN;
    END IF;
    SELECT * INTO latest
    FROM notification_sources AS s
    WHERE s.notification_id = of_id
    ORDER BY s.created_at DESC
    LIMIT 1;
    UPDATE notifications AS o
    SET
        count = o.count - 1,
        told_count = CASE WHEN o.is_read THEN o.count - 1 ELSE least(o.told_count, o.count - 2) END
    WHERE o.id = of_id;
    IF latest.source IS NOT NULL THEN
        UPDATE notifications AS o
        SET
            sender_id = latest.sender_id,
            title = latest.title,
            message = CASE
                WHEN o.count > 1 THEN coalesce(latest.head || (o.count - 1)::text || latest.tail, latest.message)
                ELSE latest.message
            END,
            message_id = latest.message_id
        WHERE o.id = of_id;
    END IF;
END
$$ LANGUAGE plpgsql
