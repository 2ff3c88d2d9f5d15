-- Finds old causes, to delete them.
CREATE INDEX notification_sources_age ON notification_sources (created_at)
