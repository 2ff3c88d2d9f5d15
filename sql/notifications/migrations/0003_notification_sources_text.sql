-- What each source added to its notification, so that it can be withdrawn from a group alone.
--
-- notification_id is null if the source was withdrawn, or is from before this migration.
ALTER TABLE notification_sources
ADD COLUMN notification_id UUID,
ADD COLUMN sender_id UUID,
ADD COLUMN title VARCHAR(200),
ADD COLUMN message TEXT,
ADD COLUMN head TEXT,
ADD COLUMN tail TEXT,
ADD COLUMN message_id VARCHAR(24);
CREATE INDEX notification_sources_notification
ON notification_sources (notification_id, created_at) WHERE notification_id IS NOT NULL;
CREATE INDEX notification_sources_sender
ON notification_sources (sender_id, recipient_id) WHERE sender_id IS NOT NULL;
CREATE INDEX notifications_reference ON notifications (reference_id, recipient_id) WHERE reference_id IS NOT NULL;
CREATE INDEX notifications_conversation
ON notifications (recipient_id, conversation_id) WHERE conversation_id IS NOT NULL
