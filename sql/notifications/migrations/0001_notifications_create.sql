-- Notifications.
--
-- At most one unread notification per recipient and group; it counts repetitions. told_count is the count
-- that was delivered to the user's devices. If the referenced object's id is no UUID, it is in message_id.
CREATE TABLE notifications (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    recipient_id UUID NOT NULL,
    sender_id UUID,
    type VARCHAR(50) NOT NULL,
    title VARCHAR(200) NOT NULL,
    message TEXT NOT NULL,
    reference_id UUID,
    is_read BOOLEAN NOT NULL DEFAULT FALSE,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    count INTEGER NOT NULL DEFAULT 1 CHECK (count > 0),
    told_count INTEGER NOT NULL DEFAULT 0,
    group_key VARCHAR(100) NOT NULL,
    conversation_id VARCHAR(24),
    message_id VARCHAR(24)
);
CREATE INDEX idx_notifications_unread ON notifications (recipient_id, is_read) WHERE is_read = FALSE;
CREATE UNIQUE INDEX notifications_group_key ON notifications (recipient_id, group_key) WHERE is_read = FALSE;
CREATE INDEX notifications_page ON notifications (recipient_id, created_at DESC, id DESC);
CREATE INDEX notifications_sender ON notifications (sender_id);
CREATE INDEX notifications_untold ON notifications (created_at) WHERE told_count < count
