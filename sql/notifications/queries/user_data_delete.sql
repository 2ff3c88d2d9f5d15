-- A deleted user's notifications go, and those that others have of them lose their sender.
--
--   :user_id uuid   -> user_id
WITH
received AS (
    DELETE FROM notifications
    WHERE recipient_id = :user_id
),
known AS (
    DELETE FROM notification_sources
    WHERE recipient_id = :user_id
),
caused AS (
    UPDATE notifications
    SET sender_id = NULL, message = 'Somebody who is no longer here'
    WHERE sender_id = :user_id AND recipient_id <> :user_id
)
SELECT :user_id AS user_id
