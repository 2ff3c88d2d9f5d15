-- A user has read everything up to now.
--
-- Locks in the order of notification_take, so that the two never wait for each other.
--
--   :recipient_id uuid   -> id
WITH locked AS (
    SELECT id
    FROM notifications
    WHERE recipient_id = :recipient_id AND is_read = FALSE
    ORDER BY group_key
    FOR NO KEY UPDATE
)
UPDATE notifications AS n
SET is_read = TRUE, told_count = n.count
FROM locked AS l
WHERE n.id = l.id AND n.is_read = FALSE
RETURNING n.id
