-- name: notification_preferences_get
-- Returns a user's preferences; none if they were never set.
--
--   :user_id uuid   -> channels, quiet_from, quiet_to, quiet_timezone
SELECT
    channels::text AS channels,
    quiet_from,
    quiet_to,
    quiet_timezone
FROM notification_preferences
WHERE user_id = :user_id

-- name: notification_preferences_replace
-- Sets a user's preferences. E-mails that are due stay so only for the types in :mail_types.
--
-- No row if the user was deleted.
--
--   :user_id uuid  :channels text  :quiet_from time  :quiet_to time  :quiet_timezone text  :mail_types text[]
--   -> user_id
WITH undue AS (
    UPDATE notifications
    SET mail_from = NULL
    WHERE recipient_id = :user_id AND is_read = FALSE AND mail_from IS NOT NULL AND type <> ALL(:mail_types)
)
INSERT INTO notification_preferences AS p (user_id, channels, quiet_from, quiet_to, quiet_timezone)
SELECT :user_id, CAST(:channels AS JSONB), :quiet_from, :quiet_to, :quiet_timezone
WHERE NOT EXISTS (SELECT 1 FROM user_cache WHERE id = :user_id AND deleted)
ON CONFLICT (user_id) DO UPDATE
SET
    channels = excluded.channels,
    quiet_from = excluded.quiet_from,
    quiet_to = excluded.quiet_to,
    quiet_timezone = excluded.quiet_timezone
RETURNING p.user_id
