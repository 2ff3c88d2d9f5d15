-- Notifications that the devices of their users have not been told of as they are now, oldest first.
--
--   :limit int   -> notification rows with unread_count
SELECT
    n.*,
    (
        SELECT count(*)
        FROM notifications AS u
        WHERE u.recipient_id = n.recipient_id AND u.is_read = FALSE
    ) AS unread_count,
    c.username,
    c.display_name,
    c.avatar_url,
    c.verified,
    c.deleted
FROM notifications AS n
LEFT JOIN user_cache AS c ON n.sender_id = c.id
WHERE n.told_count < n.count
ORDER BY n.created_at
LIMIT :limit
