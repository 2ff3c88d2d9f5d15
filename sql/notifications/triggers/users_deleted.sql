-- Fire before rows of users are added. Leave out rows of deleted users, also as senders; see users_lock. A notification
-- is only stored with a source, so it is left out too.
CREATE OR REPLACE TRIGGER notification_sources_users_deleted
BEFORE INSERT ON notification_sources
FOR EACH ROW EXECUTE FUNCTION users_deleted_skipped('recipient_id', 'sender_id');

CREATE OR REPLACE TRIGGER notification_preferences_users_deleted
BEFORE INSERT ON notification_preferences
FOR EACH ROW EXECUTE FUNCTION users_deleted_skipped('user_id');

CREATE OR REPLACE TRIGGER visibility_checks_users_deleted
BEFORE INSERT ON visibility_checks
FOR EACH ROW EXECUTE FUNCTION users_deleted_skipped('user_id')
