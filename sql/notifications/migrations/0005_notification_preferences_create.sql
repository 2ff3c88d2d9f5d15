-- How users want to be notified, and of what an e-mail is due.
--
-- channels: the channel by notification type, where the user set one; the default of a type is not stored.
-- quiet_from, quiet_to: local times in quiet_timezone; all null without quiet hours.
-- mail_from: when an e-mail about the notification is due; null if none is. mailed_count: the count at the last one.
CREATE TABLE notification_preferences (
    user_id UUID PRIMARY KEY,
    channels JSONB NOT NULL,
    quiet_from TIME,
    quiet_to TIME,
    quiet_timezone VARCHAR(64),
    CONSTRAINT notification_preferences_quiet CHECK (
        (quiet_from IS NULL) = (quiet_to IS NULL) AND (quiet_from IS NULL) = (quiet_timezone IS NULL)
    )
);
ALTER TABLE notifications
ADD COLUMN mail_from TIMESTAMPTZ,
ADD COLUMN mailed_count INTEGER NOT NULL DEFAULT 0;
CREATE INDEX notifications_mail ON notifications (mail_from) WHERE mail_from IS NOT NULL AND is_read = FALSE
