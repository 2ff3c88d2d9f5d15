-- Withdraws sources: deletes their notifications, or takes them out of groups. Returns what was deleted.
--
-- With `spent` the sources do not notify again as long as they are kept, even those that never did; otherwise they may.
-- They keep no sender and no text, so that what is left between two users can be found. Locks sources in the order of
-- notification_upsert, then their notifications.
CREATE OR REPLACE FUNCTION notification_withdraw(recipients UUID[], given TEXT[], spent BOOLEAN)
RETURNS TABLE (id UUID, recipient_id UUID) AS $$
DECLARE
    one RECORD;
BEGIN
    IF spent THEN
        INSERT INTO notification_sources (recipient_id, source)
        SELECT DISTINCT g.recipient_id, g.source
        FROM unnest(recipients, given) AS g (recipient_id, source)
        ORDER BY g.recipient_id, g.source
        ON CONFLICT ON CONSTRAINT notification_sources_pkey DO NOTHING;
    END IF;
    FOR one IN
        SELECT s.recipient_id, s.source, s.notification_id
        FROM notification_sources AS s
        INNER JOIN unnest(recipients, given) AS g (recipient_id, source)
            ON s.recipient_id = g.recipient_id AND s.source = g.source
        ORDER BY s.recipient_id, s.source
        FOR UPDATE OF s
    LOOP
        IF spent THEN
            UPDATE notification_sources AS s
            SET
                notification_id = NULL, sender_id = NULL, title = NULL, message = NULL, head = NULL, tail = NULL,
                message_id = NULL
            WHERE s.recipient_id = one.recipient_id AND s.source = one.source;
        ELSE
            DELETE FROM notification_sources AS s
            WHERE s.recipient_id = one.recipient_id AND s.source = one.source;
        END IF;
        IF one.notification_id IS NOT NULL THEN
            RETURN QUERY SELECT d.id, d.recipient_id FROM notification_discount(one.notification_id) AS d;
        END IF;
    END LOOP;
END
$$ LANGUAGE plpgsql
