-- name: export_notifications
-- The user's notifications.
--
--   :user_id uuid
SELECT
    n.id,
    n.type,
    n.title,
    n.message,
    c.username AS sender,
    coalesce(n.reference_id::text, n.message_id) AS reference_id,
    n.conversation_id,
    n.is_read,
    n.count,
    n.created_at
FROM notifications AS n
LEFT JOIN user_cache AS c ON n.sender_id = c.id AND NOT c.deleted
WHERE n.recipient_id = :user_id

-- name: export_notification_preferences
-- The channels and quiet hours that the user has set.
--
--   :user_id uuid
SELECT
    ch.key AS type,
    ch.value AS channel,
    to_char(p.quiet_from, 'HH24:MI') AS quiet_from,
    to_char(p.quiet_to, 'HH24:MI') AS quiet_to,
    p.quiet_timezone
FROM notification_preferences AS p
LEFT JOIN jsonb_each_text(p.channels) AS ch ON TRUE
WHERE p.user_id = :user_id
