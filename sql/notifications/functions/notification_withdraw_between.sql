-- Withdraws all notifications that two users caused for each other. Returns what was deleted.
--
-- The sources are spent. Notifications whose sources have no sender, of earlier versions, are deleted if one of the two
-- is their last sender.
CREATE OR REPLACE FUNCTION notification_withdraw_between(one UUID, other UUID)
RETURNS TABLE (id UUID, recipient_id UUID) AS $$
BEGIN
    RETURN QUERY
    SELECT w.id, w.recipient_id
    FROM (
        SELECT array_agg(s.recipient_id) AS recipients, array_agg(s.source::text) AS sources
        FROM notification_sources AS s
        WHERE
            s.notification_id IS NOT NULL
            AND (s.recipient_id, s.sender_id) IN ((one, other), (other, one))
    ) AS g,
    LATERAL notification_withdraw(g.recipients, g.sources, TRUE) AS w;
    RETURN QUERY
    DELETE FROM notifications AS n
    WHERE (n.recipient_id, n.sender_id) IN ((one, other), (other, one))
    RETURNING n.id, n.recipient_id;
END
$$ LANGUAGE plpgsql
