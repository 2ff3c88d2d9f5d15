-- A user's notifications, the latest first.
--
--   :recipient_id uuid  :unread_only bool  :hidden uuid[]  :before timestamptz  :before_id uuid  :limit int
--   -> notification rows
SELECT
    n.*,
    c.username,
    c.display_name,
    c.avatar_url,
    c.verified,
    c.deleted
FROM notifications AS n
LEFT JOIN user_cache AS c ON n.sender_id = c.id
WHERE
    n.recipient_id = :recipient_id
    AND (n.created_at, n.id) < (:before, :before_id)
    AND (NOT :unread_only OR n.is_read = FALSE)
    AND (n.sender_id IS NULL OR n.sender_id <> ALL(:hidden))
ORDER BY n.created_at DESC, n.id DESC
LIMIT :limit
