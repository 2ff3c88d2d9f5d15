-- A user has read one of their notifications: the row, and whether that is new.
--
--   :recipient_id uuid  :id uuid   -> id, changed, or none
WITH changed AS (
    UPDATE notifications
    SET is_read = TRUE, told_count = count
    WHERE id = :id AND recipient_id = :recipient_id AND is_read = FALSE
    RETURNING id
)
SELECT n.id, EXISTS (SELECT FROM changed) AS changed
FROM notifications AS n
WHERE n.id = :id AND n.recipient_id = :recipient_id
